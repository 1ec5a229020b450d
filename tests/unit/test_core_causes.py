"""One cause rings once (law 12): what follows from a venue that is away is said by that, what lasts is told all the
same, and the same trouble of many instruments is one message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.core import causes
from engine.core import inputs as i
from engine.core.alarms import Trouble
from engine.core.evolve import restore
from engine.core.ids import Symbol
from tests.support.desk import Desk

TEN = [
    Symbol(f"{coin}/USDT")
    for coin in ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "LINK", "AVAX", "DOGE")
]


def see(desk: Desk, trouble: Trouble, subject: str = "", detail: str = "HTTP 503") -> None:
    desk.give(i.TroubleSeen(desk.now, trouble, subject, detail))


def gone(desk: Desk, trouble: Trouble, subject: str = "") -> None:
    desk.give(i.TroubleGone(desk.now, trouble, subject))


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(one.kind, str(one.data["trouble"])) for one in desk.notices if "trouble" in one.data]


def test_a_minute_without_the_venue_is_one_alarm_and_one_end() -> None:
    """In the order of a real one: the books can't be compared, then no price comes, then they are stale."""
    desk = Desk()
    desk.give(i.ReconcileFailed(desk.now, "HTTP 503"))
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(45)
    for symbol in TEN:
        see(desk, Trouble.PRICES_STALE, symbol)
        see(desk, Trouble.CYCLE_FAILED, f"{symbol} 1m")
    desk.advance(15)
    for symbol in TEN:
        gone(desk, Trouble.PRICES_STALE, symbol)
        gone(desk, Trouble.VENUE_UNREACHABLE)
        see(desk, Trouble.DATA_UNSOUND, f"{symbol} 1m", "57 candles are missing")
    desk.advance(2)
    for symbol in TEN:
        gone(desk, Trouble.DATA_UNSOUND, f"{symbol} 1m")
        gone(desk, Trouble.CYCLE_FAILED, f"{symbol} 1m")
    gone(desk, Trouble.RECONCILE_FAILED)
    desk.advance(120)
    assert told(desk) == [("trouble", "venue_unreachable"), ("trouble_over", "venue_unreachable")]
    assert not desk.state.troubles
    assert restore(desk.facts) == desk.state


def test_what_is_still_wrong_a_minute_after_the_venue_is_back_is_told_for_itself() -> None:
    desk = Desk()
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(50)
    see(desk, Trouble.PRICES_STALE, TEN[3])
    gone(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(50)
    assert ("trouble", "prices_stale") not in told(desk)
    desk.advance(15)
    assert told(desk)[-1] == ("trouble", "prices_stale")
    gone(desk, Trouble.PRICES_STALE, TEN[3])
    assert told(desk)[-1] == ("trouble_over", "prices_stale"), "what was told to begin is told to end"


def test_while_nothing_explains_it_each_is_told_as_before() -> None:
    desk = Desk()
    see(desk, Trouble.PRICES_STALE, TEN[0])
    assert told(desk) == [("trouble", "prices_stale")]
    desk.give(i.ReconcileFailed(desk.now, "the account can't be read"))
    desk.advance(40)
    assert len(told(desk)) == 1
    desk.advance(10)
    assert told(desk)[-1] == ("trouble", "reconcile_failed")


@pytest.mark.parametrize("trouble", [Trouble.VENUE_UNREACHABLE, Trouble.RECONCILE_FAILED])
def test_what_is_over_at_once_was_no_news_but_nothing_is_entered_meanwhile(trouble: Trouble) -> None:
    """It was: a ringing 'Over. It lasted 0 s'."""
    desk = Desk()
    see(desk, trouble)
    assert desk.buy(TEN[0], "100"), "refused from the first moment"
    gone(desk, trouble)
    desk.advance(90)
    assert told(desk) == []


@pytest.mark.parametrize(
    "trouble", [Trouble.KEY_REFUSED, Trouble.STORAGE, Trouble.CLOCK_OFF, Trouble.STRATEGY_FAILED]
)
def test_what_does_not_follow_from_it_rings_although_the_venue_is_away(trouble: Trouble) -> None:
    desk = Desk()
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(5)
    see(desk, trouble)
    assert told(desk)[-1] == ("trouble", trouble.value)


def test_the_same_trouble_of_many_instruments_is_one_message_that_names_them() -> None:
    desk = Desk()
    for symbol in TEN:
        see(desk, Trouble.PRICES_STALE, symbol)
    found = desk.told("trouble")
    assert len({one.key for one in found}) == 1, "each takes the place of the one before"
    assert len({one.data["episode"] for one in found}) == 1, "so that none of them rings anew"
    assert (found[-1].data["subject"], found[-1].data["more"]) == ("DOGE/USDT, BTC/USDT, ETH/USDT", 7)
    for symbol in TEN[:9]:
        gone(desk, Trouble.PRICES_STALE, symbol)
    assert not desk.told("trouble_over")
    gone(desk, Trouble.PRICES_STALE, TEN[9])
    (over,) = desk.told("trouble_over")
    assert over.data["subject"] == causes.INSTRUMENTS


def test_another_instrument_an_hour_later_is_another_incident() -> None:
    desk = Desk()
    see(desk, Trouble.DATA_UNSOUND, TEN[0])
    desk.clock.advance(timedelta(hours=1))
    see(desk, Trouble.DATA_UNSOUND, TEN[1])
    first, second = desk.told("trouble")
    assert first.data["episode"] != second.data["episode"]


def test_troubles_of_orders_are_told_apart() -> None:
    desk = Desk()
    for order in ("pd1", "pd2"):
        see(desk, Trouble.DATA_UNSOUND, order)
    assert len({one.key for one in desk.told("trouble")}) == 2


def test_screens_name_the_cause_and_put_instruments_together() -> None:
    desk = Desk()
    for symbol in TEN:
        see(desk, Trouble.PRICES_STALE, symbol)
    assert causes.standing(desk.state) == [(Trouble.PRICES_STALE, TEN)]
    see(desk, Trouble.VENUE_UNREACHABLE)
    assert causes.standing(desk.state) == [(Trouble.VENUE_UNREACHABLE, [""])]


def test_a_cycle_that_did_not_run_is_told_though_the_next_one_does_at_once() -> None:
    """The machine slept for hours: what it missed was told only if the next close was ten seconds away."""
    desk = Desk()
    see(desk, Trouble.CYCLE_MISSED, "1m", "the last one of 1m was at 02:13:00 UTC")
    desk.advance(3)
    gone(desk, Trouble.CYCLE_MISSED, "1m")
    assert told(desk) == [("trouble", "cycle_missed"), ("trouble_over", "cycle_missed")]


def test_a_trouble_names_its_venue_unless_it_is_of_our_disk() -> None:
    desk = Desk()
    see(desk, Trouble.PRICES_STALE)
    see(desk, Trouble.STORAGE, "", "the disk is full")
    stale, disk = desk.told("trouble")
    assert stale.data["venue"] == desk.settings.venue
    assert "venue" not in disk.data, "several connections with one disk: it rings once"


def flap(desk: Desk, away: int) -> None:
    """A round of a minute in which the venue is away for a few seconds."""
    desk.advance(60 - away)
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(away)
    gone(desk, Trouble.VENUE_UNREACHABLE)


def test_an_absence_that_was_never_told_explains_nothing() -> None:
    """It was: a venue that answers badly for 2 s each minute kept stale prices silent for hours."""
    desk = Desk()
    flap(desk, away=2)
    see(desk, Trouble.PRICES_STALE, TEN[0])
    desk.give(i.ReconcileFailed(desk.now, "HTTP 503"))
    flap(desk, away=2)
    assert told(desk) == [("trouble", "prices_stale"), ("trouble", "reconcile_failed")]


def test_what_outlasts_a_venue_that_comes_and_goes_is_told() -> None:
    """Each absence is told, and the next begins before a minute has passed: stale prices are news all the same."""
    desk = Desk()
    flap(desk, away=6)
    see(desk, Trouble.PRICES_STALE, TEN[0])
    for _ in range(2):
        flap(desk, away=6)
        assert ("trouble", "prices_stale") not in told(desk)
    flap(desk, away=6)
    assert ("trouble", "prices_stale") in told(desk)
    assert restore(desk.facts) == desk.state


def test_a_long_absence_explains_what_lasts_as_long_and_a_minute_longer() -> None:
    desk = Desk()
    desk.give(i.ReconcileFailed(desk.now, "HTTP 503"))
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(10)
    see(desk, Trouble.PRICES_STALE, TEN[0])
    desk.advance(600)
    gone(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(50)
    assert told(desk) == [("trouble", "venue_unreachable"), ("trouble_over", "venue_unreachable")]


@pytest.mark.parametrize("trouble", [Trouble.DATA_UNSOUND, Trouble.ORDER_UNCERTAIN])
@pytest.mark.parametrize("back", [False, True], ids=["while it is away", "just after"])
def test_what_happens_to_an_order_is_told_at_once_whatever_the_venue_does(
    trouble: Trouble, back: bool
) -> None:
    """It happens only once, so that it would be lost with the next start."""
    desk = Desk()
    see(desk, Trouble.VENUE_UNREACHABLE)
    desk.advance(30)
    if back:
        gone(desk, Trouble.VENUE_UNREACHABLE)
    see(desk, trouble, "pd1", "a fill is not booked")
    assert told(desk)[-1] == ("trouble", trouble.value)
    assert (trouble, ["pd1"]) in causes.standing(desk.state), "and no screen hides it"


@pytest.mark.parametrize("trouble", [Trouble.CYCLE_FAILED, Trouble.DATA_UNSOUND, Trouble.PRICES_STALE])
def test_a_trouble_of_all_is_another_message_than_that_of_some_instruments(trouble: Trouble) -> None:
    desk = Desk()
    see(desk, trouble, TEN[0])
    see(desk, trouble)
    desk.advance(15)
    assert len({one.key for one in desk.told("trouble")}) == 2
    gone(desk, trouble)
    gone(desk, trouble, TEN[0])
    of_all, of_some = desk.told("trouble_over")
    assert (of_all.data["subject"], of_some.data["subject"]) == ("", causes.INSTRUMENTS)
    assert of_all.key != of_some.key
