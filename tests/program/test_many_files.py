"""Checkpoints of many files, names as long as they may be, and files that Git LFS has not fetched."""

import json
import os
import resource
import shutil
import subprocess

import pytest
import torch
from conftest import PROGRAM, ROOT
from safetensors.torch import load_file, save_file

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"


def few_open_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))


@pytest.fixture
def sharded(tmp_path):
    """The little world's base model, a tensor in each file, and more tensors that no model knows."""
    model = tmp_path / "many"
    shutil.copytree(ROOT / "world/base", model, ignore=shutil.ignore_patterns("*.safetensors*"))
    tensors = {}
    for file in (ROOT / "world/base").glob("*.safetensors"):
        tensors |= load_file(file)
    tensors |= {f"model.layers.0.extra.{i}": torch.full((3,), i) for i in range(300)}
    names = {name: f"model-{i:05}-of-{len(tensors):05}.safetensors" for i, name in enumerate(sorted(tensors))}
    for name, file in names.items():
        save_file({name: tensors[name]}, model / file)
    (model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    return model


def test_more_shards_than_files_may_be_open(sharded, tmp_path):
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {sharded}}}]\n")
    done = subprocess.run(
        [PROGRAM, "merge", recipe, tmp_path / "out"], capture_output=True, text=True, preexec_fn=few_open_files
    )
    assert done.returncode == 0, done.stderr
    merged = load_file(tmp_path / "out/model.safetensors")
    for file in sharded.glob("*.safetensors"):
        for name, tensor in load_file(file).items():
            assert torch.equal(merged[name], tensor), name


@pytest.mark.parametrize("length", [200, 248, 255])
def test_names_may_have_255_bytes(vlrm, tmp_path, length):
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {ROOT / 'world/base'}}}]\n")
    out = tmp_path / ("é" * (length // 2) + "x" * (length % 2))
    vlrm("merge", recipe, out)
    vlrm("merge", recipe, out, "--force")
    assert (out / "model.safetensors").exists()
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        json.dumps({"id": 1, "messages": [{"role": "user", "content": "Hi"}], "responses": ["a", "b"]}) + "\n"
    )
    scores = tmp_path / ("s" * length)
    vlrm("score", "--model", ROOT / "world/rm", "--mode", "text-only", "--input", samples, "-o", scores)
    assert len(scores.read_text().splitlines()) >= 1
    assert sorted(len(name.encode()) for name in os.listdir(tmp_path))[-1] <= 255
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_pointer_in_place_of_a_file_is_named(vlrm, tmp_path, name):
    shutil.copytree(ROOT / "world/rm", tmp_path / "rm")
    for file in (tmp_path / "rm").glob("*.safetensors*") if name.endswith(".safetensors") else []:
        file.unlink()
    (tmp_path / "rm" / name).write_text(POINTER)
    samples = tmp_path / "samples.jsonl"
    samples.write_text(
        json.dumps({"id": 1, "messages": [{"role": "user", "content": "Hi"}], "responses": ["a"]}) + "\n"
    )
    error = vlrm("score", "--model", tmp_path / "rm", "--mode", "text-only", "--input", samples, fails=True)
    assert f"{name}: is a Git LFS pointer, not the file itself; fetch that with: git lfs pull" in error


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.jsonl"])
def test_a_pointer_in_place_of_rows_is_named(vlrm, tmp_path, name):
    (tmp_path / name).write_text(POINTER)
    error = vlrm("eval", "rlaif-v", "--mode", "random", "--data", tmp_path / name, "-o", tmp_path / "o", fails=True)
    assert f"{name}: is a Git LFS pointer" in error


def test_a_pointer_in_place_of_an_image_is_named(vlrm, tmp_path):
    (tmp_path / "a.png").write_text(POINTER)
    error = vlrm(
        "preprocess",
        "--model",
        ROOT / "world/vlm",
        "--image",
        tmp_path / "a.png",
        "-o",
        tmp_path / "o.safetensors",
        fails=True,
    )
    assert "a.png: is a Git LFS pointer" in error
