"""Takes the README's picture from the real page: `python docs/images/take.py` (needs Chromium; about two minutes).

It starts the demo, pairs, waits for a trade, asks for the home screen, positions and a chart, and photographs the page.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from sandbox.telegram.testing import Phone

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
    async with Phone(page_url.rstrip("/")) as phone:
        await phone.send(f"/start {code}")
        await phone.wait_for("closed", timeout=150)
        await phone.send("/positions")
        await asyncio.sleep(2)
        await phone.send("/chart BTC 1s")
        await asyncio.sleep(8)
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, scheme in (("chat", "light"), ("chat-dark", "dark")):
            view = await browser.new_page(
                viewport={"width": 430, "height": 900}, device_scale_factor=2, color_scheme=scheme
            )
            await view.goto(page_url)
            await view.wait_for_timeout(2500)
            await view.screenshot(path=HERE / f"{name}.png")
        await browser.close()


asyncio.run(main())
