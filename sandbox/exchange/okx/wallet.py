"""Balances, rights and fees of an account in spot mode."""

from sandbox.exchange.okx.params import Params
from sandbox.exchange.rest import Desk, Json, plain


def balance(desk: Desk, params: Params, account: str) -> list[Json]:
    held = desk.venue.matching.accounts[account]
    wanted = (params.get("ccy") or "").split(",") if params.get("ccy") else None
    details = [
        {
            "ccy": coin,
            "eq": plain(free + locked),
            "cashBal": plain(free + locked),
            "availBal": plain(free),
            "frozenBal": plain(locked),
            "availEq": "",
            "uTime": str(held.updated_ms),
        }
        for coin, free, locked in held.snapshot()
        if (free or locked) and (wanted is None or coin in wanted)
    ]
    return [{"totalEq": "", "uTime": str(desk.now()), "details": details}]


def config(desk: Desk, params: Params, account: str) -> list[Json]:
    """Spot mode without borrowing, unless it was set otherwise; the key may read and trade, never withdraw."""
    number = str(1 + sorted(desk.venue.matching.accounts).index(account))
    return [
        {
            "uid": number,
            "mainUid": number,
            "acctLv": "1",
            "autoLoan": False,
            "enableSpotBorrow": False,
            "posMode": "net_mode",
            "perm": "read_only,trade",
            "ip": "",
            **desk.venue.account_modes.get(account, {}),
        }
    ]


def takes_cash(desk: Desk, account: str) -> bool:
    """Whether orders with tdMode cash are taken: not in the modes of multi-currency and portfolio margin."""
    return desk.venue.account_modes.get(account, {}).get("acctLv") not in ("3", "4")


def trade_fee(desk: Desk, params: Params, account: str) -> list[Json]:
    fees = desk.venue.matching.fees
    return [{"instType": "SPOT", "level": "Lv1", "maker": plain(-fees.maker), "taker": plain(-fees.taker)}]


def coins(desk: Desk, params: Params, account: str) -> list[Json]:
    """Every coin that is traded here; nothing can be deposited or withdrawn."""
    names = {coin for pair in desk.pairs() for coin in (pair.base, pair.quote)}
    return [
        {
            "ccy": coin,
            "name": coin,
            "chain": f"{coin}-{coin}",
            "canDep": False,
            "canWd": False,
            "wdTickSz": "8",
        }
        for coin in sorted(names)
    ]


def funding(desk: Desk, params: Params, account: str) -> list[Json]:
    held = desk.venue.wallet(account, "funding")
    return [
        {"ccy": coin, "bal": plain(amount), "availBal": plain(amount), "frozenBal": "0"}
        for coin, amount in held.items()
    ]


def earn(desk: Desk, params: Params, account: str) -> list[Json]:
    held = desk.venue.wallet(account, "earn")
    return [{"ccy": coin, "amt": plain(amount), "earnings": "0"} for coin, amount in held.items()]
