"""Balances, rights and fees of an account, and the wallet's list of coins that ccxt reads with the markets."""

from typing import Any

from sandbox.exchange.binance.desk import Desk, rate
from sandbox.exchange.binance.params import SYMBOL, Params
from sandbox.exchange.binance.render import Json, num


def account(desk: Desk, params: Params, account: str) -> Json:
    held = desk.venue.matching.accounts[account]
    fees = desk.venue.matching.fees
    skip_empty = params.optional_text("omitZeroBalances", "true|false") == "true"
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(desk),
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": held.updated_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": coin, "free": num(free), "locked": num(locked)}
            for coin, free, locked in held.snapshot()
            if free or locked or not skip_empty
        ],
        "permissions": ["SPOT"],
        "uid": 1 + sorted(desk.venue.matching.accounts).index(account),
    }


def commission(desk: Desk, params: Params, account: str) -> Json:
    pair = desk.venue.matching.pair(params.symbol())
    none = {"maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000", "seller": "0.00000000"}
    coin = desk.venue.matching.fees.coin
    return {
        "symbol": pair.id,
        "standardCommission": _rates(desk),
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": coin is not None,
            "enabledForSymbol": coin is not None,
            "discountAsset": coin or "BNB",
            "discount": "0.00000000",
        },
    }


def trade_fee(desk: Desk, params: Params, account: str) -> list[Json]:
    wanted = params.optional_text("symbol", SYMBOL)
    fees = desk.venue.matching.fees
    pairs = [desk.venue.matching.pair(wanted)] if wanted else desk.venue.matching.pairs.values()
    return [
        {"symbol": pair.id, "makerCommission": str(fees.maker), "takerCommission": str(fees.taker)}
        for pair in pairs
    ]


def key_rights(desk: Desk, params: Params, account: str) -> Json:
    """What this key may do: trade on spot and read, never withdraw, unless it was set otherwise."""
    return {
        "ipRestrict": False,
        "createTime": desk.venue.clock.now_ms(),
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        **desk.venue.account_modes.get(account, {}),
    }


def coins(desk: Desk, params: Params, account: str) -> list[Json]:
    """Every coin that is traded here; nothing can be deposited or withdrawn."""
    held = desk.venue.matching.accounts[account]
    names = {coin for pair in desk.venue.matching.pairs.values() for coin in (pair.base, pair.quote)}
    return [
        {
            "coin": coin,
            "name": coin,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "trading": True,
            "isLegalMoney": False,
            "free": num(held.free(coin)),
            "locked": num(held.locked(coin)),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "networkList": [],
        }
        for coin in sorted(names | set(held.coins()))
    ]


def system_status(desk: Desk, params: Params, account: str) -> Json:
    return {"status": 0, "msg": "normal"}


def nothing(desk: Desk, params: Params, account: str) -> list[Any]:
    """What this venue does not have (margin): an empty list."""
    return []


def no_symbols(desk: Desk, params: Params, account: str) -> Json:
    """Exchange info of the derivatives venues, which this is not: ccxt asks them all by default."""
    return {"timezone": "UTC", "serverTime": desk.venue.clock.now_ms(), "rateLimits": [], "symbols": []}


def _rates(desk: Desk) -> Json:
    fees = desk.venue.matching.fees
    return {
        "maker": rate(fees.maker),
        "taker": rate(fees.taker),
        "buyer": rate(fees.maker * 0),
        "seller": rate(fees.maker * 0),
    }


def funding(desk: Desk, params: Params, account: str) -> list[Json]:
    held = desk.venue.wallet(account, "funding")
    return [
        {"asset": coin, "free": num(amount), "locked": "0", "freeze": "0", "withdrawing": "0"}
        for coin, amount in held.items()
    ]


def earn(desk: Desk, params: Params, account: str) -> Json:
    """Flexible products."""
    held = desk.venue.wallet(account, "earn")
    rows = [
        {"asset": coin, "totalAmount": num(amount), "productId": f"{coin}001", "canRedeem": True}
        for coin, amount in held.items()
    ]
    return {"rows": rows, "total": len(rows)}


def earn_locked(desk: Desk, params: Params, account: str) -> Json:
    return {"rows": [], "total": 0}
