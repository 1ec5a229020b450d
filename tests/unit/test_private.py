"""Files and folders that are for one person only (law 14, K2)."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from loguru import logger

from engine.clock import ManualClock
from storage import private
from storage.backup import backup
from storage.store import Store


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


@pytest.mark.parametrize("code", [errno.EPERM, errno.EROFS, errno.EOPNOTSUPP])
async def test_k2_a_disk_that_keeps_no_rights_stops_neither_start_nor_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """On a share files may belong to somebody else, and have no rights of their own."""
    url, clock = f"sqlite:///{tmp_path}/desk.db", ManualClock(datetime(2026, 1, 2, tzinfo=UTC))
    await (await Store.open(url, clock, holder="t")).close()
    (tmp_path / "desk.db").chmod(0o644)

    def refuse(path: Path, mode: int, **_: object) -> None:
        raise OSError(code, os.strerror(code), str(path))

    said: list[str] = []
    handler = logger.add(lambda message: said.append(str(message)))
    monkeypatch.setattr(os, "chmod", refuse)
    await (await Store.open(url, clock, holder="t")).close()
    assert backup(url, tmp_path / "copy.db").books == 0
    logger.remove(handler)
    assert any("desk.db: its rights can't be changed" in one for one in said)
    assert any("copy.db.unfinished: its rights can't be changed" in one for one in said)


def test_k2_a_folder_for_everybody_stays_so_and_special_bits_are_kept(tmp_path: Path) -> None:
    (tmp_path / "desk.db").touch()
    tmp_path.chmod(0o1777)
    assert "for everybody on this machine" in private.close_folder(tmp_path, lambda name: True)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777
    tmp_path.chmod(0o2750)
    assert private.close_folder(tmp_path, lambda name: True) == ""
    assert tmp_path.stat().st_mode & 0o7777 == 0o2700
