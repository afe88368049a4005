"""A study's rounds: each is planned once, worked on by one worker at a time, and done when Optuna has the results of all its trials."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import halving
from .claims import Claim, claimed
from .files import as_json, read_json, write_first, write_whole
from .objective import Rows, accuracy, is_finite, objective_of, whole_lines
from .scoring import Scoring, rows_of
from .spaces import Space
from .study import Study, is_told


@dataclass(frozen=True)
class Settings:
    """What a study is, beside its data and its models."""

    sampler: str
    seed: int
    candidates: int  # a round
    rungs: tuple[int, ...]  # rows of each
    reduction: int
    objective: str

    @property
    def rows(self) -> int:
        return self.rungs[-1]


class Rounds:
    """Of a study's folder."""

    def __init__(self, folder: Path, space: Space, settings: Settings, study: Study, scoring: Scoring,
                 say: Callable[[str], None], progress: Any = None) -> None:
        self.folder, self.space, self.settings = folder, space, settings
        self.study, self.scoring, self.say, self.progress = study, scoring, say, progress

    def work(self, trials: int, budget: int | None) -> bool:
        """Works on rounds until `trials` candidates are planned, or `budget` row evaluations do not suffice for more.
        Whether all are done: other workers may have some."""
        for number in itertools.count():
            plan = self.plan(number)
            if plan is None and self._size(number, trials, budget) == 0:
                return all((plan := self.plan(each)) and self._is_done(plan) for each in range(number))
            if plan is not None and self._is_done(plan):
                continue
            with claimed(self._file(number).with_suffix(".claim")) as claim:
                if claim is None:
                    self.say(f"round {number}: another worker has it")
                    continue
                self._play(self._planned(number, trials, budget), claim)

    def plan(self, number: int) -> dict[str, Any] | None:
        return read_json(self._file(number))

    def plans(self) -> list[dict[str, Any]]:
        found = (self.plan(number) for number in itertools.count())
        return list(itertools.takewhile(lambda plan: plan is not None, found))

    def spent(self) -> int:
        """Row evaluations of all candidates."""
        return sum(self.rows_scored(name) for plan in self.plans() for name in plan["candidates"])

    def rows_scored(self, name: str) -> int:
        return len(whole_lines(self.results_of(name)))

    def results_of(self, name: str) -> Path:
        return self.folder / "candidates" / name

    def recipe_of(self, name: str) -> Path:
        return self.folder / "recipes" / f"{name}.yml"

    def worth(self, rows: Rows) -> float:
        return objective_of(rows, self.settings.objective)

    def best(self, plans: list[dict[str, Any]] | None = None) -> tuple[str, Rows] | None:
        """Of the candidates that were scored on all rows, the one with the highest value, and its rows."""
        trials = self.study.trials()
        names = [name for plan in (self.plans() if plans is None else plans) for name in plan["candidates"]]
        told = {name: trials[name] for name in names if is_told(trials.get(name)) and trials[name].value is not None}
        full = [name for name, trial in told.items() if trial.user_attrs["rows"] == self.settings.rows]
        if not full:
            return None
        name = max(full, key=lambda each: (told[each].value, each))
        return name, rows_of(self.results_of(name), self.settings.rows)

    def _file(self, number: int) -> Path:
        return self.folder / "rounds" / f"{number:03}.json"

    def _size(self, number: int, trials: int, budget: int | None) -> int:
        """Candidates of a round that is not planned: as far as trials and budget go beyond the rounds before it, of
        which others may be about to plan some."""
        before = [self.plan(each) for each in range(number)]
        usual = self.settings.candidates
        size = min(usual, trials - sum(len(plan["candidates"]) if plan else usual for plan in before))
        if budget is None or size <= 0:
            return max(size, 0)
        rungs, reduction = list(self.settings.rungs), self.settings.reduction
        for plan in before:
            if plan and self._is_done(plan):
                budget -= sum(map(self.rows_scored, plan["candidates"]))
            else:
                budget -= halving.most_rows(len(plan["candidates"]) if plan else usual, rungs, reduction)
        return halving.most_candidates(budget, size, rungs, reduction)

    def _is_done(self, plan: dict[str, Any]) -> bool:
        trials = self.study.trials()
        return all(is_told(trials.get(name)) for name in plan["candidates"])

    def _planned(self, number: int, trials: int, budget: int | None) -> dict[str, Any]:
        """The round's plan. If nobody has written one, makes it, writes it, and starts its candidates as trials of the study."""
        if self.plan(number) is None:
            write_first(self._file(number), as_json(self._new_plan(number, self._size(number, trials, budget))))
        plan = self.plan(number)
        for name, proposal in plan["candidates"].items():
            write_whole(self.recipe_of(name), self.space.text(proposal["values"]))
            self.study.begin(name, proposal, self.space)
        return plan

    def _new_plan(self, number: int, size: int) -> dict[str, Any]:
        begun = [{"values": values, "attributes": {}} for values in self.space.starts] if number == 0 else []
        begun = begun[:size]
        settings = self.settings
        seed = (settings.seed * 1_000_003 + number) % 2**31
        begun += self.study.propose(self.space, settings.sampler, seed, size - len(begun), popsize=settings.candidates)
        best = self.best()
        return {"round": number, "compared_with": best and best[0],
                "candidates": {f"{number:03}-{place}": proposal for place, proposal in enumerate(begun)}}

    def _play(self, plan: dict[str, Any], claim: Claim) -> None:
        """Scores the plan's candidates rung by rung, and tells the study."""
        compared = plan["compared_with"]
        best = compared and rows_of(self.results_of(compared), self.settings.rows)
        staying, scored, broken = list(plan["candidates"]), {}, []
        for limit in self.settings.rungs:
            if not staying:
                break
            self.say(f"round {plan['round']}: {len(staying)} of {len(plan['candidates'])} candidates on {limit} of "
                     f"{self.settings.rows} rows")
            rows = self._score(staying, limit, compared)
            claim.check()
            broken += [name for name in staying if not is_finite(rows[name])]
            rows = {name: rows[name] for name in staying if name not in broken}
            scored |= rows
            if limit < self.settings.rows:
                staying = halving.staying(rows, best, self.settings.reduction, self.settings.objective)
        self._tell(plan, scored, broken, best, claim)

    def _score(self, names: list[str], limit: int, compared: str | None) -> dict[str, Rows]:
        recipes = [self.recipe_of(name) for name in names]
        self.scoring.score(recipes, self.folder / "candidates", limit, self.settings.rows, self.progress)
        beside = self.results_of(compared or names[0])
        return {name: rows_of(self.results_of(name), limit, beside) for name in names}

    def _tell(self, plan: dict[str, Any], scored: dict[str, Rows], broken: list[str],
              best: Rows | None, claim: Claim) -> None:
        full = [name for name, rows in scored.items() if len(rows) == self.settings.rows and name not in broken]
        if best is None and full:
            best = scored[max(full, key=lambda name: self.worth(scored[name]))]
        for name in plan["candidates"]:
            claim.check()
            rows = scored.get(name, [])
            if name in broken or best is None:
                self.say(f"{name}: has scores that are not finite numbers, and is left out")
                self.study.tell(name, None, {"rows": self.rows_scored(name)})
                continue
            value = self.worth(rows) if name in full else halving.estimate(rows, best, self.settings.objective)
            self.study.tell(name, value, {"rows": len(rows), "objective": self.worth(rows), "accuracy": accuracy(rows)})
        self._say_best()

    def _say_best(self) -> None:
        if found := self.best():
            name, rows = found
            self.say(f"best so far: {name}, objective {self.worth(rows):.4f}, {100 * accuracy(rows):.1f} %, after "
                     f"{self.spent():,} row evaluations")
