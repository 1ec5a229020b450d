"""Names of things, each with its own type, and the client order id that ties an order to its intent."""

from __future__ import annotations

import base64
import hashlib
from typing import NewType

ConnectionId = NewType("ConnectionId", str)
"""One account on one venue, as the config names it: `main`."""
BookId = NewType("BookId", str)
"""The books of one connection in one mode, `main.paper`: paper and live never share one."""
Symbol = NewType("Symbol", str)
"""An instrument in ccxt's unified spelling: `BTC/USDT`."""
Coin = NewType("Coin", str)
PresetId = NewType("PresetId", str)
PositionId = NewType("PositionId", str)
"""Counted within a book: `p17`."""
IntentId = NewType("IntentId", str)
"""Unique over all books ever: the book's random nonce and a counter."""
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
FillId = NewType("FillId", str)
CommandId = NewType("CommandId", str)

PREFIX = "pd"
"""Every order of ours begins with it; one that does not is the owner's own and is never touched (law 4)."""


def client_order_id(intent: IntentId) -> ClientOrderId:
    """The venue-side name of an intent's order: the same intent always gives the same name.

    Eighteen lower-case letters and digits, since Kraken takes at most 18 characters of free text
    in `cl_ord_id` and OKX takes letters and digits only; every other venue allows more.
    Eighty bits of the digest: a clash within a billion orders has a chance below 1e-6.
    """
    digest = hashlib.sha256(intent.encode()).digest()[:10]
    return ClientOrderId(PREFIX + base64.b32encode(digest).decode().lower())


NOT_OURS = ClientOrderId("")
"""Stands where an execution is of an order of the owner's own."""


def is_ours(order: ClientOrderId | str | None) -> bool:
    """Whether an order at the venue carries our prefix and shape."""
    return bool(order) and str(order).startswith(PREFIX) and len(str(order)) == len(PREFIX) + 16


def book_id(connection: ConnectionId, mode: str) -> BookId:
    """The name of the books that a connection keeps in `mode` (`paper` or `live`)."""
    return BookId(f"{connection}.{mode}")


def base_of(symbol: Symbol) -> Coin:
    """`BTC` of `BTC/USDT`."""
    return Coin(symbol.partition("/")[0])
