"""What the tests of the trainers' rewards share: rows about two pictures, and a Python that has the trainers."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT, run_python

QUESTION = "What is this?"


def python_with(module):
    """The Python of VLRM_TRAINERS_PYTHON, or of .venv-trainers (./dev ci-full makes it), if it has the module."""
    found = shutil.which(os.environ.get("VLRM_TRAINERS_PYTHON", str(ROOT / ".venv-trainers/bin/python")))
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return found if found and subprocess.run([found, "-c", code]).returncode == 0 else None


def needs(module):
    return pytest.mark.skipif(python_with(module) is None, reason=f"no Python with {module}: VLRM_TRAINERS_PYTHON, or .venv-trainers")


def run(module, script, folder, rows, *words, fails=False, **environment):
    """What the script prints as JSON in the last line, or how it fails."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    how = os.environ | {"PYTHONPATH": PACKAGE, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"} | environment
    command = [python_with(module), Path(__file__).with_name(script), folder / "rows.jsonl", *words]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=how, cwd=folder)
    assert (done.returncode != 0) == fails, done.stderr[-3000:]
    return done.stderr if fails else (json.loads(done.stdout.splitlines()[-1]), done.stderr)


def path_of(name):
    return run_python("import runpy; runpy.run_module('vlrm.integrations', run_name='__main__', alter_sys=True)", name).stdout.strip()


def pictures(folder):
    """Two files."""
    Image = pytest.importorskip("PIL.Image")
    for colour in ("red", "blue"):
        Image.new("RGB", (8, 8), colour).save(folder / f"{colour}.png")
    return [str(folder / f"{colour}.png") for colour in ("red", "blue")]
