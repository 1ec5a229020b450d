"""What must be true before a connection trades with real money, each point checked anew at every asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.clock import Clock
from engine.connection import Connection
from engine.core.errors import Corrupt, PocketdeskError, Unavailable
from engine.core.model import Balance, Instrument
from engine.core.money import ZERO, floor_digits, floor_to
from engine.core.settings import TraderSettings
from engine.desk import CheckItem
from engine.ports import MarketData

CLOCK_MOST = timedelta(seconds=1)
SHOWN_DIGITS = 6
CENT, LARGE = Decimal("0.01"), 1000
"""Venues refuse signed requests that are older than their window (Binance: 5 s unless told otherwise, and a request
more than 1 s ahead); https://developers.binance.com/docs/binance-spot-api-docs/rest-api#timing-security"""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What the venue says of a key. None: it does not tell."""

    accepted: bool
    may_trade: bool | None
    may_withdraw: bool | None
    balances: tuple[Balance, ...]
    detail: str = ""
    account_fits: bool | None = None
    """Whether the mode of the account lets our orders be taken, and without borrowing (A6)."""
    account: str = ""
    """In words: which mode it is, or what to change."""
    may_transfer: bool | None = None
    may_margin: bool | None = None
    is_bound: bool | None = None
    """Whether only known addresses may use it."""


CheckKey = Callable[[TraderSettings], Awaitable[KeyReport]]
"""Tries the key in a process of its own: while on paper, no client that could place an order exists in this one
(law 7). Raises Denied where the settings have no key or do not enable live trading, Unavailable otherwise."""


async def checklist(
    connection: Connection, market: MarketData, check_key: CheckKey, clock: Clock
) -> list[CheckItem]:
    """Every point, the failed ones among them; going live needs all of them."""
    items = [await _clock(market, clock), await _instruments(connection, market)]
    try:
        report = await check_key(connection.settings)
    except PocketdeskError as error:
        return [CheckItem("key", False, str(error)), *items]
    return [*of_key(report), *items, _balance(connection, report), _book(connection)]


def of_key(report: KeyReport) -> list[CheckItem]:
    """The points that the key alone decides."""
    if not report.accepted:
        return [CheckItem("key", False, report.detail or "the venue refuses it")]
    trade = report.may_trade is not False
    withdraw = report.may_withdraw is True
    return [
        CheckItem("key", True, "accepted"),
        CheckItem("rights", trade, _rights(report.may_trade)),
        CheckItem(
            "withdraw",
            not withdraw,
            "it may withdraw: make one that may not"
            if withdraw
            else "it may not withdraw, or the venue does not tell",
        ),
        *_more_than_needed(report),
        CheckItem(
            "account",
            report.account_fits is not False,
            report.account or "the venue keeps spot apart from margin: no modes",
        ),
    ]


def _more_than_needed(report: KeyReport) -> list[CheckItem]:
    """What a thief could do with the key besides trading. Named, where the venue tells, and left to the owner: some
    venues give these only together, and not everybody has an address of his own."""
    found = (
        ("transfer", report.may_transfer, "it may move coins to other accounts: take that right from it"),
        ("margin", report.may_margin, "it may trade on margin or in contracts: take that right from it"),
        ("address", report.is_bound is False, "it works from everywhere: bind it to this machine's address"),
    )
    return [CheckItem(key, True, words, warns=True) for key, true, words in found if true]


def _rights(may_trade: bool | None) -> str:
    return {True: "it may trade", False: "it may not trade", None: "the venue does not tell"}[may_trade]


async def _clock(market: MarketData, clock: Clock) -> CheckItem:
    try:
        before = clock.now()
        theirs = await market.time()
        ours = before + (clock.now() - before) / 2
    except (Unavailable, Corrupt) as error:
        return CheckItem("clock", False, str(error))
    off = abs(ours - theirs)
    return CheckItem("clock", off <= CLOCK_MOST, f"{off.total_seconds():.2f} s apart")


async def _instruments(connection: Connection, market: MarketData) -> CheckItem:
    symbols = connection.symbols()
    try:
        found = await market.instruments(symbols)
    except (Unavailable, Corrupt) as error:
        return CheckItem("instruments", False, str(error))
    missing = [symbol for symbol in symbols if symbol not in found or not found[symbol].active]
    return CheckItem(
        "instruments",
        not missing,
        f"not traded now: {', '.join(missing)}" if missing else f"{len(symbols)} tradable",
    )


def _balance(connection: Connection, report: KeyReport) -> CheckItem:
    """The largest position that the limits allow must pass every instrument's least order."""
    settings = connection.settings
    unread = [one.coin for one in report.balances if not one.told]
    if settings.quote in unread:
        return CheckItem(
            "balance", False, f"what there is of {settings.quote} could not be read: check again"
        )
    total = sum((one.total for one in report.balances if one.coin == settings.quote), ZERO)
    largest = total * settings.limits.position
    rules: list[Instrument] = list(connection.runner.market.instruments.values())
    least = max((one.min_notional for one in rules), default=Decimal(0))
    most = _shown(largest)
    words = (
        f"{_shown(total)} {settings.quote}; a position may be {most}, the venue's least is {_shown(least)}"
    )
    if unread:
        words += f"; not read: {', '.join(unread)}"
    return CheckItem("balance", total > ZERO and largest > least, words, warns=bool(unread))


def _shown(amount: Decimal) -> str:
    """Its first digits, wherever they stand: 0.0095 of one coin is as much as 950 of another."""
    cut = floor_to(amount, CENT) if amount >= LARGE else floor_digits(amount, SHOWN_DIGITS)
    return f"{cut.normalize():f}"


def _book(connection: Connection) -> CheckItem:
    """Going live leaves the paper book behind as it is: nothing on it may be open."""
    held = len(connection.runner.state.positions)
    return CheckItem(
        "flat",
        held == 0,
        f"{held} paper positions are open: close them first" if held else "nothing is open on paper",
    )
