"""The answer to a pressed button."""

from __future__ import annotations

from sandbox.telegram.errors import QUERY_TOO_OLD, bad_request
from sandbox.telegram.events import Event
from sandbox.telegram.methods.common import Call

ANSWER_WITHIN_SECONDS = 60
"""Telegram does not document its own patience; a minute is on the strict side of what is seen in practice."""
_LONGEST_ANSWER = 200


async def answer_callback_query(call: Call) -> bool:
    """`answerCallbackQuery`: ends the button's loading state, with a toast or an alert when there is a text."""
    query = call.world.memory.queries.get(call.parameters.text("callback_query_id"))
    if query is None or query.answered or call.world.clock.now() - query.created > ANSWER_WITHIN_SECONDS:
        raise bad_request(QUERY_TOO_OLD)
    text = call.parameters.text("text")
    if len(text) > _LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    query.answered = True
    query.text = text or None
    query.show_alert = call.parameters.flag("show_alert")
    query.url = call.parameters.text("url") or None
    call.world.hub.publish(Event("answer", query.model_dump(mode="json"), query.chat_id, query.user_id))
    return True
