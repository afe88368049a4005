"""What the tests through the program share: the program, and the reference outputs."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VLRM", ROOT / "build/release/bin/vlrm"))
GOLDENS = Path(os.environ.get("VLRM_GOLDENS", ROOT.parent / "shared/goldens"))
DEVICE = os.environ.get("VLRM_TEST_DEVICE", "cpu")
# A shell starts what runs in the background with SIGINT ignored, and the programs that are tested would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def goldens():
    if not GOLDENS.exists():
        pytest.skip("no reference outputs: set VLRM_GOLDENS")
    return GOLDENS


@pytest.fixture(scope="session")
def vlrm():
    """Runs the program: vlrm("score", …) gives its standard output; with fails=True, the one line of its error, with
    notes=True, its notes."""

    def run(*arguments, fails=False, notes=False, stdin=None):
        command = [PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if not fails:
            assert done.returncode == 0, done.stderr
            return [line for line in done.stderr.splitlines() if line.startswith("note: ")] if notes else done.stdout
        assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
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
