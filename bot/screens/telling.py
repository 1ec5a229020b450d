"""What each kind of notice says, line by line, from its data.

Numbers come as decimal text; what is no number is shown as it is, and what is missing as a dash: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from bot.screens.figures import (
    clock_time,
    duration,
    money,
    parsed,
    percent,
    price,
    quantity,
    signed,
    signed_percent,
)
from bot.screens.summary import state_sign
from bot.text import Html, catalogue, known, lines, say
from engine.core.ids import Symbol, base_of

Data = Mapping[str, str | int | bool | None]


class Fields:
    """A notice's data, read as what it is meant to be; what is missing shows as a dash."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def text(self, name: str) -> str:
        value = self._data.get(name)
        return "–" if value is None or value == "" else str(value)

    def has(self, name: str) -> bool:
        return self._data.get(name) not in (None, "", False)

    def number(self, name: str) -> Decimal | None:
        return parsed(self._data.get(name))

    def shown(self, name: str, how: Callable[[Decimal], str]) -> str:
        value = self.number(name)
        return self.text(name) if value is None else how(value)

    def price(self, name: str = "price") -> str:
        return self.shown(name, price)

    def size(self) -> str:
        return self.shown("quantity", lambda value: quantity(value, base_of(Symbol(self.text("symbol")))))

    def reason(self) -> str:
        return known("reason", self.text("reason"))

    def worth(self) -> str:
        size, at = self.number("quantity"), self.number("price")
        quote = self.text("symbol").partition("/")[2]
        return money(size * at, quote) if size is not None and at is not None else "–"


def _started(it: Fields) -> Html:
    return lines(
        say("notice.started", version=it.text("version")),
        say("notice.restored", positions=it.text("positions"), orders=it.text("orders")),
        _standing(it),
        None if it.has("clean") else say("notice.after_crash"),
    )


def _standing(it: Fields) -> Html | None:
    """Whether it trades: a paused or halted connection is still so, and says it."""
    if it.has("halted"):
        return say("home.halted", reason=known("reason", it.text("halted")))
    return say("notice.standing", state=known("state", it.text("state"))) if it.has("state") else None


def _stopped(it: Fields) -> Html:
    return say("notice.stopped")


def _signal_taken(it: Fields) -> Html:
    return lines(
        say(
            "notice.signal",
            action=known("action", it.text("action")).capitalize(),
            symbol=it.text("symbol"),
            price=it.price(),
        ),
        say("notice.why", preset=it.text("preset"), reason=it.reason()),
    )


def _signal_denied(it: Fields) -> Html:
    return lines(
        say(
            "notice.signal_denied",
            action=known("action", it.text("action")).capitalize(),
            symbol=it.text("symbol"),
        ),
        say("notice.why", preset=it.text("preset"), reason=it.reason()),
    )


def _order_placed(it: Fields) -> Html:
    return lines(
        say(
            "notice.order",
            side=known("side", it.text("side")).capitalize(),
            symbol=it.text("symbol"),
            purpose=known("purpose", it.text("purpose")),
        ),
        _order_size(it),
        say("notice.why", preset=it.text("preset"), reason=it.reason()) if it.has("preset") else None,
    )


def _order_size(it: Fields) -> Html:
    """An order at market has no price of its own."""
    kind = known("order_type", it.text("type"))
    level = "stop_price" if it.has("stop_price") else "price"
    if not it.has(level):
        return say("notice.order_at_market", size=it.size(), type=kind)
    return say("notice.order_size", size=it.size(), type=kind, price=it.price(level))


def _order_filled(it: Fields) -> Html:
    key = "notice.part_filled" if it.has("partial") else "notice.filled"
    fee = f"{it.shown('fee', quantity)} {it.text('fee_coin')}" if it.has("fee") else "–"
    return lines(
        _side_line(key, it),
        say("notice.fill", size=it.size(), price=it.price(), worth=it.worth(), fee=fee),
    )


def _side_line(key: str, it: Fields) -> Html:
    side, symbol = known("side", it.text("side")).capitalize(), it.text("symbol")
    if key == "notice.filled":
        return say("notice.filled", side=side, symbol=symbol)
    return say("notice.part_filled", side=side, symbol=symbol)


def _order_rejected(it: Fields) -> Html:
    return say("notice.order_rejected", symbol=it.text("symbol"), reason=it.reason())


def _order_ended(it: Fields) -> Html:
    """What was told as sent and did not fill, or not all of it (law 12)."""
    symbol, status = it.text("symbol"), known("order_status", it.text("status"))
    if it.number("filled"):
        filled, size = it.shown("filled", quantity), it.size()
        told = say("notice.order_ended_partly", symbol=symbol, status=status, filled=filled, size=size)
    else:
        told = say("notice.order_ended", symbol=symbol, status=status, size=it.size())
    return lines(told, say("notice.detail_alone", detail=it.text("reason")) if it.has("reason") else None)


def _reconciled(it: Fields) -> Html:
    return say("notice.reconciled", count=it.text("repairs"))


def _order_unknown(it: Fields) -> Html:
    return say("notice.order_unknown", symbol=it.text("symbol"), since=_moment(it.text("since")))


def _moment(text: str) -> str:
    """A time of ISO form as we write times; anything else as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return clock_time(moment) if moment.tzinfo else text


def _position_opened(it: Fields) -> Html:
    return lines(
        say("notice.opened", symbol=it.text("symbol"), size=it.size(), price=it.price()),
        say("notice.exits", stop=it.price("stop"), target=it.price("take_profit")),
    )


def _position_closed(it: Fields) -> Html:
    quote = it.text("quote")
    profit = it.shown("profit", lambda value: signed(value, quote))
    return lines(
        say(
            "notice.closed", symbol=it.text("symbol"), profit=profit, share=it.shown("share", signed_percent)
        ),
        say("notice.way", size=it.size(), entry=it.price("entry"), exit=it.price("exit")),
        say(
            "notice.closed_why",
            reason=it.reason(),
            held=it.shown("held_seconds", lambda value: duration(float(value))),
            fees=it.shown("fees", lambda value: money(value, quote)),
        ),
    )


def _exit_refused(it: Fields) -> Html:
    time = _moment(it.text("retry_after"))
    return say("notice.exit_refused", symbol=it.text("symbol"), reason=it.reason(), time=time)


def _stop_refused(it: Fields) -> Html:
    time = _moment(it.text("retry_after"))
    return say("notice.stop_refused", symbol=it.text("symbol"), reason=it.reason(), time=time)


def _position_reduced(it: Fields) -> Html:
    return say("notice.position_reduced", symbol=it.text("symbol"), size=it.size(), price=it.price())


def _shortfall(it: Fields) -> Html:
    ours, theirs = it.shown("ours", quantity), it.shown("theirs", quantity)
    return say("notice.shortfall", coin=it.text("coin"), ours=ours, theirs=theirs)


def _foreign_found(it: Fields) -> Html:
    side = known("side", it.text("side"))
    return say(
        "notice.foreign_found", symbol=it.text("symbol"), side=side, size=it.size(), order=it.text("order")
    )


def _foreign_open(it: Fields) -> Html:
    return say(
        "notice.foreign_open",
        symbol=it.text("symbol"),
        order=it.text("order"),
        asked=it.text("asked"),
        filled=_filled_of_it(it),
    )


def _foreign_ended(it: Fields) -> Html:
    if not it.has("status"):
        return say("notice.foreign_forgotten", symbol=it.text("symbol"), order=it.text("order"))
    return say(
        "notice.foreign_gone",
        symbol=it.text("symbol"),
        order=it.text("order"),
        status=known("order_status", it.text("status")),
        filled=_filled_of_it(it),
    )


def _filled_of_it(it: Fields) -> str:
    return it.shown("filled", lambda value: quantity(value, base_of(Symbol(it.text("symbol")))))


def _stop_moved(it: Fields) -> Html:
    return say(
        "notice.stop_moved", symbol=it.text("symbol"), price=it.price("stop"), by=known("by", it.text("by"))
    )


def _preset_gone(it: Fields) -> Html:
    return say(
        "notice.preset_gone",
        symbol=it.text("symbol"),
        preset=it.text("preset"),
        stop=it.price("stop"),
        target=it.price("take_profit"),
    )


def _preset_back(it: Fields) -> Html:
    return say("notice.preset_back", symbol=it.text("symbol"), preset=it.text("preset"))


def _breaker(it: Fields) -> Html:
    return lines(
        say(
            "notice.breaker", breaker=known("breaker", it.text("breaker")), figure=it.shown("figure", percent)
        ),
        say(
            "notice.breaker_step", step=known("step_text", it.text("step")), limit=it.shown("limit", percent)
        ),
    )


def _halted(it: Fields) -> Html:
    return lines(
        say("notice.halted", breaker=known("breaker", it.text("breaker")), reason=it.reason()),
        say("notice.halted_text"),
    )


def _halt_lifted(it: Fields) -> Html:
    return say("notice.halt_lifted", by=known("by", it.text("by")))


def _trouble(it: Fields) -> Html:
    subject = f": {it.text('subject')}" if it.has("subject") else ""
    return lines(
        say("notice.trouble", trouble=known("trouble", it.text("trouble")), subject=subject),
        say("notice.detail_alone", detail=it.text("detail")) if it.has("detail") else None,
        _help("trouble_help", it.text("trouble")),
    )


def _help(section: str, name: str) -> Html | None:
    text = catalogue().get(f"{section}.{name}")
    return Html(text) if text else None


def _trouble_over(it: Fields) -> Html:
    subject = f": {it.text('subject')}" if it.has("subject") else ""
    lasted = it.shown("seconds", lambda value: duration(float(value)))
    trouble = known("trouble", it.text("trouble"))
    if it.text("count") in ("1", "–"):
        return say("notice.trouble_over_once", trouble=trouble, subject=subject, lasted=lasted)
    return say("notice.trouble_over", trouble=trouble, subject=subject, lasted=lasted, count=it.text("count"))


def _state_changed(it: Fields) -> Html:
    return say(
        "notice.state",
        sign=state_sign(it.text("state")),
        connection=it.text("connection"),
        state=known("state", it.text("state")),
        by=known("by", it.text("by")),
    )


def _stranger(it: Fields) -> Html:
    return say("notice.stranger", name=it.text("name"), user_id=it.text("user_id"))


def _forged(it: Fields) -> Html:
    return say("notice.forged")


BODIES: dict[str, Callable[[Fields], Html]] = {
    "started": _started,
    "stopped": _stopped,
    "signal_taken": _signal_taken,
    "signal_denied": _signal_denied,
    "order_placed": _order_placed,
    "order_filled": _order_filled,
    "order_rejected": _order_rejected,
    "order_unknown": _order_unknown,
    "order_ended": _order_ended,
    "reconciled": _reconciled,
    "position_opened": _position_opened,
    "position_closed": _position_closed,
    "exit_refused": _exit_refused,
    "stop_refused": _stop_refused,
    "position_reduced": _position_reduced,
    "shortfall": _shortfall,
    "foreign_found": _foreign_found,
    "foreign_open": _foreign_open,
    "foreign_ended": _foreign_ended,
    "stop_moved": _stop_moved,
    "preset_gone": _preset_gone,
    "preset_back": _preset_back,
    "breaker": _breaker,
    "halted": _halted,
    "halt_lifted": _halt_lifted,
    "trouble": _trouble,
    "trouble_over": _trouble_over,
    "state_changed": _state_changed,
    "stranger": _stranger,
    "forged": _forged,
}
