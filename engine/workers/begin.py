"""The first thing that runs in a worker: `python -m engine.workers.begin SOCKET LIMITS MODULE WORDS…`.

It sets the limits, keeps the socket for itself and hands over to MODULE's `main(wire, words)`.
"""

from __future__ import annotations

import importlib
import socket
import sys

from engine.workers import lean, limits


def main() -> None:
    number, allowed, module, *words = sys.argv[1:]
    wire = socket.socket(fileno=int(number))
    wire.set_inheritable(False)
    sys.argv = [module]
    limits.apply(allowed)
    if not limits.LIMITS[allowed].ours:
        lean.without_plugins()
    importlib.import_module(module).main(wire, words)


if __name__ == "__main__":
    main()
