"""What each kind of notice says, line by line, from its data.

Numbers come as decimal text; what is no number is shown as it is, and what is missing as a dash: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from bot.screens.fields import Fields
from bot.screens.figures import duration, percent, quantity
from bot.screens.summary import mode_tag, several, state_sign
from bot.screens.telling_live import LIVE_BODIES
from bot.screens.telling_orders import ORDER_BODIES
from bot.text import Html, catalogue, known, lines, say, word
from engine.core.causes import INSTRUMENTS
from engine.core.ids import Symbol, base_of


def _started(it: Fields) -> Html:
    return lines(
        say("notice.started", version=it.text("version")),
        *(_restored(it) if it.has("connection") else _restored_each(it)),
        None if it.has("clean") else say("notice.after_crash"),
    )


def _restored(it: Fields) -> list[Html | None]:
    restored = say("notice.restored", positions=it.text("positions"), orders=it.text("orders"))
    return [restored, _standing(it)]


def _restored_each(it: Fields) -> list[Html | None]:
    """Of several connections, each under its name."""
    found: list[Html | None] = []
    for place in count(1):
        one = it.part(f"{place}.")
        if not one.has("connection"):
            return found
        found.append(
            say("notice.started_one", connection=one.text("connection"), mode=mode_tag(one.text("mode")))
        )
        found += _restored(one)
    return found


def _standing(it: Fields) -> Html | None:
    """Whether it trades: a paused or halted connection is still so, and says it."""
    if it.has("halted"):
        return say("home.halted", reason=known("reason", it.text("halted")))
    return say("notice.standing", state=known("state", it.text("state"))) if it.has("state") else None


def _stopped(it: Fields) -> Html:
    return say("notice.stopped")


def _reconciled(it: Fields) -> Html:
    return say("notice.reconciled", count=it.text("repairs"))


def _exit_refused(it: Fields) -> Html:
    time = it.time("retry_after")
    return say("notice.exit_refused", symbol=it.text("symbol"), reason=it.reason(), time=time)


def _stop_refused(it: Fields) -> Html:
    time = it.time("retry_after")
    return say("notice.stop_refused", symbol=it.text("symbol"), reason=it.reason(), time=time)


def _entries_barred(it: Fields) -> Html:
    stop = say("notice.barred_watch", price=it.price("stop")) if it.has("stop") else None
    return lines(say("notice.entries_barred", symbol=it.text("symbol"), reason=it.reason()), stop)


def _entries_allowed(it: Fields) -> Html:
    by = known("allowed_by", it.text("by"))
    return say("notice.entries_allowed", symbol=it.text("symbol"), by=by)


def _was_deaf(it: Fields) -> Html:
    return say("notice.was_deaf", cause=known("deaf", it.text("cause")), detail=it.text("detail"))


def _position_reduced(it: Fields) -> Html:
    key = "notice.position_reduced_estimated" if it.has("estimated") else "notice.position_reduced"
    return say(key, symbol=it.text("symbol"), size=it.size(), price=it.price())


def _shortfall(it: Fields) -> Html:
    ours, theirs = it.shown("ours", quantity), it.shown("theirs", quantity)
    doubt = known("doubt", it.text("doubt")) if it.has("doubt") else ""
    return say("notice.shortfall", coin=it.text("coin"), ours=ours, theirs=theirs, doubt=doubt)


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
    subject = f": {_subjects(it)}" if it.has("subject") else ""
    return lines(
        say("notice.trouble", trouble=known("trouble", it.text("trouble")), subject=subject),
        say("notice.detail_alone", detail=it.text("detail")) if it.has("detail") else None,
        _help("trouble_help", it.text("trouble")),
    )


def _subjects(it: Fields) -> str:
    return several(it.text("subject"), int(it.number("more") or 0))


def _help(section: str, name: str) -> Html | None:
    text = catalogue().get(f"{section}.{name}")
    return Html(text) if text else None


def _trouble_over(it: Fields) -> Html:
    subject = f": {_ended(it.text('subject'))}" if it.has("subject") else ""
    lasted = it.shown("seconds", lambda value: duration(float(value)))
    trouble = known("trouble", it.text("trouble"))
    if it.text("count") in ("1", "–"):
        return say("notice.trouble_over_once", trouble=trouble, subject=subject, lasted=lasted)
    return say("notice.trouble_over", trouble=trouble, subject=subject, lasted=lasted, count=it.text("count"))


def _ended(subject: str) -> str:
    """Of several instruments it is over with the last of them; that the same trouble of the whole connection goes on
    has a message of its own."""
    return word("notice.instruments") if subject == INSTRUMENTS else subject


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


def _answer(it: Fields) -> Html:
    return lines(say("notice.answer"), *it.text("text").split("\n"))


BODIES: dict[str, Callable[[Fields], Html]] = {
    "started": _started,
    "stopped": _stopped,
    **ORDER_BODIES,
    **LIVE_BODIES,
    "reconciled": _reconciled,
    "exit_refused": _exit_refused,
    "stop_refused": _stop_refused,
    "was_deaf": _was_deaf,
    "entries_barred": _entries_barred,
    "entries_allowed": _entries_allowed,
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
    "answer": _answer,
}
