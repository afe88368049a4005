"""The page of a study: slices of each parameter, two parameters together, the best so far by cost; SVG in one file."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .spaces import Choice, Range, Space

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 28, 40
LEVELS = 8
CELLS = 28
STYLE = ("body{font-family:sans-serif;margin:0 auto;padding:1.5em;max-width:75em;color:#30343a;background:#fff}"
         "svg{margin:4px}.grid{stroke:#dcdfe4}text{fill:currentColor;font-size:11px}table{border-collapse:collapse}"
         "td,th{padding:2px 10px;text-align:right;border-bottom:1px solid #dcdfe4}"
         ".full{fill:#2f6fdb}.part{fill:#2f6fdb;opacity:.35}.best{fill:#c4622d}.cell{fill:#2f6fdb}"
         ".line{stroke:#2f6fdb;fill:none;stroke-width:2}"
         "@media(prefers-color-scheme:dark){body{color:#d6dae0;background:#16191e}.grid{stroke:#3a3f47}}")


@dataclass(frozen=True)
class Trial:
    name: str
    values: dict[str, Any]
    value: float  # of the objective; an estimate where not all rows were scored
    accuracy: float
    rows: int
    full: bool


def page(title: str, space: Space, trials: list[Trial], summary: Iterable[str]) -> str:
    """`trials` in the order in which they were made."""
    best = max((trial for trial in trials if trial.full), key=lambda trial: trial.value, default=None)
    parts = [f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>",
             f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(line)}</p>" for line in summary),
             "<h2>Best so far, by row evaluations</h2>", costs(trials), "<h2>Each parameter</h2>",
             "<p>The objective of each candidate. Pale: estimated on a part of the rows; orange: the best.</p>"]
    parts += [one(parameter, trials, best) for parameter in space.parameters]
    if pair := strongest(space, trials):
        parts += [f"<h2>{html.escape(pair[0].name)} and {html.escape(pair[1].name)}</h2>",
                  "<p>The two parameters that say most about the objective. Darker is better; smoothed over the "
                  "candidates.</p>",
                  two(*pair, trials, best)]
    return "\n".join([*parts, "<h2>Candidates</h2>", _table(trials)]) + "\n"


def costs(trials: list[Trial]) -> str:
    """A step wherever a candidate that was scored on all rows was better than those before."""
    spent, points = 0, []
    for trial in trials:
        spent += trial.rows
        if trial.full and (not points or trial.value > points[-1][1]):
            points.append((spent, trial.value))
    if not points:
        return "<p>No candidate was scored on all rows.</p>"
    frame = _Frame("", "row evaluations", (0, spent), _bounds([value for _, value in points]))
    path = f"M{frame.x(points[0][0]):.1f} {frame.y(points[0][1]):.1f}"
    path += "".join(f"H{frame.x(x):.1f}V{frame.y(y):.1f}" for x, y in points[1:]) + f"H{frame.x(spent):.1f}"
    return frame.drawn([f'<path class="line" d="{path}"/>'])


def one(parameter: Range | Choice, trials: list[Trial], best: Trial | None) -> str:
    shown = [trial for trial in trials if parameter.name in trial.values]
    if not shown:
        return ""
    frame = _Frame(parameter.name, "", _span(parameter), _bounds([trial.value for trial in shown]), _names(parameter))
    return frame.drawn([_dot(frame.x(_place(parameter, trial)), frame.y(trial.value), trial, best) for trial in shown])


def two(across: Range, up: Range, trials: list[Trial], best: Trial | None) -> str:
    """The objective over two parameters: at each cell the mean of the candidates, weighted by how near they are."""
    shown = [trial for trial in trials if across.name in trial.values and up.name in trial.values]
    frame = _Frame("", across.name, (across.low, across.high), (up.low, up.high), side=up.name)
    at = [(_share(across, each), _share(up, each), each.value) for each in shown]
    smooth = [[_near(at, (i + 0.5) / CELLS, (j + 0.5) / CELLS) for i in range(CELLS)] for j in range(CELLS)]
    low, high = min(map(min, smooth)), max(map(max, smooth))
    width, height = (WIDTH - LEFT - RIGHT) / CELLS, (HEIGHT - TOP - BOTTOM) / CELLS
    cells = []
    for j, row in enumerate(smooth):
        for i, value in enumerate(row):
            level = min(int(LEVELS * (value - low) / (high - low)), LEVELS - 1) if high > low else 0
            x, y, opacity = LEFT + i * width, HEIGHT - BOTTOM - (j + 1) * height, 0.05 + 0.75 * level / LEVELS
            cells.append(f'<rect class="cell" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                         f'shape-rendering="crispEdges" opacity="{opacity:.2f}"/>')
    dots = [_dot(frame.x(_place(across, each)), frame.y(_place(up, each)), each, best) for each in shown]
    return frame.drawn(cells + dots)


def strongest(space: Space, trials: list[Trial]) -> tuple[Range, Range] | None:
    """The two ranges whose quarters differ most in the objective, of those that the same candidates have."""
    told = [(_told(parameter, trials), parameter) for parameter in space.parameters if isinstance(parameter, Range)]
    told = sorted((each for each in told if each[0] > 0), key=lambda each: -each[0])
    for index, (_, first) in enumerate(told):
        for _, second in told[index + 1 :]:
            if any(first.name in trial.values and second.name in trial.values for trial in trials):
                return first, second
    return None


def _told(parameter: Range, trials: list[Trial]) -> float:
    """The share of the objective's variance that lies between quarters of the candidates, in the parameter's order."""
    shown = [trial for trial in trials if parameter.name in trial.values]
    shown.sort(key=lambda trial: trial.values[parameter.name])
    if len(shown) < 8:
        return 0.0
    mean = sum(trial.value for trial in shown) / len(shown)
    total = sum((trial.value - mean) ** 2 for trial in shown)
    quarters = [shown[len(shown) * k // 4 : len(shown) * (k + 1) // 4] for k in range(4)]
    between = sum(len(each) * (sum(trial.value for trial in each) / len(each) - mean) ** 2 for each in quarters)
    return between / total if total > 0 else 0.0


def _near(at: list[tuple[float, float, float]], x: float, y: float, width: float = 0.12) -> float:
    weights = [math.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * width**2)) + 1e-9 for u, v, _ in at]
    return sum(weight * value for weight, (_, _, value) in zip(weights, at)) / sum(weights)


def _span(parameter: Range | Choice) -> tuple[float, float]:
    return (-0.5, len(parameter.options) - 0.5) if isinstance(parameter, Choice) else (parameter.low, parameter.high)


def _names(parameter: Range | Choice) -> list[str]:
    return [str(each) for each in parameter.options] if isinstance(parameter, Choice) else []


def _place(parameter: Range | Choice, trial: Trial) -> float:
    value = trial.values[parameter.name]
    return parameter.options.index(value) if isinstance(parameter, Choice) else value


def _share(parameter: Range, trial: Trial) -> float:
    """Where its value lies in the range, from 0 to 1."""
    return (trial.values[parameter.name] - parameter.low) / (parameter.high - parameter.low)


def _bounds(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1
    return low - room, high + room


def _dot(x: float, y: float, trial: Trial, best: Trial | None) -> str:
    kind = "best" if best and trial.name == best.name else "full" if trial.full else "part"
    said = html.escape(f"{trial.name}: {trial.value:.4f}, {100 * trial.accuracy:.1f} %, {trial.rows} rows")
    size = 5 if kind == "best" else 3
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"><title>{said}</title></circle>'


def _table(trials: list[Trial]) -> str:
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    rows = [["", *names, "objective", "accuracy", "rows"]]
    for each in sorted(trials, key=lambda trial: (not trial.full, -trial.value)):
        rows.append([each.name, *(str(each.values.get(name, "")) for name in names), f"{each.value:.4f}",
                     f"{100 * each.accuracy:.1f} %", str(each.rows)])
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


class _Frame:
    """Axes."""

    def __init__(self, title: str, axis: str, across: tuple[float, float], up: tuple[float, float],
                 names: list[str] | None = None, side: str = "") -> None:
        self.title, self.axis, self.side = title, axis, side
        self.across, self.up, self.names = across, up, names or []

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.across[0]) / ((self.across[1] - self.across[0]) or 1)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.up[0]) / ((self.up[1] - self.up[0]) or 1)

    def drawn(self, inside: list[str]) -> str:
        parts = [_text(WIDTH / 2, 16, self.title), _text(WIDTH / 2, HEIGHT - 6, self.axis),
                 _text(4, 16, self.side, "start")]
        for value in _ticks(self.up):
            parts += [f'<path class="grid" d="M{LEFT} {self.y(value):.1f}H{WIDTH - RIGHT}"/>',
                      _text(LEFT - 5, self.y(value) + 4, _short(value), "end")]
        at = enumerate(self.names) if self.names else ((value, _short(value)) for value in _ticks(self.across))
        parts += [_text(self.x(value), HEIGHT - BOTTOM + 15, name) for value, name in at]
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        return "\n".join([head, *parts, *inside, "</svg>"])


def _ticks(span: tuple[float, float], count: int = 5) -> list[float]:
    return [span[0] + (span[1] - span[0]) * step / (count - 1) for step in range(count)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>' if text else ""
