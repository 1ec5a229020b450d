"""What is said of a live book that does not go together with the mode or the config: what is open, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from bot.screens.fields import Fields
from bot.text import Html, lines, say


def _on_paper(it: Fields) -> Html:
    return say("notice.on_paper", connection=it.text("connection"))


def _kept_live(it: Fields) -> Html:
    return lines(say("notice.kept_live", connection=it.text("connection")), *_open(it))


def _left_behind(it: Fields) -> Html:
    return lines(say("notice.left_behind", connection=it.text("connection")), *_open(it))


def _elsewhere(it: Fields) -> Html:
    connection, venue, before = it.text("connection"), it.text("venue"), it.text("before")
    if it.has("reason"):
        reason = it.text("reason")
        return say(
            "notice.elsewhere_unreadable", connection=connection, venue=venue, before=before, reason=reason
        )
    told = say("notice.elsewhere", connection=connection, venue=venue, before=before)
    return lines(told, *_open(it))


def _open(it: Fields) -> list[Html | None]:
    """Last, since a long list is what may be cut off."""
    return [
        say("notice.open_positions", open=it.text("positions")) if it.has("positions") else None,
        say("notice.open_orders", open=it.text("orders")) if it.has("orders") else None,
    ]


def _unreadable(it: Fields) -> Html:
    return say("notice.live_unreadable", connection=it.text("connection"), reason=it.text("reason"))


LIVE_BODIES: dict[str, Callable[[Fields], Html]] = {
    "on_paper": _on_paper,
    "kept_live": _kept_live,
    "left_behind": _left_behind,
    "elsewhere": _elsewhere,
    "live_unreadable": _unreadable,
}
