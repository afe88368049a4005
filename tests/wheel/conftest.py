"""Fresh environments."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORLD = ROOT / "world"
MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"]
SAMPLE = ["--prompt", "What is this?", "--response", "A cat.", "--response", "A dog."]


def required_torch(file):
    """What a file of tools/requirements says of torch."""
    lines = (ROOT / "tools/requirements" / file).read_text().split()
    return next(line for line in lines if line.startswith("torch=="))


class Environment:
    def __init__(self, folder):
        self.bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)

    def install(self, *packages):
        done = subprocess.run([self.bin / "pip", "install", "-q", "--disable-pip-version-check", *packages],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]

    def run(self, *words, **variables):
        """Where no environment is active and PATH has no other Python."""
        active = ("VIRTUAL_ENV", "CONDA_PREFIX", "VLRM")
        clean = {name: value for name, value in os.environ.items() if name not in active}
        clean |= {"PATH": "/nowhere", "HF_HUB_OFFLINE": "1"} | variables
        return subprocess.run([self.bin / words[0], *map(str, words[1:])], capture_output=True, text=True, env=clean)

    def output(self, *words, **variables):
        done = self.run(*words, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout
