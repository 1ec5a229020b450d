"""The one table of commands: the menu, /help, docs/commands.md and what is obeyed are all made from it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from bot.text import known, word


class Risk(StrEnum):
    """What asking can lead to. Safer acts at once; riskier is confirmed first; reading changes nothing."""

    READS = "reads"
    SAFER = "safer"
    RISKIER = "riskier"


class Kind(StrEnum):
    """What an argument names; each is also the key under which a handler finds it."""

    CONNECTION = "c"
    POSITION = "p"
    SYMBOL = "s"
    TIMEFRAME = "tf"
    DAYS = "days"
    PRESET = "preset"
    STRATEGY = "strategy"
    AMOUNT = "amount"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Command:
    """`verb` is the handler's name, `fixed` what the command says by itself. Every argument may be left out."""

    name: str
    verb: str
    risk: Risk = Risk.READS
    arguments: tuple[Kind, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    example: str = ""
    group: str = "look"

    @property
    def help(self) -> str:
        return word(f"command.{self.name}")

    @property
    def usage(self) -> str:
        """`/chart [instrument] [timeframe]`."""
        return " ".join([f"/{self.name}", *(f"[{known('argument', one)}]" for one in self.arguments)])


_C = Kind.CONNECTION

COMMANDS: tuple[Command, ...] = (
    Command("start", "home"),
    Command("desk", "desk"),
    Command("positions", "positions", arguments=(_C,), example="/positions"),
    Command("orders", "orders", arguments=(_C,), example="/orders"),
    Command("trades", "trades", arguments=(_C,), example="/trades"),
    Command("profit", "profit", arguments=(Kind.DAYS, _C), example="/profit 30"),
    Command("daily", "profit", arguments=(_C,), fixed=(("period", "day"), ("days", "14")), example="/daily"),
    Command(
        "weekly", "profit", arguments=(_C,), fixed=(("period", "week"), ("days", "84")), example="/weekly"
    ),
    Command(
        "monthly", "profit", arguments=(_C,), fixed=(("period", "month"), ("days", "365")), example="/monthly"
    ),
    Command("balance", "balance", arguments=(_C,), example="/balance"),
    Command("performance", "performance", arguments=(_C,), example="/performance"),
    Command("chart", "chart", arguments=(Kind.SYMBOL, Kind.TIMEFRAME, _C), example="/chart BTC 1h"),
    Command("pause", "pause", Risk.SAFER, (_C,), example="/pause", group="steer"),
    Command("halt", "halt", Risk.SAFER, (_C,), example="/halt", group="steer"),
    Command("resume", "resume", Risk.RISKIER, (_C,), example="/resume", group="steer"),
    Command("close", "close", Risk.RISKIER, (Kind.POSITION, _C), example="/close BTC", group="steer"),
    Command("flatten", "flatten", Risk.RISKIER, (_C,), example="/flatten", group="steer"),
    Command(
        "buy", "buy", Risk.RISKIER, (Kind.SYMBOL, Kind.AMOUNT, _C), example="/buy BTC 250", group="steer"
    ),
    Command(
        "sell",
        "sell",
        Risk.RISKIER,
        (Kind.POSITION, Kind.SYMBOL, Kind.SHARE, _C),
        example="/sell BTC",
        group="steer",
    ),
    Command("reconcile", "reconcile", Risk.SAFER, (_C,), example="/reconcile", group="steer"),
    Command("live", "live", Risk.RISKIER, (_C,), example="/live", group="steer"),
    Command("connections", "connections", arguments=(_C,), example="/connections", group="desk"),
    Command("presets", "presets", Risk.READS, (Kind.PRESET, _C), example="/presets", group="desk"),
    Command("strategies", "strategies", arguments=(Kind.STRATEGY,), example="/strategies", group="desk"),
    Command("risk", "risk", arguments=(_C,), example="/risk", group="desk"),
    Command("alerts", "alerts", group="desk"),
    Command("health", "health", group="desk"),
    Command("version", "version", group="desk"),
    Command("help", "help", group="desk"),
)
BY_NAME = {one.name: one for one in COMMANDS}
GROUPS = ("look", "steer", "desk")


def nearest(name: str, likeness: float = 0.5) -> str | None:
    """The command that an unknown one was probably meant to be. `likeness`: from 0, anything, to 1, the same."""
    found = difflib.get_close_matches(name.lower(), BY_NAME, n=1, cutoff=likeness)
    return found[0] if found else None


def document() -> str:
    """docs/commands.md."""
    parts = ["# Commands", "", word("document.intro"), ""]
    for group in GROUPS:
        parts += [f"## {known('group', group)}", ""]
        parts += ["| command | what it does | risk | example |", "|---|---|---|---|"]
        parts += [_line(one) for one in COMMANDS if one.group == group]
        parts.append("")
    return "\n".join([*parts, word("document.risks")]) + "\n"


def _line(one: Command) -> str:
    return (
        f"| `{one.usage}` | {one.help} | {known('risk_word', one.risk)} | `{one.example or '/' + one.name}` |"
    )


def main() -> None:
    """Write docs/commands.md to standard output."""
    import sys

    sys.stdout.write(document())


if __name__ == "__main__":
    main()
