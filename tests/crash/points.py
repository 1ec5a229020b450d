"""Where the process is killed: numbered points around an order's life, in the order in which life reaches them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.crash.hooks import (
    Hook,
    after_append,
    answered,
    around,
    before_append,
    before_request,
    has,
    inside_append,
    often_snapshots,
    on_its_way,
    told_first,
    unread,
)

EXCHANGE = ("engine.exchanges.ccxt_exchange", "CcxtExchange")
RUNNER = ("engine.runner", "Runner")
JOURNAL = ("storage.journal", "SqlJournal")


@dataclass(frozen=True)
class Point:
    """`times`: killed when it is reached for that time. `steps`: what the market, or the owner, does meanwhile.
    `first`: another point at which the process was killed before, so that this one kills the repair."""

    number: int
    title: str
    hook: Hook
    times: int = 1
    steps: tuple[str, ...] = ()
    first: int | None = None


RAISE, LEAVE, FALL, TERM = "raise", "leave", "fall", "term"
PART = "part"

_ALL = (
    # entry
    Point(1, "the entry is decided, and not on disk", before_append(has("OrderIntended", "entry"))),
    Point(
        2, "the entry's intent is written, and not committed", inside_append(has("OrderIntended", "entry"))
    ),
    Point(
        3, "the entry's intent is on disk, its effect not begun", after_append(has("OrderIntended", "entry"))
    ),
    Point(4, "the entry's request is ready, and not written", before_request("POST")),
    Point(5, "the entry's request is on its way", on_its_way("POST")),
    Point(6, "the entry is filled at the venue, nothing of it read", unread("POST")),
    Point(7, "the stream told of the entry, its answer not read", told_first("POST")),
    Point(8, "the entry's answer is read, and not understood", answered("POST")),
    Point(9, "the entry's fill is seen, and not booked", before_append(has("FillBooked", "entry"))),
    Point(10, "the entry's fill is booked", after_append(has("FillBooked", "entry"))),
    Point(11, "half of the entry is booked", after_append(has("FillBooked", "entry")), steps=(PART,)),
    # stop
    Point(12, "the stop's request is ready, and not written", before_request("POST"), 2),
    Point(13, "the stop rests at the venue, nothing of it read", unread("POST"), 2),
    Point(14, "the stop rests, and that is not on disk", before_append(has("OrderWorking", "stop"))),
    Point(15, "the stop rests, and that is on disk", after_append(has("OrderWorking", "stop"))),
    # a stop replaced
    Point(16, "the stop's cancel is on disk", after_append(has("CancelIntended", "stop")), steps=(RAISE,)),
    Point(17, "the stop's cancel is ready, and not written", before_request("DELETE"), steps=(RAISE,)),
    Point(18, "the stop is cancelled, nothing of it read", unread("DELETE"), steps=(RAISE,)),
    Point(
        19,
        "the stop's cancel is answered, not on disk",
        before_append(has("OrderEnded", "stop")),
        steps=(RAISE,),
    ),
    Point(20, "the next stop's intent is on disk", after_append(has("OrderIntended", "stop")), 2, (RAISE,)),
    Point(21, "the next stop rests, nothing of it read", unread("POST"), 3, (RAISE,)),
    # exit
    Point(22, "the exit is decided, and not on disk", before_append(has("ExitWanted")), steps=(LEAVE,)),
    Point(23, "the exit is wanted, and that is on disk", after_append(has("ExitWanted")), steps=(LEAVE,)),
    Point(24, "the stop is cancelled for the exit, nothing of it read", unread("DELETE"), steps=(LEAVE,)),
    Point(25, "the exit's intent is on disk", after_append(has("OrderIntended", "exit")), steps=(LEAVE,)),
    Point(26, "the exit is filled at the venue, nothing of it read", unread("POST"), 3, (LEAVE,)),
    Point(
        27, "the exit's fill is seen, not booked", before_append(has("FillBooked", "exit")), steps=(LEAVE,)
    ),
    Point(28, "the position is closed, not on disk", before_append(has("PositionClosed")), steps=(LEAVE,)),
    Point(
        29, "the position is closed, and that is on disk", after_append(has("PositionClosed")), steps=(LEAVE,)
    ),
    Point(
        30, "the stop's own fill is seen, not booked", before_append(has("FillBooked", "stop")), steps=(FALL,)
    ),
    Point(31, "the stop's own fill is booked", after_append(has("FillBooked", "stop")), steps=(FALL,)),
    # what goes on beside
    Point(32, "a snapshot begins", often_snapshots(around(*JOURNAL, "snapshot")), 2),
    # the repair itself
    Point(33, "killed again before the restart is on disk", before_append(has("Restarted")), first=6),
    Point(34, "killed again once the order is asked for", after_append(has("OrderAsked")), first=4),
    Point(35, "killed again in the middle of a reconciliation", around(*EXCHANGE, "open_orders"), first=6),
    Point(36, "killed again with the repair not on disk", before_append(has("Reconciled")), first=6),
    Point(37, "killed again with the repair on disk", after_append(has("Reconciled")), first=13),
    # the end
    Point(38, "told to stop, an order under way", around(*RUNNER, "settle", wait=0.2), steps=(TERM,)),
    Point(39, "told to stop, the last snapshot not kept", around(*RUNNER, "save_snapshot"), steps=(TERM,)),
    Point(
        40,
        "told to stop, the lease not given back",
        around("storage.lease", "Lease", "release"),
        steps=(TERM,),
    ),
)
POINTS = {point.number: point for point in _ALL}
