"""Heads of reward models as trainers write them, beside the same head on transformers' states."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_text_models import changed, write

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from safetensors.torch import load_file, save_file  # noqa: E402

PROMPT, RESPONSES = "What is it?", ["A red box.", "Nothing that I could name here"]
SIZES = "--hidden 32 --layers 2 --intermediate 40 --heads 4 --kv-heads 2 --vocabulary 640 --cross-attention-layers".split()
WIDE = 20  # of the layer between two


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def two_layers(module, inner=WIDE):
    return {f"{module}.0.weight": drawn(inner, 32), f"{module}.0.bias": drawn(inner), f"{module}.2.weight": drawn(1, inner),
            f"{module}.2.bias": drawn(1)}


HEADS = {
    "linear": {"score.weight": drawn(1, 32)},
    "bias": {"score.weight": drawn(1, 32), "score.bias": drawn(1)},
    "trl": {"v_head.summary.weight": drawn(1, 32), "v_head.summary.bias": drawn(1)},
    "value_head": {"value_head.weight": drawn(1, 32)},
    "classifier": {"classifier.weight": drawn(1, 32), "classifier.bias": drawn(1)},
    "grm": two_layers("v_head.summary"),
    "inf_orm": two_layers("score", 32),
    "no_biases": {name: tensor for name, tensor in two_layers("score").items() if name.endswith("weight")},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write(tmp_path_factory.mktemp("heads"), SIZES) / "rm"


@pytest.fixture(scope="module")
def states(model):
    """Of the last token of each response."""
    backbone = transformers.AutoModel.from_pretrained(model, torch_dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    found = []
    for response in RESPONSES:
        messages = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": response}]
        ids = tokenizer(tokenizer.apply_chat_template(messages, tokenize=False), add_special_tokens=False, return_tensors="pt")
        with torch.no_grad():
            found.append(backbone(**ids).last_hidden_state[0, -1])
    return torch.stack(found)


def with_head(model, folder, head, own_file=False, **config):
    """A copy of the model with these tensors as its head."""
    folder.mkdir()
    for file in model.iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    backbone = {name: tensor for name, tensor in load_file(model / "model.safetensors").items() if name != "score.weight"}
    save_file(backbone if own_file else backbone | head, folder / "model.safetensors")
    if own_file:
        save_file(head, folder / "value_head.safetensors")
    changed(folder / "config.json", **config)
    return folder


def scored(vlrm, folder, *flags):
    responses = [word for response in RESPONSES for word in ("--response", response)]
    return json.loads(vlrm("score", "--model", folder, "--mode", "text-only", "--prompt", PROMPT, *responses, "--dtype",
                           "float32", "--json", *flags))["scores"]


def expected(states, head):
    values = states
    weights = sorted(name for name in head if name.endswith("weight"))
    for name in weights:
        values = values if name == weights[0] else torch.relu(values)
        values = torch.nn.functional.linear(values, head[name], head.get(name.replace("weight", "bias")))
    return values[:, 0].tolist()


@pytest.mark.parametrize("name", HEADS)
def test_heads_give_their_own_numbers(vlrm, model, states, device_flags, tmp_path, name):
    folder = with_head(model, tmp_path / "rm", HEADS[name])
    assert scored(vlrm, folder, *device_flags) == pytest.approx(expected(states, HEADS[name]), abs=2e-4)


@pytest.mark.parametrize("prefix", ["", "v_head."])
def test_a_value_head_in_a_file_of_its_own_beside_a_language_model(vlrm, model, states, tmp_path, prefix):
    head = {prefix + "summary.weight": drawn(1, 32), prefix + "summary.bias": drawn(1)}
    folder = with_head(model, tmp_path / "rm", head, own_file=True, architectures=["LlamaForCausalLM"])
    assert scored(vlrm, folder) == pytest.approx(expected(states, head), abs=2e-4)


@pytest.mark.parametrize("pickled_model", [False, True])
def test_a_pickled_value_head_is_named_and_converted(vlrm, model, states, tmp_path, pickled_model):
    head = {"v_head.summary.weight": drawn(1, 32), "v_head.summary.bias": drawn(1)}
    folder = with_head(model, tmp_path / "it's", head, own_file=True, architectures=["LlamaForCausalLM"])
    torch.save(load_file(folder / "value_head.safetensors"), folder / "value_head.bin")
    (folder / "value_head.safetensors").unlink()
    if pickled_model:
        torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    error = vlrm("score", "--model", folder, "--mode", "text-only", "--prompt", "A", "--response", "B", fails=True)
    assert pickled_model or "value_head.bin: a value head in a pickled file, which is not read" in error
    command = error[error.index("python3 -c"):]
    subprocess.run(command, shell=True, check=True, env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    assert scored(vlrm, folder) == pytest.approx(expected(states, head), abs=2e-4)


@pytest.mark.parametrize("config", [{}, {"architectures": ["LlamaForCausalLM"]}])
def test_a_pickled_value_head_beside_another_head_is_not_passed_over(vlrm, model, goldens, tmp_path, config):
    folder = with_head(model, tmp_path / "rm", HEADS["linear"], **config)
    torch.save({"v_head.summary.weight": drawn(1, 32)}, folder / "value_head.bin")
    is_named = "value_head.bin: a value head in a pickled file, which is not read"
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    assert is_named in vlrm(*score, folder, fails=True)
    assert any("value_head.bin" in note for note in vlrm("inspect", folder, notes=True))
    vlm = goldens / "models/vlm"
    role = re.search("^as RM: +(.*)$", vlrm("inspect", folder), re.MULTILINE)[1]
    assert config or is_named in role
    build = ["build", "--vlm", vlm, "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "out", "--rm"]
    shutil.copytree(goldens / "models/rm", tmp_path / "merged")
    torch.save({"v_head.summary.weight": drawn(1, 32)}, tmp_path / "merged/value_head.bin")
    assert is_named in vlrm(*build, tmp_path / "merged", fails=True)


@pytest.mark.parametrize("file", ["value_head.safetensors", "value_head.bin"])
def test_a_value_head_that_is_not_asked_is_named(vlrm, model, tmp_path, file):
    folder = tmp_path / "lm"
    shutil.copytree(model.parent / "base", folder)
    save = save_file if file.endswith("safetensors") else torch.save
    save({"v_head.summary.weight": drawn(1, 32)}, folder / file)
    likelihood = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--likelihood", "--model", folder]
    for command in (likelihood, ["generate", "--prompt", "A", "--max-new-tokens", 2, "--model", folder]):
        assert any(f": {file} is not used: by config.json this is a language model" in note for note in vlrm(*command, notes=True))
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: linear\nmodels: [{{model: {folder}, parameters: {{weight: 1}}}}]\n")
    notes = vlrm("merge", recipe, tmp_path / "out", notes=True)
    assert any(f"{file}: a value head in a file of its own, which is neither merged nor copied" in note for note in notes)
    assert not (tmp_path / "out" / file).exists()


@pytest.mark.parametrize("file", ["value_head.safetensors", "value_head.bin"])
def test_a_value_head_beside_an_adapter_is_its(vlrm, model, states, tmp_path, file):
    """Trainers of adapters save the head that they trained beside the adapter."""
    base, adapter, head = model.parent / "base", tmp_path / "adapter", {"v_head.summary.weight": drawn(1, 32), "v_head.summary.bias": drawn(1)}
    adapter.mkdir()
    zero = {f"base_model.model.model.layers.0.self_attn.q_proj.lora_{part}.weight": torch.zeros(*shape)
            for part, shape in (("A", (2, 32)), ("B", (32, 2)))}
    save_file(zero, adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 8, "target_modules": ["q_proj"]}))
    if file.endswith("bin"):
        torch.save(head, adapter / file)
        line = vlrm("score", "--model", f"{base}+{adapter}", "--mode", "text-only", "--prompt", "A", "--response", "B", fails=True)
        assert f"{adapter}/value_head.bin: a value head in a pickled file" in line
    else:
        save_file(head, adapter / file)
        alone = with_head(base, tmp_path / "alone", head, own_file=True)
        assert scored(vlrm, f"{base}+{adapter}") == scored(vlrm, alone)
        asked = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model", f"{alone}+{adapter}"]
        assert "has a value head in a file of its own, and so has" in vlrm(*asked, fails=True)


def test_two_heads_are_refused_wherever_they_are(vlrm, model, tmp_path):
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    save_file({"summary.weight": drawn(1, 32), "summary.bias": drawn(1)}, folder / "value_head.safetensors")
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    assert "has two heads, this and" in vlrm(*score, folder, fails=True)


def test_a_value_head_that_scores_is_not_called_unused(vlrm, model, tmp_path):
    folder = with_head(model, tmp_path / "rm", HEADS["trl"], architectures=["LlamaForCausalLM"])
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    assert vlrm(*score, folder, notes=True) == []


def test_labels_that_the_config_leaves_out_are_those_of_the_weights(vlrm, model, states, tmp_path):
    nothing = {"id2label": "absent", "label2id": "absent"}
    for name in ("linear", "grm"):
        folder = with_head(model, tmp_path / name, HEADS[name], **nothing)
        assert scored(vlrm, folder) == pytest.approx(expected(states, HEADS[name]), abs=2e-4)
    two = with_head(model, tmp_path / "two", {"score.weight": drawn(2, 32)}, **nothing)
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    assert "this classifier has 2" in vlrm(*score, two, fails=True)


@pytest.mark.parametrize("head, error", [
    (HEADS["linear"] | two_layers("score"), "has two heads, one linear and one of two layers"),
    (HEADS["linear"] | HEADS["trl"], "score.weight"),
    ({}, "has no reward head"),
    ({"score.weight": drawn(1, 31)}, "tensor score.weight has the shape [1, 31], but the configuration asks for [1, 32]"),
    (two_layers("score") | {"score.4.weight": drawn(1, 1)}, "score.4.weight"),
    ({"classifier.dense.weight": drawn(32, 32), **HEADS["linear"]}, "classifier.dense.weight"),
])
def test_other_heads_are_refused(vlrm, model, tmp_path, head, error):
    folder = with_head(model, tmp_path / "rm", head)
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    assert error in vlrm(*score, folder, fails=True)


@pytest.mark.parametrize("name", ["bias", "trl", "grm", "inf_orm"])
def test_a_build_loses_no_part_of_a_head(vlrm, goldens, tmp_path, name):
    """What the built model cannot hold is refused."""
    source = goldens / "models/rm"
    folder = tmp_path / "rm"
    folder.mkdir()
    for file in source.iterdir():
        if not file.name.startswith("model"):
            (folder / file.name).write_bytes(file.read_bytes())
    weights = {}
    for file in source.glob("*.safetensors"):
        weights |= load_file(file)
    wide = weights.pop("score.weight").shape[1]
    head = {key: tensor[..., :wide].contiguous() for key, tensor in HEADS[name].items()}
    save_file(weights | head, folder / "model.safetensors")
    error = vlrm("build", "--vlm", goldens / "models/vlm", "--rm", folder, "--method", "linear", "--weight-rm", "0.5", "-o",
                 tmp_path / "out", fails=True)
    assert any(key in error for key in ("score.", "v_head."))
    assert not (tmp_path / "out").exists()


def test_a_bias_that_transformers_leaves_out_is_reported(vlrm, model, tmp_path):
    score = ["score", "--mode", "text-only", "--prompt", "A", "--response", "B", "--model"]
    notes = vlrm(*score, with_head(model, tmp_path / "rm", HEADS["bias"]), notes=True)
    assert any("score.bias is added to each score" in note for note in notes)
    assert vlrm(*score, with_head(model, tmp_path / "trl", HEADS["trl"]), notes=True) == []
