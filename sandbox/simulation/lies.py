"""What reaches the process in the place of the venue's true answer: contradictions, broken rows, other programs.

A broken row goes through the same reading as a real one (`engine.exchanges`), so that what is made of it is what the
product makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from engine.core.errors import Corrupt, OutcomeUnknown, PocketdeskError, Unavailable
from engine.core.ids import Coin, base_of
from engine.core.model import Balance, Fill, OrderReport, Ticker, VenueStatus
from engine.exchanges import answers, lean, parse, refusals
from engine.exchanges.envelope import checked
from engine.exchanges.numbers import milliseconds
from engine.exchanges.wire import Attempt
from sandbox.simulation.market import QUOTE, TRADED
from sandbox.simulation.script import Kind
from sandbox.simulation.weather import Weather

T = TypeVar("T")
VENUE = "binance"
"""Whose way of answering a proxy's page is held against."""
PAGE = "<html><body>Sign in to the network</body></html>"
ROWS = 0.4
"""The share of answers in which a row is broken."""
_WORDS = {
    VenueStatus.OPEN: "open",
    VenueStatus.FILLED: "closed",
    VenueStatus.CANCELLED: "canceled",
    VenueStatus.EXPIRED: "expired",
}
_BROKEN_ORDERS: Sequence[dict[str, Any]] = (
    {"status": None},
    {"filled": None},
    {"filled": "-1"},
    {"amount": "NaN"},
    {"status": "pending_new_state"},
)
_BROKEN_FILLS: Sequence[dict[str, Any]] = (
    {"amount": "0"},
    {"amount": None},
    {"price": "-1"},
    {"id": None},
    {"timestamp": -1},
)
_BROKEN_PRICES: Sequence[dict[str, Any]] = (
    {"last": None},
    {"last": 0},
    {"last": "-3"},
    {"last": "NaN"},
    {"bid": -1},
)
_BROKEN_BALANCES: Sequence[tuple[Any, Any]] = ((None, None), ("-0.5", "0"), ("NaN", "0"), (None, "0"))


class Lies:
    """Belongs to one process. Nothing is changed while no fault of these is in force."""

    def __init__(self, weather: Weather, random: Random) -> None:
        self._weather = weather
        self._random = random

    # ── balances that contradict the rest ─────────────────────────────────────────────────

    def balances(self, true: list[Balance]) -> list[Balance]:
        """A coin left out, at zero, at half, or without a number."""
        if not self._weather.on(Kind.BALANCES_LIE):
            return true
        size = self._weather.sizes[Kind.BALANCES_LIE]
        coins = (*map(base_of, TRADED), QUOTE)
        return list(self._lied(true, coins[int(size * 997) % len(coins)], int(size * 4)))

    def _lied(self, true: Iterable[Balance], coin: Coin, how: int) -> Iterable[Balance]:
        for one in true:
            if one.coin != coin:
                yield one
            elif how == 1:
                yield Balance(coin, Decimal(0), Decimal(0))
            elif how == 2:
                yield Balance(coin, one.free / 2, one.used / 2)
            elif how == 3:
                yield Balance(coin, Decimal(0), Decimal(0), told=False)

    # ── broken rows ───────────────────────────────────────────────────────────────────────

    def _through(self, true: list[T], read: Callable[[list[T], int], list[T]]) -> list[T]:
        broken = self._weather.on(Kind.ROWS_BROKEN) and true and self._random.random() < ROWS
        return read(true, self._random.randrange(len(true))) if broken else true

    def balance_rows(self, true: list[Balance]) -> list[Balance]:
        return self._through(true, self._read_balances)

    def _read_balances(self, true: list[Balance], bad: int) -> list[Balance]:
        free: dict[str, Any] = {one.coin: str(one.free) for one in true}
        used: dict[str, Any] = {one.coin: str(one.used) for one in true}
        coin = true[bad].coin
        free[coin], used[coin] = self._random.choice(_BROKEN_BALANCES)
        return answers.balances({"free": free, "used": used})

    def open_orders(self, true: list[OrderReport]) -> list[OrderReport]:
        return self._through(true, self._read_orders)

    def _read_orders(self, true: list[OrderReport], bad: int) -> list[OrderReport]:
        broken = self._random.choice(_BROKEN_ORDERS)
        read = (self._order_or_not(one, broken if place == bad else {}) for place, one in enumerate(true))
        return [one for one in read if one is not None]

    def order(self, true: OrderReport) -> OrderReport:
        """Raises Unavailable where it can't be read: an answer that makes no sense says nothing."""
        if not self._weather.on(Kind.ROWS_BROKEN) or self._random.random() >= ROWS:
            return true
        try:
            return _read_order(true, self._random.choice(_BROKEN_ORDERS))
        except Corrupt as error:
            raise Unavailable(f"the answer can't be used: {error}") from None

    def accepted(self, true: OrderReport) -> OrderReport:
        """The answer to what acts. Raises OutcomeUnknown."""
        try:
            return self.order(true)
        except Unavailable as error:
            raise OutcomeUnknown(str(error)) from None

    def _order_or_not(self, true: OrderReport, broken: dict[str, Any]) -> OrderReport | None:
        try:
            return _read_order(true, broken)
        except Corrupt:
            return None

    def fills(self, true: list[Fill]) -> list[Fill]:
        return self._through(true, self._read_fills)

    def _read_fills(self, true: list[Fill], bad: int) -> list[Fill]:
        broken = self._random.choice(_BROKEN_FILLS)
        read = (self._fill_or_not(one, broken if place == bad else {}) for place, one in enumerate(true))
        return [one for one in read if one is not None]

    def _fill_or_not(self, true: Fill, broken: dict[str, Any]) -> Fill | None:
        raw = {
            "id": true.id,
            "side": true.side.value,
            "amount": str(true.quantity),
            "price": str(true.price),
            "fees": [{"cost": str(fee.amount), "currency": fee.coin} for fee in true.fees],
            "timestamp": milliseconds(true.at),
        }
        try:
            return answers.fill(raw | broken, true.client_order_id, true.symbol, true.at)
        except Corrupt:
            return None

    def ticker(self, true: Ticker) -> Ticker | None:
        """None for one that can't be read: it reaches nobody."""
        if not self._weather.on(Kind.ROWS_BROKEN) or self._random.random() >= ROWS:
            return true
        raw = {
            "last": str(true.last),
            "bid": str(true.bid),
            "ask": str(true.ask),
            "timestamp": milliseconds(true.at),
        }
        try:
            return parse.ticker(true.symbol, raw | self._random.choice(_BROKEN_PRICES), true.at)[0]
        except Corrupt:
            return None

    # ── somebody else's answer ────────────────────────────────────────────────────────────

    def is_in_between(self) -> bool:
        return self._weather.on(Kind.IN_BETWEEN) and self._random.random() < 0.6

    def of_an_act(self) -> PocketdeskError:
        """A page in the place of the answer to an order or a cancel."""
        status = self._random.choice((200, 401, 403, 502))
        sent = Attempt(acts=True, sent=True, status=status, body=PAGE)
        return refusals.meaning_of_act(_of_ccxt(status), VENUE, sent)

    async def of_a_question(self, path: str) -> None:
        """Raises what the product makes of it, NothingThereError if somebody's answer is taken for the venue's."""
        status = self._random.choice((200, 200, 401, 403, 502))
        asked = Attempt(acts=False, status=status, body=PAGE)
        if status != 200:
            raise refusals.meaning_of_question(_of_ccxt(status), VENUE, asked)
        try:
            await checked(VENUE, _other_program)(f"https://venue.invalid/api/v3/{path}")
        except Corrupt as error:
            raise refusals.meaning_of_question(error, VENUE, asked) from None
        raise NothingThereError


class NothingThereError(Exception):
    """An answer in which nothing of the account stands."""


async def _other_program(*_: Any) -> Any:
    """Something listens on the address, and it speaks JSON, too."""
    return {"status": "ok", "version": 7}


def _of_ccxt(status: int) -> Exception:
    """What the library makes of such a page."""
    known = lean.errors()
    if status in (401, 403):
        return known.AuthenticationError(f"{VENUE} {status} {PAGE}")  # type: ignore[no-any-return]
    return known.ExchangeNotAvailable(f"{VENUE} {status} {PAGE}")  # type: ignore[no-any-return]


def _read_order(true: OrderReport, broken: dict[str, Any]) -> OrderReport:
    """Raises Corrupt."""
    raw = {
        "id": true.venue_order_id,
        "status": _WORDS[true.status],
        "filled": str(true.filled),
        "amount": str(true.quantity),
        "side": true.side.value if true.side else None,
        "timestamp": milliseconds(true.at),
    }
    at: datetime = true.at
    return answers.order_report(raw | broken, true.client_order_id, true.symbol, at, true.fills)
