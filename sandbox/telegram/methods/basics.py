"""The bot itself and its connection: who it is, polling, webhooks."""

from __future__ import annotations

from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.methods.common import Call
from sandbox.telegram.model import Json
from sandbox.telegram.wire import me_json


async def get_me(call: Call) -> Json:
    """`getMe`."""
    return me_json(call.world)


async def get_updates(call: Call) -> list[Json]:
    """`getUpdates`; see `UpdateQueue.poll`."""
    given = call.parameters.parsed("allowed_updates", "allowed updates")
    allowed = [str(kind) for kind in given] if isinstance(given, list) else None
    return await call.world.updates.poll(
        call.parameters.integer("offset"),
        call.parameters.integer("limit", 100),
        call.parameters.integer("timeout"),
        allowed,
    )


async def delete_webhook(call: Call) -> bool:
    """`deleteWebhook`; one is there where the test bench has set it, as another program would have."""
    call.world.updates.pending.webhook = ""
    if call.parameters.flag("drop_pending_updates"):
        call.world.updates.drop()
    return True


async def set_webhook(call: Call) -> bool:
    """`setWebhook`: an empty address removes it; any other is refused, the sandbox calls nobody."""
    if not call.parameters.text("url"):
        return await delete_webhook(call)
    raise bad_request("bad webhook: the sandbox delivers updates by getUpdates only")


async def get_webhook_info(call: Call) -> Json:
    """`getWebhookInfo`."""
    pending = call.world.memory.updates
    info: Json = {
        "url": pending.webhook,
        "has_custom_certificate": False,
        "pending_update_count": len(pending.waiting),
    }
    return info | ({"allowed_updates": pending.allowed} if pending.allowed else {})


async def log_out(call: Call) -> bool:
    """`logOut` and `close`."""
    if call.world.memory.token_revoked:
        raise ApiError(401, "Unauthorized")
    return True
