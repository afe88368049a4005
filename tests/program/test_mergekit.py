"""Every method and parameter form, beside today's mergekit."""

import subprocess

import pytest
from conftest import PROGRAM, ROOT

PEER = ROOT / ".venv-mergekit/bin/python"


def test_recipes_merge_as_mergekit_merges_them():
    if not PEER.exists():
        pytest.skip("no mergekit: ./dev test installs it into .venv-mergekit")
    done = subprocess.run([PEER, ROOT / "tools/compare_mergekit", "--vlrm", PROGRAM], capture_output=True, text=True)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert done.returncode == 0, "\n".join(failed) or done.stderr[-2000:]
