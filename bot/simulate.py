"""`pocketdesk simulate`: the simulation of the sandbox, with the storage room's journal in memory."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from bot.cli import say
from storage.memory import MemoryJournal


def simulate(options: argparse.Namespace) -> int:
    """The exit code: 1 if a law was broken, 2 for options that make no sense."""
    module = import_module("sandbox.simulation.cli")
    try:
        return int(module.run(options, MemoryJournal, say))
    except ValueError as error:
        say(str(error), sys.stderr)
        return 2
