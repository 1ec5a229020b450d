"""A position whose preset was taken out of the config: told once, and protected as before (law 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.core import facts as f
from engine.core import inputs as i
from engine.core.ledger import Phase
from engine.core.model import Action
from engine.core.notices import Weight
from engine.core.settings import ExitRules, TraderSettings
from tests.support.builders import BOUNCE, BTC, CROSS, ETH, preset, price, ratio, settings
from tests.support.desk import Desk

EXITS = ExitRules(ratio("0.02"), ratio("0.05"), trailing=ratio("0.03"), time_limit=timedelta(minutes=5))
WITH = settings(preset(exits=EXITS), preset(BOUNCE))
WITHOUT = settings(preset(BOUNCE))
ELSEWHERE = settings(preset(symbols=(ETH,)), preset(BOUNCE))


def holding() -> Desk:
    desk = Desk(WITH)
    desk.price(BTC, "100")
    desk.signal(BTC)
    assert desk.position.stop is not None
    return desk


def begun_again(desk: Desk, config: TraderSettings) -> Desk:
    desk.settings = config
    desk.crash(venue_forgets=True)
    desk.price(BTC, "100")
    return desk


@pytest.mark.parametrize("config", [WITHOUT, ELSEWHERE])
def test_a_preset_that_is_gone_is_told_with_what_stays(config: TraderSettings) -> None:
    desk = begun_again(holding(), config)
    (told,) = desk.told("preset_gone")
    assert told.weight is Weight.RISK
    assert told.data == {
        "position": "p1", "symbol": "BTC/USDT", "preset": "cross", "stop": "98.00", "take_profit": "105.00",
        "connection": "main", "mode": "paper",
    }  # fmt: skip


def test_it_is_told_once_however_often_the_process_begins() -> None:
    desk = begun_again(holding(), WITHOUT)
    for _ in range(3):
        begun_again(desk, WITHOUT)
    assert len(desk.told("preset_gone")) == 1


def test_it_is_told_when_the_preset_is_back_and_again_when_it_goes_once_more() -> None:
    desk = begun_again(begun_again(holding(), WITHOUT), WITH)
    assert len(desk.told("preset_back")) == 1
    assert not desk.state.unled
    begun_again(desk, WITHOUT)
    assert len(desk.told("preset_gone")) == 2


def test_nothing_is_told_of_what_has_its_preset_never_had_one_or_is_being_left() -> None:
    desk = begun_again(holding(), WITH)
    desk.buy(ETH, "100")
    desk.network.delay = timedelta(days=1)
    desk.command(i.ClosePosition, desk.state.positions_in[BTC][0])
    begun_again(desk, WITHOUT)
    assert not desk.told("preset_gone")
    assert not desk.told("preset_back")


def test_law_5_protection_goes_on_and_the_strategys_signals_count_no_more() -> None:
    desk = begun_again(holding(), WITHOUT)
    desk.advance(2)
    desk.signal(BTC, Action.EXIT, by=CROSS)
    assert desk.position.phase is Phase.OPEN
    desk.price(BTC, "104")
    assert desk.position.stop == price("100.88"), "3 % behind"
    desk.advance(2)
    desk.price(BTC, "100.80")
    desk.advance(5)
    assert [one.reason for one in desk.of(f.PositionClosed)] == ["trailing stop"]
    assert not desk.state.unled


@pytest.mark.parametrize(
    ("last", "seconds", "reason"), [("105.5", 1, "take profit"), ("100", 301, "time limit")]
)
def test_take_profit_and_time_limit_go_on(last: str, seconds: int, reason: str) -> None:
    desk = begun_again(holding(), WITHOUT)
    desk.price(BTC, last)
    desk.advance(seconds)
    desk.price(BTC, last)
    desk.advance(5)
    assert [one.reason for one in desk.of(f.PositionClosed)] == [reason]
