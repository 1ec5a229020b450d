"""Reads the settings, or says in whole sentences, all at once, why they can't be used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from bot.config_errors import sentences
from bot.config_models import Config, Connection, Exits, Preset, Steps
from bot.config_rules import as_sentence, refusals, warnings
from bot.config_sources import Sources, read_sources
from engine.core import settings
from engine.core.errors import PocketdeskError
from engine.core.ids import Coin, ConnectionId, PresetId, Symbol
from engine.core.model import Mode, State
from engine.core.money import Quote, Ratio
from storage.private import who_can_read


class ConfigError(PocketdeskError):
    """The settings can't be used; `problems` has a sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Loaded:
    """Sound settings, and the sentences about what is likely not meant."""

    config: Config
    warnings: list[str]


def load(path: Path, environ: Mapping[str, str] | None = None) -> Loaded:
    """Settings from file, secret files and environment (the process's own unless given); raises ConfigError."""
    sources = read_sources(path, os.environ if environ is None else environ)
    if not sources.file_read:
        raise ConfigError(sources.problems)
    config = _validate(sources, path.parent)
    found = [as_sentence(sources.origin_of(key), (key, said)) for key, said in refusals(config)]
    if found or sources.problems:
        raise ConfigError(sources.problems + found)
    told = [as_sentence(sources.origin_of(key), (key, said)) for key, said in warnings(config)]
    return Loaded(config, [*told, *_open_secrets(sources)])


def _validate(sources: Sources, folder: Path) -> Config:
    # Sections that are there, if empty: what is missing is told by its full name, and default paths are resolved.
    values = {"telegram": {}, "connections": {}, "storage": {}, "logs": {}} | sources.values
    try:
        return Config.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        said = sentences(error, sources)
        unread = any("token_file" in problem for problem in sources.problems)
        said = [each for each in said if not (unread and "telegram.token" in each)]
        raise ConfigError(sources.problems + said) from None


def _open_secrets(sources: Sources) -> Iterator[str]:
    """A secret in a file that others on this machine may read or change is as good as told."""
    for file, key in sources.secret_files.items():
        if who := who_can_read(file):
            yield f"{file}: holds {key}, and {who} can read or change it: chmod 600 {file}"


def trader_settings(config: Config) -> list[settings.TraderSettings]:
    """What each connection's trader is told, in the file's order."""
    return [
        settings.TraderSettings(
            connection=ConnectionId(name),
            venue=connection.venue,
            mode=Mode(connection.mode),
            quote=Coin(connection.quote),
            presets={PresetId(each): _preset(each, config.presets[each]) for each in connection.presets},
            limits=_limits(connection),
            volume_factor=connection.volume_factor,
            starting_balance=Quote(connection.starting_balance),
            initial_state=State(connection.initial_state),
        )
        for name, connection in config.connections.items()
    ]


def _limits(connection: Connection) -> settings.Limits:
    limits = connection.limits
    return settings.Limits(
        position=Ratio(limits.position),
        open_positions=limits.open_positions,
        instrument_exposure=Ratio(limits.instrument_exposure),
        total_exposure=Ratio(limits.total_exposure),
        daily_loss=_steps(limits.daily_loss),
        drawdown=_steps(limits.drawdown),
    )


def _steps(steps: Steps) -> settings.Steps:
    return settings.Steps(Ratio(steps.warn), Ratio(steps.no_entries), Ratio(steps.halt))


def _preset(name: str, preset: Preset) -> settings.Preset:
    return settings.Preset(
        id=PresetId(name),
        strategy=preset.strategy,
        symbols=tuple(Symbol(symbol) for symbol in preset.symbols),
        timeframes=tuple(preset.timeframes),
        parameters={key: _parameter(value) for key, value in preset.parameters.items()},
        size=settings.Size(
            share=_ratio(preset.size.share),
            quote=None if preset.size.quote is None else Quote(preset.size.quote),
            risk=_ratio(preset.size.risk),
        ),
        exits=_exits(preset.exits),
        max_positions=preset.max_positions,
    )


def _parameter(value: object) -> object:
    """Parameters feed indicators, which work in floats; whole numbers, text and switches stay as they are."""
    return float(value) if isinstance(value, Decimal) else value


def _ratio(value: Decimal | None) -> Ratio | None:
    return None if value is None else Ratio(value)


def _exits(exits: Exits) -> settings.ExitRules:
    return settings.ExitRules(
        stop_loss=Ratio(exits.stop_loss),
        take_profit=_ratio(exits.take_profit),
        trailing=_ratio(exits.trailing),
        time_limit=exits.time_limit,
        unprotected=settings.Unprotected(exits.unprotected),
    )
