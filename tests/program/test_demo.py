"""The demo on a part of its pairs: what it leaves behind, and that it exits with 1 where a claim does not hold."""

import json
import os
import subprocess
import sys

import pytest
from conftest import PROGRAM, ROOT, read_lines

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

BLOCK, KEPT = 60, 20  # of each category and kind, twins side by side


def run_demo(folder, turned):
    """Its output and exit code; with `turned`, the wrong answers of the pairs are called right."""
    world, out = folder / "world", folder / "out"
    world.mkdir()
    for name in ("base", "vlm", "rm", "made.json", "captions.json"):
        (world / name).symlink_to(ROOT / "world" / name)
    pairs = parquet.read_table(ROOT / "world/pairs.parquet")
    pairs = pyarrow.concat_tables([pairs.slice(first, KEPT) for first in range(0, len(pairs), BLOCK)])
    if turned:
        rankings = [[1 - place for place in ranking] for ranking in pairs["human_ranking"].to_pylist()]
        column = pairs.column_names.index("human_ranking")
        pairs = pairs.set_column(column, pairs.schema.field(column), pyarrow.array(rankings))
    parquet.write_table(pairs, world / "pairs.parquet")
    command = [sys.executable, ROOT / "tools/demo.py", "--vlrm", PROGRAM, "--world", world, "-o", out]
    without_desktop = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    return subprocess.run(command, capture_output=True, text=True, env=without_desktop), out


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    done, out = run_demo(tmp_path_factory.mktemp("demo"), turned=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, out


def test_claims_hold_and_are_said_with_their_significance(demo):
    printed = " ".join(demo[0].split())
    assert printed.count("✓") == 6 and "✗" not in printed
    assert printed.count("(McNemar's exact test)") == 6


def test_a_claim_that_does_not_hold_is_exit_code_1(tmp_path):
    done, _ = run_demo(tmp_path, turned=True)
    assert done.returncode == 1
    assert done.stdout.count("✗ does not hold: ") == 6


def test_what_is_left_behind(demo):
    printed, out = demo
    labels = {}
    for folder in (out / "results").iterdir():
        run = json.loads((folder / "run.json").read_text())
        labels[run["label"]] = run
        assert run["rows"] == len(read_lines(folder / "results.jsonl")) == 12 * KEPT
        assert run["label"] in printed
    assert {"Random", "Text RM", "Cascade", "Linear", "Task Vec.", "TIES", "DARE + Task Vec.", "DARE + TIES",
            "Task Vec., no image", "Task Vec., shuffled images", "VLM likelihood"} < set(labels)
    assert len([label for label in labels if "unmerged" in label]) == 3
    assert [label for label, run in labels.items() if run.get("likelihood")] == ["VLM likelihood"]
    assert (out / "samples.png").exists()


def test_likelihoods_of_eval_are_those_of_score(demo, vlrm, tmp_path):
    row = parquet.read_table(demo[1].parent / "world/pairs.parquet").slice(0, 1).to_pylist()[0]
    (tmp_path / "picture.png").write_bytes(row["image"]["bytes"])
    responses = [part for response in row["response"] for part in ("--response", response)]
    asked = ["--image", tmp_path / "picture.png", "--prompt", row["query"], *responses]
    scored = json.loads(vlrm("score", "--model", ROOT / "world/vlm", "--likelihood", *asked, "--json"))["scores"]
    evaluated = read_lines(demo[1] / "results/likelihood/results.jsonl")[0]["outputs"]
    assert evaluated == pytest.approx(scored, abs=1e-3)
