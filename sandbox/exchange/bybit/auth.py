"""Who is asking: HMAC-SHA256 in hex over timestamp, key, window and what was sent.

Source: Bybit API documentation, v5, "Integration Guidance", "Authentication".
"""

import hashlib
import hmac

from sandbox.exchange.bybit.errors import BybitError, error
from sandbox.exchange.rest import Sent
from sandbox.exchange.venue import Venue

_DEFAULT_WINDOW_MS = 5_000
_AHEAD_MS = 1_000


def check(venue: Venue, sent: Sent) -> str:
    """The account of a signed request; raises `BybitError` as Bybit refuses."""
    key = sent.headers.get("X-BAPI-API-KEY", "")
    stamp = sent.headers.get("X-BAPI-TIMESTAMP", "")
    window = sent.headers.get("X-BAPI-RECV-WINDOW", "")
    if key not in venue.secrets:
        raise error(10003)
    _check_time(venue, stamp, window)
    text = stamp + key + window + (sent.query if sent.method == "GET" else sent.body)
    expected = hmac.new(venue.secrets[key].encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, sent.headers.get("X-BAPI-SIGN", "")):
        raise error(10004)
    return key


def _check_time(venue: Venue, stamp: str, window: str) -> None:
    """Source: the same page: server_time − recv_window <= timestamp < server_time + 1000."""
    now = venue.clock.now_ms()
    width = int(window) if window.isdigit() else _DEFAULT_WINDOW_MS
    if not stamp.isdigit() or not now - width <= int(stamp) < now + _AHEAD_MS:
        told = f" req_timestamp[{stamp}],server_timestamp[{now}],recv_window[{width}]"
        raise BybitError(10002, error(10002).text + told)
