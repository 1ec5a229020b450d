"""A record of the Bot API calls that came in, for tests to look at."""

from __future__ import annotations

from collections import deque
from typing import Any

from pydantic import BaseModel

_KEPT = 5000


class CallRecord(BaseModel):
    """One call: when, what, with which parameters, and what came of it (`error` '' when it went well)."""

    number: int
    time: float
    method: str
    parameters: dict[str, Any]
    files: list[str]
    error_code: int = 0
    error: str = ""


class CallLog:
    """The last 5,000 calls; getUpdates is left out, it would push all others away."""

    def __init__(self) -> None:
        self._records: deque[CallRecord] = deque(maxlen=_KEPT)
        self._count = 0

    def begin(self, time: float, method: str, parameters: dict[str, Any], files: list[str]) -> CallRecord:
        """Note a call that has come in; its error is filled in later."""
        self._count += 1
        record = CallRecord(number=self._count, time=time, method=method, parameters=parameters, files=files)
        if method != "getUpdates":
            self._records.append(record)
        return record

    def since(self, number: int, method: str = "") -> list[CallRecord]:
        """Calls after `number`, of one method when it is named."""
        wanted = method.lower()
        return [r for r in self._records if r.number > number and (not wanted or r.method.lower() == wanted)]
