"""The table of venues, against the library that it describes."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from engine.exchanges import lean
from engine.exchanges.client import CREDENTIALS, public_client
from engine.exchanges.venues import SECONDS_OF, VENUES, redirect, row_of


def addresses(urls: Any) -> list[str]:
    if isinstance(urls, dict):
        return [found for value in urls.values() for found in addresses(value)]
    return [urls] if isinstance(urls, str) else []


@pytest.mark.parametrize("venue", sorted(VENUES))
class TestEachRow:
    def test_its_timeframes_are_the_librarys_and_as_long_as_we_say(self, venue: str) -> None:
        client = lean.venue_class(venue)()
        for name in VENUES[venue].timeframes:
            assert name in client.timeframes
            assert client.parse_timeframe(name) == SECONDS_OF[name]

    def test_its_candle_limit_is_the_librarys(self, venue: str) -> None:
        features = lean.venue_class(venue)().features["spot"]["fetchOHLCV"]
        assert VENUES[venue].candles_per_request == features["limit"]

    def test_it_steps_in_ticks_and_has_what_we_call(self, venue: str) -> None:
        client = lean.venue_class(venue)()
        assert client.precisionMode == 4
        for call in ("fetchTickers", "watchTicker", "fetchOHLCV", "fetchTime", "fetchMarkets"):
            assert client.has[call], call

    def test_every_address_follows_the_config(self, venue: str) -> None:
        client = public_client(VENUES[venue], "http://127.0.0.1:1/", "ws://127.0.0.1:2")
        for address in addresses(client.urls["api"]):
            assert address.startswith(("http://127.0.0.1:1", "ws://127.0.0.1:2")), address

    def test_without_the_config_they_are_the_librarys(self, venue: str) -> None:
        ours, theirs = public_client(VENUES[venue], "", ""), lean.venue_class(venue)()
        assert addresses(ours.urls["api"]) == addresses(theirs.urls["api"])

    def test_law_7_its_client_holds_no_key_and_repeats_nothing(self, venue: str) -> None:
        client = public_client(VENUES[venue], "", "")
        assert not any(getattr(client, name, None) for name in CREDENTIALS)
        assert client.options["maxRetriesOnFailure"] == 0
        assert client.verbose is False
        assert client.has["fetchCurrencies"] is False


async def test_all_clients_share_the_certificates_and_check_them() -> None:
    """Reading them takes 20 ms, in which the loop does nothing else."""
    one, other = public_client(VENUES["binance"], "", ""), public_client(VENUES["okx"], "", "")
    one.open()
    assert one.tcp_connector._ssl is other.ssl_context
    assert other.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert other.ssl_context.check_hostname
    assert other.ssl_context.get_ca_certs()
    await one.close()


def test_law_7_a_client_with_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    binance = lean.venue_class("binance")
    monkeypatch.setattr(binance, "apiKey", "test-key")
    with pytest.raises(RuntimeError, match="must not hold a key, this one has apiKey"):
        public_client(VENUES["binance"], "", "")


def test_a_market_stream_keeps_the_word_by_which_ccxt_knows_it() -> None:
    urls = {
        "ws": {
            "spot": "wss://stream.binance.com:9443/ws",
            "ws-api": {"spot": "wss://x:443/ws-api/v3"},
            "n": None,
        }
    }
    assert redirect(urls, VENUES["binance"], "", "ws://h:1") == {
        "ws": {"spot": "ws://h:1/stream/ws", "ws-api": {"spot": "ws://h:1/ws-api/v3"}, "n": None}
    }


def test_an_unknown_venue_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="binance, bingx, bybit, kraken, kucoin, okx"):
        row_of("pionex")
