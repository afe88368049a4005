"""What the tests of downloads and uploads share: repositories made of the little world on a small hub, and the program
online with it."""

import functools
import io
import json
import os
import stat
import struct
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import PROGRAM, ROOT
from fake_hub import Repository, commit_of, running
from tensors import read_tensors

HF = Path(os.environ.get("VLRM_HF", ROOT / ".venv-hub/bin/hf"))
HUB_PYTHON = HF.with_name("python3")  # with the same huggingface_hub
WORLD = ROOT / "world"
COMMIT = commit_of("main")


@pytest.fixture(scope="session")
def hf():
    if not HF.exists():  # never skipped: ./dev test installs it
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
def hub(hf):
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


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(scope="session")
def output(vlrm, tmp_path_factory):
    out = tmp_path_factory.mktemp("push") / "out"
    vlrm("build", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base", "--method", "linear", "--weight-rm", "0.5", "-o", out, "-q")
    return out
