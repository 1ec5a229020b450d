"""What may go wrong, and how far: the words of breakers and troubles."""

from __future__ import annotations

from enum import StrEnum


class Breaker(StrEnum):
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    FAILURE = "failure"
    OWNER = "owner"


class Step(StrEnum):
    """How far a breaker has gone, in rising order."""

    CLEAR = "clear"
    WARN = "warn"
    NO_ENTRIES = "no_entries"
    HALT = "halt"


class Trouble(StrEnum):
    """What may be wrong with a connection; each is one alert with a count, ended by `TroubleOver`."""

    VENUE_UNREACHABLE = "venue_unreachable"
    PRICES_STALE = "prices_stale"
    KEY_REFUSED = "key_refused"
    CYCLE_FAILED = "cycle_failed"
    CYCLE_MISSED = "cycle_missed"
    STRATEGY_FAILED = "strategy_failed"
    DATA_UNSOUND = "data_unsound"
    CLOCK_OFF = "clock_off"
    STORAGE = "storage"
    RUNNER_FAILED = "runner_failed"
    ORDER_UNCERTAIN = "order_uncertain"
    RECONCILE_FAILED = "reconcile_failed"


class Doubt(StrEnum):
    """Why it is not believed yet that the account holds less of a coin than our positions (law 17)."""

    NOT_PROVEN = "not_proven"
    """Only the balances say so."""
    LOCKED = "locked"
    """An order of ours works there and holds more of the coin than the balances have at all: they contradict it."""
    ELSEWHERE = "elsewhere"
    """It is in another account of the same owner."""
    NOT_ASKED = "not_asked"
    """His other accounts could not be asked, so that it may be there: only an execution proves that it was sold."""

    @property
    def is_open(self) -> bool:
        """Whether a second answer may still prove that the coins are gone."""
        return self in (Doubt.NOT_PROVEN, Doubt.NOT_ASKED)


class ForeignChoice(StrEnum):
    """What the owner wants done with an order that has our mark but is not in our books."""

    ADOPT = "adopt"
    CLOSE = "close"
    IGNORE = "ignore"
