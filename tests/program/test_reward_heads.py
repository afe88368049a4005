"""Heads of reward models as trainers write them, beside the same head on transformers' states."""

import json

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
