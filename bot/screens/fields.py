"""A notice's data, read as what it is meant to be.

Numbers come as decimal text; what is no number is shown as it is, and what is missing as a dash: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from bot.screens.figures import moment, parsed, price, quantity
from bot.text import known
from engine.core.ids import Symbol, base_of

Data = Mapping[str, str | int | bool | None]


class Fields:
    """A notice's data, read as what it is meant to be; what is missing shows as a dash."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def part(self, prefix: str) -> Fields:
        """The fields whose names begin with `prefix`, without it."""
        return Fields({k.removeprefix(prefix): v for k, v in self._data.items() if k.startswith(prefix)})

    def text(self, name: str) -> str:
        value = self._data.get(name)
        return "–" if value is None or value == "" else str(value)

    def has(self, name: str) -> bool:
        return self._data.get(name) not in (None, "", False)

    def number(self, name: str) -> Decimal | None:
        return parsed(self._data.get(name))

    def shown(self, name: str, how: Callable[[Decimal], str]) -> str:
        value = self.number(name)
        return self.text(name) if value is None else how(value)

    def price(self, name: str = "price") -> str:
        return self.shown(name, price)

    def size(self) -> str:
        return self.coins("quantity")

    def coins(self, name: str) -> str:
        """An amount of the instrument's base coin."""
        return self.shown(name, lambda value: quantity(value, base_of(Symbol(self.text("symbol")))))

    def time(self, name: str) -> str:
        """A time of ISO form as we write times; anything else as it is."""
        try:
            at = datetime.fromisoformat(self.text(name))
        except ValueError:
            return self.text(name)
        return moment(at) if at.tzinfo else self.text(name)

    def reason(self) -> str:
        return known("reason", self.text("reason"))
