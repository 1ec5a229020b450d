"""A foreign order that the owner wants gone is cancelled until it is (laws 2, 4, 12), and what is told is true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.effects import Cancel
from engine.core.evolve import restore
from engine.core.facts import ForeignChoice
from engine.core.model import Mode, OrderReport, OrderRequest, OrderType, Side, VenuePicture, VenueStatus
from engine.core.notices import Weight
from storage.codec import decode, encode
from tests.support.builders import BTC, START, price, quantity, settings
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.unit.test_core_reconcile import FOREIGN, foreign, live, look

GONE = {"order": FOREIGN, "symbol": "BTC/USDT", "connection": "main", "mode": "live"}
OPEN = foreign(Side.SELL)


def cancels(desk: Desk) -> int:
    return desk.sent.count(Cancel(FOREIGN, BTC))


def closed(*faults: Fault | None) -> Desk:
    """The owner wants a foreign sale gone; `faults` befall its cancels."""
    desk = live()
    look(desk, open_orders=(OPEN,))
    desk.network.plan(Cancel, *faults)
    assert desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.CLOSE) == ""
    assert cancels(desk) == 1
    return desk


def see(desk: Desk, *orders: OrderReport, missing: bool = False) -> None:
    """A picture that asked for it by its name."""
    open_now = tuple(one for one in orders if not one.status.ended)
    look(desk, open_orders=open_now, orders=orders, missing=(FOREIGN,) if missing else ())


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.HANGS, Fault.REFUSED])
def test_law_2_a_cancel_that_was_lost_is_sent_again_while_the_venue_shows_it_open(fault: Fault) -> None:
    desk = closed(fault, fault, fault)
    desk.advance(11)
    see(desk, OPEN)
    assert cancels(desk) == 2
    told = desk.told("foreign_open")[0]
    assert told.data == GONE | {"asked": 2, "filled": "0"}
    see(desk, OPEN)
    desk.advance(6)
    see(desk, OPEN)
    assert cancels(desk) == 2, "not with every picture"


def test_the_cancels_go_on_ever_more_slowly_and_the_owner_is_called() -> None:
    desk = closed(*[Fault.LOST_BEFORE] * 20)
    for _ in range(50):
        desk.advance(6)
        see(desk, OPEN)
    assert cancels(desk) == 7, "300 s: after 12, 42, and then every 60"
    loudness = [one.weight for one in desk.told("foreign_open")]
    assert loudness[:2] == [Weight.WARNING] * 2
    assert set(loudness[2:]) == {Weight.RISK}
    assert len({one.key for one in desk.told("foreign_open")} - {""}) == 1, "repeats are one message"


def test_P1_a_crash_between_the_choice_and_its_cancel_forgets_nothing() -> None:
    desk = closed(Fault.HANGS)
    desk.crash()
    desk.advance(11)
    see(desk, OPEN)
    assert cancels(desk) == 2


def test_law_12_it_is_gone_once_the_venue_says_so_with_what_it_filled() -> None:
    desk = closed(Fault.HANGS)
    desk.advance(11)
    see(desk, OPEN)
    assert not desk.told("foreign_ended")
    ended = replace(OPEN, status=VenueStatus.CANCELLED, filled=quantity("1"))
    see(desk, ended)
    assert desk.told("foreign_ended")[0].data == GONE | {"filled": "1", "status": "cancelled"}
    desk.advance(100)
    see(desk, OPEN)
    assert (cancels(desk), desk.state.closing) == (2, {})
    assert not desk.told("trouble")


@pytest.mark.parametrize("status", [VenueStatus.CANCELLED, VenueStatus.FILLED])
def test_the_answer_to_the_cancel_or_the_stream_ends_it_at_once(status: VenueStatus) -> None:
    desk = closed(Fault.HANGS)
    desk.give(i.OrderSeen(desk.now, OPEN))
    assert desk.state.closing
    for _ in range(2):
        desk.give(i.OrderSeen(desk.now, replace(OPEN, status=status)))
    assert len(desk.told("foreign_ended")) == 1


def test_one_that_the_venue_does_not_know_any_more_is_gone_and_how_is_not_invented() -> None:
    desk = closed(Fault.HANGS)
    see(desk, missing=True)
    assert desk.told("foreign_ended")[0].data["status"] is None


def test_law_2_a_picture_that_did_not_ask_for_it_says_nothing() -> None:
    desk = closed(Fault.HANGS)
    desk.advance(60)
    see(desk)
    assert desk.state.closing
    assert (cancels(desk), len(desk.told("foreign_ended"))) == (1, 0)


def test_it_is_no_repair() -> None:
    desk = closed(Fault.HANGS)
    desk.advance(11)
    told = len(desk.told("reconciled"))
    see(desk, OPEN)
    assert len(desk.told("reconciled")) == told


def test_one_that_is_ignored_is_never_cancelled() -> None:
    desk = live()
    look(desk, open_orders=(OPEN,))
    desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.IGNORE)
    desk.advance(100)
    see(desk, OPEN)
    assert (cancels(desk), desk.state.closing) == (0, {})


@pytest.mark.parametrize("crashes", [False, True])
def test_a_buy_that_is_to_be_closed_is_ours_and_cancelled_until_it_is_gone(crashes: bool) -> None:
    desk = live()
    request = OrderRequest(FOREIGN, BTC, Side.BUY, OrderType.LIMIT, quantity("1"), price("50"))
    desk.venue.submit(request, desk.now)
    (shown,) = desk.venue.open_orders(BTC, desk.now)
    look(desk, open_orders=(replace(shown, side=Side.BUY, quantity=quantity("1")),))
    desk.network.plan(Cancel, Fault.HANGS)
    desk.command(i.ResolveForeign, FOREIGN, ForeignChoice.CLOSE)
    assert cancels(desk) == 1, "one, although it is both a choice and an order of ours"
    assert desk.state.orders[FOREIGN].cancel_wanted
    if crashes:
        desk.crash()
    desk.price(BTC, "100")
    desk.advance(40)
    assert not desk.venue.open_orders(BTC, desk.now)
    assert FOREIGN not in desk.state.orders


def test_a_journal_of_before_is_read_as_it_was_meant() -> None:
    """Its choice is the same fact: what it wanted gone, and nobody saw go, is followed from now on."""
    found = f.ForeignFound(START, OPEN)
    choice = f.ForeignResolved(START, FOREIGN, BTC, ForeignChoice.CLOSE, "owner")
    body = '{"at":"2024-03-01T12:00:00Z","client_order_id":"%s","symbol":"BTC/USDT","choice":"close","by":"owner"}'
    assert decode("ForeignResolved", 1, body % FOREIGN) == choice
    assert encode(choice) == body % FOREIGN
    state = restore([found, choice])
    assert state.foreign == {FOREIGN: None}
    assert list(state.closing) == [FOREIGN]


def test_the_venue_picture_of_a_desk_with_nothing_to_close_changes_nothing() -> None:
    desk = Desk(settings(mode=Mode.LIVE))
    before = len(desk.facts)
    desk.give(i.PictureSeen(desk.now, VenuePicture((), (), (OPEN,), (), ())))
    assert all(isinstance(one, f.Reconciled | f.BalanceFlowed) for one in desk.facts[before:])
