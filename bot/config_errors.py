"""pydantic's findings as sentences that name file, key, value and what is allowed."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bot.config_models import Config
from bot.config_sources import SECRET_KEYS, Key, Sources, dotted, is_secret

_SENTENCES = {
    "model_type": "must be a table, [{key}]",
    "model_attributes_type": "must be a table, [{key}]",
    "dict_type": "must be a table, [{key}]",
    "list_type": 'must be a list, written like ["one", "two"]',
    "too_short": "needs at least one",
    "too_long": "has too many",
    "string_type": "must be text in quotes",
    "secret_type": "must be text in quotes",  # a sentence, no secret  # nosec B105
}
_LONGEST_VALUE = 60
_LIKE_A_SECRET = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_:-]{20,}")
"""Pasted at the wrong place, it would be repeated on the terminal and in whatever keeps that."""


def sentences(error: ValidationError, sources: Sources) -> list[str]:
    """One sentence for each finding, all of them at once."""
    return [_sentence(dict(finding), sources) for finding in error.errors(include_url=False)]


def _sentence(finding: Mapping[str, Any], sources: Sources) -> str:
    key: Key = tuple(part for part in finding["loc"] if part != "[key]")
    start = f"{sources.origin_of(key)}: {dotted(key)}"
    if finding["type"] == "missing":
        return f"{start} is missing. It says: {_description(key)}"
    if finding["type"] == "extra_forbidden":
        return f"{start}: {unknown(str(key[-1]), _names_beside(key), 'is not a known setting')}"
    return f"{start}{shown(key, finding)}: {_allowed(finding, key)}"


def _allowed(finding: Mapping[str, Any], key: Key) -> str:
    if finding["type"] == "value_error":
        return str(finding["ctx"]["error"])
    return _SENTENCES.get(finding["type"], str(finding["msg"])).format(key=dotted(key))


def shown(key: Key, finding: Mapping[str, Any]) -> str:
    """` = value`, cut if long, and nothing at all for a secret or a whole table."""
    if is_secret(key) or "[key]" in finding["loc"] or isinstance(finding["input"], dict | BaseModel):
        return ""
    return f" = {as_toml(finding['input'])}"


def as_toml(value: object) -> str:
    """A value as the owner wrote it."""
    if isinstance(value, list | tuple):
        text = "[" + ", ".join(as_toml(each) for each in value) + "]"
    elif isinstance(value, int) and value.bit_length() > 1000:
        text = "a number of hundreds of digits"  # which Python may refuse to write out
    elif isinstance(value, Decimal):
        text = str(value).lower()
    elif isinstance(value, str) and _LIKE_A_SECRET.fullmatch(value):
        text = f'"{value[:3]}…" (not shown: it looks like a secret)'
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """Why `name` is refused, with the nearest name there is, or all of them (G1)."""
    names = sorted(known)
    nearest = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if nearest:
        return f'{what}; did you mean "{nearest[0]}"?'
    return f"{what}; there {'is' if len(names) == 1 else 'are'}: {', '.join(names) or 'none'}"


def _names_beside(key: Key) -> list[str]:
    model = _model_at(key[:-1])
    names = list(model.model_fields) if model else []
    secrets = [pattern[-1] for pattern in SECRET_KEYS if is_secret((*key[:-1], pattern[-1]))]
    return names + [f"{name}_file" for name in secrets]


def _description(key: Key) -> str:
    field = _field_at(key)
    return (field.description if field else None) or "a setting that is needed"


def _field_at(key: Key) -> FieldInfo | None:
    model = _model_at(key[:-1])
    return model.model_fields.get(str(key[-1])) if model else None


def _model_at(key: Key) -> type[BaseModel] | None:
    """The model of the table at `key`; a name in a `dict[str, Model]` counts as one step."""
    annotation: Any = Config
    for part in key:
        if get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        else:
            return None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
