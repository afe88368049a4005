"""Models in the layout that transformers 5 writes: read, and built so that transformers 4 loads the output too."""

import json
import shutil

import pytest
from conftest import GOLDENS

transformers = pytest.importorskip("transformers")


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def rope_parameters(config):
    text = config.get("text_config", config)
    scaling = text.pop("rope_scaling", None) or {"rope_type": "default"}
    theta = text.pop("rope_theta", 500000.0 if "text_config" in config else 10000.0)
    text["rope_parameters"] = {**scaling, "rope_theta": theta}
    for part in [config, text]:
        if "torch_dtype" in part:
            part["dtype"] = part.pop("torch_dtype")


def as_transformers_5(source, directory):
    shutil.copytree(source, directory)
    edit(directory / "config.json", rope_parameters)
    for name in ["special_tokens_map.json", "added_tokens.json"]:
        (directory / name).unlink(missing_ok=True)

    def tokenizer(config):
        config.pop("added_tokens_decoder", None)
        config.pop("chat_template", None)
        config["tokenizer_class"], config["backend"] = "TokenizersBackend", "tokenizers"
        config["extra_special_tokens"] = config.pop("additional_special_tokens", []) + ["<|eot_id|>"]

    template = transformers.AutoTokenizer.from_pretrained(source).chat_template
    edit(directory / "tokenizer_config.json", tokenizer)
    preprocessor = directory / "preprocessor_config.json"
    if preprocessor.exists():
        template = transformers.AutoProcessor.from_pretrained(source).chat_template
        settings = json.loads(preprocessor.read_text())
        (directory / "processor_config.json").write_text(json.dumps({"image_processor": settings, "processor_class": "MllamaProcessor"}))
        preprocessor.unlink()
    (directory / "chat_template.json").unlink(missing_ok=True)
    if template is not None:
        (directory / "chat_template.jinja").write_text(template)
    return directory


@pytest.fixture(scope="module")
def builds(vlrm, tmp_path_factory):
    """The same build of the models as they are and in the later layout."""
    folder = tmp_path_factory.mktemp("transformers_5")
    old = {role: GOLDENS / "models" / role for role in ["vlm", "rm", "base"]}
    new = {role: as_transformers_5(path, folder / role) for role, path in old.items()}
    for name, models in [("old", old), ("new", new)]:
        inputs = ["--vlm", models["vlm"], "--rm", models["rm"], "--base", models["base"]]
        vlrm("build", *inputs, "--method", "ties", "--weight", "0.7", "--density", "0.4", "-o", folder / name, "-q")
    return folder


def test_weights_and_scores_are_the_same(vlrm, builds):
    image = next((GOLDENS / "reference/images").rglob("*.png"))

    def score(model):
        return vlrm("score", "--model", model, "--image", image, "--prompt", "What is this?", "--response", "A cat.", "--json")

    assert (builds / "new/model.safetensors").read_bytes() == (builds / "old/model.safetensors").read_bytes()
    assert score(builds / "new") == score(builds / "old")

    def rewarded(rm):
        return vlrm("score", "--mode", "text-only", "--model", rm, "--prompt", "Hi", "--response", "A cat.", "--json")

    assert rewarded(builds / "rm") == rewarded(GOLDENS / "models/rm")


def test_transformers_4_loads_the_output(builds):
    old, new = (transformers.AutoProcessor.from_pretrained(builds / name) for name in ["old", "new"])
    assert new.chat_template == old.chat_template
    assert new.image_processor.to_dict() == old.image_processor.to_dict()
    text = "<|begin_of_text|>Is this a cat?<|eot_id|>"
    assert new.tokenizer(text).input_ids == old.tokenizer(text).input_ids
    assert "<|eot_id|>" in new.tokenizer.all_special_tokens
    configs = [transformers.AutoConfig.from_pretrained(builds / name).text_config for name in ["old", "new"]]
    assert configs[0].rope_theta == configs[1].rope_theta and configs[0].rope_scaling == configs[1].rope_scaling


def test_says_what_is_missing(vlrm, builds, tmp_path):
    shutil.copytree(builds / "vlm", tmp_path / "vlm")
    (tmp_path / "vlm/processor_config.json").write_text("{}")
    image = next((GOLDENS / "reference/images").rglob("*.png"))
    error = vlrm("preprocess", "--model", tmp_path / "vlm", "--image", image, "-o", tmp_path / "o", fails=True)
    assert 'has no "image_processor", and there is no preprocessor_config.json next to it' in error
