"""A decision that was not stored leaves no trace in the state that it began with."""

from __future__ import annotations

from dataclasses import fields

import pytest

from engine.core.state import TraderState


@pytest.mark.parametrize("name", [one.name for one in fields(TraderState)])
def test_law_2_nothing_that_can_change_is_shared_by_two_copies(name: str) -> None:
    state = TraderState()
    held = getattr(state, name)
    changes = isinstance(held, dict | list | set)
    assert not changes or getattr(state.copy(), name) is not held
