"""One redaction in front of every sink (law 14, P16): in every form that a secret may take on its way."""

from __future__ import annotations

import base64
import html
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.clean_output import CleanStream, unclean
from bot.telegram import transport
from engine.core.facts import HaltLifted
from engine.exchanges.codes import words_in
from engine.redaction import HIDDEN, Redaction, redaction
from storage.codec import decode, encode
from storage.people import Person, Role
from storage.store import Store
from tests.support.processes import ROOT

SECRET = "Planted7Kq2vXzM4tB9wL1rC8uY5nH3s"
ODD = 'p4ss/word+"1"<é>'


def everyway(secret: str) -> dict[str, str]:
    return {
        "as it is": secret,
        "in an address": quote(secret, safe=""),
        "every letter in an address": "".join(f"%{one:02x}" for one in secret.encode()),
        "twice in an address": "".join(f"%25{ord(one):02X}" for one in secret if ord(one) < 128),
        "in JSON": json.dumps(secret),
        "in JSON, escaped": "".join(f"\\u{ord(one):04X}" for one in secret),
        "in Python": repr(secret),
        "in HTML": html.escape(secret),
        "in HTML, escaped": "".join(f"&#{ord(one)};" for one in secret),
        "in base64": base64.b64encode(secret.encode()).decode(),
        "in base64 behind something": base64.b64encode(b"user:" + secret.encode()).decode(),
        "in hexadecimal figures": secret.encode().hex(),
    }


@pytest.mark.parametrize("way", everyway(SECRET))
def test_law_14_p16_a_secret_is_hidden_however_it_is_written(way: str) -> None:
    cleaner = Redaction()
    cleaner.register(SECRET)
    written = everyway(SECRET)[way]
    cleaned = cleaner.clean(f"the venue said {written}, code 7")
    assert HIDDEN in cleaned
    assert written[8:-8] not in cleaned
    assert cleaned.startswith("the venue said ")
    assert cleaned.endswith("code 7")


@pytest.mark.parametrize("way", ["as it is", "in an address", "in JSON", "in Python", "in HTML", "in base64"])
def test_law_14_a_secret_of_odd_letters(way: str) -> None:
    cleaner = Redaction()
    cleaner.register(ODD)
    assert everyway(ODD)[way][2:-2] not in cleaner.clean(everyway(ODD)[way])


@pytest.mark.parametrize("part", [SECRET[:8], SECRET[-8:], SECRET[4:20], f"{SECRET[:10]}…{SECRET[-9:]}"])
def test_p16_eight_letters_of_a_long_secret_are_hidden(part: str) -> None:
    cleaner = Redaction()
    cleaner.register(SECRET)
    cleaned = cleaner.clean(f"key {part} is unknown")
    assert not any(
        part[at : at + 8] in cleaned for at in range(len(part) - 7) if "…" not in part[at : at + 8]
    )


def test_words_of_the_language_are_no_parts_of_a_secret() -> None:
    cleaner = Redaction()
    cleaner.register("correct-horse-battery-staple", "1x:34")
    text = "the battery of the correct instrument of the-battery at 1x:345"
    assert cleaner.clean(text) == text
    assert cleaner.clean("at 1x:34.") == "at ***."


def test_law_15_half_a_letter_in_a_venues_words_can_be_written_down() -> None:
    """A surrogate alone in a refusal would end the runner that has to store it."""
    said = words_in('{"code": -1013, "msg": "cut off \\ud83d here \\u0000 and whole \\ud83d\\ude00"}')
    assert said == "cut off ? here \ufffd and whole \U0001f600"
    fact = HaltLifted(datetime(2026, 1, 1, tzinfo=UTC), said)
    assert decode("HaltLifted", 1, encode(fact)) == fact


def test_of_an_address_the_password_is_the_secret() -> None:
    cleaner = Redaction()
    cleaner.register(
        "postgresql://desk:hunter%2D22@db/desk", "http://10.0.0.1:3128", "https://x/?user=a&pass=b77cdefg"
    )
    assert cleaner.clean("refused hunter-22, hunter%2D22 and b77cdefg") == "refused ***, *** and ***"
    assert cleaner.clean("by http://10.0.0.1:3128") == "by http://10.0.0.1:3128"


def test_the_database_loses_no_name_to_a_secret_that_is_a_word() -> None:
    cleaner = Redaction()
    cleaner.register("quantity", "BTC/USDT", SECRET)
    assert (
        cleaner.clean_stored('{"quantity":"1","symbol":"BTC/USDT"}') == '{"quantity":"1","symbol":"BTC/USDT"}'
    )
    assert cleaner.clean_stored(f"refused: {SECRET}") == "refused: ***"


async def test_p16_no_table_holds_a_secret(tmp_path: Path) -> None:
    redaction.register(SECRET)
    from engine.clock import SystemClock

    store = await Store.open(f"sqlite:///{tmp_path / 'desk.db'}", SystemClock())
    await store.people.add(Person(1, 1, Role.OWNER, "half \ud83d", datetime(2026, 1, 1, tzinfo=UTC)))
    assert [one.name for one in await store.people.all()] == ["half ?"]
    await store.settings.set("said", {"by": f"a proxy: {SECRET}"})
    assert await store.settings.get("said", None) == {"by": "a proxy: ***"}
    await store.close()
    assert SECRET.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["text", "caption", "reply_markup"])
def test_p16_no_message_holds_a_secret(name: str) -> None:
    redaction.register(SECRET)
    data = RequestData([RequestParameter(name, {"text": SECRET} if name == "reply_markup" else SECRET, [])])
    sent = transport._body(data)
    assert isinstance(sent, bytes)
    assert SECRET.encode() not in sent
    assert b"%2A%2A%2A" in sent


def test_p16_output_is_clean_also_in_two_halves() -> None:
    redaction.register(SECRET)
    below = io.StringIO()
    stream = CleanStream(below)
    assert stream.write(SECRET[:5]) == 5
    stream.writelines([SECRET[5:], " was\nrefused ", SECRET])
    assert below.getvalue() == "*** was\n"
    stream.flush()
    assert below.getvalue() == "*** was\nrefused ***"
    stream.write("x" * 70_000)
    assert len(below.getvalue()) > 70_000
    assert unclean(stream) is below  # type: ignore[arg-type]
    assert stream.getvalue() == below.getvalue()


def test_p16_the_last_words_of_a_crash_are_clean() -> None:
    program = (
        "import sys; from bot.clean_output import clean_output; from engine.redaction import redaction\n"
        "secret = sys.stdin.read(); redaction.register(secret)\n"
        "with clean_output():\n"
        "    print('out', secret); import warnings; warnings.warn(secret)\n"
        "    raise RuntimeError(f'with {secret}')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], input=SECRET, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "out ***" in ended.stdout
    assert "RuntimeError: with ***" in ended.stderr
    assert "UserWarning: ***" in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


def test_law_14_secrets_of_the_environment_are_not_to_be_read_from_outside() -> None:
    given = {
        "POCKETDESK__CONNECTIONS__MAIN__SECRET": SECRET,
        "POCKETDESK__LOGS__LEVEL": "DEBUG",
        "https_proxy": f"http://desk:{SECRET}@127.0.0.1:9",
        "no_proxy": "127.0.0.1",
    }
    program = (
        "import os, sys; from pathlib import Path; from bot.hidden_environ import hide; print(sorted(hide()))\n"
        "print(os.environ['POCKETDESK__CONNECTIONS__MAIN__SECRET'], os.environ['https_proxy'])\n"
        "print(Path('/proc/self/environ').read_text())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )
    names, copies, shown = ended.stdout.splitlines()
    assert names == "['POCKETDESK__CONNECTIONS__MAIN__SECRET', 'https_proxy']"
    assert copies == f"{SECRET} http://desk:{SECRET}@127.0.0.1:9", "what Python reads stays"
    assert SECRET not in shown
    assert "POCKETDESK__LOGS__LEVEL=DEBUG" in shown


def test_law_14_a_crash_leaves_no_picture_of_the_memory() -> None:
    program = (
        "import resource; from bot import lifecycle\n"
        "async def work(stop): print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        "lifecycle.run(work)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "(0, 0)\n", ended.stderr


FURTHER: dict[str, Callable[[str], str]] = {
    "as a form's value": quote_plus,
    "in JSON in JSON": lambda one: json.dumps(json.dumps(one)),
    "in JSON in JSON in JSON": lambda one: json.dumps(json.dumps(json.dumps(one))),
    "as bytes": lambda one: repr(one.encode()),
    "as bytes in JSON": lambda one: json.dumps(repr(one.encode())),
    "percent-encoded in latin-1": lambda one: quote(one, encoding="latin-1", errors="replace"),
    "percent-encoded twice": lambda one: quote(quote(one)),
    "every letter in HTML": lambda one: "".join(f"&#{ord(letter)};" for letter in one),
    "in HTML in JSON": lambda one: json.dumps(html.escape(one)),
    "in Python, all of it escaped": lambda one: "".join(f"\\U{ord(letter):08x}" for letter in one),
}


@pytest.mark.parametrize("way", FURTHER)
@pytest.mark.parametrize(
    "secret",
    ["my pass phrase 77", "passwörd77", "geheim€2024", "plain+slash/eq=12", "q\"uo'te\\7x&", "smile😀1234"],
)
def test_law_14_p16_letters_beyond_ascii_and_escapes_of_escapes(secret: str, way: str) -> None:
    if "latin-1" in way and any(ord(one) > 255 for one in secret):
        return
    cleaner = Redaction()
    cleaner.register(secret)
    cleaned = cleaner.clean(f"said {FURTHER[way](secret)} here")
    assert HIDDEN in cleaned
    assert set(cleaned.replace(HIDDEN, "").removeprefix("said ").removesuffix(" here")) <= set("\\\"'b ")


def test_law_14_half_a_pair_of_the_environment_is_a_secret_as_well() -> None:
    cleaner = Redaction()
    cleaner.register("abc\udce9defgh12")
    assert cleaner.clean("at abc\udce9defgh12.") == "at ***."


def test_p16_no_half_leaves_by_a_flush_or_a_long_line() -> None:
    secret = "hunter2-hunter3"
    redaction.register(secret)
    below = io.StringIO()
    stream = CleanStream(below)
    stream.write("a hunter2")
    stream.flush()
    assert below.getvalue() == "a "
    stream.write("-hunter3 !")
    stream.flush()
    assert below.getvalue() == "a *** !"
    stream.write("x" * 65_530 + secret[:9])
    stream.write(secret[9:] + "\n")
    assert below.getvalue().endswith("x***\n")
    stream.write("hunter")
    stream.finish()
    assert below.getvalue().endswith("\nhunter"), "what is said last is said whole"


def test_p16_the_beginning_of_a_page_has_no_half_of_a_secret() -> None:
    cleaner = Redaction()
    cleaner.register("hunter2-hunter3")
    assert cleaner.clean_start("page hunter2-hunter3", most=13) == "page "
    assert cleaner.clean_start("page hunter2-hunter3") == "page ***"
