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
    "qwen3-vl-1b": "--family qwen3_vl --hidden 2048 --layers 14 --intermediate 6144 --heads 16 --kv-heads 8 "
    "--head-size 128 --vision-hidden 1024 --vision-layers 16 --vision-heads 16 --vision-intermediate 4096 "
    "--vision-intermediate-layers 3 7 11 --image-tokens 1024".split(),
    "qwen3-vl-8b": "--family qwen3_vl --hidden 4096 --layers 36 --intermediate 12288 --heads 32 --kv-heads 8 "
    "--head-size 128 --vocabulary 151928 --vision-hidden 1152 --vision-layers 27 --vision-heads 16 "
    "--vision-intermediate 4304 --vision-intermediate-layers 8 16 24 --image-tokens 1024 --sparse".split(),
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
