"""Binance's error codes and texts.

Source: Binance Spot API documentation, "Error codes for Binance" and "Filters".
"""

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
