"""Whether Telegram answers, and knows the token."""

from __future__ import annotations

import httpx

from bot.config_models import Telegram
from bot.findings import Finding, fail, ok, warn

TIMEOUT = 10.0


async def check_token(telegram: Telegram, timeout: float = TIMEOUT) -> list[Finding]:
    """Asks who the bot is (getMe), and whether another program has its updates sent elsewhere."""
    token = telegram.token.get_secret_value()
    try:
        async with httpx.AsyncClient(base_url=f"{telegram.api_base}/bot{token}/", timeout=timeout) as client:
            answer = await client.get("getMe")
            if answer.status_code in (401, 404):
                return [fail("telegram: the token is refused; ask @BotFather for a new one (telegram.token)")]
            name = answer.json()["result"]["username"]
            hook = (await client.get("getWebhookInfo")).json().get("result", {}).get("url")
    except httpx.HTTPError as error:
        # The error's own words may hold the address, and the token is in it.
        return [fail(f"telegram: {telegram.api_base} can't be reached ({type(error).__name__})")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [
            fail(f"telegram: {telegram.api_base} does not answer like a Bot API server (telegram.api_base)")
        ]
    found = [ok(f"telegram: the token belongs to @{name}")]
    if hook:
        found.append(
            warn("telegram: updates go to a webhook of another program; the bot will take them over")
        )
    return found
