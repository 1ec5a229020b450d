"""Everything at the venue as JSON, in the same words whatever the dialect."""

from typing import Any

from sandbox.exchange.binance import render
from sandbox.exchange.matching.model import Order, Trade
from sandbox.exchange.venue import Venue

num = render.num


def state(venue: Venue) -> dict[str, Any]:
    """Orders and trades are listed with their account, newest last."""
    matching = venue.matching
    return {
        "time": venue.clock.now_ms(),
        "moving": venue.feed.moving,
        "prices": {pair.name: num(matching.book(pair.id).last) for pair in matching.pairs.values()},
        "accounts": {
            name: {
                coin: {"free": num(free), "locked": num(locked)} for coin, free, locked in account.snapshot()
            }
            for name, account in matching.accounts.items()
        },
        "orders": [order(one) for one in matching.orders()],
        "trades": [trade(one) for one in matching.trades()],
    }


def order(one: Order) -> dict[str, Any]:
    return {"account": one.account, **render.order(one)}


def trade(one: Trade) -> dict[str, Any]:
    return {"account": one.account, "clientOrderId": one.client_id, **render.my_trade(one)}
