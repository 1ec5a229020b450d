"""What a key may do, read from what each venue tells of it. None: the venue does not tell.

Sources: https://developers.binance.com/docs/wallet/account/api-key-permission ,
https://bybit-exchange.github.io/docs/v5/user/apikey-info ,
https://www.okx.com/docs-v5/en/#trading-account-rest-api-get-account-configuration (`perm`, `ip`; moving coins between
accounts comes with `trade` there), https://www.kucoin.com/docs-new/rest/account-info/account-funding/get-apikey-info ,
https://docs.kraken.com/api-reference/account-data/get-api-key-info ,
https://bingx-api.github.io/docs/#/en-us/common/sub-account (query user API key permissions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeyRights:
    """`transfer`: moving coins to other accounts. `margin`: trading what is borrowed, or contracts. `bound`: only known
    addresses may use the key."""

    trade: bool | None = None
    withdraw: bool | None = None
    transfer: bool | None = None
    margin: bool | None = None
    bound: bool | None = None


def of_binance(told: Told) -> KeyRights:
    transfers = ("enableInternalTransfer", "permitsUniversalTransfer")
    margins = ("enableMargin", "enableFutures", "enableVanillaOptions", "enablePortfolioMarginTrading")
    return KeyRights(
        trade=bool(told["enableSpotAndMarginTrading"]),
        withdraw=bool(told["enableWithdrawals"]),
        transfer=_any(told, transfers),
        margin=_any(told, margins),
        bound=_any(told, ("ipRestrict",)),
    )


def of_bybit(told: Told) -> KeyRights:
    may = told["permissions"]
    wallet = set(may["Wallet"])
    contracts = ("ContractTrade", "Options", "Derivatives")
    addresses = told.get("ips")
    return KeyRights(
        trade="SpotTrade" in may["Spot"] and str(told.get("readOnly")) == "0",
        withdraw="Withdraw" in wallet,
        transfer=bool(wallet & {"AccountTransfer", "SubMemberTransfer"}),
        margin=any(may.get(kind) for kind in contracts),
        bound=None if addresses is None else bool(addresses) and "*" not in addresses,
    )


def of_okx(told: Told) -> KeyRights:
    may = str(told.get("perm", "")).split(",")
    addresses = told.get("ip")
    return KeyRights(
        trade="trade" in may, withdraw="withdraw" in may, bound=None if addresses is None else bool(addresses)
    )


def of_kucoin(told: Told) -> KeyRights | None:
    """`permission` names them, such as `General, Spot, Margin, Futures, InnerTransfer, Transfer, Earn`; older keys may
    `Trade` and `Withdraw`."""
    may = {one.strip().lower() for one in str(told.get("permission") or "").split(",")} - {""}
    if not may:
        return None
    addresses = told.get("ipWhitelist")
    return KeyRights(
        trade=bool(may & {"spot", "trade", "unified"}),
        withdraw=any(one.startswith("withdraw") for one in may),
        transfer=any("transfer" in one for one in may),
        margin=bool(may & {"margin", "futures"}),
        bound=None if addresses is None else bool(addresses),
    )


def of_kraken(told: Told) -> KeyRights | None:
    may = _names(told.get("permissions"))
    if may is None:
        return None
    addresses = told.get("ip_allowlist")
    return KeyRights(
        trade="modify-trades" in may,
        withdraw=bool(may & {"withdraw-funds", "add-withdraw-address", "update-withdraw-address"}),
        transfer="earn-funds" in may,
        bound=None if addresses is None else bool(addresses),
    )


def of_bingx(told: Told) -> KeyRights | None:
    """Numbers: 1 spot, 2 reading, 3 contracts, 4 universal transfer, 5 withdrawal, 7 transfers of sub-accounts."""
    may = _names(told.get("permissions"))
    if may is None:
        return None
    addresses = told.get("ipAddresses")
    return KeyRights(
        trade="1" in may,
        withdraw="5" in may,
        transfer=bool(may & {"4", "7"}),
        margin="3" in may,
        bound=None if addresses is None else bool(addresses),
    )


def _any(told: Told, names: Iterable[str]) -> bool | None:
    """None unless at least one of them is told."""
    found = [bool(told[name]) for name in names if name in told]
    return any(found) if found else None


def _names(told: object) -> set[str] | None:
    return {str(one) for one in told} if isinstance(told, list) and told else None
