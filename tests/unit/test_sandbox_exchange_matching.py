"""The sandbox venue's matching, without any network: what fills, at what price, for what fee."""

from decimal import Decimal as D

import pytest

from sandbox.exchange.market.pairs import pair_for
from sandbox.exchange.matching.engine import Matching
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import (
    EventKind,
    OrderRequest,
    OrderType,
    Reason,
    Refusal,
    Side,
    Status,
    TimeInForce,
)

PAIR = pair_for("BTC/USDT", D(50_000))


def new_venue(fees: FeePolicy | None = None, **balances: str) -> Matching:
    """One account `me` in one market at 50,000 with 10 BTC passing at each step."""
    matching = Matching([PAIR, pair_for("BNB/USDT", D(500))], fees)
    chosen = balances or {"USDT": "100000", "BTC": "2"}
    matching.open_account("me", {coin: D(amount) for coin, amount in chosen.items()})
    matching.step("BNBUSDT", D(500), D(100), 1)
    matching.step("BTCUSDT", D(50_000), D(10), 1)
    return matching


def order(
    kind: OrderType, side: Side = Side.BUY, quantity: str | None = "0.1", **more: object
) -> OrderRequest:
    fields: dict[str, object] = {"client_id": f"{kind}-{side}", **more}
    return OrderRequest("BTCUSDT", side, kind, quantity=D(quantity) if quantity else None, **fields)  # type: ignore[arg-type]


def held(matching: Matching, coin: str) -> tuple[D, D]:
    account = matching.accounts["me"]
    return account.free(coin), account.locked(coin)


def test_a_market_buy_pays_the_ask_and_its_fee_in_the_coin_it_receives() -> None:
    matching = new_venue()
    events = matching.place("me", order(OrderType.MARKET), 2)
    assert [event.kind for event in events] == [EventKind.NEW, EventKind.TRADE]
    trade = events[-1].trade
    assert trade is not None
    assert (trade.price, trade.fee, trade.fee_coin, trade.maker) == (D("50005.00"), D("0.0001"), "BTC", False)
    assert held(matching, "BTC") == (D("2.0999"), D(0))
    assert held(matching, "USDT") == (D("94999.5"), D(0))


def test_a_sale_pays_its_fee_in_quote() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.MARKET, Side.SELL), 2)
    assert held(matching, "USDT") == (D(100_000) + D("49995") * D("0.1") * D("0.999"), D(0))


def test_fees_come_from_a_third_coin_while_there_is_enough_of_it() -> None:
    matching = new_venue(FeePolicy(coin="BNB"), USDT="100000", BNB="0.015")
    first, second = (
        matching.place("me", order(OrderType.MARKET, client_id=name), 2)[-1].trade for name in ("a", "b")
    )
    assert first is not None
    assert second is not None
    assert (first.fee_coin, first.fee) == ("BNB", D("0.01000100"))
    assert second.fee_coin == "BTC"


def test_a_large_market_order_walks_up_the_ladder() -> None:
    matching = new_venue(USDT="10000000")
    events = matching.place("me", order(OrderType.MARKET, quantity="10"), 2)
    prices = [event.trade.price for event in events if event.trade]
    assert len(prices) > 1
    assert prices == sorted(set(prices))
    assert events[-1].order.status is Status.FILLED


def test_what_was_taken_is_gone_until_the_next_step() -> None:
    matching = new_venue(USDT="10000000")
    request = order(OrderType.LIMIT, quantity="2", price=D("50005"), time_in_force=TimeInForce.IOC)
    taken = [matching.place("me", request, now)[-1].order.filled for now in (2, 3, 4)]
    assert taken == [D(2), D("0.5"), D(0)]
    matching.step("BTCUSDT", D(50_000), D(10), 5)
    assert matching.place("me", request, 6)[-1].order.filled == D(2)


def test_a_market_order_larger_than_the_ladder_expires_with_what_it_got() -> None:
    matching = new_venue(USDT="100000000")
    matching.step("BTCUSDT", D(50_000), D(1), 2)
    events = matching.place("me", order(OrderType.MARKET, quantity="100"), 2)
    last = events[-1].order
    assert events[-1].kind is EventKind.EXPIRED
    assert 0 < last.filled < 100
    assert held(matching, "USDT")[1] == 0


def test_an_amount_of_quote_buys_whole_steps_and_returns_the_rest() -> None:
    matching = new_venue()
    request = order(OrderType.MARKET, quantity=None, quote_quantity=D(1000))
    last = matching.place("me", request, 2)[-1].order
    assert last.status is Status.FILLED
    assert last.filled == D("0.01999")
    assert held(matching, "USDT") == (D(100_000) - D("0.01999") * D(50_005), D(0))


def test_a_resting_order_fills_in_parts_at_its_own_price_as_volume_passes() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.LIMIT, quantity="1", price=D(49_000)), 2)
    assert held(matching, "USDT") == (D(51_000), D(49_000))
    first = matching.step("BTCUSDT", D(48_900), D("0.4"), 3)
    assert (first[0].order.status, first[0].order.filled) == (Status.PARTIALLY_FILLED, D("0.4"))
    second = matching.step("BTCUSDT", D(49_000), D("5"), 4)
    assert (second[0].order.status, second[0].order.filled_quote) == (Status.FILLED, D(49_000))
    assert second[0].trade is not None
    assert second[0].trade.maker
    assert held(matching, "USDT") == (D(51_000), D(0))
    assert matching.open_orders() == []


def test_a_resting_order_is_left_alone_while_the_price_stays_away() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.LIMIT, price=D(49_000)), 2)
    assert matching.step("BTCUSDT", D("49000.01"), D(5), 3) == []


def test_better_prices_fill_first() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.LIMIT, price=D(49_000), client_id="low"), 2)
    matching.place("me", order(OrderType.LIMIT, price=D(49_500), client_id="high"), 3)
    events = matching.step("BTCUSDT", D(48_000), D("0.1"), 4)
    assert [event.order.client_id for event in events] == ["high"]


def test_a_limit_order_through_the_market_takes_and_gets_the_better_price() -> None:
    matching = new_venue()
    events = matching.place("me", order(OrderType.LIMIT, price=D(51_000)), 2)
    assert events[-1].order.status is Status.FILLED
    assert events[-1].order.filled_quote == D("5000.5")
    assert held(matching, "USDT") == (D("94999.5"), D(0))


def test_immediate_or_cancel_takes_what_is_there_and_expires() -> None:
    matching = new_venue(USDT="10000000")
    request = order(OrderType.LIMIT, quantity="5", price=D("50005"), time_in_force=TimeInForce.IOC)
    last = matching.place("me", request, 2)[-1]
    assert (last.kind, last.order.filled) == (EventKind.EXPIRED, D("2.5"))
    assert held(matching, "USDT")[1] == 0


def test_fill_or_kill_takes_all_or_nothing() -> None:
    matching = new_venue(USDT="10000000")
    request = order(OrderType.LIMIT, quantity="5", price=D("50005"), time_in_force=TimeInForce.FOK)
    last = matching.place("me", request, 2)[-1]
    assert (last.kind, last.order.filled) == (EventKind.EXPIRED, D(0))
    assert held(matching, "USDT") == (D(10_000_000), D(0))


def test_a_stop_loss_sleeps_until_its_price_and_then_sells_at_the_market() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.STOP_LOSS, Side.SELL, stop_price=D(49_000)), 2)
    assert held(matching, "BTC") == (D("1.9"), D("0.1"))
    assert matching.step("BTCUSDT", D("49000.01"), D(5), 3) == []
    events = matching.step("BTCUSDT", D(48_000), D(5), 4)
    assert events[-1].order.status is Status.FILLED
    assert events[-1].trade is not None
    assert events[-1].trade.price == D("47995.20")
    assert held(matching, "BTC") == (D("1.9"), D(0))


def test_a_stop_limit_that_is_jumped_over_rests_unfilled() -> None:
    matching = new_venue()
    request = order(OrderType.STOP_LOSS_LIMIT, Side.SELL, stop_price=D(49_000), price=D(48_900))
    matching.place("me", request, 2)
    events = matching.step("BTCUSDT", D(45_000), D(5), 3)
    assert [event.kind for event in events] == [EventKind.NEW]
    resting = matching.open_orders()[0]
    assert resting.working
    assert resting.filled == 0


def test_a_take_profit_sells_above() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.TAKE_PROFIT, Side.SELL, stop_price=D(51_000)), 2)
    assert matching.step("BTCUSDT", D(50_900), D(5), 3) == []
    assert matching.step("BTCUSDT", D(51_000), D(5), 4)[-1].order.status is Status.FILLED


def test_a_stop_that_buys_above_its_reservation_uses_free_coins_and_never_more() -> None:
    matching = new_venue(USDT="5110")
    matching.place("me", order(OrderType.STOP_LOSS, stop_price=D(51_000)), 2)
    events = matching.step("BTCUSDT", D(52_000), D(50), 3)
    assert events[-1].kind is EventKind.EXPIRED
    assert events[-1].order.filled == D("0.09825")
    assert held(matching, "USDT")[0] >= 0
    assert held(matching, "USDT")[1] == 0


def test_cancelling_frees_what_was_locked_once() -> None:
    matching = new_venue()
    placed = matching.place("me", order(OrderType.LIMIT, price=D(49_000)), 2)[0].order
    assert matching.cancel(placed, 3)[0].order.status is Status.CANCELED
    assert held(matching, "USDT") == (D(100_000), D(0))
    with pytest.raises(Refusal) as refused:
        matching.cancel(placed, 4)
    assert refused.value.reason is Reason.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        (order(OrderType.LIMIT, price=D("49000.001")), "PRICE_FILTER"),
        (order(OrderType.LIMIT, price=D(1000)), "PERCENT_PRICE_BY_SIDE"),
        (order(OrderType.MARKET, quantity="0.000001"), "LOT_SIZE"),
        (order(OrderType.MARKET, quantity="0.100001"), "LOT_SIZE"),
        (order(OrderType.MARKET, quantity="900001"), "MARKET_LOT_SIZE"),
        (order(OrderType.MARKET, quantity="0.00001"), "NOTIONAL"),
        (order(OrderType.STOP_LOSS, Side.SELL, "0.00011", stop_price=D(40_000)), "NOTIONAL"),
    ],
)
def test_filters(request_: OrderRequest, detail: str) -> None:
    matching = new_venue()
    with pytest.raises(Refusal) as refused:
        matching.place("me", request_, 2)
    assert (refused.value.reason, refused.value.detail) == (Reason.FILTER, detail)
    assert matching.orders() == []


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (order(OrderType.MARKET, quantity="3"), Reason.INSUFFICIENT_BALANCE),
        (order(OrderType.LIMIT, Side.SELL, "2.1", price=D(60_000)), Reason.INSUFFICIENT_BALANCE),
        (order(OrderType.LIMIT_MAKER, price=D(50_005)), Reason.WOULD_TAKE),
        (order(OrderType.STOP_LOSS, Side.SELL, stop_price=D(50_000)), Reason.WOULD_TRIGGER),
        (order(OrderType.TAKE_PROFIT, Side.SELL, stop_price=D(50_000)), Reason.WOULD_TRIGGER),
    ],
)
def test_refusals_change_nothing(request_: OrderRequest, reason: Reason) -> None:
    matching = new_venue()
    with pytest.raises(Refusal) as refused:
        matching.place("me", request_, 2)
    assert refused.value.reason is reason
    assert held(matching, "USDT") == (D(100_000), D(0))
    assert held(matching, "BTC") == (D(2), D(0))


def test_a_client_id_is_unique_among_open_orders_and_free_again_afterwards() -> None:
    matching = new_venue()
    request = order(OrderType.LIMIT, price=D(49_000))
    placed = matching.place("me", request, 2)[0].order
    with pytest.raises(Refusal) as refused:
        matching.place("me", request, 3)
    assert refused.value.reason is Reason.DUPLICATE_CLIENT_ID
    matching.cancel(placed, 4)
    matching.place("me", request, 5)
    assert matching.find("me", "BTCUSDT", None, request.client_id).id == placed.id + 1


def test_a_halted_instrument_takes_no_orders_and_fills_none() -> None:
    matching = new_venue()
    matching.place("me", order(OrderType.LIMIT, price=D(49_000)), 2)
    matching.set_trading("BTCUSDT", False)
    assert matching.step("BTCUSDT", D(40_000), D(5), 3) == []
    with pytest.raises(Refusal) as refused:
        matching.place("me", order(OrderType.MARKET), 4)
    assert refused.value.reason is Reason.MARKET_CLOSED


@pytest.mark.parametrize(
    ("price", "volume"), [("NaN", "1"), ("0", "1"), ("-1", "1"), ("1.001", "1"), ("1", "-1")]
)
def test_no_step_from_a_price_that_cannot_be(price: str, volume: str) -> None:
    with pytest.raises(ValueError, match="no market step"):
        new_venue().step("BTCUSDT", D(price), D(volume), 2)
