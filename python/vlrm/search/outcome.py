"""What came out: the recipe chosen on validation rows, its figure on test rows, and a grid's best beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Error
from .files import as_json, read_json, write_whole
from .objective import accuracy, is_finite, read_rows
from .rounds import Rounds
from .scoring import Scoring

_OF_ALL_ROWS = ("overall", "accuracy", "average")  # the figure that runs are ranked by


def finish(rounds: Rounds, tests: Scoring, test_rows: int, grids: dict[str, list[Path]]) -> dict[str, Any]:
    """Chooses, writes best.yml, scores the test rows by it, and gives the report. `grids`: what grids_of() gives.
    Raises Error if no candidate was scored on all rows."""
    found = rounds.best()
    if found is None:
        raise Error(f"{rounds.folder}: no candidate has scores of all rows; give more --budget, or look at the model")
    name, rows = found
    values = next(plan["candidates"][name]["values"] for plan in rounds.plans() if name in plan["candidates"])
    write_whole(rounds.folder / "best.yml", rounds.space.text(values))
    output = rounds.folder / "test"
    tests.score([rounds.recipe_of(name)], output, test_rows, test_rows, rounds.progress)
    report = {
        "best": {"name": name, "values": values, "recipe": str(rounds.folder / "best.yml")},
        "validation": {"rows": len(rows), "objective": rounds.worth(rows), "percent": 100 * accuracy(rows)},
        "row_evaluations": rounds.spent(),
        "test": _figure(output / name) | {"rows": test_rows},
        "tested_before": sorted(each.name for each in output.iterdir() if each.is_dir() and each.name != name),
    }
    if grids["test"]:
        report["grid"] = _beside(output / name, grids)
    write_whole(rounds.folder / "report.json", as_json(report))
    return report


def grids_of(folders: list[Path], validation: dict[str, Any], test: dict[str, Any]) -> dict[str, list[Path]]:
    """The runs of sweeps over our rows: {"validation": …, "test": …}. Raises Error for a folder of neither."""
    grids: dict[str, list[Path]] = {"validation": [], "test": []}
    for folder in folders:
        runs = sorted(each.parent for each in folder.glob("*/run.json"))
        if not runs:
            raise Error(f"--grid {folder}: has no result folders; name the output of vlrm eval … --sweep")
        for name, ours in (("validation", validation), ("test", test)):
            if all(_is_of(ours, read_json(run / "run.json")) for run in runs):
                grids[name] = [run for run in runs if is_finite(read_rows(run, ours["rows"]))]
                break
        else:
            raise Error(f"--grid {folder}: is of neither the validation rows nor the test rows, or of a part of them")
    if folders and not grids["test"]:
        raise Error("--grid: none is a sweep over the test rows; add one, made by vlrm eval … --sweep")
    return grids


def lines_of(report: dict[str, Any]) -> list[str]:
    """For a terminal."""
    best, validation, test = report["best"], report["validation"], report["test"]
    values = ", ".join(f"{name} {value}" for name, value in best["values"].items())
    lines = [f"best: {best['name']} ({values})",
             f"validation: {validation['percent']:.1f} %, objective {validation['objective']:.4f}, "
             f"{validation['rows']} rows",
             f"test: {test['percent']:.1f} % {_interval(test['interval'])}, {test['rows']} rows",
             f"row evaluations on validation rows: {report['row_evaluations']:,}"]
    if report["tested_before"]:
        before = ", ".join(report["tested_before"])
        lines.append(f"note: the test rows were looked at before, by {before}: the test figure is not of a first look")
    for said, each in report.get("grid", {}).items():
        if said == "row_evaluations":
            lines.append(f"the grid's row evaluations: {each:,}")
            continue
        on_test = said == "chosen_on_test"
        how = "on the test rows themselves, which favours it" if on_test else "on the validation rows"
        lines.append(f"the grid's best, chosen {how}: {each['name']}, {each['percent']:.1f} % on test; "
                     f"ours less it: {each['difference']:+.1f} {_interval(each['interval'])}, p {each['p']:.2g}")
    return [*lines, f"the recipe: {best['recipe']} (vlrm build --recipe)"]


def _interval(interval: list[float]) -> str:
    return f"[{interval[0]:.1f}, {interval[1]:.1f}]"


def _is_of(ours: dict[str, Any], run: dict[str, Any]) -> bool:
    def stamp(each: dict[str, Any]) -> Any:
        return (each.get("data") or {}).get("stamp")

    return run.get("task") == ours.get("task") and stamp(run) == stamp(ours) and run.get("rows") == ours.get("rows")


def _figure(folder: Path) -> dict[str, Any]:
    from ..evaluations import results

    metrics = results([folder])[0]["metrics"]
    metric = next((each for each in metrics if each["figure"] in _OF_ALL_ROWS), metrics[0])
    return {"name": metric["name"], "percent": metric["percent"], "interval": metric["interval"]}


def _beside(ours: Path, grids: dict[str, list[Path]]) -> dict[str, Any]:
    by_name = {run.name: run for run in grids["test"]}
    chosen: dict[str, Any] = {}
    if grids["validation"]:
        known = [run for run in grids["validation"] if run.name in by_name]
        if not known:
            raise Error("--grid: the sweeps over validation and test rows have no recipe in common")
        chosen["chosen_on_validation"] = _compared(ours, by_name[_best_of(known).name])
        chosen["row_evaluations"] = sum((read_json(run / "run.json") or {})["rows"] for run in grids["validation"])
    chosen["chosen_on_test"] = _compared(ours, _best_of(grids["test"]))
    return chosen


def _best_of(runs: list[Path]) -> Path:
    """By accuracy, as tables mark it; of equal ones the first."""
    return max(runs, key=lambda run: accuracy(read_rows(run, (read_json(run / "run.json") or {})["rows"])))


def _compared(ours: Path, theirs: Path) -> dict[str, Any]:
    from ..evaluations import compare_runs

    name = _figure(ours)["name"]
    metric = next(each for each in compare_runs(ours, theirs)["metrics"] if each["name"] == name)
    return {"name": theirs.name, "percent": metric["b"], "difference": metric["a"] - metric["b"],
            "interval": metric["interval"], "p": metric["p"]}
