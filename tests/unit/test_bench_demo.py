"""The benchmark of `make demo` is itself run by make, whose own arguments must not reach the demo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.bench_demo import own_words

INNER = "show:\n\t@echo got=[$(ARGS)]\n"
OUTER = "bench:\n\t@env\n"


def test_what_the_outer_make_was_told_does_not_reach_the_inner_one(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer.mk", tmp_path / "inner.mk"
    outer.write_text(OUTER, encoding="utf-8")
    inner.write_text(INNER, encoding="utf-8")
    found = subprocess.run(
        ["make", "-f", outer, "bench", "ARGS=--quick"], capture_output=True, text=True, check=True
    )
    inside = dict(line.partition("=")[::2] for line in found.stdout.splitlines() if "=" in line)
    assert "ARGS" in inside, "make hands its variables on"
    for environment, said in ((inside, "got=[--quick]"), (own_words(inside), "got=[]")):
        told = subprocess.run(
            ["make", "-f", inner], env=environment, capture_output=True, text=True, check=True
        )
        assert said in told.stdout.splitlines()


def test_nothing_else_is_taken_away() -> None:
    assert own_words({"PATH": os.defpath, "MAKEFLAGS": "w", "MFLAGS": "-w"}) == {"PATH": os.defpath}
