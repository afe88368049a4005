"""The true shapes of Llama-3.2-11B-Vision and of Qwen3-VL-8B, as sparse files: vlrm build under 1 GiB, vlrm score --weights
streamed under 8 GiB."""

import shutil

from bench_score import PROMPT, RESPONSES, make_image
from checkpoints import checkpoints
from measure import ROOT, measure


def run(options):
    for shape in ("11b", "qwen3-vl-8b"):
        run_shape(options, shape)


def run_shape(options, shape):
    paths = checkpoints(options, shape)
    inputs = ["--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    recipe = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]
    room = shutil.disk_usage(options.work).free > 30e9
    target = ["-o", options.work / "full-vlrm", "--force"] if room else ["--sink", "null"]
    cost, _ = measure([options.vlrm, "build", *inputs, *recipe, *target])
    print(f"build {shape} ties {'' if room else '(--sink null: the disk is short) '}{cost}; peak under 1 GiB: {cost.peak < 2**30}")
    image = options.work / "four-tiles.png"
    make_image(image)
    model = ["--model", options.work / "full-vlrm"] if room else [*inputs, "--recipe", ROOT / "bench/full_scale.yml"]
    command = [options.vlrm, "score", *model, "--weights", "streamed", "--dtype", "bfloat16", "--image", image]
    cost, _ = measure([*command, "--prompt", PROMPT, "--response", RESPONSES[0]], memory_limit=8 * 2**30)
    print(f"score {shape} streamed inside 8 GiB {cost}")
    shutil.rmtree(options.work / "full-vlrm", ignore_errors=True)
