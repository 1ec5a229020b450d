"""What was written after a command, read as what it names; the order of the words does not matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from bot.amounts import amount_of, joined, share_of
from bot.commands import Command, Kind
from bot.handlers.base import EVERY, Services
from bot.handlers.charting import timeframe_of
from bot.handlers.reading import everything_held, symbol_named, symbols_of
from engine.core.ids import Symbol, base_of

_MOST_NEAR = 3
_SPAN = re.compile(r"([1-9]\d{0,2})(d|days?|w|weeks?)?", re.ASCII)
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
    kinds: list[Kind] = []
    for text in _with_coins(services, joined(words), command):
        kind, found = _fitting(services, left, text)
        if kind is None or any(args.get(name, value) != value for name, value in found.items()):
            raise BadArgument(text, args)  # a second instrument must not take the place of the first
        left.remove(kind)
        kinds.append(kind)
        args.update(found)
    if _is_unclear(kinds, args):
        args["unclear"] = "1"
    return args


def _with_coins(services: Services, words: list[str], command: Command) -> list[str]:
    """`250 USDT` is one amount, where USDT is what some connection counts in."""
    if Kind.AMOUNT not in command.arguments:
        return words
    quotes = {quote.upper() for quote in _quotes(services)}
    found: list[str] = []
    for text in words:
        if found and text.upper() in quotes and amount_of(found[-1]) is not None:
            found[-1] = f"{found[-1]} {text}"
        else:
            found.append(text)
    return found


def _is_unclear(kinds: list[Kind], args: dict[str, str]) -> bool:
    """`10 SOL` are ten coins to a person, and not coins for 10 USDT: said without a coin, and before the instrument."""
    if Kind.AMOUNT not in kinds or Kind.SYMBOL not in kinds or "coin" in args:
        return False
    return kinds.index(Kind.AMOUNT) + 1 == kinds.index(Kind.SYMBOL)


def nearest(services: Services, command: Command, given: str) -> list[str]:
    """What was probably meant by a word that fits nothing: instruments of that coin, or names spelled like it."""
    text = given.upper()
    known: list[str] = []
    if {Kind.SYMBOL, Kind.POSITION} & set(command.arguments):
        symbols = symbols_of(services)
        of_coin = [one for one in symbols if base_of(Symbol(one)).upper() == text]
        if of_coin:
            return of_coin[:_MOST_NEAR]
        known += [*symbols, *(base_of(Symbol(one)) for one in symbols)]
    if Kind.CONNECTION in command.arguments:
        known += list(services.desk.connections())
    if Kind.PRESET in command.arguments:
        known += [
            one for name in services.desk.connections() for one in services.desk.view(name).settings.presets
        ]
    if Kind.STRATEGY in command.arguments:
        known += [one.name for one in services.desk.strategies()]
    spelled = {one.upper(): one for one in known}
    return [spelled[one] for one in get_close_matches(text[:40], spelled, n=_MOST_NEAR, cutoff=0.6)]


def _fitting(services: Services, kinds: list[Kind], text: str) -> tuple[Kind | None, dict[str, str]]:
    for kind in kinds:
        found = _READERS[kind](services, text)
        if found is not None:
            return kind, found
    return None, {}


def _connection(services: Services, text: str) -> dict[str, str] | None:
    if text.lower() == "all":
        return {"c": EVERY}
    named = _named(services.desk.connections(), text)
    return {"c": named} if named else None


def _named(names: Iterable[str], text: str) -> str | None:
    """As it is written, else the only one that differs in capitals alone."""
    known = list(dict.fromkeys(names))
    if text in known:
        return text
    alike = [one for one in known if one.casefold() == text.casefold()]
    return alike[0] if len(alike) == 1 else None


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
    found = _SPAN.fullmatch(text.lower())
    days = int(found[1]) * (7 if (found[2] or "d")[0] == "w" else 1) if found else 0
    return {"days": str(days)} if 1 <= days <= 365 else None


def _preset(services: Services, text: str) -> dict[str, str] | None:
    views = [services.desk.view(one) for one in services.desk.connections()]
    named = _named((one for view in views for one in view.settings.presets), text)
    return {"preset": named} if named else None


def _strategy(services: Services, text: str) -> dict[str, str] | None:
    named = _named((one.name for one in services.desk.strategies()), text)
    return {"strategy": named} if named else None


def _quotes(services: Services) -> list[str]:
    """What the connections count in."""
    return list(dict.fromkeys(services.desk.view(one).settings.quote for one in services.desk.connections()))


def _amount(services: Services, text: str) -> dict[str, str] | None:
    """A sum to buy for, in quote coin; the coin may stand behind it, and is held against the connection's then."""
    for quote in _quotes(services):
        value = amount_of(text, quote)
        if value is not None:
            named = {"coin": quote} if text.upper().endswith(quote.upper()) else {}
            return {"amount": f"{value:f}", **named}
    return None


def _share(services: Services, text: str) -> dict[str, str] | None:
    """`50%`, `50 %`, `half`, or `all`."""
    value = share_of(text)
    return {"share": f"{value:f}"} if value is not None else None


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
