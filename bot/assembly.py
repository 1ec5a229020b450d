"""Puts the engine together from the settings: venues, feeds, cycles, connections, and the coordinator over them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from loguru import logger

from bot.config import trader_settings
from bot.config_models import Config, Paper
from bot.key_check import KeyCheck, key_questions
from engine.clock import Clock
from engine.connection import Connection
from engine.coordinator import Coordinator
from engine.core.errors import Denied
from engine.core.model import Mode
from engine.core.money import Ratio
from engine.core.settings import Preset, TraderSettings
from engine.cycle import Cycle
from engine.exchanges.market_data import CcxtMarketData
from engine.exchanges.paper import PaperExchange
from engine.exchanges.paper_rules import PaperRules
from engine.feed import Feed
from engine.going_live import KeyReport
from engine.ports import CandleStore, Exchange, Journal, ModeStore, Notifier
from engine.strategies.bound import BoundPreset
from engine.strategies.registry import Registry
from engine.venue_room import VenueRoom

Address = tuple[str, str, str]
"""Venue, REST address, stream address: connections with the same three share a room."""


def build_desk(
    config: Config,
    journal: Journal,
    candles: CandleStore,
    modes: ModeStore,
    clock: Clock,
    notifier: Notifier,
) -> Coordinator:
    """The whole engine, not yet started."""
    keys = KeyCheck(key_questions(config))

    async def check_key(settings: TraderSettings) -> KeyReport:
        return await keys.ask(settings.connection)

    registry = Registry(config.strategies.folder)
    for problem in registry.problems:
        logger.error("{}", problem)
    by_address: dict[Address, list[TraderSettings]] = {}
    for settings in trader_settings(config):
        by_address.setdefault(_address(config, settings), []).append(settings)
    rooms = [
        _room(address, group, config, registry, journal, candles, clock, notifier)
        for address, group in by_address.items()
    ]
    registry.close(unused_by={one.strategy for one in _presets_of(by_address.values())})
    return Coordinator(rooms, registry.describe, clock, modes, check_key, registry.close)


def _presets_of(groups: Iterable[Sequence[TraderSettings]]) -> Iterator[Preset]:
    return (preset for group in groups for one in group for preset in one.presets.values())


def _address(config: Config, settings: TraderSettings) -> Address:
    connection = config.connections[settings.connection]
    return settings.venue, connection.rest_url or "", connection.stream_url or ""


def _room(
    address: Address,
    group: Sequence[TraderSettings],
    config: Config,
    registry: Registry,
    journal: Journal,
    candles: CandleStore,
    clock: Clock,
    notifier: Notifier,
) -> VenueRoom:
    venue, rest, stream = address
    rules = _paper_rules(config.paper)

    def make_exchange(settings: TraderSettings) -> Exchange:
        if settings.mode is Mode.LIVE:
            return _live_exchange(config, settings, clock)
        return PaperExchange(clock, rules=rules)

    market = CcxtMarketData(venue, clock, rest, stream)
    connections = [
        Connection(settings, make_exchange, journal, clock, notifier, config.paper.fee) for settings in group
    ]
    name = _room_name(venue, rest)
    cycle = Cycle(name, market, candles, clock, _bound(group, registry))
    feed = Feed(market, clock, random.random)
    return VenueRoom(name, market, feed, cycle, connections, clock)


def _room_name(venue: str, rest: str) -> str:
    """Jobs and stored candles go by it: two servers that speak one venue's dialect must not be taken for one."""
    return f"{venue} at {urlsplit(rest).netloc}" if rest else venue


def _live_exchange(config: Config, settings: TraderSettings, clock: Clock) -> Exchange:
    """A client with the account's key. Raises Denied where the settings have none: a key may be taken away."""
    question = key_questions(config).get(settings.connection)
    if question is None:
        raise Denied(f"{settings.connection} is live, but its key or `live = true` is gone from the settings")
    from engine.exchanges.ccxt_exchange import CcxtExchange  # imported only once somebody goes live (law 7)
    from engine.exchanges.credentials import Credentials

    credentials = Credentials(question["key"], question["secret"], question["passphrase"])
    return CcxtExchange(question["venue"], clock, credentials, question["rest"], question["stream"])


def _bound(group: Sequence[TraderSettings], registry: Registry) -> list[BoundPreset]:
    """Every preset that can run, once each; one that can't is told of and left out, the others run (law 16)."""
    bound: dict[str, BoundPreset] = {}
    for settings in group:
        for preset in settings.presets.values():
            try:
                bound[preset.id] = registry.bind(preset)
            except Denied as error:
                logger.error("{}", error)
    return list(bound.values())


def _paper_rules(paper: Paper) -> PaperRules:
    return PaperRules(spread=Ratio(paper.spread), slippage=Ratio(paper.slippage))
