"""What the simulation found in the desk, each told once more in a few lines."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from engine.account_watch import EVERY, SOON, AccountWatch
from engine.core import inputs as i
from engine.core.facts import Doubt, Trouble
from engine.core.ids import Coin, base_of
from engine.core.market import Market, equity
from engine.core.model import Balance
from engine.core.money import Quote
from engine.core.settings import TraderSettings
from engine.core.state import OngoingShortfall, OngoingTrouble, TraderState
from engine.exchanges.paper import PaperExchange
from engine.runner import Runner
from sandbox.simulation.loop import START, LoopClock, VirtualLoop
from storage.memory import MemoryJournal
from tests.support.builders import BTC, USDT, quantity, settings


def test_law_6_fees_paid_in_a_coin_that_nobody_watches_do_not_hide_equity() -> None:
    """After the first fill that was paid in BNB, equity was unknown for ever: no entry, and no daily loss seen."""
    state = TraderState(quote=USDT, holdings={USDT: Decimal(100), Coin("BNB"): Decimal("-0.01")})
    assert equity(state, Market()) == Quote(Decimal(100))


def test_law_15_a_held_coin_without_a_price_still_hides_equity() -> None:
    state = TraderState(quote=USDT, holdings={USDT: Decimal(100), base_of(BTC): Decimal("0.01")})
    assert equity(state, Market()) is None


def test_law_3_a_shortfall_is_looked_at_again_soon_and_not_at_the_next_regular_turn() -> None:
    """The pause was chosen before the runner had seen the picture: what the owner sold was noticed six minutes late."""
    loop = VirtualLoop()
    looks = loop.run_until_complete(_looks_within(EVERY, loop))
    loop.close()
    assert looks[1] - looks[0] < 2 * SOON


def test_law_3_money_that_comes_while_nothing_is_held_is_seen_within_a_minute() -> None:
    """A flat account was looked at every three minutes: a deposit right after a look was known that much later."""
    loop = VirtualLoop()
    paid_in = 2 * SOON
    looks = loop.run_until_complete(_looks_after_a_deposit(paid_in, loop))
    loop.close()
    # From then on again and again: this runner books nothing.
    assert 0 < looks[1] - paid_in < 60, "no whole look before its time but for the money"


def test_a_key_that_is_said_to_be_good_again_is_tried_within_a_minute() -> None:
    """Entries stayed denied until the next regular look, or until a restart."""
    loop = VirtualLoop()
    looks = loop.run_until_complete(_looks_after_a_lift(2 * SOON, loop))
    loop.close()
    assert len(looks) > 1
    assert looks[1] - 2 * SOON < 60


async def _looks_after_a_lift(moment: float, loop: VirtualLoop) -> list[float]:
    exchange = PaperExchange(LoopClock(loop), [], [Balance(USDT, Decimal(100))])
    runner = _Agrees(settings(), MemoryJournal(), LoopClock(loop), _Nobody())
    runner.state.quote, runner.state.holdings = USDT, {USDT: Decimal(100)}
    runner.state.troubles[Trouble.KEY_REFUSED, ""] = OngoingTrouble(START, START, "expired")
    runner.state.halted_at = START
    watch = AccountWatch(runner, exchange, lambda: (), LoopClock(loop))
    watch.begin()
    look = loop.create_task(watch.look())
    await asyncio.sleep(moment)
    assert len(runner.looks) == 1, "while it is halted it is not asked about more often"
    runner.state.halted_at = None
    await asyncio.sleep(59)
    look.cancel()
    return runner.looks


async def _looks_after_a_deposit(moment: float, loop: VirtualLoop) -> list[float]:
    exchange = PaperExchange(LoopClock(loop), [], [Balance(USDT, Decimal(100))])
    runner = _Agrees(settings(), MemoryJournal(), LoopClock(loop), _Nobody())
    runner.state.quote, runner.state.holdings = USDT, {USDT: Decimal(100)}
    watch = AccountWatch(runner, exchange, lambda: (), LoopClock(loop))
    watch.begin()
    look = loop.create_task(watch.look())
    await asyncio.sleep(moment)
    exchange.restore([Balance(USDT, Decimal(150))], [])
    await asyncio.sleep(59)
    look.cancel()
    return runner.looks


class _Agrees(Runner):
    """A runner that has nothing to put right."""

    def __init__(self, settings: TraderSettings, *rest: object) -> None:
        super().__init__(settings, *rest)  # type: ignore[arg-type]
        self.looks: list[float] = []

    def put(self, input: i.Input) -> None:
        self.looks.append((input.at - START).total_seconds())


async def _looks_within(seconds: float, loop: VirtualLoop) -> list[float]:
    runner = _Believes(settings(), MemoryJournal(), LoopClock(loop), _Nobody())
    watch = AccountWatch(runner, PaperExchange(LoopClock(loop)), lambda: (), LoopClock(loop))
    watch.begin()
    look = loop.create_task(watch.look())
    await asyncio.sleep(seconds)
    look.cancel()
    return runner.looks


class _Believes(Runner):
    """A runner that takes a moment to see that coins are missing."""

    def __init__(self, settings: TraderSettings, *rest: object) -> None:
        super().__init__(settings, *rest)  # type: ignore[arg-type]
        self.looks: list[float] = []

    def put(self, input: i.Input) -> None:
        self.looks.append((input.at - START).total_seconds())
        missing = OngoingShortfall(quantity("0"), input.at, None, Doubt.NOT_PROVEN)
        asyncio.get_running_loop().call_later(1, self.state.shortfalls.update, {base_of(BTC): missing})


class _Nobody:
    def wake(self) -> None:
        """Nobody is sent anything."""
