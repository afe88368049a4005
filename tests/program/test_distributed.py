"""One job over many processes: vlrm score --distributed and --shard."""

import json
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import GOLDENS, PROGRAM, ROOT, read_lines, write_lines

TORCHRUN = ROOT / ".venv/bin/torchrun"
ENGINES = ("RANK", "WORLD_SIZE", "LOCAL_", "SLURM_", "OMPI_", "PMI_", "MPI_")
OUTPUT = "out.jsonl"
SAMPLES = 24


def environment(**variables):
    """Without those of an engine that the tests themselves were started by."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENGINES)}
    return kept | {name: str(value) for name, value in variables.items()}


def torchrun_rank(rank, count):
    return {"RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": count}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    images = [path for path in sorted((GOLDENS / "reference/images").glob("rgb_[lsw]*.*")) if "thin" not in path.name]
    draw = random.Random(0)
    words = "a picture of some red and blue stripes with one box on the left".split()
    rows = [{"id": f"s{number}", "images": [str(draw.choice(images))], "prompt": " ".join(draw.choices(words, k=8)),
             "responses": [" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(3)]} for number in range(SAMPLES)]
    return write_lines(tmp_path_factory.mktemp("samples") / "samples.jsonl", rows)


@pytest.fixture(scope="module")
def command(samples):
    return [PROGRAM, "score", "--model", GOLDENS / "vlrm_ties", "--input", samples, "--batch-size", "4", "--threads", "1", "-q"]


@pytest.fixture(scope="module")
def alone(command, tmp_path_factory):
    """The output of one process, and its settings."""
    out = tmp_path_factory.mktemp("alone") / OUTPUT
    subprocess.run([*command, "-o", out], check=True)
    return out.read_bytes(), out.with_name(OUTPUT + ".run.json").read_bytes()


def start(command, out, *flags, **variables):
    return subprocess.Popen([*map(str, command), "-o", out, *flags], env=environment(**variables), stderr=subprocess.PIPE, text=True)


def finished(process):
    """The lines of its standard error; it must have gone well."""
    _, lines = process.communicate()
    assert process.returncode == 0, lines
    return lines


def without(command, option):
    """The command without the option and its value."""
    if option not in command:
        return command
    at = command.index(option)
    return [*command[:at], *command[at + 2 :]]


def refusal(process, code=2):
    _, lines = process.communicate()
    assert process.returncode == code and lines.count("\n") == 1, lines
    return lines


def assert_same(out, alone):
    assert (out.read_bytes(), out.with_name(OUTPUT + ".run.json").read_bytes()) == alone
    assert sorted(path.name for path in out.parent.iterdir()) == [OUTPUT, OUTPUT + ".parts", OUTPUT + ".run.json"]
    assert len(list((out.parent / (OUTPUT + ".parts")).glob("0*.jsonl"))) == 6


ENGINE_RANKS = {
    "torchrun": lambda rank, count: torchrun_rank(rank, count),
    "array": lambda rank, count: {"SLURM_ARRAY_TASK_ID": 3 + 2 * rank, "SLURM_ARRAY_TASK_COUNT": count, "SLURM_ARRAY_TASK_MIN": 3,
                                  "SLURM_ARRAY_TASK_STEP": 2},
    "srun": lambda rank, count: {"SLURM_PROCID": rank, "SLURM_NTASKS": count, "SLURM_LOCALID": rank},
    "open mpi": lambda rank, count: {"OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": count},
    "pmi": lambda rank, count: {"PMI_RANK": rank, "PMI_SIZE": count},
}


@pytest.mark.parametrize("engine", ENGINE_RANKS)
def test_two_processes_give_the_bytes_of_one(command, alone, tmp_path, engine):
    out = tmp_path / OUTPUT
    processes = [start(command, out, "--distributed", **ENGINE_RANKS[engine](rank, 2)) for rank in range(2)]
    lines = [finished(process) for process in processes]
    assert_same(out, alone)
    for rank, text in enumerate(lines):
        assert text and all(line.startswith(f"[rank {rank} of 2, ") for line in text.splitlines())
    assert "joined from 6 parts" in "".join(lines)


def test_torchrun_starts_it(command, alone, tmp_path):
    out = tmp_path / OUTPUT
    engine = [TORCHRUN, "--standalone", "--nproc-per-node", "2", "--no-python"]
    done = subprocess.run([*engine, *command, "-o", out, "--distributed"], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_same(out, alone)


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_killed_rank_is_made_up_for_by_any_number_of_ranks(command, alone, tmp_path, ranks):
    out = tmp_path / OUTPUT
    parts = tmp_path / (OUTPUT + ".parts")
    killed = start(command, out, "--distributed", **torchrun_rank(0, 2))
    while not list(parts.glob("0*.jsonl")):
        assert killed.poll() is None
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("0*.jsonl")}
    assert 0 < len(kept) < 6 and not out.exists()
    for process in [start(command, out, "--distributed", **torchrun_rank(rank, ranks)) for rank in range(ranks)]:
        finished(process)
    assert_same(out, alone)
    assert kept == {name: (parts / name).stat().st_mtime_ns for name in kept}


def test_a_rank_that_is_interrupted_gives_its_block_up(command, alone, tmp_path):
    out = tmp_path / OUTPUT
    process = start(command, out, "--shard", "0/2")
    while not list(tmp_path.glob("*.parts/0*.jsonl")):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert not out.exists() and list((tmp_path / (OUTPUT + ".parts/claims")).iterdir()) == []
    finished(start(command, out, "--shard", "0/1"))
    assert_same(out, alone)


def test_one_shard_alone_does_what_nobody_has_begun(command, alone, tmp_path):
    finished(start(command, tmp_path / OUTPUT, "--shard", "1/3"))
    assert_same(tmp_path / OUTPUT, alone)
    again = finished(start(command, tmp_path / OUTPUT, "--shard", "2/3"))
    assert f"all {SAMPLES} samples are scored already" in again
    assert_same(tmp_path / OUTPUT, alone)


def test_a_single_process_finds_the_output_finished(command, alone, tmp_path):
    finished(start(command, tmp_path / OUTPUT, "--shard", "0/1"))
    assert f"all {SAMPLES} samples are scored already" in finished(start(command, tmp_path / OUTPUT))


def write_claim_of_another(parts, block, seconds):
    claim = parts / f"claims/.vlrm-claim.{block:06}"
    claim.write_text(json.dumps({"id": "0" * 16, "host": "node7", "process": 1, "space": "another", "since": "2026-01-01 00:00:00 UTC"}))
    renewed = time.time() - seconds
    os.utime(claim, (renewed, renewed))
    return claim


def test_a_stale_claim_is_taken_and_a_living_one_is_left(command, alone, tmp_path):
    out = tmp_path / OUTPUT
    parts = tmp_path / (OUTPUT + ".parts")
    (parts / "claims").mkdir(parents=True)
    living = write_claim_of_another(parts, 2, 60)
    write_claim_of_another(parts, 4, 400)
    lines = finished(start(command, out, "--shard", "0/1"))
    assert "nothing is left for this process; others have claimed 1 of 6 blocks" in lines
    assert not out.exists() and len(list(parts.glob("0*.jsonl"))) == 5
    os.utime(living, (time.time() - 400,) * 2)
    finished(start(command, out, "--shard", "0/1"))
    assert_same(out, alone)


@pytest.mark.parametrize("flags, difference", [
    (["--mode", "no-image"], 'mode was "image", now "no-image"'),
    (["--batch-size", "8"], "batch_samples was 4, now 8"),
    (["--limit", "5"], "limit was not set, now 5"),
    (["--threads", "2"], "threads was 1, now 2"),
])
def test_a_rank_with_other_settings_is_refused(command, tmp_path, flags, difference):
    out = tmp_path / OUTPUT
    process = start(command, out, "--shard", "0/2")
    while not (tmp_path / (OUTPUT + ".parts/run.json")).exists():
        time.sleep(0.005)
    line = refusal(start(without(command, flags[0]), out, "--shard", "1/2", *flags))
    assert line.startswith("[rank 1 of 2, ") and f"out.jsonl.parts: was begun with other settings ({difference})" in line
    finished(process)


def test_a_changed_image_is_not_mixed_into_earlier_parts(command, tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes((GOLDENS / "reference/images/rgb_wide.png").read_bytes())
    rows = [{"id": i, "images": ["a.png"], "prompt": "a", "responses": [f"b {i}"]} for i in range(8)]
    command = [*without(command, "--input"), "--input", write_lines(tmp_path / "in.jsonl", rows)]
    finished(start(command, tmp_path / OUTPUT, "--shard", "0/1"))
    (tmp_path / OUTPUT).unlink()
    (tmp_path / (OUTPUT + ".parts/000001.jsonl")).unlink()
    image.write_bytes((GOLDENS / "reference/images/rgb_small.png").read_bytes())
    assert "in.jsonl, line 1: its images changed since they were scored" in refusal(start(command, tmp_path / OUTPUT, "--shard", "0/1"))


def test_ranks_without_threads_take_those_of_the_job(command, tmp_path):
    out = tmp_path / OUTPUT
    finished(start(command, out, "--shard", "0/1"))
    settings = json.loads((tmp_path / (OUTPUT + ".parts/run.json")).read_text())
    assert settings["threads"] == 1
    out.unlink()
    (tmp_path / (OUTPUT + ".parts/000003.jsonl")).unlink()
    finished(start(without(command, "--threads"), out, "--shard", "0/1"))
    assert [row["id"] for row in read_lines(out)] == [f"s{number}" for number in range(SAMPLES)]


@pytest.mark.parametrize("flags, expected", [
    (["--distributed"], "--distributed: no engine has set its variables: RANK and WORLD_SIZE (torchrun), SLURM_ARRAY_TASK_ID and "),
    (["--shard", "2/2"], "--shard: 2 is not below 2; shards are counted from 0"),
    (["--shard", "1"], '--shard: "1" is not I/N: 0/4 is the first of four'),
    (["--shard", "-1/2"], '--shard: "-1/2" is not I/N'),
    (["--shard", "0/2", "--distributed"], "--distributed does not go with --shard"),
    (["--shard", "0/2", "--force"], "--force: does not go with many processes; remove the output and its parts"),
    (["--shard", "0/2", "--resume-mixed"], "--resume-mixed: does not go with many processes"),
])
def test_what_makes_no_sense_is_refused(command, tmp_path, flags, expected):
    assert expected in refusal(start(command, tmp_path / OUTPUT, *flags))
    assert list(tmp_path.iterdir()) == []


def test_wrong_variables_are_refused(command, tmp_path):
    assert 'the variable RANK is "two"' in refusal(start(command, tmp_path / OUTPUT, "--distributed", RANK="two", WORLD_SIZE=2))


def test_many_processes_need_files(command, samples):
    sharded = [*command, "--shard", "0/2"]
    done = subprocess.run(sharded, capture_output=True, text=True)
    assert done.returncode == 2 and "--output: is missing: many processes share it" in done.stderr
    sharded[sharded.index("--input") + 1] = "-"
    done = subprocess.run([*sharded, "-o", "/nowhere/out"], stdin=samples.open(), capture_output=True, text=True)
    assert done.returncode == 2 and "--input: a file is needed, as many processes read it" in done.stderr


def test_an_output_of_another_run_is_left_alone(command, tmp_path):
    (tmp_path / OUTPUT).write_text("somebody's\n")
    assert "out.jsonl: exists already, and there is no " in refusal(start(command, tmp_path / OUTPUT, "--shard", "0/2"))
    assert (tmp_path / OUTPUT).read_text() == "somebody's\n"


def test_a_single_process_does_not_begin_again_what_many_have_begun(command, tmp_path):
    (tmp_path / (OUTPUT + ".parts")).mkdir()
    (tmp_path / (OUTPUT + ".parts/run.json")).write_text("{}")
    assert "out.jsonl: is being made by many processes, or was" in refusal(start(command, tmp_path / OUTPUT))
    assert not (tmp_path / OUTPUT).exists()
