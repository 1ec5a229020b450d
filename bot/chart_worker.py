"""The chart's own process (`engine/workers`): a question describes a chart, the answer is a PNG or says what is wrong.

matplotlib (some 50 MB) is imported here and nowhere else, so the desk stays small, and ends it when nobody asked for a
while.
"""

from __future__ import annotations

import io
import itertools
import os
import socket
import stat
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.workers.channel import frame, receive_now

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT, _DPI = 5.4, 6.0, 160
_BACK, _PANEL, _GRID, _TEXT, _DIM = "#0e1621", "#131d2a", "#22303f", "#e6edf3", "#7d8b99"
_UP, _DOWN, _LAST, _STOP, _TARGET, _ENTRY = "#26a69a", "#ef5350", "#f5c04a", "#ff6b6b", "#4fd1a5", "#6ab3f3"


def keep_fonts() -> None:
    """Give matplotlib one folder for its list of fonts. Where it finds none that it may write to, it makes a new one at
    each start, leaves that behind when it is killed, and looks through all fonts again, which takes seconds."""
    temporary = f"{tempfile.gettempdir()}/pocketdesk-fonts-{os.geteuid()}"
    for name in (os.environ.get("MPLCONFIGDIR"), "~/.cache/matplotlib", temporary):
        # the next one then; without any, matplotlib still draws (RuntimeError: nobody's home is known)
        with suppress(OSError, RuntimeError):
            if name and _serves(folder := Path(name).expanduser(), shared=name == temporary):
                os.environ["MPLCONFIGDIR"] = str(folder)
                return


def _serves(folder: Path, shared: bool) -> bool:
    """Whether it is there, made if need be, and may be written to. `shared`: anybody may make a folder of that name
    there, and would choose what is drawn with."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.access(folder, os.W_OK) and (not shared or _is_ours_alone(folder))


def _is_ours_alone(folder: Path) -> bool:
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return ours and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def draw(chart: dict[str, Any]) -> bytes:
    """A phone-shaped picture of candles, volume, executions and levels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor=_BACK)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2, 1, height_ratios=(5, 1), hspace=0.04, left=0.03, right=_room(chart), top=0.86, bottom=0.1
    )
    prices, volumes = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    candles = chart["candles"]
    _candles(prices, candles)
    _levels(prices, chart, len(candles))
    _marks(prices, chart)
    _volumes(volumes, candles)
    for panel in (prices, volumes):
        _style(panel, len(candles))
    for panel in (prices, volumes):
        _times(panel, candles, chart["seconds"])
    prices.tick_params(labelbottom=False)
    _title(figure, chart)
    target = io.BytesIO()
    figure.savefig(target, format="png", facecolor=_BACK)
    return target.getvalue()


def _room(chart: dict[str, Any]) -> float:
    """Where the panels end on the right, so that the longest label fits beside them."""
    longest = max((len(one["label"]) for one in chart["levels"]), default=8)
    return max(min(0.82, 0.968 - 0.0132 * longest), 0.6)


def _candles(axes: Axes, candles: list[list[float]]) -> None:
    """Wicks, then bodies; a candle without a body still shows as a dash."""
    rising = [row[4] >= row[1] for row in candles]
    colours = [_UP if up else _DOWN for up in rising]
    places = range(len(candles))
    axes.vlines(
        places, [row[3] for row in candles], [row[2] for row in candles], colors=colours, linewidth=0.9
    )
    spread = max(row[2] for row in candles) - min(row[3] for row in candles)
    thin = spread * 0.0015
    heights = [max(abs(row[4] - row[1]), thin) for row in candles]
    axes.bar(places, heights, 0.68, [min(row[1], row[4]) for row in candles], color=colours, linewidth=0)


def _volumes(axes: Axes, candles: list[list[float]]) -> None:
    colours = [_UP if row[4] >= row[1] else _DOWN for row in candles]
    axes.bar(range(len(candles)), [row[5] for row in candles], 0.68, color=colours, alpha=0.55, linewidth=0)
    axes.set_yticks([])


def _levels(axes: Axes, chart: dict[str, Any], count: int) -> None:
    """Last price, entries, stops and targets: a line each, named at the right edge, labels kept apart."""
    colours = {"last": _LAST, "stop": _STOP, "target": _TARGET, "entry": _ENTRY}
    low, high = _bounds(chart)
    axes.set_ylim(low, high)
    shown = [one for one in chart["levels"] if low <= one["price"] <= high]
    for one, place in zip(shown, _apart([one["price"] for one in shown], (high - low) * 0.042), strict=True):
        colour = colours.get(one["kind"], _DIM)
        dashes = "-" if one["kind"] == "last" else "--"
        axes.axhline(one["price"], color=colour, linewidth=0.9, linestyle=dashes, alpha=0.9)
        axes.annotate(
            one["label"], (count + 0.7, place), xycoords="data", fontsize=8.5, color=_BACK, weight="bold",
            va="center", annotation_clip=False, bbox={"boxstyle": "round,pad=0.22", "fc": colour, "ec": "none"},
        )  # fmt: skip


def _bounds(chart: dict[str, Any]) -> tuple[float, float]:
    """The candles' range and the levels near it: one far away must not press the candles flat."""
    low = min(row[3] for row in chart["candles"])
    high = max(row[2] for row in chart["candles"])
    room = max((high - low) * 0.9, high * 0.002)
    near = [one["price"] for one in chart["levels"] if low - room <= one["price"] <= high + room]
    low, high = min([low, *near]), max([high, *near])
    edge = max((high - low) * 0.06, high * 0.0005)
    return low - edge, high + edge


def _apart(places: list[float], least: float) -> list[float]:
    """Label heights moved up until none covers another."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in itertools.pairwise(order):
        moved[after] = max(moved[after], moved[before] + least)
    return moved


def _marks(axes: Axes, chart: dict[str, Any]) -> None:
    """Executions: a triangle below for what was bought, above for what was sold."""
    span = axes.get_ylim()[1] - axes.get_ylim()[0]
    for mark in chart["marks"]:
        bought = mark["side"] == "buy"
        axes.scatter(
            mark["place"], mark["price"] + span * (-0.022 if bought else 0.022), s=80,
            marker="^" if bought else "v", color=_ENTRY if bought else _LAST,
            edgecolors=_BACK, linewidths=0.9, zorder=5,
        )  # fmt: skip


def _style(axes: Axes, count: int) -> None:
    axes.set_facecolor(_PANEL)
    axes.set_xlim(-1.2, count + 0.4)
    axes.grid(True, color=_GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.yaxis.tick_right()
    axes.tick_params(colors=_DIM, labelsize=9, length=0, pad=4)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    for side in axes.spines.values():
        side.set_visible(False)


def _times(axes: Axes, candles: list[list[float]], seconds: int) -> None:
    """Five times along the bottom."""
    count = len(candles)
    places = (
        sorted({round(index * (count - 1) / 4) for index in range(5)}) if count > 4 else list(range(count))
    )
    labels = axes.set_xticks(places, time_labels([candles[place][0] for place in places], seconds))
    labels[0].label1.set_horizontalalignment("left")  # else it is cut off by the picture's edge


def time_labels(moments: list[float], seconds: int) -> list[str]:
    """Times of day with the date below where it changes, or days with the year below, of candles so long."""
    pattern = "%d %b" if seconds >= 14_400 else "%H:%M" if seconds >= 60 else "%H:%M:%S"
    below = "%Y" if seconds >= 14_400 else "%d %b"
    labels, before = [], ""
    for at in moments:
        moment = datetime.fromtimestamp(at, UTC)
        date = f"{moment:{below}}"
        labels.append(f"{moment:{pattern}}" if date == before else f"{moment:{pattern}}\n{date}")
        before = date
    return labels


def _title(figure: Any, chart: dict[str, Any]) -> None:
    colour = _UP if chart["rising"] else _DOWN
    figure.text(0.03, 0.945, chart["title"], color=_TEXT, fontsize=17, weight="bold")
    figure.text(0.97, 0.945, chart["last"], color=_TEXT, fontsize=17, weight="bold", ha="right")
    figure.text(0.03, 0.9, chart["subtitle"], color=_DIM, fontsize=10)
    figure.text(0.97, 0.9, chart["change"], color=colour, fontsize=11, ha="right", weight="bold")
    figure.text(0.97, 0.012, chart["foot"], color=_DIM, fontsize=8, ha="right")


def main(wire: socket.socket, words: list[str]) -> None:
    """Serve until the desk is gone, or ends it."""
    keep_fonts()
    while True:
        try:
            asked, _ = receive_now(wire)
        except (EOFError, OSError):
            return
        picture, trouble = b"", ""
        try:
            picture = draw(asked)
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
        wire.sendall(frame({"trouble": trouble}, picture))
