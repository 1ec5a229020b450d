"""How strategies are found, checked and described; the owner's own files among them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from engine.core.errors import Denied
from engine.core.ids import PresetId
from engine.core.model import Action
from engine.core.settings import Preset
from engine.series import CandleSeries
from engine.strategies.describe import table, with_tables
from engine.strategies.registry import Registry
from tests.unit.cycle_world import BTC, HOUR
from tests.unit.market_files import ROOT, SHIPPED, read

DOC = ROOT / "docs" / "strategies.md"
SOUND = """
from pydantic import Field
from engine.strategies.base import Decision, Parameters, Strategy, View

class Mine(Parameters):
    often: bool = Field(False, description="How | often")
    factor: float = Field(1.5, gt=1, lt=2, description="By how much")
    label: str = Field("x", description="What it is called")
    levels: tuple[int, ...] = (1, 2)

class {kind}(Strategy[Mine]):
    name = "{name}"
    title = "A title"
    summary = "A summary"
    parameters = Mine
    def warm_up(self, parameters): return {need}
    def decide(self, view, parameters): return None
"""


def sound(name: str = "mine", kind: str = "Own", need: int = 5) -> str:
    return SOUND.format(name=name, kind=kind, need=need)


def registry(folder: Path, **files: str) -> Registry:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return Registry(folder)


def preset(
    strategy: str, parameters: dict[str, object] | None = None, timeframes: tuple[int, ...] = (HOUR,)
) -> Preset:
    return Preset(PresetId("p"), strategy, (BTC,), timeframes, parameters or {})


def test_one_file_in_the_owners_folder_is_one_strategy(tmp_path: Path) -> None:
    found = registry(tmp_path, mine=sound(), _helper="1 / 0")
    assert found.problems == []
    assert found.find("mine").title == "A title"
    assert len(found.strategies) == 4


BROKEN = {
    "syntax": ("x = 1\ndef f(:\n", r", line 2: SyntaxError"),
    "raises": ("\n\nx = 1 / 0\n", r", line 3: ZeroDivisionError: division by zero"),
    "leaves": ("import sys\nsys.exit(3)\n", r", line 2: SystemExit"),
    "imports": (
        "import no_such_package\n",
        r", line 1: ModuleNotFoundError: No module named 'no_such_package'",
    ),
    "empty": ("x = 1\n", "exactly one class derived from Strategy, not 0"),
    "two": (sound() + sound("other", "Other").split("class Mine")[0] + sound("o", "Other"), "not 2"),
    "no_title": (sound().replace('    title = "A title"\n', ""), "class Own needs the text `title`"),
    "blank_name": (sound(" "), "class Own needs the text `name`"),
    "odd_name": (sound("my strategy"), "its name 'my strategy' must be made of letters, digits and _"),
    "no_parameters": (sound().replace("    parameters = Mine\n", ""), "class Own needs `parameters`"),
    "no_decide": (sound().replace("def decide", "def decided"), "abstract method '?decide"),
    "no_default": (sound().replace("Field(1.5, gt", "Field(gt"), "its parameters need sound defaults"),
    "bad_default": (sound().replace("Field(1.5, gt", "Field(9.5, gt"), "its parameters need sound defaults"),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_a_broken_file_is_told_of_in_one_sentence_and_stops_no_other(tmp_path: Path, case: str) -> None:
    text, words = BROKEN[case]
    found = registry(tmp_path, broken=text, fine=sound("fine"))
    (problem,) = found.problems
    assert problem.startswith(str(tmp_path / "broken.py"))
    assert re.search(words, problem)
    assert problem.endswith("mend the file or take it out of the folder")
    assert "fine" in found.strategies


def test_a_name_that_is_taken_is_refused_and_the_first_one_stays(tmp_path: Path) -> None:
    found = registry(tmp_path, a=sound("macd_atr"), b=sound("twice"), c=sound("twice"))
    assert len(found.problems) == 2
    assert "the name 'macd_atr' is taken by" in found.problems[0]
    assert str(tmp_path / "b.py") in found.problems[1]
    assert found.find("macd_atr").title == "MACD with ATR exits"


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    found = Registry(tmp_path / "nowhere")
    assert "there is no such folder" in found.problems[0]
    assert len(found.strategies) == 3


def test_an_own_file_cannot_shadow_a_module_of_a_library(tmp_path: Path) -> None:
    found = registry(tmp_path, json=sound("named_json"))
    import json

    assert found.problems == []
    assert json.dumps([1]) == "[1]"


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("macd_art", {}, "preset p: there is no strategy 'macd_art'; did you mean 'macd_atr'?"),
        ("zzz", {}, "there are: macd_atr, moving_average_cross, rsi_bollinger_reversion"),
        ("macd_atr", {"fats": 3}, "strategy macd_atr: it has no parameter 'fats'; did you mean 'fast'?"),
        ("macd_atr", {"fast": 1}, "fast: Input should be greater than or equal to 2, not 1"),
        ("macd_atr", {"fast": "12"}, "fast: Input should be a valid integer, not '12'"),
        ("macd_atr", {"fast": True}, "fast: Input should be a valid integer, not True"),
        ("macd_atr", {"stop_atr": float("nan")}, "stop_atr: Input should be a finite number, not nan"),
        ("macd_atr", {"fast": 30}, "strategy macd_atr: fast (30) must be below slow (26)"),
        ("moving_average_cross", {"fast": 30}, "fast (30) must be below slow (21)"),
        ("moving_average_cross", {"average": "wma"}, "average: Input should be 'ema' or 'sma', not 'wma'"),
        ("rsi_bollinger_reversion", {"oversold": 45.0, "recovered": 41.0}, "oversold (45.0) must be below"),
    ],
)
def test_g1_g2_a_wrong_preset_is_refused_in_words(
    name: str, parameters: dict[str, object], words: str
) -> None:
    with pytest.raises(Denied, match=re.escape(words)):
        Registry().bind(preset(name, parameters))


@pytest.mark.parametrize(
    ("name", "timeframes", "words"),
    [
        ("macd_atr", (60, 3600), "strategy macd_atr reads one timeframe, not 2"),
        ("moving_average_cross", (1, 60, 3600), "reads from 1 to 2 timeframes, not 3"),
        ("moving_average_cross", (3600, 60), "give timeframes in rising order"),
        ("moving_average_cross", (60, 60), "give timeframes in rising order"),
        ("moving_average_cross", (0,), "at least one second"),
    ],
)
def test_timeframes_must_fit_the_strategy(name: str, timeframes: tuple[int, ...], words: str) -> None:
    with pytest.raises(Denied, match=words):
        Registry().bind(preset(name, timeframes=timeframes))


@pytest.mark.parametrize("need", [1, 1001])
def test_a_warm_up_beyond_bounds_is_refused(tmp_path: Path, need: int) -> None:
    found = registry(tmp_path, mine=sound(need=need))
    with pytest.raises(Denied, match=f"wants {need} candles"):
        found.bind(preset("mine"))


def test_whole_numbers_do_for_a_number() -> None:
    bound = Registry().bind(preset("macd_atr", {"stop_atr": 3}))
    assert bound.parameters.model_dump()["stop_atr"] == 3.0


def test_parameters_are_described_once_for_people(tmp_path: Path) -> None:
    (info,) = (one for one in registry(tmp_path, mine=sound()).describe() if one.name == "mine")
    assert [(one.name, one.type, one.default, one.bounds) for one in info.parameters] == [
        ("often", "yes or no", "False", ""),
        ("factor", "number", "1.5", "> 1, < 2"),
        ("label", "text", "x", ""),
        ("levels", "value", "(1, 2)", ""),
    ]
    assert "How \\| often" in table(info)


@pytest.mark.parametrize("info", Registry().describe(), ids=lambda info: info.name)
def test_every_shipped_parameter_says_what_it_is(info: object) -> None:
    for one in info.parameters:  # type: ignore[attr-defined]
        assert one.description, one.name
        assert one.bounds, one.name


def test_the_documentation_is_in_step_with_the_models() -> None:
    text = DOC.read_text()
    infos = Registry().describe()
    assert text == with_tables(text, infos), (
        "fill docs/strategies.md by engine.strategies.describe.with_tables"
    )
    for info in infos:
        assert f"<!-- parameters: {info.name} -->" in text
        assert f"### {info.title}\n" in text


async def test_the_example_in_the_documentation_works_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)
    found = registry(tmp_path, breakout=example)
    assert found.problems == []
    bound = found.bind(preset("breakout", {"entry": 10}))
    series, seen = CandleSeries(HOUR), set()
    for one in read(SHIPPED):
        series.put(one)
        view = bound.view({HOUR: series}, one.open_time + timedelta(hours=1))
        decision = await bound.ask(view) if view is not None else None
        if decision is not None:
            seen.add(decision.action)
            assert (decision.stop_distance is None) == (decision.action is Action.EXIT)
    assert seen == {Action.ENTER, Action.EXIT}
