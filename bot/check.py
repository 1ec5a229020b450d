"""What is wrong, said before anything starts: one line each, `ok`, `warn` or `fail` and a sentence.

`pocketdesk check` shows all of it. The start-up and the chat's /health use the single checks: what only the venue or
Telegram can mend is told there, and the bot works on with the rest (M6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.check_telegram import check_token
from bot.check_venue import check_connection
from bot.config import Loaded, trader_settings
from bot.config_models import Config, Connection
from bot.findings import Finding, fail, ok, warn
from bot.key_check import KeyCheck, key_questions
from engine.clock import Clock
from engine.core.errors import Denied, StorageTrouble, Unavailable
from engine.core.settings import TraderSettings
from engine.desk import CheckItem
from engine.going_live import of_key
from engine.strategies.registry import Registry

__all__ = [
    "Finding",
    "check_all",
    "check_config",
    "check_database",
    "check_key",
    "check_strategies",
    "check_token",
]


async def check_all(loaded: Loaded, clock: Clock) -> list[Finding]:
    """Everything; what has to be asked outside is asked at the same time."""
    config = loaded.config
    registry = Registry(config.strategies.folder)
    found = [*check_config(loaded), *check_strategies(config, registry)]
    registry.close()
    outside = [check_database(config), check_token(config.telegram)]
    outside += [
        check_connection(settings, config.connections[settings.connection], clock)
        for settings in trader_settings(config)
    ]
    keys = KeyCheck(key_questions(config))
    outside += [check_key(name, one, keys) for name, one in config.connections.items()]
    for findings in await asyncio.gather(*outside):
        found += findings
    return found


async def check_key(name: str, connection: Connection, keys: KeyCheck) -> list[Finding]:
    """Where live trading is wanted: whether the venue accepts the key, and what it may do. What could not be tried is
    said as well, so that silence never passes for a yes."""
    start = f"connections.{name}: key"
    if not connection.live:
        return [ok(f"{start}: not tried, since live is off")] if connection.key is not None else []
    try:
        report = await keys.ask(name)
    except Unavailable as error:
        return [fail(f"{start}: not tried: {error}")]
    found = [_finding(start, item) for item in of_key(report)]
    if report.accepted and report.may_withdraw is None:
        found.append(
            warn(f"{start}: what it may do was not tried: {connection.venue} does not tell; look there")
        )
    return found


def _finding(start: str, item: CheckItem) -> Finding:
    sentence = f"{start}, {item.key}: {item.detail}"
    return fail(sentence) if not item.ok else warn(sentence) if item.warns else ok(sentence)


def check_config(loaded: Loaded) -> list[Finding]:
    """A summary of sound settings, and the warnings about them."""
    connections, presets = len(loaded.config.connections), len(loaded.config.presets)
    summary = ok(f"config: {counted(connections, 'connection')}, {counted(presets, 'preset')}")
    return [summary, *(warn(sentence) for sentence in loaded.warnings)]


def check_strategies(config: Config, registry: Registry) -> list[Finding]:
    """Whether every preset's strategy exists and takes its parameters, and every file of the owner's is sound."""
    found = [fail(problem) for problem in registry.problems]
    for settings in trader_settings(config):
        found += _check_presets(settings, registry)
    return found or [ok(f"strategies: {', '.join(sorted(registry.strategies))}")]


def _check_presets(settings: TraderSettings, registry: Registry) -> Iterator[Finding]:
    for preset in settings.presets.values():
        try:
            registry.bind(preset)
        except Denied as error:
            yield fail(str(error))


async def check_database(config: Config) -> list[Finding]:
    """Whether it can be opened and written, and has a schema that we know; nothing in it is changed."""
    from storage.opening import known_revisions, reach, revision_of
    from storage.presence import Presence
    from storage.schema import REVISION

    presence = Presence()
    try:
        database = reach(config.storage_url)
        name = f"database {database.address.name}"
        try:
            alone = await presence.enter(database)
            revision = await database.write(revision_of)
        finally:
            await database.close()
    except StorageTrouble as error:
        return [fail(f"database: {error}")]
    finally:
        presence.leave()
    if revision not in (None, *known_revisions()):
        return [fail(f"{name}: its schema {revision} is newer than this program ({REVISION})")]
    state = (
        "new"
        if revision is None
        else "sound"
        if revision == REVISION
        else "older, will be migrated at the start"
    )
    found = [ok(f"{name}: can be written, {state}")]
    return (
        found
        if alone
        else [*found, warn(f"{name}: another Pocketdesk works with it; a second one will refuse")]
    )


def counted(count: int, word: str) -> str:
    """`1 preset`, `2 presets`."""
    return f"{count} {word}{'' if count == 1 else 's'}"
