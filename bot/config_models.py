"""All settings, each with its meaning, bounds and default. `docs/configuration.md` is made from these models."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bot.config_types import (
    PATH,
    QUIET_HOURS,
    SWITCH,
    TIMEFRAME,
    ZONE,
    QuietHours,
    address,
    choice,
    duration,
    number,
    or_off,
    pattern,
    share_of,
    text,
    whole,
)

TOKEN_SHAPE = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{4,100}")
"""What every bot token looks like: the bot's number, a colon, letters."""
VENUES = ("binance", "bybit", "okx", "bingx", "kraken", "kucoin")
OFFICIAL_API = "https://api.telegram.org"


FilePath = Annotated[Path, PATH]
Name = Annotated[
    str, pattern(r"[a-z][a-z0-9_-]{0,15}", "up to 16 small letters, digits, - or _, a letter first")
]
_COIN = r"(?![a-z]+(?:/|$))[^\W_]{1,30}"
"""Letters of any script and figures: venues list 币安人生/USDT and AAPLx/USD. None has small ones only."""
SymbolName = Annotated[str, pattern(f"{_COIN}/{_COIN}", 'an instrument, written like "BTC/USDT"')]
CoinName = Annotated[str, pattern(r"[A-Z0-9]{1,15}", 'a coin in capitals, such as "USDT"')]
Timeframe = Annotated[int, TIMEFRAME]


class Section(BaseModel):
    """A table of the config file: frozen, and a key that it does not know is refused (G1)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def _shaped_like_a_token(token: SecretStr) -> SecretStr:
    if not TOKEN_SHAPE.fullmatch(token.get_secret_value()):
        raise ValueError(
            "is not shaped like a bot token: digits, a colon, then letters, without spaces or quotes"
        )
    return token


class Telegram(Section):
    """The bot's account at Telegram."""

    token: Annotated[SecretStr, AfterValidator(_shaped_like_a_token)] = Field(
        description="The bot's token, as @BotFather gave it. Better given as `token_file`."
    )
    api_base: Annotated[str, address("https", "http")] = Field(
        OFFICIAL_API, description="The Bot API server; another one for a self-hosted server or the sandbox."
    )
    file_base: Annotated[str, address("https", "http")] | None = Field(
        None, description="Where files are fetched from; the Bot API server unless set."
    )
    quiet_hours: Annotated[QuietHours | None, or_off(QUIET_HOURS)] = Field(
        None, description="When notices make no sound. Alerts about money at risk always do."
    )
    time_zone: Annotated[str, ZONE] = Field(
        "UTC", description="The zone of quiet hours. Trading days and all times in the chat are UTC."
    )


class Storage(Section):
    """The database: a SQLite file, or a PostgreSQL server."""

    path: FilePath = Field(
        Path("data/pocketdesk.db"),
        validate_default=True,
        description="The SQLite file, made if it is not there.",
    )
    url: SecretStr | None = Field(
        None,
        description="Instead of `path`: `postgresql+asyncpg://user:password@host/name`. Better as `url_file`.",
    )


class Logs(Section):
    """What is written down for the technician. Tokens, keys and signatures are taken out everywhere."""

    folder: FilePath = Field(Path("data/logs"), validate_default=True, description="Where the JSON lines go.")
    level: Annotated[str, choice("DEBUG", "INFO", "WARNING", "ERROR")] = Field(
        "INFO", description="The least weight that is written."
    )
    file_size_mb: Annotated[int, whole(1, 1000)] = Field(
        10, description="Megabytes after which a new file is begun."
    )
    files: Annotated[int, whole(1, 100)] = Field(5, description="How many finished files are kept.")


class Strategies(Section):
    """Where strategies of your own are."""

    folder: FilePath | None = Field(
        None,
        description="Every `*.py` in it is a strategy. It runs in a process of its own without a key, and may read "
        "what the user may whom the bot runs as.",
    )


class Steps(Section):
    """Three thresholds, given together, each above the one before. A halt stays until the owner lifts it."""

    warn: Annotated[Decimal, share_of("0.1", "90")] = Field(description="From here on you are told.")
    no_entries: Annotated[Decimal, share_of("0.1", "90")] = Field(
        description="From here on nothing new is bought."
    )
    halt: Annotated[Decimal, share_of("0.1", "90")] = Field(description="From here on only risk is reduced.")


def _steps(warn: str, no_entries: str, halt: str) -> Steps:
    return Steps(warn=Decimal(warn), no_entries=Decimal(no_entries), halt=Decimal(halt))


class Limits(Section):
    """How much a connection may risk, as shares of its equity."""

    position: Annotated[Decimal, share_of("0.1", "100")] = Field(
        Decimal("0.2"), description="The largest single position."
    )
    open_positions: Annotated[int, whole(1, 1000)] = Field(
        10, description="How many positions may be open at once."
    )
    instrument_exposure: Annotated[Decimal, share_of("0.1", "100")] = Field(
        Decimal("0.3"), description="The most in one instrument, over all presets."
    )
    total_exposure: Annotated[Decimal, share_of("0.1", "100")] = Field(
        Decimal("0.9"), description="The most in all instruments together."
    )
    daily_loss: Steps = Field(_steps("0.02", "0.04", "0.06"), description="Loss of equity since 00:00 UTC.")
    drawdown: Steps = Field(_steps("0.05", "0.10", "0.15"), description="Loss of equity from its highest.")


AMOUNT = number("0.00000001", "1000000000000000")
"""Of the quote coin, whatever it is worth: a hundred-millionth of a bitcoin is as fine as any venue counts, and a coin
may be worth a millionth of a dollar. Whether the venue takes so little is for `pocketdesk check`."""


class Connection(Section):
    """One account on one venue, `[connections.NAME]`."""

    venue: Annotated[str, choice(*VENUES)] = Field(description="The exchange.")
    mode: Annotated[str, pattern("paper", '"paper": going live is done in the chat, never by a file')] = (
        Field(
            "paper",
            description="Every connection starts on paper.",
        )
    )
    quote: CoinName = Field("USDT", description="The coin that equity and limits are counted in.")
    starting_balance: Annotated[Decimal, AMOUNT] = Field(
        Decimal(10000), description="The paper account's money, in the quote coin, when its book is opened."
    )
    volume_factor: Annotated[Decimal, number("0.01", "10")] = Field(
        Decimal(1), description="Multiplies every entry's size."
    )
    presets: list[Name] = Field(default_factory=list, description="The presets that may run here.")
    initial_state: Annotated[str, choice("paused", "running")] = Field(
        "paused", description="The state of a book that is new; later it is as you left it in the chat."
    )
    rest_url: Annotated[str, address("https", "http")] | None = Field(
        None, description="Another REST server in the venue's dialect, such as the sandbox exchange."
    )
    stream_url: Annotated[str, address("wss", "ws")] | None = Field(
        None, description="Another websocket server in the venue's dialect."
    )
    live: Annotated[bool, SWITCH] = Field(
        False,
        description="Whether /live may move it to real money; even then it starts on paper until you do.",
    )
    key: SecretStr | None = Field(
        None, description="The account's API key, for live trading. Better as `key_file`."
    )
    secret: SecretStr | None = Field(None, description="The API key's secret. Better as `secret_file`.")
    passphrase: SecretStr | None = Field(
        None, description="The API key's passphrase, where the venue has one (OKX, KuCoin). Better as a file."
    )
    limits: Limits = Field(default_factory=Limits)

    def secrets(self) -> list[str]:
        """The secret values that are set."""
        found = (self.key, self.secret, self.passphrase)
        return [one.get_secret_value() for one in found if one is not None]


class Size(Section):
    """How large an entry is: exactly one of the three; `share = "10%"` if none is given."""

    share: Annotated[Decimal, share_of("0.1", "100")] | None = Field(None, description="A share of equity.")
    quote: Annotated[Decimal, AMOUNT] | None = Field(None, description="A fixed amount of the quote coin.")
    risk: Annotated[Decimal, share_of("0.01", "5")] | None = Field(
        None, description="The share of equity that is lost if the stop is hit."
    )


class Exits(Section):
    """When a position is left, as shares of the entry price."""

    stop_loss: Annotated[Decimal, share_of("0.1", "50")] = Field(
        Decimal("0.02"), description="Below the entry price."
    )
    take_profit: Annotated[Decimal | None, or_off(share_of("0.1", "1000"))] = Field(
        Decimal("0.03"), description="Above the entry price."
    )
    trailing: Annotated[Decimal | None, or_off(share_of("0.1", "50"))] = Field(
        None, description="The stop follows the highest price at this distance; it never moves down."
    )
    time_limit: Annotated[timedelta | None, or_off(duration("10s", "52w"))] = Field(
        None, description="A position is left this long after its first fill."
    )
    unprotected: Annotated[str, choice("watch", "sell")] = Field(
        "watch",
        description="A position whose stop the venue goes on refusing: `watch` keeps it, watched by the desk alone, "
        "`sell` sells it after some 22 s. In any case you are called, and nothing more is bought there.",
    )


class Preset(Section):
    """A strategy bound to instruments, timeframes, size and exits, `[presets.NAME]`."""

    strategy: Annotated[str, text(40)] = Field(description="Its name, as /strategies shows it.")
    symbols: list[SymbolName] = Field(
        description="The instruments that it trades.", min_length=1, max_length=100
    )
    timeframes: list[Timeframe] = Field(
        description="The candles that wake it, then higher ones that it may read as well.",
        min_length=1,
        max_length=5,
    )
    parameters: dict[str, object] = Field(
        default_factory=dict, description="The strategy's own parameters; what is left out keeps its default."
    )
    size: Size = Field(
        default_factory=lambda: Size(share=Decimal("0.1")), description="How large an entry is."
    )
    exits: Exits = Field(default_factory=Exits)
    max_positions: Annotated[int, whole(1, 100)] = Field(
        5, description="How many of its positions may be open at once."
    )


class Health(Section):
    """A page on this machine only, for a watchdog: `/health` and `/metrics`."""

    enabled: Annotated[bool, SWITCH] = Field(False, description="Whether it is served.")
    port: Annotated[int, whole(1, 65535)] = Field(8087, description="The port on 127.0.0.1.")


class Paper(Section):
    """How the paper venue fills, where the venue itself does not tell."""

    fee: Annotated[Decimal, share_of("0", "2")] = Field(
        Decimal("0.001"), description="Taken from every fill."
    )
    slippage: Annotated[Decimal, share_of("0", "5")] = Field(
        Decimal("0.0005"), description="How much worse than the price seen a market order fills."
    )
    spread: Annotated[Decimal, share_of("0", "5")] = Field(
        Decimal("0.0002"), description="Between bid and ask, where the price comes without them."
    )


class Config(Section):
    """The whole file."""

    telegram: Telegram = Field(description="The bot's account at Telegram.")
    storage: Storage = Field(default_factory=Storage, description="The database.")
    logs: Logs = Field(default_factory=Logs, description="The log files.")
    strategies: Strategies = Field(default_factory=Strategies, description="Your own strategies.")
    health: Health = Field(default_factory=Health, description="A page for a watchdog.")
    paper: Paper = Field(default_factory=Paper, description="How the paper venue fills.")
    connections: dict[Name, Connection] = Field(
        description="Your accounts, `[connections.NAME]`.", min_length=1
    )
    presets: dict[Name, Preset] = Field(
        default_factory=dict, description="What they trade, `[presets.NAME]`."
    )

    @property
    def storage_url(self) -> str:
        """SQLAlchemy's address of the database; it may hold a password."""
        if self.storage.url is not None:
            return self.storage.url.get_secret_value()
        return f"sqlite:///{self.storage.path}"

    def secrets(self) -> list[str]:
        """Every secret value, for the redaction; addresses with a password in them, too."""
        found = [self.telegram.token.get_secret_value()]
        addresses = [self.telegram.api_base, self.telegram.file_base]
        if self.storage.url is not None:
            found.append(self.storage.url.get_secret_value())
        for connection in self.connections.values():
            found += connection.secrets()
            addresses += [connection.rest_url, connection.stream_url]
        return found + [one for one in addresses if one and "@" in one]
