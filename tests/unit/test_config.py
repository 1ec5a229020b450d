"""Settings: what is sound is read exactly, what is not is refused in whole sentences (G1, G2)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.config import ConfigError, load, trader_settings
from bot.config_docs import document
from bot.config_models import Config

ROOT = Path(__file__).parents[2]
TOKEN = {"POCKETDESK__TELEGRAM__TOKEN": "1:test", "POCKETDESK_SECRETS": "/nonexistent"}
SOUND = """
[connections.main]
venue = "binance"
presets = ["trend"]
[presets.trend]
strategy = "ma_cross"
symbols = ["BTC/USDT"]
timeframes = ["5m", "1h"]
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, text), TOKEN | (environ or {}))
    return refused.value.problems


def sound(tmp_path: Path, text: str = SOUND, environ: dict[str, str] | None = None) -> Config:
    return load(written(tmp_path, text), TOKEN | (environ or {})).config


def test_example_is_sound_and_its_comments_are_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    as_given = sound(tmp_path, text)
    with_comments = re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    for other in (
        "url",
        "rest_url",
        "stream_url",
        'folder = "strategies"',
        "quiet_hours",
        'time_limit = "3d"',
        "trailing",
        "file_base",
        "fast",
        "key_file",
        "secret_file",
        "passphrase_file",
    ):
        with_comments = re.sub(rf"^({other})", r"# \1", with_comments, flags=re.MULTILINE)
    assert sound(tmp_path, with_comments) == as_given


def test_documentation_is_in_step() -> None:
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == document()


def test_every_setting_is_in_the_example() -> None:
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `([a-z_]+)` \|", document(), flags=re.MULTILINE)
    missing = [key for key in keys if not re.search(rf"\b{key}\b", example)]
    assert missing == []


def test_traders_are_told_exact_decimals(tmp_path: Path) -> None:
    text = (
        SOUND
        + 'exits = { stop_loss = "1.5%", take_profit = "off", time_limit = "1h30m" }\nsize.share = 0.07\n'
    )
    [settings] = trader_settings(
        sound(tmp_path, text, {"POCKETDESK__CONNECTIONS__MAIN__VOLUME_FACTOR": "0.1"})
    )
    [preset] = settings.presets.values()
    assert (preset.exits.stop_loss, preset.exits.take_profit) == (Decimal("0.015"), None)
    assert preset.exits.time_limit == timedelta(minutes=90)
    assert (preset.size.share, settings.volume_factor) == (Decimal("0.07"), Decimal("0.1"))
    assert preset.timeframes == (300, 3600)


def test_parameters_reach_a_strategy_as_floats_and_whole_numbers(tmp_path: Path) -> None:
    [settings] = trader_settings(
        sound(tmp_path, SOUND + "parameters = { fast = 9, width = 2.5, name = 'x' }\n")
    )
    [preset] = settings.presets.values()
    assert preset.parameters == {"fast": 9, "width": 2.5, "name": "x"}
    assert isinstance(preset.parameters["width"], float)


def test_defaults_are_those_of_the_engine(tmp_path: Path) -> None:
    from engine.core.settings import ExitRules, Limits

    [settings] = trader_settings(sound(tmp_path))
    assert settings.limits == Limits()
    assert settings.presets.popitem()[1].exits == ExitRules()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("[lgos]\nlevel = 'INFO'", 'config.toml: lgos: is not a known setting; did you mean "logs"?'),
        ("[health]\nprt = 1", 'config.toml: health.prt: is not a known setting; did you mean "port"?'),
        ("[health]\nport = true", "config.toml: health.port = true: must be a whole number from 1 to 65535"),
        ("[health]\nport = 80.0", "config.toml: health.port = 80.0: must be a whole number from 1 to 65535"),
        (
            "[health]\nenabled = 'on'",
            'config.toml: health.enabled = "on": must be true or false, without quotes',
        ),
        ("[health]\nenabled = 1", "config.toml: health.enabled = 1: must be true or false, without quotes"),
        ("[paper]\nfee = nan", 'config.toml: paper.fee = nan: must be 0 % to 2 %, written like 0.02 or "2%"'),
        (
            "[paper]\nfee = inf",
            'config.toml: paper.fee = infinity: must be 0 % to 2 %, written like 0.02 or "2%"',
        ),
        (
            "[paper]\nfee = -0.1",
            'config.toml: paper.fee = -0.1: must be 0 % to 2 %, written like 0.02 or "2%"',
        ),
        (
            "[paper]\nfee = '0.1'",
            'config.toml: paper.fee = "0.1": must be 0 % to 2 %, written like 0.02 or "2%"',
        ),
        (
            "[paper]\nfee = true",
            'config.toml: paper.fee = true: must be 0 % to 2 %, written like 0.02 or "2%"',
        ),
        ("logs = 3", "config.toml: logs = 3: must be a table, [logs]"),
        (
            "[telegram]\nquiet_hours = '22-7'",
            'config.toml: telegram.quiet_hours = "22-7": must be a daily stretch, written like "22:00-07:00", or "off"',
        ),
        (
            "[telegram]\ntime_zone = 'Mars/One'",
            'config.toml: telegram.time_zone = "Mars/One": must be a time zone of the IANA list, such as "UTC" '
            'or "Europe/Madrid"',
        ),
        (
            "[telegram]\napi_base = 'telegram'",
            'config.toml: telegram.api_base = "telegram": must be an address that begins with https:// or http://',
        ),
        (
            "[connections.b]\nvenue = 'mtgox'",
            'config.toml: connections.b.venue = "mtgox": must be one of binance, bybit, okx, bingx, kraken, kucoin',
        ),
        (
            "[connections.b]\nvenue = 'okx'\nmode = 'live'",
            'config.toml: connections.b.mode = "live": must be "paper": going live is done in the chat, '
            "never by a file",
        ),
        (
            "[connections.b]\nvenue = 'okx'\nvolume_factor = 100",
            "config.toml: connections.b.volume_factor = 100: must be a number from 0.01 to 10",
        ),
        (
            "[connections.B]\nvenue = 'okx'",
            "config.toml: connections.B: must be up to 16 small letters, digits, - or _, a letter first",
        ),
        (
            "[connections.b]\nvenue = 'okx'\nlimits.drawdown.warn = 0.02",
            "config.toml: connections.b.limits.drawdown.halt is missing. It says: From here on only risk is reduced.",
        ),
        (
            "[connections.b]\nvenue = 'okx'\nlimits.drawdown = { warn = 0.1, no_entries = 0.1, halt = 0.2 }",
            "config.toml: connections.b.limits.drawdown: warn (10 %), no_entries (10 %) and halt (20 %) must each be "
            "above the one before",
        ),
        (
            "[connections.b]\nvenue = 'okx'\npresets = ['trent']",
            'config.toml: connections.b.presets[0] = "trent" is not one of [presets]; did you mean "trend"?',
        ),
        (
            "[presets.trend.exits]\nstop_loss = 0",
            'config.toml: presets.trend.exits.stop_loss = 0: must be 0.1 % to 50 %, written like 0.02 or "2%"',
        ),
        (
            "[presets.trend.exits]\nstop_loss = 0.002",
            "config.toml: presets.trend.exits.stop_loss: 0.2 % is not above the fees of buying and selling "
            "(0.2 % by paper.fee)",
        ),
        (
            "[presets.trend.exits]\ntime_limit = 30",
            "config.toml: presets.trend.exits.time_limit = 30: must be a duration from 10s to 52w, written like "
            '"90s" or "1h30m", or "off"',
        ),
        (
            "[presets.trend.size]\nshare = '30%'",
            "config.toml: presets.trend.size.share: 30 % times volume_factor 1 is above "
            "connections.main.limits.position (20 %)",
        ),
        (
            "[presets.trend.size]\nshare = '3%'\nrisk = '1%'",
            "config.toml: presets.trend.size: needs exactly one of share, quote and risk",
        ),
        (
            "[presets.b]\nstrategy = 'x'\nsymbols = []\ntimeframes = ['1h']",
            "config.toml: presets.b.symbols = []: needs at least one",
        ),
        (
            "[presets.b]\nstrategy = 'x'\nsymbols = ['BTCUSDT']\ntimeframes = ['1h']",
            'config.toml: presets.b.symbols[0] = "BTCUSDT": must be an instrument, written like "BTC/USDT"',
        ),
        (
            "[presets.b]\nstrategy = 'x'\nsymbols = ['BTC/USDT']\ntimeframes = [5]",
            "config.toml: presets.b.timeframes[0] = 5: must be a timeframe up to one day, written like "
            '"5m", "1h" or "1d"',
        ),
        (
            "[presets.b]\nstrategy = 'x'\nsymbols = ['BTC/USDT']\ntimeframes = ['1h', '5m']",
            "config.toml: presets.b.timeframes: must begin with the shortest and rise, each once",
        ),
    ],
)
def test_refused_by_file_key_value_and_what_is_allowed(tmp_path: Path, change: str, said: str) -> None:
    text = change + SOUND if "=" in change.split("\n")[0] else SOUND + change
    assert said in problems(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path, SOUND + "[health]\nport = 0\n[paper]\nfee = 'much'\n[x]\n", {"POCKETDESK__Y": "1"}
    )
    assert len(found) == 4
    assert any(each.startswith("environment POCKETDESK__Y: y: is not a known setting") for each in found)


@pytest.mark.parametrize(
    "text", ["[connections", "a = 1\na = 2", "x = " + "[" * 5000, "\0", "n = 1e999999999999999999999"]
)
def test_broken_toml_is_a_sentence(tmp_path: Path, text: str) -> None:
    [said] = problems(tmp_path, text)
    assert said.startswith("config.toml: is not valid TOML")


def test_unreadable_files_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "none.toml", TOKEN)
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, TOKEN)
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\xff")
    with pytest.raises(ConfigError, match="not text in UTF-8"):
        load(tmp_path / "latin.toml", TOKEN)


# ── secrets (law 14) ──────────────────────────────────────────────────────────────────────


def test_a_secret_comes_from_a_file_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("2:file\n")
    config = load(written(tmp_path, SOUND + "[telegram]\ntoken_file = 'token'\n"), {}).config
    assert config.telegram.token.get_secret_value() == "2:file"


def test_the_environment_wins_over_secret_files_and_these_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "telegram.token").write_text("3:folder")
    path = written(tmp_path, SOUND + "[telegram]\ntoken_file = 'not-there'\n")
    environ = {"POCKETDESK_SECRETS": str(tmp_path)}
    assert load(path, environ).config.telegram.token.get_secret_value() == "3:folder"
    assert load(path, environ | TOKEN).config.telegram.token.get_secret_value() == "1:test"


def test_a_secret_file_that_is_missing_or_empty_is_told_once(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND + "[telegram]\ntoken_file = 'token'\n")
    for text, said in ((None, "No such file"), ("\n", "is empty")):
        if text is not None:
            (tmp_path / "token").write_text(text)
        with pytest.raises(ConfigError) as refused:
            load(path, {})
        [problem] = refused.value.problems
        assert said in problem


@pytest.mark.parametrize("token", ["test-secret with blanks", '"1:test', "12345", ":test"])
def test_a_token_that_is_none_is_refused_without_showing_it(tmp_path: Path, token: str) -> None:
    [problem] = problems(tmp_path, SOUND, {"POCKETDESK__TELEGRAM__TOKEN": token})
    assert "telegram.token: is not shaped like a bot token" in problem
    assert token not in problem.replace("POCKETDESK__TELEGRAM__TOKEN", "")


def test_secrets_show_in_no_representation(tmp_path: Path) -> None:
    config = sound(tmp_path, SOUND, {"POCKETDESK__STORAGE__URL": "postgresql+asyncpg://u:hunter@localhost/x"})
    assert "1:test" not in repr(config)
    assert "hunter" not in repr(config)
    assert set(config.secrets()) == {"1:test", "postgresql+asyncpg://u:hunter@localhost/x"}


# ── what is dangerous, and allowed ────────────────────────────────────────────────────────


def test_dangerous_settings_are_warned_of_by_name(tmp_path: Path) -> None:
    text = (
        SOUND
        + "[presets.trend.exits]\nstop_loss = 0.4\n[presets.trend.size]\nrisk = 0.04\n"
        + (
            "[connections.b]\nvenue = 'okx'\nvolume_factor = 5\nrest_url = 'http://example.org'\n"
            "limits = { position = 0.6, instrument_exposure = 0.6,"
            " drawdown = { warn = 0.1, no_entries = 0.2, halt = 0.5 } }\n"
        )
    )
    told = load(written(tmp_path, text), TOKEN).warnings
    for key in (
        "presets.trend.exits.stop_loss",
        "presets.trend.size.risk",
        "connections.b.presets",
        "connections.b.volume_factor",
        "connections.b.rest_url",
        "connections.b.limits.position",
        "connections.b.limits.drawdown.halt",
        "telegram.token",
    ):
        assert [each for each in told if f": {key}: " in each], key


LIVE = {
    "POCKETDESK__CONNECTIONS__MAIN__LIVE": "true",
    "POCKETDESK__CONNECTIONS__MAIN__KEY": "test-key",
    "POCKETDESK__CONNECTIONS__MAIN__SECRET": "test-secret",
}


def test_live_trading_needs_the_whole_key(tmp_path: Path) -> None:
    only_live = {key: value for key, value in LIVE.items() if key.endswith("LIVE")}
    missing = problems(tmp_path, SOUND, only_live)
    assert [
        name in one
        for name, one in zip(("main.key: is missing", "main.secret: is missing"), missing, strict=True)
    ] == [
        True,
        True,
    ]
    (passphrase,) = problems(tmp_path, SOUND.replace("binance", "okx"), LIVE)
    assert "connections.main.passphrase: is missing: live trading on okx needs it" in passphrase


@pytest.mark.parametrize("name", ["main", "main.live"])
def test_law_14_a_secret_that_is_a_name_is_refused_without_showing_which(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, SOUND, LIVE | {"POCKETDESK__CONNECTIONS__MAIN__SECRET": name})
    assert "connections.main.secret: is the name of a connection or of its book" in problem


def test_law_14_a_secret_that_is_a_number_is_warned_of(tmp_path: Path) -> None:
    environ = TOKEN | LIVE | {"POCKETDESK__CONNECTIONS__MAIN__SECRET": "12345678"}
    (told,) = (one for one in load(written(tmp_path, SOUND), environ).warnings if ".secret: " in one)
    assert "is a number or a time" in told
    assert "12345678" not in told
    environ |= {"POCKETDESK__STORAGE__URL": "postgresql://desk:20262027@127.0.0.1/desk"}
    assert [
        one for one in load(written(tmp_path, SOUND), environ).warnings if "storage.url: is a number" in one
    ]


def test_keys_are_secrets(tmp_path: Path) -> None:
    config = sound(tmp_path, SOUND, LIVE)
    assert {"test-key", "test-secret"} <= set(config.secrets())
    assert "test-secret" not in repr(config)
    assert config.connections["main"].live


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
@pytest.mark.parametrize("place", ["config", "file", "folder"])
def test_k2_a_secret_that_others_can_read_is_warned_of_at_each_start(
    tmp_path: Path, place: str, mode: int
) -> None:
    inline = {"config": "token = '1:test'", "file": "token_file = 'token'", "folder": ""}[place]
    path = written(tmp_path, SOUND + f"[telegram]\n{inline}\n")
    folder = tmp_path / "secrets"
    folder.mkdir()
    files = {"config": path, "file": tmp_path / "token", "folder": folder / "telegram.token"}
    if place != "config":
        files[place].write_text("1:test")
    environ = {"POCKETDESK_SECRETS": str(folder)}
    files[place].chmod(mode)
    [told] = [each for each in load(path, environ).warnings if "chmod 600" in each]
    assert told.startswith(f"{files[place]}: holds telegram.token, and everybody on this machine can")
    files[place].chmod(0o600)
    assert not [each for each in load(path, environ).warnings if "chmod 600" in each]


def test_k2_a_config_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    path.chmod(0o644)
    assert not [each for each in load(path, TOKEN).warnings if "chmod 600" in each]


def test_k2_a_group_counts_if_somebody_else_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, SOUND + "[telegram]\ntoken = '1:test'\n")
    path.chmod(0o640)
    assert not [each for each in load(path, {}).warnings if "chmod 600" in each]
    monkeypatch.setattr(
        "storage.private.grp.getgrgid", lambda number: SimpleNamespace(gr_mem=["nobody"], gr_name="us")
    )
    assert [each for each in load(path, {}).warnings if "the group us can read" in each]


def test_law_14_a_secret_at_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    pasted = "Zq7a9k2m4x8v1b6n3c5z0"
    for line in (f"token_file = '{pasted}'", f"token = '1:test'\nquiet_hours = '{pasted}'"):
        with pytest.raises(ConfigError) as refused:
            load(written(tmp_path, SOUND + f"[telegram]\n{line}\n"), {})
        assert "telegram." in str(refused.value)
        assert pasted not in str(refused.value)


def test_paths_count_from_the_folder_of_the_config(tmp_path: Path) -> None:
    config = sound(tmp_path, SOUND + "[storage]\npath = 'x/y.db'\n")
    assert config.storage_url == f"sqlite:///{tmp_path}/x/y.db"
    assert config.logs.folder == tmp_path / "data/logs"


ENDLESS = "9" * 5000


def test_endless_number_is_a_sentence(tmp_path: Path) -> None:
    """Case endless-number: a key that got stuck."""
    [said] = problems(
        tmp_path, SOUND.replace("[presets.trend]", f"starting_balance = {ENDLESS}\n[presets.trend]")
    )
    assert said.startswith("config.toml: is not valid TOML: a number has thousands of digits (at line ")
    [said] = problems(tmp_path, SOUND, {"POCKETDESK__CONNECTIONS__MAIN__STARTING_BALANCE": ENDLESS})
    assert "connections.main.starting_balance" in said
    assert "must be a number from" in said
    assert len(said) < 300
    [said] = problems(tmp_path, SOUND, {"POCKETDESK__CONNECTIONS__MAIN__STARTING_BALANCE": "0x" + "F" * 5000})
    assert "connections.main.starting_balance" in said


@pytest.mark.parametrize(
    "dirty",
    [
        "\ufefftest-key",
        '"test-key"\r\n',
        "'test-key'",
        "\u200btest-key\u200b",
        ' \ufeff"test-key" \n',
        '\ufeff" test-key"',
    ],
)
@pytest.mark.parametrize("place", ["file", "environment"])
def test_g3_dirt_around_secrets_is_taken_off(tmp_path: Path, dirty: str, place: str) -> None:
    """Case dirt-around-secrets: the venue would say only that the key is wrong."""
    (tmp_path / "key.txt").write_bytes(dirty.encode())
    rest = {key: value for key, value in LIVE.items() if not key.endswith("KEY")}
    given = {"POCKETDESK__CONNECTIONS__MAIN__KEY_FILE": "key.txt"}
    config = sound(
        tmp_path, SOUND, rest | (given if place == "file" else {"POCKETDESK__CONNECTIONS__MAIN__KEY": dirty})
    )
    key = config.connections["main"].key
    assert key is not None
    assert key.get_secret_value() == "test-key"


def test_g3_an_invisible_character_within_a_secret_is_refused_by_its_place(tmp_path: Path) -> None:
    """Case dirt-around-secrets: what is within is not guessed at."""
    [said] = problems(tmp_path, SOUND, LIVE | {"POCKETDESK__CONNECTIONS__MAIN__KEY": "test\u200bkey"})
    assert "connections.main.key: has an invisible character within (U+200B)" in said
    assert "\u200b" not in said


@pytest.mark.parametrize("name", ["币安人生/USDT", "AAPLx/USDT", "1000SATS/USDT", "1INCH/USDT"])
def test_g4_names_of_instruments_are_the_venues(tmp_path: Path, name: str) -> None:
    """Case names-of-instruments: whatever a venue lists is taken."""
    assert sound(tmp_path, SOUND.replace("BTC/USDT", name)).presets["trend"].symbols == [name]


@pytest.mark.parametrize(
    "name", ["BTCUSDT", "/USDT", "BTC/", "BTC /USDT", "BTC/USDT\\n", "btc/usdt", "BTC/USDT:USDT"]
)
def test_what_is_no_name_of_an_instrument_is_refused(tmp_path: Path, name: str) -> None:
    found = problems(tmp_path, SOUND.replace("BTC/USDT", name))
    assert any('must be an instrument, written like "BTC/USDT"' in one for one in found)


SECOND = """
[connections.second]
venue = "binance"
presets = ["trend"]
rest_url = "https://api1.example.org"
"""


def test_one_key_twice_is_refused_by_both_names(tmp_path: Path) -> None:
    """Case one-key-twice (O28): each would take the other's orders for foreign ones."""
    (tmp_path / "second.key").write_text("test-key \n")
    second = {
        "POCKETDESK__CONNECTIONS__SECOND__KEY_FILE": "second.key",
        "POCKETDESK__CONNECTIONS__SECOND__SECRET": "test-secret",
        "POCKETDESK__CONNECTIONS__SECOND__LIVE": "true",
    }
    [said] = problems(tmp_path, SOUND + SECOND, LIVE | second)
    assert "connections.second.key: is the key of connections.main too" in said
    assert "test-key" not in said
    (tmp_path / "second.key").write_text("other-key")
    sound(tmp_path, SOUND + SECOND, LIVE | second)
