"""The demo as a new user has it: three processes, going live on the demo's own market, and a restart in between."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import aiohttp

from bot.demo_config import KEY
from sandbox.exchange.venue import DEMO_CLIENT
from tests.support.demo import RunningDemo, running_demo
from tests.support.live_truth import Owner
from tests.support.whole_desk import PATIENCE, button, eventually

_COMPARED = re.compile(r"is LIVE now(?s:.*)Books compared +\d")
OWNER = Owner(KEY, DEMO_CLIENT.balances["BTC"], {}, lot=Decimal("0.0001"))


async def pair(demo: RunningDemo) -> None:
    """The link is on the terminal, and in no log file (law 14)."""
    code = await demo.bot.pairing_code()
    await demo.phone.send(f"/start {code}")
    await demo.phone.wait_for("You are the owner", PATIENCE)
    logs = [*demo.database.parent.glob("*.log"), *(demo.database.parent / "logs").iterdir()]
    assert len(logs) >= 4
    assert code not in "".join(one.read_text(encoding="utf-8") for one in logs)


async def yes(demo: RunningDemo, text: str, done: str) -> None:
    """A command that wants to be confirmed, and its outcome."""
    asked = await demo.ask(text, lambda one: "Yes" in str(one.buttons))
    await demo.phone.press(asked, button(asked, "Yes"))
    await demo.phone.wait_for(done, PATIENCE)


async def flatten(demo: RunningDemo) -> None:
    """Paused, then everything sold."""
    await demo.ask("/pause", "paused")
    asked = await demo.ask("/flatten", lambda one: "Yes" in str(one.buttons) or "Nothing is held" in one.text)
    if "Yes" in str(asked.buttons):
        await demo.phone.press(asked, button(asked, "Yes"))

    async def flat() -> bool:
        return "No position" in (await demo.ask("/positions", "Open positions")).text

    await eventually(flat, "nothing open", pause=0.5)


async def go_live(demo: RunningDemo) -> None:
    """The checklist with the key tried, the typed word; it begins paused."""
    listed = await demo.ask("/live demo", lambda one: "Go live" in str(one.buttons))
    assert "Key: accepted" in listed.text
    await demo.phone.press(listed, button(listed, "Go live"))
    asked = await demo.phone.wait_for("write LIVE", PATIENCE)
    word = re.search(r"LIVE \d{4}", asked.text)
    assert word is not None
    live = await demo.ask(word[0], "demo is LIVE now")
    assert "paused" in live.text
    await demo.phone.wait_for(lambda one: bool(_COMPARED.search(one.text)), PATIENCE)


async def test_going_live_in_the_demo_with_a_restart_and_back_to_paper(tmp_path: Path) -> None:
    """The second run follows on one that was killed with everything it had started, as when the power goes."""
    folder = tmp_path / "demo"
    async with running_demo(folder, 1, OWNER) as demo:
        await pair(demo)
        await flatten(demo)
        await go_live(demo)
        await yes(demo, "/resume", "LIVE: running")
        await yes(demo, "/buy BTC 500", "filled")
        await demo.agreed()
        before = await demo.market.state()
        assert any(one["status"] == "NEW" and one["type"] == "STOP_LOSS" for one in before["orders"])
        await demo.end(kill=True)
    async with running_demo(folder, 2, OWNER) as demo:
        await demo.restarted()
        await demo.agreed()
        after = await demo.market.state()
        kept = {one["orderId"] for one in after["orders"]}
        assert {one["orderId"] for one in before["orders"]} <= kept
        assert {one["id"] for one in before["trades"]} <= {one["id"] for one in after["trades"]}
        leaving = await demo.ask("/live demo", lambda one: "Back to paper" in str(one.buttons))
        await demo.phone.press(leaving, button(leaving, "Back to paper"))
        await flatten(demo)
        await eventually(lambda: on_paper(demo), "the way back to paper", pause=0.5)
        await demo.agreed()
        await demo.end()
    (folder / "market.jsonl").write_bytes(b"torn")
    async with running_demo(folder, 3, OWNER) as demo:
        assert "`--fresh` begins everything anew" in await demo.bot.says("the market begins anew")
        await eventually(lambda: market_is_new(demo), "the market")


async def market_is_new(demo: RunningDemo) -> bool:
    try:
        return not (await demo.market.state())["orders"]
    except aiohttp.ClientError:
        return False  # it does not listen yet


async def on_paper(demo: RunningDemo) -> bool:
    return "PAPER" in (await demo.ask("/live", "demo")).text
