"""What redaction must not touch: numbers, names and codes are read and compared again, and money hangs on them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.key_check import _report
from engine.clock import ManualClock
from engine.core import facts as f
from engine.core.facts import BalanceFlowed
from engine.core.ids import BookId, Coin, CommandId
from engine.core.money import Quote
from engine.core.notices import Notice, Weight
from engine.exchanges.codes import code_in
from engine.exchanges.refusals import is_clock
from engine.exchanges.wire import Attempt
from engine.redaction import Redaction, redaction
from engine.workers.process import _clean
from storage import schema
from storage.store import Store
from storage.updates import StoredUpdate

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOOK = BookId("main.live")
FLOW = BalanceFlowed(START, Coin("BTC"), Decimal("0.12345678"), Quote(Decimal(1)), "a deposit")


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    kept = dict(vars(redaction))
    redaction.__init__()  # type: ignore[misc]
    yield
    vars(redaction).update(kept)


@pytest.mark.parametrize(
    "secret", ["12345678", "20260102", "2026-01-02", "main.live", "03:04:05.", "BalanceFlowed1", "p-1234-5"]
)
async def test_law_14_no_secret_changes_a_fact(tmp_path: Path, secret: str) -> None:
    redaction.register(secret)
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START), holder="t")
    done = f.CommandDone(START, CommandId("p-1234-5"), "telegram:12345678", "sell")
    await store.journal.append(BOOK, 0, [FLOW, done])
    await store.close()
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START), holder="t")
    assert [one.fact for one in await store.journal.read(BOOK)] == [FLOW, done]
    await store.close()


async def test_law_14_p16_words_of_facts_notices_and_updates_are_clean(tmp_path: Path) -> None:
    secret = 'Planted"7Kq2/vXz'
    redaction.register(secret)
    store = await Store.open(f"sqlite:///{tmp_path}/desk.db", ManualClock(START), holder="t")
    told = f"refused {secret}"
    await store.journal.append(
        BOOK, 0, [replace(FLOW, reason=told), f.HaltLatched(START, f.Breaker.OWNER, told)]
    )
    await store.journal.tell([Notice(START, BOOK, "answer", Weight.RISK, {"text": secret, "figure": "0.5"})])
    body = json.dumps({"update_id": 7, "message": {"text": told, "from": {"first_name": secret, "id": 5}}})
    await store.updates.keep([StoredUpdate(7, body, START)], {}, START)
    await store.updates.keep([], {7: told}, START)
    [flow, _] = [one.fact for one in await store.journal.read(BOOK)]
    assert flow == replace(FLOW, reason="refused ***")
    kept = {
        column: await store.database.fetch(select(column))
        for column in (
            schema.outbox.c.data,
            schema.updates.c.body,
            schema.updates.c.answer,
            schema.facts.c.body,
        )
    }
    assert "Planted" not in str(kept)
    assert kept[schema.outbox.c.data][0][0] == {"text": "***", "figure": "0.5"}
    await store.close()
    assert b"Planted" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


def test_law_2_no_secret_makes_a_code_unknown() -> None:
    redaction.register("2010", "funds", "timestamp", "Insufficient")
    assert code_in('{"code":-2010,"msg":"no"}') == "-2010"
    assert code_in('{"error":["EOrder:Insufficient funds"]}') == "EOrder:Insufficient funds"
    redaction.register("Planted7Kq2vXz")
    assert code_in('{"code":"Planted7Kq2vXz"}') == "***", "what is none of the venue's codes is foreign words"


def test_law_2_no_secret_makes_a_refused_time_unknown() -> None:
    redaction.register("timestamp")
    attempt = Attempt(acts=True)
    attempt.status, attempt.body = 400, '{"code":100421,"msg":"Null timestamp or timestamp mismatch"}'
    assert is_clock("bingx", attempt)


def test_p16_numbers_in_a_worker_s_answer_stay() -> None:
    redaction.register("2026", "12345678", "hunter2x")
    said = {
        "accepted": True,
        "rights": {},
        "balances": [["USDT", "2026.50", "0.12345678", True], ["BTC", "1E-8", "0", True]],
        "detail": "hunter2x",
        "account": "",
        "account_fits": None,
    }
    words, _ = _clean((said, b""))
    report = _report(words)
    assert [one.free for one in report.balances] == [Decimal("2026.50"), Decimal("1E-8")]
    assert report.balances[0].used == Decimal("0.12345678")
    assert report.detail == "***"


@pytest.mark.parametrize("secret", ["2026", "12345678", "60123.45", "2026-11-25", "0.5"])
def test_law_14_a_number_is_hidden_behind_its_name_only(secret: str) -> None:
    cleaner = Redaction()
    cleaner.register(secret)
    text = "Bought 0.12345678 BTC at 60123.45 USDT (2026.50) on 2026-11-25 11:04, 12345678 of them"
    assert cleaner.clean(text) == text
    assert cleaner.clean_stored(text) == text
    for named in (f"pass={secret}", f'"passphrase": "{secret}"', f"KC_PASSPHRASE: {secret}"):
        assert secret not in cleaner.clean(named) or len(secret) < 4
    assert cleaner.clean("pass=2026123") == "pass=2026123"


def test_p16_a_record_that_can_not_be_read_is_cleaned_as_words() -> None:
    cleaner = Redaction()
    cleaner.register("hunter2-hunter3")
    assert cleaner.clean_record("[" * 100_000 + "hunter2-hunter3").endswith("[***")
    assert cleaner.clean_record("{hunter2-hunter3") == "{***"
    kept = '{"id": "hunter2-hunter3", "text": "hunter"}'
    assert cleaner.clean_record(kept) == kept


def test_law_14_a_long_number_is_hidden_everywhere() -> None:
    cleaner = Redaction()
    cleaner.register("314159265358979")
    assert cleaner.clean("at 314159265358979.") == "at ***."
    assert cleaner.clean_stored("at 314159265358979.") == "at ***."
    cleaned = cleaner.clean_record('{"text":"314159265358979","id":"314159265358979"}')
    assert cleaned == '{"text":"***","id":"314159265358979"}'
