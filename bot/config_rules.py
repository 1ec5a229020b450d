"""Rules over several settings: what is senseless is refused, what is dangerous is warned of, both by name."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.config_errors import as_toml, unknown
from bot.config_models import OFFICIAL_API, Config, Connection, Limits, Preset, Steps
from bot.config_sources import Key, dotted
from engine.core.ids import ConnectionId, book_id
from engine.core.model import Mode
from engine.redaction import told_in
from engine.secret_forms import FIGURE_DIGITS, is_figure

Finding = tuple[Key, str]
"""A key and the sentence about it."""


def refusals(config: Config) -> list[Finding]:
    """What makes no sense together; the bot does not start on it."""
    found: list[Finding] = []
    for name, connection in config.connections.items():
        found += _limit_refusals(("connections", name, "limits"), connection.limits)
        found += _preset_list_refusals(config, name, connection)
        found += _key_refusals(name, connection)
        for preset_name in connection.presets:
            if preset_name in config.presets:
                found += _size_refusals(preset_name, config.presets[preset_name], name, connection)
    for name, preset in config.presets.items():
        found += _preset_refusals(name, preset, config.paper.fee)
    return found + list(_shared_keys(config)) + list(_secrets_that_are_names(config))


def warnings(config: Config) -> list[Finding]:
    """What is allowed, and likely not meant."""
    found: list[Finding] = []
    for name, connection in config.connections.items():
        found += _connection_warnings(name, connection)
    found += _secrets_that_are_numbers(config)
    for name, preset in config.presets.items():
        found += _preset_warnings(name, preset)
    token = config.telegram.token.get_secret_value()
    if config.telegram.api_base == OFFICIAL_API and len(token.partition(":")[2]) != 35:
        found.append(
            (("telegram", "token"), "tokens of Telegram have 35 letters after the colon; is it complete?")
        )
    if config.telegram.api_base.startswith("http://") and not _is_loopback(config.telegram.api_base):
        found.append((("telegram", "api_base"), "sends the token unencrypted over the network; use https://"))
    return found


def _limit_refusals(key: Key, limits: Limits) -> Iterator[Finding]:
    for name in ("daily_loss", "drawdown"):
        steps: Steps = getattr(limits, name)
        if not steps.warn < steps.no_entries < steps.halt:
            yield (
                (*key, name),
                f"warn ({percent(steps.warn)}), no_entries ({percent(steps.no_entries)}) and halt "
                f"({percent(steps.halt)}) must each be above the one before",
            )
    if limits.position > limits.instrument_exposure:
        yield (
            (*key, "position"),
            f"{percent(limits.position)} is above instrument_exposure ({percent(limits.instrument_exposure)}), "
            "so that no such position could be opened",
        )
    if limits.instrument_exposure > limits.total_exposure:
        yield (
            (*key, "instrument_exposure"),
            f"{percent(limits.instrument_exposure)} is above total_exposure ({percent(limits.total_exposure)})",
        )


def _preset_list_refusals(config: Config, name: str, connection: Connection) -> Iterator[Finding]:
    key: Key = ("connections", name, "presets")
    for index, preset in enumerate(connection.presets):
        if preset not in config.presets:
            yield (
                (*key, index),
                f"= {as_toml(preset)} " + unknown(preset, config.presets, "is not one of [presets]"),
            )
        elif preset in connection.presets[:index]:
            yield (*key, index), f"= {as_toml(preset)} is named twice"


WITH_PASSPHRASE = ("okx", "kucoin")
"""Venues whose API keys have a passphrase besides: https://www.okx.com/docs-v5/en/#overview-rest-authentication and
https://www.kucoin.com/docs-new/authentication"""


def _key_refusals(name: str, connection: Connection) -> Iterator[Finding]:
    """Live trading needs the whole key: half a one would be noticed only when money is at stake."""
    if not connection.live:
        return
    needed = ["key", "secret", *(["passphrase"] if connection.venue in WITH_PASSPHRASE else [])]
    for part in needed:
        if getattr(connection, part) is None:
            yield (("connections", name, part), f"is missing: live trading on {connection.venue} needs it")


def _shared_keys(config: Config) -> Iterator[Finding]:
    """Two traders on one account take each other's orders and coins for foreign ones, and both count all of its
    money. The address is no difference: it may be another name of the same venue."""
    first: dict[tuple[str, str], str] = {}
    for name, connection in config.connections.items():
        if connection.key is None:
            continue
        other = first.setdefault((connection.venue, connection.key.get_secret_value()), name)
        if other != name:
            yield (
                ("connections", name, "key"),
                f"is the key of connections.{other} too: two connections on one account would take each other's orders "
                "and coins for their own; give one of them another account",
            )


def _secrets_that_are_names(config: Config) -> Iterator[Finding]:
    """It would be hidden wherever the name is shown; or shown, since everybody may read names."""
    names = {
        *config.connections,
        *(book_id(ConnectionId(name), mode.value) for name in config.connections for mode in Mode),
    }
    for key, secret in _key_parts(config):
        if secret in names:
            yield (
                key,
                "is the name of a connection or of its book, too: rename the connection, or have another made",
            )


def _secrets_that_are_numbers(config: Config) -> Iterator[Finding]:
    for key, secret in _key_parts(config):
        if is_figure(secret):
            yield (
                key,
                f"is a number or a time of less than {FIGURE_DIGITS} figures, which can't be told from prices and "
                "amounts: it is hidden only where its name stands before it; have one with letters made",
            )


def _key_parts(config: Config) -> Iterator[tuple[Key, str]]:
    for name, connection in config.connections.items():
        for part in ("key", "secret", "passphrase"):
            if (value := getattr(connection, part)) is not None:
                yield ("connections", name, part), value.get_secret_value()
    if config.storage.url is not None:
        for password in dict.fromkeys(told_in(config.storage.url.get_secret_value())):
            yield ("storage", "url"), password


def _size_refusals(name: str, preset: Preset, at: str, connection: Connection) -> Iterator[Finding]:
    limit = connection.limits.position
    factor = connection.volume_factor
    if preset.size.share is not None and preset.size.share * factor > limit:
        yield (
            ("presets", name, "size", "share"),
            f"{percent(preset.size.share)} times volume_factor {factor} is above connections.{at}.limits.position "
            f"({percent(limit)})",
        )
    if preset.size.quote is not None and preset.size.quote * factor > limit * connection.starting_balance:
        yield (
            ("presets", name, "size", "quote"),
            f"{preset.size.quote} times volume_factor {factor} is above connections.{at}.limits.position "
            f"({percent(limit)} of {connection.starting_balance})",
        )
    for index, symbol in enumerate(preset.symbols):
        if symbol.partition("/")[2] != connection.quote:
            yield (
                ("presets", name, "symbols", index),
                f"= {as_toml(symbol)} is not priced in connections.{at}.quote ({connection.quote})",
            )


def _preset_refusals(name: str, preset: Preset, fee: Decimal) -> Iterator[Finding]:
    key: Key = ("presets", name)
    if sum(value is not None for value in (preset.size.share, preset.size.quote, preset.size.risk)) != 1:
        yield (*key, "size"), "needs exactly one of share, quote and risk"
    if preset.exits.stop_loss <= 2 * fee:
        yield (*key, "exits", "stop_loss"), _below_fees(preset.exits.stop_loss, fee)
    if preset.exits.take_profit is not None and preset.exits.take_profit <= 2 * fee:
        yield (*key, "exits", "take_profit"), _below_fees(preset.exits.take_profit, fee)
    yield from _repeats((*key, "symbols"), preset.symbols)
    if list(preset.timeframes) != sorted(set(preset.timeframes)):
        yield (*key, "timeframes"), "must begin with the shortest and rise, each once"


def _below_fees(share: Decimal, fee: Decimal) -> str:
    return f"{percent(share)} is not above the fees of buying and selling ({percent(2 * fee)} by paper.fee)"


def _repeats(key: Key, values: list[str]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield (*key, index), f"= {as_toml(value)} is named twice"


def _connection_warnings(name: str, connection: Connection) -> Iterator[Finding]:
    key: Key = ("connections", name)
    if not connection.presets:
        yield (*key, "presets"), "is empty: nothing will trade here"
    if connection.volume_factor > 3:
        yield (*key, "volume_factor"), f"multiplies every entry by {connection.volume_factor}"
    for limit in ("daily_loss", "drawdown"):
        halt = getattr(connection.limits, limit).halt
        if halt > Decimal("0.3"):
            yield (
                (*key, "limits", limit, "halt"),
                f"lets {percent(halt)} of the account go before trading stops",
            )
    if connection.limits.position > Decimal("0.5"):
        yield (
            (*key, "limits", "position"),
            f"lets one position be {percent(connection.limits.position)} of the account",
        )
    for field in ("rest_url", "stream_url"):
        url = getattr(connection, field)
        if url and url.partition("://")[0] in ("http", "ws") and not _is_loopback(url):
            yield (*key, field), "is not encrypted; use it only in a network of your own"


def _preset_warnings(name: str, preset: Preset) -> Iterator[Finding]:
    key: Key = ("presets", name)
    if preset.exits.stop_loss > Decimal("0.2"):
        yield (*key, "exits", "stop_loss"), f"lets {percent(preset.exits.stop_loss)} of a position go"
    if preset.size.risk is not None and preset.size.risk > Decimal("0.02"):
        yield (*key, "size", "risk"), f"loses {percent(preset.size.risk)} of the account at every stop"


def _is_loopback(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return host.startswith(("127.", "localhost", "[::1]"))


def percent(share: Decimal) -> str:
    """0.025 as `2.5 %`."""
    return f"{(share * 100).normalize():f} %"


def as_sentence(origin: str, finding: Finding) -> str:
    """File, key and sentence in one line."""
    key, sentence = finding
    return f"{origin}: {dotted(key)}{' ' if sentence.startswith('=') else ': '}{sentence}"
