"""What a key may do, as each venue tells it, and what the list before going live says of it (law 14)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.ids import Coin, ConnectionId
from engine.core.model import Balance
from engine.core.money import ZERO
from engine.exchanges import key_rights
from engine.exchanges.key_rights import KeyRights
from engine.going_live import KeyReport
from tests.support.builders import BTC, preset, settings
from tests.support.engine_world import Engine, until

MAIN = ConnectionId("main")
ONE = settings(preset(symbols=(BTC,)))

ALL = KeyRights(True, True, True, True, False)
CAREFUL = KeyRights(True, False, False, False, True)
BINANCE = {"enableSpotAndMarginTrading": True, "enableWithdrawals": False, "ipRestrict": True}
BYBIT = {
    "readOnly": 0,
    "ips": ["1.2.3.4"],
    "permissions": {"Spot": ["SpotTrade"], "Wallet": [], "ContractTrade": []},
}


@pytest.mark.parametrize(
    ("read", "told", "found"),
    [
        (
            key_rights.of_binance,
            BINANCE | {"enableMargin": False, "permitsUniversalTransfer": False},
            CAREFUL,
        ),
        (
            key_rights.of_binance,
            BINANCE
            | {
                "enableWithdrawals": True,
                "enableFutures": True,
                "enableInternalTransfer": True,
                "ipRestrict": False,
            },
            ALL,
        ),
        (key_rights.of_bybit, BYBIT, CAREFUL),
        (
            key_rights.of_bybit,
            BYBIT
            | {
                "ips": ["*"],
                "permissions": {
                    "Spot": ["SpotTrade"],
                    "Wallet": ["AccountTransfer", "Withdraw"],
                    "ContractTrade": ["Order"],
                },
            },
            ALL,
        ),
        (key_rights.of_bybit, BYBIT | {"readOnly": 1}, KeyRights(False, False, False, False, True)),
        (key_rights.of_okx, {"perm": "read_only,trade", "ip": "1.2.3.4"}, KeyRights(True, False, bound=True)),
        (
            key_rights.of_okx,
            {"perm": "read_only,withdraw,trade", "ip": ""},
            KeyRights(True, True, bound=False),
        ),
        (key_rights.of_okx, {"perm": "read_only"}, KeyRights(False, False)),
        (key_rights.of_kucoin, {"permission": "General, Spot", "ipWhitelist": "1.2.3.4"}, CAREFUL),
        (
            key_rights.of_kucoin,
            {"permission": "General,Spot,Margin,InnerTransfer,Withdrawal", "ipWhitelist": ""},
            ALL,
        ),
        (key_rights.of_kucoin, {"permission": "General"}, KeyRights(False, False, False, False)),
        (key_rights.of_kucoin, {}, None),
        (
            key_rights.of_kraken,
            {"permissions": ["query-funds", "modify-trades"], "ip_allowlist": ["1.2.3.4"]},
            KeyRights(True, False, False, None, True),
        ),
        (
            key_rights.of_kraken,
            {"permissions": ["modify-trades", "withdraw-funds", "earn-funds"], "ip_allowlist": []},
            KeyRights(True, True, True, None, False),
        ),
        (key_rights.of_kraken, {"permissions": {"orders": "read"}}, None),
        (key_rights.of_bingx, {"permissions": [1, 2], "ipAddresses": ["1.2.3.4"]}, CAREFUL),
        (key_rights.of_bingx, {"permissions": [1, 3, 4, 5], "ipAddresses": []}, ALL),
        (key_rights.of_bingx, {"msg": "what"}, None),
    ],
)
def test_each_venue_is_read_as_it_tells(read: Any, told: dict[str, Any], found: KeyRights | None) -> None:
    assert read(told) == found


async def listed(report: KeyReport) -> dict[str, tuple[bool, bool, str]]:
    engine = Engine(ONE)
    engine.key = report
    async with engine.running():
        await engine.push(BTC, "40000")
        await until(lambda: bool(engine.room.connections[0].runner.market.instruments), "the instruments")
        return {one.key: (one.ok, one.warns, one.detail) for one in await engine.desk.checklist(MAIN)}


async def test_law_14_what_a_key_may_do_besides_is_named_and_does_not_stand_in_the_way() -> None:
    money = (Balance(ONE.quote, ZERO + 10_000),)
    found = await listed(
        KeyReport(True, True, False, money, may_transfer=True, may_margin=True, is_bound=False)
    )
    for key, words in (("transfer", "move coins"), ("margin", "on margin"), ("address", "from everywhere")):
        ok, warns, detail = found[key]
        assert (ok, warns) == (True, True)
        assert words in detail
    quiet = await listed(
        KeyReport(True, True, False, money, may_transfer=None, may_margin=False, is_bound=True)
    )
    assert not {"transfer", "margin", "address"} & set(quiet)


async def test_m12_a_balance_that_could_not_be_read_is_told_and_never_zero() -> None:
    other = Balance(Coin("XYZ"), ZERO, told=False)
    ok, warns, detail = (
        await listed(KeyReport(True, True, False, (Balance(ONE.quote, ZERO + 10_000), other)))
    )["balance"]
    assert (ok, warns) == (True, True)
    assert detail.endswith("not read: XYZ")
    ok, _, detail = (await listed(KeyReport(True, True, False, (Balance(ONE.quote, ZERO, told=False),))))[
        "balance"
    ]
    assert not ok
    assert detail == f"what there is of {ONE.quote} could not be read: check again"
