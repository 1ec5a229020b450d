"""What the venue would not protect is not bought again: a list of stops that is full, a right that is missing or a type
of order that is not offered is the same the next time.

    refused once      nothing is entered in the instrument while the position lasts
    refused again     barred, and the owner is called: the position stays and is watched here, its stop is tried again,
                      ever more slowly; it is sold for it only where its preset says so
    too large         for one stop, since the venue's cap has shrunk: barred, and the owner is called
    taken again       within 30 s the bar is off by itself (law 5: that long an unprotected position may last under one
                      fault); later only the owner lifts it, since by then he was needed

Without this a position whose stop was refused was sold, and bought again at the next signal: six times in 150 s (O26).
"""

from __future__ import annotations

from datetime import timedelta

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.draft import Draft
from engine.core.errors import Denied
from engine.core.ids import Symbol
from engine.core.ledger import Position, sellable
from engine.core.model import Instrument
from engine.core.money import ZERO, floor_to
from engine.core.state import TraderState

BAR_AFTER = 2
"""Refusals in a row: a single one may be a price that fell through the stop while it was on its way."""
BY_ITSELF = timedelta(seconds=30)


def denies(state: TraderState, symbol: Symbol) -> str:
    """Why nothing is entered in an instrument, empty where nothing speaks against it."""
    if symbol in state.barred:
        return f"a position in {symbol} could not be protected: {state.barred[symbol].reason}"
    its = (state.positions[one] for one in state.positions_in.get(symbol, ()))
    return f"the stop of a position in {symbol} is refused" if any(one.stop_refusals for one in its) else ""


def stop_refused(draft: Draft, position: Position, count: int, reason: str) -> None:
    """The `count`-th refusal in a row."""
    if count >= BAR_AFTER:
        _bar(draft, position, reason)


def stop_wanted(draft: Draft, position: Position) -> None:
    """One stop takes less than the position holds, since the venue's cap has shrunk (O27): the rest is watched here
    alone, and only the owner can say whether that is enough."""
    rules = draft.market.instruments.get(position.symbol)
    if rules is not None and _is_too_large(position, rules):
        most = f"{sellable(position, rules)} {rules.base}"
        words = (
            f"The venue takes at most {most} in one stop: what a position holds above that is watched here."
        )
        bar = draft.state.barred.get(position.symbol)
        known = bar.reason if bar is not None else draft.state.answered.get(position.symbol)
        if known != words:  # barred for something else, it was not told yet
            draft.emit(f.EntriesBarred(draft.at, position.symbol, position.id, words))


def _is_too_large(position: Position, rules: Instrument) -> bool:
    return sellable(position, rules) < floor_to(position.quantity, rules.lot)


def closing(draft: Draft, position: Position, hit_its_stop: bool) -> None:
    """A position whose stop is refused ends. One that fell through its stop while the first try was refused is no sign
    of anything; a sale by hand explains what was refused."""
    if position.stop_refusals and not (hit_its_stop and position.stop_refusals == 1):
        _bar(draft, position, "its stop was refused until it was closed")
    bar = draft.state.barred.get(position.symbol)
    all_by_hand = ZERO < position.left <= position.sold_outside
    if all_by_hand and bar is not None and bar.position_id == position.id:
        draft.emit(f.EntriesAllowed(draft.at, position.symbol, "sale"))


def stop_works(draft: Draft, symbol: Symbol) -> None:
    """The venue has taken a stop there."""
    bar = draft.state.barred.get(symbol)
    if bar is None or draft.at - bar.since >= BY_ITSELF:
        return
    position, rules = draft.state.positions.get(bar.position_id), draft.market.instruments.get(symbol)
    covered = position is None or rules is None or not _is_too_large(position, rules)
    if covered:
        draft.emit(f.EntriesAllowed(draft.at, symbol, "venue"))


def allow(draft: Draft, command: i.AllowEntries) -> None:
    """The owner's answer. Raises Denied."""
    if command.symbol not in draft.state.barred:
        raise Denied(f"nothing keeps {command.symbol} from being bought")
    draft.emit(f.EntriesAllowed(draft.at, command.symbol, command.by))


def _bar(draft: Draft, position: Position, reason: str) -> None:
    if position.symbol not in draft.state.barred:
        draft.emit(f.EntriesBarred(draft.at, position.symbol, position.id, reason))
