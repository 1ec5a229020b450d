"""What the user stream calls an instrument: as we do, or it is not listened to.

The crash matrix found it: opened before the venue's rules were loaded, it told of BTCUSDT, and every fill was booked
a second time under that name.
"""

from __future__ import annotations

import pytest

from engine.core.inputs import FillSeen
from engine.core.model import Side
from tests.contract.exchange_ears import Ears
from tests.contract.exchange_venue import BTC, live
from tests.contract.test_exchanges import an_order
from tests.support.whole_desk import eventually

OURS = "pd" + "a" * 16
SPELLINGS = {"binance": "BTCUSDT", "bybit": "BTCUSDT", "okx": "BTC/USDT"}
"""What ccxt calls an instrument whose rules it does not know."""


@pytest.mark.parametrize("name", SPELLINGS)
async def test_a_stream_that_was_opened_first_tells_of_instruments_by_our_names(name: str) -> None:
    async with live(name) as venue:
        ears = Ears(venue)
        await ears.signed_in()
        await venue.exchange.submit(an_order(Side.BUY, "0.01"))

        async def told() -> bool:
            return bool(ears.fills and ears.orders)

        await eventually(told, "an order and a fill")
        named = {one.fill.symbol if isinstance(one, FillSeen) else one.report.symbol for one in ears.seen}
        assert named == {BTC}
        await ears.close()


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS.items())
async def test_what_is_told_before_the_rules_are_loaded_is_asked_for_instead(
    name: str, spelling: str
) -> None:
    async with live(name) as venue:
        ears = Ears(venue)
        await ears.signed_in()
        venue.running.do("order", instrument=BTC, side="BUY", type="MARKET", quantity="0.01", client_id=OURS)
        assert f"rules of {spelling} are not loaded" in await ears.broke()
        assert ears.seen == []
