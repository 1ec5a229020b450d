"""Binance's error codes and texts.

Source: Binance Spot API documentation, "Error codes for Binance" and "Filters".
"""

from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import Reason, Refusal


class BinanceError(Exception):
    """An answer of `status` (HTTP) with `code` and `text`."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.status = status

    def body(self) -> dict[str, object]:
        return {"code": self.code, "msg": self.text}


UNREADABLE = {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
"""The answer over a websocket to what is no JSON object."""
_NEW_ORDER_REJECTED = -2010
_REFUSALS = {
    Reason.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Reason.MARKET_CLOSED: (-1013, "Market is closed."),
    Reason.NO_PRICE: (-1013, "Market is closed."),
    Reason.INSUFFICIENT_BALANCE: (
        _NEW_ORDER_REJECTED,
        "Account has insufficient balance for requested action.",
    ),
    Reason.DUPLICATE_CLIENT_ID: (_NEW_ORDER_REJECTED, "Duplicate order sent."),
    Reason.WOULD_TAKE: (_NEW_ORDER_REJECTED, "Order would immediately match and take."),
    Reason.WOULD_TRIGGER: (_NEW_ORDER_REJECTED, "Stop price would trigger immediately."),
    Reason.UNKNOWN_ORDER: (-2013, "Order does not exist."),
}


_KNOWN = {
    # code: (HTTP status, text); 5XX where the documentation says that the outcome is unknown
    -1000: (500, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1003: (429, "Too many requests queued."),
    -1006: (500, "An unexpected response was received from the message bus. Execution status unknown."),
    -1007: (
        500,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    ),
    -1008: (503, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    -1013: (400, "Filter failure: NOTIONAL"),
    -1015: (429, "Too many new orders; current limit is 100 orders per 10 SECOND."),
    -1016: (503, "This service is no longer available."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1022: (400, "Signature for this request is not valid."),
    -2010: (400, "Account has insufficient balance for requested action."),
    -2011: (400, "Unknown order sent."),
    -2013: (400, "Order does not exist."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
}


def from_rule(rule: Rule) -> BinanceError:
    """The error that a fault orders: its code, with the venue's own status and text unless the rule has others."""
    status, text = _KNOWN.get(int(rule.code or 0), (400, "An error on demand."))
    return BinanceError(int(rule.code or 0), rule.text or text, rule.status or status)


def from_refusal(refusal: Refusal) -> BinanceError:
    """The venue's no in Binance's words."""
    if refusal.reason is Reason.FILTER:
        return BinanceError(-1013, f"Filter failure: {refusal.detail}")
    return BinanceError(*_REFUSALS[refusal.reason])


def unknown_on_cancel() -> BinanceError:
    return BinanceError(-2011, "Unknown order sent.")


def missing(name: str) -> BinanceError:
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, pattern: str) -> BinanceError:
    return BinanceError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")
