"""500 open positions in 500 instruments: how long one price each takes to check all exits, and a tick over all.

Run `python -m benchmarks.bench_exits`; the goal is 10 ms for one price each.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median
from time import perf_counter

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.evolve import restore
from engine.core.ids import ClientOrderId, Coin, ConnectionId, FillId, IntentId, PositionId, Symbol
from engine.core.market import Market
from engine.core.model import Direction, Fill, Instrument, Mode, OrderType, Side, Ticker
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.orders import Order, Purpose
from engine.core.settings import TraderSettings
from engine.core.state import TraderState
from engine.core.trader import decide

COUNT = 500
ROUNDS = 15
START = datetime(2024, 3, 1, 12, tzinfo=UTC)
USDT = Coin("USDT")
SETTINGS = TraderSettings(ConnectionId("main"), "paper", Mode.PAPER, USDT, {})


def _symbol(number: int) -> Symbol:
    return Symbol(f"C{number}/USDT")


def _position(number: int) -> list[f.AnyFact]:
    """Bought at 100 with stop, take profit, trailing and time limit; its stop works at the venue."""
    name, symbol, one = PositionId(f"p{number}"), _symbol(number), Quantity(Decimal(1))
    bought, resting = ClientOrderId(f"e{number}"), ClientOrderId(f"s{number}")
    entry = Order(
        bought, IntentId(bought), name, Purpose.ENTRY, symbol, Side.BUY, OrderType.MARKET, one,
        Direction.LONG, None, "", START,
    )  # fmt: skip
    stop = Order(
        resting, IntentId(resting), name, Purpose.STOP, symbol, Side.SELL, OrderType.STOP, one,
        Direction.LONG, None, "", START, stop_price=Price(Decimal(98)),
    )  # fmt: skip
    fill = Fill(FillId(bought), bought, symbol, Side.BUY, one, Price(Decimal(100)), (), START)
    far, two = Price(Decimal(30)), Price(Decimal(2))
    return [
        f.PositionPlanned(
            START, name, symbol, Direction.LONG, None, two, far, Ratio(Decimal("0.02")), 86400
        ),
        f.OrderIntended(START, entry),
        f.FillBooked(START, fill, name, Quote(Decimal(0))),
        f.PositionOpened(
            START, name, Price(Decimal(98)), Price(Decimal(130)), START + timedelta(days=1)
        ),
        f.OrderEnded(START, bought, stop.status.FILLED, one),
        f.OrderIntended(START, stop),
        f.OrderWorking(START, resting, None),
    ]  # fmt: skip


def desk() -> tuple[TraderState, Market]:
    """A state with COUNT open positions, and a market that has seen all their prices."""
    facts: list[f.AnyFact] = [
        f.BookOpened(START, SETTINGS.connection, Mode.PAPER, "bench", USDT, Quote(Decimal(10**6)))
    ]
    for number in range(COUNT):
        facts += _position(number)
    market = Market()
    listed = tuple(
        Instrument(_symbol(number), Coin(f"C{number}"), USDT, Decimal("0.01"), Decimal("0.001"))
        for number in range(COUNT)
    )
    market.see(i.InstrumentsSeen(START, listed))
    for price in _prices(START, "100"):
        market.see(price)
    return restore(facts), market


def _prices(at: datetime, last: str) -> list[i.PriceSeen]:
    return [i.PriceSeen(at, Ticker(_symbol(number), Price(Decimal(last)), at)) for number in range(COUNT)]


def _milliseconds(state: TraderState, market: Market, inputs: list[i.PriceSeen] | list[i.Input]) -> float:
    began = perf_counter()
    for one in inputs:
        market.see(one)
        state = decide(SETTINGS, state, market, one).state
    return (perf_counter() - began) * 1000


def measure() -> dict[str, float]:
    """Milliseconds, medians. `quiet`: one price each, no exit due; `trailing`: each pulls its stop; then one tick
    of the timer and one look at equity over all positions."""
    state, market = desk()
    at = START + timedelta(seconds=1)
    work: dict[str, list[i.Input]] = {
        "exits_500_prices_quiet_ms": [*_prices(at, "100.1")],
        "timer_tick_500_positions_ms": [i.TimerTicked(at)],
        "equity_500_positions_ms": [i.EquityDue(at)],
        "exits_500_prices_trailing_ms": [*_prices(at, "101")],
    }
    gc.collect()
    return {
        name: median(_milliseconds(state, market, inputs) for _ in range(ROUNDS))
        for name, inputs in work.items()
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:8.2f}")
