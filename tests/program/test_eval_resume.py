"""Runs of vlrm eval that end early: killed, interrupted, finished, or begun with other settings."""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM, ROOT
from evaluations import golden_command, results, rows_of, world_pairs, world_vlrm, write_pairs


@pytest.fixture(scope="module")
def vlrm_model(tmp_path_factory):
    return world_vlrm(tmp_path_factory.mktemp("world") / "vlrm")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.parquet", world_pairs(160), row_group_size=50)


@pytest.fixture(scope="module")
def command(vlrm_model, pairs):
    """One thread and small batches: time enough to be killed at it."""
    return ["eval", "vl-rewardbench", "--model", vlrm_model, "--data", pairs, "--batch-samples", "4", "--threads", "1", "-q"]


@pytest.fixture(scope="module")
def whole(command, vlrm, tmp_path_factory):
    """The bytes of an uninterrupted run, its seconds, and its folder."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    start = time.monotonic()
    vlrm(*command, "-o", folder)
    seconds = time.monotonic() - start
    return results(folder), seconds, folder


@pytest.fixture
def finished(whole, tmp_path):
    """A copy of it."""
    return shutil.copytree(whole[2], tmp_path / "out")


def started(command, folder):
    return subprocess.Popen([PROGRAM, *map(str, command), "-o", folder], stderr=subprocess.PIPE)


def test_a_killed_run_goes_on_to_the_same_bytes(command, whole, vlrm, tmp_path):
    expected, seconds, _ = whole
    draw = random.Random(7)
    killed = at_work = 0
    for attempt in range(20):
        folder = tmp_path / str(attempt)
        process = started(command, folder)
        time.sleep(draw.uniform(0, seconds))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        file = folder / "results.jsonl"
        if file.exists():
            kept = file.read_bytes()
            at_work += 0 < len(kept) < len(expected)
            if draw.random() < 0.5:  # a write that was cut in the middle of a line
                file.write_bytes(kept[: max(0, len(kept) - draw.randint(0, 20))])
        vlrm(*command, "-o", folder)
        assert results(folder) == expected
    assert killed >= 10 and at_work >= 3, (killed, at_work)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on(command, whole, vlrm, tmp_path, number):
    process = started(command, tmp_path / "out")
    file = tmp_path / "out/results.jsonl"
    while not file.exists() or file.stat().st_size == 0:
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    assert process.wait() in (-number, 128 + number)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["results.jsonl", "run.json"]
    assert 0 < len(results(tmp_path / "out")) < len(whole[0])
    vlrm(*command, "-o", tmp_path / "out")
    assert results(tmp_path / "out") == whole[0]


def test_finished_work_is_left_alone(command, finished, tmp_path, monkeypatch, vlrm):
    """Not even libtorch is loaded."""
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in finished.iterdir()}
    monkeypatch.setenv("VLRM_MODEL_LIBRARY", "/nowhere.so")
    vlrm(*command, "-o", finished)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in finished.iterdir()} == before
    assert "/nowhere.so: cannot be loaded" in vlrm(*command, "-o", tmp_path / "other", fails=True)


def test_a_run_says_where_it_stands(command, finished):
    loud = [part for part in command if part != "-q"]

    def told():
        done = subprocess.run([PROGRAM, *map(str, loud), "-o", finished], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout == ""
        return done.stderr.splitlines()[0]

    assert told() == f"{finished}: all 160 rows are there already"
    file = finished / "results.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:10]))
    assert told() == f"{finished}: going on after 8 of 160 rows"


def touched(path):
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(stamp, stamp))


@pytest.mark.parametrize("flags, expected", [
    (["--mode", "no-image"], 'mode was "image", now "no-image"'),
    (["--date", "01 Jan 2025"], 'date was null, now "01 Jan 2025"'),
    (["--no-exif"], "exif was true, now false"),
])
def test_other_settings_are_refused(command, whole, finished, vlrm, flags, expected):
    error = vlrm(*command, *flags, "-o", finished, fails=True)
    assert error == f"vlrm: {finished}/results.jsonl: made with other settings ({expected}); --force starts again"
    assert results(finished) == whole[0]


@pytest.mark.parametrize("flag, value, expected", [
    ("--dtype", "float32", 'dtype was "bfloat16", now "float32"'),
    ("--threads", "3", "threads was 1, now 3"),
    ("--batch-samples", "8", "batch_samples was 4, now 8"),
])
def test_what_moves_digits_is_mixed_only_if_asked(command, finished, vlrm, flag, value, expected):
    """The settings say which rows were made with what; the tables are as ever."""
    other = list(command)
    if flag in command:
        other[command.index(flag) + 1] = value
    else:
        other += [flag, value]
    file = finished / "results.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:80]))
    error = vlrm(*other, "-o", finished, fails=True)
    assert error == (f"vlrm: {file}: made with other settings ({expected}); "
                     "--resume-mixed resumes anyway, --force starts again")
    vlrm(*other, "-o", finished, "--resume-mixed")
    assert len(rows_of(finished)) == 160
    mixed = json.loads((finished / "run.json").read_text())["mixed"]
    assert [part["rows"] for part in mixed] == [[[0, 79]]]
    assert f"was {json.dumps(mixed[0][flag[2:].replace('-', '_')])}," in expected
    assert len(vlrm("results", finished, "--format", "csv").splitlines()) > 1
    assert "--resume-mixed" in vlrm(*command, "-o", finished, fails=True)
    vlrm(*other, "-o", finished)


def test_a_label_is_not_compared(command, finished, whole, vlrm):
    file = finished / "results.jsonl"
    vlrm(*command, "--label", "another", "-o", finished)
    assert results(finished) == whole[0]
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:80]))
    vlrm(*command, "--label", "another", "-o", finished)
    assert results(finished) == whole[0]
    assert json.loads((finished / "run.json").read_text())["label"] == "another"


def test_results_of_an_older_format_are_not_gone_on_with(command, finished, vlrm):
    settings = json.loads((finished / "run.json").read_text())
    for key in ("format", "threads"):
        del settings[key]
    (finished / "run.json").write_text(json.dumps(settings | {"vlrm": "0.1"}))
    error = vlrm(*command, "-o", finished, "--resume-mixed", fails=True)
    assert "made with other settings (their format was 1, now 2: another version of vlrm made them)" in error
    (finished / "run.json").write_text(json.dumps(settings | {"vlrm": "0.1", "format": 2, "threads": 1}))
    vlrm(*command, "-o", finished)  # the version is not compared


def test_force_starts_anew(command, whole, finished, vlrm):
    vlrm(*command, "--mode", "no-image", "-o", finished, "--force")
    assert results(finished) != whole[0] and len(rows_of(finished)) == 160
    assert json.loads((finished / "run.json").read_text())["mode"] == "no-image"
    other_batch = ["8" if part == "4" else part for part in command]
    assert "batch_samples was 4, now 8" in vlrm(*other_batch, "--mode", "no-image", "-o", finished, fails=True)


@pytest.mark.parametrize("changed", ["data", "model", "captions", "responses"])
def test_changed_inputs_are_refused(vlrm, tmp_path, changed):
    model = shutil.copytree(ROOT / "world/rm", tmp_path / "rm")
    pairs = write_pairs(tmp_path / "pairs.jsonl", [row | {"image": None} for row in world_pairs(3)])
    captions = tmp_path / "captions.json"
    shutil.copy(ROOT / "world/captions.json", captions)
    responses = tmp_path / "responses.jsonl"
    responses.write_text('{"id": 1, "input": "a", "responses": ["b", "c"], "correctness": [1, 0]}\n')
    command = {"responses": ["eval", "best-of-n", "--task", "textvqa_val", "--responses", responses, "--mode", "text-only"]}.get(
        changed, ["eval", "vl-rewardbench", "--data", pairs, "--mode", "cascade", "--captions", captions])
    vlrm(*command, "--model", model, "-o", tmp_path / "out", "-q")
    if changed == "captions":
        captions.write_text(captions.read_text().replace("}", ', "more": "x"}'))
    elif changed == "responses":
        responses.write_text(responses.read_text().replace("[1, 0]", "[0, 1]"))
    else:
        assert changed in ("data", "model")
        if changed == "data":
            touched(pairs)
            vlrm(*command, "--model", model, "-o", tmp_path / "out", "-q")
            pairs.write_text(pairs.read_text().replace('"query": "', '"query": "So ', 1))
        else:
            config = model / "config.json"
            config.write_text(config.read_text() + " ")
    error = vlrm(*command, "--model", model, "-o", tmp_path / "out", "-q", fails=True)
    assert f"made with other settings ({changed} " in error and "--force starts again" in error


def test_how_a_path_is_spelled_and_when_a_file_was_written_change_nothing(vlrm, tmp_path, monkeypatch):
    for folder in ("rm", "elsewhere"):
        shutil.copytree(ROOT / "world/rm", tmp_path / folder)
    pairs = write_pairs(tmp_path / "pairs.jsonl", [row | {"image": None} for row in world_pairs(3)])
    monkeypatch.chdir(tmp_path)
    command = ["eval", "vl-rewardbench", "--data", pairs, "--mode", "text-only", "--label", "rm", "-o", "out", "-q"]
    vlrm(*command, "--model", "rm")
    before = (tmp_path / "out/results.jsonl").stat().st_mtime_ns
    for path in (tmp_path / "rm").iterdir():
        touched(path)
    for model in ("rm", "./rm/", tmp_path / "rm", tmp_path / "elsewhere"):
        vlrm(*command, "--model", model)
    assert (tmp_path / "out/results.jsonl").stat().st_mtime_ns == before


def test_a_signal_ends_a_long_first_batch(vlrm_model, tmp_path):
    long = write_pairs(tmp_path / "long.parquet", [row | {"query": "red " * 1500} for row in world_pairs(160)])
    process = started(["eval", "vl-rewardbench", "--model", vlrm_model, "--data", long, "--batch-samples", "160",
                       "--threads", "1", "-q"], tmp_path / "out")  # fmt: skip
    while not (tmp_path / "out/run.json").exists():
        time.sleep(0.01)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    assert process.wait() == 128 + signal.SIGINT
    assert time.monotonic() - begun < 5
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("output, expected", [
    ("/dev/null", "/dev/null/results.jsonl: cannot be written: Not a directory"),
    ("fifo", "fifo/results.jsonl: cannot be written: Not a directory"),
    ("odd", "odd/results.jsonl: not a regular file"),
])
def test_results_go_into_a_folder(command, vlrm, tmp_path, monkeypatch, output, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VLRM_MODEL_LIBRARY", "/nowhere.so")
    os.mkfifo("fifo")
    (tmp_path / "odd/results.jsonl").mkdir(parents=True)
    assert vlrm(*command, "-o", output, fails=True) == f"vlrm: {expected}"


@pytest.mark.parametrize("spoil", [
    lambda row: row | {"id": "another"},
    lambda row: row | {"ground_truth": row["ground_truth"][::-1]},
    lambda row: row | {"outputs": [0.5]},
    lambda row: row | {"outputs": [0.5, "1"]},
    lambda row: row | {"predicted_answer": 1 - row["predicted_answer"]},
    lambda row: row | {"more": 1},
    lambda row: {key: row[key] for key in reversed(row)},
    lambda row: {key: value for key, value in row.items() if key != "prompts"},
    lambda row: [row],
])
@pytest.mark.parametrize("kept", [160, 10])
def test_lines_of_other_rows_are_told_on_resume(command, finished, pairs, vlrm, spoil, kept):
    file = finished / "results.jsonl"
    lines = file.read_text().splitlines()[:kept]
    lines[1] = json.dumps(spoil(json.loads(lines[1])))
    file.write_text("\n".join(lines) + "\n")
    error = vlrm(*command, "-o", finished, fails=True)
    assert error == (f"vlrm: {file}, line 2: does not hold the result of {pairs}, row 1; "
                     "remove the file, or let --force start again")


@pytest.mark.parametrize("task, file", [("rlaif_v", "vlrm"), ("textvqa_val", "text_only")])
def test_lines_of_other_rows_in_other_tasks(goldens, vlrm, tmp_path, task, file):
    command = [*golden_command(goldens, f"float32/{task}/{file}"), "-o", tmp_path / "out", "-q"]
    vlrm(*command)
    path = tmp_path / "out/results.jsonl"
    lines = path.read_text().splitlines()
    vlrm(*command)
    changed = json.loads(lines[4]) | ({"ground_truth": [1, 0]} if task == "rlaif_v" else {"id": 0})
    path.write_text("\n".join([*lines[:4], json.dumps(changed), *lines[5:]]) + "\n")
    assert "line 5: does not hold the result of " in vlrm(*command, fails=True)


def test_more_lines_than_the_run_has(command, whole, finished, vlrm):
    file = finished / "results.jsonl"
    for more in (whole[0], b"\n", b"{"):
        file.write_bytes(whole[0] + more)
        error = vlrm(*command, "-o", finished, fails=True)
        assert f"{file}: goes on after the 160 lines of a finished run" in error and "--force" in error


def test_results_without_their_run_json_are_not_overwritten(command, vlrm, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/results.jsonl").write_text("precious\n")
    error = vlrm(*command, "-o", tmp_path / "out", fails=True)
    assert "exists already, without the run.json of a run to go on with; --force starts again" in error
    assert (tmp_path / "out/results.jsonl").read_text() == "precious\n"


def test_rows_whose_ids_repeat_are_kept_apart(vlrm, vlrm_model, tmp_path):
    """Ids are not unique in VL-RewardBench."""
    rows = world_pairs(12)
    for row in rows:
        row["id"] = "wild-1"
    data = write_pairs(tmp_path / "pairs.parquet", rows)
    command = ["eval", "vl-rewardbench", "--model", vlrm_model, "--data", data, "--batch-samples", "4", "-q"]
    vlrm(*command, "-o", tmp_path / "whole")
    assert len({json.dumps(row["outputs"]) for row in rows_of(tmp_path / "whole")}) > 6
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    (tmp_path / "cut/results.jsonl").write_bytes(b"".join(results(tmp_path / "whole").splitlines(keepends=True)[:5]))
    vlrm(*command, "-o", tmp_path / "cut")
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
