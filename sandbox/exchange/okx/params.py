"""Reading parameters: of a query, of a JSON body, of one order in a list of them."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.exchange.okx.errors import OkxError
from sandbox.exchange.rest import Sent

_CLIENT_ID = r"[A-Za-z0-9]{1,32}"


class Params:
    """Names and values as sent; an empty value counts as not sent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {name: str(value) for name, value in values.items() if value not in ("", None)}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def need(self, name: str) -> str:
        if name not in self._values:
            raise OkxError("50014", f"Parameter {name} cannot be empty.")
        return self._values[name]

    def client_id(self, name: str = "clOrdId") -> str | None:
        """Letters and digits only, at most 32."""
        value = self.get(name)
        if value is not None and not re.fullmatch(_CLIENT_ID, value):
            raise wrong(name)
        return value

    def integer(self, name: str) -> int | None:
        value = self.get(name)
        if value is None:
            return None
        if not value.isdigit():
            raise wrong(name)
        return int(value)

    def limit(self, default: int = 100, most: int = 100) -> int:
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
            raise wrong(name)
        return number


def wrong(name: str) -> OkxError:
    return OkxError("51000", f"Parameter {name} error")


def items(sent: Sent) -> list[Params]:
    """The objects of a JSON body: one, or a list of up to 20; a GET has one, its query."""
    if sent.method == "GET":
        return [Params(sent.query_params())]
    if not sent.body:
        raise OkxError("50000")
    try:
        parsed = json.loads(sent.body)
    except ValueError:
        raise OkxError("50002") from None
    found = parsed if isinstance(parsed, list) else [parsed]
    if not 1 <= len(found) <= 20 or not all(isinstance(item, dict) for item in found):
        raise OkxError("50002")
    return [Params(item) for item in found]
