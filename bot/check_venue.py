"""Whether a connection's venue answers, keeps our time, and lists what the presets trade in sizes that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from bot.config_models import Connection
from bot.config_rules import percent
from bot.findings import Finding, fail, ok, warn
from bot.screens.figures import money
from engine.clock import Clock
from engine.core.errors import Corrupt, Unavailable
from engine.core.ids import Symbol
from engine.core.model import Instrument
from engine.core.settings import Preset, TraderSettings
from engine.exchanges.market_data import CcxtMarketData
from engine.timeframes import name_of

CLOCK_WARN = timedelta(seconds=1)
CLOCK_FAIL = timedelta(seconds=5)
"""Venues refuse signed requests that are 5 s off (Binance's recvWindow), and candles would close at wrong times."""


async def check_connection(settings: TraderSettings, connection: Connection, clock: Clock) -> list[Finding]:
    """All about one connection; a venue that can't be asked is one finding, not many."""
    name = f"connections.{settings.connection}"
    market = CcxtMarketData(settings.venue, clock, connection.rest_url or "", connection.stream_url or "")
    try:
        offset = await market.clock_offset()
        instruments = await market.instruments(_symbols(settings))
    except (Unavailable, Corrupt) as error:
        return [fail(f"{name}: {settings.venue} can't be asked: {error}")]
    finally:
        await market.close()
    found = [_clock(name, settings.venue, offset)]
    found += _instruments(name, settings, instruments)
    for preset in settings.presets.values():
        found += _timeframes(preset, settings.venue, market.timeframes)
        found += _sizes(settings, preset, instruments)
    return found


def _symbols(settings: TraderSettings) -> list[Symbol]:
    return list(dict.fromkeys(symbol for preset in settings.presets.values() for symbol in preset.symbols))


def _clock(name: str, venue: str, offset: timedelta) -> Finding:
    seconds = offset.total_seconds()
    way = "behind" if seconds > 0 else "ahead"
    words = f"{name}: {venue} answers, this machine's clock is {abs(seconds):.1f} s {way}"
    if abs(offset) >= CLOCK_FAIL:
        return fail(f"{words}; set it right (timedatectl set-ntp true)")
    return warn(f"{words}; let it be kept by NTP") if abs(offset) >= CLOCK_WARN else ok(words)


def _instruments(name: str, settings: TraderSettings, listed: dict[Symbol, Instrument]) -> Iterator[Finding]:
    wanted = _symbols(settings)
    missing = [symbol for symbol in wanted if symbol not in listed]
    halted = [symbol for symbol in wanted if symbol in listed and not listed[symbol].active]
    if missing:
        yield fail(f"{name}: {settings.venue} does not list {', '.join(missing)}")
    if halted:
        yield fail(f"{name}: {settings.venue} does not trade {', '.join(halted)} at present")
    if wanted and not missing and not halted:
        yield ok(f"{name}: {', '.join(wanted)} can be traded")


def _timeframes(preset: Preset, venue: str, offered: Sequence[int]) -> Iterator[Finding]:
    lacking = [name_of(timeframe) for timeframe in preset.timeframes if timeframe not in offered]
    if lacking:
        names = ", ".join(name_of(timeframe) for timeframe in offered)
        yield fail(f"presets.{preset.id}.timeframes: {venue} has no {', '.join(lacking)}; it has {names}")


def _sizes(
    settings: TraderSettings, preset: Preset, instruments: dict[Symbol, Instrument]
) -> Iterator[Finding]:
    """An entry must be above the venue's least, and so must what is left of it at its stop (O13, O14)."""
    value = entry_value(settings, preset)
    at_stop = value * (1 - preset.exits.stop_loss)
    for symbol in preset.symbols:
        instrument = instruments.get(symbol)
        if instrument is not None and at_stop < instrument.min_notional:
            yield fail(
                f"presets.{preset.id}.size: an entry of {money(value, settings.quote)} in {symbol} is worth "
                f"{money(at_stop)} at its stop ({percent(preset.exits.stop_loss)} lower), below the venue's least of "
                f"{instrument.min_notional:f}; raise the size or the balance"
            )


def entry_value(settings: TraderSettings, preset: Preset) -> Decimal:
    """What an entry costs at first, in the quote coin: the preset's size on the starting balance, within the limit."""
    size, balance = preset.size, settings.starting_balance
    if size.quote is not None:
        value: Decimal = size.quote
    elif size.share is not None:
        value = balance * size.share
    else:
        value = balance * (size.risk or Decimal(0)) / preset.exits.stop_loss
    return min(value * settings.volume_factor, balance * settings.limits.position)
