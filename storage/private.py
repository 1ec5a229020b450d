"""Files and folders that are for the one who runs this only: money, names and secrets are in them (law 14)."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from loguru import logger

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
FILE, FOLDER = 0o600, 0o700


def make_folder(folder: Path) -> None:
    """It and what is missing above it; new ones are private."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=FOLDER, exist_ok=True)


def close_files(files: Iterable[Path]) -> None:
    """Those of ours that others may read, from a version or a copy that left them so."""
    for file in files:
        with suppress(FileNotFoundError):  # gone meanwhile
            if told := _close_file(file):
                logger.warning("{}", told)


def _close_file(file: Path) -> str:
    try:
        found = file.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS and found.st_uid == os.geteuid():
            file.chmod(FILE)
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"{file}: its rights can't be changed, others may be able to read it: {error.strerror}"
    return ""


def close_made(file: Path) -> None:
    """A file that we have just made. On a share it may belong to somebody else, and have rights that can't be changed:
    then that is logged, and it serves as it is."""
    try:
        file.chmod(FILE)
    except OSError as error:
        logger.warning("{}: its rights can't be changed: {}; see who may read it", file, error.strerror)


def close_folder(folder: Path, is_ours: Callable[[str], bool]) -> str:
    """Make it private if it holds nothing but what `is_ours` knows by name. Otherwise a sentence for whoever runs this:
    it is a folder for more than us, whose rights are not for us to change. Empty when all is well."""
    try:
        found = folder.stat()
        if not found.st_mode & _OTHERS:
            return ""
        if found.st_mode & stat.S_ISVTX:
            return (
                f"{folder}: this folder is for everybody on this machine, as /tmp is; "
                "give Pocketdesk's files a folder of their own, with chmod 700"
            )
        if found.st_uid == os.geteuid() and all(is_ours(one.name) for one in folder.iterdir()):
            folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS | FOLDER)
            return ""
    except OSError as error:
        return f"{folder}: its rights can't be looked at or changed: {error.strerror}"
    return (
        f"{folder}: others on this machine can look into this folder, and it holds more than Pocketdesk's files; "
        "give these a folder of their own, with chmod 700"
    )


def who_can_read(file: Path) -> str:
    """Who besides its owner may read or change a file, in words; empty for nobody. Its group counts if somebody else is
    in it."""
    found = file.stat()
    if found.st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return "everybody on this machine"
    if found.st_mode & (stat.S_IRGRP | stat.S_IWGRP) and _others_in(found.st_gid, found.st_uid):
        return f"the group {_group(found.st_gid)}"
    return ""


def _others_in(group: int, owner: int) -> bool:
    trusted = {0, owner, os.geteuid()}
    with suppress(KeyError):
        for name in grp.getgrgid(group).gr_mem:
            with suppress(KeyError):
                if pwd.getpwnam(name).pw_uid not in trusted:
                    return True
    return any(one.pw_gid == group and one.pw_uid not in trusted for one in pwd.getpwall())


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
