"""A strategy file of the owner's, in its own process: loaded, described, asked. Whatever it does stays here."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from engine.series import Candles
from engine.strategies.base import Decision, Parameters, Strategy, View
from engine.strategies.describe import describe
from engine.strategies.files import load_file
from engine.strategies.wording import problems_of
from engine.workers.channel import frame, receive_now

VALUES = 5
"""Of each candle, beside its time: open, high, low, close, volume."""


def main(wire: socket.socket, words: list[str]) -> None:
    """Serve until the desk is gone."""
    strategy, problem = load_file(Path(words[0]))
    if strategy is None:
        wire.sendall(frame({"problem": problem}))
        return
    wire.sendall(frame(_said_of(strategy)))
    while True:
        try:
            asked, blob = receive_now(wire)
        except (EOFError, OSError):
            return
        wire.sendall(frame(_answer(strategy, asked, blob)))


def _said_of(strategy: Strategy[Any]) -> dict[str, Any]:
    told = describe(strategy)
    return {
        "name": told.name,
        "title": told.title,
        "summary": told.summary,
        "timeframes": list(strategy.timeframes),
        "parameters": [
            [one.name, one.type, one.default, one.bounds, one.description] for one in told.parameters
        ],
    }


def _answer(strategy: Strategy[Any], asked: Mapping[str, Any], blob: bytes) -> dict[str, Any]:
    """What it raises is an answer, too: the desk tells it, and asks again at the next close."""
    try:
        parameters = strategy.parameters.model_validate(dict(asked["values"]))
    except ValidationError as error:
        return {"denied": problems_of(error, strategy.parameters)}
    try:
        if asked["do"] == "bind":
            return {"need": int(strategy.warm_up(parameters))}
        return {"decision": _as_words(_decide(strategy, parameters, asked, blob))}
    except Exception as error:  # the owner's code may raise anything; he is told
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def _decide(strategy: Strategy[Any], parameters: Parameters, asked: Mapping[str, Any], blob: bytes) -> object:
    frames, place = [], 0
    for timeframe, count in asked["frames"]:
        times = np.frombuffer(blob, dtype=np.int64, count=count, offset=place)
        rest = np.frombuffer(blob, dtype=np.float64, count=count * VALUES, offset=place + times.nbytes)
        place += times.nbytes + rest.nbytes
        opened, high, low, close, volume = rest.reshape(VALUES, count)
        frames.append(Candles(timeframe, times, opened, high, low, close, volume))
    view = View(datetime.fromisoformat(asked["close_at"]), tuple(frames))
    return strategy.decide(view, parameters)


def _as_words(decision: object) -> dict[str, Any] | None:
    """Raises TypeError for what is no Decision; numbers that are none are told by name."""
    if decision is None:
        return None
    if not isinstance(decision, Decision):
        raise TypeError(f"decide() must return a Decision or None, not {type(decision).__name__}")
    return {
        "action": str(decision.action),
        "reason": str(decision.reason)[:500],
        "direction": str(decision.direction),
        "stop_distance": _number(decision.stop_distance),
        "take_profit_distance": _number(decision.take_profit_distance),
    }


def _number(value: object) -> float | str | None:
    """As text what JSON can't say: the desk refuses it with its name."""
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    return number if np.isfinite(number) else str(number)
