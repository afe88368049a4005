"""MODEL+ADAPTER wherever a model is named: what the adapter changes beside the sums that test_adapter.py compares with peft."""

import json
import shutil

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

EMBEDDINGS, HEAD, QUERIES = "model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.weight"
RNG = np.random.default_rng(3)


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def write_adapter(path, tensors, **config):
    path.mkdir(exist_ok=True)
    save_file(
        {f"base_model.model.{name}": tensor for name, tensor in tensors.items()}, path / "adapter_model.safetensors"
    )
    (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 8, **config}))
    return path


@pytest.fixture
def tied(tmp_path):
    """A model whose embeddings are its head."""
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({EMBEDDINGS: random(6, 4), QUERIES: random(4, 4)}, folder / "model.safetensors")
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": 6,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def merged(vlrm, model, fails=False):
    folder = model.parent
    (folder / "r.yml").write_text(f"merge_method: passthrough\nmodels: [{{model: {model}+{folder}/adapter}}]\n")
    said = vlrm("-q", "merge", folder / "r.yml", folder / "out", "--force", fails=fails)
    if fails:
        return said
    return load_file(folder / "out/model.safetensors"), json.loads((folder / "out/config.json").read_text())


@pytest.mark.parametrize("saved", [[EMBEDDINGS], [HEAD], [EMBEDDINGS, HEAD]])
@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("full_names", [False, True])
def test_tied_embeddings_come_apart(vlrm, tied, saved, copied, full_names):
    before = load_file(tied / "model.safetensors")
    if copied:  # as some models are saved; transformers reads only the embeddings
        save_file({**before, HEAD: random(6, 4)}, tied / "model.safetensors")
    own = {name: random(6, 4) for name in saved}
    trained = [name.removesuffix(".weight") for name in saved]
    if full_names:  # as older peft and others write them, whatever the config says
        write_adapter(tied.parent / "adapter", {f"{name}.modules_to_save.weight": own[f"{name}.weight"] for name in trained})
    else:
        write_adapter(tied.parent / "adapter", own, modules_to_save=[name.rsplit(".")[-1] for name in trained])
    found, config = merged(vlrm, tied)
    for name in (EMBEDDINGS, HEAD):
        np.testing.assert_array_equal(found[name], own.get(name, before[EMBEDDINGS]), err_msg=name)
    assert config["tie_word_embeddings"] is False


@pytest.mark.parametrize("saved", [[EMBEDDINGS], [HEAD], [EMBEDDINGS, HEAD]])
@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("rows", [6, 8])
def test_embeddings_saved_beside_the_adapter_stay_tied(vlrm, tied, saved, copied, rows):
    """peft loads them into the model's one tensor (save_embedding_layers), the head last."""
    if copied:
        save_file({**load_file(tied / "model.safetensors"), HEAD: random(6, 4)}, tied / "model.safetensors")
    own = {name: random(rows, 4) for name in saved}
    write_adapter(tied.parent / "adapter", own, modules_to_save=["score"])
    found, config = merged(vlrm, tied)
    np.testing.assert_array_equal(found[EMBEDDINGS], own[saved[-1]])
    assert HEAD not in found and config["tie_word_embeddings"] is True and config["vocab_size"] == rows


def test_resized_embeddings_with_factors(vlrm, tied):
    """peft saves what was resized as the layer below its factors."""
    before = load_file(tied / "model.safetensors")
    save_file({**before, HEAD: random(6, 4)}, tied / "model.safetensors")
    edit = json.loads((tied / "config.json").read_text())
    (tied / "config.json").write_text(json.dumps({**edit, "tie_word_embeddings": False}))
    base = {name: random(8, 4) for name in (EMBEDDINGS, HEAD)}
    layers = {f"{name.removesuffix('.weight')}.base_layer.weight": tensor for name, tensor in base.items()}
    a, b, head_a, head_b = random(2, 8), random(4, 2), random(2, 4), random(8, 2)
    embedded = {"model.embed_tokens.lora_embedding_A": a, "model.embed_tokens.lora_embedding_B": b}
    head = {"lm_head.lora_A.weight": head_a, "lm_head.lora_B.weight": head_b}
    for factors in ({}, embedded, head, {**embedded, **head}):
        write_adapter(tied.parent / "adapter", {**layers, **factors})
        found, config = merged(vlrm, tied)
        more = {EMBEDDINGS: 4 * (b @ a).T if embedded.keys() <= factors.keys() else 0,
                HEAD: 4 * head_b @ head_a if head.keys() <= factors.keys() else 0}  # fmt: skip
        for name in (EMBEDDINGS, HEAD):
            np.testing.assert_allclose(found[name], base[name] + more[name], atol=1e-5, err_msg=name)
        assert config["vocab_size"] == 8 and config["tie_word_embeddings"] is False
    write_adapter(tied.parent / "adapter", {**layers, **embedded, "model.embed_tokens.lora_embedding_A": random(2, 6)})
    assert "which are no factors of model.embed_tokens.weight [8, 4]" in merged(vlrm, tied, fails=True)


def test_a_model_in_an_adapters_place_is_told(vlrm, tied, tmp_path):
    for other in (tied, ROOT / "world/base"):
        for command in (["inspect"], ["generate", "--prompt", "a", "--model"]):
            error = vlrm(*command, f"{tied}+{other}", fails=True)
            assert f"{other}: is a model, not an adapter that could be applied to {tied}" in error and "vlrm merge" in error


def test_other_adapters_leave_them_tied(vlrm, tied):
    write_adapter(tied.parent / "adapter", {QUERIES: random(4, 4)})
    found, config = merged(vlrm, tied)
    assert HEAD not in found and config["tie_word_embeddings"] is True


@pytest.mark.parametrize("saved", ["modules_to_save", "modules_to_save.default"])
def test_what_was_trained_counts_where_peft_writes_a_module_again(vlrm, tied, saved):
    before = load_file(tied / "model.safetensors")
    save_file({**before, HEAD: random(6, 4)}, tied / "model.safetensors")
    edit = json.loads((tied / "config.json").read_text())
    (tied / "config.json").write_text(json.dumps({**edit, "tie_word_embeddings": False}))
    trained = {name: random(8, 4) for name in (EMBEDDINGS, HEAD)}
    tensors = {}
    for name, tensor in trained.items():
        module = name.removesuffix(".weight")
        tensors |= {name: random(8, 4), f"{module}.{saved}.weight": tensor, f"{module}.original_module.weight": random(8, 4)}
    write_adapter(tied.parent / "adapter", tensors)
    found, config = merged(vlrm, tied)
    for name, tensor in trained.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)
    assert config["vocab_size"] == 8


def test_an_adapter_with_more_tokens(vlrm, tied):
    """As peft saves a model whose embeddings were resized: both, and the tokenizer."""
    longer = random(8, 4)
    adapter = write_adapter(tied.parent / "adapter", {EMBEDDINGS: longer, HEAD: longer})
    for folder, tokens in ((tied, 6), (adapter, 8)):
        vocabulary = {f"t{i}": i for i in range(tokens)}
        (folder / "tokenizer.json").write_text(
            json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": []}})
        )
    found, config = merged(vlrm, tied)
    assert found[EMBEDDINGS].shape == (8, 4) and HEAD not in found and config["vocab_size"] == 8
    tokenizer = json.loads((tied.parent / "out/tokenizer.json").read_text())
    assert len(tokenizer["model"]["vocab"]) == 8
    write_adapter(adapter, {EMBEDDINGS: longer, HEAD: random(6, 4)})
    assert "have other rows than the model's, but not equally many more" in merged(vlrm, tied, fails=True)


FACTORS = {"lm_head.lora_A.weight": random(2, 4), "lm_head.lora_B.weight": random(6, 2)}
EMBEDDED = {"model.embed_tokens.lora_embedding_A": random(2, 6), "model.embed_tokens.lora_embedding_B": random(4, 2)}
WHOLE = {QUERIES: random(4, 4)}


@pytest.mark.parametrize(
    "tensors, config, said",
    [
        (FACTORS, {}, "factors of embeddings that are the head, too (tie_word_embeddings)"),
        (EMBEDDED, {}, "factors of embeddings that are the head, too (tie_word_embeddings)"),
        (
            {EMBEDDINGS: random(6, 4)},
            {"ensure_weight_tying": True, "modules_to_save": ["embed_tokens"]},
            "ensure_weight_tying of embeddings that are trained",
        ),
        (WHOLE, {"trainable_token_indices": [1, 2]}, "trainable_token_indices is not supported"),
        (WHOLE, {"lora_bias": True}, "lora_bias is not supported"),
        (WHOLE, {"use_qalora": True}, "use_qalora is not supported"),
        (WHOLE, {"target_parameters": ["experts.w"]}, "target_parameters is not supported"),
        (
            WHOLE,
            {"task_type": "SEQ_CLS"},
            "task_type is SEQ_CLS, but neither the adapter nor its model has a score.weight",
        ),
        (WHOLE, {"modules_to_save": "lm_head"}, 'the field "modules_to_save" has a value that does not fit'),
        ({"score.weight": random(1, 5)}, {}, "score.weight is F32 [1, 5], the model's score.weight F32 [1, 4]"),
    ],
)
def test_refuses_by_name(vlrm, tied, tensors, config, said):
    write_adapter(tied.parent / "adapter", tensors, **config)
    assert said in merged(vlrm, tied, fails=True)


# A reward model as an adapter: of the little world's base, with a score head and changed queries.

SPELLINGS = {
    "plain": {"score.weight": None},
    "raw": {"score.modules_to_save.default.weight": None, "score.original_module.weight": random(1, 64)},
    "short": {"score.modules_to_save.weight": None},
}


@pytest.fixture
def reward(tmp_path):
    """An adapter, and the reward model that it makes of the base."""
    module, head = QUERIES.removesuffix(".weight"), random(1, 64) / 8
    factors = {f"{module}.lora_A.weight": random(2, 64) / 8, f"{module}.lora_B.weight": random(64, 2) / 8}
    adapter = write_adapter(tmp_path / "adapter", {**factors, "score.weight": head}, task_type="SEQ_CLS")
    shutil.copy(ROOT / "world/base/tokenizer.json", adapter)
    shutil.copy(ROOT / "world/rm/tokenizer_config.json", adapter)  # the base has no chat template
    return adapter, factors, head


def score(vlrm, model, *more):
    flags = ["--mode", "text-only", "--prompt", "Hi", "--response", "A cat.", "--json"]
    return json.loads(vlrm("score", "--model", model, *flags, *more))["scores"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_reward_model_is_a_base_and_an_adapter(vlrm, reward, tmp_path, spelling):
    adapter, factors, head = reward
    tensors = {name: head if tensor is None else tensor for name, tensor in SPELLINGS[spelling].items()}
    write_adapter(adapter, {**factors, **tensors}, task_type="SEQ_CLS")
    name = f"{ROOT}/world/base+{adapter}"
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {name}}}]\n")
    vlrm("-q", "merge", recipe, tmp_path / "whole")
    config = json.loads((tmp_path / "whole/config.json").read_text())
    assert config["architectures"] == ["LlamaForSequenceClassification"] and config["id2label"] == {"0": "LABEL_0"}
    whole = load_torch(tmp_path / "whole/model.safetensors")
    assert HEAD not in whole and not (tmp_path / "whole/adapter_config.json").exists()
    np.testing.assert_array_equal(whole["score.weight"].numpy(), head)
    assert score(vlrm, name) == score(vlrm, tmp_path / "whole")
    assert "text reward model" in vlrm("inspect", name)


def test_an_adapter_alone_finds_its_model(vlrm, reward):
    adapter, factors, head = reward
    expected = score(vlrm, f"{ROOT}/world/base+{adapter}")
    write_adapter(adapter, {**factors, "score.weight": head}, base_model_name_or_path=str(ROOT / "world/base"))
    assert score(vlrm, adapter) == expected
    write_adapter(adapter, {**factors, "score.weight": head}, base_model_name_or_path="no/such-model")
    error = vlrm("score", "--model", adapter, "--mode", "text-only", "--prompt", "a", "--response", "b", fails=True)
    assert f"{adapter}: is an adapter for no/such-model" in error and f"write MODEL+{adapter}" in error
    write_adapter(adapter, {**factors, "score.weight": head})
    assert "its config names no model" in vlrm("inspect", adapter, fails=True)
    assert "is an adapter, not a model" in vlrm("inspect", f"{adapter}+{adapter}", fails=True)


def test_a_build_takes_one_as_its_reward_model(vlrm, reward, tmp_path):
    adapter, _, _ = reward
    world = ROOT / "world"
    name = f"{world}/base+{adapter}"
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {name}}}]\ndtype: float32\n")
    vlrm("-q", "merge", recipe, tmp_path / "whole")
    outputs = []
    for rm in (name, tmp_path / "whole"):
        out = tmp_path / f"out{len(outputs)}"
        vlrm(
            "-q",
            "build",
            "--vlm",
            world / "vlm",
            "--rm",
            rm,
            "--method",
            "linear",
            "--weight-rm",
            "0.5",
            "-o",
            out,
            "--dtype",
            "float32",
        )
        outputs.append(load_file(out / "model.safetensors"))
    for key, tensor in outputs[0].items():
        assert np.abs(tensor - outputs[1][key]).max() < 2e-3, key  # the whole model is rounded to bfloat16 first
    assert "what they were" in vlrm("inspect", "--verify", tmp_path / "out0")
    settings = adapter / "adapter_config.json"
    settings.write_text(settings.read_text().replace('"lora_alpha": 8', '"lora_alpha": 9'))
    assert "not the same any more" in vlrm("inspect", "--verify", tmp_path / "out0", fails=3)


def test_an_adapter_beside_the_weights_is_told(vlrm, tmp_path):
    model = tmp_path / "rm"
    shutil.copytree(ROOT / "world/rm", model)
    plain = score(vlrm, model)
    write_adapter(
        model,
        {
            QUERIES.replace(".weight", ".lora_A.weight"): random(2, 64),
            QUERIES.replace(".weight", ".lora_B.weight"): random(64, 2),
        },
    )
    assert [line for line in vlrm("inspect", model, notes=True) if "an adapter lies beside the weights" in line]
    assert score(vlrm, model) == plain
    assert score(vlrm, f"{model}+{model}") != plain
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {model}}}]\n")
    assert [
        line for line in vlrm("-q", "merge", recipe, tmp_path / "out", notes=True) if "lies beside the weights" in line
    ]
    assert not (tmp_path / "out/adapter_config.json").exists()


# Tensors that no model of the config computes with.


@pytest.mark.parametrize(
    "extra",
    [
        "score.4.weight",
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.99.input_layernorm.weight",
        "v_head.dense.weight",
    ],
)
def test_tensors_that_nothing_uses_are_refused(vlrm, tmp_path, extra):
    for model, command in (("rm", ["score", "--mode", "text-only", "--response", "b"]), ("base", ["generate"])):
        folder = tmp_path / model
        shutil.copytree(ROOT / "world" / model, folder)
        shutil.copy(ROOT / "world/rm/tokenizer_config.json", folder)
        tensors = load_torch(folder / "model.safetensors")
        save_torch({**tensors, extra: torch.ones(64)}, folder / "model.safetensors")
        error = vlrm(*command, "--model", folder, "--prompt", "a", fails=True)
        assert "1 tensor is no part of the Llama that config.json describes" in error and extra in error
        assert [line for line in vlrm("inspect", folder, notes=True) if extra in line]


def test_buffers_and_heads_that_are_not_asked_change_nothing(vlrm, tmp_path):
    shutil.copytree(ROOT / "world/rm", tmp_path / "rm")
    tensors = load_torch(tmp_path / "rm/model.safetensors")
    more = {
        HEAD: tensors[EMBEDDINGS].clone(),
        "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8),
        "position_ids": torch.arange(4),
    }
    save_torch({**tensors, **more}, tmp_path / "rm/model.safetensors")
    assert score(vlrm, tmp_path / "rm") == score(vlrm, ROOT / "world/rm")


@pytest.mark.parametrize("bias", [False, True])
def test_a_reward_model_that_a_vlm_was_merged_into_scores(vlrm, tmp_path, bias):
    """Of the VLM it has what its config, the reward model's, has a use for."""
    reward, vlm, recipe = ROOT / "world/rm", tmp_path / "vlm", tmp_path / "r.yml"
    vlm.mkdir()
    tensors = load_torch(reward / "model.safetensors")
    tensors.pop("score.weight")
    tower = {"vision_tower.blocks.0.w": torch.ones(2, 2), "multi_modal_projector.w": torch.ones(2, 2)}
    if bias:
        tower["language_model.model.layers.0.self_attn.q_proj.bias"] = torch.ones(64)
    save_torch({f"language_model.{name}": tensor for name, tensor in tensors.items()} | tower, vlm / "model.safetensors")
    text = json.loads((reward / "config.json").read_text())
    config = {"model_type": "llava", "architectures": ["LlavaForConditionalGeneration"], "text_config": text}
    (vlm / "config.json").write_text(json.dumps(config))
    recipe.write_text(f"merge_method: linear\nparameters: {{weight: 0.5}}\nmodels: [{{model: {reward}}}, {{model: {vlm}}}]\n")
    vlrm("-q", "merge", recipe, tmp_path / "out")
    assert score(vlrm, tmp_path / "out") == score(vlrm, reward)


@pytest.mark.parametrize("shape", [(), (6,), (6, 4, 1)])
@pytest.mark.parametrize("tensors", [{"score.weight": (1, 4)}, {"model.layers.0.self_attn.q_proj.lora_A.weight": (2, 4)}, {EMBEDDINGS: (8, 4)}])
def test_embeddings_that_are_no_matrix_are_refused_by_one_line(vlrm, tied, shape, tensors):
    save_file({**load_file(tied / "model.safetensors"), EMBEDDINGS: random(*shape)}, tied / "model.safetensors")
    tensors = {name: random(*wanted) for name, wanted in tensors.items()}
    if "model.layers.0.self_attn.q_proj.lora_A.weight" in tensors:
        tensors["model.layers.0.self_attn.q_proj.lora_B.weight"] = random(4, 2)
        tensors[EMBEDDINGS] = random(8, 4)
    write_adapter(tied.parent / "adapter", tensors, modules_to_save=["score"])
    assert "adapter" in merged(vlrm, tied, fails=True)
