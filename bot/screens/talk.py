"""Sentences and choices: help, hints, 'which one?', and what to say to what is no command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.amounts import is_ambiguous, readings
from bot.commands import COMMANDS, GROUPS, Command
from bot.screens.base import Button, Screen, back, in_rows, page_of, pager
from bot.screens.summary import mode_tag
from bot.text import Html, fit, known, lines, say, word


def help_screen() -> Screen:
    """The whole table, by group."""
    parts: list[Html | str] = [say("help.title")]
    for group in GROUPS:
        parts += ["", say("help.group", group=known("group", group))]
        parts += [say("help.line", name=one.name, help=one.help) for one in COMMANDS if one.group == group]
    parts += ["", say("help.safety")]
    return Screen(fit(lines(*parts)), ((Button(word("button.home"), "home"),),))


def sentence(text: Html, *buttons: Button) -> Screen:
    """A friendly sentence with a way on."""
    return Screen(fit(text), in_rows([*buttons, Button(word("button.home"), "home")]))


def unknown_command(name: str, nearest: str | None) -> Screen:
    if nearest is None:
        return sentence(say("hint.unknown", name=name[:40]), Button(word("button.help"), "help"))
    return sentence(say("hint.nearest", name=name[:40], nearest=nearest), Button(word("button.help"), "help"))


def bad_argument(command: Command, given: str, args: Mapping[str, str], meant: Sequence[str] = ()) -> Screen:
    """What was not understood, what was probably meant, an example, and the way with buttons."""
    text = lines(
        say("hint.argument", given=given[:60], usage=command.usage),
        say("hint.meant", nearest=" · ".join(meant)) if meant else None,
        two_readings(given) if is_ambiguous(given) else None,
        say("hint.example", example=command.example or f"/{command.name}"),
    )
    return sentence(text, Button(word("button.choose"), command.verb, args))


def two_readings(given: str, coin: str = "") -> Html:
    """How to write a number so that it has one reading only."""
    found = readings(given, coin)
    if found is None:
        return say("hint.marks", given=given[:60])
    return say("hint.readings", given=given[:60], thousands=found[0], decimals=found[1])


def too_many(command: Command) -> Screen:
    text = lines(say("hint.too_many", usage=command.usage), say("hint.example", example=command.example))
    return sentence(text, Button(word("button.choose"), command.verb))


def not_a_command(nearest: str | None = None) -> Screen:
    """Plain text."""
    text = lines(say("hint.meant", nearest=f"/{nearest}") if nearest else None, say("hint.text"))
    return sentence(text, Button(word("button.help"), "help"))


def word_gone() -> Screen:
    """A confirmation word that nobody waits for: it has expired, or the question was asked before a restart."""
    return sentence(say("hint.word_gone"), Button(word("button.mode"), "live"))


def other_mode(connection: str, meant: str, now: str) -> Screen:
    """A button of the paper book while the connection is live, or the other way round."""
    text = say("hint.other_mode", connection=connection, meant=mode_tag(meant), mode=mode_tag(now))
    return sentence(text, Button(word("home.positions_plain"), "positions"))


def not_text() -> Screen:
    """A photo, a sticker, a voice message."""
    return sentence(say("hint.media"), Button(word("button.help"), "help"))


def choose(
    question: Html, choices: Sequence[tuple[str, str]], verb: str, name: str, args: Mapping[str, str]
) -> Screen:
    """'Which one?': `choices` are (label, value); the value goes into `args` as `name`."""
    page, pages = page_of(choices, int(args.get("page", "0")), 8)
    kept = {key: value for key, value in args.items() if key != "page"}
    shown = choices[page * 8 : page * 8 + 8]
    buttons = [Button(label, verb, {**kept, name: value}) for label, value in shown]
    return Screen(fit(question), (*in_rows(buttons), *pager(verb, kept, page, pages), (back(),)))


def done(text: Html, *buttons: Button) -> Screen:
    """What came of a command."""
    return Screen(fit(text), in_rows([*buttons, Button(word("button.home"), "home")]))
