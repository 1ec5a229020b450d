"""What the sandbox venue keeps over a restart, and what it does with a file that was torn."""

from __future__ import annotations

import argparse
import os
import resource
import signal
from decimal import Decimal as D
from pathlib import Path

import pytest

from sandbox.exchange.backdoor import Backdoor
from sandbox.exchange.cli import add_arguments, kept_venue
from sandbox.exchange.clock import VenueClock
from sandbox.exchange.keeping import Keeper
from sandbox.exchange.kept import Damaged, read_kept
from sandbox.exchange.matching.model import OrderRequest, OrderType, Side
from sandbox.exchange.snapshot import state
from sandbox.exchange.venue import Venue

HOUR = 3_600_000
ACCOUNT = "sandbox-key"


class Runs:
    """One venue after another over the same file, at times that the test chooses."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
        self.path = path
        self.now_ms = 1_700_000_000_000
        monkeypatch.setattr(VenueClock, "true_ms", staticmethod(lambda: self.now_ms))
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        self._parser = parser
        self.options = options or ("--market", "BTC/USDT")

    def start(self) -> Venue:
        self.keeper = Keeper(self.path)
        return kept_venue(self._parser.parse_args(self.options), self.keeper)

    def play(self, venue: Venue, ms: int) -> None:
        for _ in range(ms // 250):
            self.now_ms += 250
            venue._play_due()


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(tmp_path / "market.jsonl", monkeypatch)


def order(venue: Venue, name: str, kind: str, quantity: str, percent: int = 0, side: Side = Side.BUY) -> None:
    """At market, or a stop so many percent away from the last price."""
    pair = venue.matching.pair("BTCUSDT")
    away = venue.matching.book("BTCUSDT").last * (100 + percent) / 100
    stop = None if kind == "MARKET" else away - away % pair.tick
    request = OrderRequest(pair.id, side, OrderType(kind), name, quantity=D(quantity), stop_price=stop)
    venue.matching.place(ACCOUNT, request, venue.clock.now_ms())


def without_time(venue: Venue) -> dict[str, object]:
    return {name: value for name, value in state(venue).items() if name not in ("time", "prices")}


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_accounts_orders_and_fills_are_there_again_after_a_restart(runs: Runs, how: str) -> None:
    first = runs.start()
    runs.play(first, 5_000)
    order(first, "pd-in", "MARKET", "0.02")
    order(first, "pd-stop", "STOP_LOSS", "0.02", percent=-50, side=Side.SELL)
    order(first, "pd-old", "STOP_LOSS", "0.01", percent=-40, side=Side.SELL)
    old = first.matching.open_orders(ACCOUNT)[-1]
    first.matching.cancel(old, first.clock.now_ms())
    Backdoor(first).do("balance", {"coin": "BNB", "free": "7.25"})
    if how == "closed":
        runs.keeper.close()
    second = runs.start()
    assert without_time(second) == without_time(first)
    assert second.matching.book("BTCUSDT").last == first.matching.book("BTCUSDT").last
    order(second, "pd-in-2", "MARKET", "0.02")
    orders, trades = second.matching.orders(), second.matching.trades()
    assert len({one.id for one in orders}) == len(orders) == 4
    assert len({one.id for one in trades}) == len(trades)
    assert [one.client_id for one in second.matching.open_orders(ACCOUNT)] == ["pd-stop"]
    assert second.matching.accounts[ACCOUNT].locked("BTC") == D("0.02")


def test_an_order_that_was_forgotten_stays_so(runs: Runs) -> None:
    first = runs.start()
    order(first, "pd-stop", "STOP_LOSS", "0.02", percent=-50, side=Side.SELL)
    Backdoor(first).do("forget", {"client_id": "pd-stop"})
    second = runs.start()
    assert second.matching.orders() == []
    assert second.matching.accounts[ACCOUNT].free("BTC") == D("0.1")


def test_the_market_goes_on_while_nobody_keeps_it(runs: Runs) -> None:
    """The same prices as without a break, and the same candles of what was before it."""
    first = runs.start()
    runs.play(first, 5_000)
    before = first.feed.instruments["BTCUSDT"].candles.read(60_000, 30, None, None)[:-1]
    runs.now_ms += HOUR
    second = runs.start()
    candles = second.feed.instruments["BTCUSDT"].candles
    assert candles.read(60_000, len(before), before[0].open_ms, None) == before
    position = first.feed.places()["BTCUSDT"].position + HOUR // 1000
    assert second.feed.places()["BTCUSDT"].position == position


def test_a_stop_that_rested_meanwhile_was_carried_out_at_its_time(runs: Runs) -> None:
    first = runs.start()
    runs.play(first, 5_000)
    order(first, "pd-in", "MARKET", "0.02")
    lowest = min(bar.low for bar in first.feed.instruments["BTCUSDT"].candles.read(1_000, 600, None, None))
    last = first.matching.book("BTCUSDT").last
    order(first, "pd-stop", "STOP_LOSS", "0.02", percent=-1, side=Side.SELL)
    assert lowest * first.matching.pair("BTCUSDT").tick < last
    left = runs.now_ms
    runs.now_ms += 10 * HOUR
    second = runs.start()
    stop = next(one for one in second.matching.orders() if one.client_id == "pd-stop")
    assert stop.filled == D("0.02")
    assert left < stop.updated_ms < runs.now_ms
    assert second.matching.accounts[ACCOUNT].locked("BTC") == 0
    third = runs.start()
    assert without_time(third) == without_time(second)


def test_a_last_line_without_an_end_was_never_answered_for(runs: Runs) -> None:
    first = runs.start()
    order(first, "pd-in", "MARKET", "0.02")
    whole = runs.path.read_bytes()
    order(first, "pd-2", "MARKET", "0.02")
    runs.path.write_bytes(runs.path.read_bytes()[: len(whole) + 40])
    second = runs.start()
    assert [one.client_id for one in second.matching.orders()] == ["pd-in"]


@pytest.mark.parametrize("spoiled", [b"", b"{}\n", b"nonsense\n", b'{"version": 2}\n', None])
def test_a_torn_file_is_a_sentence_and_a_fresh_start(
    runs: Runs, spoiled: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    first = runs.start()
    order(first, "pd-in", "MARKET", "0.02")
    content = runs.path.read_bytes()
    runs.path.write_bytes(content.replace(b"MARKET", b"MAR\x00ET", 1) if spoiled is None else spoiled)
    torn = runs.path.read_bytes()
    with pytest.raises(Damaged):
        read_kept(runs.path)
    second = runs.start()
    assert second.matching.orders() == []
    assert second.matching.accounts[ACCOUNT].free("USDT") == 10_000
    assert "the market begins anew" in capsys.readouterr().out
    assert runs.path.with_name("market.jsonl.damaged").read_bytes() == torn
    runs.start()
    assert capsys.readouterr().out == "", "said once"


def test_other_instruments_are_another_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs(tmp_path / "market.jsonl", monkeypatch)
    order(runs.start(), "pd-in", "MARKET", "0.02")
    runs.options = ("--market", "ETH/USDT")
    assert runs.start().matching.orders() == []
    assert "begins anew" in capsys.readouterr().out


def test_a_file_that_can_not_be_written_is_tried_again_with_the_next_change(runs: Runs) -> None:
    venue = runs.start()
    blocked = runs.path.with_name("market.jsonl.new")
    blocked.mkdir()
    Backdoor(venue).do("forget", {"client_id": _resting(venue, "pd-1")})
    blocked.rmdir()
    order(venue, "pd-2", "MARKET", "0.02")
    assert [one.client_id for one in runs.start().matching.orders()] == ["pd-2"]


@pytest.mark.parametrize("room", [0, 40])
def test_a_full_disk_is_recovered_from_once_it_has_room_again(
    runs: Runs, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not written stays with the file, and is tried again when that is closed."""
    venue = runs.start()
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (runs.path.stat().st_size + room, limits[1]))
    try:
        order(venue, "pd-1", "MARKET", "0.02")
        order(venue, "pd-2", "MARKET", "0.02")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    order(venue, "pd-3", "MARKET", "0.02")
    assert [one.client_id for one in read_kept(runs.path).orders] == ["pd-1", "pd-2", "pd-3"]
    runs.keeper.close()
    runs.keeper.close()
    assert len(runs.start().matching.orders()) == 3


def _resting(venue: Venue, name: str) -> str:
    order(venue, name, "STOP_LOSS", "0.02", percent=-50, side=Side.SELL)
    return name


def test_the_file_stays_small(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("MOST_CHANGES", 10), ("CLOSED_ORDERS", 3), ("TRADES", 4)):
        monkeypatch.setattr(f"sandbox.exchange.keeping.{name}", most)
    venue = runs.start()
    for number in range(40):
        Backdoor(venue).do("cancel", {"client_id": _resting(venue, f"pd-{number}")})
    assert len(runs.path.read_bytes().splitlines()) <= 11
    runs.keeper.close()
    assert len(read_kept(runs.path).orders) == 3


def test_each_change_is_synced_before_it_is_answered(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = runs.start()
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(runs.path.read_bytes()))
    order(venue, "pd-in", "MARKET", "0.02")
    assert b"pd-in" in synced[-1]
    Backdoor(venue).do("balance", {"coin": "BNB", "free": "7.25"})
    assert b"7.25" in synced[-1]


def test_a_limit_that_rested_meanwhile_was_filled_and_one_that_was_never_met_rests_on(runs: Runs) -> None:
    first = runs.start()
    runs.play(first, 5_000)
    pair, last = first.matching.pair("BTCUSDT"), first.matching.book("BTCUSDT").last
    for name, percent in (("near", 99), ("far", 60)):
        price = last * percent / 100
        request = OrderRequest(
            pair.id, Side.BUY, OrderType.LIMIT, name, quantity=D("0.01"), price=price - price % pair.tick
        )
        first.matching.place(ACCOUNT, request, first.clock.now_ms())
    runs.now_ms += 40 * 24 * HOUR
    second = runs.start()
    filled = {one.client_id: one.filled for one in second.matching.orders()}
    assert filled == {"near": D("0.01"), "far": 0}
    assert [one.client_id for one in second.matching.open_orders(ACCOUNT)] == ["far"]
    assert second.matching.accounts[ACCOUNT].free("BTC") == D("0.1") + D("0.01") * D("0.999")
