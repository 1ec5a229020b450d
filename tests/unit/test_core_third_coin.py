"""Fees in a third coin are valued by its price when that is seen, and told where it never is (A17, law 15)."""

from __future__ import annotations

from decimal import Decimal

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.ids import Coin, Symbol
from engine.core.model import Fee, VenueStatus
from engine.core.money import ZERO
from engine.core.orders import Purpose
from tests.support.builders import fill, report, ticker
from tests.support.desk import Desk
from tests.support.scenes import hanging

BNB = Coin("BNB")
BNB_USDT = Symbol("BNB/USDT")
FEE = Fee(Decimal("0.00833333"), BNB)


def bought() -> Desk:
    """0.1 BTC for 5,000 USDT, with a fee in a coin that nobody trades here; a stop is on its way."""
    desk, order = hanging()
    name = order.client_order_id
    one = fill(name, "0.1", "50000", fees=(FEE,))
    desk.give(i.OrderSeen(desk.now, report(name, VenueStatus.CANCELLED, "0.1", one)))
    return desk


def test_a17_fee_in_third_coin_is_unknown_until_a_price_is_seen_and_then_counted_once() -> None:
    """ "fee-in-third-coin": it counted as nothing."""
    desk = bought()
    assert (desk.position.fees, desk.position.unpriced[0].amount) == (ZERO, FEE.amount)
    for _ in range(2):
        desk.price(BNB_USDT, "600")
    assert desk.position.fees == desk.position.entry_fees == FEE.amount * 600
    assert not desk.position.unpriced
    assert not desk.state.unpriced
    (priced,) = desk.of(f.FeesPriced)
    assert priced.value == FEE.amount * 600


def test_a17_the_result_has_the_fees_of_both_ways() -> None:
    """ "fee-in-third-coin": bought and sold for the same money, it costs 10.00."""
    desk = bought()
    desk.give(i.PriceSeen(desk.now, ticker(BNB_USDT, "600", desk.now)))
    closed = sold(desk)
    assert closed.profit.quantize(Decimal("0.01")) == Decimal("-10.00")
    assert closed.fees.quantize(Decimal("0.01")) == Decimal("10.00")
    assert closed.unpriced == ()


def test_a17_without_a_price_the_result_says_what_is_not_in_it() -> None:
    """ "fee-in-third-coin": where the price can't be had."""
    desk = bought()
    closed = sold(desk)
    assert (closed.profit, *closed.unpriced) == (ZERO, Fee(FEE.amount * 2, BNB))
    assert not desk.state.unpriced
    (told,) = [one for one in desk.notices if one.kind == "position_closed"]
    assert told.data["unpriced"] == "0.01666666 BNB"


def test_a17_a_price_in_another_coin_prices_nothing() -> None:
    desk = bought()
    desk.price(Symbol("BNB/EUR"), "550")
    assert desk.position.unpriced


def test_a17_after_a_restart_the_fee_still_waits_for_its_price() -> None:
    desk = bought()
    desk.crash()
    desk.price(BNB_USDT, "600")
    assert desk.position.fees == FEE.amount * 600


def test_a17_what_is_owed_for_fees_is_no_flow_of_the_quote_coin() -> None:
    """ "fee-in-third-coin": the owner's BNB paid, not the account's money."""
    desk = bought()
    desk.price(BNB_USDT, "600")
    assert desk.state.holdings[BNB] == -FEE.amount
    assert not desk.of(f.BalanceFlowed)


def sold(desk: Desk) -> f.PositionClosed:
    """All of it, by the stop, at the price that was paid and with the same fee."""
    stop = desk.order(Purpose.STOP)
    out = fill(stop.client_order_id, "0.1", "50000", side=stop.side, id_="out", fees=(FEE,))
    desk.give(i.OrderSeen(desk.now, report(stop.client_order_id, VenueStatus.FILLED, "0.1", out)))
    (closed,) = desk.of(f.PositionClosed)
    return closed
