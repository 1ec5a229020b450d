"""What every fact is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fact:
    """`at` is the time of the input that led to it, aware UTC."""

    VERSION: ClassVar[int] = 1
    at: datetime
