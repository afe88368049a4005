"""A Python environment for each line of peers, .venv-goldens-NAME, made from environments/NAME.txt."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TORCH_CPU = "https://download.pytorch.org/whl/cpu"


def python_of(name):
    """The environment's Python; the environment is made where it is missing or its requirements have changed."""
    folder, requirements = ROOT / f".venv-goldens-{name}", HERE / f"environments/{name}.txt"
    python, stamp = folder / "bin/python", folder / "stamp"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return python
    print(f"making the Python environment {folder.name} (once)", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    lines = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
    install_torch(python, next(line for line in lines if line.startswith("torch==")))
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    stamp.write_text(requirements.read_text())
    return python


def install_torch(python, pinned):
    """The CPU build, a tenth of the size, wherever an index has it."""
    install = [python, "-m", "pip", "install", "-q"]
    for words in ([f"{pinned}+cpu"], [f"{pinned}+cpu", "--extra-index-url", TORCH_CPU], [pinned]):
        if subprocess.run([*install, *words], stderr=subprocess.DEVNULL).returncode == 0:
            return
    sys.exit(f"goldens: {pinned} cannot be installed")


def variables():
    """One thread, one order of hashes, nothing from the network."""
    fixed = {
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TZ": "UTC",
    }
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTHON", "TRANSFORMERS_"))
    }
    return kept | fixed
