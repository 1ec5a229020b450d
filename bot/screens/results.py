"""What was earned: by day, week and month, by preset and instrument, and what the account holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.screens.base import (
    PAGE,
    Button,
    Screen,
    back,
    cells,
    foot,
    in_rows,
    page_of,
    pager,
    refresh,
    row,
    titled,
)
from bot.screens.figures import (
    NONE,
    arrow,
    duration,
    money,
    number,
    percent,
    plus,
    quantity,
    signed,
    signed_percent,
)
from bot.screens.home import reconciled
from bot.screens.summary import Summary, mode_tag, share_of
from bot.text import Html, fit, known, lines, say, word
from engine.core.money import ZERO
from storage.results import DayResult, PresetResult

PERIODS = ("day", "week", "month")
DAYS_OFFERED = (7, 30, 90, 365)
_ROWS = 14


@dataclass(frozen=True, slots=True)
class Span:
    """A day, week or month, added up."""

    label: str
    profit: Decimal
    fees: Decimal
    trades: int
    wins: int


def grouped(days: Sequence[DayResult], period: str) -> list[Span]:
    """Days added up by `period`, the newest first."""
    spans: dict[str, Span] = {}
    for one in sorted(days, key=lambda day: day.day, reverse=True):
        label = _label(one.day, period)
        before = spans.get(label, Span(label, ZERO, ZERO, 0, 0))
        spans[label] = Span(
            label,
            before.profit + one.profit,
            before.fees + one.fees,
            before.trades + one.trades,
            before.wins + one.wins,
        )
    return list(spans.values())


def _label(day: date, period: str) -> str:
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return f"{monday:%d %b}"
    return f"{day:%b %Y}" if period == "month" else f"{day:%a %d %b}"


def profit(
    days: Sequence[DayResult],
    period: str,
    count: int,
    args: Mapping[str, str],
    mode: str,
    quote: str,
    now: datetime,
) -> Screen:
    """Closed trades of the last `count` days, grouped by `period`."""
    spans = grouped(days, period)
    total = sum((one.profit for one in spans), ZERO)
    fees = sum((one.fees for one in spans), ZERO)
    trades, wins = sum(one.trades for one in spans), sum(one.wins for one in spans)
    text = titled(
        word("profit.title", days=count, mode=mode_tag(mode)),
        say("profit.subtitle", connection=args.get("c", ""), quote=quote),
        "",
        row(word("profit.total"), signed(total, quote)),
        row(word("profit.fees"), money(fees, quote)),
        row(word("profit.trades"), str(trades)),
        row(word("profit.won"), percent(share_of(Decimal(wins), Decimal(trades)), 0) if trades else NONE),
        "",
        *_span_lines(spans, period, quote),
        say("profit.closed_only"),
        foot(now),
    )
    return Screen(fit(text), _profit_buttons(args, period, count))


def _span_lines(spans: Sequence[Span], period: str, quote: str) -> list[Html | str]:
    if not spans:
        return [say("profit.none"), ""]
    head = cells((11, 8, 13), (known("period", period), word("profit.trades"), word("profit.result")))
    body = [
        cells(
            (11, 8, 13),
            (one.label, str(one.trades), f"{arrow(one.profit)} {plus(one.profit, quote, unit=False)}"),
        )
        for one in spans[:_ROWS]
    ]
    hidden = len(spans) - _ROWS
    return [head, *body, *([say("profit.more", count=hidden)] if hidden > 0 else []), ""]


def _profit_buttons(args: Mapping[str, str], period: str, count: int) -> tuple[tuple[Button, ...], ...]:
    periods = [
        Button(
            _chosen(known("by_period", one), one == period),
            "profit",
            {**args, "period": one, "days": str(count)},
        )
        for one in PERIODS
    ]
    spans = [
        Button(
            _chosen(word("profit.days", days=days), days == count),
            "profit",
            {**args, "period": period, "days": str(days)},
        )
        for days in DAYS_OFFERED
    ]
    again = {**args, "period": period, "days": str(count)}
    return (tuple(periods), tuple(spans), (back(), refresh("profit", again)))


def _chosen(label: str, chosen: bool) -> str:
    return f"• {label}" if chosen else label


def performance(
    found: Sequence[PresetResult], args: Mapping[str, str], mode: str, quote: str, now: datetime
) -> Screen:
    """Which preset and instrument earned, the best first."""
    best_first = sorted(found, key=lambda one: one.profit, reverse=True)
    page, pages = page_of(best_first, int(args.get("page", "0")), 6)
    body: list[Html] = []
    for one in best_first[page * 6 : page * 6 + 6]:
        body += [
            say("performance.entry", preset=one.preset or word("performance.by_hand"), symbol=one.symbol),
            row(_won_share(one), signed(one.profit, quote)),
        ]
    text = titled(
        word("performance.title", mode=mode_tag(mode)),
        say("profit.subtitle", connection=args.get("c", ""), quote=quote),
        "",
        *(body or [say("performance.none")]),
        "",
        foot(now),
    )
    return Screen(
        fit(text), (*pager("performance", args, page, pages), (back(), refresh("performance", args)))
    )


def _won_share(one: PresetResult) -> str:
    factor = number(one.won / abs(one.lost), 2) if one.lost else NONE
    won = percent(share_of(Decimal(one.wins), Decimal(one.trades)), 0)
    return word("performance.won", trades=one.trades, won=won, factor=factor)


@dataclass(frozen=True, slots=True)
class Coin:
    """What is held of one coin; `worth` in the quote coin, None without a price; `priced_at`: how old that is.
    `locked`: what of it orders hold. `told` is False where the venue's row could not be read. `ours`: whether it counts
    in the desk's equity."""

    coin: str
    amount: Decimal
    worth: Decimal | None
    priced_at: datetime | None = None
    locked: Decimal = ZERO
    told: bool = True
    ours: bool = True


def balance(
    coins: Sequence[Coin],
    one: Summary,
    args: Mapping[str, str],
    now: datetime,
    read_at: datetime | None = None,
) -> Screen:
    """The whole account as the venue told it at `read_at`; as our ledger has it when that is None."""
    page, pages = page_of(coins, int(args.get("page", "0")))
    text = titled(
        word("balance.title", mode=mode_tag(one.mode)),
        say("profit.subtitle", connection=args.get("c", ""), quote=one.quote),
        "",
        row(word("home.equity"), money(one.equity, one.quote)),
        row(
            word("home.exposure"), f"{money(one.equity * one.exposure, one.quote)} {percent(one.exposure, 0)}"
        ),
        "",
        *(line for coin in coins[page * PAGE : page * PAGE + PAGE] for line in _coin_lines(coin, one.quote)),
        "",
        say("balance.not_counted") if any(not coin.ours for coin in coins) else None,
        row(word("balance.read"), word("health.ago", span=duration(now - read_at))) if read_at else None,
        say("balance.from_books") if read_at is None and one.is_live else None,
        reconciled(one, now) if one.is_live else None,
        _price_age(coins, now),
        foot(now),
    )
    return Screen(fit(text), (*pager("balance", args, page, pages), (back(), refresh("balance", args))))


def _coin_lines(one: Coin, quote: str) -> list[Html]:
    """Money as money, coins with as many digits as they have; what can't be spent now below it."""
    if not one.told:
        return [row(one.coin, word("balance.not_read"))]
    amount = money(one.amount, quote) if one.coin == quote else quantity(one.amount, one.coin)
    worth = ""
    if one.coin != quote:
        worth = money(one.worth, quote) if one.worth is not None else word("positions.no_price")
    locked = [row(word("balance.locked"), quantity(one.locked, one.coin))] if one.locked else []
    return [row(amount, worth), *locked]


def _price_age(coins: Sequence[Coin], now: datetime) -> Html | None:
    """Of the oldest price that the worth goes by."""
    oldest = min((one.priced_at for one in coins if one.priced_at is not None), default=None)
    return row(word("balance.prices"), word("health.ago", span=duration(now - oldest))) if oldest else None


def chart_caption(symbol: str, timeframe: str, last: str, change: Decimal, mode: str, now: datetime) -> Html:
    """What stands under a chart."""
    return lines(
        say("chart.caption", symbol=symbol, timeframe=timeframe, mode=mode_tag(mode)),
        say("chart.last", last=last, arrow=arrow(change), change=signed_percent(change)),
        foot(now),
    )


def chart(
    png: bytes, caption: Html, args: Mapping[str, str], timeframes: Sequence[tuple[str, int]], chosen: int
) -> Screen:
    """A chart with the other timeframes as buttons."""
    buttons = [
        Button(_chosen(label, seconds == chosen), "chart", {**args, "tf": str(seconds)})
        for label, seconds in timeframes
    ]
    return Screen(
        fit(caption, 1000), (*in_rows(buttons, 3), (refresh("chart", {**args, "tf": str(chosen)}),)), png
    )
