#!/usr/bin/env python3
"""The main job on the embedded world: merges five ways, scores held-out pairs, shows what each system makes of them.

Everything is built and scored by the vlrm program; this only unpacks the pairs, starts it, and counts.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import math
import os
import pathlib
import random
import shlex
import subprocess
import sys
import textwrap
import time

import demo_pictures
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTROLS = {
    "VLM language model + RM head": ["--method", "linear", "--weight-rm", "0"],
    "RM language model + VLM cross-attention": ["--method", "linear", "--weight-rm", "1"],
}
PROBED = "task_arithmetic"  # the one that also scores without and with the wrong image, and is shown in the pictures


@dataclasses.dataclass
class System:
    """One line of the table: a model, and how it is asked."""

    name: str
    model: pathlib.Path
    samples: str = "samples"
    flags: tuple = ()


def main():
    options = parse_options()
    started = time.monotonic()
    world, out = options.world, options.output
    out.mkdir(parents=True, exist_ok=True)
    made = json.loads((world / "made.json").read_text())
    pairs = pyarrow.parquet.read_table(world / "pairs.parquet").to_pylist()
    captions = json.loads((world / "captions.json").read_text())
    recipes = {method: flags(method, **setting) for method, setting in made["recipes"].items()}
    say(f"{len(pairs)} pairs: a picture, a question, two answers. They come as twins: two pictures with the same")
    say("answers, each right for one of them. Who does not look is right half of the time.\n")
    write_samples(pairs, captions, out)

    say("Merging the language models of world/vlm and world/rm (base: world/base):")
    built = {name: build(options.vlrm, world, out, name, recipe) for name, recipe in (recipes | CONTROLS).items()}
    say("\nScoring:")
    systems = list_systems(world, built, recipes)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda system: score(options.vlrm, out, system), systems)
        scores = {system.name: values for system, values in zip(systems, results)}

    right = [pair["human_ranking"][0] for pair in pairs]
    accuracies = {name: accuracy(values, right) for name, values in scores.items()}
    print_table(accuracies, len(pairs))
    print_findings(accuracies, recipes)
    (out / "table.json").write_text(json.dumps(accuracies, indent=2) + "\n")
    cards = demo_pictures.write(pairs, scores[f"VLRM {PROBED}"], out)
    say(f"\nPictures of a few samples with their scores: {cards[0]}")
    say(f"  and one by one: {out / 'sample-*.png'}")
    say(f"Models, samples, scores and table.json: {out}. {time.monotonic() - started:.0f} s in all.")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vlrm", type=pathlib.Path, default=ROOT / "build/release/bin/vlrm", help="the program")
    parser.add_argument("--world", type=pathlib.Path, default=ROOT / "world", help="what tools/world/make.py made")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=ROOT / "build/demo", help="where results go")
    return parser.parse_args()


def flags(method, weight, density):
    """The setting that the world's makers chose on validation pairs, as flags of vlrm build."""
    if method == "linear":
        return ["--method", method, "--weight-rm", str(weight)]
    sparse = [] if method == "task_arithmetic" else ["--density", str(density)]
    return ["--method", method, "--weight", str(weight), *sparse]


def say(line, end="\n"):
    print(line, end=end, flush=True)


def list_systems(world, built, methods):
    vlm, rm = world / "vlm", world / "rm"
    return [
        *(System(f"VLRM {name}", built[name]) for name in methods),
        System(f"VLRM {PROBED}, no image", built[PROBED], flags=("--mode", "no-image")),
        System(f"VLRM {PROBED}, shuffled images", built[PROBED], samples="shuffled"),
        System("text RM alone", rm, flags=("--mode", "text-only")),
        *(System(name, built[name]) for name in CONTROLS),
        System("cascade: VLM's caption, then text RM", rm, samples="captioned", flags=("--mode", "text-only")),
        System("VLM likelihood", vlm, flags=("--likelihood",)),
    ]


def write_samples(pairs, captions, out):
    """Three inputs for vlrm score: as they are, with the pictures dealt anew, and with captions for pictures."""
    images = out / "images"
    images.mkdir(exist_ok=True)
    for pair in pairs:
        (images / f"{pair['id']}.png").write_bytes(pair["image"]["bytes"])
    dealt = [pair["id"] for pair in pairs]
    random.Random(0).shuffle(dealt)

    def write(name, sample_of):
        lines = (json.dumps({"id": pair["id"], **sample_of(i, pair), "responses": pair["response"]})
                 for i, pair in enumerate(pairs))  # fmt: skip
        (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")

    write("samples", lambda _, pair: {"images": [f"images/{pair['id']}.png"], "prompt": pair["query"]})
    write("shuffled", lambda i, pair: {"images": [f"images/{dealt[i]}.png"], "prompt": pair["query"]})
    write("captioned", lambda _, pair: {"images": [], "prompt": f"{captions[pair['id']]} {pair['query']}"})


def build(vlrm, world, out, name, recipe):
    directory = out / "models" / name.replace(" ", "_")
    directory.parent.mkdir(exist_ok=True)
    models = ["--vlm", world / "vlm", "--rm", world / "rm", "--base", world / "base"]
    seconds = run([vlrm, "--quiet", "build", *models, *recipe, "--force", "-o", directory])
    say(f"  {seconds:5.1f} s  {name}: {' '.join(recipe)}")
    return directory


def score(vlrm, out, system):
    """The scores of the system's responses, in the order of the samples: a list of lists."""
    output = out / f"scores-{''.join(c if c.isalnum() else '-' for c in system.name)}.jsonl"
    arguments = ["--model", system.model, "--input", out / f"{system.samples}.jsonl", *system.flags]
    # Models so small gain nothing from a second thread; a second system beside it does.
    threads = ["--threads", "1", "--batch-samples", "64"]
    seconds = run([vlrm, "--quiet", "score", *arguments, *threads, "--force", "-o", output])
    say(f"  {seconds:5.1f} s  {system.name}")
    return [json.loads(line)["scores"] for line in output.read_text().splitlines()]


def run(command):
    command = [str(part) for part in command]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        say(f"failed ({done.returncode}): {shlex.join(command)}\n{done.stderr or done.stdout}")
        sys.exit(1)
    return time.monotonic() - started


def accuracy(scores, right):
    """Share of the pairs whose right response scores higher (the first of equals counts), and its 95 % interval."""
    hits = sum(int(round(b, 5) > round(a, 5)) == best for (a, b), best in zip(scores, right, strict=True))
    low, high = wilson(hits, len(right))
    return {"accuracy": hits / len(right), "low": low, "high": high}


def wilson(hits, count, z=1.96):
    share = hits / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return centre - half, centre + half


def print_table(accuracies, count):
    width = max(map(len, accuracies))
    say(f"\n{'Right answers chosen, of ' + str(count):{width}}  accuracy   95 % interval")
    for name, found in accuracies.items():
        bar = "█" * round(found["accuracy"] * 30)
        interval = f"{found['low']:6.1%} – {found['high']:6.1%}"
        chance = "  chance" if found["low"] <= 0.5 <= found["high"] else ""
        say(f"{name:{width}}  {found['accuracy']:8.1%}   {interval}  {bar}{chance}")


def print_findings(accuracies, methods):
    """What the figures show, and what they do not: whatever they are."""
    best = max((f"VLRM {method}" for method in methods), key=lambda name: accuracies[name]["accuracy"])
    unseen, shuffled = (accuracies[f"VLRM {PROBED}, {what}"] for what in ("no image", "shuffled images"))
    unmerged = accuracies["VLM language model + RM head"]
    sees = accuracies[best]["low"] > max(unseen["high"], shuffled["high"])
    known = unmerged["high"] >= accuracies[best]["low"]
    findings = (
        f"The best merge is {best.removeprefix('VLRM ')} with {accuracies[best]['accuracy']:.1%}. Without the image a "
        f"VLRM has {unseen['accuracy']:.1%}, with the image of another pair {shuffled['accuracy']:.1%}: "
        + ("it decides by what it sees. " if sees else "here the image makes no clear difference. ")
        + f"The VLM's own language model with the reward head, not merged, has {unmerged['accuracy']:.1%}: "
        + ("what is true was known to the VLM already, so this shows that a merged model sees, not yet that a "
           "preference is carried over." if known else "the merge adds what the VLM alone did not have.")
    )  # fmt: skip
    say("\n" + textwrap.fill(findings, 110))


if __name__ == "__main__":
    main()
