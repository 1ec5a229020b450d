"""`pocketdesk check` against the running stand-ins: what is sound, and each thing that is not, in a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.check import check_all
from bot.check_telegram import check_token
from bot.config import Loaded, load
from engine.clock import SystemClock
from sandbox.exchange.market.tape import Bar, Tape
from sandbox.exchange.matching.model import Pair
from sandbox.exchange.testing import RunningVenue, running_venue
from sandbox.telegram.testing import RunningTelegram, running_telegram
from storage.store import Store

CLOCK = SystemClock()
QUOTED_IN_BTC = Path(__file__).parents[1] / "data" / "cases" / "quoted-in-btc" / "config.toml"


class WrongClock(SystemClock):
    """Eight seconds ahead."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=8)


@pytest.fixture
async def telegram() -> AsyncIterator[RunningTelegram]:
    async with running_telegram() as telegram:
        yield telegram


@pytest.fixture
async def venue() -> AsyncIterator[RunningVenue]:
    async with running_venue(moving=False) as venue:
        yield venue


def loaded(
    folder: Path, api_base: str, rest_url: str, environ: Mapping[str, str] | None = None, **changes: str
) -> Loaded:
    path = folder / "config.toml"
    preset = {
        "strategy": '"macd_atr"',
        "symbols": '["BTC/USDT", "ETH/USDT"]',
        "timeframes": '["1m"]',
        "parameters": "{}",
        "size": '{ share = "10%" }',
    } | changes
    lines = "\n".join(f"{key} = {value}" for key, value in preset.items())
    path.write_text(
        f'[telegram]\napi_base = "{api_base}"\n'
        f'[connections.main]\nvenue = "binance"\npresets = ["one"]\nrest_url = "{rest_url}"\n[presets.one]\n{lines}\n'
    )
    path.chmod(0o600)
    given = {"POCKETDESK__TELEGRAM__TOKEN": "1:test", "POCKETDESK_SECRETS": "/nonexistent"}
    return load(path, given | dict(environ or {}))


async def said(settings: Loaded, clock: SystemClock = CLOCK) -> list[str]:
    return [str(finding) for finding in await check_all(settings, clock)]


async def test_all_is_well(tmp_path: Path, telegram: RunningTelegram, venue: RunningVenue) -> None:
    found = await said(loaded(tmp_path, telegram.address, venue.base_url))
    assert [line for line in found if not line.startswith("ok ")] == []
    assert found[0] == "ok    config: 1 connection, 1 preset"
    assert "ok    connections.main: BTC/USDT, ETH/USDT can be traded" in found
    assert any("can be written, new" in line for line in found)


async def test_what_is_down_is_told_and_the_rest_is_checked(tmp_path: Path) -> None:
    found = await said(loaded(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9"))
    assert "fail  telegram: http://127.0.0.1:9 can't be reached (ConnectError)" in found
    assert any(line.startswith("fail  connections.main: binance can't be asked") for line in found)
    assert any("can be written, new" in line for line in found)
    assert not any("1:test" in line for line in found)


async def test_a_revoked_token_is_refused(tmp_path: Path, telegram: RunningTelegram) -> None:
    telegram.revoke_token()
    [finding] = await check_token(loaded(tmp_path, telegram.address, "http://127.0.0.1:9").config.telegram)
    assert str(finding).startswith("fail  telegram: the token is refused")


async def test_a_server_that_is_no_bot_api(tmp_path: Path, venue: RunningVenue) -> None:
    """The venue answers every unknown address with a 404 of its own."""
    [finding] = await check_token(loaded(tmp_path, venue.base_url, "http://127.0.0.1:9").config.telegram)
    assert finding.is_failure


async def test_a5_a_clock_that_is_off(tmp_path: Path, telegram: RunningTelegram, venue: RunningVenue) -> None:
    found = await said(loaded(tmp_path, telegram.address, venue.base_url), WrongClock())
    [line] = [line for line in found if "this machine's clock" in line]
    assert line.startswith("fail  connections.main: binance answers, this machine's clock is 8.")
    assert "ahead" in line


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"symbols": '["BTC/USDT", "XYZ/USDT"]'}, "fail  connections.main: binance does not list XYZ/USDT"),
        ({"timeframes": '["7m"]'}, "fail  presets.one.timeframes: binance has no 7m; it has 1s, 1m, 3m,"),
        (
            {"strategy": '"macd_art"'},
            "fail  preset one: there is no strategy 'macd_art'; did you mean 'macd_atr'?",
        ),
        ({"parameters": "{ fsat = 3 }"}, "fail  preset one: strategy macd_atr: it has no parameter 'fsat'"),
        (
            {"size": "{ quote = 5 }"},
            "fail  presets.one.size: an entry of 5.00 USDT in BTC/USDT is worth 4.90 at its",
        ),
    ],
)
async def test_what_can_not_work_is_named(
    tmp_path: Path, telegram: RunningTelegram, venue: RunningVenue, change: dict[str, str], sentence: str
) -> None:
    found = await said(loaded(tmp_path, telegram.address, venue.base_url, None, **change))
    assert [line for line in found if line.startswith(sentence)], found


LIVE = {"KEY": "sandbox-key", "SECRET": "sandbox-secret", "LIVE": "true"}


async def told_of_key(folder: Path, telegram: RunningTelegram, rest_url: str, **changes: str) -> list[str]:
    environ = {f"POCKETDESK__CONNECTIONS__MAIN__{name}": value for name, value in (LIVE | changes).items()}
    found = await said(loaded(folder, telegram.address, rest_url, environ=environ))
    return [line for line in found if "connections.main: key" in line]


async def test_the_key_is_tried_where_live_is_wanted(
    tmp_path: Path, telegram: RunningTelegram, venue: RunningVenue
) -> None:
    found = await told_of_key(tmp_path, telegram, venue.base_url)
    assert "ok    connections.main: key, key: accepted" in found
    assert "ok    connections.main: key, rights: it may trade" in found
    assert any(
        line.startswith("warn  connections.main: key, address: it works from everywhere") for line in found
    )
    venue.venue.account_modes["sandbox-key"] = {"enableWithdrawals": True, "permitsUniversalTransfer": True}
    found = await told_of_key(tmp_path, telegram, venue.base_url)
    assert any(line.startswith("fail  connections.main: key, withdraw: it may withdraw") for line in found)
    assert any(line.startswith("warn  connections.main: key, transfer: it may move coins") for line in found)


async def test_a_key_that_is_refused_or_could_not_be_tried_is_said(
    tmp_path: Path, telegram: RunningTelegram, venue: RunningVenue
) -> None:
    [line] = await told_of_key(tmp_path, telegram, venue.base_url, SECRET="wrong-secret")
    assert line.startswith("fail  connections.main: key, key: ")
    [line] = await told_of_key(tmp_path, telegram, "http://127.0.0.1:9")
    assert line.startswith("fail  connections.main: key: not tried: ")
    [line] = await told_of_key(tmp_path, telegram, venue.base_url, LIVE="false")
    assert line == "ok    connections.main: key: not tried, since live is off"
    venue.fault("rights", "status", status=403)
    assert await told_of_key(tmp_path, telegram, venue.base_url)


async def test_p9_a_database_in_use_is_looked_at_and_left_alone(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    store = await Store.open(settings.config.storage_url, CLOCK)
    found = await said(settings)
    assert any("can be written, sound" in line for line in found)
    assert any("another Pocketdesk works with it" in line for line in found)
    await store.lease.renew()
    await store.close()


async def test_a_database_that_is_none(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    settings.config.storage.path.parent.mkdir(parents=True)
    settings.config.storage.path.write_text("no database at all, but long enough to be read as a header" * 20)
    found = await said(settings)
    assert any(line.startswith("fail  database: ") for line in found), found


def eth_btc() -> tuple[Pair, Tape]:
    """As a venue lists it: a price of 0.05, and orders from 0.0001 BTC on."""
    least = Decimal("0.0001")
    most = Decimal(9000)
    pair = Pair("ETH", "BTC", Decimal("0.00001"), least, least, most, most, least)
    return pair, Tape([Bar(5000, 5000, 5000, 5000, 10_000_000)])


async def in_btc(folder: Path, telegram: RunningTelegram, size: str) -> list[str]:
    async with running_venue(markets=[eth_btc()], moving=False) as venue:
        text = QUOTED_IN_BTC.read_text(encoding="utf-8").replace("quote = 0.01", f"quote = {size}")
        text = text.replace("[telegram]\n", f'[telegram]\napi_base = "{telegram.address}"\n')
        text = text.replace('quote = "BTC"\n', f'quote = "BTC"\nrest_url = "{venue.base_url}"\n')
        (folder / "config.toml").write_text(text, encoding="utf-8")
        found = await said(load(folder / "config.toml", {"POCKETDESK_SECRETS": "/nonexistent"}))
        return [line for line in found if "telegram.token" not in line]  # which stands in the case's file


async def test_g5_an_account_quoted_in_btc_is_sound(tmp_path: Path, telegram: RunningTelegram) -> None:
    """Case quoted-in-btc: half a bitcoin was no number from 10 on, an entry of 0.01 none from 1 on."""
    found = await in_btc(tmp_path, telegram, "0.01")
    assert [line for line in found if not line.startswith("ok ")] == []
    assert "ok    connections.main: ETH/BTC can be traded" in found


async def test_g5_what_is_too_little_is_told_in_digits_that_tell_it(
    tmp_path: Path, telegram: RunningTelegram
) -> None:
    """Case quoted-in-btc: two decimals of a bitcoin say 0.00."""
    (failed,) = [line for line in await in_btc(tmp_path, telegram, "0.000105") if line.startswith("fail")]
    assert "an entry of 0.000105 BTC in ETH/BTC is worth 0.00009975 at its stop" in failed
    assert "below the venue's least of 0.0001" in failed
