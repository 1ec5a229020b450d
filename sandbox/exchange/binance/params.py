"""Reading the parameters of one request, with Binance's complaint for each that is missing or malformed."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from sandbox.exchange.binance.errors import BinanceError, illegal, missing

DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,20}$"
CLIENT_ID = r"^[a-zA-Z0-9-_\.:/]{1,36}$"
SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
_MOST_DECIMALS = 8

Choice = TypeVar("Choice", bound=StrEnum)


class Params:
    """Names and values as sent; an empty value counts as not sent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: value for name, value in values.items() if value != ""}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, pattern: str) -> str:
        """Required, and all of it must match `pattern`."""
        value = self.optional_text(name, pattern)
        if value is None:
            raise missing(name)
        return value

    def optional_text(self, name: str, pattern: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not re.fullmatch(pattern, value):
            raise illegal(name, pattern)
        return value

    def raw(self, name: str) -> str:
        if name not in self._values:
            raise missing(name)
        return self._values[name]

    def symbol(self) -> str:
        return self.text("symbol", SYMBOL)

    def symbols(self) -> list[str] | None:
        """`symbol`, or `symbols` as a JSON list; None when neither was sent."""
        if "symbols" not in self:
            return [self.symbol()] if "symbol" in self else None
        try:
            listed = json.loads(self.raw("symbols"))
        except ValueError:
            listed = None
        if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
            raise illegal("symbols", r"^\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\]$")
        return listed

    def integer(self, name: str) -> int | None:
        value = self.optional_text(name, INTEGER)
        return None if value is None else int(value)

    def limit(self, default: int, most: int) -> int:
        value = self.integer("limit")
        if value == 0:
            raise BinanceError(-1130, "Data sent for parameter 'limit' is not valid.")
        return default if value is None else min(value, most)

    def decimal(self, name: str) -> Decimal | None:
        """A positive amount of at most eight decimals; None when it was not sent."""
        value = self.optional_text(name, DECIMAL)
        if value is None:
            return None
        number = Decimal(value)
        if number != number.quantize(Decimal(1).scaleb(-_MOST_DECIMALS)):
            raise BinanceError(-1111, f"Parameter '{name}' has too much precision.")
        if number == 0:
            raise BinanceError(-1013, f"Invalid {name}.")
        return number

    def choice(self, name: str, kind: type[Choice], code: int, text: str) -> Choice:
        value = self.raw(name)
        try:
            return kind(value)
        except ValueError:
            raise BinanceError(code, text) from None
