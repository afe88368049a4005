"""Benchmarks: scores of their rows, and the figures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from . import _core
from ._calls import Progress, listening
from ._options import MERGE_FIELDS, Name, filled, model_options, named, naming


@naming(**MERGE_FIELDS)
def evaluate(benchmark: str, model: Name | None = None, *, output: Name, data: Name | None = None,
             config: str | None = None, split: str | None = None, task: str | None = None,
             responses: Name | None = None, columns: dict[str, str | list[str]] | None = None, name: str | None = None,
             mode: str = "image", captions: Name | None = None, label: str | None = None, batch_samples: int = 8, limit: int | None = None, force: bool = False, resume_mixed: bool = False,
             progress: Progress = None, **options: Any) -> dict[str, Any]:
    """Scores a benchmark (vl-rewardbench, rlaif-v, …, or best-of-n with a `task` and a file of `responses`) or data of
    your own (pairs, or best-of-n without a `task`) and gives what results() says of it. Of your own data `columns` says
    what holds what ({"prompt": "question", "image": ["front", "back"], "group": "kind"}), and `name` what tables call it. `output`: the result folder; a run that was killed goes on in it. `data`: a directory, a
    file or a hub id; None: the benchmark's own. mode: image, no-image, text-only, cascade (with
    `captions`) or random (no model). limit: use only this many rows, from the first. `options` are those of RewardModel and
    RewardModel.merge (vlm, rm, base, and recipe or method with its numbers), without `normalize`: rows hold scores as
    they are."""
    how = _evaluate_options(benchmark, {"model": model, **options}, mode=mode, output=output, data=data, config=config, split=split,
                            task=task, responses=responses, columns=_assignments(columns), name=name, captions=captions, label=label, batch_samples=batch_samples,
                            limit=limit, force=force, resume_mixed=resume_mixed)
    with listening(progress) as call:
        _core.evaluate(how, call)
    return results([output])[0]


@naming(**MERGE_FIELDS)
def evaluate_all(model: Name | None = None, *, output: Name, data: Mapping[str, Name] | None = None,
                 responses: Mapping[str, Name] | None = None, mode: str = "image", label: str | None = None,
                 batch_samples: int = 8, limit: int | None = None, force: bool = False, resume_mixed: bool = False,
                 progress: Progress = None, **options: Any) -> list[dict[str, Any]]:
    """Evaluates a model, which is loaded once, on every benchmark whose data is there: named in `data` (place by
    benchmark) or in the hub cache, and of the tasks that are answered those whose `responses` (file by task) are named.
    `output` gets a result folder for each, and report.html. Gives what results() says of it; warns of what is not
    there. The rest as in evaluate()."""
    how = _evaluate_options("", {"model": model, **options}, mode=mode, output=output, data=None, config=None, split=None,
                            label=label, batch_samples=batch_samples, limit=limit, force=force, resume_mixed=resume_mixed)
    all_of_them = filled(_core.EvaluateAllOptions(), evaluate=how, data=_places(data), responses=_places(responses))
    with listening(progress) as call:
        _core.evaluate_all(all_of_them, call)
    return results([output])


@naming(**MERGE_FIELDS)
def sweep(benchmark: str, recipes: Iterable[Name] = (), *, output: Name, vlm: Name, rm: Name, base: Name | None = None,
          paper: bool = False, memory_limit: int | None = None, data: Name | None = None, config: str | None = None,
          split: str | None = None, task: str | None = None, responses: Name | None = None,
          columns: dict[str, str | list[str]] | None = None, name: str | None = None, mode: str = "image", batch_samples: int = 8, limit: int | None = None, force: bool = False, resume_mixed: bool = False,
          progress: Progress = None, **options: Any) -> list[dict[str, Any]]:
    """Evaluates many merges of the same models, which are opened once: by recipes (files or patterns like "dir/*.yml"),
    or by the 58 of arXiv 2502.13487 (`paper`). `output` gets a result folder for each; gives what results() says of it.
    memory_limit: bytes for encoded images. columns, name, limit and `options` as in evaluate()."""
    if isinstance(recipes, (str, os.PathLike)):
        recipes = [recipes]
    how = _evaluate_options(benchmark, {"vlm": vlm, "rm": rm, "base": base, **options}, mode=mode, output=output,
                            data=data, config=config, split=split, task=task, responses=responses,
                            columns=_assignments(columns), name=name, batch_samples=batch_samples, limit=limit, force=force,
                            resume_mixed=resume_mixed)
    options_of_sweep = filled(_core.SweepOptions(), evaluate=how, recipes=list(recipes), paper=paper,
                              memory_limit=memory_limit)
    with listening(progress) as call:
        _core.sweep(options_of_sweep, call)
    return results([output])


@naming(folders="results")
def results(folders: Any, *, ensembles: Iterable[str] = (), grouping: str | None = None, sort: str | None = None,
            top: int | None = None, flat: bool = False) -> list[dict[str, Any]]:
    """The runs in result folders, folders of them, or files of rows: a dict each, the "runs" of
    `vlrm results --format json` (percentages from 0 to 100, with 95% intervals). ensembles: "mean", "min": also of all
    runs' scores together. grouping: of VL-RewardBench's rows (authors, authors-2024, r1-reward). sort: by this column, the
    highest first, or by "label". top: of each benchmark, only this many of the best. flat: one level, for a table:
    pandas.DataFrame(vlrm.results(folders, flat=True)) has a column for
    each figure."""
    if isinstance(ensembles, str):
        ensembles = [ensembles]
    runs = _results(results=_paths(folders), ensembles=list(ensembles), grouping=grouping, sort=sort, top=top)["runs"]
    return [_flat(run) for run in runs] if flat else runs


def compare_runs(a: Name, b: Name) -> dict[str, Any]:
    """Two runs over the same samples: whether the difference is chance. The "comparison" of
    `vlrm results --compare A B --format json`."""
    return _results(compare=_paths([a, b]))["comparison"]


@naming(folders="results")
def compare_all_runs(folders: Any) -> list[dict[str, Any]]:
    """Every run beside every other of its benchmark: the "matrix" of `vlrm results --matrix --format json`, a dict for
    each benchmark. "cells" name runs by their place in "runs" and have "difference" (a less b, in percent points), "p",
    "p_holm" (corrected for the number of cells) and "agreement"."""
    return _results(results=_paths(folders), matrix=True)["matrix"]


def choose_recipes(choose_on: Any, report_on: Any) -> list[dict[str, Any]]:
    """The best recipe of each method, and of all, by the runs of choose_on (folders of one benchmark), with the figures of
    the same recipes in report_on: the "choices" of `vlrm results --choose-on … --report-on … --format json`."""
    return _results(choose_on=_paths(choose_on), report_on=_paths(report_on))["choices"]


def _paths(folders: Any) -> list[str]:
    return [os.fspath(folder) for folder in ([folders] if isinstance(folders, (str, os.PathLike)) else folders)]


def _results(**options: Any) -> dict[str, Any]:
    with listening() as call:
        return json.loads(_core.results(filled(_core.ResultsOptions(), **options), call))


def _assignments(columns: dict[str, str | list[str]] | None) -> list[str] | None:
    if columns is None:
        return None
    pairs = ((held, [names] if isinstance(names, str) else names) for held, names in columns.items())
    return [f"{held}={name}" for held, names in pairs for name in names]


def _places(named_places: Mapping[str, Name] | None) -> dict[str, str]:
    return {name: os.fspath(place) for name, place in (named_places or {}).items()}


def _flat(run: dict[str, Any]) -> dict[str, Any]:
    row = {name: run[name] for name in ("label", "path", "task", "subtask", "mode", "rows", "complete")}
    return row | {metric["name"]: metric["percent"] for metric in run["metrics"]}


def _evaluate_options(benchmark: str, options: dict[str, Any], *, mode: str, data: Name | None, config: str | None,
                      split: str | None, **values: Any) -> _core.EvaluateOptions:
    dataset = filled(_core.DatasetName(), data=named(data), config=config, split=split)
    draws = mode == "random" and not any(value is not None for value in options.values())
    how = _core.ModelOptions() if draws else model_options(**options)
    return filled(_core.EvaluateOptions(), model=how, benchmark=benchmark, mode=mode, data=dataset, **values)
