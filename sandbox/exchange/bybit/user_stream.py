"""The private websocket at /v5/private: auth, subscribe, ping, and the topics `order` and `execution`.

Sources: Bybit API documentation, v5, "WebSocket Stream", "Connect", "Order" and "Execution".
"""

import hashlib
import hmac
import json
from typing import Any

from sandbox.exchange.bybit import render
from sandbox.exchange.bybit.errors import BybitError, error, from_rule
from sandbox.exchange.connection import as_object
from sandbox.exchange.faults import Rule
from sandbox.exchange.matching.model import OrderEvent
from sandbox.exchange.rest import Json
from sandbox.exchange.user_socket import Session, UserSocket

PATH = "/v5/private"
_TOPICS = ("order", "order.spot", "execution", "execution.spot")
_QUIET_TOPICS = ("position", "wallet", "greeks", "order.linear", "execution.linear", "execution.fast")
"""Those that exist there, and of which there is nothing to tell here."""


class BybitUserStream(UserSocket):
    """An execution comes after the order that it filled: they are topics apart, without any order between them."""

    def op_of(self, text: str) -> str:
        return str((as_object(text) or {}).get("op", ""))

    def obey(self, session: Session, text: str) -> list[str]:
        message = as_object(text) or {}
        if message.get("op") == "ping":
            pong = {"req_id": _id(message), "op": "pong", "args": [str(self._desk.now())]}
            return [json.dumps({**pong, "conn_id": session.number})]
        try:
            self._carry_out(session, message)
        except BybitError as problem:
            return [_answer(session, message, problem.text)]
        return [_answer(session, message)]

    def refusal(self, session: Session, text: str, rule: Rule) -> str:
        return _answer(session, as_object(text) or {}, from_rule(rule).text)

    def on_order_event(self, event: OrderEvent) -> None:
        order, trade = event.order, event.trade
        row = render.order(order, self._desk.fees_of(order))
        self._tell_all(order.account, "order", {**row, "category": "spot", "feeCurrency": ""})
        if trade is not None:
            row = render.execution(trade, order)
            coin = row.pop("feeCurrency")  # its name in answers to questions
            self._tell_all(order.account, "execution", {**row, "category": "spot", "feeCoin": coin})

    def _tell_all(self, account: str, kind: str, row: Json) -> None:
        for topic in (kind, f"{kind}.spot"):
            for connection, session in self.listening(account, topic):
                number = f"{session.number}-{self._desk.venue.next_name()}"
                body = {"id": number, "topic": topic, "creationTime": self._desk.now(), "data": [row]}
                self.tell(connection, kind, body)

    def _carry_out(self, session: Session, message: Json) -> None:
        args = message.get("args")
        match message.get("op"):
            case "auth":
                session.account = self._account(args)
            case "subscribe":
                self._subscribe(session, args)
            case "unsubscribe" if isinstance(args, list):
                for topic in args:
                    session.topics.pop(str(topic), None)
            case _:
                raise BybitError(10001, "error:invalid op")

    def _account(self, args: Any) -> str:
        """Key, expiry in ms, and HMAC-SHA256 in hex over GET/realtime and the expiry."""
        if not isinstance(args, list) or len(args) != 3:
            raise BybitError(10001, "Params Error")
        key, expires, signature = (str(one) for one in args)
        secret = self._desk.venue.secrets.get(key)
        if secret is None:
            raise error(10003)
        expected = hmac.new(secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise error(10004)
        if not expires.isdigit() or int(expires) <= self._desk.now():
            raise BybitError(10002, "Params Error")
        return key

    def _subscribe(self, session: Session, args: Any) -> None:
        if not session.account:
            raise BybitError(10005, "Request not authorized")
        topics = [str(one) for one in args] if isinstance(args, list) else [""]
        unknown = [one for one in topics if one not in (*_TOPICS, *_QUIET_TOPICS)]
        if unknown:
            raise BybitError(10001, f"error:handler not found,topic:{unknown[0]}")
        session.topics.update((one, {}) for one in topics)


def _id(message: Json) -> str:
    return str(message.get("req_id", ""))


def _answer(session: Session, message: Json, problem: str = "") -> str:
    told = {"success": not problem, "ret_msg": problem, "op": message.get("op", "")}
    return json.dumps({**told, "req_id": _id(message), "conn_id": session.number})
