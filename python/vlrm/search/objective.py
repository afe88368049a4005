"""What a recipe is judged by: the mean log-sigmoid of the margin between better and worse responses, row by row."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import Error


@dataclass(frozen=True)
class Row:
    margin: float  # log sigmoid(better − worse), the mean over all such pairs of the row's responses
    right: float  # is the chosen response the right one? Of best of N its correctness


def whole_lines(folder: Path) -> list[str]:
    """Of results.jsonl; the last one may be cut off."""
    try:
        text = (folder / "results.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return text[: text.rfind("\n") + 1].splitlines()


def read_rows(folder: Path, limit: int) -> list[Row | None]:
    """Of the first `limit` rows; None where no response is better than another. Raises Error if there are fewer."""
    lines = whole_lines(folder)
    if len(lines) < limit:
        raise Error(f"{folder}: has {len(lines)} rows of {limit}; run the same command again")
    return [row_of(json.loads(line), f"{folder}/results.jsonl:{number}") for number, line in enumerate(lines[:limit], 1)]


def row_of(line: dict[str, Any], where: str) -> Row | None:
    """Of a pair, by "outputs" and "ground_truth" (the rank of each response, 0 the best); of best of N, by "scores" and
    "correctness"."""
    if "correctness" in line:
        scores, worth = line["scores"], line["correctness"]
    elif "ground_truth" in line and "outputs" in line:
        scores, worth = line["outputs"], [-rank for rank in line["ground_truth"]]
    else:
        raise Error(f"{where}: has neither outputs and ground_truth nor scores and correctness")
    if not worth:
        return None
    margins = [log_sigmoid((scores[i] - scores[j]) * (1 if worth[i] > worth[j] else -1))
               for i, j in combinations(range(len(worth)), 2) if worth[i] != worth[j]]
    if not margins:
        return None
    chosen = max(range(len(scores)), key=lambda i: scores[i])  # the first of equals
    right = worth[chosen] if "correctness" in line else float(worth[chosen] == max(worth))
    return Row(sum(margins) / len(margins), right)


def log_sigmoid(margin: float) -> float:
    """NaN for NaN."""
    if math.isnan(margin):
        return margin
    return -math.log1p(math.exp(-margin)) if margin > 0 else margin - math.log1p(math.exp(margin))


def mean_margin(rows: list[Row | None]) -> float:
    return _mean([row.margin for row in rows if row])


def accuracy(rows: list[Row | None]) -> float:
    return _mean([row.right for row in rows if row])


def is_finite(rows: list[Row | None]) -> bool:
    return all(math.isfinite(row.margin) for row in rows if row)


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan
