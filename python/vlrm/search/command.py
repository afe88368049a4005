"""The command `vlrm search`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from ..errors import BugError, Error, OptionError
from . import halving, outcome, page
from .claims import claimed
from .files import as_json, read_json, write_first, write_whole
from .objective import OBJECTIVES
from .own_space import read_space
from .rounds import Rounds, Settings
from .scoring import Dataset, Scoring
from .spaces import SPACES, Space, named_space
from .study import SAMPLERS, Study, check_sampler, is_told, optuna

_EXAMPLE = """example:
  vlrm search vl-rewardbench --vlm VLM --rm RM --base BASE --validation rlaif-v --space depth -o results/search
  vlrm search pairs --data test.parquet --validation pairs --validation-data validation.parquet \\
      --vlm VLM --rm RM --base BASE --space ties --budget 5000 -o results/search
  vlrm build --vlm VLM --rm RM --base BASE --recipe results/search/best.yml -o OUT

The same command resumes a killed search. Run it on other machines that see the folder, and they share the work."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"vlrm: search: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in the program: other work shares the cores
    if options.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr, flush=True)

    try:
        for line in run(options, say):
            print(line)
    except OptionError as error:
        return _failed(_naming_flag(error), error)
    except Error as error:
        return _failed(str(error), error)
    except BugError as error:
        print(f"vlrm: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(options: argparse.Namespace, say) -> list[str]:
    """The search, as far as this worker can take it; lines about what came out. Raises Error."""
    optuna()
    space = _space(options)
    check_sampler(options.sampler, space)
    for name, least in (("trials", 1), ("candidates", 1), ("rungs", 1), ("reduction", 2), ("batch_size", 1)):
        if getattr(options, name) < least:
            raise OptionError(f"{name}: {getattr(options, name)} is below {least}", name)
    if options.objective not in OBJECTIVES:
        raise OptionError(f"objective: {options.objective} is none of {', '.join(OBJECTIVES)}", "objective")
    folder = Path(options.output)
    validation, test = _dataset(options, "validation_"), _dataset(options, "")
    looked = [_looked(validation, "validation"), _looked(test, "test")]
    _refuse_same_rows(*looked)
    grids = outcome.grids_of([Path(each) for each in options.grid], *looked)
    total = looked[0]["rows"]
    rungs = tuple(halving.rungs(total, options.rungs, options.reduction, options.batch_size))
    _warn_of_order(looked[0], rungs[0], say)
    settings = Settings(options.sampler, options.seed, options.candidates, rungs, options.reduction, options.objective)
    _keep(folder / "search.json", settings, space, looked)
    if options.budget is not None and options.budget < total:
        raise OptionError(f"budget: {options.budget} row evaluations do not suffice for one candidate on all {total} "
                          "rows", "budget")

    def warn(line: str) -> None:
        say(f"warning: {line}")

    models = _models(options)
    study = Study(folder / "study.log")
    rounds = Rounds(folder, space, settings, study, Scoring(validation, models, warn), say)
    if not rounds.work(options.trials, options.budget):
        write_whole(folder / "search.html", _page(options, rounds, []))
        return [f"other workers still have rounds of {folder}; the last one writes the report"]
    with claimed(folder / "report.claim") as claim:
        if claim is None:
            return [f"another worker writes the report of {folder}"]
        report = outcome.finish(rounds, Scoring(test, models, warn), looked[1]["rows"], grids)
    lines = outcome.lines_of(report)
    write_whole(folder / "search.html", _page(options, rounds, lines))
    return [*lines, f"the page: {folder / 'search.html'}"]


def _space(options: argparse.Namespace) -> Space:
    if options.space in SPACES or not Path(options.space).is_file():
        return named_space(options.space, options.method, options.blocks)
    return read_space(options.space)


def _dataset(options: argparse.Namespace, prefix: str) -> Dataset:
    def option(name: str) -> Any:
        return getattr(options, prefix + name)

    where = {name: option(name) for name in ("data", "config", "split", "name")}
    if option("columns"):
        where["columns"] = _columns(option("columns"), prefix + "columns")
    benchmark = options.validation if prefix else options.benchmark
    if benchmark.replace("_", "-") == "pairs" and not option("data"):
        raise OptionError(f"{prefix}data: pairs needs the dataset: a file, a directory or a hub id", prefix + "data")
    return Dataset(benchmark, {name: value for name, value in where.items() if value is not None})


def _columns(words: list[str], option: str) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for word in (each for words in words for each in words.split(",")):
        held, equals, name = word.partition("=")
        if not equals or not held or not name:
            raise OptionError(f"{option}: {word!r} is not of the form prompt=question", option)
        columns.setdefault(held, []).append(name)
    return columns


def _looked(dataset: Dataset, role: str) -> dict[str, Any]:
    try:
        return dataset.look()
    except OptionError as error:
        raise Error(f"the {role} rows ({dataset.benchmark}): {error}", error.exit_code) from error


def _refuse_same_rows(validation: dict[str, Any], test: dict[str, Any]) -> None:
    if validation["data"].get("stamp") == test["data"].get("stamp"):
        name = test["data"]["name"]
        raise Error(f"the validation rows are the test rows ({name}): name others to choose a recipe on")


def _warn_of_order(run: dict[str, Any], first: int, say) -> None:
    """The first rung takes the first rows: where they are sorted by group it sees few groups."""
    groups = run.get("groups", {}).get("rows") or []
    missing = sorted(set(groups) - set(groups[:first]))
    if missing and first < len(groups):
        names = ", ".join(str(run["groups"]["names"][each]) for each in missing)
        say(f"warning: the first {first} validation rows hold none of {names}: the rows are sorted; shuffle them, "
            "or use --rungs 1")


def _keep(file: Path, settings: Settings, space: Space, looked: list[dict[str, Any]]) -> None:
    """Writes what the study is, or compares. Raises Error naming what differs."""
    ours = vars(settings) | {"rungs": list(settings.rungs), "space": space.described()}
    for role, run in zip(("validation", "test"), looked):
        data = run["data"].get("stamp")
        ours[role] = {"task": run["task"], "data": data, "columns": run.get("columns"), "rows": run["rows"]}
    if write_first(file, as_json(ours)):
        return
    theirs = read_json(file) or {}
    for key, value in json.loads(as_json(ours)).items():
        if key != "test" and theirs.get(key) != value:
            raise Error(f"{file}: of a search with another {key}; take another folder, or the same settings")


def _models(options: argparse.Namespace) -> dict[str, Any]:
    same = ("vlm", "rm", "base", "threads", "mode", "date", "special_tokens")
    models = {name: getattr(options, name) for name in same}
    models |= {"device": options.device, "dtype": options.dtype, "batch_samples": options.batch_size,
               "memory_limit": options.memory_limit}
    return {name: value for name, value in models.items() if value is not None}


def _page(options: argparse.Namespace, rounds: Rounds, summary: list[str]) -> str:
    told = rounds.study.trials()
    trials = []
    for name in (name for plan in rounds.plans() for name in plan["candidates"]):
        trial = told.get(name)
        if is_told(trial) and trial.value is not None:
            rows, right = trial.user_attrs["rows"], trial.user_attrs["accuracy"]
            full = rows == rounds.settings.rows
            trials.append(page.Trial(name, trial.params, trial.value, right, rows, full))
    return page.page(f"Search of {rounds.space.name}: {options.benchmark}", rounds.space, trials, summary)


def _failed(line: str, error: Error) -> int:
    print(f"vlrm: {line}", file=sys.stderr)
    return error.exit_code


def _naming_flag(error: OptionError) -> str:
    if not error.option:
        return str(error)
    flag = {"batch_samples": "batch-size"}.get(error.option, error.option.replace("_", "-"))
    return f"--{flag}{str(error).removeprefix(error.option)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vlrm", description="Search of recipes.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    command = commands.add_parser(
        "search", help="look for the best recipe", epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Looks for the best recipe of a space by Optuna: chosen on validation rows, judged once on test "
                    "rows.")
    add = command.add_argument
    add("benchmark", metavar="BENCHMARK",
        help="what the chosen recipe is judged by: vl-rewardbench, …, pairs, best-of-n")
    add("--vlm", required=True, help="the vision-language model")
    add("--rm", required=True, help="the text reward model")
    add("--base", help="the base both were tuned from")
    add("-o", "--output", required=True, metavar="OUT", help="the study's folder; workers share it")
    _add_space(command.add_argument_group("what is searched").add_argument)
    _add_cost(command.add_argument_group("how much").add_argument)
    _add_rows(command.add_argument_group("rows").add_argument)
    _add_how(command.add_argument_group("how it is computed").add_argument)
    return parser


def _add_space(add: Any) -> None:
    add("--space", default="methods", metavar="SPACE",
        help=f"{', '.join(SPACES)}, or a recipe with ranges (YAML) (default: methods)")
    add("--method", default="task_arithmetic", metavar="METHOD", help="of depth and parts (default: task_arithmetic)")
    add("--blocks", type=int, default=4, metavar="N",
        help="of depth: weights from the first layer to the last, 2 to 8 (default: 4)")
    add("--sampler", default="tpe", metavar="SAMPLER", help=f"{' or '.join(SAMPLERS)} (default: tpe)")
    add("--objective", default="scaled", metavar="OBJECTIVE",
        help="scaled: the log-sigmoid of margins at the scale that fits them best; margin: of margins as they are; "
             "accuracy (default: scaled)")
    add("--seed", type=int, default=0, metavar="N", help="of the proposals (default: 0)")


def _add_cost(add: Any) -> None:
    add("--trials", type=int, default=40, metavar="N", help="candidates in all (default: 40)")
    add("--budget", type=int, metavar="ROWS", help="no more row evaluations than these on the validation rows")
    add("--candidates", type=int, default=8, metavar="N",
        help="of a round, which share what does not depend on the recipe (default: 8)")
    add("--rungs", type=int, default=3, metavar="N",
        help="shares of the rows that candidates are dropped after; 1: all are scored on all rows (default: 3)")
    add("--reduction", type=int, default=3, metavar="N",
        help="one candidate of N goes on to the next rung (default: 3)")


def _add_rows(add: Any) -> None:
    add("--validation", required=True, metavar="BENCHMARK", help="what candidates are chosen by: rlaif-v, …, pairs")
    for prefix, whose in (("", "the test rows"), ("validation-", "the validation rows")):
        add(f"--{prefix}data", metavar="DATA",
            help=f"{whose}: a file, a directory or a hub id (default: the benchmark's own)")
        add(f"--{prefix}config", metavar="NAME", help=f"of {whose}, if the dataset has several")
        add(f"--{prefix}split", metavar="NAME", help=f"of {whose}, if the dataset has several")
        add(f"--{prefix}columns", action="append", metavar="HELD=NAME,…",
            help=f"of {whose} of your own: what holds what")
        add(f"--{prefix}name", metavar="NAME", help=f"of {whose} of your own: what tables call them")
    add("--grid", action="append", default=[], metavar="RESULTS",
        help="a sweep's folder over the test rows, whose best is shown beside; again: one over the validation rows")


def _add_how(add: Any) -> None:
    add("--mode", default="image", metavar="MODE", help="image or no-image (default: image)")
    add("--device", default="auto", metavar="DEVICE", help="cpu, cuda or cuda:N (default: auto)")
    add("--dtype", metavar="DTYPE", help="of the weights (default: as stored)")
    add("--threads", type=int, metavar="N", help="of the arithmetic on a CPU")
    add("--batch-size", type=int, default=8, metavar="N", help="rows computed together (default: 8)")
    add("--memory-limit", type=int, metavar="BYTES", help="for encoded images (default: half of what is free)")
    add("--date", metavar="DATE", help="for templates that ask for one")
    add("--special-tokens", metavar="HOW", help="parse, escape or refuse (default: parse)")
    add("-q", "--quiet", action="store_true", help="no progress")
    add("--offline", action="store_true", help="ask the hub for nothing")


if __name__ == "__main__":
    sys.exit(main())
