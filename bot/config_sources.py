"""Where settings come from: the TOML file, a folder of secret files, the environment; the later one wins.

- environment: `POCKETDESK__CONNECTIONS__MAIN__VOLUME_FACTOR=0.5`, the value written as in TOML (text without quotes);
- secret files: `/run/secrets/telegram.token` (another folder by `POCKETDESK_SECRETS`);
- a secret `token` may be given as `token_file`, a path to a file that holds nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

PREFIX = "POCKETDESK__"
SECRETS_FOLDER = "POCKETDESK_SECRETS"
SECRET_KEYS = (
    ("telegram", "token"),
    ("storage", "url"),
    ("connections", "*", "key"),
    ("connections", "*", "secret"),
    ("connections", "*", "passphrase"),
)
"""Keys whose value is never shown and may come from a file; "*" stands for any name."""

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """One setting with the place that it came from."""

    key: Key
    value: object
    origin: str
    file: Path | None = None
    """That holds it."""


@dataclass
class Sources:
    """All settings merged, the origin of each, and what could not be read at all."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[Key, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    secret_files: dict[Path, str] = field(default_factory=dict)
    """Files that hold a secret, each with the key of one."""
    file_read: bool = True

    def origin_of(self, key: Key) -> str:
        """The file or variable that `key`, or the nearest table above it, came from."""
        for length in range(len(key), -1, -1):
            if key[:length] in self.origins:
                return self.origins[key[:length]]
        return "config"


def is_secret(key: Key) -> bool:
    """Whether the value at `key` must never be shown."""
    return any(
        len(pattern) == len(key) and all(part in ("*", name) for part, name in zip(pattern, key, strict=True))
        for pattern in SECRET_KEYS
    )


def read_sources(path: Path, environ: Mapping[str, str]) -> Sources:
    """Read and merge all three; what is unreadable becomes a sentence in `problems`."""
    sources = Sources(origins={(): path.name})
    secrets_folder = Path(environ.get(SECRETS_FOLDER, "/run/secrets"))
    table = _read_toml(path, sources.problems)
    sources.file_read = not sources.problems
    groups = (
        list(_flatten((), table, path)),
        list(_read_secret_folder(secrets_folder, sources.problems)),
        list(_read_environment(environ)),
    )
    for number, group in enumerate(groups):
        later = {_target(entry.key) for each in groups[number + 1 :] for entry in each}
        entries = [entry for entry in group if _target(entry.key) not in later]
        for entry in _resolve_files(entries, path.parent, sources.problems):
            if entry.file is not None and is_secret(entry.key):
                sources.secret_files.setdefault(entry.file, dotted(entry.key))
            _merge(sources, _without_dirt(entry, sources.problems))
    return sources


def _read_toml(path: Path, problems: list[str]) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        problems.append(f"{path}: there is no such file; copy config.example.toml to it and fill it in")
    except OSError as error:
        problems.append(f"{path}: can't be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: is not text in UTF-8")
    except (ValueError, ArithmeticError, RecursionError) as error:
        problems.append(f"{path.name}: is not valid TOML: {_why(path, error)}")
    return {}


_ENDLESS = re.compile(r"\d[\d_]{4200,}")


def _why(path: Path, error: Exception) -> str:
    """Python reads no number of more than 4,300 digits, and says so in words that help nobody."""
    if isinstance(error, tomllib.TOMLDecodeError) or not isinstance(error, ValueError):
        return str(error)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    at = next((number for number, line in enumerate(lines, 1) if _ENDLESS.search(line)), None)
    return f"a number has thousands of digits (at line {at})" if at else str(error)


def _flatten(key: Key, value: object, file: Path) -> Iterable[Entry]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flatten((*key, name), inner, file)
    else:
        yield Entry(key, value, file.name, file)


def _read_secret_folder(folder: Path, problems: list[str]) -> Iterable[Entry]:
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        key = tuple(file.name.split("."))
        if is_secret(key) and (text := _read_secret(file, str(file), problems)) is not None:
            yield Entry(key, text, str(file), file)


def _read_environment(environ: Mapping[str, str]) -> Iterable[Entry]:
    for name, text in sorted(environ.items()):
        if name.upper().startswith(PREFIX):
            key = tuple(name[len(PREFIX) :].lower().split("__"))
            yield Entry(key, text if is_secret(key) else _parse(text), f"environment {name}")


def _parse(text: str) -> object:
    """A value as TOML would read it; what TOML can't read is text, which needs no quotes here."""
    if not re.match(r"[\[{\"'0-9+\-tfni]", text):
        return text
    try:
        value = tomllib.loads(f"value = {text}", parse_float=Decimal)["value"]
    except (ValueError, ArithmeticError, RecursionError):
        return text
    return value if isinstance(value, bool | int | Decimal | str | list | dict) else text


def _target(key: Key) -> Key:
    """The secret that a `…_file` key stands for; any other key itself."""
    target = (*key[:-1], str(key[-1]).removesuffix("_file")) if key else key
    return target if is_secret(target) else key


def _resolve_files(entries: list[Entry], folder: Path, problems: list[str]) -> Iterable[Entry]:
    given = {entry.key for entry in entries}
    for entry in entries:
        target = _target(entry.key)
        if target == entry.key:
            yield entry
        elif target in given:
            problems.append(
                f"{entry.origin}: {dotted(entry.key)}: give either this or {dotted(target)}, not both"
            )
        else:
            where = f"{entry.origin}: {dotted(entry.key)}{_path_shown(str(entry.value), folder)}"
            file = Path(folder, Path(str(entry.value)).expanduser())
            text = _read_secret(file, where, problems)
            yield Entry(target, text, f"{entry.origin}: {dotted(entry.key)}", None if text is None else file)


def _path_shown(value: str, folder: Path) -> str:
    """` = 'path'`, unless that may be the secret itself, given where the path of its file should be."""
    path = Path(folder, Path(value).expanduser())
    is_path = "/" in value and path.parent.is_dir()
    return (
        f" = {value!r}" if is_path or path.exists() or len(value) < 20 else " = (a path of a file is wanted)"
    )


_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
"""What editors and web pages leave at the edges of a text: a byte order mark, spaces and joiners of no width."""


def _without_dirt(entry: Entry, problems: list[str]) -> Entry:
    """A secret without what was pasted along: invisible characters, white space and one pair of quotes around it. What
    is within is not guessed at, and refused here rather than by the venue, which says only that the key is wrong."""
    if not is_secret(entry.key) or not isinstance(entry.value, str):
        return entry
    text = _bare(entry.value)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = _bare(text[1:-1])
    hidden = next((one for one in text if not one.isprintable()), None)
    if hidden is not None:
        problems.append(
            f"{entry.origin}: {dotted(entry.key)}: has an invisible character within (U+{ord(hidden):04X})"
        )
    return replace(entry, value=text)


def _bare(text: str) -> str:
    """Without white space and invisible characters at its edges, in whatever order they are."""
    shorter = text.strip().strip(_INVISIBLE)
    return shorter if shorter == text else _bare(shorter)


def _read_secret(file: Path, where: str, problems: list[str]) -> str | None:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(f"{where}: the file can't be read: {error.strerror}")
        return None
    except UnicodeDecodeError:
        problems.append(f"{where}: the file is not text")
        return None
    if not text:
        problems.append(f"{where}: the file is empty")
    return text or None


def _merge(sources: Sources, entry: Entry) -> None:
    table = sources.values
    for part in entry.key[:-1]:
        inner = table.get(str(part))
        if not isinstance(inner, dict):
            inner = table[str(part)] = {}
        table = inner
    if entry.key and not (entry.value == {} and isinstance(table.get(str(entry.key[-1])), dict)):
        table[str(entry.key[-1])] = entry.value
        sources.origins[entry.key] = entry.origin


def dotted(key: Key) -> str:
    """`presets.trend.symbols[0]`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
