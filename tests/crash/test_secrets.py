"""Ten planted secrets, all faults, the real process: found nowhere (law 14, P16)."""

from __future__ import annotations

from pathlib import Path

from tests.crash.planted import NAMES, Places, forms
from tests.crash.secrets_everywhere import PLACES, search


async def test_law_14_p16_ten_planted_secrets_are_found_nowhere(tmp_path: Path) -> None:
    rows = await search(tmp_path)
    assert {(secret, place) for secret, place, _ in rows} == {
        (name, place) for name in NAMES for place in PLACES
    }
    assert [row for row in rows if row[2]] == []


def test_what_is_planted_would_be_found() -> None:
    places = Places()
    for number, form in enumerate(sorted(forms("Zq7secret-of-nobody/at+all"))):
        places.add("log", f"line {number}: {form}\n")
    assert places.rows({"one": "Zq7secret-of-nobody/at+all"})[0][2] >= number
