"""Successive halving: the candidates of a round are scored on a growing share of the rows, and few of them on all."""

from __future__ import annotations

import math

from .objective import Rows, mean, objective_of, values_of

SURE = 1.645  # standard errors: a candidate that is worse with one-sided confidence of 95 % is dropped


def rungs(total: int, count: int, reduction: int, batch: int) -> list[int]:
    """Rows of each rung, the last `total`. Each is about 1 / `reduction` of the next, and whole batches, so that no row
    is scored again."""
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


def difference(rows: Rows, others: Rows, objective: str) -> tuple[float, float]:
    """The mean difference in the objective over the rows that both have, and its standard error (infinite for fewer
    than two)."""
    both = min(len(rows), len(others))
    ours, theirs = values_of(rows[:both], objective), values_of(others[:both], objective)
    pairs = [a - b for a, b in zip(ours, theirs) if a is not None and b is not None]
    if len(pairs) < 2:
        return (pairs[0] if pairs else 0.0), math.inf
    middle = mean(pairs)
    variance = math.fsum((each - middle) ** 2 for each in pairs) / (len(pairs) - 1)
    return middle, math.sqrt(variance / len(pairs))


def staying(scored: dict[str, Rows], best: Rows | None, reduction: int, objective: str) -> list[str]:
    """Which candidates go on to the next rung, the better first: as many as it has place for, without those that are
    surely worse than the best so far on the same rows."""
    worth = {name: objective_of(rows, objective) for name, rows in scored.items()}
    order = sorted(scored, key=lambda name: (-worth[name], name))[: places(len(scored), reduction)]
    return [name for name in order if best is None or not surely_worse(scored[name], best, objective)]


def surely_worse(rows: Rows, best: Rows, objective: str) -> bool:
    middle, error = difference(rows, best, objective)
    return middle + SURE * error < 0


def estimate(rows: Rows, best: Rows, objective: str) -> float:
    """The objective over all rows of a candidate that was scored on the first ones: that of the best so far, and the
    difference to it on the rows that both have. What makes some rows harder for both cancels."""
    return objective_of(best, objective) + difference(rows, best, objective)[0]
