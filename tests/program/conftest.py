"""What the tests through the program share: the program, and the reference outputs."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VLRM", ROOT / "build/release/bin/vlrm"))
# The sets of reference outputs. The repository's own is made by tools/goldens; a larger one may lie beside the repository.
SHARED = ROOT.parent / "shared/goldens"
SETS = {"goldens": ROOT / "tests/goldens"} | ({"second_goldens": SHARED} if SHARED.exists() else {})
if "VLRM_GOLDENS" in os.environ:
    SETS = {"goldens": Path(os.environ["VLRM_GOLDENS"])}
GOLDENS = SETS["goldens"]  # for tests to which any models will do
DEVICE = os.environ.get("VLRM_TEST_DEVICE", "cpu")
# No test asks the real hub; those of downloads have a hub of their own.
os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("COLUMNS", "LINES"):  # readline, which pytest imports, sets them behind Python's back
    os.environ.pop(name, None)
    os.unsetenv(name)
# A shell starts what runs in the background with SIGINT ignored, and the programs that are tested would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Tables and help would be as wide as the terminal that the tests are started from. Python's readline, which pytest
# imports, sets it behind os.environ's back.
os.environ.pop("COLUMNS", None)
os.unsetenv("COLUMNS")


def pytest_configure(config):
    config.addinivalue_line("markers", "first_set: compares nothing with reference outputs, or takes long: runs on one set only")


def pytest_collection_modifyitems(config, items):
    def again(item):
        on = getattr(item, "callspec", None) and item.callspec.params.get("goldens")
        return on == "second_goldens" and item.get_closest_marker("first_set")

    config.hook.pytest_deselected(items=[item for item in items if again(item)])
    items[:] = [item for item in items if not again(item)]


@pytest.fixture(scope="session", params=SETS)
def goldens(request):
    """A set of reference outputs; tests run on each."""
    if not SETS[request.param].exists():  # never skipped: a set is part of the repository
        pytest.fail(f"no reference outputs at {SETS[request.param]}")
    return SETS[request.param]


def seed(goldens):
    """The captions, responses and prompts that go with a set: in it, or beside it."""
    return goldens / "seed" if (goldens / "seed").exists() else goldens.parent / "seed"


@pytest.fixture(scope="session")
def vlrm():
    """Runs the program: vlrm("score", …) gives its standard output; with fails=True, the one line of its error (or
    fails=CODE, where the exit code is not 2), with notes=True, its notes, with warnings=True, its warnings."""

    def run(*arguments, fails=False, notes=False, warnings=False, stdin=None):
        command = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if not fails:
            assert done.returncode == 0, done.stderr
            wanted = "note: " if notes else "warning: "
            return [line for line in done.stderr.splitlines() if line.startswith(wanted)] if notes or warnings else done.stdout
        assert done.returncode == (2 if fails is True else fails), (done.returncode, done.stdout, done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        assert len(lines) == 1 and lines[0].startswith("vlrm: "), done.stderr
        return lines[0]

    return run


@pytest.fixture(scope="session")
def device_flags():
    return ["--device", DEVICE]


def read_lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def write_lines(path, rows):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
