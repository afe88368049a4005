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


def quoted(page):
    """What stands in back quotes in the first column of its tables, up to the first ellipsis."""
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ") and "`" in line]
    return [row.split("`")[1].split("…")[0] for row in rows]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = tmp_path_factory.mktemp("models") / "vlrm"
    subprocess.run([PROGRAM, "build", *MODELS, "--method", "linear", "--weight-rm", "0.5", "-o", model, "-q"], check=True)
    return model


@pytest.fixture(scope="module")
def errors(model, tmp_path_factory):
    """What the program says when people make the mistakes that the page is about."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name, change in [("gemma", {"model_type": "gemma3"}), ("awq", {"quantization_config": {"quant_method": "awq"}})]:
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
        said("score", "--model", folder / "gemma", *SCORE),
        said("score", "--model", folder / "awq", *SCORE),
        said("score", "--model", folder / "lfs", *SCORE),
        said("score", "--model", "no-such/model", "--offline", *SCORE),
        said("score", "--model", model, "--device", "cuda", *SCORE),
        said("eval", "pairs", "--data", WORLD / "pairs.parquet", "--model", model, "-o", folder / "pairs", "-q"),
        said("score", "--model", model, "--mode", "no-image", "--input", folder / "empty.jsonl", "-o", folder / "scores"),
        said("score", "--model", model, "--prompt", "a", "--response", "b"),
        said("score", "--model", model, "--image", "nowhere.png", "--prompt", "a", "--response", "b"),
        said("build", *MODELS, *TIES, "-o", model),
        said(*evaluate, "--limit", "6"),
        said(*evaluate, "--limit", "5", "--dtype", "float32"),
    ])  # fmt: skip


# Said where torch or a GPU is missing: tests/base/python_packages_test.cpp and test_fake_device.py read these.
ELSEWHERE = ("no torch that fits", "the GPU's memory is not enough", "device \"cuda\": not there")


@pytest.mark.parametrize("error", quoted((ROOT / "docs/troubleshooting.md").read_text()))
def test_the_page_quotes_the_program(errors, error):
    assert error in errors or error.startswith(ELSEWHERE), error
