"""What ccxt raises for the error codes of each dialect, ordered as faults: the table of the venue's README."""

from typing import Any

import ccxt.async_support as ccxt
import pytest

from sandbox.exchange.testing import point_ccxt_at, running_venue

BYBIT: dict[int, type[Exception]] = {
    10000: ccxt.ExchangeError,
    10001: ccxt.BadRequest,
    10002: ccxt.InvalidNonce,
    10003: ccxt.AuthenticationError,
    10004: ccxt.AuthenticationError,
    10005: ccxt.PermissionDenied,
    10006: ccxt.RateLimitExceeded,
    10016: ccxt.ExchangeError,
    10018: ccxt.RateLimitExceeded,
    170007: ccxt.RequestTimeout,
    170131: ccxt.InsufficientFunds,
    170136: ccxt.InvalidOrder,
    170140: ccxt.InvalidOrder,
    170141: ccxt.InvalidOrder,
    170146: ccxt.InvalidOrder,
    170213: ccxt.OrderNotFound,
    170234: ccxt.ExchangeError,
}
OKX: dict[str, type[Exception]] = {
    "50001": ccxt.OnMaintenance,
    "50004": ccxt.RequestTimeout,
    "50005": ccxt.ExchangeNotAvailable,
    "50011": ccxt.RateLimitExceeded,
    "50013": ccxt.ExchangeNotAvailable,
    "50026": ccxt.ExchangeNotAvailable,
    "50102": ccxt.InvalidNonce,
    "50110": ccxt.PermissionDenied,
    "50111": ccxt.AuthenticationError,
    "50113": ccxt.AuthenticationError,
    "51000": ccxt.BadRequest,
    "51001": ccxt.BadSymbol,
    "51008": ccxt.InsufficientFunds,
    "51016": ccxt.InvalidOrder,
    "51020": ccxt.InvalidOrder,
    "51149": ccxt.ExchangeError,
    "51400": ccxt.OrderNotFound,
    "51603": ccxt.OrderNotFound,
}
STATUSES: dict[str, dict[int, type[Exception]]] = {
    "bybit": {403: ccxt.RateLimitExceeded, 418: ccxt.DDoSProtection, 429: ccxt.RateLimitExceeded},
    "okx": {403: ccxt.ExchangeNotAvailable, 418: ccxt.DDoSProtection, 429: ccxt.ExchangeNotAvailable},
}


def faults_of(
    dialect: str, codes: dict[Any, type[Exception]]
) -> list[tuple[dict[str, Any], type[Exception]]]:
    by_code = [({"code": code}, error) for code, error in codes.items()]
    return by_code + [({"status": status}, error) for status, error in STATUSES[dialect].items()]


def client_of(dialect: str, base_url: str) -> Any:
    keys = {"apiKey": "sandbox-key", "secret": "sandbox-secret", "password": "sandbox-passphrase"}
    exchange = getattr(ccxt, dialect)({**keys, "enableRateLimit": False})
    point_ccxt_at(exchange, base_url)
    return exchange


@pytest.mark.parametrize(
    ("dialect", "faults"), [("bybit", faults_of("bybit", BYBIT)), ("okx", faults_of("okx", OKX))]
)
async def test_each_code_arrives_as_its_exception_though_the_order_was_accepted(
    dialect: str, faults: list[tuple[dict[str, Any], type[Exception]]]
) -> None:
    async with running_venue(moving=False, dialect=dialect) as running:
        client = client_of(dialect, running.base_url)
        try:
            await client.load_markets()
            for number, (fault, error) in enumerate(faults):
                running.fault("place", "status", point="after-accept", times=1, **fault)
                params = {"clientOrderId": f"pd{number}"}
                with pytest.raises(error) as raised:
                    await client.create_order("BTC/USDT", "limit", "buy", 0.001, 40_000, params)
                assert type(raised.value) is error, fault
        finally:
            await client.close()
        assert len(running.venue.matching.open_orders()) == len(faults)


async def test_a_key_that_binance_refuses_looks_like_a_limit_once_it_has_worked() -> None:
    async with running_venue(moving=False) as running:
        client = client_of("binance", running.base_url)
        try:
            running.fault("balance", "status", code=-2015, times=1)
            with pytest.raises(ccxt.AuthenticationError):
                await client.fetch_balance()
            await client.fetch_balance()
            running.fault("balance", "status", code=-2015, times=1)
            with pytest.raises(ccxt.DDoSProtection):
                await client.fetch_balance()
        finally:
            await client.close()


@pytest.mark.parametrize(("amount", "error"), [(0.00001, ccxt.BadRequest), (0.000_001, ccxt.InvalidOrder)])
async def test_an_order_that_is_too_small_for_binance(amount: float, error: type[Exception]) -> None:
    async with running_venue(moving=False) as running:
        client = client_of("binance", running.base_url)
        try:
            await client.load_markets()
            with pytest.raises(error):
                await client.create_order("BTC/USDT", "limit", "buy", amount, 40_000)
        finally:
            await client.close()
