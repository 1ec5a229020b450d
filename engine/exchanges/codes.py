"""The venues' own error codes, as far as they are certain. What is not listed here is unknown (law 2).

Each table has its source above it. Left out on purpose: whatever says that the venue itself is not sure (timeouts,
internal errors, 'too busy'), and every code that also stands for something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Codes:
    """Of one venue. `refused`: nothing was done, and why. `missing`: it answered and knows no such order.
    `key`: the key, its signature or its rights. `clock`: our time is off. `duplicate_words` mark a refusal that shows
    that an order of this name is there."""

    refused: Mapping[str, str]
    missing: frozenset[str]
    key: frozenset[str]
    clock: frozenset[str]
    duplicate: frozenset[str] = field(default_factory=frozenset)
    duplicate_words: tuple[str, ...] = ()


CODES: Mapping[str, Codes] = {
    # https://developers.binance.com/docs/binance-spot-api-docs/errors
    # Not here: -1000 unknown, -1001 disconnected, -1003 and -1034 too many requests, -1004 and -1008 busy, -1006 and
    # -1007 'execution status unknown', -1016 shutting down.
    "binance": Codes(
        refused={
            "-1013": "FILTER_FAILURE",
            "-1014": "UNKNOWN_ORDER_COMPOSITION",
            "-1015": "TOO_MANY_ORDERS",
            "-1020": "UNSUPPORTED_OPERATION",
            "-1021": "CLOCK_OFF",
            "-1100": "ILLEGAL_CHARACTERS",
            "-1101": "TOO_MANY_PARAMETERS",
            "-1102": "PARAMETER_MISSING",
            "-1103": "PARAMETER_UNKNOWN",
            "-1104": "PARAMETERS_UNREAD",
            "-1105": "PARAMETER_EMPTY",
            "-1106": "PARAMETER_NOT_REQUIRED",
            "-1111": "BAD_PRECISION",
            "-1112": "NO_DEPTH",
            "-1114": "TIME_IN_FORCE_NOT_REQUIRED",
            "-1115": "INVALID_TIME_IN_FORCE",
            "-1116": "INVALID_ORDER_TYPE",
            "-1117": "INVALID_SIDE",
            "-1121": "INVALID_SYMBOL",
            "-1128": "BAD_PARAMETER_COMBINATION",
            "-1130": "INVALID_PARAMETER",
            "-2010": "NEW_ORDER_REJECTED",
            "-2011": "CANCEL_REJECTED",
        },
        missing=frozenset({"-2013"}),
        # -1002 unauthorised, -1022 signature, -1099 not authorised, -2008 and -2014 key, -2015 key, address or right
        key=frozenset({"-1002", "-1022", "-1099", "-2008", "-2014", "-2015"}),
        clock=frozenset({"-1021"}),
        # -2010 is the code of every refused order; 'Duplicate order sent.' is the text of this one.
        duplicate_words=("Duplicate order",),
    ),
}


def code_in(body: str) -> str:
    """The venue's own code in its answer: Binance, BingX and KuCoin `code`, Bybit `retCode`, OKX `sCode` of the order
    or else `code`, Kraken the first of `error`. Empty if there is none, or it means success."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    code = _inner(answer.get("data")) or _first(answer.get("error"))
    code = code or str(answer.get("retCode") or answer.get("code") or "")
    return "" if code in _FINE else code


_FINE = frozenset({"0", "200", "200000"})


def _inner(data: Any) -> str:
    rows = data if isinstance(data, list) else []
    return next((str(row["sCode"]) for row in rows if isinstance(row, dict) and row.get("sCode")), "")


def _first(errors: Any) -> str:
    return str(errors[0]) if isinstance(errors, list) and errors else ""
