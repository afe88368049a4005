"""LoRA adapters in recipes, MODEL+ADAPTER, beside peft."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from safetensors.numpy import load_file, save_file

PEER = ROOT / ".venv-mergekit/bin/python"

CASES = {
    "plain": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]),
    "rslora": dict(r=8, lora_alpha=4, use_rslora=True, target_modules="all-linear"),
    "patterns": dict(r=4, lora_alpha=8, target_modules=["q_proj", "up_proj"], rank_pattern={"q_proj": 2},
                     alpha_pattern={"model.layers.1.mlp.up_proj": 32}),
    "embeddings": dict(r=4, lora_alpha=8, target_modules=["embed_tokens", "o_proj"]),
    "whole": dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["lm_head"]),
    "resized": dict(r=4, lora_alpha=8, target_modules=["embed_tokens", "lm_head", "q_proj"], more_rows=3),
    "tied": dict(r=4, lora_alpha=8, target_modules=["q_proj"], tied=True),
    "part": dict(r=4, lora_alpha=8, target_modules=["q_proj"]),
    "fan_in_fan_out": dict(r=4, lora_alpha=8, target_modules=["q_proj"], fan_in_fan_out=True),
}

MAKE = """
import sys, torch, transformers
from peft import LoraConfig, get_peft_model
for name, options in eval(sys.argv[2]).items():
    folder = sys.argv[1] + "/" + name
    torch.manual_seed(0)
    tied, more_rows = options.pop("tied", False), options.pop("more_rows", 0)
    config = transformers.LlamaConfig(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                                      num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=tied)
    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(folder + "/model")
    if more_rows:
        model.resize_token_embeddings(40 + more_rows)
    adapted = get_peft_model(model, LoraConfig(**options))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    if tied:
        torch.nn.init.normal_(model.get_input_embeddings().weight)
    adapted.save_pretrained(folder + "/adapter", save_embedding_layers=tied or "auto")
    adapted.merge_and_unload().save_pretrained(folder + "/merged")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if not PEER.exists():
        pytest.skip("no peft: ./dev test installs it into .venv-mergekit")
    folder = tmp_path_factory.mktemp("adapters")
    subprocess.run([PEER, "-c", MAKE, folder, repr(CASES)], check=True, capture_output=True)
    return folder


def merged(vlrm, folder, model="model"):
    config = folder / "r.yml"
    config.write_text(f"merge_method: passthrough\nmodels: [{{model: {folder}/{model}+{folder}/adapter}}]\ndtype: float32\n")
    vlrm("-q", "merge", config, folder / "out", "--force")
    return load_file(folder / "out/model.safetensors")


@pytest.mark.parametrize("name", list(CASES))
def test_equals_pefts_merge(vlrm, made, name):
    folder = made / name
    ours, theirs = merged(vlrm, folder), load_file(folder / "merged/model.safetensors")
    before = load_file(folder / "model/model.safetensors")
    assert ours.keys() == theirs.keys()
    changed = [key for key in ours if key not in before or not np.array_equal(ours[key], before[key])]
    assert changed
    for key in ours:
        assert np.abs(ours[key] - theirs[key]).max() <= 1e-6 * np.abs(theirs[key]).max(), key


def test_an_adapter_takes_part_in_a_merge(vlrm, made):
    folder = made / "part"
    config = folder / "r.yml"
    config.write_text(f"merge_method: task_arithmetic\nbase_model: {folder}/model\n"
                      f"models: [{{model: {folder}/model+{folder}/adapter, parameters: {{weight: 0.5}}}}]\ndtype: float32\n")
    vlrm("-q", "merge", config, folder / "half")
    half, base, whole = (load_file(folder / name / "model.safetensors") for name in ("half", "model", "merged"))
    key = "model.layers.0.self_attn.q_proj.weight"
    assert np.allclose(half[key], (base[key] + whole[key]) / 2, atol=1e-6)


def test_the_manifest_knows_the_adapter(vlrm, made, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(made / "part", folder)
    merged(vlrm, folder)
    assert "what they were" in vlrm("inspect", "--verify", folder / "out")
    file = folder / "adapter/adapter_model.safetensors"
    save_file({key: tensor + 1 for key, tensor in load_file(file).items()}, file)
    assert "not the same any more" in vlrm("inspect", "--verify", folder / "out", fails=3)


def test_the_first_pattern_that_fits_counts(vlrm, made, tmp_path):
    """As in peft: in the order of the file, not of the alphabet."""
    folder = tmp_path / "copy"
    shutil.copytree(made / "part", folder)
    settings = folder / "adapter/adapter_config.json"
    config = json.loads(settings.read_text())
    key = "model.layers.0.self_attn.q_proj.weight"
    before = load_file(folder / "model/model.safetensors")[key]

    def change(**patterns):
        settings.write_text(json.dumps({**config, "alpha_pattern": patterns}))
        return merged(vlrm, folder)[key] - before

    assert np.allclose(change(**{"q_proj": 16, "layers.0.self_attn.q_proj": 80}), 2 * change(), atol=1e-5)


def test_says_what_is_wrong_with_an_adapter(vlrm, made):
    folder = made / "part"
    file, settings = folder / "adapter/adapter_model.safetensors", folder / "adapter/adapter_config.json"
    tensors, config = load_file(file), json.loads(settings.read_text())
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"

    def error(changes=None, **fields):
        save_file({**tensors, **(changes or {})}, file)
        settings.write_text(json.dumps({**config, **fields}))
        recipe = folder / "r.yml"
        recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {folder}/model+{folder}/adapter}}]\n")
        return vlrm("merge", recipe, folder / "never", fails=True)

    assert "peft_type is IA3; only LORA" in error(peft_type="IA3")
    assert "DoRA (use_dora) is not supported" in error(use_dora=True)
    assert "regular expressions are not supported" in error(rank_pattern={"q_.*": 2})
    assert "the rank of model.layers.0.self_attn.q_proj is 8" in error(r=8)
    assert "no factors of model.layers.0.self_attn.q_proj.weight [16, 16]" in error({name: np.zeros((4, 15), np.float32)})
    other = name.replace("layers.0", "layers.7")
    assert "lora_B" in error({other: tensors[name]})
    assert "names of an adapter begin with" in error({"lora": tensors[name]})
    assert "has no model.layers.0.self_attn.q_proj.lora_magnitude_vector" in error(
        {name.replace("lora_A.weight", "lora_magnitude_vector"): np.ones(16, np.float32)})
    save_file({key: tensor for key, tensor in tensors.items() if key != name}, file)  # a factor without the other
    settings.write_text(json.dumps(config))
    assert f"its other factor, {name}, is not there" in vlrm("merge", folder / "r.yml", folder / "never", fails=True)
    save_file({}, file)
    assert "holds no tensor" in vlrm("merge", folder / "r.yml", folder / "never", fails=True)
    assert "there is another for the model's" in error({name.replace("lora_A", "lora_A.default"): tensors[name],
                                                        name.replace("lora_A", "lora_B.default"): np.zeros((16, 4), np.float32)})
    assert "layer_replication is not supported" in error(layer_replication=[[0, 2], [0, 2]])
    assert "init_lora_weights is pissa_niter_4" in error(init_lora_weights="pissa_niter_4")
    file.unlink()
    (folder / "adapter/adapter_model.bin").write_bytes(b"")
    recipe = folder / "r.yml"
    assert "is a pickle, which is never loaded" in vlrm("merge", recipe, folder / "never", fails=True)
    recipe.write_text("merge_method: passthrough\nmodels: [{model: a+b+c}]\n")
    assert "a model takes one adapter" in vlrm("merge", recipe, folder / "never", fails=True)
