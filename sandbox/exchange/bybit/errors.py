"""Bybit's error codes and texts. They come with HTTP 200, but for those of its gateway.

Source: Bybit API documentation, v5, "Error Codes" (HTTP codes, UTA, Spot Trade).
"""

from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import Reason, Refusal


class BybitError(Exception):
    """`code` and `text` in Bybit's envelope, with HTTP `status`."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.status = status


TEXTS = {
    10000: "Server Timeout",
    10001: "Request parameter error.",
    10002: "invalid request, please check your server timestamp or recv_window param.",
    10003: "API key is invalid.",
    10004: "error sign! please check your signature generation algorithm.",
    10005: "Permission denied, please check your API key permissions.",
    10006: "Too many visits. Exceeded the API Rate Limit.",
    10010: "Unmatched IP, please check your API key's bound IP addresses.",
    10014: "Invalid duplicate request.",
    10016: "Server error.",
    10018: "Exceeded the IP Rate Limit.",
    170007: "Timeout waiting for response from backend server.",
    170121: "Invalid symbol.",
    170131: "Insufficient balance.",
    170132: "Order price too high.",
    170133: "Order price lower than the minimum.",
    170134: "Order price decimal too long.",
    170135: "Order quantity too large.",
    170136: "Order quantity lower than the minimum.",
    170137: "Order volume decimal too long.",
    170140: "Order value exceeded lower limit.",
    170141: "Duplicate clientOrderId.",
    170146: "Order creation timeout.",
    170147: "Order cancellation timeout.",
    170203: "Please enter the TP/SL price.",
    170210: "New order rejected.",
    170213: "Order does not exist.",
    170218: "The LIMIT-MAKER order is rejected due to invalid price.",
    170234: "System Error.",
}

_REASONS = {
    Reason.UNKNOWN_SYMBOL: 170121,
    Reason.MARKET_CLOSED: 170210,
    Reason.NO_PRICE: 170210,
    Reason.INSUFFICIENT_BALANCE: 170131,
    Reason.DUPLICATE_CLIENT_ID: 170141,
    Reason.WOULD_TAKE: 170218,
    Reason.WOULD_TRIGGER: 170210,
    Reason.UNKNOWN_ORDER: 170213,
}
_FILTERS = {
    "PRICE_FILTER": 170134,
    "PERCENT_PRICE_BY_SIDE": 170132,
    "LOT_SIZE": 170137,
    "MARKET_LOT_SIZE": 170135,
    "NOTIONAL": 170140,
}


def error(code: int) -> BybitError:
    return BybitError(code, TEXTS[code])


def wrong(name: str) -> BybitError:
    return BybitError(10001, f"Request parameter error. ({name})")


def from_refusal(refusal: Refusal) -> BybitError:
    """The venue's no in Bybit's words."""
    if refusal.reason is Reason.FILTER:
        return error(_FILTERS.get(refusal.detail, 170210))
    return error(_REASONS[refusal.reason])


def from_rule(rule: Rule) -> BybitError:
    """The error that a fault orders."""
    code = int(rule.code or 0)
    return BybitError(code, rule.text or TEXTS.get(code, "An error on demand."), rule.status or 200)
