"""The pieces of the live adapter by themselves: refusals, the budget, names, history, what answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.clock import ManualClock
from engine.core.errors import Corrupt, KeyRejected, OutcomeUnknown, PocketdeskError, Rejected, Unavailable
from engine.core.ids import IntentId, Symbol, client_order_id
from engine.core.model import VenueStatus
from engine.exchanges import answers, lean, names, refusals
from engine.exchanges.budget import Allowance, Budget
from engine.exchanges.dialects import dialect_of
from engine.exchanges.dialects.base import Dialect, Page, Raw, Span
from engine.exchanges.history import executions
from engine.exchanges.names import Names
from engine.exchanges.wire import Attempt

ccxt = lean.errors()
BTC = Symbol("BTC/USDT")
NOW = datetime(2024, 3, 1, tzinfo=UTC)
OURS = client_order_id(IntentId("one"))


def told(body: Any, status: int = 200, sent: bool = True) -> Attempt:
    return Attempt(acts=True, sent=sent, status=status, body=json.dumps(body))


@pytest.mark.parametrize(
    ("venue", "body", "kind"),
    [
        ("binance", {"code": -2010, "msg": "Account has insufficient balance."}, Rejected),
        ("binance", {"code": -2010, "msg": "Duplicate order sent."}, OutcomeUnknown),
        ("binance", {"code": -1007, "msg": "Timeout"}, OutcomeUnknown),
        ("binance", {"code": -4242, "msg": "unheard of"}, OutcomeUnknown),
        ("binance", {"code": -2015, "msg": "Invalid API-key"}, KeyRejected),
        ("binance", {}, OutcomeUnknown),
        ("bybit", {"retCode": 170131, "retMsg": "Insufficient balance."}, Rejected),
        ("bybit", {"retCode": 170141, "retMsg": "Duplicate clientOrderId."}, OutcomeUnknown),
        ("bybit", {"retCode": -2010, "retMsg": "another venue's code"}, OutcomeUnknown),
        ("okx", {"code": "1", "data": [{"sCode": "51008", "sMsg": "Insufficient"}]}, Rejected),
        ("okx", {"code": "1", "data": [{"sCode": "51016", "sMsg": "exists"}]}, OutcomeUnknown),
        ("okx", {"code": "1", "data": []}, OutcomeUnknown),
        ("okx", {"code": "50113", "msg": "Invalid Sign"}, KeyRejected),
        ("kraken", {"error": ["EOrder:Insufficient funds"]}, Rejected),
        ("kraken", {"error": ["EService:Busy"]}, OutcomeUnknown),
        ("kraken", {"error": ["EAPI:Invalid key"]}, KeyRejected),
        ("kucoin", {"code": "200004", "msg": "Balance insufficient!"}, Rejected),
        ("kucoin", {"code": "400100", "msg": "could be anything"}, OutcomeUnknown),
        ("bingx", {"code": 100202, "msg": "Insufficient balance"}, Rejected),
        ("bingx", {"code": 101481, "msg": "exists"}, OutcomeUnknown),
        ("bingx", {"code": 100421, "msg": "Null timestamp or timestamp mismatch"}, Rejected),
        (
            "bingx",
            {"code": 100421, "msg": "This pair is currently restricted from API trading"},
            OutcomeUnknown,
        ),
        ("bingx", {"code": 100421, "msg": "Signature verification failed"}, OutcomeUnknown),
        ("bingx", {"code": 80014, "msg": "timestamp is invalid"}, Rejected),
        ("bingx", {"code": 80014, "msg": "Invalid parameters"}, Rejected),
    ],
)
def test_a_venues_code_decides_and_what_is_not_listed_is_unknown(
    venue: str, body: dict[str, Any], kind: type[PocketdeskError]
) -> None:
    assert type(refusals.meaning_of_act(ccxt.ExchangeError("x"), venue, told(body))) is kind


@pytest.mark.parametrize(
    ("venue", "body", "clock"),
    [
        ("bingx", {"code": 100421, "msg": "Null timestamp or timestamp mismatch, try our sample"}, True),
        ("bingx", {"code": 80014, "msg": "Timestamp is invalid"}, True),
        ("bingx", {"code": 80014, "msg": "Invalid parameters"}, False),
        ("bingx", {"code": 100421, "msg": "This pair is currently restricted from API trading"}, False),
        ("bingx", {"code": 100421}, False),
        ("binance", {"code": -1021, "msg": "in any words"}, True),
        ("binance", {"code": -1022, "msg": "Signature for this timestamp is not valid"}, False),
    ],
)
def test_a5_a_code_that_stands_for_more_than_the_time_needs_its_word(
    venue: str, body: dict[str, Any], clock: bool
) -> None:
    assert refusals.is_clock(venue, told(body)) is clock


def test_o4_no_code_of_a_failing_server_is_believed() -> None:
    meaning = refusals.meaning_of_act(ccxt.ExchangeError("x"), "binance", told({"code": -1013}, 502))
    assert type(meaning) is OutcomeUnknown


def test_what_never_left_is_refused_for_certain() -> None:
    meaning = refusals.meaning_of_act(ccxt.InvalidOrder("x"), "binance", told({}, sent=False))
    assert isinstance(meaning, Rejected)
    assert meaning.code == "NOT_SENT"


def test_m11_the_reserve_is_kept_for_exits_and_comes_back_with_time() -> None:
    clock = ManualClock(NOW)
    budget = Budget(Allowance(10, 60.0), clock)
    budget.spend(8)
    with pytest.raises(Unavailable) as caught:
        budget.check(urgent=False)
    assert caught.value.retry_after == 60
    budget.check(urgent=True)
    clock.advance(timedelta(seconds=61))
    budget.check(urgent=False)
    assert budget.left == 10


def test_the_venues_own_count_is_taken_over_where_it_is_larger() -> None:
    budget = Budget(Allowance(6000, 60.0, "x-mbx-used-weight-1m"), ManualClock(NOW))
    budget.spend(5)
    budget.learn({"X-MBX-USED-WEIGHT-1M": "1200"})
    assert budget.left == 4800
    budget.learn({"X-MBX-USED-WEIGHT-1M": "3"})
    budget.learn({"X-MBX-USED-WEIGHT-1M": "nonsense"})
    budget.learn(None)
    assert budget.left == 4800


def test_law_4_only_our_own_numbers_have_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST", 2)
    known = Names()
    known.note("1", OURS)
    known.note("2", "web_of_the_owner")
    assert known.ours("1") == OURS
    assert known.ours("2") is None
    assert "2" in known
    known.note("3", "")
    assert "1" not in known


def order(**more: Any) -> dict[str, Any]:
    return {"id": "7", "status": "open", "filled": "0", "amount": "1", "side": "buy", **more}


def test_a_closed_order_with_a_rest_was_ended_before_it_was_filled() -> None:
    for filled, status in (("1", VenueStatus.FILLED), ("0.4", VenueStatus.CANCELLED)):
        report = answers.order_report(order(status="closed", filled=filled), OURS, BTC, NOW)
        assert (report.status, report.filled) == (status, Decimal(filled))


@pytest.mark.parametrize(
    "raw", [order(status="strange"), order(filled="nan"), order(filled="-1"), order(status=None)]
)
def test_an_unsound_order_goes_no_further(raw: dict[str, Any]) -> None:
    with pytest.raises(Corrupt):
        answers.order_report(raw, OURS, BTC, NOW)


@pytest.mark.parametrize("raw", [{}, {"id": None}, "text", None, order(clientOrderId="another")])
def test_an_answer_that_proves_no_order_of_ours_is_none(raw: Any) -> None:
    with pytest.raises(Corrupt):
        answers.accepted(raw, OURS, BTC, NOW)


def test_o11_fees_of_any_coin_are_kept_exactly() -> None:
    raw = {
        "id": "9", "side": "buy", "amount": "0.1", "price": "50000.01",
        "fees": [{"cost": "0.000100000001", "currency": "BTC"}, {"cost": "-0.01", "currency": "BNB"}, {"cost": None}],
    }  # fmt: skip
    fees = answers.fill(raw, OURS, BTC, NOW).fees
    assert [(fee.amount, fee.coin) for fee in fees] == [
        (Decimal("0.000100000001"), "BTC"),
        (Decimal("-0.01"), "BNB"),
    ]


class History:
    """A venue's executions, one each hour, in pages and windows."""

    def __init__(self, dialect: Dialect, count: int) -> None:
        start = NOW - timedelta(hours=count)
        self.all: list[Raw] = [
            {"id": str(n), "timestamp": int((start + timedelta(hours=n)).timestamp() * 1000)}
            for n in range(count)
        ]
        self._dialect = dialect
        self.asked = 0

    async def page(self, symbol: Symbol | None, span: Span) -> Page:
        self.asked += 1
        since, until = span.since_ms, span.until_ms
        window = self._dialect.trades_window
        reach = self._dialect.trades_reach
        size = self._dialect.trades_page
        if since is None:
            first = 0.0 if reach is None else (NOW - reach).timestamp() * 1000
            lately = [one for one in self.all if one["timestamp"] >= first]
            return Page(lately[-size:], {"skip": size} if len(lately) >= size else None)
        assert until is not None
        assert window is None or until - since <= window.total_seconds() * 1000
        skip = span.more.get("skip", 0)
        found = [one for one in self.all if since <= one["timestamp"] <= until][skip : skip + size]
        return Page(found, {"skip": skip + size} if len(found) >= size else None)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "kraken", "kucoin", "bingx"])
@pytest.mark.parametrize("hours", [3, 90, 700])
async def test_a9_executions_are_found_over_pages_and_windows(
    monkeypatch: pytest.MonkeyPatch, venue: str, hours: int
) -> None:
    dialect = dialect_of(venue)
    monkeypatch.setattr(type(dialect), "trades_page", 20)
    history = History(dialect, 800)
    since = NOW - timedelta(hours=hours)
    found = await executions(history.page, dialect, BTC, since, NOW)
    assert {one["id"] for one in found} == {one["id"] for one in history.all[-hours:]}
    if hours == 3:
        assert history.asked == 1


async def test_too_much_history_is_told_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    dialect = dialect_of("binance")
    monkeypatch.setattr(type(dialect), "trades_page", 20)
    monkeypatch.setattr("engine.exchanges.history.MOST_PAGES", 3)
    with pytest.raises(Unavailable, match="too much"):
        await executions(History(dialect, 800).page, dialect, BTC, NOW - timedelta(hours=700), NOW)


def test_an_unknown_venue_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="binance, bingx, bybit, kraken, kucoin, okx"):
        dialect_of("mtgox")
