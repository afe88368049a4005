"""Merges of models that are not quite alike: heads, biases, types, shapes."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

EMBEDDINGS, HEAD, LAYER = "model.embed_tokens.weight", "lm_head.weight", "model.layers.{}.mlp.weight"


def model(path, rows=4, head=4, layers=1, width=3, value=1.0, tensors=None, **config):
    """All elements are `value`; `tensors` are added, or replace others."""
    path.mkdir()
    made = {EMBEDDINGS: (rows, width), **({HEAD: (head, width)} if head else {}),
            **{LAYER.format(layer): (width, width) for layer in range(layers)}}
    made = {name: np.full(shape, value, np.float32) for name, shape in made.items()}
    save_file({**made, **(tensors or {})}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(
        {"model_type": "llama", "tokenizer_class": "PreTrainedTokenizerFast", "vocab_size": rows, **config}))
    vocabulary = {f"t{i}": i for i in range(rows)}
    (path / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))
    return path


@pytest.fixture
def linear(vlrm, tmp_path):
    """Merges the average of models, and gives the tensors, the config and the notes, or the error."""

    def run(*models, more="", fails=False):
        recipe = tmp_path / "r.yml"
        recipe.write_text("merge_method: linear\nparameters: {weight: 0.5}\nmodels:\n" +
                          "".join(f"- model: {model}\n" for model in models) + more)
        said = vlrm("-q", "merge", recipe, tmp_path / "out", "--force", fails=fails, notes=not fails)
        if fails:
            return said
        return load_file(tmp_path / "out/model.safetensors"), json.loads((tmp_path / "out/config.json").read_text()), said

    return run


def test_a_head_that_only_some_have_is_told_in_the_config(linear, tmp_path):
    tied = model(tmp_path / "tied", head=0, tie_word_embeddings=True)
    silent = model(tmp_path / "silent", head=0)  # of a family whose models are tied by default
    other = model(tmp_path / "other", value=3.0, tie_word_embeddings=False)
    for first in (tied, silent):
        tensors, config, notes = linear(first, other)
        assert tensors[HEAD][0, 0] == 2 and config["tie_word_embeddings"] is False
        assert [note for note in notes if "has a head of its own" in note]
    tensors, config, _ = linear(tied, silent)
    assert HEAD not in tensors and config["tie_word_embeddings"] is True


@pytest.mark.parametrize("config", [{"tie_word_embeddings": False}, {"architectures": ["LlamaForSequenceClassification"]}])
def test_the_embeddings_of_a_reward_model_are_no_head(linear, tmp_path, config):
    base = model(tmp_path / "base", tensors={HEAD: np.full((4, 3), 7, np.float32)})
    reward = model(tmp_path / "reward", head=0, value=3.0, tensors={"score.weight": np.ones((1, 3), np.float32)}, **config)
    tensors, made, notes = linear(base, reward)
    assert (tensors[HEAD] == 7).all() and (tensors[EMBEDDINGS] == 2).all()
    assert [note for note in notes if "that not all models have: taken from" in note and "lm_head" in note]


def test_an_mllama_keeps_its_reserved_rows(linear, tmp_path):
    one, two = (model(tmp_path / name, rows=12, text_config={"vocab_size": 4}) for name in ("one", "two"))
    tensors, config, _ = linear(one, two)
    assert len(tensors[EMBEDDINGS]) == 12 and config["text_config"]["vocab_size"] == 4
    error = linear(one, two, more=f"tokenizer_source: {one}\n", fails=True)
    assert "the embeddings come out with 12 rows and the head with 12" in error and "wants 8 more" in error


def test_biases_of_heads_have_rows_too(linear, tmp_path):
    bias = "lm_head.bias"
    one = model(tmp_path / "one", tensors={bias: np.arange(4, dtype=np.float32)})
    two = model(tmp_path / "two", rows=6, head=6, tensors={bias: np.arange(10, 16, dtype=np.float32)})
    without = model(tmp_path / "without")
    assert linear(one, two)[0][bias].tolist() == [5, 6, 7, 8]
    assert linear(one, two, more="tokenizer_source: union\n")[0][bias].tolist() == [5, 6, 7, 8, 14, 15]
    padded = linear(one, two, more=f"tokenizer: {{source: {one}, pad_to_multiple_of: 8}}\n")[0][bias]
    assert padded.tolist() == [5, 6, 7, 8] + [6.5] * 4
    tensors, _, notes = linear(one, without)
    assert tensors[bias].tolist() == [0, 1, 2, 3] and [note for note in notes if "that not all models have" in note]


def stack(vlrm, tmp_path, *models):
    recipe = tmp_path / "r.yml"
    recipe.write_text("merge_method: passthrough\nslices:\n" +
                      "".join(f"- sources: [{{model: {model}, layer_range: [0, 1]}}]\n" for model in models))
    return vlrm("merge", recipe, tmp_path / "out", fails=True)


def test_refuses_stacks_that_no_config_describes(vlrm, tmp_path):
    one, wide, large = (model(tmp_path / "one"), model(tmp_path / "wide", width=5),
                        model(tmp_path / "large", rows=9, head=9))
    assert "mlp.weight of the layers of " in (error := stack(vlrm, tmp_path, one, wide))
    assert "is [5, 5], but [3, 3] in" in error
    assert "come out with 4 rows and the head with 9" in stack(vlrm, tmp_path, one, large)


def test_says_which_numbers_cannot_be_merged(linear, tmp_path):
    one = model(tmp_path / "one")
    double = model(tmp_path / "double", tensors={LAYER.format(0): np.ones((3, 3), np.float64)})
    assert "tensor model.layers.0.mlp.weight is F64; convert the model" in linear(one, double, fails=True)
    counts = {"model.counts": np.arange(3)}
    _, _, notes = linear(*(model(tmp_path / name, tensors=counts) for name in ("whole", "too")))
    assert [note for note in notes if "1 tensor of another type than F32, F16 and BF16" in note]


def test_models_without_a_type_or_tensors(linear, tmp_path):
    one, typeless = model(tmp_path / "one"), model(tmp_path / "typeless", model_type=None)
    assert linear(one, typeless)[0][HEAD][0, 0] == 1
    empty = model(tmp_path / "empty")
    save_file({}, empty / "model.safetensors")
    assert "holds no tensor" in linear(empty, fails=True)


def test_an_input_is_no_output(vlrm, linear, tmp_path):
    one, two = model(tmp_path / "one"), model(tmp_path / "two")
    linear(one, two)
    before = (tmp_path / "out/model.safetensors").read_bytes()
    assert "out: is an input (" in linear(tmp_path / "out", two, fails=True)
    assert (tmp_path / "out/model.safetensors").read_bytes() == before


def test_a_tokenizer_of_no_model_is_an_input(vlrm, linear, tmp_path):
    one, two, words = (model(tmp_path / name) for name in ("one", "two", "words"))
    linear(one, two, more=f"tokenizer_source: {words}\n")
    (words / "model.safetensors").unlink()  # which nobody reads
    assert "what they were" in vlrm("inspect", "--verify", tmp_path / "out")
    vocabulary = {f"t{i}": (i + 1) % 4 for i in range(4)}
    (words / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": []}}))
    assert "not the same any more" in vlrm("inspect", "--verify", tmp_path / "out", fails=3)


@pytest.mark.parametrize("more, expected", [
    ("chat_template: '{{ messages }} and \xff and more'\n", 'r.yml:5: "{{ messages }} and \\xff and more" is not UTF-8'),
    ("tokenizer: {source: union, tokens: {'\xff': {source: {kind: zero}}}}\n", "is not UTF-8"),
    ("tokenizer: {source: union, tokens: {t1: {force: true}}}\n", 'r.yml:5: force needs a "source"'),
])
def test_says_what_is_wrong_with_a_recipe(vlrm, tmp_path, more, expected):
    one, two = model(tmp_path / "one"), model(tmp_path / "two")
    recipe = tmp_path / "r.yml"
    recipe.write_bytes((f"merge_method: linear\nmodels:\n- model: {one}\n- model: {two}\n{more}parameters: {{weight: 0.5}}\n").encode("latin-1"))
    assert expected in vlrm("merge", recipe, tmp_path / "out", fails=True)


def test_check_tells_of_an_output_that_is_there(vlrm, linear, tmp_path):
    linear(model(tmp_path / "one"), model(tmp_path / "two"))
    notes = vlrm("check", tmp_path / "r.yml", tmp_path / "out", notes=True)
    assert [note for note in notes if "exists already; vlrm merge replaces it with --force only" in note]


def test_multislerp_leaves_what_no_model_changed(vlrm, tmp_path):
    """mergekit finds no direction there and gives up."""
    names = ("base", "one", "two", "three")
    for i, name in enumerate(names):
        model(tmp_path / name, tensors={HEAD: np.full((4, 3), i, np.float32)})
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: multislerp\nbase_model: {tmp_path}/base\nparameters: {{weight: 1}}\nmodels:\n" +
                      "".join(f"- model: {tmp_path}/{name}\n" for name in names[1:]))
    vlrm("-q", "merge", recipe, tmp_path / "out")
    merged = load_file(tmp_path / "out/model.safetensors")
    assert (merged[EMBEDDINGS] == 1).all() and np.allclose(merged[HEAD], 2)


def layout(path, rename, value, **config):
    """A vision-language model whose tensors are called as `rename` says."""
    tensors = {EMBEDDINGS: (4, 3), HEAD: (4, 3), LAYER.format(0): (3, 3), "visual.patch.weight": (2, 2)}
    path.mkdir()
    save_file({rename(name): np.full(shape, value, np.float32) for name, shape in tensors.items()}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({"model_type": "some_vl", "text_config": {"vocab_size": 4}, **config}))
    return path


def later(name):
    return name if name == HEAD else "model." + name.replace("model.", "language_model.")


def test_layouts_of_one_family_are_merged_under_one_name(linear, tmp_path):
    old = layout(tmp_path / "old", str, 1.0)
    new = layout(tmp_path / "new", later, 3.0)
    inside = layout(tmp_path / "inside", lambda name: name if "visual" in name else "language_model." + name, 5.0)
    tensors, _, notes = linear(old, new)
    assert {name: tensor.flat[0] for name, tensor in tensors.items()} == {
        EMBEDDINGS: 2, HEAD: 2, LAYER.format(0): 2, "visual.patch.weight": 2}
    assert [note for note in notes if f"3 tensors of {new} go by the names" in note]
    assert set(linear(new, inside)[0]) == {later(name) for name in tensors}
    text = model(tmp_path / "text", value=7.0, model_type="some")
    tensors, _, notes = linear(text, new, inside)
    assert tensors[EMBEDDINGS][0, 0] == 5 and set(tensors) == {EMBEDDINGS, HEAD, LAYER.format(0)}
    assert [note for note in notes if "of several kinds (some, some_vl): their tensors are matched by name" in note]


def test_a_text_model_takes_no_vision_tower(linear, vlrm, tmp_path):
    """The output has the config of the first model, or of the base, and what that has a use for."""
    text = model(tmp_path / "text", model_type="some")
    tower = {"visual.patch.weight": np.ones((2, 2), np.float32), "visual.blocks.0.w": np.ones((2, 2), np.float32)}
    vlm = model(tmp_path / "vlm", value=3.0, model_type="some_vl", tensors=tower)
    tensors, config, notes = linear(text, vlm)
    assert set(tensors) == {EMBEDDINGS, HEAD, LAYER.format(0)} and config["model_type"] == "some"
    assert [note for note in notes if note.endswith(
        f"2 tensors of {vlm} are left out: config.json is that of {text}, which has none such (visual.blocks.0.w, …)")]
    assert not [note for note in notes if "taken from" in note]
    tensors, config, notes = linear(vlm, text)
    assert set(tower) < set(tensors) and config["model_type"] == "some_vl"
    assert [note for note in notes if "2 tensors that not all models have: taken from" in note]
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: task_arithmetic\nbase_model: {vlm}\nmodels: [{{model: {text}, parameters: {{weight: 1}}}}]\n")
    vlrm("-q", "merge", recipe, tmp_path / "out", "--force")
    assert set(tower) < set(load_file(tmp_path / "out/model.safetensors"))
    recipe.write_text("merge_method: passthrough\nslices:\n" + "".join(
        f"- sources: [{{model: {each}, layer_range: [0, 1]}}]\n" for each in (text, vlm)))
    vlrm("-q", "merge", recipe, tmp_path / "out", "--force")
    assert set(load_file(tmp_path / "out/model.safetensors")) == {EMBEDDINGS, HEAD, LAYER.format(0), LAYER.format(1)}


@pytest.mark.parametrize("base", [False, True])
def test_biases_and_heads_that_the_config_knows_nothing_of(linear, tmp_path, base):
    plain = model(tmp_path / "plain", architectures=["LlamaForCausalLM"])
    bias, score = "model.layers.0.mlp.bias", "score.weight"
    other = model(tmp_path / "other", architectures=["LlamaForSequenceClassification"], head=0,
                  tensors={bias: np.ones(3, np.float32), score: np.ones((1, 3), np.float32)})
    tensors, _, notes = linear(other, plain, more=f"base_model: {plain}\n") if base else linear(plain, other)
    assert set(tensors) == {EMBEDDINGS, HEAD, LAYER.format(0)}
    assert [note for note in notes if f"2 tensors of {other} are left out" in note]


def test_models_with_little_in_common_are_refused(linear, tmp_path):
    text = model(tmp_path / "text", layers=3, model_type="some")
    other = layout(tmp_path / "other", lambda name: name if name == HEAD else "encoder." + name, 1.0)
    error = linear(text, other, fails=True)
    assert f"only 1 of 5 tensors of {text} and 4 of {other} have a common name" in error
    assert "model.embed_tokens.weight is only in the first, encoder.model.embed_tokens.weight only in the second" in error
    # An Mllama's layers are not a Llama's: cross-attention stands between them.
    text, vlm = model(tmp_path / "llama"), layout(tmp_path / "mllama", later, 1.0, model_type="mllama")
    assert "only 0 of 3 tensors" in linear(text, vlm, fails=True)
