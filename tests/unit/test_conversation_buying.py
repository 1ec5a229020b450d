"""/buy offers only what will be taken, and says of the rest why not, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.alarms import Breaker, Step, Trouble
from engine.core.ids import PositionId
from engine.core.model import State
from tests.fakes.conversation import Talk, label, talking
from tests.support.builders import BTC, ETH


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as it:
        it.desk["main"].price(BTC, "100")
        it.desk["main"].price(ETH, "10")
        yield it


def labels(message: object) -> list[str]:
    return [one.text for row in message.buttons for one in row]  # type: ignore[attr-defined]


async def test_only_what_would_be_taken_is_offered_and_the_rest_is_named(talk: Talk) -> None:
    one = talk.desk["main"]
    one.record(f.EntriesBarred(one.now, BTC, PositionId("p9"), "Filter failure"))
    asked = await talk.ask("/buy", "What do you want to buy?")
    assert "ETH/USDT" in labels(asked)
    assert "BTC/USDT" not in labels(asked)
    assert "✖️ BTC/USDT: A position in BTC/USDT could not be protected: Filter failure." in asked.text
    named = await talk.ask("/buy BTC", "can't be bought now")
    assert "allow it" in named.text
    assert label(named, "Buy it again?")


@pytest.mark.parametrize(
    ("trouble", "words", "button"),
    [
        (Trouble.VENUE_UNREACHABLE, "The venue can't be reached.", "Health"),
        (Trouble.RECONCILE_FAILED, "Our books could not be held against the account.", "Reconcile"),
        (Trouble.KEY_REFUSED, "Halted:", "Lift"),
    ],
)
async def test_while_nothing_can_be_bought_nothing_is_offered(
    talk: Talk, trouble: Trouble, words: str, button: str
) -> None:
    one = talk.desk["main"]
    one.give(i.TroubleSeen(one.now, trouble, "", "HTTP 503"))
    shown = await talk.ask("/buy", "Nothing can be bought now")
    assert words in shown.text
    assert label(shown, button)
    assert not [one for one in labels(shown) if "/USDT" in one]


async def test_a_paused_connection_says_so_and_offers_to_go_on(talk: Talk) -> None:
    talk.desk["main"].command(i.Pause)
    shown = await talk.ask("/buy", "Nothing can be bought now")
    assert "The connection is paused.\n/resume lets it enter again." in shown.text
    await talk.tap(shown, "Resume", "Resume trading?")
    amount = await talk.ask("/buy BTC 250", "not done")
    assert label(amount, "Resume")


async def test_a_breaker_and_a_lack_of_money_are_reasons(talk: Talk) -> None:
    one = talk.desk["main"]
    one.record(f.BreakerMoved(one.now, Breaker.DAILY_LOSS, Step.NO_ENTRIES, Decimal("0.05"), Decimal("0.04")))  # type: ignore[arg-type]
    assert "Daily loss is at its no-entries step." in (await talk.ask("/buy", "Nothing can be bought")).text


async def test_amounts_below_the_venues_least_are_not_offered(talk: Talk) -> None:
    """The limits leave 12 USDT and the least is more than 10 % or 25 % of that: those are no buttons."""
    one = talk.desk["main"]
    one.record(f.BalanceFlowed(one.now, one.state.quote, Decimal("-9985"), Decimal("-9985"), "drawn"))  # type: ignore[arg-type]
    one.give(i.EquityDue(one.now))
    asked = await talk.ask("/buy BTC", "for how much?")
    offered = [text for text in labels(asked) if "%" in text]
    assert offered
    assert not any(text.startswith("10 %") for text in offered), "below what the venue takes"
    least = next(line for line in asked.text.splitlines() if line.startswith("At least"))
    amount = least.split()[-2]
    taken = await talk.ask(f"/buy BTC {amount}", "Buy BTC/USDT?")
    assert label(taken, "Yes, buy")
    for text in offered:
        again = await talk.ask("/buy BTC", "for how much?")
        assert label(await talk.tap(again, text.split(" · ")[0], "Buy BTC/USDT?"), "Yes, buy")
    refused = await talk.ask("/buy BTC 1", "not done")
    assert "larger amount" in refused.text


async def test_without_a_price_it_is_said_and_tried_again(talk: Talk) -> None:
    one = talk.desk["main"]
    one.market.prices.pop(ETH)
    shown = await talk.ask("/buy", "What do you want to buy?")
    assert "ETH/USDT: No fresh price for ETH/USDT." in shown.text
    assert "ETH/USDT" not in labels(shown)


async def test_of_several_connections_those_that_would_take_it_are_offered(tmp_path: Path) -> None:
    async with talking(tmp_path, ("main", "other", "third")) as it:
        for name in ("main", "other", "third"):
            it.desk[name].price(BTC, "100")
        it.desk["other"].command(i.Pause)
        which = await it.ask("/buy BTC 250", "Which connection?")
        assert [text for text in labels(which) if "PAPER" in text] == [
            "🟢 main 📝 PAPER",
            "🟢 third 📝 PAPER",
        ]
        assert "✖️ other: The connection is paused." in which.text
        it.desk["third"].command(i.Pause)
        left = await it.ask("/buy BTC 250", "Which connection?")
        assert "main on" in (await it.tap(left, "main", "Buy BTC/USDT?")).text, "which one is never guessed"
        assert "main on" in (await it.ask("/buy BTC 250 main", "Buy BTC/USDT?")).text
        it.desk["main"].command(i.Pause)
        none = await it.ask("/buy BTC", "can't be bought now")
        assert none.text.count("The connection is paused.") == 3


async def test_an_instrument_that_is_gone_is_named(talk: Talk) -> None:
    one = talk.desk["main"]
    rules = one.market.instruments[ETH]
    one.market.instruments[ETH] = replace(rules, active=False)
    shown = await talk.ask("/buy ETH", "can't be bought now")
    assert "ETH/USDT is not traded at the moment." in shown.text
    assert one.state.state is State.RUNNING
