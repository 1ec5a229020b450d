"""What the simulation found in the desk, each told once more in a few lines."""

from __future__ import annotations

from decimal import Decimal

from engine.core.ids import Coin, base_of
from engine.core.market import Market, equity
from engine.core.money import Quote
from engine.core.state import TraderState
from tests.support.builders import BTC, USDT


def test_law_6_fees_paid_in_a_coin_that_nobody_watches_do_not_hide_equity() -> None:
    """After the first fill that was paid in BNB, equity was unknown for ever: no entry, and no daily loss seen."""
    state = TraderState(quote=USDT, holdings={USDT: Decimal(100), Coin("BNB"): Decimal("-0.01")})
    assert equity(state, Market()) == Quote(Decimal(100))


def test_law_15_a_held_coin_without_a_price_still_hides_equity() -> None:
    state = TraderState(quote=USDT, holdings={USDT: Decimal(100), base_of(BTC): Decimal("0.01")})
    assert equity(state, Market()) is None
