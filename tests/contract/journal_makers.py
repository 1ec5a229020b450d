"""Databases for the contract suites: a SQLite file, and PostgreSQL where its server is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def postgres_folder() -> Path | None:
    """Where `initdb` and `postgres` lie, None when no server is installed."""
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in candidates if (folder / "postgres").exists()), None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """A server of our own on a socket in a short folder; yields its URL without a database's name."""
    binaries = postgres_folder()
    assert binaries is not None
    # A socket's path may have 107 characters: pytest's folders are too long.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        user = _server_user()
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        _run(
            [str(binaries / "initdb"), "-D", data, "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-sync"],
            user,
        )
        options = [f"-k{folder}", "-clisten_addresses=", "-cmax_connections=30", "-cshared_buffers=16MB"]
        control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-t", "60"]
        _run([*control, "-o", " ".join(options), "-l", f"{folder}/log", "start"], user)
        try:
            yield f"postgresql://desk@/{{name}}?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"], user)


def _server_user() -> str | None:
    """The server refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _run(command: list[str], user: str | None) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run(
        command,
        check=True,
        user=user,
        env=environment,
        cwd="/",
        timeout=90,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def fresh_database(server: str) -> str:
    """The URL of a new, empty database on the server."""
    import asyncpg

    name = f"desk_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.format(name="postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return server.format(name=name)
