"""Candidates into result rows, by the library's sweep: those of a rung share decoding, tokens and vision features."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Error, VlrmWarning
from .files import as_json, read_json, write_whole
from .objective import Rows, read_rows, whole_lines

# What must be the same in runs whose rows are compared. Threads and device move the last digits alone.
SAME = ("task", "mode", "vlm", "rm", "base", "dtype", "data", "columns", "special_tokens", "exif")


@dataclass(frozen=True)
class Dataset:
    """A benchmark and where its rows are: the arguments of evaluate()."""

    benchmark: str
    where: Mapping[str, Any] = field(default_factory=dict)  # data, config, split, columns, name

    def look(self) -> dict[str, Any]:
        """Reads all rows, without a model. Gives what run.json says of them. Raises Error."""
        from ..evaluations import evaluate

        with tempfile.TemporaryDirectory() as folder:
            evaluate(self.benchmark, output=folder, mode="random", **self.where)
            return read_json(Path(folder) / "run.json")


class Scoring:
    """Scores candidates of a study on a dataset."""

    def __init__(self, dataset: Dataset, models: Mapping[str, Any], warn: Callable[[str], None]) -> None:
        self.dataset, self.models = dataset, dict(models)
        self._warn, self._warned = warn, set()

    def score(self, recipes: list[Path], output: Path, limit: int, total: int, progress: Any = None) -> None:
        """The first `limit` of `total` rows by each recipe, into OUTPUT/NAME. Rows that are there stay."""
        missing = [recipe for recipe in recipes if len(whole_lines(output / recipe.stem)) < limit]
        for recipe in missing:
            grow(output / recipe.stem, limit, total)
        if not missing:
            return
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always", VlrmWarning)
            self._sweep(missing, output, None if limit == total else limit, progress)
        for warning in found:
            if (line := str(warning.message)) not in self._warned and issubclass(warning.category, VlrmWarning):
                self._warned.add(line)
                self._warn(line)

    def _sweep(self, recipes: list[Path], output: Path, limit: int | None, progress: Any) -> None:
        """As vlrm.sweep(), without the figures of all that lies in the output."""
        from .. import _core
        from .._calls import listening
        from .._options import filled
        from ..evaluations import _assignments, _evaluate_options

        named = {"data": None, "config": None, "split": None, "mode": "image"} | self.models | dict(self.dataset.where)
        of_rows = ("mode", "data", "config", "split", "name", "batch_samples")
        outer = {key: named.pop(key) for key in of_rows if key in named}
        columns, memory_limit = _assignments(named.pop("columns", None)), named.pop("memory_limit", None)
        how = _evaluate_options(self.dataset.benchmark, named, output=output, columns=columns, limit=limit, **outer)
        options = filled(_core.SweepOptions(), evaluate=how, recipes=recipes, memory_limit=memory_limit)
        with listening(progress) as call:
            _core.sweep(options, call)


def grow(folder: Path, limit: int, total: int) -> None:
    """Lets a run of the first rows become one of more: its rows are the first of those, and the core checks each."""
    file = folder / "run.json"
    run = read_json(file)
    if run is None or run["rows"] >= limit:
        return
    run["rows"] = limit
    if limit < total:
        run["limit"] = limit
    else:
        run.pop("limit", None)
    write_whole(file, as_json(run))


def rows_of(folder: Path, limit: int, beside: Path | None = None) -> Rows:
    """The first `limit` rows of a run. Raises Error if it was made with another model or data than that `beside` it."""
    if beside is not None:
        refuse_others(folder, beside)
    return read_rows(folder, limit)


def refuse_others(folder: Path, beside: Path) -> None:
    ours, theirs = (read_json(each / "run.json") or {} for each in (folder, beside))
    for key in SAME:
        if _identity(ours.get(key)) != _identity(theirs.get(key)):
            raise Error(f"{folder}: {key} is another than in {beside}; a study has one; take another folder for it")


def _identity(value: Any) -> str:
    """Of models and data their content, wherever they lie."""
    if isinstance(value, dict) and ("stamp" in value or "digest" in value):
        value = value.get("stamp") or value.get("digest")
    return json.dumps(value, sort_keys=True)
