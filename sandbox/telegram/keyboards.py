"""Checks a reply markup as the real server does and gives it the form in which messages carry it."""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram.errors import bad_request
from sandbox.telegram.model import Json
from sandbox.telegram.parameters import Parameters

_ADDRESS = re.compile(
    r"(?:https?://|tg://)?[^\s/]+\.[^\s]+$|tg://\S+$|https?://(?:localhost|[\w.-]+)(?::\d+)?(?:/\S*)?$"
)
_MOST_BUTTONS = 100


def read_markup(parameters: Parameters) -> Json | None:
    """The call's reply markup, checked; None when there is none. Raises `ApiError` 400."""
    markup = parameters.mapping("reply_markup", "reply markup")
    if not markup:
        return None
    if "inline_keyboard" in markup:
        rows = [
            [_inline_button(button) for button in row] for row in _rows(markup["inline_keyboard"], "inline ")
        ]
        kept = [row for row in rows if row]
        if sum(len(row) for row in kept) > _MOST_BUTTONS:
            raise bad_request("REPLY_MARKUP_TOO_LONG")
        return {"inline_keyboard": kept} if kept else None
    if "keyboard" in markup:
        rows = [[_reply_button(button) for button in row] for row in _rows(markup["keyboard"], "")]
        return {**markup, "keyboard": rows}
    return markup


def inline_only(markup: Json | None) -> Json | None:
    """What an edit accepts; raises `ApiError` for another kind of markup."""
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def _rows(value: Any, kind: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise bad_request(f"can't parse {kind}keyboard button: Expected an Array of Arrays")
    return value


def _inline_button(button: Any) -> Json:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if len(button) == 1:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _ADDRESS.match(str(button["url"])):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    return button


def _reply_button(button: Any) -> Json:
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        raise bad_request('can\'t parse keyboard button: Field "text" must be of type String')
    return button
