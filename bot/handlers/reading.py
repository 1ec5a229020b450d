"""Screens that only read the desk: what is now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from bot.handlers.base import Ask, Services, chosen, which
from bot.screens import home as home_screen
from bot.screens import lists, positions, results, safety, setup, talk
from bot.screens.base import PAGE, Screen
from bot.screens.summary import Holding, holding_of, holdings_of, summarise
from bot.text import say
from engine.core.ids import Coin, PositionId, PresetId, Symbol, base_of
from engine.core.model import Balance
from engine.core.money import ZERO
from engine.desk import AccountSeen, ConnectionView


async def home(services: Services, ask: Ask) -> Screen:
    return home_screen.home(services.summaries(), services.now())


async def more(services: Services, ask: Ask) -> Screen:
    return home_screen.more(services.now())


async def help_(services: Services, ask: Ask) -> Screen:
    return talk.help_screen()


async def version(services: Services, ask: Ask) -> Screen:
    return safety.version(services.version, services.summaries(), services.now())


async def positions_(services: Services, ask: Ask) -> Screen:
    """Of all connections, unless one is named."""
    views = [services.desk.view(one) for one in chosen(services, ask, every=True)]
    found = [held for view in views for held in holdings_of(view)]
    return positions.positions(found, ask.page, _scope(ask), services.now())


def _scope(ask: Ask) -> dict[str, str]:
    return {"c": ask.args["c"]} if "c" in ask.args else {}


async def position(services: Services, ask: Ask) -> Screen:
    """One open position; the trade that it became if it was closed meanwhile."""
    view = services.view(ask.args["c"])
    held = holding_of(view, ask.args["p"])
    if held is not None:
        return positions.position(held, services.now())
    return await trade(services, ask)


async def trades(services: Services, ask: Ask) -> Screen:
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "trades")
    view = services.desk.view(connections[0])
    queries = services.store.queries
    total = await queries.count_trades(view.book)
    page = min(ask.page, max((total - 1) // PAGE, 0))
    found = await queries.trades(view.book, limit=PAGE, offset=page * PAGE)
    scope = {"c": str(connections[0])}
    return lists.trades(found, total, page, scope, view.settings.mode, view.settings.quote, services.now())


async def trade(services: Services, ask: Ask) -> Screen:
    view = services.view(ask.args["c"])
    found = await services.store.queries.trade(view.book, PositionId(ask.args["p"]))
    if found is None:
        return talk.sentence(say("hint.position_gone"))
    fills = await services.store.queries.fills_of(view.book, PositionId(ask.args["p"]))
    scope = {"c": ask.args["c"]}
    return lists.trade(found, fills, view.settings.mode, view.settings.quote, scope, services.now())


async def balance(services: Services, ask: Ask) -> Screen:
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "balance")
    view = services.desk.view(connections[0])
    summary = summarise(view)
    args = {**ask.args, "c": str(connections[0])}
    read_at = view.account.at if view.account else None
    return results.balance(_coins(view), summary, args, services.now(), read_at)


def _coins(view: ConnectionView) -> list[results.Coin]:
    """Every coin of the account as the venue told it last, also what is not traded here; as our books have it until it
    told. What could not be read comes first, then the quote coin, then the most valuable."""
    quote, ours, account = view.state.quote, view.state.holdings, view.account
    if account is None:
        coins = [results.Coin(coin, amount, *_worth(view, coin, amount)) for coin, amount in ours.items()]
    else:
        coins = [_coin(view, account, one) for one in _every(account, ours)]
    shown = [one for one in coins if one.amount or one.coin == quote or not one.told]
    return sorted(shown, key=lambda one: (one.told, one.coin != quote, -(one.worth or ZERO), one.coin))


def _every(account: AccountSeen, ours: Mapping[Coin, Decimal]) -> list[Balance]:
    """Those that were told, and what was bought since."""
    told = {one.coin for one in account.balances}
    new = [Balance(coin, ZERO) for coin in ours if coin not in told]
    return [*account.balances, *new]


def _coin(view: ConnectionView, account: AccountSeen, one: Balance) -> results.Coin:
    ours = view.state.holdings
    total = account.total(one, ours)
    return results.Coin(one.coin, total, *_worth(view, one.coin, total), one.used, one.told, one.coin in ours)


def _worth(view: ConnectionView, coin: str, amount: Decimal) -> tuple[Decimal | None, datetime | None]:
    """In the quote coin, and how old the price is that says so."""
    if coin == view.state.quote:
        return amount, None
    ticker = view.prices.get(Symbol(f"{coin}/{view.state.quote}"))
    return (amount * ticker.last, ticker.at) if ticker else (None, None)


async def risk(services: Services, ask: Ask) -> Screen:
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "risk")
    view = services.desk.view(connections[0])
    return safety.risk(view, summarise(view), {"c": str(connections[0])}, services.now())


async def connections_(services: Services, ask: Ask) -> Screen:
    if "c" in ask.args:
        return await connection(services, ask)
    return setup.connections(services.summaries(), ask.page, services.now())


async def connection(services: Services, ask: Ask) -> Screen:
    view = services.view(ask.args["c"])
    return setup.connection(view, services.summary(ask.args["c"]), services.now())


async def presets(services: Services, ask: Ask) -> Screen:
    if "preset" in ask.args:
        return await preset(services, ask)
    connections = chosen(services, ask)
    if not connections:
        return which(services, ask, "presets")
    args = {**ask.args, "c": str(connections[0])}
    return setup.presets(services.desk.view(connections[0]), args, services.now())


async def preset(services: Services, ask: Ask) -> Screen:
    """One preset on one connection; asked for which, when several have it."""
    name = PresetId(ask.args["preset"])
    have = [
        one for one in chosen(services, ask, every=True) if name in services.desk.view(one).settings.presets
    ]
    if not have:
        return talk.sentence(say("hint.preset_gone", preset=name))
    if len(have) > 1:
        return which(services, ask, "preset")
    view = services.desk.view(have[0])
    return setup.preset(view, view.settings.presets[name], services.now())


async def strategies(services: Services, ask: Ask) -> Screen:
    if "strategy" in ask.args:
        return await strategy(services, ask)
    return setup.strategies(services.desk.strategies(), ask.page, services.now())


async def strategy(services: Services, ask: Ask) -> Screen:
    found = [one for one in services.desk.strategies() if one.name == ask.args["strategy"]]
    if not found:
        return talk.sentence(say("hint.strategy_gone"))
    return setup.strategy(found[0], services.now())


def everything_held(services: Services) -> list[Holding]:
    """Open positions of all connections."""
    return [held for one in services.desk.connections() for held in holdings_of(services.desk.view(one))]


def symbols_of(services: Services) -> list[str]:
    """Every instrument that some preset trades or some position holds, in the config's order."""
    found: dict[str, None] = {}
    for one in services.desk.connections():
        view = services.desk.view(one)
        for preset_ in view.settings.presets.values():
            found.update(dict.fromkeys(preset_.symbols))
        found.update(dict.fromkeys(view.state.positions_in))
        found.update(dict.fromkeys(view.instruments))
    return list(found)


def symbol_named(services: Services, text: str) -> str | None:
    """`btc`, `BTCUSDT` and `btc/usdt` are all `BTC/USDT`, if that is among ours and no other fits."""
    plain = text.upper().replace("-", "/").replace("_", "/")
    known = symbols_of(services)
    fits = [one for one in known if plain in (one.upper(), one.upper().replace("/", ""))]
    fits = fits or [one for one in known if base_of(Symbol(one)).upper() == plain]
    return fits[0] if len(fits) == 1 else None
