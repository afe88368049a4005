"""Commands that run no model start at once, and without libtorch."""

import subprocess
import time

import pytest
from conftest import PROGRAM


def test_the_program_does_not_link_libtorch():
    linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "libtorch" not in linked and "libc10" not in linked


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


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "0<&- 1>&- 2>&-"])
def test_errors_that_nobody_can_read_still_end_with_2(redirection):
    assert subprocess.run(f"{PROGRAM} inspect /nowhere {redirection}", shell=True, stderr=subprocess.DEVNULL).returncode == 2


@pytest.mark.parametrize("command", ["--help", "inspect {model}", "tokenize --model {model} --input {lines}"])
def test_output_that_cannot_be_written_is_an_error(goldens, tmp_path, command):
    (tmp_path / "lines").write_text('"a"\n')
    line = command.format(model=goldens / "models/rm", lines=tmp_path / "lines")
    done = subprocess.run(f"{PROGRAM} {line} > /dev/full", shell=True, capture_output=True, text=True)
    assert done.returncode == 2 and "standard output" in done.stderr
