"""Models and datasets by their names on the hub: downloaded by hf from a small hub of our own."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import PROGRAM, ROOT
from fake_hub import Repository, commit_of
from hub_fixtures import (
    COMMIT,
    HF,
    WORLD,
    asked,
    error_of,
    few_pairs,
    files_in,
    folder_files,
    hf,
    home,
    hub,
    output,
    program,
    run,
    scan,
    snapshot_of,
)

OLD_HF = ROOT / ".venv/bin/hf"


def test_a_model_is_downloaded_once(run, hub, home):
    code, out, err = run("inspect", "org/rm")
    assert code == 0 and "text reward model" in out, err
    amount = [line for line in err.splitlines() if line.startswith("downloading org/rm: ")]
    assert len(amount) == 1 and "7 files" in amount[0] and "KiB" in amount[0], err
    assert files_in(snapshot_of(home)) == sorted([*folder_files(WORLD / "rm"), "LICENSE"])
    requests = asked(hub)
    assert sum("/tree/" in request and "cursor" in request for request in requests) > 2  # pages
    assert any("/cdn/" in request for request in requests)
    assert not any(word in request for request in requests for word in ("original", "gguf", ".bin", "consolidated"))
    assert scan(home / "hub") == "['org/rm'] []"
    for offline in ({}, {"HF_HUB_OFFLINE": "1"}):
        assert run("inspect", "org/rm", **offline) == (0, out, "")
    assert run("inspect", "org/rm", "--offline") == (0, out, "")
    assert hub.requests == []


def test_small_files_are_enough_for_texts(run, hub, home):
    assert run("tokenize", "--model", "org/sharded", stdin='"a cat"\n')[0] == 0
    assert not any(file.endswith(".safetensors") for file in files_in(snapshot_of(home, "models--org--sharded")))
    assert "2 of 2 shards are missing: model-00001-of-00002.safetensors, model-00002" in error_of(
        run("inspect", "org/sharded", "--offline"))
    assert run("inspect", "org/sharded")[0] == 0  # completes it


def evaluate(data, model, out):
    return ["eval", "vl-rewardbench", "--data", data, "--model", model, "-o", out, "-q"]


def test_a_dataset_is_downloaded(run, hub, home, output, tmp_path):
    (tmp_path / "pairs.parquet").write_bytes(few_pairs())
    assert run(*evaluate(tmp_path / "pairs.parquet", output, tmp_path / "local"))[0] == 0
    for name in ("first", "second"):
        code, _, err = run(*evaluate("org/pairs", output, tmp_path / name))
        assert code == 0, err
        assert (tmp_path / name / "results.jsonl").read_bytes() == (tmp_path / "local/results.jsonl").read_bytes()
        requests = asked(hub)
        assert bool(requests) == (name == "first") and not any("raw.zip" in request for request in requests)
    assert files_in(snapshot_of(home, "datasets--org--pairs")) == ["README.md", "data/test-00000-of-00001.parquet"]
    assert scan(home / "hub") == "['org/pairs'] []"
    line = error_of(run(*evaluate("org/none", output, tmp_path / "out")))
    assert "no such file or directory, not in the hub cache, and no dataset on the hub" in line


def test_parts_of_a_dataset_are_enough_until_one_is_missed(run, hub, home, output, tmp_path):
    """As `hf download --include` leaves them."""
    files = hub.repositories["datasets/org/pairs"].files
    files["data/train-00000-of-00002.parquet"] = files["data/train-00001-of-00002.parquet"] = files["data/test-00000-of-00001.parquet"]
    assert run(*evaluate("org/pairs", output, tmp_path / "a"), "--split", "test")[0] == 0
    snapshot = snapshot_of(home, "datasets--org--pairs")
    (snapshot / "data/train-00000-of-00002.parquet").unlink()
    hub.requests.clear()
    assert run(*evaluate("org/pairs", output, tmp_path / "b"), "--split", "test")[0] == 0
    assert hub.requests == []
    flags = ["--split", "train"]
    assert "shard 00000 is not there" in error_of(run(*evaluate("org/pairs", output, tmp_path / "c"), *flags, "--offline"))
    assert run(*evaluate("org/pairs", output, tmp_path / "c"), *flags)[0] == 0
    assert (snapshot / "data/train-00000-of-00002.parquet").exists()


def test_revisions(run, hub, home):
    for revision in ("v2", "refs/pr/3"):
        assert run("inspect", f"org/rm@{revision}")[0] == 0
        assert (home / "hub/models--org--rm/refs" / revision).read_text() == commit_of(revision)
        assert files_in(snapshot_of(home, commit=commit_of(revision)))
    assert run("inspect", f"org/rm@{commit_of('v2')}")[0] == 0
    hub.requests.clear()
    for revision in ("v2", "refs/pr/3", commit_of("v2")):
        assert run("inspect", f"org/rm@{revision}")[0] == 0
    assert hub.requests == []
    line = error_of(run("inspect", "org/rm@v3"))
    assert 'org/rm has no revision "v3" on the hub' in line and f"{hub.url()}/org/rm/tree/main" in line


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "--offline"])
def test_nothing_is_asked_offline(run, hub, variable):
    flags, variables = ([variable], {}) if variable.startswith("-") else ([], {variable: "Yes"})
    line = error_of(run("inspect", "org/rm", *flags, **variables))
    assert "as this run is offline" in line and line.endswith("hf download org/rm")
    assert hub.requests == []


def test_the_hubs_variable_wins(run):
    assert run("inspect", "org/rm", HF_HUB_OFFLINE="0", TRANSFORMERS_OFFLINE="1")[0] == 0


@pytest.mark.parametrize("name", ["rm.safetensors", "./org/rm", "a/b/c"])
def test_what_can_only_be_a_file_is_not_asked_for(run, hub, name):
    assert "no such directory" in error_of(run("inspect", name))
    assert hub.requests == []


def test_gated(run, hub):
    line = error_of(run("inspect", "org/gated"))
    assert f"is gated, and there is no token: accept its licence at {hub.url()}/org/gated, then log in (hf auth login)" in line
    line = error_of(run("inspect", "org/gated", HF_TOKEN="hf_stranger"))
    assert f"is gated, and your token gives no access: accept its licence at {hub.url()}/org/gated" in line
    assert run("inspect", "org/gated", HF_TOKEN="hf_good")[0] == 0


def test_the_model_of_an_adapter(run, hub):
    for base, words in {"org/gated": "is gated, and there is no token", "org/none": "no model on the hub"}.items():
        config = json.dumps({"base_model_name_or_path": base, "peft_type": "LORA"}).encode()
        files = {"adapter_config.json": config, "adapter_model.safetensors": b"x"}
        hub.repositories[f"models/org/of-{base[4:]}"] = Repository(files)
        line = error_of(run("inspect", f"org/of-{base[4:]}"))
        assert f"is an adapter for {base}; {base}: " in line and words in line
        assert line.endswith(f"or write MODEL+org/of-{base[4:]}")


def test_a_token_in_a_file_counts(run, hub, home, tmp_path):
    home.mkdir()
    (home / "token").write_text("hf_stranger")
    assert "your token gives no access" in error_of(run("inspect", "org/gated"))
    (tmp_path / "mine").write_text("hf_stranger")
    (home / "token").unlink()
    assert "your token gives no access" in error_of(run("inspect", "org/gated", HF_TOKEN_PATH="$MINE/mine", MINE=str(tmp_path)))


def test_a_wrong_token(run):
    assert "the hub does not know your token: log in again" in error_of(run("inspect", "org/rm", HF_TOKEN="hf_wrong"))


def test_not_there(run):
    line = error_of(run("inspect", "org/none"))
    assert "no such directory, not in the hub cache, and no model on the hub that one without a token sees" in line
    assert "log in" in line
    assert "that your token sees" in error_of(run("inspect", "org/none", HF_TOKEN="hf_good"))
    assert "no such directory" in error_of(run("inspect", "org/private"))
    assert run("inspect", "org/private", HF_TOKEN="hf_good")[0] == 0
    assert "has no file that vlrm reads" in error_of(run("inspect", "org/only-gguf"))


def test_no_network(run, hub):
    assert "the network fails" in error_of(run("inspect", "org/rm", HF_ENDPOINT="http://127.0.0.1:9"), 75)
    for status in (429, 503):
        hub.status = status
        assert "the hub is busy or down" in error_of(run("inspect", "org/rm"), 75)


@pytest.mark.parametrize("redirected", [True, False])
def test_a_broken_connection(run, hub, home, redirected):
    hub.repositories["models/org/sharded"].redirected = redirected
    second = "model-00002-of-00002.safetensors"
    hub.break_connection(second, after=1000, times=1)
    assert run("inspect", "org/sharded")[0] == 0  # hf goes on by itself
    shutil.rmtree(home)
    hub.break_connection(second, after=0, times=1000)
    assert "the same command goes on" in error_of(run("inspect", "org/sharded"), 75)
    hub.breaks_left.clear()
    line = error_of(run("inspect", "org/sharded", "--offline"))
    assert f"1 of 2 shards is missing: {second}" in line and line.endswith("hf download org/sharded")
    asked(hub)
    assert run("inspect", "org/sharded")[0] == 0
    assert not any("00001-of" in request for request in asked(hub) if request.startswith("GET"))
    assert scan(home / "hub") == "['org/sharded'] []"


def test_a_model_is_completed_at_its_commit(run, hub, home):
    """Though its branch has moved on."""
    assert run("tokenize", "--model", "org/rm", stdin='"a cat"\n')[0] == 0
    (home / "hub/models--org--rm/refs/main").write_text(commit_of("v2"))
    snapshot_of(home).rename(snapshot_of(home, commit=commit_of("v2")))
    asked(hub)
    assert run("inspect", "org/rm")[0] == 0
    assert not any(COMMIT in request or "/main" in request for request in asked(hub))
    assert (home / "hub/models--org--rm/refs/main").read_text() == commit_of("v2")


def test_a_download_ends_with_the_program(hub, home, tmp_path):
    listing = json.dumps([{"file": "x", "size": "1.0K"}])
    fake = program(tmp_path / "hf", f"case \"$*\" in *--dry-run*) echo '{listing}'; exit;; esac\n"
                                    f"echo $$ > {tmp_path}/process; exec sleep 100\n")
    environment = os.environ | {"VLRM_HF": str(fake), "HF_HUB_OFFLINE": "0", "HF_HOME": str(home)}
    started = subprocess.Popen([PROGRAM, "inspect", "org/rm"], env=environment, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "process").exists() or not (tmp_path / "process").read_text().strip():
        assert started.poll() is None, started.stderr.read()
        time.sleep(0.05)
    started.terminate()
    assert started.wait(timeout=20) == 128 + 15
    assert not Path(f"/proc/{int((tmp_path / 'process').read_text())}").exists()


def test_a_full_disk(run, tmp_path):
    fake = program(tmp_path / "hf", 'case "$*" in *--dry-run*) echo "[]"; exit 1;; esac\n'
                                    'echo "OSError: [Errno 28] No space left on device" >&2; exit 1\n')
    assert "the disk of the hub cache is full" in error_of(run("inspect", "org/rm", VLRM_HF=str(fake)), 75)
    huge = program(tmp_path / "hf2", 'echo \'[{"file": "model.safetensors", "size": "900.0P"}]\'\n')
    assert "too little room on the disk" in error_of(run("inspect", "org/rm", VLRM_HF=str(huge)), 75)


def test_what_nobody_foresaw(run, tmp_path):
    fake = program(tmp_path / "hf", 'echo "Traceback" >&2; echo "ZeroDivisionError: \x1b[1mdivision" >&2; echo "Hint: x" >&2; exit 1\n')
    line = error_of(run("inspect", "org/rm", VLRM_HF=str(fake)))
    assert "cannot be downloaded: ZeroDivisionError: \\x1b[1mdivision (hf says so)" in line


def test_without_hf(run, tmp_path):
    line = error_of(run("inspect", "org/rm", VLRM_HF=None, PATH="/usr/bin:/bin", VIRTUAL_ENV=None, CONDA_PREFIX=None))
    assert "pip install huggingface_hub" in line and line.endswith("hf download org/rm")
    assert "VLRM_HF: /nowhere: not a program" in error_of(run("inspect", "org/rm", VLRM_HF="/nowhere"))


@pytest.mark.parametrize("variable", ["PATH", "VIRTUAL_ENV", "CONDA_PREFIX"])
def test_hf_is_found(run, tmp_path, variable):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/hf").symlink_to(HF)
    value = f"{tmp_path / 'bin'}:/usr/bin:/bin" if variable == "PATH" else str(tmp_path)
    clean = {"VLRM_HF": None, "PATH": "/usr/bin:/bin", "VIRTUAL_ENV": None, "CONDA_PREFIX": None}
    assert run("inspect", "org/rm", **(clean | {variable: value}))[0] == 0


def test_an_old_hf(run, home):
    if not OLD_HF.exists():
        pytest.skip("no hf in .venv")
    code, _, err = run("inspect", "org/rm", VLRM_HF=str(OLD_HF))
    assert code == 0 and "a newer huggingface_hub would say how much" in err
    assert files_in(snapshot_of(home)) == sorted([*folder_files(WORLD / "rm"), "LICENSE"])
    for name, words in {"org/gated": "is gated, and there is no token", "org/none": "not in the hub cache, and no model",
                        "org/rm@v3": "has no revision"}.items():
        assert words in error_of(run("inspect", name, VLRM_HF=str(OLD_HF)))
    assert "the network fails" in error_of(
        run("inspect", "org/sharded", VLRM_HF=str(OLD_HF), HF_ENDPOINT="http://127.0.0.1:9"), 75)
