"""What a recipe is judged by, row by row: how surely the better response scores above the worse one."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import Error

OBJECTIVES = ("scaled", "margin", "accuracy")
_STEPS = 40  # of the search for the scale, which they narrow to a millionth


@dataclass(frozen=True)
class Row:
    margins: tuple[float, ...]  # the better score less the worse, of all such pairs of the row's responses
    right: float  # is the chosen response the right one? Of best of N its correctness


Rows = list[Row | None]  # None: no response is better than another


def whole_lines(folder: Path) -> list[str]:
    """Of results.jsonl; the last one may be cut off."""
    try:
        text = (folder / "results.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return text[: text.rfind("\n") + 1].splitlines()


def read_rows(folder: Path, limit: int) -> Rows:
    """Of the first `limit` rows. Raises Error if there are fewer."""
    lines = whole_lines(folder)
    if len(lines) < limit:
        raise Error(f"{folder}: has {len(lines)} rows of {limit}; run the same command again")
    file = folder / "results.jsonl"
    return [row_of(json.loads(line), f"{file}:{number}") for number, line in enumerate(lines[:limit], 1)]


def row_of(line: dict[str, Any], where: str) -> Row | None:
    """Of a pair, by "outputs" and "ground_truth" (the rank of each response, 0 the best); of best of N, by "scores"
    and "correctness"."""
    if "correctness" in line:
        scores, worth = line["scores"], line["correctness"]
    elif "ground_truth" in line and "outputs" in line:
        scores, worth = line["outputs"], [-rank for rank in line["ground_truth"]]
    else:
        raise Error(f"{where}: has neither outputs and ground_truth nor scores and correctness")
    if not worth:
        return None
    margins = tuple((scores[i] - scores[j]) * (1 if worth[i] > worth[j] else -1)
                    for i, j in combinations(range(len(worth)), 2) if worth[i] != worth[j])
    if not margins:
        return None
    chosen = max(range(len(scores)), key=lambda i: scores[i])  # the first of equals
    return Row(margins, worth[chosen] if "correctness" in line else float(worth[chosen] == max(worth)))


def values_of(rows: Rows, objective: str) -> list[float | None]:
    """What each row adds to the objective, which is their mean:

    scaled    log sigmoid(t · margin), t being the scale that fits these rows best
    margin    log sigmoid(margin)
    accuracy  1 if the right response is chosen, else 0

    Merges differ in the scale of their scores, which decides nothing and yet rules the second."""
    if objective == "accuracy":
        return [None if row is None else row.right for row in rows]
    scale = best_scale(rows) if objective == "scaled" else 1.0
    return [None if row is None else _log_likelihood(row, scale) for row in rows]


def objective_of(rows: Rows, objective: str) -> float:
    return mean(values_of(rows, objective))


def accuracy(rows: Rows) -> float:
    return objective_of(rows, "accuracy")


def is_finite(rows: Rows) -> bool:
    return all(math.isfinite(margin) for row in rows if row for margin in row.margins)


def best_scale(rows: Rows) -> float:
    """The t of the greatest likelihood, from a thousandth to a hundred times what makes the mean margin 1. The
    likelihood has one peak in t."""
    size = mean([abs(margin) for row in rows if row for margin in row.margins])
    if not size > 0:
        return 1.0
    low, high = math.log(1e-3 / size), math.log(100 / size)
    golden = (math.sqrt(5) - 1) / 2

    def likelihood(logarithm: float) -> float:
        return math.fsum(_log_likelihood(row, math.exp(logarithm)) for row in rows if row)

    inner, outer = high - golden * (high - low), low + golden * (high - low)
    at_inner, at_outer = likelihood(inner), likelihood(outer)
    for _ in range(_STEPS):
        if at_inner > at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - golden * (high - low)
            at_inner = likelihood(inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + golden * (high - low)
            at_outer = likelihood(outer)
    return math.exp((low + high) / 2)


def log_sigmoid(margin: float) -> float:
    return -math.log1p(math.exp(-margin)) if margin > 0 else margin - math.log1p(math.exp(margin))


def mean(numbers: list[float | None]) -> float:
    """Of those that are numbers; NaN if none is."""
    known = [number for number in numbers if number is not None]
    return math.fsum(known) / len(known) if known else math.nan


def _log_likelihood(row: Row, scale: float) -> float:
    return sum(log_sigmoid(scale * margin) for margin in row.margins) / len(row.margins)
