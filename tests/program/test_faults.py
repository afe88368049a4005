"""One call of the system fails or is short, somewhere in a run: one clear line, nothing half-written, and a rerun ends with
the same bytes. VLRM_FAULTS=all lets every call fail; without it, some of each kind do."""

import errno
import os
import shutil
import subprocess

import pytest
from conftest import GOLDENS, PROGRAM, ROOT, write_lines
from evaluations import world_pairs, write_pairs

MODELS = [word for role in ("vlm", "rm", "base") for word in (f"--{role}", ROOT / "world" / role)]
HOWS = {
    "write": [errno.EIO, errno.ENOSPC, "short"],
    "fsync": [errno.EIO, errno.ENOSPC, errno.EINVAL],
    "rename": [errno.EIO, errno.ENOSPC, errno.EINVAL],
    "pread": [errno.EIO, "short"],
    "allocation": [errno.ENOMEM],
}
MOST_CALLS = None if os.environ.get("VLRM_FAULTS") == "all" else 4  # of each kind and error


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", ROOT / "tests/faults/shim.c", "-o", library, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_pairs(folder / "pairs.parquet", world_pairs(3))
    write_lines(folder / "samples.jsonl", [{"id": i, "prompt": "What is this?", "responses": ["A cat.", f"{i}"]} for i in (1, 2)])
    for weight in ("0.3", "0.7"):
        recipe = f"models:\n- {{model: vlm, parameters: {{weight: {weight}}}}}\n- {{model: rm, parameters: {{weight: 0.5}}}}\n"
        recipe += "merge_method: linear\nparameters: {normalize: false}\ntokenizer: {source: vlm, pad_to_multiple_of: 8}\n"
        (folder / f"w{weight}.yml").write_text(recipe + "dtype: float32\n")
    return folder


def command(name, inputs, out):
    pairs = ["--data", inputs / "pairs.parquet", "-o", out, "-q", "--threads", "1"]
    return {
        "build": ["build", *MODELS, "--method", "ties", "--weight", "0.7", "--density", "0.4", "-o", out, "-q"],
        "score": ["score", "--mode", "text-only", "--model", ROOT / "world/rm", "--input", inputs / "samples.jsonl", "-o", out,
                  "-q", "--threads", "1"],
        "eval": ["eval", "vl-rewardbench", "--mode", "text-only", "--model", ROOT / "world/rm", *pairs],
        "sweep": ["eval", "vl-rewardbench", *MODELS, "--mode", "no-image", "--recipes", f"{inputs}/*.yml", *pairs],
        "answers": ["answers", "--model", GOLDENS / "models/vlm", "--task", "textvqa_val", "--data",
                    GOLDENS / "eval/data/textvqa", "--max-new-tokens", "2", "-n", "1", "-o", out, "-q", "--threads", "1"],
    }[name]  # fmt: skip


def run(words, **environment):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True,
                          env={**os.environ, **{name: str(value) for name, value in environment.items()}})


def contents(path):
    """Of the files that are the result; what a run notes for its next one is hidden."""
    if not path.is_dir():
        return path.read_bytes() if path.exists() else None
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*"))
            if file.is_file() and not file.name.startswith(".")}


def some(count):
    if MOST_CALLS is None or count <= MOST_CALLS:
        return range(1, count + 1)
    return sorted({1 + i * (count - 1) // (MOST_CALLS - 1) for i in range(MOST_CALLS)})


@pytest.mark.parametrize("name", ["build", "score", "eval", "sweep", "answers"])
def test_a_fault_is_one_line_and_a_rerun_ends_with_the_same_bytes(shim, inputs, tmp_path, name):
    out = tmp_path / "0" / "out"
    out.parent.mkdir()
    whole = run(command(name, inputs, out), LD_PRELOAD=shim, FAULT_COUNTS=tmp_path / "counts")
    assert whole.returncode == 0, whole.stderr
    expected = contents(out)
    counts = {kind: int(count) for kind, count in map(str.split, (tmp_path / "counts").read_text().splitlines())}
    for kind, hows in HOWS.items():
        for how in hows:
            for call in some(counts[kind]):
                out = tmp_path / f"{kind}-{how}-{call}" / "out"
                out.parent.mkdir()
                words = command(name, inputs, out)
                fault = f"{kind}:{call}:{how}"
                failed = run(words, LD_PRELOAD=shim, FAULT=fault)
                check(failed, fault)
                if failed.returncode != 0 and name == "build":
                    assert not out.exists(), fault
                if failed.returncode != 0 or not out.exists():
                    again = run(words)
                    assert again.returncode == 0, (fault, failed.stderr, again.stderr)
                if kind != "allocation" or failed.returncode != 0 or name == "build":  # MKL goes on without a buffer
                    assert contents(out) == expected, (fault, failed.stderr)
                shutil.rmtree(out.parent)


def check(failed, fault):
    """A run goes on where it can; else it says why in one line, and whether another try may help."""
    errors = [line for line in failed.stderr.splitlines() if line.startswith("vlrm: ")]
    if failed.returncode == 0:
        assert not errors, (fault, errors)
        return
    assert failed.returncode in (2, 75), (fault, failed.returncode, failed.stderr)
    assert len(errors) == 1 and "internal error" not in errors[0], (fault, failed.stderr)
