"""Makes `docs/configuration.md` from the models: `python -m bot.config_docs > docs/configuration.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.config_models import Config
from bot.config_rules import percent
from bot.config_sources import SECRET_KEYS, dotted
from bot.config_types import Kind

_HEAD = """# Configuration

Made from the models in `bot/config_models.py` by `make docs`; change it there.

`pocketdesk run --config config.toml` reads one TOML file. `config.example.toml` is a complete one to start from, and
`pocketdesk check --config config.toml` says what is wrong before anything starts. A key that is not known is refused
with the nearest name; all mistakes are told at once.

- **Shares** are written as `0.02` or `"2%"`. **Stretches of time** have a unit: `"90s"`, `"4h"`, `"1h30m"`.
  **Timeframes** are `"5m"`, `"1h"`, `"1d"`. **Paths** count from the folder of the config file.
- **Environment**: any setting may be given as `POCKETDESK__SECTION__KEY`, such as
  `POCKETDESK__CONNECTIONS__MAIN__VOLUME_FACTOR=0.5`. It wins over the file.
- **Secrets** ({secrets}) may be given as a file instead: `token_file = "path"`, or a file in `/run/secrets` that is
  named like the key, `telegram.token`. `POCKETDESK_SECRETS` names another folder.
"""


def document() -> str:
    """The whole page."""
    secrets = ", ".join(f"`{dotted(key)}`" for key in SECRET_KEYS)
    parts = [_HEAD.format(secrets=secrets)]
    for name, field in Config.model_fields.items():
        parts += _section(name, field.annotation)
    return "\n".join(parts)


def _section(name: str, annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is dict:
        name, annotation = f"{name}.NAME", get_args(annotation)[1]
    model: type[BaseModel] = annotation
    inner = [(key, field) for key, field in model.model_fields.items() if _is_model(field.annotation)]
    rows = [_row(key, field) for key, field in model.model_fields.items() if not _is_model(field.annotation)]
    yield f"## `[{name}]`\n\n{(model.__doc__ or '').strip()}\n"
    if rows:
        yield "| key | meaning | allowed | default |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    for key, field in inner:
        yield from (part.replace("## `", "### `", 1) for part in _table(f"{name}.{key}", field))


def _table(name: str, field: FieldInfo) -> Iterator[str]:
    model: Any = field.annotation
    default = None if field.default is PydanticUndefined else field.default
    rows, deeper = [], []
    for key, each in model.model_fields.items():
        if _is_model(each.annotation):
            deeper.append((key, each))
        else:
            rows.append(_row(key, each, getattr(default, key, PydanticUndefined)))
    about = f"{field.description or ''} {model.__doc__ or ''}".strip()
    yield f"## `[{name}]`\n\n{about}\n"
    yield "| key | meaning | allowed | default |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    for key, each in deeper:
        yield from _table(f"{name}.{key}", each)


def _row(key: str, field: FieldInfo, default: object = PydanticUndefined) -> str:
    value = default if default is not PydanticUndefined else field.get_default(call_default_factory=False)
    needed = field.is_required() and default is PydanticUndefined
    cells = (f"`{key}`", field.description or "", _allowed(field), "needed" if needed else _shown(value))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _allowed(field: FieldInfo) -> str:
    kinds = [item for item in field.metadata if isinstance(item, Kind)] or list(_kinds(field.annotation))
    many = "a list: " if get_origin(field.annotation) is list else ""
    if kinds:
        return many + kinds[0].allowed
    return "a table" if get_origin(field.annotation) is dict else "text, a secret"


def _kinds(annotation: Any) -> Iterator[Kind]:
    for item in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        if isinstance(item, Kind):
            yield item
        else:
            yield from _kinds(item)


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case Decimal() if value < 1:
            return f'`"{percent(value).replace(" ", "")}"`'
        case timedelta():
            return f'`"{int(value.total_seconds())}s"`'
        case str() | Path():
            return f'`"{value}"`'
        case _ if value is PydanticUndefined:
            return "none"
        case _:
            return f"`{value}`"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


if __name__ == "__main__":
    sys.stdout.write(document())
