"""What a worker does without, so that one for each strategy file of the owner's stays small."""

from __future__ import annotations

import sys
from types import ModuleType


def without_plugins() -> None:
    """pydantic looks for plugins among all that is installed, with the first model that is made: 2 MB of modules that
    read mail headers and archives. There are none here, so it is told so, before it is imported."""
    loader = ModuleType("pydantic.plugin._loader")
    vars(loader)["get_plugins"] = tuple
    sys.modules[loader.__name__] = loader
