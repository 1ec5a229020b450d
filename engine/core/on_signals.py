"""From a strategy's signal, or the owner's own wish, to an intent."""

from __future__ import annotations

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.errors import Denied
from engine.core.exits import distances
from engine.core.ids import PositionId, Symbol, client_order_id
from engine.core.model import Action, Direction, OrderType, Side, Signal, State
from engine.core.money import Quote
from engine.core.orders import Order, Purpose
from engine.core.pursue import next_intent, pursue
from engine.core.risk import Approved, Proposal, approve
from engine.core.settings import ExitRules, Preset, Size


def on_signal(draft: Draft, signal: Signal) -> None:
    """Each closed candle counts once for a preset and instrument; one that comes again or late is passed over."""
    preset = draft.settings.presets.get(signal.preset)
    last = draft.state.last_signals.get((signal.preset, signal.symbol))
    if preset is None or (last is not None and signal.candle_close <= last):
        return
    if signal.action is Action.EXIT:
        _exit(draft, signal)
    elif draft.state.state is State.RUNNING and draft.state.runs(preset.id):
        _enter(draft, preset, signal)


def _exit(draft: Draft, signal: Signal) -> None:
    """A strategy may always leave what it entered, paused or halted too: it lessens risk."""
    for position in list(draft.state.positions.values()):
        if (position.preset, position.symbol) == (signal.preset, signal.symbol):
            if not position.exit_reason:
                _taken(draft, signal)
                draft.emit(f.ExitWanted(draft.at, position.id, signal.reason, "strategy"))
            pursue(draft, position.id)


def _enter(draft: Draft, preset: Preset, signal: Signal) -> None:
    stop, take = distances(preset.exits, signal.price)
    proposal = Proposal(
        signal.symbol,
        signal.direction,
        preset.id,
        preset.size,
        preset.exits,
        signal.reason,
        signal.stop_distance or stop,
        signal.take_profit_distance or take,
        preset.max_positions,
    )
    try:
        approved = approve(draft, proposal)
    except Denied as why:
        draft.emit(
            f.SignalDenied(
                draft.at, signal.preset, signal.symbol, signal.action, signal.candle_close, str(why)
            )
        )
        return
    _taken(draft, signal)
    enter(draft, approved)


def _taken(draft: Draft, signal: Signal) -> None:
    draft.emit(
        f.SignalTaken(
            draft.at,
            signal.preset,
            signal.symbol,
            signal.action,
            signal.candle_close,
            signal.price,
            signal.reason,
        )
    )


def enter(draft: Draft, approved: Approved) -> None:
    """Plan the position, then intend its entry."""
    wish = approved.proposal
    limit = wish.exits.time_limit
    position_id = PositionId(f"p{draft.state.counter + 1}")
    draft.emit(
        f.PositionPlanned(
            draft.at,
            position_id,
            wish.symbol,
            wish.direction,
            wish.preset,
            wish.stop_distance,
            wish.take_profit_distance,
            wish.exits.trailing,
            int(limit.total_seconds()) if limit is not None else None,
        )
    )
    intent = next_intent(draft)
    order = Order(
        client_order_id(intent),
        intent,
        position_id,
        Purpose.ENTRY,
        wish.symbol,
        wish.direction.entry_side,
        OrderType.MARKET,
        approved.quantity,
        wish.direction,
        wish.preset,
        wish.reason,
        draft.at,
    )
    draft.emit(f.OrderIntended(draft.at, order))


def enter_by_hand(draft: Draft, symbol: Symbol, side: Side, value: Quote) -> None:
    """The owner's own entry, through the same checks and with the usual exits. Raises Denied."""
    if side is not Side.BUY:
        raise Denied("this venue trades spot: to sell, close a position")
    price = draft.market.fresh_price(symbol, draft.at)
    if price is None:
        raise Denied(f"no fresh price for {symbol}")
    exits = ExitRules()
    stop, take = distances(exits, price)
    wish = Proposal(symbol, Direction.LONG, None, Size(quote=value), exits, "by hand", stop, take)
    enter(draft, approve(draft, wish))
