"""Who is asking: HMAC-SHA256 in base64 over time, method, path and what was sent, and the passphrase of the key.

Source: OKX API documentation, v5, "REST Authentication".
"""

import base64
import hashlib
import hmac
from datetime import datetime

from sandbox.exchange.okx.errors import OkxError
from sandbox.exchange.rest import Sent
from sandbox.exchange.venue import Venue

_WINDOW_MS = 30_000


def check(venue: Venue, sent: Sent) -> str:
    """The account of a signed request; raises `OkxError` as OKX refuses."""
    key = sent.headers.get("OK-ACCESS-KEY", "")
    stamp = sent.headers.get("OK-ACCESS-TIMESTAMP", "")
    if not key:
        raise OkxError("50103")
    if key not in venue.secrets:
        raise OkxError("50111")
    _check_time(venue, stamp)
    text = stamp + sent.method + sent.path + (f"?{sent.query}" if sent.query else "") + sent.body
    digest = hmac.new(venue.secrets[key].encode(), text.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), sent.headers.get("OK-ACCESS-SIGN", "")):
        raise OkxError("50113")
    if sent.headers.get("OK-ACCESS-PASSPHRASE", "") != venue.passphrases[key]:
        raise OkxError("50105")
    return key


def _check_time(venue: Venue, stamp: str) -> None:
    try:
        sent_ms = round(datetime.fromisoformat(stamp).timestamp() * 1000)
    except ValueError:
        raise OkxError("50112") from None
    if abs(venue.clock.now_ms() - sent_ms) > _WINDOW_MS:
        raise OkxError("50102")
