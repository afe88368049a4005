"""Models and datasets by their names on the hub: downloaded by hf from a small hub of our own."""

import functools
import hashlib
import importlib.util
import io
import json
import os
import shutil
import stat
import struct
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import PROGRAM, ROOT
from fake_hub import Repository, commit_of, running
from tensors import read_tensors

HF = Path(os.environ.get("VLRM_HF", ROOT / ".venv-hub/bin/hf"))
HUB_PYTHON = HF.with_name("python3")  # with the same huggingface_hub
OLD_HF = ROOT / ".venv/bin/hf"
WORLD = ROOT / "world"
PUSH = ROOT / "python/vlrm/hub.py"
pytestmark = pytest.mark.first_set
COMMIT = commit_of("main")


@pytest.fixture(scope="session", autouse=True)
def hf():
    if not HF.exists():
        pytest.fail(f"no hf at {HF}: ./dev test installs it, and VLRM_HF can name it")


def folder_files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def safetensors(tensors):
    """A file with {name: (dtype, shape, bytes)}."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def sharded(files):
    """The same model in two shards with an index."""
    tensors = {name: (dtype, values.shape, raw) for name, (raw, values, dtype) in read_tensors(WORLD / "rm").items()}
    names = sorted(tensors)
    files = {name: content for name, content in files.items() if name != "model.safetensors"}
    index = {"metadata": {}, "weight_map": {}}
    for shard, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), start=1):
        file = f"model-{shard:05}-of-00002.safetensors"
        files[file] = safetensors({name: tensors[name] for name in part})
        index["weight_map"] |= dict.fromkeys(part, file)
    return files | {"model.safetensors.index.json": json.dumps(index).encode()}


@functools.cache
def few_pairs():
    """A parquet file with eight rows."""
    buffer = io.BytesIO()
    pq.write_table(pq.read_table(WORLD / "pairs.parquet").slice(0, 8), buffer)
    return buffer.getvalue()


def repositories():
    rm = folder_files(WORLD / "rm")
    litter = {"original/model.safetensors": b"x", "original/consolidated.00.pth": b"x", "pytorch_model.bin": b"x",
              "consolidated.safetensors": b"x", "model.Q4.gguf": b"x", "README.md": b"x", ".gitattributes": b"x",
              "LICENSE": b"terms", "picture.png": b"x"}
    rows = few_pairs()
    return {"models/org/rm": Repository(rm | litter, revisions=("main", "v2", "refs/pr/3")),
            "models/org/sharded": Repository(sharded(rm)),
            "models/org/gated": Repository(rm, gated=True, readers=("hf_good",)),
            "models/org/private": Repository(rm, private=True),
            "models/org/only-gguf": Repository({"model.gguf": b"x", "README.md": b"x"}),
            "datasets/org/pairs": Repository({"data/test-00000-of-00001.parquet": rows, "README.md": b"# pairs\n",
                                              "raw.zip": b"x", "load.py": b"x"})}


@pytest.fixture
def hub():
    with running(repositories()) as hub:
        yield hub


@pytest.fixture
def home(tmp_path):
    return tmp_path / "hf"


@pytest.fixture
def run(hub, home):
    """Runs the program online, with the hub: gives (exit code, standard output, standard error)."""

    def run(*arguments, stdin="", **variables):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS_", "XDG_"))}
        settings = {"HF_ENDPOINT": hub.url(), "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "VLRM_HF": str(HF)}
        environment = {name: value for name, value in (kept | settings | variables).items() if value is not None}
        done = subprocess.run([PROGRAM, *map(str, arguments)], env=environment, capture_output=True, text=True,
                              input=stdin)
        return done.returncode, done.stdout, done.stderr

    return run


def error_of(done, code=2):
    """The one line of the error."""
    assert done[0] == code, done
    lines = [line for line in done[2].splitlines() if line.startswith("vlrm: ")]
    assert len(lines) == 1, done
    return lines[0]


def asked(hub):
    """What was asked since the last time, but for what hf asks about itself."""
    requests = [request for request in hub.requests if "agent-harnesses" not in request]
    hub.requests.clear()
    return requests


def files_in(snapshot):
    return sorted(str(path.relative_to(snapshot)) for path in snapshot.rglob("*") if path.is_file())


def snapshot_of(home, name="models--org--rm", commit=COMMIT):
    return home / "hub" / name / "snapshots" / commit


def scan(cache):
    """What huggingface_hub's own scan says of a cache: its repositories and its warnings."""
    code = ("import sys, huggingface_hub as h; c = h.scan_cache_dir(sys.argv[1]); "
            "print(sorted(r.repo_id for r in c.repos), [str(w) for w in c.warnings])")
    return subprocess.run([HUB_PYTHON, "-c", code, str(cache)], capture_output=True, text=True, check=True).stdout.strip()


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


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


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


def test_an_older_cache_without_weights_is_completed(run, home):
    """As AutoTokenizer.from_pretrained leaves it."""
    snapshot = snapshot_of(home)
    for name in ("config.json", "tokenizer.json"):
        blob = home / "hub/models--org--rm/blobs" / name
        blob.parent.mkdir(parents=True, exist_ok=True)
        snapshot.mkdir(parents=True, exist_ok=True)
        shutil.copy(WORLD / "rm" / name, blob)
        (snapshot / name).symlink_to(f"../../blobs/{name}")
    (home / "hub/models--org--rm/refs").mkdir()
    (home / "hub/models--org--rm/refs/main").write_text(COMMIT)
    assert "holds neither model.safetensors nor" in error_of(run("inspect", "org/rm", "--offline"))
    assert run("inspect", "org/rm")[0] == 0


@pytest.mark.parametrize("variables, place", [
    ({"HUGGINGFACE_HUB_CACHE": "{}/legacy"}, "legacy"),
    ({"HUGGINGFACE_HUB_CACHE": "{}/legacy", "HF_HUB_CACHE": "{}/mine"}, "mine"),
    ({"HF_HUB_CACHE": "$PLACE/x/${{WORD}}-$WORD", "PLACE": "{}", "WORD": "a"}, "x/a-a"),
    ({"HF_HOME": "$PLACE/home", "PLACE": "{}"}, "home/hub"),
    ({"HF_HOME": None, "XDG_CACHE_HOME": "$PLACE/xdg", "PLACE": "{}"}, "xdg/huggingface/hub"),
    ({"HF_HUB_CACHE": "{}/$not_set_$"}, "$not_set_$"),
    ({"HF_HUB_CACHE": "~/cache", "HOME": "{}"}, "cache"),
])  # fmt: skip
def test_places_of_the_cache(run, hub, tmp_path, variables, place):
    variables = {name: value and value.format(tmp_path) for name, value in variables.items()}
    assert run("inspect", "org/rm", **variables)[0] == 0
    assert (tmp_path / place / "models--org--rm/snapshots" / COMMIT / "config.json").exists()
    hub.requests.clear()
    # The same place as huggingface_hub's own.
    code = "import huggingface_hub as h; print(h.snapshot_download('org/rm', local_files_only=True, allow_patterns='config.json'))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    environment = {name: value for name, value in (kept | variables).items() if value is not None}
    found = subprocess.run([HUB_PYTHON, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == (tmp_path / place / "models--org--rm/snapshots" / COMMIT).resolve()


def share_blobs(cache, folder):
    """Moves large blobs into the store that all repositories share, as today's huggingface_hub keeps them."""
    for blob in (cache / folder / "blobs").iterdir():
        if len(blob.name) != 64:
            continue
        name = hashlib.sha256(b"xet" + blob.name.encode()).hexdigest()
        store = cache / "blobs" / name[:2]
        store.mkdir(parents=True, exist_ok=True)
        blob.rename(store / name)
        blob.symlink_to(f"../../blobs/{name[:2]}/{name}")
    (cache / "blobs/.huggingface-shared-blobs").write_text("1\n")


def test_the_shared_store_of_blobs(run, hub, home):
    _, out, _ = run("inspect", "org/sharded")
    share_blobs(home / "hub", "models--org--sharded")
    assert run("inspect", "org/sharded", "--offline") == (0, out, "")
    assert scan(home / "hub") == "['org/sharded'] []"
    assert run("inspect", "--verify", "org/sharded", "--offline")[:2] == (0, "the files are those of the hub\n")
    blob = next(path for path in (home / "hub/blobs").rglob("*") if len(path.name) == 64)
    blob.unlink()
    assert "1 of 2 shards is missing" in error_of(run("inspect", "org/sharded", "--offline"))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer_config.json"])
def test_verify_finds_a_changed_file(run, hub, home, file):
    assert run("inspect", "org/rm")[0] == 0
    hub.requests.clear()
    assert run("inspect", "--verify", "org/rm")[:2] == (0, "the files are those of the hub\n")
    blob = (snapshot_of(home) / file).resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1  # of the same size
    blob.write_bytes(content)
    code, out, err = run("inspect", "--verify", "org/rm")
    assert code == 3 and out == f"{snapshot_of(home) / file}: is not the file that the hub has\n"
    assert "holds other files than the hub" in err
    assert hub.requests == []


def test_a_list_that_cannot_be_read_is_none(run, hub, home):
    assert run("inspect", "org/rm")[0] == 0
    for text in ("", "[]", '{"format_version": 2, "files": {}}', '{"format_version": 1, "files": {"../x": {"size": 1}}}',
                 '{"format_version": 1, "files": {"x": {"size": "1"}}}', '{"format_version": 1}'):
        (home / "hub/models--org--rm/trees" / f"{COMMIT}.json").write_text(text)
        assert run("inspect", "org/rm", "--offline")[0] == 0, text
        assert error_of(run("inspect", "--verify", "org/rm", "--offline")), text


def python_module():
    spec = importlib.util.spec_from_file_location("vlrm_hub", PUSH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python_downloads_the_same_files(run, output, tmp_path):
    """The patterns of the program, as it gives them to hf, are those of vlrm.hub."""
    fake = program(tmp_path / "hf", f'for word; do echo "$word"; done > {tmp_path}/words; exit 1\n')
    commands = {"model": ["inspect", "org/rm"], "texts": ["tokenize", "--model", "org/rm"],
                "dataset": ["eval", "vl-rewardbench", "--data", "org/x", "--model", output, "-o", tmp_path / "out"]}
    for kind, (include, exclude) in python_module().PATTERNS.items():
        run(*commands[kind], VLRM_HF=str(fake))
        words = (tmp_path / "words").read_text().splitlines()
        given = {option: [value for name, value in zip(words, words[1:]) if name == option] for option in ("--include", "--exclude")}
        assert given == {"--include": include, "--exclude": exclude}, kind


def python(hub, home, *arguments, **variables):
    environment = os.environ | {"HF_ENDPOINT": hub.url(), "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run([HUB_PYTHON, *map(str, arguments)], env=environment | variables, capture_output=True, text=True)


SNAPSHOT = f"""
import sys
sys.path.insert(0, {str(PUSH.parent)!r})
import hub
try:
    print(hub.snapshot(sys.argv[1]))
except hub.HubError as error:
    sys.exit(f"{{error.exit_code}} {{error}}")
"""


def test_snapshot_in_python(run, hub, home):
    done = python(hub, home, "-c", SNAPSHOT, "org/rm@v2")
    assert done.stdout.strip() == str(snapshot_of(home, commit=commit_of("v2"))), done.stderr
    assert files_in(snapshot_of(home, commit=commit_of("v2"))) == sorted([*folder_files(WORLD / "rm"), "LICENSE"])
    hub.requests.clear()
    assert python(hub, home, "-c", SNAPSHOT, "org/rm@v2").stdout == done.stdout
    assert run("inspect", "org/rm@v2")[0] == 0  # the same cache
    assert hub.requests == []
    for name, words in {"org/gated": "2 org/gated: is gated, and there is no token", "org/none": "2 org/none: not on the hub",
                        "org/rm@v3": "2 org/rm: has no such revision"}.items():
        assert words in python(hub, home, "-c", SNAPSHOT, name).stderr, name
    assert "75 org/rm: the network fails" in python(hub, home, "-c", SNAPSHOT, "org/rm", HF_ENDPOINT="http://127.0.0.1:9").stderr
    assert "this run is offline" in python(hub, home, "-c", SNAPSHOT, "org/rm", HF_HUB_OFFLINE="1").stderr


@pytest.fixture(scope="session")
def output(vlrm, tmp_path_factory):
    out = tmp_path_factory.mktemp("push") / "out"
    vlrm("build", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base", "--method", "linear", "--weight-rm", "0.5", "-o", out, "-q")
    return out


def test_push(hub, home, output):
    (output / ".hidden").write_text("x")
    done = python(hub, home, PUSH, "push", output, "org/made", "--private", "--revision", "v1", HF_TOKEN="hf_good")
    (output / ".hidden").unlink()
    assert done.returncode == 0, done.stderr
    made = hub.repositories["models/org/made"]
    assert made.private and made.files == folder_files(output)
    for name, content in made.files.items():
        assert any(line.endswith(f"  {name}") for line in done.stderr.splitlines()), name
        assert content == (output / name).read_bytes()
    assert f"uploading {len(made.files)} files, " in done.stderr
    assert done.stdout.strip().endswith("/commit/new")


def test_push_refuses(hub, home, output, tmp_path):
    def refused(folder, **variables):
        done = python(hub, home, PUSH, "push", folder, "org/made", **({"HF_TOKEN": "hf_good"} | variables))
        lines = done.stderr.splitlines()
        assert done.returncode == 2 and lines[-1].startswith("vlrm: "), done.stderr
        return lines[-1]

    assert "has no vlrm_manifest.json" in refused(WORLD / "rm")
    copy = tmp_path / "copy"
    shutil.copytree(output, copy)
    (copy / "secret").symlink_to(ROOT / "README.md")
    assert "is a link out of the folder" in refused(copy)
    (copy / "secret").unlink()
    with open(copy / "model.safetensors", "r+b") as file:
        file.truncate(100)
    assert "has 100 bytes, where the manifest says" in refused(copy)
    (copy / "config.json").unlink()
    assert "has no config.json" in refused(copy)
    assert asked(hub) == []
    assert "not on the hub for one without a token" in refused(output, HF_TOKEN="")
