"""The study in Optuna: what is proposed, and what came of it.

Proposals are drawn from a copy of the study in memory, by a sampler that is seeded by the round, and enter the study
with all their values in one line of its journal. So a round is the same after a kill, and has no half of a trial."""

from __future__ import annotations

import os
import warnings
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import Error, OptionError
from .spaces import Choice, Range, Space, Values

SAMPLERS = ("tpe", "cmaes")
NAME = "search"


def optuna():
    """The package. Raises Error with the line that says how to get it."""
    try:
        import optuna as package
    except ImportError as error:
        raise Error(f"vlrm search needs optuna: pip install optuna cmaes ({error})") from error
    package.logging.set_verbosity(package.logging.WARNING)
    warnings.filterwarnings("ignore", category=package.exceptions.ExperimentalWarning)
    return package


def check_sampler(name: str, space: Space) -> None:
    """Raises OptionError where the sampler cannot search the space, and Error where its package is missing."""
    if name not in SAMPLERS:
        raise OptionError(f"sampler: {name} is none of {', '.join(SAMPLERS)}", "sampler")
    if name == "cmaes":
        if choices := [each.name for each in space.parameters if isinstance(each, Choice)]:
            raise OptionError(f"sampler: cmaes searches numbers, and {choices[0]} is a choice; use tpe", "sampler")
        if len(space.parameters) < 2:
            raise OptionError("sampler: cmaes searches two numbers or more; use tpe", "sampler")
        try:
            import cmaes  # noqa: F401
        except ImportError as error:
            raise Error(f"the sampler cmaes needs the package cmaes: pip install cmaes ({error})") from error


class Study:
    """A study of one number to maximise, in a journal that workers share."""

    def __init__(self, path: Path) -> None:
        self._optuna = optuna()
        journal = self._optuna.storages.journal
        lock = journal.JournalFileSymlinkLock(str(path))
        if path.exists() and path.stat().st_size:
            _cut_to_whole_lines(path, lock)
        storage = self._optuna.storages.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=lock))
        sampler = self._optuna.samplers.RandomSampler(seed=0)  # proposes nothing
        self._study = self._optuna.create_study(study_name=NAME, storage=storage, direction="maximize", sampler=sampler,
                                                load_if_exists=True)

    def trials(self) -> dict[str, Any]:
        """Optuna's trials by the names of the candidates."""
        return {trial.user_attrs["name"]: trial for trial in self._study.get_trials(deepcopy=False)}

    def propose(self, space: Space, sampler: str, seed: int, count: int, popsize: int) -> list[dict[str, Any]]:
        """What `count` new trials would be: {"values", "attributes"}, the latter for the sampler's own use. `popsize`:
        the candidates of a whole round."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            copy = self._optuna.create_study(direction="maximize", sampler=self._sampler(sampler, seed, popsize))
        copy.add_trials(self._study.get_trials(deepcopy=False))
        found = []
        for _ in range(count):
            trial = copy.ask()
            values = space.draw(partial(_suggest, trial))
            attributes = copy.get_trials(deepcopy=False)[trial.number].system_attrs
            found.append({"values": values, "attributes": attributes})
        return found

    def begin(self, name: str, proposal: dict[str, Any], space: Space) -> None:
        """Adds a running trial. One that is there already stays."""
        if name in self.trials():
            return
        trial = self._optuna.trial
        values: Values = proposal["values"]
        self._study.add_trial(trial.create_trial(
            state=trial.TrialState.RUNNING, params=values,
            distributions={each: self._distribution(space.parameter(each)) for each in values},
            user_attrs={"name": name}, system_attrs=proposal["attributes"]))

    def tell(self, name: str, value: float | None, said: dict[str, Any]) -> None:
        """Ends a trial; without a value it has failed. `said` is kept beside it. One that has ended stays."""
        found = self.trials()[name]
        if found.state.is_finished():
            return
        running = self._optuna.trial.Trial(self._study, found._trial_id)
        for key, what in said.items():
            running.set_user_attr(key, what)
        state = self._optuna.trial.TrialState.FAIL if value is None else None
        self._study.tell(found.number, value, state=state, skip_if_finished=True)

    def _sampler(self, name: str, seed: int, popsize: int) -> Any:
        samplers = self._optuna.samplers
        if name == "cmaes":
            first = samplers.RandomSampler(seed=seed)
            return samplers.CmaEsSampler(seed=seed, popsize=max(popsize, 4), n_startup_trials=1,
                                         independent_sampler=first, warn_independent_sampling=False)
        return samplers.TPESampler(seed=seed, multivariate=True, group=True, n_startup_trials=max(popsize, 8))

    def _distribution(self, parameter: Range | Choice) -> Any:
        if isinstance(parameter, Choice):
            return self._optuna.distributions.CategoricalDistribution(parameter.options)
        return self._optuna.distributions.FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def is_told(trial: Any) -> bool:
    return trial is not None and trial.state.is_finished()


def _suggest(trial: Any, parameter: Range | Choice) -> Any:
    if isinstance(parameter, Choice):
        return trial.suggest_categorical(parameter.name, parameter.options)
    return trial.suggest_float(parameter.name, parameter.low, parameter.high, log=parameter.log)


def _cut_to_whole_lines(path: Path, lock: Any) -> None:
    """What a machine that went down wrote half of."""
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return
    lock.acquire()
    try:
        text = path.read_bytes()
        with open(path, "r+b") as file:
            file.truncate(text.rfind(b"\n") + 1)
    finally:
        lock.release()
