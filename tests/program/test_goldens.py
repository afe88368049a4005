"""The reference outputs themselves: as the script made them, small, and never silently missing."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools/goldens"))
import manifest  # noqa: E402

SET = ROOT / "tests/goldens"


def test_every_file_is_what_the_manifest_says():
    assert manifest.differences(SET) == []


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_change_by_hand_is_found(tmp_path, change):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    manifest.write(tmp_path)
    assert manifest.differences(tmp_path) == []
    {"edited": lambda: (tmp_path / "b").write_text("c"), "added": lambda: (tmp_path / "c").write_text(""),
     "removed": lambda: (tmp_path / "b").unlink()}[change]()
    assert manifest.differences(tmp_path) == ["c" if change == "added" else "b"]


def test_history_keeps_the_set_for_ever():
    assert sum(path.stat().st_size for path in SET.rglob("*")) < 5_000_000


def test_without_reference_outputs_tests_fail_and_none_is_skipped():
    tests = ["tests/program/test_start.py::test_nothing_heavy_is_loaded_on_the_way", "tests/program/test_recipe_sets.py",
             "tests/program/test_tokenizer.py::test_clean_up"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--maxfail=100", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"VLRM_GOLDENS": "/nowhere"}, capture_output=True, text=True)
    assert done.returncode == 1 and "no reference outputs at /nowhere" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout


def test_no_test_of_the_repository_skips_for_want_of_them():
    """A skip that names goldens, reference outputs or a checkout of a peer."""
    skip = re.compile(r"(skip|SKIP)[^\n]*(golden|reference|checkout|VLRM_GOLDENS|SETS)", re.I)
    sources = [path for kind in ("*.py", "*.cpp", "*.h") for path in (ROOT / "tests").rglob(kind)]
    found = [f"{path}: {line}" for path in sources if path.name != "test_goldens.py"
             for line in path.read_text().splitlines() if skip.search(line) and not line.lstrip().startswith(("//", "#"))]
    assert found == []
