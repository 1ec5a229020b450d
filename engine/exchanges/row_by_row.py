"""An answer with a row that can't be read is read without that row (M12).

ccxt reads a whole list in one go, each venue in a way of its own: one null in it, and nothing of the answer is there.
So what a venue answered is kept while it is read. If reading fails, the same answer is read again, by halves, until the
bad rows stand alone, and then once more without them. The venue is not asked again for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.core.errors import Corrupt
from engine.exchanges import errors, lean

T = TypeVar("T")
Path = tuple[Any, ...]
"""The keys that lead to something within an answer."""

MOST_BAD = 20
"""Rows. An answer with more of them is in a language that we don't speak, and is not picked over."""
WITHIN_A_ROW = frozenset({"filters", "fees", "fees_maker", "permissionSets"})
"""Lists that belong to one row: taken apart, they would leave an instrument without its rules."""
READING: tuple[type[Exception], ...] = (Corrupt, lean.errors().BaseError, *errors.UNREADABLE)


class Unanswered(Exception):
    """While an answer is read again, something is asked that it does not tell."""


@dataclass(slots=True)
class _Tape:
    """What was answered to what, while something was asked; with `plays` nothing is asked, and that is the answer.
    `open` counts requests that are under way or failed: the fault is theirs then, and in no row."""

    answers: dict[str, Any] = field(default_factory=dict)
    plays: bool = False
    open: int = 0
    left_out: int = 0
    last: Any = None


_tape: ContextVar[_Tape | None] = ContextVar("_tape", default=None)


def listen(client: Any) -> None:
    """From now on `client` can be read row by row. To be called once nothing else is put before its `fetch`."""
    send, throttle = client.fetch, client.throttle

    async def fetch(url: str, *request: Any, **named: Any) -> Any:
        tape = _tape.get()
        if tape is None:
            return await send(url, *request, **named)
        if tape.plays:
            tape.last = _played(tape, url)
            return tape.last
        tape.open += 1
        tape.last = tape.answers[_name(url)] = await send(url, *request, **named)
        tape.open -= 1
        return tape.last

    async def pace(*cost: Any) -> None:
        tape = _tape.get()
        if tape is None or not tape.plays:
            await throttle(*cost)

    client.fetch, client.throttle = fetch, pace


def _name(url: str) -> str:
    """What is asked, without what differs each time: the time, the signature and such."""
    address, _, query = url.partition("?")
    kept = (word for word in query.split("&") if word.partition("=")[0].casefold() not in _EACH_TIME)
    return f"{address}?{'&'.join(kept)}"


_EACH_TIME = frozenset({"timestamp", "signature", "nonce", "recvwindow", "sign"})


def _played(tape: _Tape, url: str) -> Any:
    try:
        return deepcopy(tape.answers[_name(url)])
    except KeyError:
        raise Unanswered(url.partition("?")[0]) from None


def left_out() -> int:
    """How many rows were taken out of the answer that is being read."""
    tape = _tape.get()
    return 0 if tape is None else tape.left_out


def told() -> int:
    """How many rows the venue's newest answer had, whatever became of them: a page that was full is a full one."""
    tape = _tape.get()
    path = None if tape is None else _rows_in(tape.last)
    return 0 if tape is None or path is None else len(_at(tape.last, path)) + tape.left_out


async def rows_apart(call: Callable[..., Awaitable[T]], *arguments: object) -> tuple[T, list[Any]]:
    """What `call` makes of the answers of a client that is listened to, and the rows that it could not read, as the
    venue sent them. Raises what `call` raises, where it is not single rows that can't be read."""
    tape = _Tape()
    try:
        with _with(tape):
            return await call(*arguments), []
    except READING:
        if tape.open == 0:
            for name in reversed(tape.answers):
                found = await _read_apart(tape.answers, name, call, *arguments)
                if found is not None:
                    return found
        raise


@contextmanager
def _with(tape: _Tape) -> Iterator[None]:
    token = _tape.set(tape)
    try:
        yield
    finally:
        _tape.reset(token)


async def _read_apart(
    answers: Mapping[str, Any], name: str, call: Callable[..., Awaitable[T]], *arguments: object
) -> tuple[T, list[Any]] | None:
    """With the bad rows of the answer to `name` left out; None if that is not where it fails."""
    path = _rows_in(answers[name])
    if path is None:
        return None
    rows = _at(answers[name], path)

    async def read(left: Sequence[Any]) -> T:
        await asyncio.sleep(0)  # prices and orders don't wait until all of a long list is read
        played = {**answers, name: _with_rows(answers[name], path, left)}
        with _with(_Tape(played, plays=True, left_out=len(rows) - len(left))):
            return await call(*arguments)

    try:
        bad = await _bad(_keys(rows), read)
        if bad:
            return await read([key for key in _keys(rows) if key not in bad]), [rows[key] for key in bad]
    except READING:
        return None
    except Unanswered:
        return None
    return None


async def _bad(keys: Sequence[Any], read: Callable[[Sequence[Any]], Awaitable[object]]) -> list[Any]:
    """Those that can't be read. Raises Corrupt if they are too many."""
    try:
        await read(keys)
    except READING:
        if len(keys) == 1:
            return list(keys)
    else:
        return []
    found: list[Any] = []
    middle = len(keys) // 2
    for half in (keys[:middle], keys[middle:]):
        found += await _bad(half, read)
        if len(found) > MOST_BAD:
            raise Corrupt("hardly a row of the answer can be read.")
    return found


# ── an answer and its rows ────────────────────────────────────────────────────────────────


def _rows_in(answer: Any) -> Path | None:
    """Where the list is that has most in its rows, or the object whose values are the rows."""
    return max(_containers(answer, ()), key=lambda path: _weight(_at(answer, path)), default=None)


def _containers(value: Any, path: Path) -> Iterator[Path]:
    if not isinstance(value, dict | list):
        return
    if _holds_rows(value):
        yield path
    for key in _keys(value):
        if key not in WITHIN_A_ROW:
            yield from _containers(value[key], (*path, key))


def _holds_rows(value: Any) -> bool:
    """Whether most of what is in it is of one kind, and no single value: an object of this and that has no rows."""
    kinds = [type(value[key]) for key in _keys(value) if isinstance(value[key], dict | list)]
    return len(set(kinds)) == 1 and 2 * len(kinds) >= len(value)


def _weight(value: Any) -> int:
    return sum(len(value[key]) for key in _keys(value) if isinstance(value[key], dict | list))


def _keys(value: Any) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _with_rows(value: Any, path: Path, left: Sequence[Any]) -> Any:
    """A copy along the path; of what it leads to only the rows that are `left`."""
    if path:
        copy = value.copy()
        copy[path[0]] = _with_rows(value[path[0]], path[1:], left)
        return copy
    return {key: value[key] for key in left} if isinstance(value, dict) else [value[key] for key in left]
