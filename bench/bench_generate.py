"""Eight texts about one 4-tile image: vlrm generate against transformers' generate with eight sequences."""

import json
import subprocess

from bench_score import PROMPT, make_image
from checkpoints import checkpoints
from measure import ROOT, measure, peer_python, table

TEXTS, TOKENS = 8, 64


def run(options):
    model, image = checkpoints(options)["vlm"], options.work / "four-tiles.png"
    make_image(image)
    subprocess.run(["sh", "-c", 'cat "$0"/*.safetensors > /dev/null', model], check=True)
    rows, rates = [], {}
    for dtype in ("float32", "bfloat16"):
        rows += ours(options, model, image, dtype, rates)
    if not options.no_peers:
        rows.append(peer(model, image, rates))
    table(rows, ("start and loading included", "wall s", "CPU s", "MiB", "tokens", "tokens/s", "of them decoding alone"))


def ours(options, model, image, dtype, rates):
    command = [options.vlrm, "generate", "--model", model, "--image", image, "--prompt", PROMPT, "--dtype", dtype,
               "--temperature", "1", "-n", str(TEXTS), "--json", "-q", "--max-new-tokens"]
    first, output = measure([*command, "1"])
    cost, output = measure([*command, str(TOKENS)])
    tokens = sum(len(json.loads(line)["tokens"]) for line in output.splitlines())
    rates[dtype] = tokens / cost.wall, (tokens - TEXTS) / (cost.wall - first.wall)
    return [(f"vlrm, {dtype}", f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak / 2**20:.0f}", tokens,
             f"{rates[dtype][0]:.2f}", f"{rates[dtype][1]:.1f}")]


def peer(model, image, rates):
    python = peer_python("reference")
    cost, output = measure([python, ROOT / "bench/peers/generate.py", model, image, PROMPT, str(TEXTS), str(TOKENS)])
    theirs = json.loads(output)
    rate = theirs["tokens"] / theirs["seconds"]
    decoding = (theirs["tokens"] - TEXTS) / (theirs["seconds"] - theirs["first_seconds"])
    for dtype, (whole, alone) in rates.items():
        print(f"{dtype}: {whole / rate:.1f} × transformers' tokens a second with the image (its loading left out), "
              f"{alone / decoding:.1f} × decoding alone")
    return ("transformers, float32", f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak / 2**20:.0f}", theirs["tokens"],
            f"{rate:.2f}", f"{decoding:.1f}")
