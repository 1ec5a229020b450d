"""What can be bought by hand now, and why the rest can't: asked of the trader's own decision, nothing is sent.

What would be refused is not offered; it is named with its reason, so that nobody looks for it in vain.
"""

from __future__ import annotations

from decimal import Decimal

from bot.handlers.base import Services
from bot.handlers.preview import preview, room_of
from bot.screens.trading import Preview
from engine.core.ids import ConnectionId, Symbol
from engine.core.money import ONE, Price, ceil_to
from engine.core.settings import ExitRules
from engine.desk import ConnectionView

_CENT = Decimal("0.01")
_MOST = 3
"""Steps by which the least is raised where rounding to lots has made it a little too small."""


def why_not(services: Services, view: ConnectionView, symbol: Symbol) -> str:
    """The trader's refusal of the largest purchase that the limits leave; empty when it would be taken."""
    if symbol not in view.instruments:
        return f"{symbol} is not known at this venue"
    if symbol not in view.prices:
        return f"no fresh price for {symbol}"
    room = room_of(view, symbol)
    if room is None:
        return "equity is not known yet: a held coin has no price"
    value = room.left if room.left > 0 else ONE
    found = preview(view, symbol, value, services.now())
    return "" if isinstance(found, Preview) else found


def where(
    services: Services, symbol: Symbol, names: list[ConnectionId]
) -> tuple[list[ConnectionId], dict[ConnectionId, str]]:
    """The connections of `names` that would take it, and why the others that know it would not."""
    good, bad = [], {}
    for name in names:
        view = services.desk.view(name)
        if symbol in view.instruments:
            if why := why_not(services, view, symbol):
                bad[name] = why
            else:
                good.append(name)
    return good, bad


def takes(services: Services, view: ConnectionView, symbol: Symbol, value: Decimal) -> bool:
    return isinstance(preview(view, symbol, value, services.now()), Preview)


def least_of(services: Services, view: ConnectionView, symbol: Symbol, last: Price) -> Decimal | None:
    """The smallest amount (quote) that the venue takes, its stop included; None where the limits leave less."""
    rules = view.instruments[symbol]
    after_fee = ONE - rules.taker_fee
    at_stop = last * (ONE - ExitRules().stop_loss)
    sold = ceil_to(max(rules.min_quantity, rules.min_notional / at_stop), rules.lot)
    for step in range(_MOST):
        value: Decimal = ceil_to(ceil_to(sold / after_fee, rules.lot) * last + step * rules.lot * last, _CENT)
        if takes(services, view, symbol, value):
            return value
    return None
