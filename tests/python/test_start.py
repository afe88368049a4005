"""Commands that run no model start at once, and without libtorch."""

import subprocess
import time

import pytest
from conftest import PROGRAM


def test_the_program_does_not_link_libtorch():
    linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "torch" not in linked and "c10" not in linked


@pytest.mark.parametrize("command", [["--help"], ["build", "--help"], ["--version"]])
def test_starts_in_under_50_ms(command):
    def seconds():
        start = time.monotonic()
        subprocess.run([PROGRAM, *command], capture_output=True, check=True)
        return time.monotonic() - start

    assert min(seconds() for _ in range(10)) < 0.050


@pytest.mark.parametrize("command", ["build", "score", "inspect", "extract", "merge", "map", "tokenize", "render", "preprocess"])
def test_every_help_has_an_example(vlrm, command):
    text = vlrm(command, "--help")
    assert "Example" in text and f"vlrm {command}" in text


def test_unknown_words_are_bad_input(vlrm):
    done = subprocess.run([PROGRAM, "scroe"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr
