"""Every check between a wish to enter and an intent. Only this file makes an `Approved`, and only an `Approved`
becomes an entry order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.core import entry_bar
from engine.core.draft import Draft
from engine.core.errors import Denied
from engine.core.exits import round_stop
from engine.core.facts import Breaker, Step, Trouble
from engine.core.ids import Coin, PresetId, Symbol, base_of
from engine.core.market import Market, equity
from engine.core.model import Direction, Instrument, Mode, OrderType, Side, State
from engine.core.money import ONE, ZERO, Price, Quantity, Quote
from engine.core.orders import OrderStatus
from engine.core.settings import ExitRules, Limits, Size, TraderSettings
from engine.core.sizing import after_entry_fee, below_minimum, quantity_for, wanted_value
from engine.core.state import TraderState

SLIPPAGE_RESERVE = Decimal("0.005")
"""A market buy may cost this much more than the last price: it is kept back from the free balance."""
BLIND_FOR = timedelta(minutes=15)
"""How long the last price of something that is held and went silent is good enough to enter elsewhere by."""

_BLOCKING = {
    Trouble.VENUE_UNREACHABLE: "the venue can't be reached",
    Trouble.CLOCK_OFF: "the clock is off",
    Trouble.STORAGE: "the database or disk is in trouble",
    Trouble.KEY_REFUSED: "the venue refuses the key",
    Trouble.RECONCILE_FAILED: "our books could not be held against the account",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wish to enter. Distances are quote per base from the entry price."""

    symbol: Symbol
    direction: Direction
    preset: PresetId | None
    size: Size
    exits: ExitRules
    reason: str
    stop_distance: Price
    take_profit_distance: Price | None
    max_positions: int | None = None


_SEAL = object()


@dataclass(frozen=True, slots=True)
class Approved:
    """A proposal that passed every check, with its quantity. Can't be made outside this file."""

    proposal: Proposal
    quantity: Quantity
    price: Price
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only risk.approve makes an Approved")


def approve(draft: Draft, proposal: Proposal) -> Approved:
    """Check a proposal against the connection's state and limits and size it. Raises Denied with the reason."""
    state, settings = draft.state, draft.settings
    _check_state(state, proposal.symbol)
    instrument = _tradable(draft.market, proposal.symbol, state.quote)
    price = draft.market.fresh_price(proposal.symbol, draft.at)
    if price is None:
        raise Denied(f"no fresh price for {proposal.symbol}")
    _check_prices(state, draft.market)
    _check_held(draft)
    _check_counts(state, settings, proposal)
    if proposal.direction is not Direction.LONG:
        raise Denied("this venue trades spot: a short is not possible")
    _check_stop(proposal, price, instrument)
    _check_stops_left(state, instrument)
    worth = equity(state, draft.market)
    if worth is None:
        raise Denied("equity is not known yet: a held coin has no price")
    # What the owner asks for by hand is meant as he says it: the factor is for presets.
    factor = settings.volume_factor if proposal.preset is not None else ONE
    wish = wanted_value(proposal.size, worth, price, proposal.stop_distance, factor)
    room = _room(draft, proposal.symbol, worth, instrument)
    quantity = quantity_for(min(wish, room), price, instrument)
    _check_minimum(quantity, price, proposal, instrument)
    return Approved(proposal, quantity, price, _SEAL)


def _check_state(state: TraderState, symbol: Symbol) -> None:
    if state.is_halted:
        raise Denied(f"halted: {state.halted}")
    if state.state is not State.RUNNING:
        raise Denied(f"the connection is {state.state}")
    for breaker in (Breaker.DAILY_LOSS, Breaker.DRAWDOWN):
        if state.steps.get(breaker, Step.CLEAR) in (Step.NO_ENTRIES, Step.HALT):
            raise Denied(f"{breaker.replace('_', ' ')} is at its no-entries step")
    if state.mode is Mode.LIVE and state.reconciled_at is None:
        raise Denied("our books were not held against the venue's yet")
    if base_of(symbol) in state.shortfalls:
        raise Denied(f"the account holds less {base_of(symbol)} than our positions")
    if why := entry_bar.denies(state, symbol):
        raise Denied(why)
    if words := blocked_by(state):
        raise Denied(words)
    if (Trouble.PRICES_STALE, symbol) in state.troubles or (Trouble.PRICES_STALE, "") in state.troubles:
        raise Denied(f"prices of {symbol} are stale")
    for order in state.orders.values():
        if order.symbol == symbol and order.status is OrderStatus.UNKNOWN:
            raise Denied(f"an order in {symbol} has an unknown outcome")


def blocked_by(state: TraderState) -> str:
    """The trouble that lets nothing be entered in any instrument, in words; empty when there is none."""
    return next((words for trouble, words in _BLOCKING.items() if (trouble, "") in state.troubles), "")


def _check_prices(state: TraderState, market: Market) -> None:
    """After a restart prices come one by one: until an order under way can be valued, no limit can be judged."""
    for order in state.orders.values():
        if order.side is Side.BUY and market.price(order.symbol) is None:
            raise Denied(f"an order in {order.symbol} is under way and its price is not known yet")


def _check_held(draft: Draft) -> None:
    """A last price that is old says less and less of what is held: by then nothing is added to it."""
    for symbol in draft.state.positions_in:
        seen = draft.market.seen_at.get(symbol)
        if seen is not None and draft.at - seen > BLIND_FOR:
            minutes = int(BLIND_FOR.total_seconds() // 60)
            raise Denied(f"{symbol} is held and had no new price for over {minutes} minutes")


def _check_stop(proposal: Proposal, price: Price, instrument: Instrument) -> None:
    if not ZERO < proposal.stop_distance < price:
        raise Denied(f"the stop would be {proposal.stop_distance} away from a price of {price}")
    if round_stop(Price(price - proposal.stop_distance), proposal.direction, instrument) >= price:
        raise Denied(
            f"the stop would be at the price itself: {proposal.symbol} moves in steps of {instrument.tick}"
        )


def _check_stops_left(state: TraderState, instrument: Instrument) -> None:
    """Its stop would be refused: the venue takes only so many in one instrument (O26)."""
    if instrument.max_stops is None:
        return
    resting = sum(
        order.symbol == instrument.symbol and order.type is OrderType.STOP for order in state.orders.values()
    )
    if resting >= instrument.max_stops:
        raise Denied(f"the venue takes no more stops in {instrument.symbol}: {instrument.max_stops} at most")


def _tradable(market: Market, symbol: Symbol, quote: Coin) -> Instrument:
    instrument = market.instruments.get(symbol)
    if instrument is None:
        raise Denied(f"{symbol} is not known at this venue")
    if not instrument.active:
        raise Denied(f"{symbol} is not traded at the moment")
    if instrument.quote != quote:
        raise Denied(f"{symbol} is paid in {instrument.quote}, this book counts in {quote}")
    return instrument


def _check_counts(state: TraderState, settings: TraderSettings, proposal: Proposal) -> None:
    positions = state.positions.values()
    if len(positions) >= settings.limits.open_positions:
        raise Denied(f"{len(positions)} positions are open, the limit is {settings.limits.open_positions}")
    of_preset = [one for one in positions if one.preset == proposal.preset]
    if any(one.symbol == proposal.symbol for one in of_preset):
        raise Denied(f"there is a position in {proposal.symbol} already")
    if proposal.max_positions is not None and len(of_preset) >= proposal.max_positions:
        raise Denied(f"the preset holds {len(of_preset)} positions, its limit is {proposal.max_positions}")


def exposure(state: TraderState, market: Market, symbol: Symbol | None = None) -> Quote:
    """What positions hold now and working entries may still buy, in quote; of one instrument or of all."""
    total = ZERO
    for position in state.positions.values():
        if symbol in (None, position.symbol):
            total += position.quantity * (market.price(position.symbol) or position.entry_price)
    return Quote(total + _reserved(state, market, symbol))


def _reserved(state: TraderState, market: Market, symbol: Symbol | None = None) -> Quote:
    """What orders that are under way to buy may still cost, or did and our books don't show it yet."""
    total = ZERO
    for order in state.orders.values():
        if order.side is Side.BUY and symbol in (None, order.symbol):
            total += order.outstanding * (order.price or market.price(order.symbol) or ZERO)
    return Quote(total)


def rooms(
    state: TraderState, market: Market, limits: Limits, symbol: Symbol, worth: Quote, instrument: Instrument
) -> dict[str, Quote]:
    """What each limit, and the free balance, still leave to be bought of `symbol` now, by its name in words.
    `worth`: the account's equity."""
    cost_factor = ONE + SLIPPAGE_RESERVE + instrument.taker_fee
    free = (state.holdings.get(state.quote, ZERO) - _reserved(state, market)) / cost_factor
    in_symbol = exposure(state, market, symbol)
    return {
        "the limit of one position": Quote(worth * limits.position),
        f"the exposure limit of {symbol}": Quote(worth * limits.instrument_exposure - in_symbol),
        "the limit of all exposure": Quote(worth * limits.total_exposure - exposure(state, market)),
        "the free balance": Quote(free),
    }


def _room(draft: Draft, symbol: Symbol, worth: Quote, instrument: Instrument) -> Quote:
    """The most that may be bought now: the tightest of all limits and of the free balance."""
    found = rooms(draft.state, draft.market, draft.settings.limits, symbol, worth, instrument)
    name, room = min(found.items(), key=lambda item: item[1])
    if room <= ZERO:
        raise Denied(f"{name} is used up")
    return room


def _check_minimum(quantity: Quantity, price: Price, proposal: Proposal, instrument: Instrument) -> None:
    """The entry passes the venue's minimum, and so would its stop, fee taken off, at the stop's price (O14)."""
    if why := below_minimum(quantity, price, instrument):
        raise Denied(why)
    at_stop = Price(price - proposal.stop_distance)
    if why := below_minimum(after_entry_fee(quantity, instrument), at_stop, instrument):
        raise Denied(f"its stop could not be placed: {why}")
