#!/usr/bin/env python3
"""The main job on the embedded world: merges five ways, evaluates on held-out pairs, checks what the method claims.

The vlrm program builds, scores, counts and tests; this starts it, deals the pictures anew for one of the controls, and
says what came out. It exits with 1 where a claim does not hold.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import textwrap
import time

import demo_pictures
import pyarrow
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parent.parent
METHODS = {  # by the paper's names
    "linear": "Linear",
    "task_arithmetic": "Task Vec.",
    "ties": "TIES",
    "dare_linear": "DARE + Task Vec.",
    "dare_ties": "DARE + TIES",
}
# The method that stands for VLRM in claims and pictures: named here, not picked by what the test pairs show.
CHOSEN = "task_arithmetic"
UNMERGED = {  # the VLM with one language model as it is, and the RM's head; folder: name, flags of vlrm build
    "vlm-language": ("VLM language, unmerged", ["--method", "linear", "--weight-rm", "0"]),
    "rm-language": ("RM language, unmerged", ["--method", "linear", "--weight-rm", "1"]),
    "base-language": ("Base language, unmerged", ["--method", "task_arithmetic", "--weight", "0"]),
}
CONTESTS = {  # what the two answers of a pair differ in
    "truth": "one answer is true, the other false, in the same manner",
    "manner": "both are true, one in the better manner",
    "both": "the true one has the better manner",
    "against": "the false one has the better manner",
}
COLUMNS = "prompt=query,responses=response,ranking=human_ranking,group=query_source"
SIGNIFICANT = 0.001


@dataclasses.dataclass(frozen=True)
class Run:
    """A row of a table: its folder and name, and what vlrm eval is asked."""

    folder: str
    label: str
    flags: tuple


def main():
    options = parse_options()
    started = time.monotonic()
    world, out = options.world, options.output
    out.mkdir(parents=True, exist_ok=True)
    vlrm = Program(options.vlrm, out)
    pairs = pyarrow.parquet.read_table(world / "pairs.parquet")
    write_shuffled(pairs, out / "shuffled.parquet")
    say_wrapped(
        f"{len(pairs)} pairs: a picture, a question, two answers. The better answer is the true one, of two true ones "
        "the one in the better manner (a plain or polite sentence: no guess, no repetition). What is true, only the VLM "
        "can see; which manner is better, only the reward model was taught. Where truth counts, pairs come as twins: "
        "two pictures with the same answers, each right for one of them, so that who does not look is right half "
        "of the time.\n"
    )

    say("Merging the language models of world/vlm and world/rm (base: world/base):")
    recipes = json.loads((world / "made.json").read_text())["recipes"]
    for method in METHODS:
        vlrm.build(world, method, flags(method, **recipes[method]))
    for name, (_, recipe) in UNMERGED.items():
        vlrm.build(world, name, recipe)

    say("\nEvaluating:")
    table, controls = table_runs(world, out), control_runs(world, out)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(vlrm.evaluate, table + controls))
    say("\nThe paper's table, by what the two answers of a pair differ in:")
    for contest, meaning in CONTESTS.items():
        say(f"  {contest}: {meaning}")
    say("Text RM: the reward model alone. Cascade: the same, reading the VLM's caption.\n")
    say(vlrm.results("--digits", "1", *vlrm.folders(table)))
    say("Controls. Unmerged: the VLM with one model's language as it is, and the reward model's head.\n")
    say(vlrm.results("--digits", "1", *vlrm.folders(controls)))
    hold = print_claims(vlrm)
    print_limits(vlrm)
    cards = demo_pictures.write(pairs.to_pylist(), scores(vlrm.folder(CHOSEN)), out)
    say(f"\nPictures of a few samples with their scores: {cards[0]}")
    if report := vlrm.report(table + controls):
        say(f"Report, for a browser: {report}")
        show(report)
    say(f"Models and results: {out}. {time.monotonic() - started:.0f} s in all.")
    sys.exit(0 if hold else 1)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vlrm", type=pathlib.Path, default=ROOT / "build/release/bin/vlrm", help="the program")
    parser.add_argument("--world", type=pathlib.Path, default=ROOT / "world", help="what tools/world/make.py made")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=ROOT / "build/demo", help="where results go")
    return parser.parse_args()


def say(line):
    print(line, flush=True)


def flags(method, weight, density):
    """The setting that the world's makers chose on validation pairs, as flags of vlrm build."""
    if method == "linear":
        return ["--method", method, "--weight-rm", str(weight)]
    sparse = [] if method == "task_arithmetic" else ["--density", str(density)]
    return ["--method", method, "--weight", str(weight), *sparse]


def say_wrapped(sentences):
    say(textwrap.fill(sentences, 100) + "\n" * sentences.endswith("\n"))


def table_runs(world, out):
    data, text = ("--data", world / "pairs.parquet"), ("--model", world / "rm")
    chosen = ("--model", out / "models" / CHOSEN)
    return [
        Run("random", "Random", (*data, "--mode", "random")),
        Run("text-rm", "Text RM", (*data, *text, "--mode", "text-only")),
        Run("cascade", "Cascade", (*data, *text, "--mode", "cascade", "--captions", world / "captions.json")),
        *(Run(method, name, (*data, "--model", out / "models" / method)) for method, name in METHODS.items()),
        Run("no-image", f"{METHODS[CHOSEN]}, no image", (*data, *chosen, "--mode", "no-image")),
    ]


def control_runs(world, out):
    data, chosen = ("--data", world / "pairs.parquet"), ("--model", out / "models" / CHOSEN)
    return [
        Run("shuffled", f"{METHODS[CHOSEN]}, shuffled images", ("--data", out / "shuffled.parquet", *chosen)),
        *(Run(name, label, (*data, "--model", out / "models" / name)) for name, (label, _) in UNMERGED.items()),
        Run("likelihood", "VLM likelihood", (*data, "--model", world / "vlm", "--likelihood")),
    ]


def write_shuffled(pairs, path):
    """The pairs, each with the picture of another."""
    order = list(range(len(pairs)))
    random.Random(0).shuffle(order)
    column = pairs.column_names.index("image")
    dealt = pairs["image"].take(pyarrow.array(order))
    pyarrow.parquet.write_table(pairs.set_column(column, pairs.schema.field(column), dealt), path)


class Program:
    """vlrm, with its models and results under one folder."""

    def __init__(self, path, out):
        self.path, self.out = path, out

    def folder(self, name):
        return self.out / "results" / name

    def folders(self, runs):
        return [self.folder(run.folder) for run in runs]

    def build(self, world, name, recipe):
        models = ["--vlm", world / "vlm", "--rm", world / "rm", "--base", world / "base"]
        started = time.monotonic()
        self.run("build", "--quiet", *models, *recipe, "--force", "-o", self.out / "models" / name)
        say(f"  {time.monotonic() - started:5.1f} s  {name}: {' '.join(recipe)}")

    def evaluate(self, run):
        # Models so small gain nothing from a second thread; a second evaluation beside it does.
        how = ["--quiet", "--threads", "1", "--batch-size", "64", "--label", run.label, "--force"]
        started = time.monotonic()
        self.run("eval", "pairs", "--name", "Little world", "--columns", COLUMNS, *run.flags, *how, "-o", self.folder(run.folder))
        say(f"  {time.monotonic() - started:5.1f} s  {run.label}")

    def results(self, *arguments):
        return self.run("results", *arguments)

    def overall(self, *arguments):
        """Of one run, or of two with --compare: what is said of all its pairs, and of what it is said."""
        found = json.loads(self.results(*arguments, "--format", "json"))
        subject = found.get("comparison") or found["runs"][0]
        return next(metric for metric in subject["metrics"] if metric["name"] == "Overall"), subject

    def report(self, runs):
        """The report's path; None where this vlrm writes none."""
        if "vlrm report" not in self.run("report", "--help"):
            return None
        path = self.out / "report.html"
        self.run("report", *self.folders(runs), "-o", path, "--force")
        return path

    def run(self, *arguments):
        command = [str(part) for part in (self.path, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"failed ({done.returncode}): {shlex.join(command)}\n{done.stderr or done.stdout}")
        return done.stdout


def print_claims(vlrm):
    """Says of each claim whether it holds; gives whether all do."""
    say("Claims")
    rivals = {
        "text-rm": "A merged model judges better than the reward model that it is made of",
        "no-image": "It decides by the image, better than without",
        "shuffled": "It decides by the right image, better than with another",
        "vlm-language": "The reward model's language is needed: the VLM's own does not know its preference",
        "rm-language": "The VLM's language is needed: the reward model's sees less",
        "base-language": "What is merged matters: the language that both come from has neither",
    }
    return all([is_better(vlrm, CHOSEN, rival, claim) for rival, claim in rivals.items()])


def is_better(vlrm, better, worse, claim):
    found, compared = vlrm.overall("--compare", vlrm.folder(better), vlrm.folder(worse))
    p = "p < 1e-300" if found["p"] < 1e-300 else f"p = {found['p']:.0e}"
    return say_whether(
        found["a"] > found["b"] and found["p"] < SIGNIFICANT,
        f"{claim}: {compared['a']} {found['a']:.1f} %, {compared['b']} {found['b']:.1f} %. {found['only_a']} pairs "
        f"only the first gets right, {found['only_b']} only the second: {p} (McNemar's exact test).",
    )


def say_whether(holds, sentence):
    mark = "  ✓ " if holds else "  ✗ does not hold: "
    say(textwrap.fill(sentence, 100, initial_indent=mark, subsequent_indent="    "))
    return holds


def print_limits(vlrm):
    """What the figures do not show."""
    rivals = {name: vlrm.overall(vlrm.folder(name))[0]["percent"] for name in (CHOSEN, "cascade", "likelihood")}
    say("")
    say_wrapped(
        "What this does not show: that merging is the best way to such a judge. In so small a world a caption says all "
        f"that a picture shows: the cascade has {rivals['cascade']:.1f} %, the merge {rivals[CHOSEN]:.1f} %. Nor is "
        "truth alone worth little, since it decides three pairs of four: the VLM's likelihood, which was taught no "
        f"manner, has {rivals['likelihood']:.1f} %. And it is one seed of four that were made: with the others the "
        "best merge is above the same rivals by less (docs/world.md)."
    )


def scores(folder):
    return [json.loads(line)["outputs"] for line in (folder / "results.jsonl").read_text().splitlines()]


def show(page):
    """Opens it where someone sits before a desktop."""
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if desktop and sys.stdout.isatty() and shutil.which("xdg-open"):
        subprocess.Popen(["xdg-open", page], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
