"""/chart: candles, executions and levels as a picture, from the chart's own process."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from loguru import logger

from bot.charts import Chart, ChartFailed, Level
from bot.handlers.base import Ask, Services, chosen
from bot.handlers.reading import symbols_of
from bot.screens import figures, results, talk
from bot.screens.base import Button, Screen
from bot.screens.figures import price, signed_percent
from bot.screens.summary import holdings_of, mode_word
from bot.text import known, say, word
from engine.core.errors import Denied, Unavailable
from engine.core.ids import ConnectionId, Symbol
from engine.core.model import Candle, Fill
from engine.core.money import Quantity
from engine.desk import ConnectionView

CANDLES = 90
WEEK = 604800
OFFERED = (60, 300, 900, 3600, 14400, 86400, WEEK)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": WEEK}
_TIMEFRAME = re.compile(r"([1-9]\d{0,3})(s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?")


def timeframe_of(text: str) -> int | None:
    """Seconds of `5m`, `1h`, `1D` or `15min`, up to a week; None for anything else."""
    found = _TIMEFRAME.fullmatch(text.lower())
    seconds = int(found[1]) * _UNITS[found[2][0]] if found else 0
    return seconds if 0 < seconds <= _UNITS["w"] else None


async def chart(services: Services, ask: Ask) -> AsyncIterator[Screen]:
    """Which instrument, if none was named; then at once a word that it is being drawn; then the picture."""
    symbol = ask.args.get("s")
    if symbol is None:
        choices = [(one, one) for one in symbols_of(services)]
        yield talk.choose(say("choose.symbol"), choices, "chart", "s", ask.args)
        return
    connection = _connection_for(services, ask, Symbol(symbol))
    if connection is None:
        yield talk.sentence(say("hint.symbol_gone", symbol=symbol))
        return
    seconds = (
        int(ask.args["tf"]) if ask.args.get("tf", "").isdecimal() else _usual(services, connection, symbol)
    )
    yield Screen(say("chart.drawing", symbol=symbol, timeframe=figures.timeframe(seconds)), note=True)
    yield await _drawn(services, connection, Symbol(symbol), seconds)


def _connection_for(services: Services, ask: Ask, symbol: Symbol) -> ConnectionId | None:
    """The one named, else the first that trades it."""
    have = [one for one in chosen(services, ask, every=True) if _knows(services.desk.view(one), symbol)]
    return have[0] if have else None


def _knows(view: ConnectionView, symbol: Symbol) -> bool:
    traded = any(symbol in preset.symbols for preset in view.settings.presets.values())
    return traded or symbol in view.instruments or symbol in view.state.positions_in


def _usual(services: Services, connection: ConnectionId, symbol: str) -> int:
    """The timeframe of the first preset that trades it, else an hour."""
    presets = services.desk.view(connection).settings.presets.values()
    return next((one.timeframes[0] for one in presets if symbol in one.symbols and one.timeframes), 3600)


async def _drawn(services: Services, connection: ConnectionId, symbol: Symbol, seconds: int) -> Screen:
    scope = {"c": str(connection), "s": str(symbol)}
    again = Button(word("button.again"), "chart", {**scope, "tf": str(seconds)})
    try:
        candles = await _candles(services, connection, symbol, seconds)
        if not candles:
            return talk.sentence(say("chart.none", symbol=symbol), again)
        view = services.desk.view(connection)
        booked = await services.store.queries.fills_since(view.book, symbol, candles[0].open_time, limit=60)
        # Picture and caption tell of one moment: the price goes on while it is drawn.
        last, now = _last(view, symbol, candles), services.now()
        fills = [one.fill for one in booked]
        png = await services.charts.draw(_described(view, symbol, seconds, candles, fills, last, now))
    except Denied as refusal:
        ways = [Button(name, "chart", {**scope, "tf": str(one)}) for name, one in offered_besides(seconds)]
        return talk.sentence(say("chart.no_timeframe", reason=str(refusal)), *ways)
    except Unavailable as trouble:
        return talk.sentence(say("chart.no_candles", symbol=symbol, reason=str(trouble)), again)
    except ChartFailed as trouble:
        logger.warning("{}", trouble)
        return talk.sentence(say("chart.failed", symbol=symbol), again)
    caption = results.chart_caption(
        symbol, figures.timeframe(seconds), price(last, view.instruments.get(symbol)),
        _change(candles, last), view.settings.mode, now,
    )  # fmt: skip
    return results.chart(png, caption, scope, _offered(view, symbol, seconds), seconds)


async def _candles(
    services: Services, connection: ConnectionId, symbol: Symbol, seconds: int
) -> Sequence[Candle]:
    """Weeks are made of days: not every venue has them, and they must begin on Monday on each."""
    if seconds != WEEK:
        return await services.desk.candles(connection, symbol, seconds, CANDLES)
    return weeks_of(await services.desk.candles(connection, symbol, WEEK // 7, CANDLES * 7))


def weeks_of(days: Sequence[Candle]) -> list[Candle]:
    """Candles of weeks from Monday, 00:00 UTC, of candles of days, oldest first. A first week that is not
    whole is left out if others follow; the last one is as far as it went."""
    weeks: list[Candle] = []
    for day in days:
        monday = day.open_time - timedelta(days=day.open_time.weekday())
        if weeks and weeks[-1].open_time == monday:
            weeks[-1] = _joined(weeks[-1], day)
        else:
            weeks.append(replace(day, open_time=monday))
    torn = len(weeks) > 1 and days[0].open_time != weeks[0].open_time
    return weeks[1:] if torn else weeks


def _joined(week: Candle, day: Candle) -> Candle:
    return replace(
        week,
        high=max(week.high, day.high),
        low=min(week.low, day.low),
        close=day.close,
        volume=Quantity(week.volume + day.volume),
    )


def offered_besides(seconds: int) -> list[tuple[str, int]]:
    """The usual timeframes, for one that the venue lacks."""
    return [(figures.timeframe(one), one) for one in OFFERED if one != seconds]


def _offered(view: ConnectionView, symbol: Symbol, chosen_seconds: int) -> list[tuple[str, int]]:
    used = {
        one
        for preset in view.settings.presets.values()
        if symbol in preset.symbols
        for one in preset.timeframes
    }
    return [(figures.timeframe(one), one) for one in sorted({*OFFERED, *used, chosen_seconds})][:8]


def _last(view: ConnectionView, symbol: Symbol, candles: Sequence[Candle]) -> Decimal:
    ticker = view.prices.get(symbol)
    return ticker.last if ticker else candles[-1].close


def _change(candles: Sequence[Candle], last: Decimal) -> Decimal:
    return last / candles[0].open - 1


def _described(
    view: ConnectionView, symbol: Symbol, seconds: int, candles: Sequence[Candle], fills: Sequence[Fill],
    last: Decimal, now: datetime,
) -> Chart:  # fmt: skip
    instrument, change = view.instruments.get(symbol), _change(candles, last)
    timeframe = figures.timeframe(seconds)
    return Chart(
        title=str(symbol),
        subtitle=f"{timeframe} · {view.settings.venue} · {mode_word(view.settings.mode)}",
        last=price(last, instrument),
        change=f"{figures.arrow(change)} {signed_percent(change)}",
        rising=change >= 0,
        foot=word("foot.chart", time=figures.day_and_time(now), count=len(candles)),
        seconds=seconds,
        candles=candles,
        levels=_levels(view, symbol, last),
        fills=fills,
    )


def _levels(view: ConnectionView, symbol: Symbol, last: Decimal) -> list[Level]:
    instrument = view.instruments.get(symbol)
    levels = [Level("last", last, price(last, instrument))]
    for held in holdings_of(view):
        if held.position.symbol != symbol:
            continue
        named = (
            ("entry", held.position.entry_price),
            ("stop", held.position.stop),
            ("target", held.position.take_profit),
        )
        levels += [
            Level(kind, level, f"{known('level', kind)} {price(level, instrument)}")
            for kind, level in named
            if level
        ]
    return levels[:13]
