"""Which facts a person is told of, and how loudly. The words are made in `bot/`; here is only what is to be said.

A notice is stored in the same transaction as its fact, so that no crash can lose an alert (law 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from engine.core.ids import BookId


class Weight(IntEnum):
    """Waiting messages leave in falling order. From RISK upwards they ring, and no quiet hours mute them."""

    INFO = 10
    TRADE = 20
    WARNING = 30
    RISK = 40
    CRITICAL = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the owner.

    `kind` picks the text in the catalogue, `data` fills it (JSON values; numbers of money as strings).
    `thread`: the message is a reply to the first one of the same thread (an order's id), if there is one.
    `key`: a repeat with the same key while that one is fresh is the same message with a count; empty: always new.
    """

    at: datetime
    book: BookId
    kind: str
    weight: Weight
    data: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    thread: str = ""
    key: str = ""
