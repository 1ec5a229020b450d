"""The faults that are in force now, and when the last one was felt."""

from __future__ import annotations

from sandbox.simulation.loop import VirtualLoop
from sandbox.simulation.script import NEXT, Fault, Kind


class Weather:
    """Asked by everything between the desk and its venue."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._until: dict[Kind, float] = {}
        self._armed: dict[Kind, int] = {}
        self._foul_until = 0.0
        self._felt = 0.0
        self.sizes: dict[Kind, float] = {}
        self.felt_count = 0

    def begin(self, fault: Fault) -> None:
        """A span begins, or the next requests of a kind are in for something."""
        self.sizes[fault.kind] = fault.size
        if fault.kind in NEXT:
            self._armed[fault.kind] = fault.count if "SUBMIT_" in fault.kind.name else 1
        else:
            self.hold(fault.kind, fault.span)

    def hold(self, kind: Kind, seconds: float) -> None:
        """A span that comes with another fault."""
        until = self._until[kind] = max(self._until.get(kind, 0.0), self._loop.now + seconds)
        self._foul_until = max(self._foul_until, until)
        self.feel(seconds)

    def on(self, kind: Kind) -> bool:
        """Whether a span is in force."""
        now = self._loop.now
        return now < self._foul_until and now < self._until.get(kind, 0.0)

    def lately(self, kind: Kind, seconds: float) -> bool:
        """Whether a span was in force within the last seconds."""
        until = self._until.get(kind)
        return until is not None and self._loop.now < until + seconds

    @property
    def is_fair(self) -> bool:
        """No span is in force: the short way for the thousands of questions of a day."""
        return self._loop.now >= self._foul_until

    def strikes(self, *kinds: Kind) -> Kind | None:
        """Which of these befalls the one who asks; it is used up by that."""
        for kind in kinds:
            left = self._armed.get(kind, 0)
            if left:
                self._armed[kind] = left - 1
                self.feel()
                return kind
        return None

    def feel(self, lasting: float = 0.0) -> None:
        """Something went wrong now, and goes on to do so for `lasting` seconds."""
        self.felt_count += 1
        self._felt = max(self._felt, self._loop.now + lasting)

    def clear(self) -> None:
        """The storm is over."""
        now = self._loop.now
        self._until.clear()
        self._foul_until = now
        self._armed.clear()
        self._felt = min(self._felt, now)

    @property
    def calm_since(self) -> float:
        """When the last fault ended; in the future while one lasts."""
        return self._felt
