"""A paper trade as the owner is told of it, step by step, on prices moved by hand and on real candles."""

from __future__ import annotations

from pathlib import Path

from sandbox.exchange.market.files import read_market
from sandbox.exchange.testing import running_venue
from sandbox.telegram.testing import SeenMessage
from tests.support.whole_desk import ROOT, WholeDesk, whole_desk

SHIPPED = ROOT / "tests" / "data" / "BTC_USDT-1h.csv"
REAL = ROOT.parent / "shared" / "market" / "BTC_USDT-1h.csv.gz"

QUICK = """strategy = "moving_average_cross"
symbols = ["BTC/USDT"]
timeframes = ["1s"]
parameters = { fast = 2, slow = 3, trend = 5 }
size = { share = "10%" }
exits = { stop_loss = "2%", take_profit = "3%" }"""


async def notices(desk: WholeDesk) -> list[SeenMessage]:
    """What was told without being asked, oldest first: everything that names its connection and mode."""
    return [one for one in await desk.phone.messages() if one.by_bot and " main · PAPER · " in one.text]


async def test_a_trade_is_two_messages_and_the_result_answers_the_entry(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        await desk.paired()
        await desk.position()
        await desk.told("rests at the venue")
        await desk.market.step(-1)
        closed = await desk.told("BTC/USDT closed:")
        entry, *more = [one for one in await notices(desk) if "BTC/USDT" in one.text]
        assert [one.id for one in more] == [closed.id], "a way out that is quick is told by its result"
        assert entry.text.startswith("✅ Buy BTC/USDT: filled")
        assert entry.silent, "fills make no sound"
        assert not closed.silent
        assert closed.reply_to is not None
        assert closed.reply_to.id == entry.id
        assert "USDT" in closed.text
        assert "%" in closed.text


async def test_a_trade_on_real_candles(tmp_path: Path) -> None:
    """As `make demo` plays them: one hour of the record in each second, real ones where they are present."""
    pair, tape, _ = read_market("BTC/USDT", REAL if REAL.is_file() else SHIPPED)
    async with whole_desk(tmp_path, preset=QUICK) as desk, running_venue(markets=[(pair, tape)]) as venue:
        desk.market.url = venue.base_url
        desk.write_config(preset=QUICK)
        await desk.paired()
        await desk.told("BTC/USDT closed:")
        # An hour lasts a second here: the entry's steps may still be held back when the result is there.
        told = await notices(desk)
        entry = next(one for one in told if one.text.startswith("✅ Buy BTC/USDT: filled"))
        closed = next(one for one in told if one.text.startswith("🏁 BTC/USDT closed:"))
        assert entry.id < closed.id
        assert closed.reply_to is not None
        assert closed.reply_to.id == entry.id
        trades = await desk.ask("/trades", "Trades")
        assert "BTC/USDT" in trades.text


async def test_a_stop_loss_closes_and_says_so_and_the_money_agrees(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk:
        bot = await desk.paired()
        await desk.position()
        await desk.market.step(-6)
        closed = await desk.told("BTC/USDT closed:")
        assert "stop loss" in closed.text
        balance = await desk.ask("/balance", "Balance")
        profit = await desk.ask("/profit", "Profit")
        assert "▼" in profit.text
        await bot.terminate()
        stored = await desk.stored()
        assert not stored.state.positions
        assert not stored.state.orders
        assert f"{stored.state.holdings[stored.state.quote]:,.2f} USDT" in balance.text
