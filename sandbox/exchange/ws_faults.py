"""Where faults meet requests that come over a websocket, in every dialect."""

from collections.abc import Callable

from loguru import logger

from sandbox.exchange.connection import Connection
from sandbox.exchange.faults import Action, Faults, Rule


async def goes_on(faults: Faults, connection: Connection, rule: Rule, refuse: Callable[[Rule], None]) -> bool:
    """Do what the rule says; True if the request goes on after it. `refuse` answers with the dialect's own error."""
    match rule.action:
        case Action.DELAY:
            return not await faults.pause(rule.seconds)
        case Action.HANG:
            await faults.until_lifted(rule.seconds)
        case Action.DROP | Action.CUT:
            connection.abort()
        case Action.STATUS | Action.ECHO:
            refuse(rule)
        case Action.GARBAGE | Action.TRUNCATED:
            connection.reply("upstream is resting")
        case Action.DUPLICATE | Action.REPEAT | Action.REORDER:
            return True
        case Action.SILENCE:
            logger.debug("a request over a websocket is lost to fault {}", rule.id)
    return False
