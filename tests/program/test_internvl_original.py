"""InternVL in its makers' own layout is what it is in that of transformers: scores, and what build makes of it."""

import json
import shutil

import pytest
from safetensors.numpy import load_file, save_file
from tensors import read_tensors
from test_text_models import changed
from test_vision_models import models, score  # noqa: F401

CONVERSATIONS = ("one", "several", "none")
LAYER = {"attention.projection_layer": "attn.proj", "attention.q_norm": "attn.q_norm", "attention.k_norm": "attn.k_norm",
         "layernorm_before": "norm1", "layernorm_after": "norm2", "lambda_": "ls", "mlp.": "mlp."}
PREFIXES = {"vision_tower.embeddings.cls_token": "vision_model.embeddings.class_embedding",
            "vision_tower.embeddings.position_embeddings": "vision_model.embeddings.position_embedding",
            "vision_tower.embeddings.patch_embeddings.projection": "vision_model.embeddings.patch_embedding",
            "multi_modal_projector.layer_norm": "mlp1.0", "multi_modal_projector.linear_1": "mlp1.1",
            "multi_modal_projector.linear_2": "mlp1.3"}


def original_name(name):
    layers = "vision_tower.encoder.layer."
    if name.startswith(layers):
        number, module = name.removeprefix(layers).split(".", 1)
        found = next(each for each in LAYER if module.startswith(each))
        return f"vision_model.encoder.layers.{number}.{LAYER[found]}{module.removeprefix(found)}"
    found = next((each for each in PREFIXES if name.startswith(each)), "")
    return PREFIXES.get(found, "") + name.removeprefix(found)


def make_original(folder):
    """Rewrites a model in transformers' layout."""
    from numpy import concatenate

    tensors, made = {name: values for name, (_, values, _) in read_tensors(folder).items()}, {}
    for name, values in tensors.items():
        if ".q_proj." in name and name.startswith("vision_tower."):
            parts = [tensors[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            made[original_name(name.replace("attention.q_proj", "attention.projection_layer")).replace(
                "attn.proj", "attn.qkv")] = concatenate(parts)
        elif not (name.startswith("vision_tower.") and (".k_proj." in name or ".v_proj." in name)):
            made[original_name(name)] = values
    save_file(made, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    images = json.loads((folder / "preprocessor_config.json").read_text())
    vision = config["vision_config"]
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["InternVLChatModel"], "model_type": "internvl_chat", "llm_config": config["text_config"],
        "downsample_ratio": 0.5, "force_image_size": vision["image_size"][0], "dynamic_image_size": True,
        "max_dynamic_patch": images["max_patches"], "min_dynamic_patch": 1, "use_thumbnail": True, "ps_version": "v2",
        "select_layer": -1, "template": "internvl2_5", "torch_dtype": "bfloat16",
        "vision_config": {
            **{name: vision[name] for name in ("hidden_act", "hidden_size", "intermediate_size", "layer_norm_eps", "norm_type",
                                               "num_attention_heads", "num_channels", "num_hidden_layers")},
            "architectures": ["InternVisionModel"], "image_size": 448, "model_type": "intern_vit_6b",
            "patch_size": vision["patch_size"][0], "qk_normalization": vision["use_qk_norm"],
            "qkv_bias": vision["attention_bias"]}}))
    (folder / "processor_config.json").unlink()
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_extractor_type": "CLIPFeatureExtractor"}))
    for path in folder.glob("*.json"):
        path.write_text(path.read_text().replace("<|image|>", "<IMG_CONTEXT>"))


@pytest.fixture
def both(models, tmp_path, request):  # noqa: F811
    """Folders with the same models, the VLM of the second one in its makers' layout."""
    folders = [shutil.copytree(models(request.param), tmp_path / name) for name in ("transformers", "original")]
    make_original(folders[1] / "vlm")
    return folders


def build(vlrm, folder, out):
    inputs = [word for role in ("vlm", "rm", "base") for word in (f"--{role}", folder / role)]
    vlrm("build", *inputs, "--method", "ties", "--weight", "0.5", "--density", "0.5", "--dtype", "float32", "-o", out, "-q")
    return out


@pytest.mark.parametrize("both", ["tiles", "tiles_qwen3", "tiles_large"], indirect=True)
def test_it_is_the_model_of_transformers(vlrm, both, tmp_path):
    likelihoods = [[score(vlrm, tmp_path, folder / "vlm", each, "--likelihood") for each in CONVERSATIONS] for folder in both]
    assert likelihoods[0] == likelihoods[1]
    outs = [build(vlrm, folder, tmp_path / f"out{number}") for number, folder in enumerate(both)]
    written = [{path.name: load_file(path) for path in out.glob("*.safetensors")} for out in outs]
    assert written[0].keys() == written[1].keys()
    for name, tensors in written[0].items():
        assert tensors.keys() == written[1][name].keys()
        assert all((values == written[1][name][key]).all() for key, values in tensors.items())
    configs = [json.loads((out / "config.json").read_text()) for out in outs]
    assert configs[1]["model_type"] == "internvl" and configs[0].keys() >= configs[1].keys()
    assert (outs[0] / "modeling_vlrm.py").read_bytes() == (outs[1] / "modeling_vlrm.py").read_bytes()
    assert score(vlrm, tmp_path, outs[0], "several") == score(vlrm, tmp_path, outs[1], "several")
    assert "InternVL" in vlrm("inspect", both[1] / "vlm")


@pytest.mark.parametrize("both", ["tiles"], indirect=True)
@pytest.mark.parametrize("fields, expected", [
    ({"ps_version": "v1"}, '"ps_version": "v1" is not supported, only "v2"'),
    ({"select_layer": -4}, '"select_layer": -4 is not supported'),
    ({"use_thumbnail": False}, '"use_thumbnail": false is not supported'),
    ({"vision_config": []}, "vision_config: not a JSON object"),
    ({"force_image_size": 2**62}, "cannot be"),
    ({"downsample_ratio": 0}, "cannot be"),
    ({"llm_config": {"model_type": "internlm2"}}, '"internlm2" is not supported as a text part'),
])
def test_what_it_does_otherwise_is_refused(vlrm, both, tmp_path, fields, expected):
    changed(both[1] / "vlm/config.json", **fields)
    error = vlrm("score", "--model", both[1] / "vlm", "--likelihood", "--prompt", "A", "--response", "B", fails=True)
    assert expected in error


@pytest.mark.parametrize("both", ["tiles"], indirect=True)
def test_a_model_without_its_image_token_is_refused(vlrm, both, tmp_path):
    tokenizer, settings = (both[1] / "vlm" / name for name in ("tokenizer.json", "tokenizer_config.json"))
    expected = score(vlrm, tmp_path, both[1] / "vlm", "none", "--likelihood")
    named = json.loads(settings.read_text())
    settings.write_text(json.dumps({name: value for name, value in named.items() if name != "added_tokens_decoder"}))
    assert score(vlrm, tmp_path, both[1] / "vlm", "none", "--likelihood") == expected
    tokenizer.write_text(tokenizer.read_text().replace("<IMG_CONTEXT>", "<other>"))
    error = vlrm("score", "--model", both[1] / "vlm", "--likelihood", "--prompt", "A", "--response", "B", fails=True)
    assert "has the token <IMG_CONTEXT>" in error
    for number in ("abc", "", "9" * 30):
        settings.write_text(json.dumps(named | {"added_tokens_decoder": {number: {"content": "<IMG_CONTEXT>"}}}))
        assert "has the token <IMG_CONTEXT>" in vlrm("inspect", both[1] / "vlm", fails=True)
