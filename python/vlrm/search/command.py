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
from .files import as_json, read_json, write_first, write_whole
from .objective import OBJECTIVES
from .own_space import read_space
from .rounds import Rounds, Settings
from .scoring import Dataset, Scoring
from .spaces import SPACES, Space, named_space
from .study import SAMPLERS, Study, check_sampler, is_told, number_of, optuna

_EXAMPLE = """example:
  vlrm search vl-rewardbench --vlm VLM --rm RM --base BASE --validation rlaif-v --space depth -o results/search
  vlrm search pairs --data test.parquet --validation pairs --validation-data validation.parquet \\
      --vlm VLM --rm RM --base BASE --space ties --budget 5000 -o results/search
  vlrm build --vlm VLM --rm RM --base BASE --recipe results/search/best.yml -o OUT

A killed search goes on with the same command, and so do workers on other machines that see the folder."""


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
        return _failed(f"--{_flag(error.option)}{str(error).removeprefix(error.option)}" if error.option else str(error), error)
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
    looked = [_looked(each, folder / "rows" / name, name) for each, name in ((validation, "validation"), (test, "test"))]
    _refuse_same_rows(*looked)
    grids = outcome.grids_of([Path(each) for each in options.grid], *looked)
    total = looked[0]["rows"]
    rungs = tuple(halving.rungs(total, options.rungs, options.reduction, options.batch_size))
    _warn_of_order(looked[0], rungs[0], say)
    settings = Settings(options.sampler, options.seed, options.candidates, rungs, options.reduction, options.objective)
    _keep(folder / "search.json", settings, space, looked)
    if options.budget is not None and options.budget < (least := halving.most_rows(1, list(rungs), options.reduction)):
        raise OptionError(f"budget: {options.budget} row evaluations do not suffice for one candidate on all rows, which takes {least}", "budget")

    def warn(line: str) -> None:
        say(f"warning: {line}")

    models = _models(options)
    rounds = Rounds(folder, space, settings, Study(folder / "study.log"), Scoring(validation, models, warn), say)
    if not rounds.work(options.trials, options.budget):
        write_whole(folder / "search.html", _page(options, rounds, []))
        return [f"other workers still have rounds of {folder}; run the same command again once they have ended"]
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


def _looked(dataset: Dataset, output: Path, role: str) -> dict[str, Any]:
    try:
        return dataset.look(output)
    except OptionError as error:
        raise Error(f"the {role} rows ({dataset.benchmark}): {error}", error.exit_code) from error


def _refuse_same_rows(validation: dict[str, Any], test: dict[str, Any]) -> None:
    if validation["data"].get("stamp") == test["data"].get("stamp"):
        raise Error(f"the validation rows are the test rows ({test['data']['name']}): a recipe is chosen on other rows than it is judged by")


def _warn_of_order(run: dict[str, Any], first: int, say) -> None:
    """The first rung takes the first rows: where they are sorted by group it sees few groups."""
    groups = run.get("groups", {}).get("rows") or []
    missing = sorted(set(groups) - set(groups[:first]))
    if missing and first < len(groups):
        names = ", ".join(str(run["groups"]["names"][each]) for each in missing)
        say(f"warning: the first {first} validation rows hold none of {names}: the rows are sorted; shuffle them, or use --rungs 1")


def _keep(file: Path, settings: Settings, space: Space, looked: list[dict[str, Any]]) -> None:
    """Writes what the study is, or compares. Raises Error naming what differs."""
    ours = vars(settings) | {"rungs": list(settings.rungs), "space": space.described()}
    for role, run in zip(("validation", "test"), looked):
        ours[role] = {"task": run["task"], "data": run["data"].get("stamp"), "columns": run.get("columns"), "rows": run["rows"]}
    if write_first(file, as_json(ours)):
        return
    theirs = read_json(file) or {}
    for key, value in json.loads(as_json(ours)).items():
        if key != "test" and theirs.get(key) != value:
            raise Error(f"{file}: of a search with another {key}; take another folder, or the same settings")


def _models(options: argparse.Namespace) -> dict[str, Any]:
    models = {name: getattr(options, name) for name in ("vlm", "rm", "base", "threads", "mode", "date", "special_tokens")}
    models |= {"device": options.device, "dtype": options.dtype, "batch_samples": options.batch_size,
               "memory_limit": options.memory_limit}
    return {name: value for name, value in models.items() if value is not None}


def _page(options: argparse.Namespace, rounds: Rounds, summary: list[str]) -> str:
    told = rounds.study.trials()
    trials = [page.Trial(name, trial.params, number_of(trial), trial.user_attrs["accuracy"], trial.user_attrs["rows"],
                         trial.user_attrs["rows"] == rounds.settings.rows)
              for plan in rounds.plans() for name in plan["candidates"]
              if is_told(trial := told.get(name)) and trial.value is not None]
    return page.page(f"Search of {rounds.space.name}: {options.benchmark}", rounds.space, trials, summary)


def _failed(line: str, error: Error) -> int:
    print(f"vlrm: {line}", file=sys.stderr)
    return error.exit_code


def _flag(option: str) -> str:
    return {"batch_samples": "batch-size"}.get(option, option.replace("_", "-"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vlrm", description="Search of recipes.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    command = commands.add_parser(
        "search", help="look for the best recipe", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EXAMPLE,
        description="Looks for the best recipe of a space by Optuna: chosen on validation rows, judged once on test rows.")
    command.add_argument("benchmark", metavar="BENCHMARK", help="what the chosen recipe is judged by, once: vl-rewardbench, …, or pairs")
    command.add_argument("--vlm", required=True, help="the vision-language model")
    command.add_argument("--rm", required=True, help="the text reward model")
    command.add_argument("--base", help="the base both were tuned from")
    command.add_argument("-o", "--output", required=True, metavar="OUT", help="the study's folder; workers share it")
    space = command.add_argument_group("what is searched")
    space.add_argument("--space", default="methods", help=f"{', '.join(SPACES)}, or a recipe with ranges (YAML) (default: methods)")
    space.add_argument("--method", default="task_arithmetic", help="of depth and parts (default: task_arithmetic)")
    space.add_argument("--blocks", type=int, default=4, help="of depth: weights from the first to the last layer, 2 to 8 (default: 4)")
    space.add_argument("--sampler", default="tpe", help=f"{' or '.join(SAMPLERS)} (default: tpe)")
    space.add_argument("--objective", default="scaled", help="scaled: the log-sigmoid of margins at the scale that fits them best; margin: "
                       "of the margins as they are; accuracy (default: scaled)")
    space.add_argument("--seed", type=int, default=0, help="of the proposals (default: 0)")
    cost = command.add_argument_group("how much")
    cost.add_argument("--trials", type=int, default=40, help="candidates in all (default: 40)")
    cost.add_argument("--budget", type=int, metavar="ROWS", help="no more row evaluations than these on the validation rows")
    cost.add_argument("--candidates", type=int, default=8, help="of a round, which share what does not depend on the recipe (default: 8)")
    cost.add_argument("--rungs", type=int, default=3, help="shares of the rows that candidates are dropped after; 1: all on all rows (default: 3)")
    cost.add_argument("--reduction", type=int, default=3, help="one candidate of so many goes on to the next rung (default: 3)")
    rows = command.add_argument_group("rows")
    rows.add_argument("--validation", required=True, metavar="BENCHMARK", help="what candidates are chosen by: rlaif-v, …, or pairs")
    for prefix, whose in (("", "the test rows"), ("validation-", "the validation rows")):
        rows.add_argument(f"--{prefix}data", help=f"{whose}: a file, a directory or a hub id (default: the benchmark's own)")
        rows.add_argument(f"--{prefix}config", help=f"of {whose}, if the dataset has several")
        rows.add_argument(f"--{prefix}split", help=f"of {whose}, if the dataset has several")
        rows.add_argument(f"--{prefix}columns", action="append", metavar="HELD=NAME,…", help=f"of {whose} of your own: what holds what")
        rows.add_argument(f"--{prefix}name", help=f"of {whose} of your own: what tables call them")
    rows.add_argument("--grid", action="append", default=[], metavar="RESULTS",
                      help="a sweep's folder over the test rows, whose best is shown beside; again: over the validation rows")
    how = command.add_argument_group("how it is computed")
    how.add_argument("--mode", default="image", help="image or no-image (default: image)")
    how.add_argument("--device", default="auto", help="cpu, cuda or cuda:N (default: auto)")
    how.add_argument("--dtype", help="of the weights (default: as stored)")
    how.add_argument("--threads", type=int, help="of the arithmetic on a CPU")
    how.add_argument("--batch-size", type=int, default=8, help="rows computed together (default: 8)")
    how.add_argument("--memory-limit", type=int, metavar="BYTES", help="for encoded images (default: half of what is free)")
    how.add_argument("--date", help="for templates that ask for one")
    how.add_argument("--special-tokens", help="parse, escape or refuse (default: parse)")
    how.add_argument("-q", "--quiet", action="store_true", help="no progress")
    how.add_argument("--offline", action="store_true", help="ask the hub for nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
