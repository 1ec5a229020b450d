"""What the facts about equity change in the books; a part of `evolve`.

Losses are counted as a fund counts them, per share: money that comes or goes buys or redeems shares at their worth of
that moment, and moves nobody's loss. Instead of the number of shares the marks themselves are kept to scale: after a
flow that makes equity k times as large, each mark is k times as large, so that every share of loss stays what it was.
Without that, 50,000 paid into an account that lost 5.6 % would make it 0.9 %, and open entries (A14).
"""

from __future__ import annotations

from engine.core import facts as f
from engine.core.money import ZERO, Quote
from engine.core.state import TraderState


def marked(state: TraderState, fact: f.EquityMarked) -> None:
    state.equity, state.equity_at = fact.equity, fact.at
    state.high_water = max(state.high_water, fact.equity)


def day_began(state: TraderState, fact: f.DayBegan) -> None:
    state.day, state.day_equity = fact.day, fact.equity
    state.day_mark = state.drained or fact.equity


def flowed(state: TraderState, fact: f.BalanceFlowed) -> None:
    before, after = state.equity, Quote(state.equity + fact.value)
    base = before if before > ZERO else state.drained
    if base <= ZERO:  # the first money there ever was
        state.high_water = state.day_mark = after
    elif after > ZERO:
        state.high_water = Quote(state.high_water * after / base)
        state.day_mark = Quote(state.day_mark * after / base)
    state.drained = Quote(ZERO) if after > ZERO else base
    state.equity = after
    state.day_equity = Quote(state.day_equity + fact.value)


def halt_lifted(state: TraderState) -> None:
    """The owner accepts the loss so far: losses are counted anew, or the halt would latch again at once. The day's
    figure stays what it is."""
    state.high_water = state.day_mark = state.drained or state.equity
