"""Files and folders that are for one person only (law 14, K2)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from storage import private


def test_new_folders_are_private_and_existing_ones_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_links_and_files_that_are_gone_are_passed_over(tmp_path: Path) -> None:
    target = tmp_path / "somebody-elses"
    target.touch()
    target.chmod(0o644)
    (tmp_path / "link").symlink_to(target)
    private.close_files([tmp_path / "link", tmp_path / "gone"])
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_can_not_be_looked_at_is_a_sentence(tmp_path: Path) -> None:
    assert "can't be looked at" in private.close_folder(tmp_path / "gone", lambda name: True)


def test_k2_a_group_without_a_name_is_told_by_its_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(number: int) -> object:
        raise KeyError(number)

    file = tmp_path / "secret"
    file.touch()
    file.chmod(0o640)
    number = file.stat().st_gid
    monkeypatch.setattr("storage.private.grp.getgrgid", unknown)
    monkeypatch.setattr(
        "storage.private.pwd.getpwall", lambda: [SimpleNamespace(pw_gid=number, pw_uid=54_321)]
    )
    assert private.who_can_read(file) == f"the group {number}"
