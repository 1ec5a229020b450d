"""Every screen and every notice as the owner sees it; and whatever the data, no broken markup, no line too wide."""

# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dashboard import board
from bot.handlers.preview import account, preview, room_of
from bot.notices import KINDS, line_of, merged, notice
from bot.offers import fee_of
from bot.screens import (
    confirming,
    foreign,
    home,
    lists,
    live,
    orders,
    positions,
    results,
    safety,
    setup,
    talk,
    trading,
)
from bot.screens.base import WIDTH, Screen, cells, row
from bot.screens.confirming import Offer
from bot.screens.foreign import Foreign
from bot.screens.orders import Placed
from bot.screens.summary import Summary, holdings_of, summarise
from bot.screens.trading import Followed, Preview, Room
from bot.text import Html
from engine.core import inputs as i
from engine.core.causes import INSTRUMENTS
from engine.core.facts import Doubt, Trouble
from engine.core.ids import BookId, ClientOrderId, Coin, ConnectionId, PositionId, PresetId, Symbol
from engine.core.model import Direction, Mode, OrderReport, Side, VenueStatus
from engine.core.money import Quantity, Quote
from engine.core.notices import Weight
from engine.core.orders import Order, OrderStatus
from engine.core.settings import Preset
from engine.core.state import OngoingShortfall
from engine.desk import CheckItem, ConnectionView
from sandbox.telegram.html import parse_html
from storage.outbox import Waiting, WaitingState
from storage.results import BookedFill, DayResult, PresetResult, Trade
from tests.fakes.desk import FakeDesk
from tests.fakes.golden import check
from tests.support.builders import BTC, CROSS, ETH, START, fill, price, quantity, quote, ratio

NOW = START + timedelta(hours=2, minutes=2, seconds=7)
MAIN = {"c": "main"}
OFFER = Offer({"do": "close", "c": "main"}, NOW + timedelta(seconds=60), "✅ Yes")


def desk() -> FakeDesk:
    """One long BTC position in profit, an ETH one in loss."""
    made = FakeDesk()
    one = made["main"]
    for symbol, bought, now in ((BTC, "60000.10", "60720.5"), (ETH, "3000", "2976.25")):
        one.price(symbol, bought)
        one.signal(symbol)
        one.price(symbol, bought)
        one.price(symbol, now)
    return made


def view() -> ConnectionView:
    return desk().view(ConnectionId("main"))


def odd_view() -> ConnectionView:
    made = desk()
    made["main"].command(i.Halt, "drawdown")
    made["main"].give(i.TroubleSeen(NOW, Trouble.PRICES_STALE, "BTC/USDT", "no price for 61 s"))
    return made.view(ConnectionId("main"))


def live_summary(**changed: object) -> Summary:
    """The same account on a live book that differs from the venue's."""
    one = summarise(view())
    shortfalls = {Coin("ETH"): OngoingShortfall(Quantity(Decimal("0.2")), NOW, None, Doubt.NOT_PROVEN)}
    live_one = replace(
        one, mode=Mode.LIVE, state="paused", reconciled_at=NOW - timedelta(seconds=125), shortfalls=shortfalls,
        foreign=1, unknown=[uncertain()],
    )  # fmt: skip
    return replace(live_one, **changed)  # type: ignore[arg-type]


def uncertain() -> Order:
    """An order whose outcome is not known."""
    one = next(iter(view().state.orders.values()))
    return replace(one, status=OrderStatus.UNKNOWN, unknown_since=NOW, attempts=5)


def foreign_order(side: Side | None = Side.BUY) -> Foreign:
    report = OrderReport(
        ClientOrderId("pd" + "f" * 16), None, BTC, VenueStatus.OPEN, quantity("0.003"), NOW, side=side,
        quantity=quantity("0.01") if side else None,
    )  # fmt: skip
    return Foreign("main", "live", report)


def items(failed: str = "") -> list[CheckItem]:
    found = {
        "key": "accepted", "rights": "it may trade", "withdraw": "it may not withdraw, or the venue does not tell", "account": "spot mode, borrowing is off",
        "clock": "0.03 s apart", "instruments": "2 tradable",
        "balance": "512.5 USDT; a position may be 102.50, the venue's least is 5", "flat": "nothing is open on paper",
    }  # fmt: skip
    return [CheckItem(key, key != failed, detail) for key, detail in found.items()]


WARNINGS = [
    CheckItem("transfer", True, "it may move coins to other accounts: take that right from it", warns=True),
    CheckItem("address", True, "it works from everywhere: bind it to this machine's address", warns=True),
]
MARGIN_MODE = CheckItem(
    "account",
    False,
    "multi-currency margin mode refuses orders without borrowing: choose spot mode in OKX's trading settings, under "
    "account mode",
)
"""A6"""


def roomy() -> Room:
    found = room_of(view(), BTC)
    assert found is not None
    return found


REFUSED = {
    "a position in SOL/USDT could not be protected: Filter failure: MAX_NUM_ALGO_ORDERS": ["SOL/USDT"],
    "the limit of all exposure is used up": ["XRP/USDT", "ADA/USDT"],
}


def wish(amount: str, mode: Mode = Mode.PAPER) -> Preview:
    shown = view()
    found = preview(shown, BTC, Decimal(amount), NOW)
    assert isinstance(found, Preview)
    return replace(found, at=replace(found.at, mode=mode))


def followed(status: OrderStatus, filled: str = "0") -> Screen:
    order = replace(uncertain(), status=status, filled=quantity(filled))
    one = Followed(order.client_order_id, order, None, "Account has insufficient balance")
    return trading.followed(Html("<b>main</b> 🔴 LIVE: buying BTC/USDT"), one, MAIN, NOW)


def trade(symbol: str = "BTC/USDT", profit: str = "12.34") -> Trade:
    return Trade(
        PositionId("p7"), Symbol(symbol), Direction.LONG, CROSS, quantity("0.016"), price("60000.1"), price("60800"),
        quote(profit), quote("1.93"), ratio("0.0128"), quantity("0"), START, NOW, "take_profit", "",
    )  # fmt: skip


def days() -> list[DayResult]:
    start = START.date()
    values = (("12.34", 3, 2), ("-5.5", 2, 0), ("0", 0, 0), ("101.9", 4, 4))
    return [
        DayResult(start - timedelta(days=index * 5), quote(profit), quote("1"), trades, wins, quote("1000"))
        for index, (profit, trades, wins) in enumerate(values)
    ]


def held() -> list[results.Coin]:
    seen = NOW - timedelta(seconds=4)
    return [
        results.Coin("USDT", Decimal("9000.51234567"), Decimal("9000.51234567")),
        results.Coin("BTC", Decimal("0.01598400"), Decimal("971.512345"), seen),
        results.Coin("ODD", Decimal("12.5"), None),
    ]


def executions() -> list[BookedFill]:
    both = (
        fill(ClientOrderId("pd1"), "0.016", "60000.1"),
        fill(ClientOrderId("pd2"), "0.016", "60800", Side.SELL),
    )
    return [BookedFill(PositionId("p7"), one, quote("0.96")) for one in both]


def earners() -> list[PresetResult]:
    first = PresetResult(CROSS, BTC, quote("88"), quote("4"), quote("120"), quote("32"), 12, 8)
    return [first, PresetResult(None, ETH, quote("-9.5"), quote("1"), quote("0"), quote("9.5"), 2, 0)]


def machine() -> safety.Machine:
    return safety.Machine("0.1.0", START, 96.4, 0, 0, 2)


SCREENS: dict[str, Callable[[], Screen]] = {
    "home": lambda: home.home([summarise(view())], NOW),
    "home_halted": lambda: home.home([summarise(odd_view())], NOW),
    "more": lambda: home.more(NOW),
    "help": talk.help_screen,
    "positions": lambda: positions.positions(holdings_of(view()), 0, {}, NOW),
    "positions_none": lambda: positions.positions([], 0, {}, NOW),
    "position": lambda: positions.position(holdings_of(view())[0], NOW),
    "move_stop": lambda: positions.move_stop(holdings_of(view())[0], [("−1.00 % · 60,113.29", price("60113.29"))], NOW),
    "orders": lambda: orders.orders(
        [Placed("main", "paper", one) for one in view().state.orders.values()], [foreign_order()], 0, {}, NOW
    ),
    "orders_closing": lambda: orders.orders(
        [], [foreign_order(), replace(foreign_order(Side.SELL), asked=2, asked_at=NOW)], 0, {}, NOW
    ),
    "trades": lambda: lists.trades([trade(), trade("ETH/USDT", "-3.2")], 9, 0, MAIN, "paper", "USDT", NOW),
    "trade": lambda: lists.trade(trade(), executions(), "paper", "USDT", MAIN, NOW),
    "profit_days": lambda: results.profit(days(), "day", 30, MAIN, "paper", "USDT", NOW),
    "profit_weeks": lambda: results.profit(days(), "week", 84, MAIN, "paper", "USDT", NOW),
    "profit_months": lambda: results.profit(days(), "month", 365, MAIN, "live", "USDT", NOW),
    "performance": lambda: results.performance(earners(), MAIN, "paper", "USDT", NOW),
    "balance": lambda: results.balance(held(), summarise(view()), MAIN, NOW),
    "balance_live": lambda: results.balance(held(), live_summary(), MAIN, NOW),
    "risk": lambda: safety.risk(view(), summarise(view()), MAIN, NOW),
    "health": lambda: safety.health(
        machine(), [(summarise(view()), replace(view().health, unread_rows=3))], NOW
    ),
    "version": lambda: safety.version("0.1.0", [summarise(view())], NOW),
    "connections": lambda: setup.connections([summarise(view())], 0, NOW),
    "connection": lambda: setup.connection(view(), summarise(view()), NOW),
    "presets": lambda: setup.presets(view(), MAIN, NOW),
    "preset": lambda: setup.preset(view(), view().settings.presets[CROSS], NOW),
    "strategies": lambda: setup.strategies(desk().strategies(), 0, NOW),
    "strategy": lambda: setup.strategy(desk().strategies()[0], NOW),
    "confirm_close": lambda: confirming.close(holdings_of(view())[0], fee_of(holdings_of(view())[0]), OFFER, False),
    "confirm_flatten": lambda: confirming.flatten([summarise(view())], {"main": Decimal("1.95")}, 1, OFFER, True),
    "confirm_resume": lambda: confirming.resume([summarise(view())], OFFER),
    "confirm_stop": lambda: confirming.move_stop(holdings_of(view())[0], Decimal(57000), OFFER),
    "confirm_preset": lambda: confirming.preset(summarise(view()), view().settings.presets[CROSS], OFFER),
    "confirm_lift": lambda: confirming.lift(summarise(odd_view()), "LIFT 4711", NOW),
    "dashboard": lambda: board([summarise(view()), summarise(odd_view())], NOW),
    "dashboard_live": lambda: board([live_summary()], NOW),
    "home_unread": lambda: home.home([live_summary(equity=Quote(Decimal(0)), reconciled_at=None)], NOW),
    "home_live": lambda: home.home([live_summary()], NOW),
    "connection_live": lambda: setup.connection(view(), live_summary(), NOW),
    "position_unknown": lambda: positions.position(replace(holdings_of(view())[0], unknown=uncertain()), NOW),
    "orders_none": lambda: orders.orders([], [], 0, {}, NOW),
    "orders_unknown": lambda: orders.orders([Placed("main", "live", uncertain())], [], 0, {}, NOW),
    "stop_order": lambda: orders.stop_order(Placed("main", "live", next(iter(view().state.orders.values())))),
    "foreign": lambda: foreign.foreign(foreign_order(), NOW),
    "foreign_untold": lambda: foreign.foreign(foreign_order(None), NOW),
    "confirm_adopt": lambda: foreign.confirm(foreign_order(), "binance", "USDT", price("60000"), quantity("0.016"), True, OFFER, False),
    "confirm_foreign_close": lambda: foreign.confirm(foreign_order(), "binance", "USDT", None, quantity("0"), False, OFFER, True),
    "confirm_foreign_sell": lambda: foreign.confirm(
        foreign_order(Side.SELL), "binance", "USDT", price("60000"), quantity("0.016"), False, OFFER, False
    ),
    "modes": lambda: live.overview([summarise(view()), live_summary()], NOW),
    "checking": lambda: live.checking(summarise(view())),
    "checklist": lambda: live.checklist(summarise(view()), items(), NOW),
    "checklist_warns": lambda: live.checklist(summarise(view()), [*items()[:3], *WARNINGS, *items()[3:]], NOW),
    "checklist_account": lambda: live.checklist(summarise(view()), [*items()[:3], MARGIN_MODE, *items()[4:]], NOW),
    "checklist_failed": lambda: live.checklist(summarise(view()), items("clock"), NOW, "1.40 s apart"),
    "confirm_live": lambda: live.ask(summarise(view()), list(view().settings.presets.values()), "LIVE 4711", NOW),
    "live": lambda: live.is_live(live_summary(), NOW),
    "live_switched": lambda: live.is_live(
        live_summary(holdings=[], orders=0, unknown=[], foreign=0, shortfalls={}, reconciled_at=None), NOW, True
    ),
    "live_leaving": lambda: live.leaving(live_summary(leaving_live=True), NOW),
    "live_left": lambda: live.on_paper(summarise(view()), False),
    "amount": lambda: trading.amount(
        account(view()), view().instruments[BTC], price("60720.5"), roomy(), trading.sums_of(roomy()), Decimal("10.5"), NOW
    ),
    "buy_what": lambda: trading.what(["BTC/USDT", "ETH/USDT"], REFUSED, {}),
    "buy_nothing": lambda: trading.what([], {"halted: drawdown of 5.00%, limit 4.00%": ["BTC/USDT"]}, MAIN),
    "buy_not_now": lambda: trading.not_now("BTC/USDT", [("main", "no fresh price for BTC/USDT")], {**MAIN, "s": "BTC/USDT"}),
    "confirm_buy": lambda: trading.buy(wish("250"), OFFER, False),
    "confirm_buy_live": lambda: trading.buy(wish("250", Mode.LIVE), OFFER, True),
    "confirm_buy_cut": lambda: trading.buy(wish("50000"), OFFER, False),
    "followed_sent": lambda: followed(OrderStatus.INTENDED),
    "followed_part": lambda: followed(OrderStatus.WORKING, "0.003"),
    "followed_filled": lambda: followed(OrderStatus.FILLED, "0.015"),
    "followed_refused": lambda: followed(OrderStatus.REJECTED),
    "followed_expired": lambda: followed(OrderStatus.EXPIRED, "0.003"),
    "followed_unknown": lambda: followed(OrderStatus.UNKNOWN),
    "hint_unknown": lambda: talk.unknown_command("profti", "profit"),
}  # fmt: skip

PLACE = {"connection": "main", "mode": "paper"}
SENT: dict[str, str | int | bool | None] = {
    "order": "pd1", "position": "p1", "symbol": "BTC/USDT", "side": "buy", "type": "market", "purpose": "entry",
    "status": "intended", "quantity": "0.016", "filled": "0", "price": None, "stop_price": None, "preset": "cross",
    "reason": "crossed", "lost_at": None,
}  # fmt: skip
PART = {
    **SENT, "status": "working", "filled": "0.006", "done": "0.006", "held": "0.005994", "average": "60000.1",
    "fees": "0.36", "quote": "USDT", "stop": "58800", "take_profit": None, "resting": None,
}  # fmt: skip
DONE = {**PART, "status": "filled", "filled": "0.016", "done": "0.016", "held": "0.015984", "fees": "0.96"}
SALE = {
    **SENT, "side": "sell", "purpose": "exit", "status": "working", "quantity": "0.01598", "filled": "0.006",
    "done": "0.006", "held": "0.009984", "average": "60800", "fees": "1.2", "quote": "USDT",
    "preset": None, "reason": "take_profit",
}  # fmt: skip
NOTICES: dict[str, dict[str, str | int | bool | None]] = {
    "started": {"version": "0.1.0", "positions": 2, "orders": 1, "state": "paused", "halted": "", "clean": False},
    "stopped": {},
    "was_deaf": {"cause": "webhook", "detail": "https://hooks.example/bot"},
    "order_placed": SENT,
    "order_accepted": {**SENT, "status": "working"},
    "order_filled": PART,
    "position_opened": DONE,
    "stop_resting": {**DONE, "resting": "0.01598", "take_profit": "63000"},
    "order_rejected": {**SENT, "status": "rejected", "detail": "below the least notional"},
    "order_ended": {**PART, "status": "expired", "resting": "0.005994", "detail": "the venue took it off the book"},
    "order_unknown": {**SENT, "status": "unknown", "since": NOW.isoformat(), "lost_at": NOW.isoformat()},
    "exit_wanted": {"position": "p1", "symbol": "BTC/USDT", "purpose": "exit", "quantity": "0.015984", "reason": "time_limit"},
    "reconciled": {"repairs": 2},
    "position_closed": {
        "position": "p1", "symbol": "BTC/USDT", "quantity": "0.016", "entry": "60000.1", "exit": "60800", "profit": "-12.34",
        "share": "-0.0128", "fees": "1.93", "reason": "stop", "held_seconds": 3723, "quote": "USDT", "dust": "0.00000412",
    },
    "exit_refused": {"position": "p1", "symbol": "BTC/USDT", "reason": "market closed", "retry_after": NOW.isoformat()},
    "stop_refused": {"position": "p1", "symbol": "BTC/USDT", "reason": "market closed", "retry_after": NOW.isoformat()},
    "position_reduced": {"position": "p1", "symbol": "BTC/USDT", "quantity": "0.004", "price": "60000"},
    "shortfall": {"coin": "BTC", "ours": "0.016", "theirs": "0.012"},
    "foreign_found": {"order": "pdabc", "symbol": "BTC/USDT", "side": "buy", "quantity": "0.01", "filled": "0"},
    "foreign_open": {"order": "pdabc", "symbol": "BTC/USDT", "asked": 2, "filled": "0.001"},
    "foreign_ended": {"order": "pdabc", "symbol": "BTC/USDT", "status": "cancelled", "filled": "0.001"},
    "entries_barred": {"position": "p1", "symbol": "BTC/USDT", "reason": "Filter failure: MAX_NUM_ALGO_ORDERS", "stop": "58800"},
    "entries_allowed": {"symbol": "BTC/USDT", "by": "venue"},
    "preset_gone": {"position": "p1", "symbol": "BTC/USDT", "preset": "cross", "stop": "58800", "take_profit": None},
    "preset_back": {"position": "p1", "symbol": "BTC/USDT", "preset": "cross"},
    "on_paper": {},
    "kept_live": {"positions": "BTC/USDT 0.016 (stop 58800)", "orders": "BTC/USDT sell 0.016 (stop, working, pdabc)"},
    "left_behind": {"positions": "", "orders": "BTC/USDT buy 0.016 (entry, unknown, pdabc)"},
    "elsewhere": {"before": "binance", "venue": "kraken", "positions": "BTC/USDT 0.016 (stop 58800)", "orders": ""},
    "live_unreadable": {"reason": "fact 3 of book main.live is missing: restore a backup"},
    "stop_moved": {"position": "p1", "symbol": "BTC/USDT", "stop": "59400", "by": "trailing"},
    "breaker": {"breaker": "drawdown", "step": "warn", "figure": "0.0512", "limit": "0.05"},
    "halted": {"breaker": "daily_loss", "reason": "loss of 6.1 %"},
    "halt_lifted": {"by": "owner"},
    "trouble": {"trouble": "venue_unreachable", "subject": "", "detail": "connection refused"},
    "trouble_over": {"trouble": "venue_unreachable", "subject": "", "seconds": 95, "count": 7},
    "state_changed": {"state": "paused", "by": "owner"},
    "stranger": {"user_id": "1002", "name": "Str <b>anger"},
    "forged": {"user_id": "1001"},
    "answer": {"text": "main LIVE: paused. <b>No new entries</b>\nsecond PAPER: not done"},
    "never_heard_of": {"what": "<i>", "how": None},
}  # fmt: skip


WAYS: dict[str, tuple[str, dict[str, str | int | bool | None]]] = {
    "at_a_price": ("order_placed", {**SENT, "type": "limit", "price": "59000", "preset": None, "reason": "by hand"}),
    "nothing_filled": ("order_ended", {**SENT, "status": "never_arrived", "detail": "the venue does not know it"}),
    "trouble_over_instruments": (
        "trouble_over", {"trouble": "prices_stale", "subject": INSTRUMENTS, "seconds": 95, "count": 1},
    ),
    "elsewhere_unreadable": ("elsewhere", {"before": "binance", "venue": "kraken", "reason": "fact 3 is missing"}),
    "known_again": ("stop_resting", {**DONE, "resting": "0.015984", "lost_at": NOW.isoformat()}),
    "leaving_part": ("order_filled", SALE),
    "stop_part": ("order_filled", {**SALE, "purpose": "stop", "type": "stop", "reason": "stop_loss"}),
    "stop_unknown": (
        "order_unknown",
        {**SALE, "purpose": "stop", "type": "stop", "stop_price": "58800", "filled": "0", "since": NOW.isoformat()},
    ),
}  # fmt: skip
"""The same kinds further on their way."""


def told(kind: str, data: dict[str, str | int | bool | None], count: int = 1) -> Waiting:
    merged_data = {**data, **PLACE}
    return Waiting(
        1,
        NOW,
        BookId("main.paper"),
        kind,
        Weight.TRADE,
        merged_data,
        "",
        "",
        count,
        WaitingState.NEW,
        1,
        1,
        0,
    )


def sound(screen: Screen) -> None:
    """What Telegram and a small phone take, whatever the data."""
    text = str(screen.text)
    assert len(text) < 4096
    parsed = parse_html(text)
    assert parsed.text.strip()
    for line in re.findall(r"<code>(.*?)</code>", text):
        assert len(_unescaped(line)) <= WIDTH, line
    for button in (one for group in screen.buttons for one in group):
        assert button.label


def _unescaped(line: str) -> str:
    found: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = found.append  # type: ignore[method-assign, assignment]
    parser.feed(line)
    parser.close()
    return "".join(found)


@pytest.mark.parametrize("name", SCREENS)
def test_screen(name: str) -> None:
    screen = SCREENS[name]()
    sound(screen)
    check(f"screen_{name}", screen)


@pytest.mark.parametrize("kind", NOTICES)
def test_notice(kind: str) -> None:
    screen = notice(told(kind, NOTICES[kind]))
    sound(screen)
    check(f"notice_{kind}", screen)


def test_a_refused_key_says_what_was_done_and_what_to_do() -> None:
    data = {"trouble": "key_refused", "subject": "", "detail": "API-key expired", "episode": NOW.isoformat()}
    screen = notice(told("trouble", {**data}))
    sound(screen)
    check("notice_trouble_key", screen)


def test_a_trouble_that_comes_and_goes_says_so() -> None:
    screen = notice(told("trouble", NOTICES["trouble"], 7), flaps=True)
    sound(screen)
    check("notice_trouble_flaps", screen)


@pytest.mark.parametrize("way", WAYS)
def test_ways_of_an_order(way: str) -> None:
    screen = notice(told(*WAYS[way], 9))
    sound(screen)
    check(f"notice_way_{way}", screen)


def test_every_kind_has_a_golden_notice() -> None:
    assert set(KINDS) < set(NOTICES)


def test_merged_notices() -> None:
    screen = merged([told(kind, data, 2) for kind, data in NOTICES.items()])
    sound(screen)
    check("notices_merged", screen)


def test_money_and_mode_stand_together() -> None:
    """Law 12: wherever there is a sum, PAPER or LIVE is beside it."""
    for name, make in SCREENS.items():
        text = str(make().text)
        if re.search(r"\d USDT", text):
            assert re.search(r"PAPER|LIVE", text), name


WILD = st.one_of(
    st.text(max_size=600),
    st.sampled_from(
        ["<b>", "</code>", "&amp;", "NaN", "Infinity", "1e999999", "-0", "9" * 400, "\u202e", "🟢" * 300, ""]
    ),
    st.none(),
    st.booleans(),
    st.integers(),
)


@given(kind=st.sampled_from([*NOTICES]), data=st.data(), count=st.integers(1, 10**9))
def test_any_notice_data_is_sound(kind: str, data: st.DataObject, count: int) -> None:
    names = [*NOTICES[kind], "connection", "mode", "detail", "lost_at"]
    wild = {name: data.draw(WILD) for name in names}
    one = replace(told(kind, {}, count), data=wild)
    sound(notice(one))
    sound(merged([one] * 60))
    assert len(line_of(one)) < 2500


@given(left=st.text(max_size=200), right=st.text(max_size=200))
def test_rows_are_never_too_wide(left: str, right: str) -> None:
    sound(Screen(row("x" + left.replace("\r", ""), right.replace("\r", ""))))
    sound(Screen(cells((11, 8, 13), ("x" + left, right, right))))


@given(
    symbol=st.text(min_size=1, max_size=300),
    profit=st.decimals(),
    page=st.integers(-5, 10**6),
)
def test_any_trade_is_sound(symbol: str, profit: Decimal, page: int) -> None:
    one = replace(trade(), symbol=Symbol(symbol), profit=Quote(profit))
    sound(lists.trades([one] * 7, 10**6, page, MAIN, "paper", "USDT", NOW))
    sound(lists.trade(one, executions() * 50, "paper", "USDT", MAIN, NOW))


@given(name=st.text(min_size=1, max_size=300), count=st.integers(1, 30))
def test_any_preset_names_are_sound(name: str, count: int) -> None:
    shown = view()
    many = {
        PresetId(f"{name}{index}"): Preset(
            PresetId(f"{name}{index}"), name, (Symbol(name),) * 100, (60, 3600), {name: name}
        )
        for index in range(count)
    }
    shown = replace(shown, settings=replace(shown.settings, presets=many, connection=ConnectionId(name)))
    sound(setup.presets(shown, {"c": name, "page": "99"}, NOW))
    sound(setup.preset(shown, next(iter(many.values())), NOW))
    sound(home.home([summarise(shown)] * 40, NOW))
