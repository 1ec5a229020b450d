"""Who is asking: API key, HMAC-SHA256 signature over what was sent, and the time it was sent.

Source: Binance Spot API documentation, "SIGNED endpoint security" and "Timing security".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

from sandbox.exchange.binance.errors import BinanceError, missing
from sandbox.exchange.binance.params import Params
from sandbox.exchange.venue import Venue

_DEFAULT_WINDOW_MS = 5_000
_WIDEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000
_KEY_FORMAT = r"[A-Za-z0-9_\-]{8,128}"


def known_key(venue: Venue, key: str | None) -> str:
    """The key itself if there is an account for it; −2014 for none or a malformed one, −2015 for an unknown one."""
    if not key or not re.fullmatch(_KEY_FORMAT, key):
        raise BinanceError(-2014, "API-key format invalid.", status=401)
    if key not in venue.secrets:
        raise BinanceError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    return key


def check_signed(
    venue: Venue, key: str | None, signed_text: str, signature: str | None, params: Params
) -> str:
    """The account of a signed request, or the `BinanceError` that Binance answers with."""
    account = known_key(venue, key)
    if not signature:
        raise missing("signature")
    _check_time(venue, params)
    expected = hmac.new(venue.secrets[account].encode(), signed_text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise BinanceError(-1022, "Signature for this request is not valid.")
    return account


def split_signature(text: str) -> tuple[str, str | None]:
    """`a=1&signature=ff` -> ('a=1', 'ff'): what was signed, in exactly the spelling that was sent."""
    found = re.search(r"(?:^|&)signature=([^&]*)", text)
    if found is None:
        return text, None
    return text[: found.start()] + text[found.end() :], found.group(1)


def websocket_text(params: Mapping[str, str]) -> str:
    """What a websocket API request signs: its parameters but the signature, sorted by name."""
    return "&".join(
        f"{name}={quote(params[name], safe='')}" for name in sorted(params) if name != "signature"
    )


def _check_time(venue: Venue, params: Params) -> None:
    sent = params.integer("timestamp")
    if sent is None:
        raise missing("timestamp")
    window = params.integer("recvWindow")
    if window is not None and window > _WIDEST_WINDOW_MS:
        raise BinanceError(-1131, "recvWindow must be less than 60000.")
    now = venue.clock.now_ms()
    if sent > now + _AHEAD_MS:
        raise BinanceError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > (_DEFAULT_WINDOW_MS if window is None else window):
        raise BinanceError(-1021, "Timestamp for this request is outside of the recvWindow.")
