"""The Bot API's methods, by the name in the address (which is not case-sensitive)."""

from __future__ import annotations

from sandbox.telegram.methods import basics, callbacks, chats, editing, pins, sending, settings
from sandbox.telegram.methods.common import Call, Method

METHODS: dict[str, Method] = {
    "getMe": basics.get_me,
    "getUpdates": basics.get_updates,
    "deleteWebhook": basics.delete_webhook,
    "setWebhook": basics.set_webhook,
    "getWebhookInfo": basics.get_webhook_info,
    "logOut": basics.log_out,
    "close": basics.log_out,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendMediaGroup": sending.send_media_group,
    "sendChatAction": sending.send_chat_action,
    "forwardMessage": sending.forward_message,
    "copyMessage": sending.copy_message,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "pinChatMessage": pins.pin_chat_message,
    "unpinChatMessage": pins.unpin_chat_message,
    "unpinAllChatMessages": pins.unpin_all_chat_messages,
    "answerCallbackQuery": callbacks.answer_callback_query,
    "setMyCommands": settings.set_my_commands,
    "getMyCommands": settings.get_my_commands,
    "deleteMyCommands": settings.delete_my_commands,
    "setMyName": settings.setter("name"),
    "getMyName": settings.getter("name"),
    "setMyDescription": settings.setter("description"),
    "getMyDescription": settings.getter("description"),
    "setMyShortDescription": settings.setter("short_description"),
    "getMyShortDescription": settings.getter("short_description"),
    "setChatMenuButton": settings.set_chat_menu_button,
    "getChatMenuButton": settings.get_chat_menu_button,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatAdministrators": chats.get_chat_administrators,
    "getChatMemberCount": chats.get_chat_member_count,
    "leaveChat": chats.leave_chat,
    "getFile": chats.get_file,
    "setMessageReaction": chats.set_message_reaction,
}

_BY_LOWER_NAME = {name.lower(): (name, method) for name, method in METHODS.items()}


def find_method(name: str) -> tuple[str, Method] | None:
    """The method's own spelling and its function, or None when the sandbox does not know it."""
    return _BY_LOWER_NAME.get(name.lower())


__all__ = ["METHODS", "Call", "Method", "find_method"]
