"""What proves to a venue who we are. Shown nowhere: not by repr, not in a log, not in a traceback (law 14)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A key of one account. `passphrase` is the third part that OKX and KuCoin ask for."""

    api_key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Credentials(hidden)"
