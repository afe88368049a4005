"""Scoring N responses about one 4-tile image: vlrm score against one forward a response on transformers."""

import json
import shutil
import subprocess

from arithmetic import gemm_rates
from checkpoints import checkpoints
from measure import ROOT, measure, peer_python, table

PROMPT = "What is shown in the picture, and how many objects are there?"
WORDS = "The picture shows a bowl of fruit on a wooden table beside an open window with white curtains".split()
RESPONSES = [" ".join(WORDS[i:] + WORDS[:i]) + "." for i in range(8)]


def make_image(path):
    from PIL import Image

    Image.effect_noise((1120, 1120), 80).convert("RGB").save(path)


def run(options, shape=None, peer="reference"):
    """`peer` is the script of bench/peers that scores, and its environment."""
    paths = checkpoints(options, shape)
    model = options.work / "vlrm-float32"
    shutil.rmtree(model, ignore_errors=True)
    build = [options.vlrm, "build", "--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    measure([*build, "--method", "linear", "--weight-rm", "0.5", "--dtype", "float32", "-o", model, "-q"])
    image = options.work / "four-tiles.png"
    make_image(image)
    flags = [part for response in RESPONSES for part in ("--response", response)]
    command = [options.vlrm, "score", "--model", model, "--image", image, "--prompt", PROMPT, "--json"]
    subprocess.run(["sh", "-c", 'cat "$0"/*.safetensors > /dev/null', model], check=True)  # so that no run waits for a disk
    ours, output = measure([*command, *flags])
    rewards = json.loads(output)["scores"]
    one, _ = measure([*command, "--response", RESPONSES[0]])
    print(f"this machine's float32 GEMM: {gemm_rates()[0]:.0f} GFLOP/s")
    rows = [("vlrm, 8 responses", f"{ours.wall:.1f}", f"{ours.cpu:.1f}", f"{ours.peak / 2**20:.0f}"),
            ("vlrm, 1 response", f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak / 2**20:.0f}")]
    if not options.no_peers:
        rows += compare(peer, model, image, ours, rewards)
    table(rows, ("start and loading included", "wall s", "CPU s", "MiB"))


def compare(peer, model, image, ours, rewards):
    """The reference's loop costs the same for each response: two are timed, and eight are four times that."""
    python = peer_python(peer)
    timed = 2
    script = ROOT / "bench/peers" / f"{peer}.py"
    cost, output = measure([python, script, "score", model, image, PROMPT, *RESPONSES[:timed]])
    theirs = json.loads(output)
    gap = max(abs(a - b) for a, b in zip(theirs["rewards"], rewards))
    eight = theirs["seconds"] * len(RESPONSES) / timed
    print(f"reference: {theirs['seconds']:.1f} s for {timed} responses of {theirs['tokens']} tokens, loading left out: "
          f"{eight:.0f} s for 8, {eight / ours.wall:.1f} × ours; largest difference of a score {gap:.1e}")
    return [("transformers, 2 responses", f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak / 2**20:.0f}")]
