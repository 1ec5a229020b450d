"""The private websockets at /ws/v5/private and /ws/v5/business: login, subscribe, ping, and the channels `orders` and
`orders-algo`.

Sources: OKX API documentation, v5, "WebSocket", "Login", "Subscribe", "Order channel", "Algo orders channel" and
"Error Code", "WebSocket".
"""

import base64
import hashlib
import hmac
import json
from typing import Any

from sandbox.exchange.connection import as_object
from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import ZERO, EventKind, OrderEvent
from sandbox.exchange.okx import render
from sandbox.exchange.okx.errors import OkxError
from sandbox.exchange.rest import Desk, Json, plain
from sandbox.exchange.user_socket import Session, UserSocket

PRIVATE = "/ws/v5/private"
BUSINESS = "/ws/v5/business"
_CHANNELS = {PRIVATE: ("orders", "account", "positions", "fills"), BUSINESS: ("orders-algo", "algo-advance")}
_INSTRUMENTS = ("SPOT", "ANY")
_WINDOW_S = 30
_PING = "ping"
_TEXTS = {
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60009": "Login failed.",
    "60011": "Please log in",
    "60012": "Invalid request",
    "60018": "Wrong URL or channel doesn't exist. Please use the correct URL, channel and parameters.",
    "60024": "Wrong passphrase",
}


class OkxUserStream(UserSocket):
    """One of the two addresses: resting stops are told of on `business`, all other orders on `private`."""

    def __init__(self, desk: Desk, path: str) -> None:
        super().__init__(desk)
        self._path = path

    def op_of(self, text: str) -> str:
        return _PING if text == _PING else str((as_object(text) or {}).get("op", ""))

    def obey(self, session: Session, text: str) -> list[str]:
        if text == _PING:
            return ["pong"]
        message = as_object(text) or {}
        args = message.get("args")
        try:
            if not isinstance(args, list) or not all(isinstance(one, dict) for one in args):
                raise _problem("60012")
            return [self._carry_out(session, str(message.get("op")), one) for one in args]
        except OkxError as problem:
            return [_error(session, problem)]

    def refusal(self, session: Session, text: str, rule: Rule) -> str:
        code = str(rule.code or "60012")
        return _error(session, OkxError(code, rule.text or _TEXTS.get(code, "An error on demand.")))

    def on_order_event(self, event: OrderEvent) -> None:
        """A stop lives on one address until it wakes, and on the other one from then on."""
        order = event.order
        woken = event.kind is EventKind.NEW and order.working
        if order.stop_price and (not order.working or woken):
            self._tell_all(order.account, "orders-algo", render.algo(order))
        if order.working:
            row = render.order(order, self._desk.fees_of(order))
            self._tell_all(order.account, "orders", {**row, **_last_fill(event)})

    def _tell_all(self, account: str, channel: str, row: Json) -> None:
        for connection, session in self.listening(account, channel):
            self.tell(connection, channel, {"arg": {**session.topics[channel], "uid": "1"}, "data": [row]})

    def _carry_out(self, session: Session, op: str, arg: Json) -> str:
        match op:
            case "login":
                session.account = self._account(arg)
                return json.dumps({"event": "login", "code": "0", "msg": "", "connId": session.number})
            case "subscribe":
                self._subscribe(session, arg)
            case "unsubscribe":
                session.topics.pop(str(arg.get("channel")), None)
            case _:
                raise _problem("60012")
        return json.dumps({"event": op, "arg": arg, "connId": session.number})

    def _account(self, arg: Json) -> str:
        """HMAC-SHA256 in base64 over the time in seconds and GET/users/self/verify."""
        key, stamp = str(arg.get("apiKey")), str(arg.get("timestamp"))
        venue = self._desk.venue
        if key not in venue.secrets:
            raise _problem("60005")
        if not stamp.isdigit():
            raise _problem("60004")
        if abs(self._desk.now() / 1000 - int(stamp)) > _WINDOW_S:
            raise _problem("60006")
        text = f"{stamp}GET/users/self/verify"
        digest = hmac.new(venue.secrets[key].encode(), text.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), str(arg.get("sign"))):
            raise _problem("60007")
        if arg.get("passphrase") != venue.passphrases[key]:
            raise _problem("60024")
        return key

    def _subscribe(self, session: Session, arg: Json) -> None:
        if not session.account:
            raise _problem("60011")
        channel = str(arg.get("channel"))
        if channel not in _CHANNELS[self._path]:
            raise _problem("60018")
        if arg.get("instType") in _INSTRUMENTS:  # of the others there is nothing to tell
            session.topics[channel] = arg


def _last_fill(event: OrderEvent) -> dict[str, Any]:
    """Only this channel tells the last fill with its fee, below zero for one that was paid."""
    trade = event.trade
    return {
        "tradeId": str(trade.id) if trade else "",
        "fillPx": plain(trade.price) if trade else "",
        "fillSz": plain(trade.quantity if trade else ZERO),
        "fillTime": str(trade.time_ms) if trade else "",
        "fillFee": plain(-trade.fee if trade else ZERO),
        "fillFeeCcy": trade.fee_coin if trade else "",
        "execType": ("M" if trade.maker else "T") if trade else "",
    }


def _problem(code: str) -> OkxError:
    return OkxError(code, _TEXTS[code])


def _error(session: Session, problem: OkxError) -> str:
    told = {"event": "error", "code": problem.code, "msg": problem.text}
    return json.dumps({**told, "connId": session.number})
