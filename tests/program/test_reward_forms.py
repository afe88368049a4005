"""Reward models in the forms that they are published in: which label, which token, whose names. Beside the rules of their
sources, written down here once more, on transformers' states."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_reward_heads import HEADS, PROMPT, RESPONSES, drawn, expected, model, scored, with_head  # noqa: F401
from test_text_models import changed

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from safetensors.torch import load_file, save_file  # noqa: E402

ASK = ["--mode", "text-only", "--prompt", "A", "--response", "B", "--dtype", "float32"]
THREE = {"id2label": {"0": "helpful", "1": "honest", "2": "brief"}, "label2id": "absent"}
HEAD3 = {"score.weight": drawn(3, 32)}


class Reference:
    def __init__(self, folder, **config):
        self.backbone = transformers.AutoModel.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager", **config)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def ids(self, response, prefix="", template=None):
        messages = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": prefix + response}]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, chat_template=template)
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def prompt(self, prefix="", template=None):
        text = self.tokenizer.apply_chat_template([{"role": "user", "content": PROMPT}], tokenize=False, chat_template=template,
                                                  add_generation_prompt=True)  # fmt: skip
        return self.tokenizer(text + prefix, add_special_tokens=False)["input_ids"]

    def state(self, ids, position):
        with torch.no_grad():
            return self.backbone(input_ids=torch.tensor([ids])).last_hidden_state[0, position]

    def scores(self, head, position=lambda ids: -1, ids=None):
        found = [ids(response) if ids else self.ids(response) for response in RESPONSES]
        return expected(torch.stack([self.state(each, position(each)) for each in found]), head)


@pytest.fixture(scope="module")
def reference(model):  # noqa: F811
    return Reference(model)


def close(values):
    return pytest.approx(values, abs=2e-4)


# Labels


@pytest.mark.parametrize("label, row", [("helpful", 0), ("honest", 1), ("2", 2), ("0", 0)])
@pytest.mark.parametrize("name", ["linear", "bias", "two_layers"])
def test_a_label_is_a_row_of_the_head(vlrm, model, reference, tmp_path, label, row, name):  # noqa: F811
    head, last = dict(HEAD3), "score"
    if name == "bias":
        head["score.bias"] = drawn(3)
    if name == "two_layers":
        head, last = {"score.0.weight": drawn(20, 32), "score.2.weight": drawn(3, 20), "score.2.bias": drawn(3)}, "score.2"
    folder = with_head(model, tmp_path / "rm", head, **THREE)
    one = {key: tensor[row:row + 1] if key.startswith(last + ".") else tensor for key, tensor in head.items()}
    assert scored(vlrm, folder, "--label", label) == close(reference.scores(one))
    assert scored(vlrm, folder, "--score-label", label) == close(reference.scores(one))


@pytest.mark.parametrize("label, error", [
    (None, "a reward model has one label, this classifier has 3 (helpful, honest, brief); --score-label says which one"),
    ("3", '--score-label: "3" is none of the labels helpful, honest, brief, nor a number from 0 to 2'),
    ("-1", '--score-label: "-1" is none of'),
    ("Helpful", '--score-label: "Helpful" is none of'),
])
def test_several_labels_need_one_that_is_there(vlrm, model, tmp_path, label, error):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEAD3, **THREE)
    flags = ["--label", label] if label else []
    assert error in vlrm("score", "--model", folder, *ASK, *flags, fails=True)


@pytest.mark.parametrize("labels, label", [({"0": "a", "1": "a"}, "a"), ({"0": "1", "1": "0"}, "1")])
def test_a_label_that_may_be_two_is_refused(vlrm, model, tmp_path, labels, label):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", {"score.weight": drawn(2, 32)}, id2label=labels, label2id="absent")
    assert "may be more than one" in vlrm("score", "--model", folder, *ASK, "--label", label, fails=True)


def test_labels_and_rows_must_be_as_many(vlrm, model, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", {"score.weight": drawn(2, 32)}, **THREE)
    error = vlrm("score", "--model", folder, *ASK, "--label", "2", fails=True)
    assert "tensor score.weight is [2, 32], but config.json has 3 labels" in error


def test_a_label_is_of_a_classifiers_reward(vlrm, model, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"], architectures=["LlamaForCausalLM"])
    assert "is not a classifier" in vlrm("score", "--model", folder, *ASK, "--label", "0", fails=True)
    assert "--likelihood does not ask for" in vlrm("score", "--model", folder, *ASK, "--label", "0", "--likelihood", fails=True)


def with_two_labels(goldens, tmp_path):
    """The set's RM as "one", and in "two" with another row before its own."""
    source = goldens / "models/rm"
    weights = {}
    for file in source.glob("*.safetensors"):
        weights |= load_file(file)
    row = weights["score.weight"]
    for name, score, config in (("one", row, {}), ("two", torch.cat([row + 1, row]), {"id2label": {"0": "a", "1": "b"}})):
        shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("model*"))
        save_file(weights | {"score.weight": score.contiguous()}, tmp_path / name / "model.safetensors")
        changed(tmp_path / name / "config.json", label2id="absent", **config)


def tensors_of(folder):
    return {key: tensor for file in folder.glob("*.safetensors") for key, tensor in load_file(file).items()}


def assert_same_tensors(left, right):
    left, right = tensors_of(left), tensors_of(right)
    assert left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_a_build_takes_a_label_of_a_linear_head(vlrm, goldens, tmp_path):
    """And makes what it makes of an RM with that row alone."""
    with_two_labels(goldens, tmp_path)
    build = ["build", "--vlm", goldens / "models/vlm", "--method", "linear", "--weight-rm", "0.5"]
    assert "this classifier has 2 (a, b)" in vlrm(*build, "--rm", tmp_path / "two", "-o", tmp_path / "out", fails=True)
    vlrm(*build, "--rm", tmp_path / "one", "-o", tmp_path / "out_one")
    vlrm(*build, "--rm", tmp_path / "two", "--label", "b", "-o", tmp_path / "out_two")
    assert_same_tensors(tmp_path / "out_one", tmp_path / "out_two")
    assert json.loads((tmp_path / "out_two/vlrm_manifest.json").read_text())["settings"]["score_label"] == "b"


def test_the_steps_of_a_build_take_a_label_too(vlrm, goldens, tmp_path):
    """Where it makes a difference: a backbone has no label."""
    with_two_labels(goldens, tmp_path)
    models, extract = goldens / "models", ["extract", "--instruct", goldens / "models/base_instruct"]
    for name in ("one", "two"):
        vlrm(*extract, "--rm", tmp_path / name, "-o", tmp_path / f"text_{name}")
    assert_same_tensors(tmp_path / "text_one", tmp_path / "text_two")
    vlrm(*extract, "--vlm", models / "vlm", "-o", tmp_path / "text")
    step = ["map", "--text", tmp_path / "text", "--vlm", models / "vlm"]
    assert "--score-label says which one" in vlrm(*step, "--rm", tmp_path / "two", "-o", tmp_path / "out", fails=True)
    vlrm(*step, "--rm", tmp_path / "one", "-o", tmp_path / "out_one")
    vlrm(*step, "--rm", tmp_path / "two", "--score-label", "b", "-o", tmp_path / "out_two")
    assert_same_tensors(tmp_path / "out_one", tmp_path / "out_two")
    assert json.loads((tmp_path / "out_two/vlrm_manifest.json").read_text())["settings"]["score_label"] == "b"
    check = ["check", "--vlm", models / "vlm", "--base", models / "base", "--rm"]
    assert "--score-label says which one" in vlrm(*check, tmp_path / "two", fails=True)
    assert vlrm(*check, tmp_path / "two", "--label", "1") == vlrm(*check, tmp_path / "one")
    assert "--score-label: " in vlrm(*check, tmp_path / "two", "--label", "c", fails=True)


# Pooling


def end_token(reference):
    """One that stands at the end of a text, but not inside."""
    return reference.ids(RESPONSES[0])[-1]


def last_not_pad(pad):
    return lambda ids: max(i for i, token in enumerate(ids) if token != pad)


def test_each_form_reads_its_own_token(vlrm, model, reference, tmp_path):  # noqa: F811
    """A template that ends with the pad token: a classifier reads before it, a value head reads it."""
    pad = end_token(reference)
    head = {"score.weight": drawn(1, 32)}
    before = {"pad_token_id": pad}
    classifier = with_head(model, tmp_path / "classifier", head, **before)
    first_pad = reference.scores(head, lambda ids: ids.index(pad) - 1)
    assert scored(vlrm, classifier) == close(first_pad)
    for name in ("v_head.summary.weight", "v_head.weight", "value_head.weight"):
        folder = with_head(model, tmp_path / name, {name: head["score.weight"]}, **before)
        assert scored(vlrm, folder) == close(reference.scores(head))
    own = with_head(model, tmp_path / "own", {"summary.weight": head["score.weight"]}, own_file=True,
                    architectures=["LlamaForCausalLM"], **before)  # fmt: skip
    assert scored(vlrm, own) == close(reference.scores(head)) != close(first_pad)


def test_a_head_of_which_nothing_says_what_it_reads_is_not_guessed(vlrm, model, reference, tmp_path):  # noqa: F811
    nobody = {"architectures": ["LlamaForCausalLM"]}
    folder = with_head(model, tmp_path / "rm", HEADS["linear"], **nobody, pad_token_id=end_token(reference))
    assert "whether the head reads around it is not known" in vlrm("score", "--model", folder, *ASK, fails=True)
    plain = with_head(model, tmp_path / "plain", HEADS["linear"], **nobody, pad_token_id="absent")
    assert scored(vlrm, plain) == close(reference.scores(HEADS["linear"]))


def test_a_reward_token_is_put_behind_each_text(vlrm, model, reference, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"], reward_token_id=7)
    assert scored(vlrm, folder) == close(reference.scores(HEADS["linear"], ids=lambda response: [*reference.ids(response), 7]))
    most = max(len(reference.ids(response)) for response in RESPONSES) - 2
    cut = reference.scores(HEADS["linear"], ids=lambda response: [*reference.ids(response)[-most + 1:], 7])
    assert scored(vlrm, folder, "--max-length", most, "--truncation", "left") == close(cut)
    assert "leaves nothing" in vlrm("score", "--model", folder, *ASK, "--max-length", "1", "--truncation", "left", fails=True)
    changed(folder / "config.json", reward_token_id=10**6)
    assert '"reward_token_id"' in vlrm("score", "--model", folder, *ASK, fails=True)


# Files


@pytest.mark.parametrize("prefix", ["module.", "base_model.model.", "module._orig_mod."])
def test_a_prefix_that_every_name_has_is_left_out(vlrm, model, reference, tmp_path, prefix):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["bias"])
    tensors = load_file(folder / "model.safetensors")
    save_file({prefix + name: tensor for name, tensor in tensors.items()}, folder / "model.safetensors")
    assert scored(vlrm, folder) == close(reference.scores(HEADS["bias"]))
    notes = vlrm("inspect", folder, notes=True)
    assert f'note: every tensor\'s name begins with "{prefix}", which a trainer left' in notes
    score = tensors.pop("score.weight")
    save_file({prefix + name: tensor for name, tensor in tensors.items()} | {"score.weight": score}, folder / "model.safetensors")
    assert prefix in vlrm("score", "--model", folder, *ASK, fails=True)


@pytest.mark.parametrize("shards", [1, 2])
def test_pickled_weights_are_refused_with_the_command_that_converts_them(vlrm, model, reference, tmp_path, shards):  # noqa: F811
    folder = with_head(model, tmp_path / "it's [one]", HEADS["linear"])
    tensors = list(load_file(folder / "model.safetensors").items())
    (folder / "model.safetensors").unlink()
    for i in range(shards):
        name = "pytorch_model.bin" if shards == 1 else f"pytorch_model-0000{i + 1}-of-00002.bin"
        torch.save(dict(tensors[i::shards]), folder / name)
    for command in (["inspect", folder], ["score", "--model", folder, *ASK]):
        error = vlrm(*command, fails=True)
        assert "pytorch_model.bin" in error
    subprocess.run(error[error.index("python3 -c"):], shell=True, check=True, env={"PATH": path_of_python()})
    assert scored(vlrm, folder) == close(reference.scores(HEADS["linear"]))


def path_of_python():
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"


# What inspect says


def roles(text):
    return dict(re.findall(r"^as (\w+): +(.*)$", text, re.MULTILINE))


def test_inspect_says_which_roles_a_model_can_play(vlrm, goldens, model, tmp_path):  # noqa: F811
    models = goldens / "models"
    found = {name: roles(vlrm("inspect", models / name)) for name in ("vlm", "rm", "base")}
    for name, of in (("vlm", ["VLM", "base"]), ("rm", ["RM"]), ("base", ["base"])):
        assert [each for each, answer in found[name].items() if answer == "yes"] == of
        assert all(answer.startswith("no: ") for each, answer in found[name].items() if each not in of)
    built = roles(vlrm("inspect", goldens / "vlrm_ties"))
    assert "has a reward head already" in built["VLM"] and built["RM"] == "yes"
    three = with_head(model, tmp_path / "three", HEAD3, **THREE)
    said = vlrm("inspect", three)
    several = "a reward model has one label, this classifier has 3 (helpful, honest, brief)"
    assert "Llama), 3 labels\n" in said and roles(said)["RM"] == f"with --score-label: {several}"
    value = with_head(model, tmp_path / "value", HEADS["trl"])
    said = vlrm("inspect", value)
    assert "with a value head (v_head.summary.bias)" in said and "is a value head" in roles(said)["RM"]
    two_layers = roles(vlrm("inspect", with_head(model, tmp_path / "grm", HEADS["inf_orm"])))
    assert "score" in two_layers["RM"]


def test_inspect_says_what_a_foreign_model_is(vlrm, model, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"], model_type="deberta-v2", architectures=["DebertaV2ForSequenceClassification"])
    said = vlrm("inspect", folder)
    assert "deberta-v2 model (DebertaV2ForSequenceClassification), which vlrm does not run" in said
    assert all('"deberta-v2" is not supported' in answer for answer in roles(said).values()) and len(roles(said)) == 3
