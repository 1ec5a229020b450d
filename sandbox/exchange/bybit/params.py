"""Reading the parameters of one request, from the query or from a JSON body."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.exchange.bybit.errors import error, wrong
from sandbox.exchange.rest import Sent

_CLIENT_ID = r"[A-Za-z0-9_-]{1,36}"


class Params:
    """Names and values as sent; an empty value counts as not sent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {name: str(value) for name, value in values.items() if value not in ("", None)}

    @classmethod
    def of(cls, sent: Sent) -> "Params":
        if sent.method == "GET":
            return cls(sent.query_params())
        try:
            parsed = json.loads(sent.body or "{}")
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise wrong("body")
        return cls(parsed)

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def need(self, name: str) -> str:
        if name not in self._values:
            raise wrong(name)
        return self._values[name]

    def spot(self) -> None:
        """Raises for any category but spot."""
        if self.need("category") != "spot":
            raise wrong("category")

    def elsewhere(self) -> bool:
        """Whether another category than spot is asked for: there is nothing of it here."""
        category = self.need("category")
        if category not in ("spot", "linear", "inverse", "option"):
            raise wrong("category")
        return category != "spot"

    def client_id(self) -> str | None:
        value = self.get("orderLinkId")
        if value is not None and not re.fullmatch(_CLIENT_ID, value):
            raise wrong("orderLinkId")
        return value

    def integer(self, name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        if not value.isdigit():
            raise wrong(name)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        value = self.integer("limit")
        return default if value is None else max(1, min(value, most))

    def decimal(self, name: str) -> Decimal | None:
        """A positive number; None if it was not sent."""
        value = self.get(name)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise wrong(name) from None
        if not number.is_finite() or number <= 0:
            raise error(170136) if name == "qty" else wrong(name)
        return number
