"""Foreign code can't hold up, end or starve the desk (law 16, P14): the worst of it at once, in the real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.bad_strategies import hold_out

GENEROUS = 10.0
"""Seconds to the answer; other tests run beside this one."""


@pytest.mark.parametrize(
    "kinds",
    [
        ("loops", "exits_hard", "segfaults", "eats_memory", "raises_base"),
        (
            "imports_for_ever",
            "exits_at_import",
            "starts_threads",
            "forks",
            "gives_nan",
            "writes_to_every_file",
        ),
    ],
    ids=lambda kinds: "-".join(kinds[:3]),
)
async def test_p14_law_16_bad_strategies_are_told_of_and_protection_goes_on(
    tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    seen = await hold_out(tmp_path, kinds)
    assert seen.told == set(kinds)
    assert seen.halt_seconds < GENEROUS
    assert seen.sold
