"""docs/troubleshooting.md quotes what the program says."""

import json
import shutil
import subprocess

import pytest
from conftest import PROGRAM, ROOT

WORLD = ROOT / "world"
MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"]
TIES = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]
SCORE = ["--mode", "no-image", "--prompt", "What?", "--response", "A cat."]


def said(*command):
    done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, check=False)
    return done.stderr


PAGE = (ROOT / "docs/troubleshooting.md").read_text()
MISTAKES = [
    "has no reward head; vlrm build makes one, and --likelihood scores without",
    "the VLM must be a vision-language model (",
    "not a reward model: its architecture is not ",
    "needs the base model that both were tuned from (--base)",
    "the weights are quantized (",
    "is a Git LFS pointer, not the file itself; fetch that with: git lfs pull",
    "no such directory, and not in the hub cache (looked in ",
    "has no column ",
    "needs at least one response",
    "no image: scored without one",
    "exists already; --force replaces it",
    "made with other settings (",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = tmp_path_factory.mktemp("models") / "vlrm"
    subprocess.run([PROGRAM, "build", *MODELS, "--method", "linear", "--weight-rm", "0.5", "-o", model, "-q"], check=True)
    return model


@pytest.fixture(scope="module")
def errors(model, tmp_path_factory):
    """What the program says when people make the mistakes that the page is about."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name, change in [("awq", {"quantization_config": {"quant_method": "awq"}})]:
        shutil.copytree(model, folder / name)
        config = json.loads((folder / name / "config.json").read_text())
        (folder / name / "config.json").write_text(json.dumps(config | change))
    shutil.copytree(model, folder / "lfs")
    (folder / "lfs/model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 3\n")
    (folder / "empty.jsonl").write_text('{"id": 1, "prompt": "a", "responses": []}\n')
    evaluate = ["eval", "vl-rewardbench", "--data", WORLD / "pairs.parquet", "--model", model, "-o", folder / "run", "-q"]
    said(*evaluate, "--limit", "5")
    return "\n".join([
        said("score", "--model", WORLD / "vlm", *SCORE),
        said("build", "--vlm", WORLD / "rm", *MODELS[2:], *TIES, "-o", folder / "out"),
        said("build", *MODELS[:2], "--rm", WORLD / "base", *MODELS[4:], *TIES, "-o", folder / "out"),
        said("build", *MODELS[:4], *TIES, "-o", folder / "out"),
        said("score", "--model", folder / "awq", *SCORE),
        said("score", "--model", folder / "lfs", *SCORE),
        said("score", "--model", "no-such/model", "--offline", *SCORE),
        said("eval", "pairs", "--data", WORLD / "pairs.parquet", "--model", model, "-o", folder / "pairs", "-q"),
        said("score", "--model", model, "--mode", "no-image", "--input", folder / "empty.jsonl", "-o", folder / "scores"),
        said("score", "--model", model, "--prompt", "a", "--response", "b"),
        said("build", *MODELS, *TIES, "-o", model),
        said(*evaluate, "--limit", "6"),
        said(*evaluate, "--limit", "5", "--dtype", "float32"),
    ])  # fmt: skip


@pytest.mark.parametrize("error", MISTAKES)
def test_the_page_quotes_the_program(errors, error):
    assert error in errors
    assert error in PAGE
