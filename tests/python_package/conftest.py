"""What the tests of the Python package share: the package of the build tree, and reward models that see.

They run where VLRM_PYTHON_PACKAGE names the folder with the package (build/release/python), in a Python that has
nanobind-backend; the program beside it says what the numbers are to be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORLD = ROOT / "world"
GOLDENS = ROOT / "tests/goldens"
PACKAGE = os.environ.get("VLRM_PYTHON_PACKAGE")
PROGRAM = Path(os.environ.get("VLRM", ROOT / "build/release/bin/vlrm"))
THREADS = 1  # of the program and of the package, so that equal bits can be asked for

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in the program: other work shares the cores
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the real hub
if PACKAGE:
    PACKAGE = str(Path(PACKAGE).resolve())
    sys.path.insert(0, PACKAGE)


def pytest_collection_modifyitems(items):
    if PACKAGE:
        return
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason="VLRM_PYTHON_PACKAGE names no build of the Python package"))


@pytest.fixture(scope="session")
def program():
    """program("score", …) gives the standard output of the program, with the threads of the tests."""

    def run(*words):
        command = [PROGRAM, *map(str, words), "--threads", str(THREADS)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture(scope="session")
def built(program, tmp_path_factory):
    """The little world's reward model that sees."""
    out = tmp_path_factory.mktemp("built") / "vlrm"
    program("build", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--method", "linear", "--weight-rm", "0.2", "-o", out, "-q")
    return out


@pytest.fixture(scope="session")
def model(built):
    import vlrm

    return vlrm.RewardModel(built, dtype="float32", threads=THREADS)


@pytest.fixture(scope="session")
def pairs():
    """Rows of the little world: {"id", "query", "response", "image": {"bytes", "path"}, …}."""
    import pyarrow.parquet

    return pyarrow.parquet.read_table(WORLD / "pairs.parquet").slice(0, 12).to_pylist()


@pytest.fixture(scope="session")
def samples(pairs, tmp_path_factory):
    """The same as samples, with their images in files."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = []
    for number, row in enumerate(pairs):
        (folder / f"{number}.png").write_bytes(row["image"]["bytes"])
        rows.append({"id": row["id"], "images": [str(folder / f"{number}.png")], "prompt": row["query"],
                     "responses": row["response"]})
    return rows


@pytest.fixture(scope="session")
def scored_by_program(program, built, samples, tmp_path_factory):
    """scored_by_program("image", flags…): the scores of the samples that the command line gives."""
    file = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in samples))

    def scores(mode="image", *flags):
        lines = program("score", "--model", built, "--input", file, "--mode", mode, "--dtype", "float32", "-q", *flags)
        return [json.loads(line)["scores"] for line in lines.splitlines()]

    return scores


def run_python(code, *words, **environment):
    """Another Python, with the package; fails with what it wrote to standard error."""
    how = os.environ | {"PYTHONPATH": PACKAGE} | environment
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, env=how)
    assert done.returncode == 0, done.stderr
    return done
