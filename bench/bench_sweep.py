"""A sweep: five recipes on eight best-of-8 samples, against the reference's chain and loop for each recipe."""

import json
import shutil
import subprocess
import sys
import time

from arithmetic import gemm_rates, image_flop
from bench_build import METHODS, mergekit_yaml, reference_builds
from bench_eval import differences, needed_flop, theirs, write_best_of_8
from checkpoints import checkpoints
from measure import measure, table

SAMPLES = 8
# The last one's scores are compared: it draws no masks, and no equal magnitudes are at a threshold.
RECIPES = [*(method for method in METHODS if method != "linear"), "linear"]
PAPER = 58, 64  # the published recipes, and the samples that both are scaled to
TARGET = 10  # times less CPU time, merging included


def write_recipes(folder, methods):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for method in methods:
        (folder / f"{method}.yml").write_text(mergekit_yaml(method, ("vlm", "rm"), "base"))
    return [flag for method in methods for flag in ("--recipes", folder / f"{method}.yml")]


def command(options, paths, task, which, out):
    models = ["--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    return [options.vlrm, "eval", *task.ours, *models, *which, "--dtype", "float32", "--force", "-o", out]


def ours(options, paths, task, methods):
    folder = options.work / "sweep"
    recipes = write_recipes(folder / f"recipes-{len(methods)}", methods)
    out = folder / f"results-{len(methods)}"
    shutil.rmtree(out, ignore_errors=True)
    cost, log = measure([*command(options, paths, task, recipes, out)], errors=subprocess.STDOUT)
    print(f"vlrm, {len(methods)} recipes, {SAMPLES} samples: {cost}", flush=True)
    print("  " + next(line for line in log.splitlines() if "models merged" in line), flush=True)
    return cost, out


def first_score(options, paths, task, which):
    """Seconds until a row of some recipe is in its file; the sweep is then stopped."""
    out = options.work / "sweep" / "first"
    shutil.rmtree(out, ignore_errors=True)
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command(options, paths, task, which, out))), stderr=subprocess.DEVNULL)
    try:
        while not any(path.stat().st_size for path in out.glob("*/results.jsonl*")):
            if process.poll() is not None:
                sys.exit("bench: the sweep ended before its first score")
            time.sleep(0.05)
        return time.monotonic() - start
    finally:
        process.kill()
        process.wait()


def merging(options, paths, method):
    models = ["--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    return measure([options.vlrm, "build", *models, "--method", method, *METHODS[method], "--sink", "null", "-q"])[0].cpu


def run(options):
    paths = checkpoints(options)
    (options.work / "sweep").mkdir(exist_ok=True)
    task = write_best_of_8(options.work / "sweep", SAMPLES)
    _, cpu_rate = gemm_rates()
    one, _ = ours(options, paths, task, RECIPES[:1])
    all_five, results = ours(options, paths, task, RECIPES)
    further = (all_five.cpu - one.cpu) / (len(RECIPES) - 1)  # one recipe: its merge, and the texts of all samples
    merge = sum(merging(options, paths, method) for method in RECIPES) / len(RECIPES)
    images = SAMPLES * image_flop(paths["vlm"]) / 1e9
    texts = needed_flop(options, paths["vlm"], task) / 1e9 - images
    rest = one.cpu - further
    print(f"CPU s: a recipe {further:.1f}, of which its merge {merge:.1f} and its texts {further - merge:.1f} "
          f"({texts / cpu_rate:.1f} at the GEMM's rate); once, start, loading and {SAMPLES} images {rest:.1f} "
          f"({images / cpu_rate:.1f})", flush=True)  # fmt: skip
    paper = options.work / "sweep" / "one-sample"
    paper.mkdir(exist_ok=True)
    short = write_best_of_8(paper, 1)
    alone = write_recipes(options.work / "sweep/recipes-first", RECIPES[:1])
    print(f"until the first score: {first_score(options, paths, short, ['--sweep', 'paper']):.1f} s with {PAPER[0]} recipes, "
          f"{first_score(options, paths, short, alone):.1f} s with one", flush=True)  # fmt: skip
    if options.no_peers:
        return
    scaled = rest * PAPER[1] / SAMPLES + PAPER[0] * (merge + (further - merge) * PAPER[1] / SAMPLES)
    compare(options, paths, short, results, all_five.cpu, scaled)


def compare(options, paths, task, results, mine, scaled):
    """The reference's loop is measured over one sample with one recipe: each of the others costs it the same."""
    model = options.work / "sweep" / "reference-model"
    builds = reference_builds(options, paths, RECIPES, keep=model)
    merges = [merge.cpu + mapping.cpu for merge, mapping, _ in (builds[method] for method in RECIPES)]
    found = theirs(model, "float32", task)
    print(f"transformers, one recipe, one sample: {found.cost}, of which {found.scoring:.1f} s wall scoring", flush=True)
    loop = found.cost.cpu * found.scoring / found.cost.wall
    start = found.cost.cpu - loop
    once = [sum(merges) / len(merges) + start, loop]  # CPU s of a recipe, and of each of its samples
    rows = []
    for (recipes, samples), cpu, how in [((len(RECIPES), SAMPLES), mine, "measured"), (PAPER, scaled, "scaled")]:
        reference = builds["extract"] + recipes * (once[0] + samples * once[1])
        rows.append((f"{recipes} × {samples}, {how}", f"{cpu:.0f}", f"{reference:.0f}", f"{reference / cpu:.1f} × (to be: {TARGET})"))
    table(rows, ("recipes × samples", "vlrm, CPU s", "reference, CPU s", "less"))
    with open(results / RECIPES[-1] / "results.jsonl") as rows:
        scores = json.loads(next(rows))["scores"]
    if not differences(task, "float32", [scores], found.scores):
        sys.exit("bench: the scores are not the reference's")
