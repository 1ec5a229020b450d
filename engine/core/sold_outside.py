"""Coins that the account is said to lack: when that is believed, and how what the owner sold himself is booked.

One answer of the venue proves nothing: balances came without a coin for seconds while a stop of ours held all of it
there (A12). So a second answer of another kind has to agree before a position is lessened (law 17):

- an execution of the owner's own that sold it: booked with its price and fee, no more than it tells (A15), or
- that nothing of ours holds the coin any more, and the venue itself ended or refused our order to sell it.

Until then the position stays, with its stop and in the books; nothing is entered there, and the owner is told. Coins
that are in another account of his (A13) are his still: told, and never written off. While those can't be
asked, only an execution is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.core import facts as f
from engine.core.draft import Draft
from engine.core.facts import Doubt
from engine.core.ids import Coin, base_of, is_ours
from engine.core.ledger import Position, fee_value
from engine.core.model import Fill, Side, VenuePicture
from engine.core.money import ZERO, Price, Quantity, Quote, divided, floor_digits, floor_to
from engine.core.on_orders import NOT_BY_US
from engine.core.orders import OrderStatus, Purpose
from engine.core.pursue import pursue
from engine.core.reconcile import Shortfall
from engine.core.state import OngoingShortfall

CONFIRMED = timedelta(seconds=5)
"""A shortfall that lasts for so long is no picture taken in mid-move (A1)."""
LISTED_LATE = timedelta(seconds=20)
"""How long an execution may be missing from the venue's list; what it would tell is not estimated before."""
PARTLY_ELSEWHERE = timedelta(minutes=2)
"""The same while some of the coin is in another account: that alone may be why an order for it was refused."""
AGREED_BEFORE = timedelta(minutes=1)
"""An execution this much older than the last agreement of books and account explains nothing that is missing now."""
LACKING = re.compile(
    r"(insufficient|not enough)(?!.*\bmargin\b).*\b(balance|funds?)\b|\bbalance\b.*\binsufficient\b"
    rf"|{re.escape(NOT_BY_US)}$"
)
"""What all our venues say when coins are missing, and what we say when one ended an order of ours without a word. Not
what they say of permissions, liquidity or how many orders there may be: that proves nothing of the coins."""
PRICE_DIGITS = 12
"""Significant digits of a share of a fee, and of a price where the venue's tick is not known: no step is small enough
for every coin."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A part of an execution of the owner's own that no position of ours was lessened by yet."""

    fill: Fill
    left: Quantity


def on_shortfall(draft: Draft, short: Shortfall, picture: VenuePicture, certain: bool) -> None:
    """First told, then believed as far as a second answer agrees. Not while it is uncertain whether orders of ours sold
    it (`certain`), since their fills would then count on top."""
    doubt = _doubt(short, picture)
    known = draft.state.shortfalls.get(short.coin)
    if known is None or (known.theirs, known.doubt) != (short.theirs, doubt):
        draft.emit(f.ShortfallSeen(draft.at, short.coin, short.ours, short.theirs, doubt))
    elif certain and doubt.is_open and draft.at - known.since >= CONFIRMED:
        _believe(draft, short, picture, known)


def _doubt(short: Shortfall, picture: VenuePicture) -> Doubt:
    if short.contradicted:
        return Doubt.LOCKED
    if picture.elsewhere is None:
        return Doubt.NOT_ASKED
    if _missing(short, picture) <= ZERO:
        return Doubt.ELSEWHERE
    return Doubt.NOT_PROVEN if picture.all_asked else Doubt.NOT_ASKED


def _missing(short: Shortfall, picture: VenuePicture) -> Quantity:
    """What is in no account of the owner's: never more than this is written off."""
    elsewhere = (picture.elsewhere or {}).get(short.coin, ZERO)
    return Quantity(short.ours - short.theirs - elsewhere)


def _believe(draft: Draft, short: Shortfall, picture: VenuePicture, known: OngoingShortfall) -> None:
    missing = _missing(short, picture)
    for sale in _sales(draft, short.coin, picture, known):
        missing = _take(draft, short.coin, missing, sale)
    asked = picture.elsewhere is not None and picture.all_asked
    patience = PARTLY_ELSEWHERE if (picture.elsewhere or {}).get(short.coin) else LISTED_LATE
    if missing > ZERO and asked and draft.at - known.since >= patience and _gone_by_itself(draft, short):
        missing = _take(draft, short.coin, missing, None)
    if missing <= ZERO and _missing(short, picture) == short.ours - short.theirs:
        draft.emit(f.ShortfallOver(draft.at, short.coin))


def _sales(draft: Draft, coin: Coin, picture: VenuePicture, known: OngoingShortfall) -> Iterator[Sale]:
    """The owner's own executions that sold the coin since our books and the account last agreed, oldest first."""
    its = (one for one in draft.state.positions.values() if base_of(one.symbol) == coin)
    opened = min((one.opened_at for one in its if one.opened_at is not None), default=known.since)
    since = max(opened, known.agreed_at or opened)
    for fill in sorted(picture.fills, key=lambda one: one.at):
        sold = base_of(fill.symbol) == coin and fill.side is Side.SELL and not is_ours(fill.client_order_id)
        left = Quantity(fill.quantity - draft.state.outside_sales.get((fill.symbol, fill.id), ZERO))
        if sold and left > ZERO and fill.at >= since - AGREED_BEFORE:
            yield Sale(fill, left)


def is_behind(draft: Draft, picture: VenuePicture) -> bool:
    """Whether books and account agree although the owner sold of a coin that we hold, a while ago: that sale is
    accounted for. Unless it is written down that they agreed since, it would be taken as the proof of whatever is
    missing in the minutes after it, and a wrong balance would cost a position."""
    agreed, held = draft.state.reconciled_at, {base_of(one.symbol) for one in draft.state.positions.values()}
    return agreed is not None and any(
        base_of(one.symbol) in held
        and one.side is Side.SELL
        and not is_ours(one.client_order_id)
        and agreed - AGREED_BEFORE <= one.at < draft.at - AGREED_BEFORE
        for one in picture.fills
    )


def _gone_by_itself(draft: Draft, short: Shortfall) -> bool:
    """No order of ours holds the coin at the venue, and it was the venue that ended the last one, or refused it for the
    lack of coins: that is its word on the orders, beside the one on the balances."""
    if short.locked > ZERO:
        return False
    its = [one for one in draft.state.positions.values() if base_of(one.symbol) == short.coin]
    return any(_lacks_coins(one.refused_for) for one in its if one.stop_refusals or one.exit_refusals)


def _lacks_coins(reason: str) -> bool:
    """A venue that takes no stop at all, or not of this size, says nothing of the coins."""
    return LACKING.search(reason.casefold()) is not None


def _take(draft: Draft, coin: Coin, missing: Quantity, sale: Sale | None) -> Quantity:
    """Lessen the newest positions first, by the sale or by an estimate; what is still missing after it."""
    left = sale.left if sale else missing
    for position in reversed(list(draft.state.positions.values())):
        taken = Quantity(min(missing, left, position.quantity))
        if base_of(position.symbol) != coin or taken <= ZERO:
            continue
        draft.emit(_reduced(draft, position, taken, sale))
        missing, left = Quantity(missing - taken), Quantity(left - taken)
        _resize_stop(draft, position)
    return missing


def _reduced(draft: Draft, position: Position, taken: Quantity, sale: Sale | None) -> f.PositionReduced:
    if sale is None:
        return f.PositionReduced(draft.at, position.id, taken, _last_price(draft, position))
    fill = sale.fill
    return f.PositionReduced(
        draft.at, position.id, taken, fill.price, fill.id, fill.symbol, _share_of_fee(draft, fill, taken)
    )


def _share_of_fee(draft: Draft, fill: Fill, taken: Decimal) -> Quote:
    """In parts that add up to exactly the fee once all of the sale is taken: a third has endless digits."""
    prices = draft.market.coin_prices(draft.state.quote)
    # Of the owner's own sale; in a coin that nobody prices here it is his affair, as the sale was.
    value, _ = fee_value(fill, draft.state.quote, prices)
    before = draft.state.outside_sales.get((fill.symbol, fill.id), ZERO)
    return Quote(_part(value, before + taken, fill.quantity) - _part(value, before, fill.quantity))


def _part(value: Decimal, taken: Decimal, whole: Decimal) -> Decimal:
    return value if taken == whole else floor_digits(divided(value * taken, whole), PRICE_DIGITS)


def _last_price(draft: Draft, position: Position) -> Price:
    """To the venue's tick: an average has endless digits, and money that is booked by it could not be told exactly.
    Never nothing: a tick that is not known, or has grown since, leaves it its first digits."""
    rules = draft.market.instruments.get(position.symbol)
    price = draft.market.price(position.symbol) or position.entry_price
    whole = ZERO if rules is None or not rules.tick else floor_to(price, rules.tick)
    return Price(whole or floor_digits(price, PRICE_DIGITS))


def _resize_stop(draft: Draft, position: Position) -> None:
    """A stop for more than is held would sell the owner's coins or be refused: it is placed anew."""
    for order in draft.state.orders_of(position.id):
        works = order.status is OrderStatus.WORKING and not order.cancel_wanted
        if order.purpose is Purpose.STOP and works:
            draft.emit(f.CancelIntended(draft.at, order.client_order_id, "the position was lessened"))
    pursue(draft, position.id)
