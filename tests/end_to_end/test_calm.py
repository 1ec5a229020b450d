"""How much is said of one outage: the real process, ten instruments, and a venue that is away for a while.

`POCKETDESK_OUTAGE_SECONDS=60 pytest -s tests/end_to_end/test_calm.py` is the outage in its full length; it prints the
counts. The short one has all that is said within the first seconds and at the return; what comes only later (stale
prices) is counted with a clock of its own in tests/unit/test_core_causes.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.support.live_desk import BOOK, KEYS, open_running_book
from tests.support.live_truth import read_facts
from tests.support.whole_desk import WholeDesk, eventually, whole_desk

AWAY = float(os.environ.get("POCKETDESK_OUTAGE_SECONDS", "6"))
COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "LINK", "AVAX", "DOGE")
TEN = [f"{coin}/USDT" for coin in COINS]
PRESET = (
    f'strategy = "steps"\nsymbols = {json.dumps(TEN)}\ntimeframes = ["1s"]\n'
    'size = { share = "5%" }\nexits = { stop_loss = "5%", take_profit = "off" }'
)


async def test_a_venue_that_is_away_with_ten_instruments_rings_once(tmp_path: Path) -> None:
    async with whole_desk(tmp_path, instruments=TEN) as desk:
        desk.write_config(preset=PRESET, connection=KEYS)
        await open_running_book(desk.database)
        bot = await desk.paired()
        await desk.until_fact("Reconciled")
        await desk.position()
        before, lines = len(await desk.phone.messages()), len(bot.said().splitlines())
        await desk.market.go_away()
        alarm = await desk.told("The venue can't be reached")
        await asyncio.sleep(AWAY - 4)  # the length of the outage is what is tried
        assert "🟢" not in (await desk.ask("/start", "Pocketdesk")).text
        assert "✅" not in (await desk.ask("/health", "This program")).text
        await desk.market.come_back()
        await desk.told("Over: The venue can't be reached")
        await _well_again(desk)
        new = [
            one for one in (await desk.phone.messages())[before:] if one.by_bot and one.text[:1] in "⚠✅🚨🛑"
        ]
        ringing = [one.text for one in new if not one.silent]
        logged = bot.said().splitlines()[lines:]
        counts = f"ringing {len(ringing)}, messages {len(new)}, log lines {len(logged)}"
        sys.stdout.write(f"\naway for {AWAY:g} s: {counts}\n")
        assert ringing == [alarm.text]
        assert [one.text.partition(".")[0] for one in new if one.silent] == [
            "✅ Over: The venue can't be reached"
        ]
        assert len(logged) < 100


async def _well_again(desk: WholeDesk) -> None:
    """Nothing is left of the outage: books compared, candles fetched, prices there."""

    async def look() -> bool:
        facts = read_facts(desk.database, BOOK)
        kinds = [type(one).__name__ for one in facts]
        return kinds.count("TroubleBegan") > 1 and "⚠️" not in (await desk.ask("/start", "Pocketdesk")).text

    await eventually(look, "a desk without troubles", pause=0.5)
