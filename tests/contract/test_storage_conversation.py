"""Outbox, people, settings, tokens and candles, over each database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.core.facts import HaltLifted
from engine.core.ids import BookId, Symbol
from engine.core.model import Candle
from engine.core.money import Price, Quantity
from engine.core.notices import Notice, Weight
from storage.notices import FRESH
from storage.outbox import Waiting, WaitingState
from storage.people import ATTEMPTS, VALID, Person, Role
from storage.store import Store
from storage.tokens import Token
from tests.contract.journal_fixtures import START, clock, server, store, url

__all__ = ["clock", "server", "store", "url"]

BOOK = BookId("main.paper")
BTC = Symbol("BTC/USDT")
MINUTE = timedelta(minutes=1)


def notice(kind: str = "filled", weight: Weight = Weight.TRADE, **other: Any) -> Notice:
    fields: dict[str, Any] = {"at": START, "book": BOOK, "kind": kind, "weight": weight}
    return Notice(**(fields | other))


async def due(store: Store, minutes: int = 60) -> list[Waiting]:
    return await store.outbox.due(START + minutes * MINUTE)


async def only(store: Store, minutes: int = 60) -> Waiting:
    [waiting] = await due(store, minutes)
    return waiting


# ── outbox ────────────────────────────────────────────────────────────────────────────────


async def test_the_heaviest_leaves_first_then_the_oldest(store: Store) -> None:
    kinds = [("a", Weight.INFO), ("b", Weight.CRITICAL), ("c", Weight.INFO), ("d", Weight.CRITICAL)]
    await store.journal.tell([notice(kind, weight) for kind, weight in kinds])
    assert [waiting.kind for waiting in await due(store)] == ["b", "d", "a", "c"]
    assert [waiting.kind for waiting in await store.outbox.due(START, limit=2)] == ["b", "d"]


async def test_a_notice_comes_out_as_it_went_in(store: Store) -> None:
    told = notice(data={"price": "0.10", "count": 3, "ok": True, "why": None}, thread="pd1", key="k")
    await store.journal.append(BOOK, 0, [HaltLifted(START, "owner")], [told])
    waiting = await only(store)
    assert waiting.notice == told
    assert (waiting.count, waiting.state, waiting.attempts) == (1, WaitingState.NEW, 0)
    assert (waiting.chat_id, waiting.message_id) == (None, None)


async def test_a_refused_append_tells_nothing(store: Store) -> None:
    with pytest.raises(Exception, match="second writer"):
        await store.journal.append(BOOK, 7, [HaltLifted(START, "owner")], [notice()])
    assert await store.outbox.waiting_count() == 0


async def test_what_was_sent_is_no_longer_due(store: Store) -> None:
    await store.journal.tell([notice(), notice()])
    assert await store.outbox.waiting_count() == 2
    first, second = await due(store)
    await store.outbox.sent(first.id, 5, 100, START)
    assert [waiting.id for waiting in await due(store)] == [second.id]
    assert await store.outbox.waiting_count() == 1


async def test_a_fresh_repeat_is_the_same_message_with_a_count(store: Store) -> None:
    await store.journal.tell([notice(key="k", data={"n": 1})])
    await store.journal.tell([notice(key="k", data={"n": 2}, at=START + FRESH)])
    await store.journal.tell([notice(key="k", data={"n": 3}, at=START + 2 * FRESH)])
    waiting = await only(store)
    assert (waiting.count, waiting.data, waiting.state) == (3, {"n": 3}, WaitingState.NEW)


async def test_a_stale_repeat_another_book_and_no_key_are_new_messages(store: Store) -> None:
    late = START + FRESH + timedelta(microseconds=1)
    await store.journal.tell(
        [notice(key="k"), notice(key="k", at=late), notice(key="k", book=BookId("x.live"))]
    )
    await store.journal.tell([notice(), notice()])
    assert [waiting.count for waiting in await due(store)] == [1] * 5


async def test_a_repeat_of_a_sent_message_edits_it(store: Store) -> None:
    await store.journal.tell([notice(key="k")])
    await store.outbox.sent((await only(store)).id, 5, 100, START)
    await store.journal.tell([notice(key="k", at=START + MINUTE)])
    waiting = await only(store)
    assert (waiting.state, waiting.count) == (WaitingState.CHANGED, 2)
    assert (waiting.chat_id, waiting.message_id) == (5, 100)
    await store.outbox.sent(waiting.id, 5, 100, START + MINUTE)
    assert await due(store) == []


async def test_a_repeat_while_it_is_being_sent_is_not_lost(store: Store) -> None:
    await store.journal.tell([notice(key="k")])
    waiting = await only(store)
    await store.journal.tell([notice(key="k")])
    await store.outbox.sent(waiting.id, 5, 100, START)
    waiting = await only(store)
    assert (waiting.state, waiting.count) == (WaitingState.CHANGED, 2)


async def test_a_repeat_that_weighs_more_rings_anew(store: Store) -> None:
    await store.journal.tell([notice(key="k", weight=Weight.WARNING)])
    await store.journal.tell([notice(key="k", weight=Weight.RISK)])
    waiting = await only(store)
    assert (waiting.weight, waiting.count) == (Weight.RISK, 2)
    await store.outbox.sent(waiting.id, 5, 100, START)
    await store.journal.tell([notice(key="k", weight=Weight.CRITICAL)])
    waiting = await only(store)
    assert (waiting.state, waiting.count, waiting.weight) == (WaitingState.NEW, 1, Weight.CRITICAL)


async def test_postponed_is_due_later_with_its_error(store: Store) -> None:
    await store.journal.tell([notice()])
    waiting = await only(store)
    await store.outbox.postponed(waiting.id, START + 5 * MINUTE, "flood control")
    assert await due(store, 4) == []
    assert (await only(store, 5)).attempts == 1
    [row] = await store.outbox.recent(5)
    assert (row.state, row.error, row.sent_at) == ("new", "flood control", None)


async def test_dropped_is_never_due_and_a_repeat_is_a_new_message(store: Store) -> None:
    await store.journal.tell([notice(key="k")])
    await store.outbox.dropped((await only(store)).id, "the chat is gone")
    assert await due(store) == []
    await store.journal.tell([notice(key="k")])
    assert (await only(store)).count == 1


async def test_a_thread_hangs_on_its_first_message(store: Store) -> None:
    assert await store.outbox.thread_message("pd1") is None
    await store.journal.tell([notice(thread="pd1"), notice(thread="pd1"), notice()])
    first, second, loose = await due(store)
    await store.outbox.sent(second.id, 5, 101, START)
    await store.outbox.sent(first.id, 5, 100, START)
    await store.outbox.sent(loose.id, 5, 102, START)
    assert await store.outbox.thread_message("pd1") == (5, 100)
    assert await store.outbox.thread_message("") is None


async def test_recent_alerts_are_paged_newest_first(store: Store) -> None:
    await store.journal.tell([notice(str(n), Weight.RISK if n % 2 else Weight.INFO) for n in range(6)])
    assert [row.kind for row in await store.outbox.recent(2)] == ["5", "4"]
    assert [row.kind for row in await store.outbox.recent(2, 1, Weight.WARNING)] == ["3", "1"]


async def test_tidying_forgets_old_messages_that_were_told(store: Store) -> None:
    await store.journal.tell(
        [notice(at=START - timedelta(days=91)), notice(at=START - timedelta(days=92)), notice()]
    )
    for waiting in (await due(store))[::2]:
        await store.outbox.sent(waiting.id, 5, waiting.id, START)
    await store.tidy()
    assert len(await store.outbox.recent(9)) == 2


# ── people ────────────────────────────────────────────────────────────────────────────────


async def test_whoever_has_the_code_becomes_the_owner_once(store: Store) -> None:
    assert await store.people.owner() is None
    code = await store.people.begin_pairing(START)
    ann = await store.people.redeem(f" {code.upper()} ", 1, 11, "Ann", START + MINUTE)
    assert ann == Person(1, 11, Role.OWNER, "Ann", START + MINUTE)
    assert await store.people.owner() == ann
    assert await store.people.redeem(code, 2, 22, "Bob", START + MINUTE) is None
    assert await store.people.get(2) is None


async def test_a_code_expires_and_is_void_after_a_newer_one(store: Store) -> None:
    code = await store.people.begin_pairing(START)
    assert await store.people.redeem(code, 1, 11, "Ann", START + VALID) is None
    newer = await store.people.begin_pairing(START)
    assert await store.people.redeem(code, 1, 11, "Ann", START) is None
    assert await store.people.redeem(newer, 1, 11, "Ann", START) is not None


async def test_guessing_ends_a_code(store: Store) -> None:
    code = await store.people.begin_pairing(START)
    for _ in range(ATTEMPTS):
        assert await store.people.redeem("guess", 2, 22, "Eve", START) is None
    assert await store.people.redeem(code, 1, 11, "Ann", START) is None


async def test_the_code_itself_is_not_stored(store: Store) -> None:
    from storage.schema import pairing

    code = await store.people.begin_pairing(START)
    [row] = await store.database.fetch(pairing.select())
    assert code not in str(tuple(row))


async def test_a_new_owner_takes_the_place_of_the_old(store: Store) -> None:
    ann = Person(1, 11, Role.OWNER, "Ann", START)
    user = Person(3, 33, Role.USER, "<b>", START)
    bob = Person(2, 22, Role.OWNER, "Bob", START + MINUTE)
    for person in (ann, user, bob):
        await store.people.add(person)
    assert await store.people.all() == [user, bob]
    await store.people.remove(3)
    assert await store.people.all() == [bob]


# ── settings and tokens ───────────────────────────────────────────────────────────────────


async def test_settings_keep_json_values(store: Store) -> None:
    assert await store.settings.get("pin") is None
    assert await store.settings.get("pin", 7) == 7
    for value in ({"a": [1, None, "ü"]}, 2**60, False):
        await store.settings.set("pin", value)
        assert await store.settings.get("pin", 7) == value
    await store.settings.delete("pin")
    assert await store.settings.get("pin", 7) == 7


def token(name: str, **other: Any) -> Token:
    fields: dict[str, Any] = {
        "verb": "close",
        "chat_id": 5,
        "user_id": 1,
        "expires_at": START + MINUTE,
        "args": {"id": "p1"},
    }
    return Token(name, **(fields | other))


async def test_tokens_are_kept_and_bound_to_their_message(store: Store) -> None:
    await store.tokens.put_many([token("a"), token("b", single_use=True)])
    await store.tokens.put_many([])
    assert await store.tokens.get("a") == token("a")
    assert await store.tokens.get("zzz") is None
    await store.tokens.bind(["a", "b"], 77)
    assert await store.tokens.get("b") == token("b", single_use=True, message_id=77)


async def test_of_many_taps_one_gets_the_token(store: Store) -> None:
    await store.tokens.put_many([token("a", single_use=True)])
    taps = await asyncio.gather(*(store.tokens.use_once("a", START) for _ in range(6)))
    assert [tap for tap in taps if tap] == [token("a", single_use=True, used_at=START)]
    assert await store.tokens.get("a") == token("a", single_use=True, used_at=START)


async def test_an_expired_or_unknown_token_can_not_be_used(store: Store) -> None:
    await store.tokens.put_many([token("a")])
    assert await store.tokens.use_once("a", START + MINUTE) is None
    assert await store.tokens.use_once("b", START) is None


async def test_old_tokens_are_forgotten(store: Store) -> None:
    await store.tokens.put_many([token("a"), token("b", expires_at=START - timedelta(days=3))])
    await store.tidy()
    assert await store.tokens.get("b") is None
    assert await store.tokens.get("a") is not None


# ── candles ───────────────────────────────────────────────────────────────────────────────


def candle(minute: int, close: str = "1.10") -> Candle:
    price = Price(Decimal(close))
    return Candle(START + minute * MINUTE, price, price, price, price, Quantity(Decimal("3.0")))


async def test_candles_come_back_newest_ones_oldest_first(store: Store) -> None:
    await store.candles.save("binance", BTC, 60, [candle(n) for n in range(5)])
    await store.candles.save("binance", BTC, 60, [])
    assert await store.candles.load("binance", BTC, 60, 2) == [candle(3), candle(4)]
    assert await store.candles.load("binance", BTC, 300, 2) == []
    assert await store.candles.load("okx", BTC, 60, 2) == []


async def test_a_candle_saved_again_replaces_the_one_before(store: Store) -> None:
    await store.candles.save("binance", BTC, 60, [candle(0), candle(1)])
    await store.candles.save("binance", BTC, 60, [candle(1, "2.00")])
    assert await store.candles.load("binance", BTC, 60, 9) == [candle(0), candle(1, "2.00")]


async def test_only_the_newest_candles_are_kept_of_each_series(store: Store) -> None:
    store.candles._kept = 3
    await store.candles.save("binance", BTC, 300, [candle(0)])
    await store.candles.save("binance", BTC, 60, [candle(n) for n in range(4)])
    await store.candles.save("binance", BTC, 60, [candle(4)])
    assert await store.candles.load("binance", BTC, 60, 9) == [candle(2), candle(3), candle(4)]
    assert await store.candles.load("binance", BTC, 300, 9) == [candle(0)]
