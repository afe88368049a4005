"""One model on every benchmark whose data is there."""

import json
import subprocess

import pyarrow.parquet as pq
import pytest
from conftest import GOLDENS, PROGRAM, ROOT, write_lines
from evaluations import rows_of, world_vlrm

DATA = GOLDENS / "eval/data"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return world_vlrm(tmp_path_factory.mktemp("model") / "m")


@pytest.fixture
def few(tmp_path):
    """Of two benchmarks some rows, as --data names them."""
    pq.write_table(pq.read_table(ROOT / "world/pairs.parquet").slice(0, 5), tmp_path / "pairs.parquet")
    pq.write_table(pq.read_table(DATA / "rewardbench_2").slice(0, 4), tmp_path / "texts.parquet")
    return [f"vl-rewardbench={tmp_path}/pairs.parquet", f"rewardbench-2={tmp_path}/texts.parquet"]


def test_runs_what_is_there_and_says_what_is_not(vlrm, tmp_path, model, few):
    out = tmp_path / "all"
    table = vlrm("eval", "all", "--model", model, "--data", ",".join(few), "-o", out)
    assert "VL-RewardBench" in table and "RewardBench 2" in table
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "rewardbench-2", "vl-rewardbench"]
    assert len(rows_of(out / "vl-rewardbench")) == 5 and len(rows_of(out / "rewardbench-2")) == 4
    page = (out / "report.html").read_text()
    assert "VL-RewardBench" in page and "RewardBench 2" in page


def test_the_rows_are_those_of_single_evaluations(vlrm, tmp_path, model, few):
    vlrm("eval", "all", "--model", model, "--data", few[0], "--data", few[1], "-o", tmp_path / "all", "-q")
    for word in few:
        name, data = word.split("=")
        vlrm("eval", name, "--model", model, "--data", data, "-o", tmp_path / name, "-q")
        assert rows_of(tmp_path / name) == rows_of(tmp_path / "all" / name)
        single, among = (json.loads((folder / "run.json").read_text()) for folder in (tmp_path / name, tmp_path / "all" / name))
        assert single == among


def test_images_are_decoded_as_each_benchmark_wants_them(vlrm, tmp_path, model):
    """TextVQA's lose their transparency; a scorer made for another benchmark must not be taken for it."""
    data, responses = DATA / "textvqa", GOLDENS / "eval/responses/textvqa_val.jsonl"
    pairs = DATA / "vl_rewardbench"
    vlrm("eval", "all", "--model", model, "--data", f"vl-rewardbench={pairs},textvqa_val={data}", "--responses",
         f"textvqa_val={responses}", "--date", "23 Nov 2026", "-o", tmp_path / "all", "-q")  # fmt: skip
    vlrm("eval", "best-of-n", "--task", "textvqa_val", "--model", model, "--data", data, "--responses", responses, "--date",
         "23 Nov 2026", "-o", tmp_path / "one", "-q")  # fmt: skip
    assert rows_of(tmp_path / "all/textvqa_val") == rows_of(tmp_path / "one")


def test_a_second_time_nothing_is_to_do(vlrm, tmp_path, model, few):
    command = ["eval", "all", "--model", model, "--data", ",".join(few), "-o", tmp_path / "all"]
    first = vlrm(*command)
    before = (tmp_path / "all/vl-rewardbench/results.jsonl").stat().st_mtime_ns
    assert vlrm(*command) == first
    assert (tmp_path / "all/vl-rewardbench/results.jsonl").stat().st_mtime_ns == before


def test_one_that_fails_does_not_stop_the_others(tmp_path, model, few):
    write_lines(tmp_path / "bad.jsonl", [{"id": 1}])
    command = [PROGRAM, "eval", "all", "--model", model, "--data", f"{few[1]},vl-rewardbench={tmp_path}/bad.jsonl"]
    done = subprocess.run([*command, "-o", tmp_path / "all"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "vlrm: 1 of 2 benchmarks failed: vl-rewardbench"
    assert "warning: vl-rewardbench: " in done.stderr and 'has no column "query"' in done.stderr
    assert len(rows_of(tmp_path / "all/rewardbench-2")) == 4


@pytest.mark.parametrize("flags, error", [
    ([], "no benchmark has its data here; --data names it"),
    (["--data", "vl-rewardbench"], "--data vl-rewardbench: is not BENCHMARK=PLACE"),
    (["--data", "vl=x"], "--data: vl is none of vl-rewardbench"),
    (["--data", "vl-rewardbench=a,vl-rewardbench=b"], "vl-rewardbench is named twice"),
    (["--responses", "vl-rewardbench=x"], "--responses: vl-rewardbench is none of textvqa_val"),
    (["--mode", "cascade"], "--mode"),
])  # fmt: skip
def test_what_is_wrong_is_named(vlrm, tmp_path, model, flags, error, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nothing"))
    assert error in vlrm("eval", "all", "--model", model, *flags, "-o", tmp_path / "all", fails=True)
    assert not (tmp_path / "all").exists()
