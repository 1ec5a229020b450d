"""What befalls one day, drawn from its seed: faults with their times, and what kind of account and market it is.

Each fault carries all that it needs, so that one can be left out and the others stay as they were: a failing day is
shrunk by leaving faults out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

DAY = 86_400.0
"""Seconds."""
FEWEST, MOST = 26, 46
"""Faults in a day."""


class Kind(StrEnum):
    """One thing that goes wrong. `span`: lasts; `next`: befalls the next request of its kind; `once`: happens now."""

    SUBMIT_LOST_BEFORE = "the next orders never reach the venue"
    SUBMIT_LOST_AFTER = "the venue takes the next orders, its answers are lost"
    SUBMIT_HANGS = "the venue takes the next order and never answers"
    SUBMIT_LATE = "the next order reaches the venue after we gave up waiting"
    SUBMIT_REFUSED = "the venue refuses the next orders"
    CANCEL_LOST_BEFORE = "the next cancels never reach the venue"
    CANCEL_LOST_AFTER = "the venue takes the next cancels, its answers are lost"
    CANCEL_HANGS = "the venue takes the next cancel and never answers"
    CANCEL_REFUSED = "the venue refuses the next cancel"
    CRASH_BEFORE_APPEND = "the process dies before it writes a decision down"
    CRASH_AFTER_APPEND = "the process dies right after it wrote a decision down"
    CRASH_BEFORE_SUBMIT = "the process dies before an order leaves"
    CRASH_AFTER_SUBMIT = "the process dies between acceptance and answer"
    CRASH_AROUND_CANCEL = "the process dies between a cancel and its answer"
    CRASH_WHILE_ASKING = "the process dies while it asks"
    CRASH_WHILE_OPENING = "the process dies, and again while it begins anew"
    CRASH_BEFORE_KEEP = "the process dies while what the owner sent waits for the database"
    CRASH_AFTER_KEEP = "the process dies right after it stored what the owner sent"
    CRASH_AFTER_ACT = "the process dies between carrying a command out and answering it"
    CRASH_AFTER_REPLY = "the process dies before it notes that a command was answered"

    UNREACHABLE = "the venue can't be reached"
    RATE_LIMITED = "the venue refuses everything for a while: too many requests"
    READS_FAIL = "questions about the account fail"
    LISTED_LATE = "the venue knows new orders only after some seconds"
    TRADES_LATE = "executions are listed late"
    STREAM_SILENT = "the stream of reports is silent"
    STREAM_LATE = "the stream of reports is late"
    STREAM_DOUBLED = "the stream tells everything twice"
    STREAM_SHUFFLED = "the stream is out of order"
    STREAM_CUT = "the stream breaks"
    ANSWERS_SLOW = "answers take seconds"
    STORAGE_FAILS = "the disk refuses to write"
    PRICES_SILENT = "no price reaches us"
    THIN_MARKET = "orders fill in parts, slowly"
    INSTRUMENT_HALTED = "an instrument is halted"
    LOCKS_LINGER = "coins of a cancelled order stay locked for seconds"
    BALANCES_LIE = "balances leave a coin out, or tell it wrong, for seconds"
    ROWS_BROKEN = "rows of answers are null, zero or negative"
    IN_BETWEEN = "a proxy's page, its 401 or another program answers in the venue's place"
    STOPS_REFUSED = "the venue refuses every stop"
    COINS_MOVED = "the owner moves coins of ours to another account of his, and back"
    TELEGRAM_AWAY = "Telegram can't be reached"
    ACKS_LOST = "Telegram gives again what was acknowledged"
    DATABASE_LOCKED = "another process holds the database"
    ELSEWHERE_MUTE = "the owner's other accounts can't be asked"

    CRASH = "the process dies"
    CLEAN_RESTART = "the process is stopped in good order and started again"
    OUR_ORDER_CANCELLED = "somebody cancels an order of ours"
    SOLD_BY_HAND = "the owner sells coins of ours"
    DEPOSIT = "quote money comes in"
    WITHDRAWAL = "quote money is taken out"
    OWN_ORDER = "the owner places an order of his own"
    FOREIGN_ORDER = "an order with our mark appears that is not in our books"
    JUMP = "the price jumps"
    RULES_CHANGED = "the venue changes its steps, least amounts and caps"
    STRANGERS = "a thousand strangers write to the bot"
    UNREADABLE = "updates come that nobody can read"
    STOP_LOST = "the venue loses a stop of ours: forgotten, expired, or cancelled without a word"
    ALL_MONEY_MOVED = "fifty thousand come in, or all free money is taken out"


NEXT = tuple(Kind)[: tuple(Kind).index(Kind.UNREACHABLE)]
SPANS = tuple(Kind)[len(NEXT) : tuple(Kind).index(Kind.CRASH)]
ONCE = tuple(Kind)[len(NEXT) + len(SPANS) :]
LONGEST = {
    Kind.UNREACHABLE: 400.0,
    Kind.RATE_LIMITED: 30.0,
    Kind.STORAGE_FAILS: 20.0,
    Kind.PRICES_SILENT: 600.0,
    Kind.BALANCES_LIE: 90.0,
    Kind.TELEGRAM_AWAY: 300.0,
    Kind.ACKS_LOST: 15.0,
    Kind.DATABASE_LOCKED: 30.0,
}
"""Seconds that a span lasts at most, where it is not 900."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` and `span` in seconds; `size` (0 to 1) and `count` mean what the kind makes of them."""

    index: int
    at: float
    kind: Kind
    span: float
    size: float
    count: int

    def __str__(self) -> str:
        hours, rest = divmod(int(self.at), 3600)
        lasting = f" for {self.span:.0f} s" if self.kind in SPANS else ""
        return f"[{self.index}] {hours:02}:{rest // 60:02}:{rest % 60:02} {self.kind.value}{lasting}"


class Fees(StrEnum):
    """In which coin the venue takes its fees."""

    RECEIVED = "what is received: base at a buy, quote at a sale"
    QUOTE = "quote"
    THIRD = "a third coin, while it lasts"


@dataclass(frozen=True, slots=True)
class Day:
    """All that is drawn before the day begins."""

    seed: int
    faults: tuple[Fault, ...]
    fees: Fees
    owns_coins: bool
    bare_answers: bool
    apart: bool
    volatility: float
    eagerness: float
    preset_style: int

    def only(self, indices: Iterable[int]) -> Day:
        """The same day with only these faults."""
        wanted = set(indices)
        return replace(self, faults=tuple(one for one in self.faults if one.index in wanted))


def day_of(seed: int) -> Day:
    """Draw a day."""
    random = Random(f"day {seed}")
    return Day(
        seed,
        tuple(_faults(random)),
        random.choice(tuple(Fees)),
        random.random() < 0.6,
        random.random() < 0.4,
        random.random() < 0.4,
        random.choice((0.001, 0.002, 0.004)),
        random.uniform(0.02, 0.06),
        random.randrange(4),
    )


def _faults(random: Random) -> list[Fault]:
    """Spread over the day, a third of them right after another: storms are where things break."""
    drawn: list[tuple[float, Kind]] = []
    for _ in range(random.randint(FEWEST, MOST)):
        follows = drawn and random.random() < 0.35
        at = drawn[-1][0] + random.uniform(0, 90) if follows else random.uniform(600, DAY - 3600)
        group = random.choices((NEXT, SPANS, ONCE), (5, 4, 3))[0]
        drawn.append((at, random.choice(group)))
    drawn.sort(key=lambda one: one[0])
    return [
        Fault(
            index,
            at,
            kind,
            random.uniform(5, LONGEST.get(kind, 900.0)),
            random.random(),
            random.randint(1, 3),
        )
        for index, (at, kind) in enumerate(drawn)
    ]
