"""The venues' own error codes, as far as they are certain. What is not listed here is unknown (law 2).

Each table has its source above it. Left out on purpose: whatever says that the venue itself is not sure (timeouts,
internal errors, 'too busy'), and every code that also stands for something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.redaction import redaction


@dataclass(frozen=True, slots=True)
class Codes:
    """Of one venue. `refused`: nothing was done, and why. `missing`: it answered and knows no such order.
    `key`: the key, its signature or its rights, which are looked at before anything is done. `clock`: our time is
    off, or with `clock_words` only if the sentence that comes with it has one of them, since the code stands for
    something else as well. `duplicate` and `duplicate_words` mark a refusal that shows that an order of this name is
    there. `limited`: too many requests, whatever the status; `limited_questions` are those that orders are not counted
    among."""

    refused: Mapping[str, str]
    missing: frozenset[str]
    key: frozenset[str]
    clock: frozenset[str]
    clock_words: tuple[str, ...] = ()
    duplicate: frozenset[str] = field(default_factory=frozenset)
    duplicate_words: tuple[str, ...] = ()
    rules: frozenset[str] = field(default_factory=frozenset)
    """Of those refused: what names a step, a limit or a count, so that ours are old (law 18)."""
    limited: frozenset[str] = field(default_factory=frozenset)
    limited_questions: frozenset[str] = field(default_factory=frozenset)


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
        rules=frozenset({"-1013", "-1111", "-1121"}),
        limited=frozenset({"-1003"}),
    ),
    # https://bybit-exchange.github.io/docs/v5/error
    # Not here: 10000 server timeout, 10006 and 10018 too many visits, 10014 duplicate request, 10016 server error,
    # 170007, 170146 and 170147 timeouts, 170234 system error.
    "bybit": Codes(
        refused={
            "10001": "PARAMETER_ERROR",
            "10002": "CLOCK_OFF",
            "170116": "INVALID_ORDER_TYPE",
            "170117": "INVALID_SIDE",
            "170121": "INVALID_SYMBOL",
            "170124": "AMOUNT_TOO_LARGE",
            "170130": "BAD_PARAMETER",
            "170131": "INSUFFICIENT_BALANCE",
            "170132": "PRICE_TOO_HIGH",
            "170133": "PRICE_TOO_LOW",
            "170134": "BAD_PRICE_PRECISION",
            "170135": "QUANTITY_TOO_LARGE",
            "170136": "QUANTITY_TOO_SMALL",
            "170137": "BAD_QUANTITY_PRECISION",
            "170140": "VALUE_TOO_SMALL",
            "170143": "CANCEL_NOT_ALLOWED",
            "170203": "STOP_PRICE_MISSING",
            "170210": "ORDER_REJECTED",
            "170218": "WOULD_TAKE",
        },
        missing=frozenset({"110001", "170142", "170213"}),
        key=frozenset({"10003", "10004", "10005", "10007", "10010", "33004"}),
        clock=frozenset({"10002"}),
        duplicate=frozenset({"110072", "170141"}),
        rules=frozenset({"170121", "170124", "170134", "170135", "170136", "170137", "170140"}),
        limited=frozenset({"10006", "10018"}),
    ),
    # https://www.okx.com/docs-v5/en/#error-code
    # Not here: 1 and 2 (an operation failed; sCode says why), 50001, 50004 ('does not mean that the request was
    # successful or failed'), 50005, 50011 and 50013 busy, 50026 system error, 51149 order timed out.
    "okx": Codes(
        refused={
            "50002": "BAD_JSON",
            "50014": "PARAMETER_EMPTY",
            "50102": "CLOCK_OFF",
            "50112": "CLOCK_OFF",
            "51000": "PARAMETER_ERROR",
            "51001": "INVALID_INSTRUMENT",
            "51004": "QUANTITY_TOO_LARGE",
            "51006": "PRICE_OUT_OF_BAND",
            "51008": "INSUFFICIENT_BALANCE",
            "51020": "BELOW_MINIMUM",
            "51022": "INSTRUMENT_SUSPENDED",
            "51121": "BAD_QUANTITY_PRECISION",
            "51122": "BAD_PRICE_PRECISION",
            "51201": "VALUE_TOO_LARGE",
            "51277": "STOP_WOULD_TRIGGER",
            "51278": "STOP_WOULD_TRIGGER",
            "51279": "STOP_WOULD_TRIGGER",
            "51280": "STOP_WOULD_TRIGGER",
            "51400": "CANCEL_NO_SUCH_ORDER",
            "51401": "CANCEL_ALREADY_CANCELLED",
            "51402": "CANCEL_ALREADY_FILLED",
        },
        missing=frozenset({"51603"}),
        key=frozenset(
            {"50100", "50101", "50103", "50104", "50105", "50110", "50111", "50113", "50114", "50120"}
        ),
        clock=frozenset({"50102", "50112"}),
        duplicate=frozenset({"51016"}),
        rules=frozenset({"51001", "51004", "51020", "51121", "51122", "51201"}),
        limited=frozenset({"50011"}),
    ),
    # https://docs.kraken.com/api/docs/guides/spot-errors : texts in place of codes.
    # Not here: EService and EGeneral:Internal error, EOrder:Trading agreement required, whatever is not spelt out.
    "kraken": Codes(
        refused={
            "EGeneral:Invalid arguments": "PARAMETER_ERROR",
            "EGeneral:Invalid arguments:price": "PARAMETER_ERROR",
            "EGeneral:Invalid arguments:volume": "PARAMETER_ERROR",
            "EAPI:Invalid nonce": "CLOCK_OFF",
            "EQuery:Unknown asset pair": "INVALID_SYMBOL",
            "EQuery:Invalid asset pair": "INVALID_SYMBOL",
            "EOrder:Cannot open position": "NOT_ALLOWED",
            "EOrder:Insufficient funds": "INSUFFICIENT_BALANCE",
            "EOrder:Insufficient initial margin": "INSUFFICIENT_BALANCE",
            "EOrder:Invalid price": "INVALID_PRICE",
            "EOrder:Order minimum not met": "BELOW_MINIMUM",
            "EOrder:Cost minimum not met": "BELOW_MINIMUM",
            "EOrder:Tick size check failed": "BAD_PRICE_PRECISION",
            "EOrder:Orders limit exceeded": "TOO_MANY_ORDERS",
        },
        missing=frozenset({"EOrder:Unknown order", "EOrder:Invalid order"}),
        key=frozenset(
            {"EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied", "ETrade:User Locked"}
        ),
        clock=frozenset({"EAPI:Invalid nonce"}),
        rules=frozenset(
            {
                "EOrder:Order minimum not met",
                "EOrder:Cost minimum not met",
                "EOrder:Tick size check failed",
                "EOrder:Orders limit exceeded",
                "EQuery:Unknown asset pair",
            }
        ),
        limited=frozenset(
            {
                "EAPI:Rate limit exceeded",
                "EOrder:Rate limit exceeded",
                "EGeneral:Temporary lockout",
                "EGeneral:Too many requests",
            }
        ),
        # Placing and cancelling have a limiter of their own: guides/spot-rest-ratelimits
        limited_questions=frozenset({"EAPI:Rate limit exceeded"}),
    ),
    # https://www.kucoin.com/docs-new/error-code/http and /spot ; ccxt's kucoin.py 'exceptions'.
    # Not here: 400100 and 100004, which stand for wrong parameters, for an unknown order and for a clientOid that is
    # there already; 200000 is success.
    "kucoin": Codes(
        refused={
            "200001": "ORDER_NOT_ALLOWED",
            "200004": "INSUFFICIENT_BALANCE",
            "300000": "ORDER_REJECTED",
            "400001": "HEADER_MISSING",
            "400002": "CLOCK_OFF",
            "400350": "QUANTITY_TOO_LARGE",
            "400600": "SYMBOL_NOT_TRADING",
            "900001": "INVALID_SYMBOL",
        },
        missing=frozenset({"400203"}),
        key=frozenset({"400003", "400004", "400005", "400006", "400007", "411100"}),
        clock=frozenset({"400002"}),
        rules=frozenset({"400350", "900001"}),
        limited=frozenset({"429000"}),
    ),
    # https://bingx-api.github.io/docs-v3/#/en/Quick%20Start/Error%20Codes ; ccxt's bingx.py 'exceptions'.
    # Not here: 100410 too frequent, 100500 and 100503 busy, 80012 service unavailable, 100400 which stands for
    # wrong parameters and for an unknown order, 100421 but for our time: 'Null timestamp or timestamp mismatch' it says
    # in the tables of errors at https://bingx-api.github.io/docs/#/en-us/swapV2/market-api.html , where 80014 is
    # 'timestamp is invalid', and 'This pair is currently restricted from API trading' in ccxt's bingx.py, where 80014
    # stands for wrong parameters.
    "bingx": Codes(
        refused={
            "80014": "PARAMETER_ERROR",
            "100202": "INSUFFICIENT_BALANCE",
            "100490": "SYMBOL_OFFLINE",
            "101400": "BELOW_MINIMUM",
            "101204": "INSUFFICIENT_BALANCE",
            "110425": "BELOW_MINIMUM",
        },
        missing=frozenset({"80016", "109421"}),
        key=frozenset({"100001", "100004", "100412", "100413", "100414", "100419"}),
        clock=frozenset({"80014", "100421"}),
        clock_words=("timestamp",),
        duplicate=frozenset({"101481", "109201"}),
        rules=frozenset({"101400", "110425"}),
        limited=frozenset({"100410"}),
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
    if code in _FINE:
        return ""
    # Compared with the tables above, so that none of theirs may look otherwise; all others are foreign words (P16).
    return code if _NUMBER.fullmatch(code) or code in _LISTED else redaction.clean_start(code)


def words_in(body: str) -> str:
    """The venue's own sentence in its answer, empty if there is none. Venues, and what stands before them, repeat keys,
    signatures and whole requests in it (P16)."""
    return redaction.clean_start(said_in(body))


def said_in(body: str) -> str:
    """The same with all that is in it: to be compared, never to be shown."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    data = answer.get("data")
    rows = data if isinstance(data, list) else []
    inner = next((str(row["sMsg"]) for row in rows if isinstance(row, dict) and row.get("sMsg")), "")
    return inner or _first(answer.get("error")) or str(answer.get("retMsg") or answer.get("msg") or "")


_FINE = frozenset({"0", "200", "200000"})
_NUMBER = re.compile(r"-?\d{1,9}")
_LISTED = frozenset(
    code
    for codes in CODES.values()
    for listed in (
        codes.refused,
        codes.missing,
        codes.key,
        codes.clock,
        codes.limited,
        codes.limited_questions,
    )
    for code in listed
)


def _inner(data: Any) -> str:
    rows = data if isinstance(data, list) else []
    return next((str(row["sCode"]) for row in rows if isinstance(row, dict) and row.get("sCode")), "")


def _first(errors: Any) -> str:
    return str(errors[0]) if isinstance(errors, list) and errors else ""
