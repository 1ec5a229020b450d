"""The bodies of the control API's requests."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.telegram.model import Json
from sandbox.telegram.people import Voice
from sandbox.telegram.world import OWNER


class Body(BaseModel):
    """A request body; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class InChat(Body):
    """Who acts, and where: his private chat with the bot unless said otherwise."""

    user: int = OWNER
    chat: int | None = None


class SendText(InChat):
    """Say something; `forwarded_from` makes it a forward of that person's words."""

    text: str
    reply_to: int | None = None
    voice: Voice = "self"
    forwarded_from: int | None = None
    via_bot: bool = False


class SendSticker(InChat):
    """Send a sticker."""

    emoji: str = Field(default="👍", min_length=1, max_length=16)


class Forward(InChat):
    """Forward a message of `chat` to the chat `to`."""

    message: int
    to: int | None = None


class Edit(InChat):
    """Change one's own message."""

    message: int
    text: str


class OneMessage(InChat):
    """Something done to one message."""

    message: int


class Press(OneMessage):
    """Press the button with this text or this data; data that no button carries is sent as a forged one."""

    button: str | None = None
    data: str | None = None
    timeout: float = Field(default=10.0, ge=0, le=120)


class Block(Body):
    """Block the bot or take it back."""

    user: int = OWNER
    blocked: bool = True


class NewPerson(Body):
    """One more person to play."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    groups: list[int] = Field(default_factory=list)


class Membership(InChat):
    """Put the bot into a chat or throw it out."""

    status: Literal["member", "kicked", "left"]


class RawUpdate(Body):
    """Any update, as it is, for kinds that no person of the sandbox can cause."""

    kind: str
    payload: Json


class Webhook(Body):
    """Where updates are sent instead of being polled."""

    url: str = ""


class Switch(Body):
    """On or off."""

    on: bool


class Advance(Body):
    """Let time pass."""

    seconds: float = Field(ge=0)
