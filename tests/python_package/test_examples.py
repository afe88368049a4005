"""The Python programs and notebooks of examples/, run as they stand."""

import json
import os
import subprocess
import sys

import pytest
from conftest import PACKAGE, ROOT, WORLD

pytest.importorskip("PIL.Image")
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def run(*words):
    how = os.environ | {"PYTHONPATH": PACKAGE}
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, env=how, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_score(built, samples):
    sample = samples[0]
    code, printed, errors = run("examples/score.py", built, sample["images"][0], sample["prompt"], *sample["responses"])
    assert code == 0, errors
    assert {line.split("  ")[-1] for line in printed.splitlines()} == set(sample["responses"])
    assert run("examples/score.py", "/nowhere", "a.png", "b", "c")[0] == 2


def test_evaluate(tmp_path):
    code, printed, errors = run("examples/evaluate.py", WORLD, tmp_path)
    assert code == 0, errors
    assert len(printed.splitlines()) == 3 and "of 720 pairs" in printed


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    assert not any(cell.get("outputs") for cell in cells)
    code, _, errors = run("-c", "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
    assert code == 0, errors


def test_there_are_two_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["best_of_n", "build_and_look"]
