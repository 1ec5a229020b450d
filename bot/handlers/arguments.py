"""What was written after a command, read as what it names; the order of the words does not matter."""

from __future__ import annotations

from collections.abc import Callable

from bot.commands import Command, Kind
from bot.handlers.base import EVERY, Services
from bot.handlers.charting import timeframe_of
from bot.handlers.reading import everything_held, symbol_named
from bot.screens.figures import amount_of

Reader = Callable[[Services, str], dict[str, str] | None]


class BadArgument(Exception):
    """`given` fits nothing; `understood` is what came before it."""

    def __init__(self, given: str, args: dict[str, str]) -> None:
        super().__init__(given)
        self.given = given
        self.understood = args


def read_arguments(services: Services, command: Command, words: list[str]) -> dict[str, str]:
    """Each word is read as the first kind of argument that it fits and that is not given yet. Raises BadArgument."""
    args = dict(command.fixed)
    left = list(command.arguments)
    for text in words:
        kind, found = _fitting(services, left, text)
        if kind is None:
            raise BadArgument(text, args)
        if any(args.get(name, value) != value for name, value in found.items()):
            raise BadArgument(text, args)  # a second instrument must not take the place of the first
        left.remove(kind)
        args.update(found)
    return args


def _fitting(services: Services, kinds: list[Kind], text: str) -> tuple[Kind | None, dict[str, str]]:
    for kind in kinds:
        found = _READERS[kind](services, text)
        if found is not None:
            return kind, found
    return None, {}


def _connection(services: Services, text: str) -> dict[str, str] | None:
    if text.lower() == "all":
        return {"c": EVERY}
    named = [one for one in services.desk.connections() if one.lower() == text.lower()]
    return {"c": named[0]} if named else None


def _position(services: Services, text: str) -> dict[str, str] | None:
    """By its id, or by its instrument. Which one is meant, where several fit, is asked by the handler: here nobody
    knows yet which connection was named."""
    held = everything_held(services)
    if any(one.position.id == text.lower() for one in held):
        return {"p": text.lower()}
    symbol = symbol_named(services, text)
    return {"s": symbol} if symbol else None


def _symbol(services: Services, text: str) -> dict[str, str] | None:
    symbol = symbol_named(services, text)
    return {"s": symbol} if symbol else None


def _timeframe(services: Services, text: str) -> dict[str, str] | None:
    seconds = timeframe_of(text)
    return {"tf": str(seconds)} if seconds else None


def _days(services: Services, text: str) -> dict[str, str] | None:
    plain = text.lower().removesuffix("d")
    good = plain.isascii() and plain.isdecimal() and len(plain) <= 3 and 1 <= int(plain) <= 365
    return {"days": str(int(plain))} if good else None


def _preset(services: Services, text: str) -> dict[str, str] | None:
    views = [services.desk.view(one) for one in services.desk.connections()]
    named = {one for view in views for one in view.settings.presets if one.lower() == text.lower()}
    return {"preset": min(named)} if named else None


def _strategy(services: Services, text: str) -> dict[str, str] | None:
    named = [one.name for one in services.desk.strategies() if one.name.lower() == text.lower()]
    return {"strategy": named[0]} if named else None


def _amount(services: Services, text: str) -> dict[str, str] | None:
    """A sum to buy for, in quote coin; the coin may stand behind it."""
    quotes = {services.desk.view(one).settings.quote for one in services.desk.connections()}
    found = (amount_of(text, quote) for quote in quotes)
    value = next((one for one in found if one is not None), None)
    return {"amount": f"{value:f}"} if value is not None else None


def _share(services: Services, text: str) -> dict[str, str] | None:
    """`50%`, or `all`."""
    if text.lower() == "all":
        return {"share": "1"}
    value = amount_of(text.removesuffix("%")) if text.endswith("%") else None
    return {"share": str(value / 100)} if value is not None and value <= 100 else None


_READERS: dict[Kind, Reader] = {
    Kind.CONNECTION: _connection,
    Kind.POSITION: _position,
    Kind.SYMBOL: _symbol,
    Kind.TIMEFRAME: _timeframe,
    Kind.DAYS: _days,
    Kind.PRESET: _preset,
    Kind.STRATEGY: _strategy,
    Kind.AMOUNT: _amount,
    Kind.SHARE: _share,
}
