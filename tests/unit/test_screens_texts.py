"""The catalogue and the code agree: every key that is used exists, every key that exists is used, with its values."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

from bot.commands import COMMANDS, document, nearest
from bot.text import LONGEST_MESSAGE, Html, catalogue, escape, fit, known, plain, say, word

BOT = Path(__file__).parents[2] / "bot"
WHOLE_SECTIONS = {"command", "way"}
"""Looked up by the table of commands, and by that of refusals."""


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """(function, key or section, value names) of every lookup with a literal key."""
    for path in BOT.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "from bot.text import" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"say", "word", "known"}
            ):
                for key in literals(node.args[0]) if node.args else ():
                    yield node.func.id, key, values_of(node)


def values_of(call: ast.Call) -> set[str]:
    """The names of the values given; `**_names(one)` stands for a connection and its mode."""
    named = {one.arg for one in call.keywords if one.arg}
    return named | ({"connection", "mode"} if any(one.arg is None for one in call.keywords) else set())


def literals(node: ast.expr) -> list[str]:
    """One literal, or both of a choice between two."""
    if isinstance(node, ast.IfExp):
        return [*literals(node.body), *literals(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_key_used_exists_and_gets_its_values() -> None:
    texts = catalogue()
    sections = {key.partition(".")[0] for key in texts}
    checked = 0
    for function, key, values in calls():
        if "." not in key:
            assert key in sections or function != "known", f"no section {key}"
            continue
        assert key in texts, f"{function}({key!r}): no such text"
        assert names_in(texts[key]) == values, f"{key}: {names_in(texts[key])} is not {values}"
        checked += 1
    assert checked > 200


def test_every_key_that_exists_is_used() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in BOT.rglob("*.py"))
    sections = (
        {key for function, key, _ in calls() if function == "known"} | WHOLE_SECTIONS | {"trouble_help"}
    )
    unused = [
        key
        for key in catalogue()
        if key.partition(".")[0] not in sections and not re.search(rf'"{re.escape(key)}"', source)
    ]
    assert unused == []


def test_plain_texts_hold_no_markup() -> None:
    for function, key, _ in calls():
        if function == "word" and key in catalogue():
            assert not re.search(r"</?[a-z]+>", catalogue()[key]), key


def test_every_command_has_its_help_and_telegram_takes_it() -> None:
    for one in COMMANDS:
        assert re.fullmatch(r"[a-z]{1,32}", one.name)
        assert 3 <= len(one.help) <= 256
    assert len({one.name for one in COMMANDS}) == len(COMMANDS)


def test_the_documentation_is_made_from_the_table() -> None:
    path = BOT.parent / "docs" / "commands.md"
    assert path.read_text(encoding="utf-8") == document(), "run: python -m bot.commands > docs/commands.md"


def test_nearest() -> None:
    assert nearest("positons") == "positions"
    assert nearest("xyzzy") is None


def test_escaping() -> None:
    assert escape("<b>&") == "&lt;b&gt;&amp;"
    assert escape(Html("<b>x</b>")) == "<b>x</b>"
    assert "\u202e" not in escape("a\u202eb")
    assert "\n" not in escape("a\nb")
    assert plain("<b>1 &lt; 2</b>") == "1 < 2"
    assert known("state", "<odd>") == "<odd>"
    assert say("notice.line_alone", text="<i>") == "&lt;i&gt;"
    assert word("button.page", page=1, pages=2) == "1 / 2"


def test_fit_cuts_whole_lines() -> None:
    text = fit(Html("\n".join(["<b>line</b>"] * 1000)))
    assert len(text) <= LONGEST_MESSAGE
    assert text.count("<b>") == text.count("</b>")
    assert text.endswith("…")
