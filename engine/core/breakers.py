"""Daily loss and drawdown of equity: each in three steps, the last one a halt that latches (law 6).

One instrument without news must not hide what the others lose. So equity is judged as long as anything that is held
has a fresh price:

- An instrument that went silent counts at its last price. That neither invents a loss, which would latch a halt for
  an outage of a minute, nor hides one elsewhere; what it may hide of its own is bounded by its stop, which rests at
  the venue and whose fill comes by the account, not by the prices. It is trusted for `risk.BLIND_FOR`; after that
  nothing is entered anywhere on the connection until it is back, while losses elsewhere go on to be judged.
- One that was never priced since the start counts at its stop, the least that it is worth while the stop has not
  been filled; but only once the feed told that it is silent, since prices come one by one after a start.
- While nothing that is held has a fresh price there is nothing new to judge by, and no entry either.

The owner is called when an instrument goes silent: the feed's PRICES_STALE is a trouble that rings.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.ids import Coin, base_of
from engine.core.market import equity
from engine.core.money import ZERO, Price, Quote, Ratio, divided
from engine.core.settings import Limits, Steps
from engine.core.state import TraderState

MARK_EVERY = timedelta(seconds=60)
NEW_HIGH = Decimal("1.001")
"""A high-water mark this much above the stored one is written down at once, a smaller one with the next mark."""
RELEASE = Decimal("0.9")
"""A step is left once the figure is below this share of its limit, so that it doesn't flap."""

ORDER = (f.Step.CLEAR, f.Step.WARN, f.Step.NO_ENTRIES, f.Step.HALT)


def figures(state: TraderState, worth: Quote) -> dict[f.Breaker, Ratio]:
    """Loss since the day began and drawdown from the high-water mark, as shares; zero when in profit. With all money
    withdrawn they stay as they were: what was lost is neither more nor less by it (A14)."""
    now = worth if worth > ZERO or not state.drained else state.drained
    return {
        f.Breaker.DAILY_LOSS: _share_lost(state.day_mark, now),
        f.Breaker.DRAWDOWN: _share_lost(max(state.high_water, now), now),
    }


def _share_lost(before: Quote, now: Quote) -> Ratio:
    return Ratio(max(divided(before - now, before), ZERO)) if before > ZERO else Ratio(ZERO)


def limit_of(step: f.Step, steps: Steps) -> Ratio:
    """The threshold of a step; zero for `clear`."""
    if step is f.Step.WARN:
        return steps.warn
    if step is f.Step.NO_ENTRIES:
        return steps.no_entries
    return steps.halt if step is f.Step.HALT else Ratio(ZERO)


def step_for(figure: Ratio, steps: Steps, before: f.Step) -> f.Step:
    """The highest step that `figure` reaches; the one before is kept until the figure is well below its limit."""
    reached = max((step for step in ORDER if figure >= limit_of(step, steps)), key=ORDER.index)
    if ORDER.index(reached) < ORDER.index(before) and figure >= limit_of(before, steps) * RELEASE:
        return before
    return reached


def steps_of(breaker: f.Breaker, limits: Limits) -> Steps:
    return limits.daily_loss if breaker is f.Breaker.DAILY_LOSS else limits.drawdown


def mark(draft: Draft) -> None:
    """Look at equity: begin a day, move the breakers, write the mark down when it is due."""
    if not _anything_new(draft):
        return
    worth = equity(draft.state, draft.market, _at_their_stops(draft.state))
    if worth is None:
        return
    _begin_day(draft, worth)
    moves = _moves(draft, worth)
    if moves or _mark_due(draft, worth):
        cash = Quote(draft.state.holdings.get(draft.state.quote, ZERO))
        draft.emit(f.EquityMarked(draft.at, worth, cash))
    for move in moves:
        draft.emit(move)
        if move.step is f.Step.HALT and not draft.state.is_halted:
            words = move.breaker.replace("_", " ")
            draft.emit(
                f.HaltLatched(draft.at, move.breaker, f"{words} of {move.figure:.2%}, limit {move.limit:.2%}")
            )


def mark_now(draft: Draft) -> None:
    """Before what counts against equity as it is at that moment, a flow or a lifted halt: what was won or lost since
    the last mark is no part of it."""
    worth = equity(draft.state, draft.market, _at_their_stops(draft.state))
    if worth is not None and worth > ZERO and worth != draft.state.equity:
        cash = Quote(draft.state.holdings.get(draft.state.quote, ZERO))
        draft.emit(f.EquityMarked(draft.at, worth, cash))


def _anything_new(draft: Draft) -> bool:
    """Whether something that is held has a fresh price, or nothing is held (law 15)."""
    held = draft.state.positions_in
    return not held or any(draft.market.fresh_price(symbol, draft.at) for symbol in held)


def _at_their_stops(state: TraderState) -> dict[Coin, Price]:
    """What a coin counts at that has no price yet and is known to be silent: the lowest stop of its positions, or
    what was paid where there is none yet."""
    worst: dict[Coin, Price] = {}
    for position in state.positions.values():
        coin = base_of(position.symbol)
        if position.entered and (f.Trouble.PRICES_STALE, position.symbol) in state.troubles:
            least = position.stop or position.entry_price
            worst[coin] = min(worst.get(coin, least), least)
    return worst


def _begin_day(draft: Draft, worth: Quote) -> None:
    """Only forward: a clock set back doesn't begin a day anew, and with it the day's loss."""
    day = draft.at.date().isoformat()
    if day > draft.state.day:
        draft.emit(f.DayBegan(draft.at, day, worth))


def _moves(draft: Draft, worth: Quote) -> list[f.BreakerMoved]:
    moves = []
    for breaker, figure in figures(draft.state, worth).items():
        steps = steps_of(breaker, draft.settings.limits)
        before = draft.state.steps.get(breaker, f.Step.CLEAR)
        step = step_for(figure, steps, before)
        if step is not before:
            moves.append(f.BreakerMoved(draft.at, breaker, step, figure, limit_of(step, steps)))
    return moves


def _mark_due(draft: Draft, worth: Quote) -> bool:
    last = draft.state.equity_at
    return last is None or draft.at - last >= MARK_EVERY or worth > draft.state.high_water * NEW_HIGH
