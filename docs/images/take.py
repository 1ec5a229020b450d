"""Takes the README's pictures from the real page: `python docs/images/take.py` (needs Chromium; two minutes).

It starts the demo, pairs, waits for a trade, asks for a chart, and photographs the page.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from sandbox.telegram.testing import Phone, PhoneError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
PAIRING = re.compile(r"(http://\S+/)\?start=(\w+)")


async def main() -> None:
    """Everything in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "demo", "--folder", f"{folder}/demo", "--seconds", "180"),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await _photograph(*await _pairing_of(demo))
        finally:
            demo.terminate()
            await demo.wait()


async def _pairing_of(demo: asyncio.subprocess.Process) -> tuple[str, str]:
    assert demo.stdout is not None
    async for line in demo.stdout:
        if found := PAIRING.search(line.decode()):
            return found.group(1), found.group(2)
    raise SystemExit("the demo ended before it could be paired")


async def _photograph(page_url: str, code: str) -> None:
    """A trade that earned something, if one comes within two minutes; then a chart."""
    async with Phone(page_url.rstrip("/")) as phone, async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        view = await browser.new_page(viewport={"width": 430, "height": 830}, device_scale_factor=1.5)
        await phone.send(f"/start {code}")
        try:
            await phone.wait_for("closed: ▲", timeout=120)
        except PhoneError:
            await phone.wait_for("closed", timeout=60)
        await _take(view, page_url, "chat")
        await phone.send("/chart BTC 4h")
        await phone.wait_for("over the candles shown", timeout=30)
        await _take(view, page_url, "chart")
        await browser.close()


async def _take(view: Page, page_url: str, name: str) -> None:
    await view.goto(page_url)
    await view.wait_for_timeout(1500)
    await view.screenshot(path=HERE / f"{name}.png")


asyncio.run(main())
