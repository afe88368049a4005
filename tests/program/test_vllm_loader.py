"""What vlrm build writes of a Qwen3-VL is what vLLM's loader takes, by the table in vllm_loader.py."""

import json

import pytest
from tensors import read_tensors
from test_vision_models import models  # noqa: F401
from vllm_loader import BASE_ARCHITECTURE, CONFIG, OTHER_HEADS, mapped, parameters


@pytest.mark.parametrize("name", ["plain", "tied", "without_deep_stack"])
def test_names_shapes_and_config_are_those_that_vllm_loads(vlrm, models, tmp_path, name):  # noqa: F811
    folder, out = models(name), tmp_path / "out"
    inputs = [word for role in ("vlm", "rm", "base") for word in (f"--{role}", folder / role)]
    vlrm("build", *inputs, "--method", "ties", "--weight", "0.5", "--density", "0.5", "--max-shard-size", "40KB", "-o", out, "-q")
    config = json.loads((out / "config.json").read_text())
    assert {key: config.get(key) for key in CONFIG} == CONFIG
    assert not [key for part in (config, config["text_config"]) for key in OTHER_HEADS if key in part]
    vlm = json.loads((folder / "vlm/config.json").read_text())
    assert vlm["architectures"] == [BASE_ARCHITECTURE]
    assert mapped({name: tensor[1].shape for name, tensor in read_tensors(out).items()}) == parameters(config)
