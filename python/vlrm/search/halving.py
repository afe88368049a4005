"""Successive halving: the candidates of a round are scored on a growing share of the rows, and few of them on all."""

from __future__ import annotations

import math

from .objective import Row, mean_margin

SURE = 1.645  # standard errors: a candidate that is worse with one-sided confidence of 95 % is dropped


def rungs(total: int, count: int, reduction: int, batch: int) -> list[int]:
    """Rows of each rung, the last `total`, each about 1 / `reduction` of the next and whole batches, so that a candidate
    that stays is not scored again."""
    shares = [math.ceil(total / reduction**step / batch) * batch for step in range(count)]
    return sorted({min(share, total) for share in shares})


def places(candidates: int, reduction: int) -> int:
    """How many of them the next rung has place for."""
    return math.ceil(candidates / reduction)


def most_rows(candidates: int, rows: list[int], reduction: int) -> int:
    """The row evaluations of a round in which no place stays empty."""
    cost, before = 0, 0
    for rung in rows:
        cost += candidates * (rung - before)
        before, candidates = rung, places(candidates, reduction)
    return cost


def most_candidates(budget: int, wanted: int, rows: list[int], reduction: int) -> int:
    """How many of the wanted candidates a round can have within a budget of row evaluations; 0 if none."""
    return max((each for each in range(1, wanted + 1) if most_rows(each, rows, reduction) <= budget), default=0)


def difference(rows: list[Row | None], others: list[Row | None]) -> tuple[float, float]:
    """The mean difference of the margins, row by row over as many as both have, and its standard error (infinite for
    fewer than two rows)."""
    pairs = [row.margin - other.margin for row, other in zip(rows, others) if row and other]
    if not pairs:
        return 0.0, math.inf
    mean = math.fsum(pairs) / len(pairs)
    if len(pairs) < 2:
        return mean, math.inf
    variance = math.fsum((each - mean) ** 2 for each in pairs) / (len(pairs) - 1)
    return mean, math.sqrt(variance / len(pairs))


def staying(scored: dict[str, list[Row | None]], best: list[Row | None] | None, reduction: int) -> list[str]:
    """Which candidates go on to the next rung, the better first: as many as it has place for, without those that are
    surely worse than the best so far on the same rows."""
    order = sorted(scored, key=lambda name: (-mean_margin(scored[name]), name))[: places(len(scored), reduction)]
    return [name for name in order if best is None or not surely_worse(scored[name], best)]


def surely_worse(rows: list[Row | None], best: list[Row | None]) -> bool:
    mean, error = difference(rows, best)
    return mean + SURE * error < 0


def estimate(rows: list[Row | None], best: list[Row | None]) -> float:
    """The mean margin over all rows of a candidate that was scored on the first ones: that of the best so far, and the
    difference to it on the rows that both have. What makes some rows harder for both cancels."""
    return mean_margin(best) + difference(rows, best)[0]
