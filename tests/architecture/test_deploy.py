"""The container as the README tells it: that compose file, image, settings and commands fit each other.

No engine runs here; what they say is held against what the program reads.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot.cli import _parser
from bot.config import load
from bot.config_sources import is_secret

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
UID = "10001"
IN_IMAGE = "/etc/pocketdesk/config.toml"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def service(compose: dict[str, Any]) -> dict[str, Any]:
    (found,) = compose["services"].values()
    assert isinstance(found, dict)
    return found


def mounts(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is bound from the host, by where it is in the container."""
    return {one["target"]: one for one in service["volumes"] if isinstance(one, dict)}


def block() -> str:
    """The README's commands for a container."""
    found = re.search(r"In a container(?s:.*?)```\n((?s:.*?))```", README)
    assert found is not None
    return found[1]


def last(instruction: str) -> str:
    """An instruction of the image's last stage, continued lines joined."""
    stage = DOCKERFILE.rpartition("\nFROM ")[2].replace("\\\n", " ")
    found = re.findall(rf"^ *{instruction} (.*)$", stage, re.MULTILINE)
    assert found, instruction
    return str(found[-1])


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(last("ENV")))


def test_it_runs_without_rights_on_a_file_system_that_is_read_only(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "ports" not in service, "nothing is to be reached from outside"
    assert "user" not in service
    assert last("USER") == "pocketdesk"
    assert f"useradd --uid {UID}" in DOCKERFILE
    assert all(one["read_only"] for one in mounts(service).values())


def test_what_must_last_is_in_the_volume_and_nothing_else_is_written(
    compose: dict[str, Any], service: dict[str, Any]
) -> None:
    assert [one for one in service["volumes"] if isinstance(one, str)] == ["data:/data"]
    assert list(compose["volumes"]) == ["data"]
    assert last("VOLUME") == "/data"
    assert "install -d -o pocketdesk -g pocketdesk -m 700 /data" in DOCKERFILE, (
        "else its volume belongs to root"
    )
    for name in ("POCKETDESK__STORAGE__PATH", "POCKETDESK__LOGS__FOLDER"):
        assert environment()[name].startswith("/data/")
    assert environment()["MPLCONFIGDIR"].startswith("/tmp/")


def test_the_image_is_built_from_what_is_there(service: dict[str, Any]) -> None:
    assert (DEPLOY / service["build"]["context"] / "Dockerfile").samefile(ROOT / "Dockerfile")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*", "secrets beside the compose file must not go to the builder"
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored
    words = re.findall(r'"([^"]+)"', last("CMD"))
    assert _parser().parse_args(words).config == Path(IN_IMAGE)
    watched = re.findall(r'"([^"]+)"', last("HEALTHCHECK"))
    assert watched[0] == "pocketdesk"
    assert _parser().parse_args(watched[1:]).config == Path(IN_IMAGE)


def test_keys_and_own_strategies_are_read_from_where_they_are_mounted(
    service: dict[str, Any], tmp_path: Path
) -> None:
    """With the example's settings, the names of the files as README and compose file say."""
    bound = mounts(service)
    assert bound[IN_IMAGE]["source"] == "./config.toml"
    assert bound["/run/secrets"]["source"] == "./secrets"
    assert bound["/etc/pocketdesk/strategies"]["source"] == "./strategies"
    said = (DEPLOY / "compose.yaml").read_text(encoding="utf-8") + block()
    names = set(re.findall(r"\b((?:telegram|connections)\.[\w.]+)\b", said))
    assert names == {"telegram.token", "connections.main.key", "connections.main.secret"}
    for name in names:
        assert is_secret(tuple(name.split(".")))
        (tmp_path / name).write_text("1:secret-of-this-test\n", encoding="utf-8")
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    text = text.replace('# folder = "strategies"', 'folder = "strategies"').replace(
        "# live = false", "live = true"
    )
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "config.toml", {**environment(), "POCKETDESK_SECRETS": str(tmp_path)}).config
    connection = config.connections["main"]
    assert connection.live
    assert config.telegram.token.get_secret_value() == "1:secret-of-this-test"
    assert connection.key is not None
    assert connection.secret is not None
    assert config.strategies.folder == tmp_path / "strategies", "beside the settings, as it is mounted"
    assert str(config.storage.path) == "/data/pocketdesk.db"
    assert str(config.logs.folder) == "/data/logs"
    assert config.health.enabled


def test_the_readme_names_real_files_services_and_commands(compose: dict[str, Any]) -> None:
    lines = block().splitlines()
    composed = [line.partition("#")[0].split() for line in lines if line.startswith("docker")]
    assert composed
    for words in composed:
        assert words[:4] == ["docker", "compose", "-f", "deploy/compose.yaml"]
        if words[4] == "run":
            at = next(place for place, word in enumerate(words[5:], 5) if not word.startswith("-"))
            assert words[at] in compose["services"]
            assert _parser().parse_args(words[at + 1 :]).config == Path(IN_IMAGE)
        else:
            assert words[4] in ("up", "logs")
    copied = next(line for line in lines if line.startswith("cp ")).split()
    assert (ROOT / copied[1]).is_file()
    assert copied[2] == "deploy/config.toml"
    assert f"chown -R {UID} deploy/secrets" in block()
    for made in ("deploy/secrets", "deploy/strategies"):
        assert made in next(line for line in lines if line.startswith("mkdir"))


def test_what_is_laid_beside_the_compose_file_is_never_committed() -> None:
    for name in ("config.toml", "secrets/telegram.token", "strategies/own.py"):
        asked = subprocess.run(["git", "check-ignore", "-q", f"deploy/{name}"], cwd=ROOT, check=False)
        assert asked.returncode == 0, name
