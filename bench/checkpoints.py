"""The random checkpoints that the benches read, made once."""

import subprocess
import sys

from measure import ROOT


def checkpoints(options):
    """{"vlm", "rm", "base", "instruct"} → directory, of options.shape."""
    folder = options.work / options.shape
    paths = {name: folder / name for name in ("vlm", "rm", "base", "instruct")}
    if not all((path / "config.json").exists() for path in paths.values()):
        print(f"writing random checkpoints of shape {options.shape} (once)", flush=True)
        subprocess.run([sys.executable, ROOT / "tools/random_checkpoint.py", "--shape", options.shape, "-o", folder], check=True)
    return paths
