"""What is wrong with a strategy's parameters, in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import ValidationError

from engine.strategies.base import Parameters


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'fast'?`, or all that there are."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(sorted(known))}"


def problems_of(error: ValidationError, model: type[Parameters]) -> str:
    """One sentence a value that is wrong."""
    parts = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            parts.append(f"it has no parameter {where!r}{nearest(where, model.model_fields)}")
        elif where:
            parts.append(f"{where}: {problem['msg']}, not {problem['input']!r}")
        else:
            parts.append(problem["msg"].removeprefix("Value error, "))
    return "; ".join(parts)
