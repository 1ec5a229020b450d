"""The paper venue's matching, case by case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.core.errors import Corrupt, Rejected
from engine.core.ids import ClientOrderId, Coin, IntentId, PositionId, Symbol
from engine.core.model import (
    Balance,
    Direction,
    Fee,
    Instrument,
    OrderReport,
    OrderRequest,
    OrderType,
    Side,
    Ticker,
    VenueStatus,
)
from engine.core.money import Price, Quantity, Quote, Ratio
from engine.core.orders import Order, OrderStatus, Purpose
from engine.exchanges.paper_book import KEPT_ENDED, PaperBook
from engine.exchanges.paper_rules import FeesIn, PaperRules

START = datetime(2024, 3, 1, tzinfo=UTC)
BTC = Symbol("BTC/USDT")
INSTRUMENT = Instrument(
    BTC,
    Coin("BTC"),
    Coin("USDT"),
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    min_quantity=Quantity(Decimal("0.001")),
    max_quantity=Quantity(Decimal(100)),
    min_notional=Quote(Decimal(5)),
    taker_fee=Decimal("0.001"),
    maker_fee=Decimal("0.0005"),
)
EXACT = PaperRules(slippage=Ratio(Decimal(0)), impact=Ratio(Decimal(0)))
"""No slippage: fills exactly at the touch."""


def d(value: str | int) -> Decimal:
    return Decimal(value)


def book(rules: PaperRules = EXACT, instrument: Instrument = INSTRUMENT, **money: str) -> PaperBook:
    balances = [Balance(Coin(coin), d(amount)) for coin, amount in (money or {"USDT": "10000"}).items()]
    return PaperBook([instrument], balances, rules)


def ticker(
    last: str, bid: str | None = None, ask: str | None = None, volume: str | None = None, symbol: Symbol = BTC
) -> Ticker:
    return Ticker(
        symbol,
        Price(d(last)),
        START,
        Price(d(bid)) if bid else None,
        Price(d(ask)) if ask else None,
        Quantity(d(volume)) if volume else None,
    )


def order(
    quantity: str,
    side: Side = Side.BUY,
    price: str | None = None,
    stop: str | None = None,
    id_: str = "pd1",
    symbol: Symbol = BTC,
) -> OrderRequest:
    kind = OrderType.LIMIT if price else OrderType.STOP if stop else OrderType.MARKET
    return OrderRequest(
        ClientOrderId(id_),
        symbol,
        side,
        kind,
        Quantity(d(quantity)),
        Price(d(price)) if price else None,
        Price(d(stop)) if stop else None,
    )


def held(venue: PaperBook, coin: str) -> Balance:
    return next(balance for balance in venue.balances() if balance.coin == coin)


def only(reports: list[OrderReport]) -> OrderReport:
    assert len(reports) == 1
    return reports[0]


# ── prices ────────────────────────────────────────────────────────────────────────────────


def test_a_market_buy_pays_the_ask_and_its_fee_in_the_base_coin() -> None:
    venue = book()
    venue.on_price(ticker("100", "99.9", "100.1"))
    report = venue.submit(order("2"), START)
    assert report.status is VenueStatus.FILLED
    assert report.filled == 2
    (fill,) = report.fills
    assert (fill.price, fill.quantity, fill.fees) == (d("100.1"), d(2), (Fee(d("0.002"), Coin("BTC")),))
    assert held(venue, "BTC") == Balance(Coin("BTC"), d("1.998"))
    assert held(venue, "USDT") == Balance(Coin("USDT"), d("9799.8"))


def test_a_market_sell_gets_the_bid_and_its_fee_in_the_quote_coin() -> None:
    venue = book(BTC="2")
    venue.on_price(ticker("100", "99.9", "100.1"))
    (fill,) = venue.submit(order("2", Side.SELL), START).fills
    assert (fill.price, fill.fees) == (d("99.9"), (Fee(d("0.1998"), Coin("USDT")),))
    assert held(venue, "USDT").free == d("199.6002")
    assert held(venue, "BTC").total == 0


@pytest.mark.parametrize(("bid", "ask"), [(None, None), ("99", None), ("101", "100")])
def test_without_a_sound_book_half_the_set_spread_is_paid(bid: str | None, ask: str | None) -> None:
    venue = book(PaperRules(spread=Ratio(d("0.01")), slippage=Ratio(d(0)), impact=Ratio(d(0))))
    venue.on_price(ticker("100", bid, ask))
    (fill,) = venue.submit(order("1"), START).fills
    assert fill.price == d("100.5")


def test_slippage_grows_with_size_against_volume() -> None:
    rules = PaperRules(slippage=Ratio(d("0.001")), impact=Ratio(d("0.01")), participation=Ratio(d(1)))
    prices = []
    for quantity in ("1", "5"):
        venue = book(rules)
        venue.on_price(ticker("100", "100", "100", volume="10"))
        (fill,) = venue.submit(order(quantity), START).fills
        prices.append(fill.price)
    assert prices == [d("100.2"), d("100.6")]


def test_a_sell_is_never_filled_below_one_tick() -> None:
    coarse = Instrument(BTC, Coin("BTC"), Coin("USDT"), tick=d("0.01"), lot=d(1))
    venue = book(PaperRules(slippage=Ratio(d("0.4"))), coarse, BTC="100")
    venue.on_price(ticker("0.01", "0.01", "0.02"))
    (fill,) = venue.submit(order("10", Side.SELL), START).fills
    assert fill.price == d("0.01")


@pytest.mark.parametrize("last", ["NaN", "Infinity", "0", "-1"])
def test_an_unsound_price_is_refused_and_matches_nothing(last: str) -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", price="90"), START)
    with pytest.raises(Corrupt):
        venue.on_price(ticker(last))
    assert venue.open_orders(BTC, START)[0].filled == 0


def test_a_price_of_an_unlisted_instrument_is_passed_over() -> None:
    assert book().on_price(ticker("1", symbol=Symbol("DOGE/USDT"))) == []


# ── limit orders ──────────────────────────────────────────────────────────────────────────


def test_a_resting_limit_order_fills_at_its_limit_as_maker_when_touched() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    assert venue.submit(order("1", price="95"), START).status is VenueStatus.OPEN
    assert held(venue, "USDT") == Balance(Coin("USDT"), d(9905), d(95))
    assert venue.on_price(ticker("95.5", "95", "96")) == []
    report = only(venue.on_price(ticker("94", "93.9", "94.1")))
    assert report.fills[0].price == 95
    assert report.fills[0].fees == (Fee(d("0.0005"), Coin("BTC")),)
    assert held(venue, "USDT") == Balance(Coin("USDT"), d(9905))


def test_a_limit_order_that_crosses_pays_the_touch_as_taker() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    (fill,) = venue.submit(order("1", price="110"), START).fills
    assert (fill.price, fill.fees[0].amount) == (d(101), d("0.001"))


def test_slippage_never_passes_the_limit() -> None:
    venue = book(PaperRules(slippage=Ratio(d("0.1"))), BTC="1", USDT="1000")
    venue.on_price(ticker("100", "99", "101"))
    assert venue.submit(order("1", price="102", id_="pd1"), START).fills[0].price == 102
    assert venue.submit(order("1", Side.SELL, price="98", id_="pd2"), START).fills[0].price == 98


def test_a_sell_limit_waits_for_the_bid() -> None:
    venue = book(BTC="1")
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", Side.SELL, price="105"), START)
    assert venue.on_price(ticker("105", "104", "106")) == []
    assert only(venue.on_price(ticker("106", "105", "107"))).fills[0].price == 105


# ── stops ─────────────────────────────────────────────────────────────────────────────────


def test_a_stop_triggers_at_its_price_and_then_fills_at_market() -> None:
    venue = book(BTC="1")
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", Side.SELL, stop="95"), START)
    assert held(venue, "BTC") == Balance(Coin("BTC"), d(0), d(1))
    assert venue.on_price(ticker("95.01", "94", "96")) == []
    report = only(venue.on_price(ticker("95", "94", "96")))
    assert (report.status, report.fills[0].price) == (VenueStatus.FILLED, d(94))


def test_a_jump_over_the_stop_still_sells() -> None:
    venue = book(BTC="1")
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", Side.SELL, stop="95"), START)
    assert only(venue.on_price(ticker("80", "79", "81"))).fills[0].price == 79


def test_a_buy_stop_triggers_from_below() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", stop="105"), START)
    assert held(venue, "USDT").used == 105
    assert venue.on_price(ticker("104", "103", "104")) == []
    assert only(venue.on_price(ticker("105", "104", "106"))).fills[0].price == 106


def test_a_stop_beyond_the_price_is_refused() -> None:
    venue = book(BTC="1")
    venue.on_price(ticker("100"))
    with pytest.raises(Rejected) as caught:
        venue.submit(order("1", Side.SELL, stop="100"), START)
    assert caught.value.code == "WOULD_TRIGGER"


def test_a_triggered_stop_goes_on_though_the_price_comes_back() -> None:
    venue = book(BTC="1")
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", Side.SELL, stop="95"), START)
    first = only(venue.on_price(ticker("95", "95", "96", volume="2")))
    assert (first.status, first.filled) == (VenueStatus.OPEN, d("0.5"))
    second = only(venue.on_price(ticker("99", "99", "100", volume="10")))
    assert (second.status, second.fills[0].price) == (VenueStatus.FILLED, d(99))


# ── volume ────────────────────────────────────────────────────────────────────────────────


def test_small_volume_fills_in_parts_with_stable_ids() -> None:
    venue = book()
    venue.on_price(ticker("100", "100", "100", volume="4"))
    first = venue.submit(order("2"), START)
    assert (first.status, first.filled) == (VenueStatus.OPEN, d(1))
    second = only(venue.on_price(ticker("101", "101", "101", volume="2")))
    third = only(venue.on_price(ticker("102", "102", "102", volume="40")))
    assert [second.filled, third.filled] == [d("1.5"), 2]
    assert [fill.id for fill in venue.fills(BTC, START)] == ["pd1-1", "pd1-1.5", "pd1-2"]
    assert third.status is VenueStatus.FILLED


def test_orders_share_the_volume_of_one_price_in_their_order() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    for id_ in ("pd1", "pd2"):
        venue.submit(order("1", price="100", id_=id_), START)
    reports = venue.on_price(ticker("99", "98", "100", volume="6"))
    assert [(report.client_order_id, report.filled) for report in reports] == [("pd1", 1), ("pd2", d("0.5"))]


def test_no_volume_no_fill_but_a_trace_of_volume_fills_one_lot() -> None:
    venue = book()
    venue.on_price(ticker("100", "100", "100", volume="0"))
    assert venue.submit(order("1"), START).fills == ()
    assert only(venue.on_price(ticker("100", "100", "100", volume="0.0001"))).filled == d("0.001")


def test_a_market_order_ends_when_the_balance_no_longer_covers_it() -> None:
    venue = book(USDT="200")
    venue.on_price(ticker("100", "100", "100", volume="4"))
    assert venue.submit(order("2"), START).filled == 1
    half = only(venue.on_price(ticker("200", "200", "200", volume="40")))
    assert (half.filled, half.status) == (d("1.5"), VenueStatus.OPEN)
    end = only(venue.on_price(ticker("200", "200", "200", volume="40")))
    assert (end.status, end.filled, end.fills) == (VenueStatus.EXPIRED, d("1.5"), ())
    assert "balance" in end.reason
    assert held(venue, "USDT") == Balance(Coin("USDT"), d(0))


def test_a_stale_price_fills_nothing_and_the_next_one_does() -> None:
    venue = book()
    venue.on_price(ticker("100", "100", "100"), START)
    report = venue.submit(order("1"), START + timedelta(minutes=1))
    assert (report.status, report.filled) == (VenueStatus.OPEN, d(0))
    later = only(venue.on_price(ticker("90", "90", "90"), START + timedelta(minutes=2)))
    assert later.fills[0].price == 90


def test_a_market_sell_without_any_price_waits_for_one() -> None:
    venue = book(BTC="1")
    assert venue.submit(order("1", Side.SELL), START).status is VenueStatus.OPEN
    assert only(venue.on_price(ticker("90", "90", "90"))).status is VenueStatus.FILLED


# ── fees ──────────────────────────────────────────────────────────────────────────────────


def test_fees_in_the_quote_coin_come_on_top_of_a_buy() -> None:
    venue = book(PaperRules(slippage=Ratio(d(0)), impact=Ratio(d(0)), fees_in=FeesIn.QUOTE), USDT="100.1")
    venue.on_price(ticker("100", "100", "100"))
    (fill,) = venue.submit(order("1"), START).fills
    assert fill.fees == (Fee(d("0.1"), Coin("USDT")),)
    assert held(venue, "USDT").total == 0
    assert held(venue, "BTC").free == 1


def test_fees_in_the_quote_coin_count_when_the_balance_is_checked() -> None:
    venue = book(PaperRules(slippage=Ratio(d(0)), impact=Ratio(d(0)), fees_in=FeesIn.QUOTE), USDT="100")
    venue.on_price(ticker("100", "100", "100"))
    with pytest.raises(Rejected, match=r"100\.1 USDT needed, 100 free"):
        venue.submit(order("1"), START)


BNB = Instrument(Symbol("BNB/USDT"), Coin("BNB"), Coin("USDT"), tick=d("0.1"), lot=d("0.01"))
IN_BNB = PaperRules(slippage=Ratio(d(0)), impact=Ratio(d(0)), fees_in=FeesIn.COIN, fee_coin=Coin("BNB"))


def bnb_book(bnb: str) -> PaperBook:
    venue = book(IN_BNB, USDT="10000", BNB=bnb)
    venue.list_instruments([BNB])
    venue.on_price(ticker("100", "100", "100"))
    return venue


def test_fees_in_a_third_coin_are_counted_at_its_price() -> None:
    venue = bnb_book("1")
    venue.on_price(ticker("200", symbol=BNB.symbol))
    (fill,) = venue.submit(order("2"), START).fills
    assert fill.fees == (Fee(d("0.001"), Coin("BNB")),)
    assert held(venue, "BTC").free == 2


def test_too_little_of_the_fee_coin_falls_back_to_the_received_one() -> None:
    venue = bnb_book("0.0001")
    venue.on_price(ticker("200", symbol=BNB.symbol))
    (fill,) = venue.submit(order("2"), START).fills
    assert fill.fees == (Fee(d("0.002"), Coin("BTC")),)


def test_a_fee_coin_without_a_price_falls_back_too() -> None:
    (fill,) = bnb_book("1").submit(order("2"), START).fills
    assert fill.fees == (Fee(d("0.002"), Coin("BTC")),)


def test_a_free_venue_takes_no_fee() -> None:
    free = Instrument(BTC, Coin("BTC"), Coin("USDT"), d("0.01"), d("0.001"), taker_fee=d(0))
    venue = book(instrument=free)
    venue.on_price(ticker("100"))
    (fill,) = venue.submit(order("1"), START).fills
    assert fill.fees == ()


# ── refusals ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("0.0005"), "LOT_SIZE"),
        (order("1.0005"), "LOT_SIZE"),
        (order("101"), "LOT_SIZE"),
        (order("0"), "LOT_SIZE"),
        (order("-1"), "LOT_SIZE"),
        (order("NaN"), "LOT_SIZE"),
        (order("1", price="99.999"), "PRICE_FILTER"),
        (order("1", price="-1"), "PRICE_FILTER"),
        (order("1", price="NaN"), "PRICE_FILTER"),
        (order("1", stop="Infinity"), "PRICE_FILTER"),
        (order("0.001"), "NOTIONAL"),
        (order("0.01", price="99"), "NOTIONAL"),
        (order("0.01", Side.SELL, stop="99"), "NOTIONAL"),
        (order("101", symbol=Symbol("DOGE/USDT")), "INVALID_SYMBOL"),
        (order("99.999"), "INSUFFICIENT_BALANCE"),
        (order("1", Side.SELL), "INSUFFICIENT_BALANCE"),
        (OrderRequest(ClientOrderId("pd1"), BTC, Side.BUY, OrderType.LIMIT, Quantity(d(1))), "BAD_PRICES"),
        (
            OrderRequest(
                ClientOrderId("pd1"), BTC, Side.BUY, OrderType.MARKET, Quantity(d(1)), price=Price(d(1))
            ),
            "BAD_PRICES",
        ),
    ],
)
def test_an_order_that_a_venue_would_refuse_is_refused(request_: OrderRequest, code: str) -> None:
    venue = book()
    venue.on_price(ticker("100.5", "100.5", "100.5"))
    before = venue.balances()
    with pytest.raises(Rejected) as caught:
        venue.submit(request_, START)
    assert caught.value.code == code
    assert venue.order(request_.client_order_id, START) is None
    assert venue.balances() == before


def test_a_halted_instrument_takes_no_order() -> None:
    venue = book(instrument=Instrument(BTC, Coin("BTC"), Coin("USDT"), d("0.01"), d("0.001"), active=False))
    with pytest.raises(Rejected) as caught:
        venue.submit(order("1"), START)
    assert caught.value.code == "MARKET_CLOSED"


def test_a_market_buy_without_any_price_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        book().submit(order("1"), START)
    assert caught.value.code == "NO_PRICE"


def test_the_same_client_order_id_is_refused_while_it_works_and_after() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", price="90"), START)
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            venue.submit(order("1", price="90"), START)
        assert caught.value.code == "DUPLICATE_ORDER"
        if venue.open_orders(BTC, START):
            venue.cancel(ClientOrderId("pd1"), START)


# ── cancel, ask, restore ──────────────────────────────────────────────────────────────────


def test_a_cancel_frees_the_balance_once() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    venue.submit(order("1", price="90"), START)
    assert venue.cancel(ClientOrderId("pd1"), START).status is VenueStatus.CANCELLED
    assert held(venue, "USDT") == Balance(Coin("USDT"), d(10000))
    with pytest.raises(Rejected) as caught:
        venue.cancel(ClientOrderId("pd1"), START)
    assert caught.value.code == "UNKNOWN_ORDER"


def test_ended_orders_are_remembered_up_to_a_bound() -> None:
    venue = book()
    venue.on_price(ticker("100", "99", "101"))
    for number in range(KEPT_ENDED + 1):
        venue.submit(order("1", price="90", id_=f"pd{number}"), START)
        venue.cancel(ClientOrderId(f"pd{number}"), START)
    assert venue.order(ClientOrderId("pd0"), START) is None
    assert venue.order(ClientOrderId("pd1"), START) is not None


def known(request: OrderRequest, status: OrderStatus, filled: str = "0") -> Order:
    return Order(
        request.client_order_id,
        IntentId("i"),
        PositionId("p1"),
        Purpose.ENTRY,
        request.symbol,
        request.side,
        request.type,
        request.quantity,
        Direction.LONG,
        None,
        "",
        START,
        request.price,
        request.stop_price,
        status,
        filled=Quantity(d(filled)),
    )


def test_after_a_restart_only_working_orders_are_known() -> None:
    venue = book()
    working = [
        known(order(str(number + 1), price="90", id_=f"pd-{status}"), status)
        for number, status in enumerate(OrderStatus)
    ]
    venue.restore([Balance(Coin("USDT"), d(500), d(500))], working)
    assert [report.client_order_id for report in venue.open_orders(BTC, START)] == ["pd-working"]
    assert venue.order(ClientOrderId("pd-unknown"), START) is None
    assert held(venue, "USDT") == Balance(Coin("USDT"), d(730), d(270))


def test_a_restored_order_goes_on_where_it_was() -> None:
    venue = book()
    venue.restore(
        [Balance(Coin("BTC"), d("0.6")), Balance(Coin("USDT"), d(50))],
        [
            known(order("1", Side.SELL, stop="95", id_="stop"), OrderStatus.WORKING, "0.4"),
            known(order("1", id_="buy"), OrderStatus.WORKING, "0.9"),
        ],
    )
    reports = venue.on_price(ticker("100", "100", "100"))
    assert [(report.fills[0].id, report.status) for report in reports] == [
        ("stop-1", VenueStatus.FILLED),
        ("buy-1", VenueStatus.FILLED),
    ]


def test_an_order_in_a_delisted_instrument_stays_until_cancelled() -> None:
    venue = book()
    gone = Symbol("LUNA/USDT")
    venue.restore(
        [Balance(Coin("LUNA"), d(5))],
        [known(order("5", Side.SELL, stop="1", symbol=gone), OrderStatus.WORKING)],
    )
    assert venue.on_price(ticker("0.5", symbol=gone)) == []
    assert venue.cancel(ClientOrderId("pd1"), START).status is VenueStatus.CANCELLED
    assert held(venue, "LUNA") == Balance(Coin("LUNA"), d(5))


def test_fills_are_told_from_a_moment_on_oldest_first() -> None:
    venue = book()
    for number in range(3):
        at = START + timedelta(seconds=number)
        venue.on_price(ticker("100"), at)
        venue.submit(order("1", id_=f"pd{number}"), at)
    assert [fill.client_order_id for fill in venue.fills(BTC, START + timedelta(seconds=1))] == ["pd1", "pd2"]


# ── the rules themselves ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"spread": Ratio(d("-0.1"))},
        {"slippage": Ratio(d("0.5"))},
        {"impact": Ratio(d("NaN"))},
        {"participation": Ratio(d(0))},
        {"participation": Ratio(d(2))},
        {"fees_in": FeesIn.COIN},
        {"fee_coin": Coin("BNB")},
    ],
)
def test_senseless_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|belongs"):
        PaperRules(**wrong)  # type: ignore[arg-type]
