"""Paper or live: which is which, what must be true before real money is used, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.screens.base import Button, Screen, back, foot, in_rows, place, refresh, row
from bot.screens.figures import clock_time, money, quantity
from bot.screens.home import headline, reconciled, warnings
from bot.screens.summary import HALTED, Summary, mode_tag
from bot.text import Html, fit, known, lines, say, word
from engine.core.ids import ConnectionId
from engine.core.settings import Preset
from engine.desk import CheckItem


def overview(found: Sequence[Summary], now: datetime) -> Screen:
    """Each connection's mode, each a button."""
    told = [line for one in found for line in (headline(one), row(one.venue, money(one.equity, one.quote)))]
    buttons = [
        Button(f"{mode_tag(one.mode)} {one.connection}", "live", {"c": one.connection}) for one in found
    ]
    text = lines(say("live.title"), say("live.text"), "", *told, "", foot(now))
    return Screen(fit(text), (*in_rows(buttons), (back(), refresh("live"))))


# ── from paper to live ────────────────────────────────────────────────────────────────────


def checking(one: Summary) -> Screen:
    """At once, since the venue is asked for each point."""
    return Screen(lines(_head(one), "", say("live.checking", venue=one.venue)))


def _head(one: Summary) -> Html:
    return say("live.head", connection=one.connection, venue=one.venue, mode=mode_tag(one.mode))


def checklist(one: Summary, items: Sequence[CheckItem], now: datetime, refused: str = "") -> Screen:
    """Each point with what was found. `refused`: why the switch that was asked for did not happen."""
    ready = bool(items) and all(item.ok for item in items)
    text = lines(
        say("live.not_switched", reason=refused) if refused else None,
        _head(one),
        say("live.list_title"),
        "",
        *(_point(item) for item in items),
        "",
        _verdict(ready, sum(not item.ok for item in items), any(item.warns for item in items)),
        say("live.checked_at", time=clock_time(now)),
    )
    args = place(one.connection, one.mode)
    forward = (Button(word("live.go"), "live_go", args),) if ready else ()
    again = Button(word("live.again"), "live", {"c": one.connection})
    return Screen(fit(text), (forward, (again, back("connection", {"c": one.connection}))))


def _point(item: CheckItem) -> Html:
    key = "live.point_bad" if not item.ok else "live.point_warn" if item.warns else "live.point_ok"
    return say(key, point=known("check", item.key), detail=item.detail)


def _verdict(ready: bool, failed: int, warned: bool) -> Html:
    if not ready:
        return say("live.not_ready", count=failed)
    return say("live.ready_warned") if warned else say("live.ready")


def no_answer(one: Summary, seconds: float) -> Screen:
    """The list could not be made in time."""
    again = Button(word("live.again"), "live", {"c": one.connection})
    text = lines(_head(one), "", say("live.too_slow", seconds=f"{seconds:g}"))
    return Screen(fit(text), ((again, back("connection", {"c": one.connection})),))


def ask(one: Summary, presets: Sequence[Preset], typed: str, until: datetime) -> Screen:
    """Real money from now on: what that means, and the word that has to be typed (law 8)."""
    names = ", ".join(preset.id for preset in presets) or word("live.no_presets")
    text = lines(
        say("live.ask_title", connection=one.connection),
        say("live.ask_place", venue=one.venue),
        "",
        row(word("live.mode_now"), mode_tag(one.mode)),
        row(word("live.mode_after"), mode_tag("live")),
        say("live.ask_presets", presets=names),
        say("live.ask_text"),
        "",
        say("live.ask_word", typed=typed),
        say("confirm.until", time=clock_time(until)),
    )
    return Screen(fit(text), ((Button(word("button.cancel"), "forget"),),))


def switching(one: Summary) -> Screen:
    """At once after the word: everything is checked again, then the books are changed."""
    return Screen(lines(_head(one), "", say("live.switching")))


# ── live ──────────────────────────────────────────────────────────────────────────────────


def is_live(one: Summary, now: datetime, switched: bool = False) -> Screen:
    """A live connection: what is true of it now, and the one tap back."""
    text = lines(
        say("live.switched", connection=one.connection) if switched else None,
        _head(one),
        "",
        _standing(one),
        row(
            word("home.equity"), money(one.equity, one.quote) if one.reconciled_at else word("live.not_read")
        ),
        row(word("live.positions"), str(len(one.holdings)) if one.holdings else word("live.none")),
        row(word("live.orders"), str(one.orders) if one.orders else word("live.none")),
        reconciled(one, now),
        *warnings(one),
        say("live.resume_hint") if one.state == "paused" and not one.leaving_live else None,
        "",
        foot(now),
    )
    return Screen(fit(text), _live_buttons(one))


def _standing(one: Summary) -> Html:
    return say("live.standing", sign=one.sign, state=known("state", one.state))


def _live_buttons(one: Summary) -> tuple[tuple[Button, ...], ...]:
    args = {"c": one.connection}
    steer = [] if one.state == "running" else [_resume(one)]
    return (
        (*steer, Button(word("live.back_to_paper"), "paper", args)),
        (Button(word("button.reconcile"), "reconcile", args), Button(word("button.halt"), "halt", args)),
        (back("connection", args), refresh("live", args)),
    )


def _resume(one: Summary) -> Button:
    return Button(
        word("button.lift" if one.state == HALTED else "button.resume"), "resume", {"c": one.connection}
    )


def leaving(one: Summary, now: datetime) -> Screen:
    """Paused at once; live until nothing is open any more, and here is what is."""
    held = [row(f"{it.position.symbol}", quantity(it.position.quantity, it.base)) for it in one.holdings[:8]]
    text = lines(
        say("live.leaving", connection=one.connection, mode=mode_tag(one.mode)),
        "",
        say("live.still_open", positions=len(one.holdings), orders=one.orders),
        *held,
        "",
        say("live.leaving_text"),
        foot(now),
    )
    args = {"c": one.connection}
    flatten = (Button(word("button.flatten"), "flatten", args),) if one.holdings else ()
    orders = Button(word("home.orders", count=one.orders), "orders", args)
    return Screen(fit(text), ((*flatten, orders), (back("connection", args), refresh("live", args))))


def on_paper(one: Summary, already: bool) -> Screen:
    """Back on paper; the live books stay as they were."""
    key = "live.paper_already" if already else "live.paper_now"
    text = say(key, connection=one.connection, mode=mode_tag(one.mode), state=known("state", one.state))
    buttons = (Button(word("button.home"), "home"), back("connection", {"c": one.connection}))
    return Screen(text, (buttons,))


# ── reconciliation ────────────────────────────────────────────────────────────────────────


def reconciling(told: Mapping[ConnectionId, Html], now: datetime, finished: bool) -> Screen:
    """What came of it so far, for each connection."""
    text = lines(say("reconcile.title"), "", *told.values(), "", foot(now))
    buttons = (Button(word("button.reconcile"), "reconcile"), Button(word("home.orders_plain"), "orders"))
    return Screen(fit(text), (buttons, (back(),)) if finished else ())
