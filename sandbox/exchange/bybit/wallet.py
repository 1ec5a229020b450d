"""Balances, rights and fees of an account: always a unified one (UTA 2.0)."""

from sandbox.exchange.bybit.params import Params
from sandbox.exchange.rest import Desk, Json, plain


def balance(desk: Desk, params: Params, account: str) -> Json:
    held = desk.venue.matching.accounts[account]
    coins = [
        {
            "coin": coin,
            "equity": plain(free + locked),
            "walletBalance": plain(free + locked),
            "locked": plain(locked),
            "availableToWithdraw": "",  # no longer said by the venue, so that ccxt counts for itself
            "borrowAmount": "0",
            "accruedInterest": "0",
            "totalOrderIM": "0",
            "totalPositionIM": "0",
            "unrealisedPnl": "0",
        }
        for coin, free, locked in held.snapshot()
        if free or locked
    ]
    return {"list": [{"accountType": "UNIFIED", "coin": coins}]}


def key_rights(desk: Desk, params: Params, account: str) -> Json:
    """What this key may do: trade on spot and read, never withdraw, unless it was set otherwise."""
    return {
        "id": "1",
        "readOnly": 0,
        "permissions": {"Spot": ["SpotTrade"], "Wallet": [], "ContractTrade": [], "Options": []},
        "ips": ["*"],
        "unified": 0,
        "uta": 1,
        **desk.venue.account_modes.get(account, {}),
    }


def account_info(desk: Desk, params: Params, account: str) -> Json:
    """Unified, with margin across all coins, unless it was set otherwise."""
    return {
        "unifiedMarginStatus": 6,
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(desk.now()),
        **desk.venue.account_modes.get(account, {}),
    }


def coins(desk: Desk, params: Params, account: str) -> Json:
    """Every coin that is traded here; nothing can be deposited or withdrawn."""
    names = {coin for pair in desk.pairs() for coin in (pair.base, pair.quote)}
    return {
        "rows": [{"name": coin, "coin": coin, "remainAmount": "0", "chains": []} for coin in sorted(names)]
    }


def fee_rates(desk: Desk, params: Params, account: str) -> Json:
    fees = desk.venue.matching.fees
    rates = {"takerFeeRate": plain(fees.taker), "makerFeeRate": plain(fees.maker)}
    return {"category": "spot", "list": [{"symbol": pair.id, **rates} for pair in desk.pairs()]}


def funding(desk: Desk, params: Params, account: str) -> Json:
    held = desk.venue.wallet(account, "funding")
    rows = [
        {"coin": coin, "walletBalance": plain(amount), "transferBalance": plain(amount), "bonus": ""}
        for coin, amount in held.items()
    ]
    return {"memberId": "1", "accountType": "FUND", "balance": rows}


def earn(desk: Desk, params: Params, account: str) -> Json:
    held = desk.venue.wallet(account, "earn") if params.get("category") == "FlexibleSaving" else {}
    return {"list": [{"coin": coin, "amount": plain(amount)} for coin, amount in held.items()]}
