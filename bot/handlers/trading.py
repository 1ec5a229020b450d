"""/buy and /sell: the owner's own orders, asked for once more, through the same limits as everyone's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot import offers
from bot.amounts import amount_of, is_ambiguous
from bot.handlers import buyable
from bot.handlers.base import Ask, Services, chosen
from bot.handlers.picking import candidates, none_fits, pick
from bot.handlers.preview import account, preview, room_of
from bot.handlers.reading import symbols_of
from bot.screens import talk, trading
from bot.screens.base import Button, Screen, place
from bot.screens.figures import money, quantity, short_percent
from bot.screens.summary import mode_tag
from bot.screens.trading import Preview
from bot.text import Html, lines, say, word
from bot.waiting import PATIENCE, Wanted
from engine.core.ids import ConnectionId, Symbol, base_of
from engine.desk import ConnectionView


async def buy(services: Services, ask: Ask) -> Screen:
    """Which instrument, on which connection, for how much: what is not said is asked for; then the question. Only what
    would be taken is offered."""
    if "s" not in ask.args:
        return _what(services, ask)
    symbol = Symbol(ask.args["s"])
    good, bad = buyable.where(services, symbol, chosen(services, ask, every=True))
    if not good and not bad:
        return talk.sentence(say("hint.symbol_gone", symbol=symbol), Button(word("more.buy"), "buy"))
    if not good:
        if len(bad) == 1 and "amount" in ask.args:
            view = services.desk.view(next(iter(bad)))
            return offers.offer_buy(services, view, symbol, Decimal(ask.args["amount"]))
        scope = {"s": str(symbol), **({"c": str(next(iter(bad)))} if len(bad) == 1 else {})}
        return trading.not_now(symbol, [(str(one), why) for one, why in bad.items()], scope)
    if len(good) + len(bad) > 1:
        return _where(services, ask, good, bad)
    view = services.desk.view(good[0])
    if other := _other_coin(view, ask):
        return other
    if "unclear" in ask.args:
        return _which_amount(services, view, symbol, Decimal(ask.args["amount"]))
    if "amount" not in ask.args:
        return _how_much(services, view, symbol)
    return offers.offer_buy(services, view, symbol, Decimal(ask.args["amount"]))


def _other_coin(view: ConnectionView, ask: Ask) -> Screen | None:
    """An amount in a coin that this account does not count in is no amount here."""
    it, coin = view.settings, ask.args.get("coin", view.settings.quote)
    if coin == it.quote:
        return None
    text = say("hint.other_coin", connection=it.connection, quote=it.quote, coin=coin)
    return talk.sentence(
        text, Button(word("button.choose"), "buy", {"c": str(it.connection), "s": ask.args["s"]})
    )


def _which_amount(services: Services, view: ConnectionView, symbol: Symbol, value: Decimal) -> Screen:
    """`10 SOL`: ten coins, or coins for 10 USDT. What the coins would cost is on the button; a reading that would be
    refused is told with its reason."""
    it, base, worth = view.settings, base_of(symbol), value * view.prices[symbol].last
    coins = f"{quantity(value, base)} = {money(worth, it.quote)}"
    found = [
        (label, sum_, preview(view, symbol, sum_, services.now()))
        for label, sum_ in ((money(value, it.quote), value), (coins, worth))
    ]
    refused = [trading.refused_line(label, why) for label, _, why in found if isinstance(why, str)]
    args = {**place(it.connection, it.mode), "s": str(symbol)}
    buttons = [
        Button(trading.with_cut(label, seen), "buy", {**args, "amount": f"{sum_:f}"})
        for label, sum_, seen in found
        if isinstance(seen, Preview)
    ]
    if not buttons:
        return _how_much(services, view, symbol, refused)
    asked = say("hint.unclear", amount=quantity(value), quote=it.quote, base=base)
    return talk.sentence(lines(asked, *refused), *buttons)


def _what(services: Services, ask: Ask) -> Screen:
    names = chosen(services, ask, every=True)
    good: list[str] = []
    bad: dict[str, list[str]] = {}
    for symbol in symbols_of(services):
        fine, refused = buyable.where(services, Symbol(symbol), names)
        if fine:
            good.append(symbol)
        for why in dict.fromkeys(() if fine else refused.values()):
            bad.setdefault(why, []).append(symbol)
    scope = {"c": str(names[0])} if len(names) == 1 else {}
    return trading.what(good, bad, {**ask.args, **scope})


def _where(
    services: Services, ask: Ask, good: Sequence[ConnectionId], bad: Mapping[ConnectionId, str]
) -> Screen:
    """Several accounts trade it: which one is chosen by hand, with its mode in sight."""
    found = [services.summary(one) for one in good]
    choices = [(f"{one.sign} {one.connection} {mode_tag(one.mode)}", str(one.connection)) for one in found]
    others = [trading.refused_line(str(one), why) for one, why in bad.items()]
    return talk.choose(lines(say("choose.connection"), *others), choices, "buy", "c", ask.args)


def _how_much(
    services: Services, view: ConnectionView, symbol: Symbol, refused: Sequence[Html] = ()
) -> Screen:
    """A part of what the limits leave, by button, or an amount that the owner writes. `refused`: what he asked for, and
    why it would not be taken."""
    ticker, room = view.prices.get(symbol), room_of(view, symbol)
    if ticker is None or room is None:
        return talk.sentence(say("trading.no_price", symbol=symbol), _again(view, symbol))
    args = {**place(view.settings.connection, view.settings.mode), "s": symbol}
    services.waiting.expect(Wanted("amount_typed", args, services.now() + PATIENCE))
    least = buyable.least_of(services, view, symbol, ticker.last)
    sums = [one for one in trading.sums_of(room) if buyable.takes(services, view, symbol, one[1])]
    return trading.amount(
        account(view), view.instruments[symbol], ticker.last, room, sums, least, services.now(), refused
    )


def _again(view: ConnectionView, symbol: Symbol) -> Button:
    return Button(word("button.again"), "buy", {"c": view.settings.connection, "s": symbol})


async def amount_typed(services: Services, ask: Ask) -> Screen:
    """An amount of quote coin that the owner wrote."""
    view, symbol = services.view(ask.args["c"]), Symbol(ask.args["s"])
    value = amount_of(ask.args.get("text", ""), view.settings.quote)
    if value is None:
        services.waiting.expect(Wanted("amount_typed", _plain(ask), services.now() + PATIENCE))
        given, quote = ask.args.get("text", ""), view.settings.quote
        if is_ambiguous(given, quote):
            return talk.sentence(talk.two_readings(given, quote))
        return talk.sentence(say("hint.amount", given=given[:40], quote=quote))
    return offers.offer_buy(services, view, symbol, value)


def _plain(ask: Ask) -> dict[str, str]:
    return {key: value for key, value in ask.args.items() if key != "text"}


async def sell(services: Services, ask: Ask) -> Screen:
    """On a spot venue one sells what one holds: a position, all of it."""
    found = candidates(services, ask)
    if not found:
        return none_fits(ask)
    if len(found) > 1:
        return pick(found, "sell", ask)
    return offers.offer_close(services, found[0], note=_whole(ask))


def _whole(ask: Ask) -> Html:
    """A part was asked for: that it would be all is said where it is confirmed."""
    share = Decimal(ask.args.get("share", "1"))
    if share == 1:
        return say("trading.sells_all")
    return say("trading.sells_all_not", share=short_percent(share))
