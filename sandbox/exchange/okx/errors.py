"""OKX's error codes and texts, with the HTTP status that each comes with.

Source: OKX API documentation, v5, "Error Code". What concerns one order comes inside an answer of code 1, as sCode.
"""

from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import OrderType, Reason, Refusal, Side


class OkxError(Exception):
    """`code` and `text` of the whole request, with HTTP `status`."""

    def __init__(self, code: str, text: str | None = None, status: int | None = None) -> None:
        known_status, known_text = TEXTS.get(code, (200, "An error on demand."))
        super().__init__(f"{code} {text or known_text}")
        self.code = code
        self.text = text or known_text
        self.status = status or known_status


class Declined(Exception):
    """An order that is not accepted or not cancelled: `code` and `text` become sCode and sMsg."""

    def __init__(self, code: str, text: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS[code][1]


TEXTS: dict[str, tuple[int, str]] = {
    "1": (200, "All operations failed"),
    "50000": (400, "Body for POST request cannot be empty"),
    "50001": (503, "Service temporarily unavailable. Please try again later"),
    "50002": (400, "JSON syntax error"),
    "50004": (
        400,
        "API endpoint request timeout (does not mean that the request was successful or failed, "
        "please check the request result)",
    ),
    "50005": (410, "API is offline or unavailable"),
    "50011": (429, "Too Many Requests"),
    "50013": (429, "Systems are busy. Please try again later"),
    "50014": (400, "Parameter {param0} cannot be empty."),
    "50026": (500, "System error. Try again later"),
    "50102": (401, "Timestamp request expired"),
    "50103": (401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
    "50105": (401, "Request header OK-ACCESS-PASSPHRASE incorrect."),
    "50110": (401, "Your IP is not included in your API key's IP whitelist."),
    "50111": (401, "Invalid OK-ACCESS-KEY"),
    "50112": (401, "Invalid OK-ACCESS-TIMESTAMP"),
    "50113": (401, "Invalid Sign"),
    "51000": (400, "Parameter error"),
    "51001": (200, "Instrument ID doesn't exist."),
    "51006": (200, "Order price is not within the price limit."),
    "51008": (200, "Order failed. Insufficient balance in account."),
    "51016": (200, "Client order ID already exists."),
    "51020": (200, "Your order should meet or exceed the minimum order amount."),
    "51022": (200, "Contract suspended"),
    "51121": (200, "Order quantity must be a multiple of the lot size."),
    "51122": (200, "Order price must be a multiple of the tick size."),
    "51149": (200, "Order timed out. Please try again."),
    "51201": (200, "Order amount exceeds the maximum market order amount."),
    "51277": (200, "TP trigger price cannot be higher than the last price"),
    "51278": (200, "SL trigger price cannot be lower than the last price"),
    "51279": (200, "TP trigger price cannot be lower than the last price"),
    "51280": (200, "SL trigger price cannot be higher than the last price"),
    "51400": (200, "Order cancellation failed as the order has been filled, canceled or does not exist."),
    "51603": (200, "Order does not exist"),
}

_REASONS = {
    Reason.UNKNOWN_SYMBOL: "51001",
    Reason.MARKET_CLOSED: "51022",
    Reason.NO_PRICE: "51022",
    Reason.INSUFFICIENT_BALANCE: "51008",
    Reason.DUPLICATE_CLIENT_ID: "51016",
    Reason.UNKNOWN_ORDER: "51603",
    Reason.WOULD_TAKE: "51006",  # there it is accepted and cancelled at once; here it is only declined
}
_FILTERS = {
    "PRICE_FILTER": "51122",
    "PERCENT_PRICE_BY_SIDE": "51006",
    "LOT_SIZE": "51121",
    "MARKET_LOT_SIZE": "51201",
    "NOTIONAL": "51020",
}


def code_of(refusal: Refusal) -> str:
    """OKX's code for the venue's no."""
    if refusal.reason is Reason.FILTER:
        return _FILTERS.get(refusal.detail, "51000")
    return _REASONS.get(refusal.reason, "51000")


def at_once(kind: OrderType, side: Side) -> str:
    """The code for a trigger that the last price has reached already."""
    if kind is OrderType.STOP_LOSS or kind is OrderType.STOP_LOSS_LIMIT:
        return "51280" if side is Side.SELL else "51278"
    return "51279" if side is Side.SELL else "51277"


def from_rule(rule: Rule) -> OkxError | Declined:
    """The error that a fault orders: codes from 51000 on that come with HTTP 200 are about the order."""
    code = str(rule.code)
    status = TEXTS.get(code, (200, ""))[0]
    if code.startswith("51") and status == 200 and rule.status is None:
        return Declined(code, rule.text or TEXTS.get(code, (0, "An error on demand."))[1])
    return OkxError(code, rule.text, rule.status)
