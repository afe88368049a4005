"""The RM of a merge may see images, as trained reward models do, and so may the base: their text parts count."""

import shutil

import numpy
import pytest
from safetensors.numpy import save_file
from tensors import read_tensors
from test_vision_models import models, score  # noqa: F401

TEXT = {"plain": "model.language_model.", "windows": "model.", "tiles": "language_model.model."}


@pytest.mark.parametrize("kind", ["plain", "windows", "tiles"])
def test_its_text_part_is_merged_and_its_vision_part_left_out(vlrm, models, tmp_path, kind):  # noqa: F811
    folder, other = models(kind), tmp_path / "trained"
    shutil.copytree(folder / "vlrm", other)
    tensors = read_tensors(other)
    save_file({name: values * (2 if name != "score.weight" else 1) for name, (_, values, _) in tensors.items()},
              other / "model.safetensors")
    notes = vlrm("build", "--vlm", folder / "vlm", "--rm", other, "--base", folder / "vlm", "--method", "task_arithmetic",
                 "--weight", "0.5", "--dtype", "float32", "-o", tmp_path / "out", notes=True)
    assert any(f"{other}: its vision part is left out; the VLM's is kept" in note for note in notes)
    out = read_tensors(tmp_path / "out")
    for name, (_, values, _) in read_tensors(folder / "vlm").items():
        in_text = name.startswith(TEXT[kind])
        rows = 640 if name.endswith("embed_tokens.weight") else None  # those that have tokens
        assert numpy.allclose(out[name][1][:rows], values[:rows] * (1.5 if in_text else 1), rtol=1e-6), name
    assert numpy.array_equal(out["score.weight"][1], tensors["score.weight"][1])
    assert "as RM:   yes" in vlrm("inspect", other)


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_value_head_becomes_a_classifiers(vlrm, models, tmp_path, bias):  # noqa: F811
    """As Skywork-VL-Reward has it."""
    folder, other = models("windows"), tmp_path / "trained"
    shutil.copytree(folder / "vlm", other)
    weight = read_tensors(folder / "vlrm")["score.weight"][1]
    head = {"summary.weight": weight} | ({"summary.bias": numpy.full(1, 0.25, numpy.float32)} if bias else {})
    save_file(head, other / "value_head.safetensors")
    notes = vlrm("build", "--vlm", folder / "vlm", "--rm", other, "--method", "linear", "--weight-rm", "1", "--dtype", "float32",
                 "-o", tmp_path / "out", notes=True)
    (note,) = [note for note in notes if "its value head" in note]
    assert ("its bias, which moves all rewards alike, is left out" in note) == bias
    assert not any("does not ask for" in note for note in notes)
    for conversation in ("one", "several", "none"):
        own = score(vlrm, tmp_path, other, conversation)
        merged = score(vlrm, tmp_path, tmp_path / "out", conversation)
        assert merged == pytest.approx([value - 0.25 * bias for value in own], abs=1e-5)


def test_a_head_that_would_be_lost_is_refused(vlrm, models, tmp_path):  # noqa: F811
    folder, other = models("windows"), tmp_path / "trained"
    shutil.copytree(folder / "vlrm", other)
    tensors = {name: values for name, (_, values, _) in read_tensors(other).items()}
    save_file(tensors | {"score.bias": numpy.zeros(1, numpy.float32)}, other / "model.safetensors")
    build = ["build", "--vlm", folder / "vlm", "--rm", other, "--method", "linear", "--weight-rm", "1", "-o", tmp_path / "out"]
    assert "score.bias" in vlrm(*build, fails=True)
    assert "this is a reward model" in vlrm(*build[:4], folder / "rm", "--base", folder / "vlrm", "--method", "ties", "--weight",
                                            "1", "--density", "1", "-o", tmp_path / "out", fails=True)
