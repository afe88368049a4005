"""The random checkpoints that the benches read, made once."""

import subprocess
import sys

from measure import ROOT

SHAPES = {
    "1b": [],
    "small": "--hidden 512 --layers 8 --cross-attention-layers 3 6 --intermediate 1536 --heads 8 --kv-heads 2 "
    "--vocabulary 16384 --vision-hidden 256 --vision-layers 4 --vision-global-layers 2 --vision-heads 4 "
    "--vision-intermediate 1024 --vision-intermediate-layers 1 3 --image-size 112".split(),
    "11b": ["--shape", "11b", "--sparse"],
}


def checkpoints(options, shape=None):
    """{"vlm", "rm", "base", "instruct"} → directory, of options.shape. The base stands for the instruct model: only its
    shape matters here."""
    shape = shape or options.shape
    folder = options.work / shape
    if not (folder / "vlm" / "config.json").exists():
        print(f"writing random checkpoints of shape {shape} (once)", flush=True)
        subprocess.run([sys.executable, ROOT / "tools/random_checkpoint.py", folder, *SHAPES[shape]], check=True)
    return {"instruct": folder / "base", **{name: folder / name for name in ("vlm", "rm", "base")}}
