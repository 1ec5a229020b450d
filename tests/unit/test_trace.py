"""What the logs say, and the id that ties a signal, its order, its fills and its messages together."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.ids import ClientOrderId, Coin, CommandId, FillId, IntentId, PositionId, Symbol
from engine.core.model import Direction, Fee, Fill, OrderReport, OrderType, Side, VenueStatus
from engine.core.money import Price, Quantity, Quote
from engine.core.orders import Order, Purpose
from engine.trace import correlation_of, line_of

AT = datetime(2024, 1, 1, tzinfo=UTC)
BTC = Symbol("BTC/USDT")
ORDER = Order(
    ClientOrderId("pdabc"),
    IntentId("n.1"),
    PositionId("p1"),
    Purpose.ENTRY,
    BTC,
    Side.BUY,
    OrderType.MARKET,
    Quantity(Decimal("0.5")),
    Direction.LONG,
    None,
    "up",
    AT,
)
FILL = Fill(
    FillId("f1"),
    ORDER.client_order_id,
    BTC,
    Side.BUY,
    ORDER.quantity,
    Price(Decimal(100)),
    (Fee(Decimal("0.0005"), Coin("BTC")),),
    AT,
)


def test_all_that_concerns_an_order_has_its_id() -> None:
    report = OrderReport(ORDER.client_order_id, None, BTC, VenueStatus.OPEN, Quantity(Decimal(0)), AT)
    assert correlation_of(i.TimerTicked(AT), [f.OrderIntended(AT, ORDER)]) == "pdabc"
    assert correlation_of(i.OrderSeen(AT, report)) == "pdabc"
    assert correlation_of(i.FillSeen(AT, FILL)) == "pdabc"
    assert correlation_of(i.OrderNotFound(AT, ORDER.client_order_id)) == "pdabc"


def test_a_command_without_an_order_has_its_own() -> None:
    assert correlation_of(i.Pause(AT, CommandId("tg:7"), "owner")) == "tg:7"
    assert correlation_of(i.TimerTicked(AT)) == ""


def test_a_line_is_short_and_has_no_classes_in_it() -> None:
    assert (
        line_of(f.OrderIntended(AT, ORDER))
        == "OrderIntended order=(pdabc BTC/USDT buy market entry 0.5 None None)"
    )
    booked = f.FillBooked(AT, FILL, PositionId("p1"), Quote(Decimal("0.05")))
    assert line_of(booked) == (
        "FillBooked fill=(pdabc BTC/USDT buy 0.5 100 f1 [(0.0005 BTC)]) position_id=p1 fee_value=0.05"
    )
