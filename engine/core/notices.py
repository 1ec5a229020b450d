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
    """Waiting messages leave in falling order. From RISK upwards they ring, and no quiet hours mute them.

    STEP is one step of an order on its way (sent, accepted, part filled): silent, and told together with the steps
    after it. TRADE is what came of it.
    """

    INFO = 10
    STEP = 15
    TRADE = 20
    WARNING = 30
    RISK = 40
    CRITICAL = 50


SAID_BY = "said_by"
"""In a notice's data: what tells the owner of it already (the answer to his command, the notice of what led to it).
It is stored like any other and listed with the alerts, but is no message of its own: one incident rings once."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the owner.

    `kind` picks the text in the catalogue, `data` fills it (JSON values; numbers of money as strings).
    `thread`: the message is a reply to the first one of the same thread (a position), if there is one.
    `key`: while the last notice with the same key is fresh, this one takes its place: it was not sent yet, or its
    message is edited. One that weighs more than what was sent is a new message. Empty: always new.
    """

    at: datetime
    book: BookId
    kind: str
    weight: Weight
    data: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    thread: str = ""
    key: str = ""
