"""Asks a running bot's health page; apart from the page itself, so that the watchdog's command stays quick."""

from __future__ import annotations

import http.client
import json


def ask_health(port: int, timeout: float = 5) -> tuple[bool, str]:
    """Whether the bot on this machine is well, and a sentence for the watchdog's log."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        report = json.loads(answer.read())
        why = "; ".join(map(str, report["why"]))
        uptime = int(report["uptime_seconds"])
    except (OSError, http.client.HTTPException, ValueError) as error:
        return False, f"no health page on 127.0.0.1:{port}: {error}"
    except (LookupError, TypeError, AttributeError):
        return False, f"no health page on 127.0.0.1:{port}: another program answers there"
    finally:
        connection.close()
    if answer.status == 200:
        return True, f"ok, up for {uptime} s"
    return False, why
