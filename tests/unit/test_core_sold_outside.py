"""Coins that the account is said to lack: one answer is no proof (law 17); what was sold by hand is booked as that."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core import sold_outside
from engine.core.effects import Cancel, Submit
from engine.core.ids import ClientOrderId, Coin, is_ours
from engine.core.model import Balance, Fee, Mode
from engine.core.money import Quote
from engine.core.orders import OrderStatus, Purpose
from tests.support.builders import BTC, USDT, fill, instrument, settings
from tests.support.by_hand import sells
from tests.support.desk import Desk
from tests.support.network import Fault
from tests.unit.test_core_reconcile import holding, live, look, picture, with_btc


def looks(desk: Desk, seconds: int, **other: object) -> None:
    """Every six seconds, as while something differs."""
    for _ in range(0, seconds, 6):
        look(desk, **other)
        desk.advance(6)


def unlisted(desk: Desk) -> dict[str, object]:
    """The venue's list of executions tells nothing of the owner's own."""
    return {"fills": tuple(one for one in picture(desk).fills if is_ours(one.client_order_id))}


# ── one answer ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("told", ["0", "6", "9.98"])
def test_a12_law_17_balances_without_what_our_stop_holds_change_nothing_but_the_alarm(told: str) -> None:
    """Nine seconds of such answers, with /reconcile pressed meanwhile, once sold the books out and bought again."""
    desk = holding()
    stop = desk.order(Purpose.STOP)
    before, money = desk.position, desk.state.holdings[USDT]
    for _ in range(20):
        look(desk, balances=(Balance(Coin("BTC"), Decimal(told)),))
        desk.give(
            i.PictureSeen(
                desk.now, picture(desk, balances=(Balance(Coin("BTC"), Decimal(told)),)), asked=True
            )
        )
        desk.settle()
        desk.advance(6)
    assert desk.position == before
    assert desk.order(Purpose.STOP) == stop
    assert desk.state.holdings[USDT] == money, "nothing else of such an answer is believed"
    assert not any(isinstance(one, Cancel) for one in desk.sent)
    (alarm,) = desk.told("shortfall")
    assert alarm.data["doubt"] == "locked"


def test_law_17_while_coins_are_in_doubt_nothing_is_entered_with_them_and_all_goes_on_after() -> None:
    desk = holding()
    look(desk, balances=with_btc(desk, "0"))
    assert "less BTC" in desk.buy(BTC, "300")
    look(desk)
    assert not desk.buy(BTC, "300")


def test_law_17_coins_missing_without_a_second_answer_are_not_written_off() -> None:
    """At a venue whose stops hold nothing: nothing was refused, and no execution tells of a sale."""
    desk = holding()
    before, stop = desk.position, desk.order(Purpose.STOP)
    looks(desk, 120, balances=with_btc(desk, "0"), stops_lock=False)
    assert (desk.position, desk.order(Purpose.STOP)) == (before, stop)
    assert desk.told("shortfall")[0].data["doubt"] == "not_proven"


def test_a13_what_is_in_another_account_of_the_owner_is_still_his() -> None:
    desk = holding()
    before, money = desk.position.quantity, with_btc(desk, "0")
    sells(desk, "9.99")  # as far as this venue knows: they are away
    moved = {"balances": money, "elsewhere": {Coin("BTC"): Decimal("9.99")}, **unlisted(desk)}
    looks(desk, 120, **moved)
    assert desk.position.quantity == before
    assert [one.data["doubt"] for one in desk.told("shortfall")][-1] == "elsewhere"
    assert desk.buy(BTC, "300"), "nothing is entered meanwhile"
    look(desk, balances=with_btc(desk, "9.99"))
    assert not desk.state.shortfalls
    assert not desk.of(f.PositionReduced)


def test_a13_law_15_what_could_not_be_asked_is_not_nothing() -> None:
    """The venue ended our stop, the coins are away, and the question for the other accounts fails."""
    desk = holding()
    before, money = desk.position.quantity, with_btc(desk, "0")
    sells(desk, "9.99")
    looks(desk, 120, balances=money, elsewhere=None, **unlisted(desk))
    assert desk.position.quantity == before
    assert [one.data["doubt"] for one in desk.told("shortfall")][-1] == "not_asked"
    looks(desk, 60, balances=money, elsewhere={}, **unlisted(desk))
    assert desk.of(f.PositionClosed), "asked at last, and it is nowhere"


def test_a13_law_15_what_only_some_accounts_lack_is_not_gone() -> None:
    """What earns at BingX nobody is told; Bybit tells it to some keys."""
    desk = holding()
    before, money = desk.position.quantity, with_btc(desk, "0")
    sells(desk, "9.99")
    looks(desk, 150, balances=money, elsewhere={}, all_asked=False, **unlisted(desk))
    assert desk.position.quantity == before
    assert [one.data["doubt"] for one in desk.told("shortfall")][-1] == "not_asked"


def test_a15_an_execution_is_believed_though_the_other_accounts_can_not_be_asked() -> None:
    desk = holding()
    sells(desk, "9.99")
    looks(desk, 24, elsewhere=None)
    (reduced,) = desk.of(f.PositionReduced)
    assert reduced.execution is not None


def test_a13_no_more_is_written_off_than_is_in_no_account() -> None:
    desk = holding()
    money = with_btc(desk, "0")
    sells(desk, "9.99")
    half = {"balances": money, "elsewhere": {Coin("BTC"): Decimal(5)}, **unlisted(desk)}
    looks(desk, 90, **half)
    assert desk.position.quantity == Decimal("9.99"), (
        "for what is elsewhere alone an order would be refused, too"
    )
    looks(desk, 60, **half)
    assert desk.position.quantity == 5
    assert [one.data["doubt"] for one in desk.told("shortfall")][-1] == "elsewhere"
    assert not desk.of(f.PositionClosed)


def test_law_17_what_begins_to_be_missing_is_not_believed_for_what_was_elsewhere_before() -> None:
    """Coins were elsewhere for minutes; one answer that lacked more of them was written off at once."""
    desk = holding()
    sells(desk, "9.99")  # so that its stop is refused for the lack of coins
    there = {"elsewhere": {Coin("BTC"): Decimal("9.98")}, **unlisted(desk)}
    looks(desk, 240, balances=with_btc(desk, "0.01"), **there)
    looks(desk, 18, balances=with_btc(desk, "0"), **there)
    assert not desk.of(f.PositionReduced)


def test_law_17_a_venue_that_takes_no_stop_says_nothing_of_the_coins() -> None:
    desk = live()
    desk.network.plan(Submit, None, *[Fault.REFUSED] * 100)
    desk.signal(BTC)
    looks(desk, 120, balances=with_btc(desk, "0"))
    assert desk.of(f.StopRefused)
    assert not desk.of(f.PositionReduced)


def test_law_13_shares_of_a_fee_add_up_to_it() -> None:
    """Two positions of 3.33 and 6.66 sold by one order: books and account differed in the last digits for ever."""
    parts = [sold_outside._part(Decimal("0.1"), Decimal(taken), Decimal(9)) for taken in (0, 3, 5, 9)]
    assert sum(after - before for before, after in pairwise(parts)) == Decimal("0.1")
    assert all(len(one.as_tuple().digits) <= sold_outside.PRICE_DIGITS for one in parts)


# ── a second answer ───────────────────────────────────────────────────────────────────────


def test_a15_what_the_owner_sold_is_booked_at_the_price_of_his_sale() -> None:
    """ "sold-by-hand": closed as a stop loss once, at the last price."""
    desk = holding()
    desk.price(BTC, "101")
    sells(desk, "9.99")
    desk.price(BTC, "99.5")
    looks(desk, 24)
    (reduced,) = desk.of(f.PositionReduced)
    assert (reduced.price, reduced.quantity) == (Decimal(101), Decimal("9.99"))
    assert reduced.execution is not None
    (closed,) = desk.of(f.PositionClosed)
    assert closed.reason == "sold outside the desk"
    assert closed.exit_price == 101
    assert not desk.state.orders
    look(desk)
    assert not [one for one in desk.of(f.BalanceFlowed) if one.at > reduced.at], (
        "the money is what he got for it"
    )
    assert desk.told("position_reduced")[0].data["estimated"] is False


def test_a15_a_part_that_was_sold_lessens_the_position_and_its_stop() -> None:
    desk = holding()
    sells(desk, "3.99")
    looks(desk, 24)
    assert desk.position.quantity == 6
    assert desk.position.sold_outside == Decimal("3.99")
    assert desk.order(Purpose.STOP).quantity == 6
    assert not desk.state.shortfalls
    desk.price(BTC, "97")
    desk.advance(5)
    (closed,) = desk.of(f.PositionClosed)
    assert closed.reason == "stop loss, and sold outside the desk"


def test_a15_one_sale_is_counted_once() -> None:
    desk = holding()
    sells(desk, "3.99")
    looks(desk, 24)
    sale = next(one for one in picture(desk).fills if one.client_order_id == "web_1")
    before = desk.position.quantity
    looks(desk, 60, balances=with_btc(desk, "2"), fills=(sale,), stops_lock=False)
    assert desk.position.quantity == before


def test_a15_an_execution_from_before_both_agreed_explains_nothing() -> None:
    """The owner sold coins of his own an hour ago."""
    desk = holding()
    old = fill(ClientOrderId("web_0"), "9.99", "100")
    desk.advance(3700)
    look(desk)
    desk.advance(10)
    before = desk.position
    looks(
        desk,
        60,
        balances=with_btc(desk, "0"),
        fills=(replace(old, side=old.side.opposite),),
        stops_lock=False,
    )
    assert desk.position == before


def test_a15_the_fee_of_his_sale_counts() -> None:
    desk = holding()
    sells(desk, "9.99")
    (sold,) = (one for one in picture(desk).fills if one.client_order_id == "web_1")
    looks(desk, 24, fills=(replace(sold, fees=(Fee(Decimal("0.5"), USDT),)),))
    (closed,) = desk.of(f.PositionClosed)
    entry_fee = desk.of(f.FillBooked)[0].fee_value
    assert closed.fees == entry_fee + Decimal("0.5")


def test_a1_without_his_sale_the_venues_word_on_our_order_counts_and_the_price_is_an_estimate() -> None:
    """The stop was ended from outside, none can be placed any more, and no execution tells why."""
    desk = holding()
    sells(desk, "9.99")
    looks(desk, 18, **unlisted(desk))
    assert desk.position.quantity == Decimal("9.99"), "an execution may be listed late"
    looks(desk, 18, **unlisted(desk))
    (reduced,) = desk.of(f.PositionReduced)
    assert reduced.execution is None
    assert desk.told("position_reduced")[0].data["estimated"] is True
    assert desk.of(f.PositionClosed)[0].reason == "sold outside the desk"


def estimated(desk: Desk) -> f.PositionReduced:
    """4 of 9.99 are gone without a word."""
    sells(desk, "4")
    looks(desk, 36, **unlisted(desk))
    (reduced,) = desk.of(f.PositionReduced)
    return reduced


def test_law_13_an_estimated_price_is_of_whole_ticks() -> None:
    """Without a price since the start it is the average of the entry, which has endless digits (seed 2167)."""
    desk = holding()
    position = replace(desk.position, entry_value=Quote(desk.position.entered * 100 + Decimal("0.333")))
    for state in (desk.state, desk.folded):
        state.positions[position.id] = position
    desk.market.prices.clear()
    assert estimated(desk).price % instrument(BTC).tick == 0


@pytest.mark.parametrize(
    "price", ["0.00000000571234567891234567", "0.0000000057", "0.57", "51234.567891234567891"]
)
def test_law_13_without_the_venues_tick_a_price_keeps_its_digits(price: str) -> None:
    """Coins quoted in BTC cost a few billionths: a fixed smallest step would book them at nothing."""
    desk = holding()
    position = replace(desk.position, entry_value=Quote(desk.position.entered * Decimal(price)))
    for state in (desk.state, desk.folded):
        state.positions[position.id] = position
    desk.market.prices.clear()
    desk.market.instruments[BTC] = replace(instrument(BTC), tick=Decimal(0))
    reduced = estimated(desk)
    assert Decimal("0.99999999999") < reduced.price / Decimal(price) <= 1
    assert len(reduced.price.as_tuple().digits) <= 12


def test_law_4_a_stop_for_more_than_is_held_is_cancelled_again_when_its_cancel_was_lost() -> None:
    """At a venue whose stops hold nothing he sells beside it; the cancel of what is too large now is lost (seed 43)."""
    desk = holding()
    sale = replace(fill(ClientOrderId("web_1"), "3.99", "100"), at=desk.now)
    sale = replace(sale, side=sale.side.opposite)
    there = {"balances": with_btc(desk, "6"), "fills": (sale,), "stops_lock": False}
    look(desk, **there)
    desk.advance(6)
    desk.network.plan(Cancel, Fault.LOST_BEFORE)
    look(desk, **there)
    desk.advance(10)
    assert desk.order(Purpose.STOP).quantity == desk.position.quantity == 6


def test_a1_what_the_cancel_of_another_positions_stop_still_locks_makes_no_position_too_small() -> None:
    """The owner sold by hand of two positions: one is not sold only because the other's stop goes later."""
    desk = holding()
    first = desk.position
    assert not desk.buy(BTC, "300")
    held = sum(one.quantity for one in desk.state.positions.values())
    sale = replace(fill(ClientOrderId("web_1"), str(held - 1), "100"), at=desk.now)
    sale = replace(sale, side=sale.side.opposite)
    there = {"balances": with_btc(desk, "1"), "fills": (sale,), "stops_lock": False}
    look(desk, **there)
    desk.advance(6)
    desk.network.plan(Cancel, Fault.HANGS)
    look(desk, **there)
    desk.advance(10)
    assert not desk.of(f.ExitWanted)
    assert desk.position.id == first.id
    assert desk.order(Purpose.STOP).quantity == desk.position.quantity == 1


def test_a8_a16_nothing_is_entered_while_the_account_can_not_be_compared() -> None:
    desk = Desk(settings(mode=Mode.LIVE))
    look(desk)
    desk.command(i.Resume)
    desk.price(BTC, "100")
    desk.give(i.ReconcileFailed(desk.now, "a page came instead of an answer"))
    assert "held against the account" in desk.buy(BTC, "300")
    look(desk)
    assert not desk.buy(BTC, "300")
    assert desk.order(Purpose.STOP).status is OrderStatus.WORKING
