"""vlrm check, and what vlrm merge refuses before it writes."""

import json
import os
import resource
import shutil
import subprocess

import numpy as np
import pytest
from conftest import GOLDENS, PROGRAM, ROOT
from safetensors.numpy import load_file, save_file
from tensors import read_tensors

MODELS = GOLDENS / "models"


def base_facts():
    """Tensors, bytes and vocabulary of the base, which is in bfloat16."""
    index = json.loads((MODELS / "base/model.safetensors.index.json").read_text())
    vocabulary = json.loads((MODELS / "base/config.json").read_text())["vocab_size"]
    return len(index["weight_map"]), index["metadata"]["total_size"], vocabulary


def size_text(size):
    unit = next(unit for unit in (2**20, 2**10) if size >= unit)
    return f"{size / unit:.1f} {'MiB' if unit == 2**20 else 'KiB'}"


def recipe(tmp_path, text):
    file = tmp_path / "r.yml"
    file.write_text(text)
    return file


def model(path, **config):
    """A checkpoint of no known architecture."""
    path.mkdir()
    config = {"model_type": "own", "architectures": ["OwnForCausalLM"], "vocab_size": 6, "num_hidden_layers": 2, **config}
    (path / "config.json").write_text(json.dumps(config))
    tensors = {"embed_in.weight": np.full((config["vocab_size"], 4), 1, np.float32)}
    for layer in range(config["num_hidden_layers"]):
        tensors[f"blocks.{layer}.mlp.weight"] = np.full((4, 4), layer + 1, np.float32)
    save_file(tensors, path / "model.safetensors")
    return path


def test_tells_what_a_merge_would_do(vlrm, tmp_path):
    config = recipe(tmp_path, f"""
merge_method: ties
base_model: {MODELS}/base
models: [{{model: {MODELS}/base_instruct, parameters: {{weight: 1, density: 0.5}}}}]
dtype: float32
out_dtype: bfloat16
""")
    lines = vlrm("check", config, tmp_path / "out").splitlines()
    assert lines[0] == "method    ties (TIES), https://arxiv.org/abs/2306.01708"
    tensors, size, vocabulary = base_facts()
    assert f"LlamaForCausalLM, {tensors} tensors, {size_text(size)}, vocabulary {vocabulary}" in lines[1]
    assert lines[2].endswith("(base)")
    assert lines[3] == f"output    {tensors} tensors, {size_text(size)} as bfloat16"
    assert lines[4] == f"reads     about {size_text(4 * size)} (ties goes through its inputs 2 times)"
    assert lines[-1].endswith(" free")
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("method, parameters, times", [
    ("task_arithmetic", "{}", None),
    ("dare_linear", "{}", None),
    ("dare_linear", "{rescale_norm: l1}", 2),
    ("dare_linear", "{rescale: false}", None),
    ("ties", "{rescale: true}", 3),
    ("ties", "{rescale: true, rescale_norm: none}", 2),
])
def test_counts_the_passes(vlrm, tmp_path, method, parameters, times):
    lines = vlrm("check", recipe(tmp_path, f"""
merge_method: {method}
base_model: {MODELS}/base
models: [{{model: {MODELS}/base_instruct, parameters: {{weight: 1}}}}]
parameters: {parameters}
""")).splitlines()
    reads = next(line for line in lines if line.startswith("reads"))
    assert reads.endswith(f"({method} goes through its inputs {times} times)" if times else size_text(2 * base_facts()[1])), reads


def test_says_where_todays_mergekit_differs(vlrm, tmp_path):
    text = f"merge_method: dare_linear\nbase_model: {MODELS}/base\nmodels: [{{model: {MODELS}/base_instruct, parameters: {{weight: 1}}}}]\n"

    def notes(more=""):
        return vlrm("check", recipe(tmp_path, text + more), notes=True)

    assert [note for note in notes() if "rescale_norm: l1" in note]
    for quiet in ("parameters: {rescale_norm: l1}", "parameters: {rescale: false}", "parameters: {rescale_norm: density}"):
        assert not [note for note in notes(quiet) if "rescale_norm" in note], quiet
    assert [note for note in notes("parameters: {density: [0.5, 0.9]}") if "a gradient's last value" in note]
    assert [note for note in notes("dtype: bfloat16") if "today's mergekit computes in bfloat16" in note]
    assert not [note for note in notes("dtype: float32\nout_dtype: bfloat16") if "computes in" in note]


def test_merge_says_the_same(vlrm, tmp_path):
    config = recipe(tmp_path, f"merge_method: dare_linear\nbase_model: {MODELS}/base\ndtype: float16\nmodels: [{{model: {MODELS}/rm}}]\n"
                              "parameters: {weight: [0.5, 0.9]}\n")
    told = vlrm("check", config, notes=True)
    assert len([note for note in told if "today's mergekit" in note]) == 3
    assert set(told) <= set(vlrm("-q", "merge", config, tmp_path / "out", notes=True))


def test_types_that_differ_are_told_where_nothing_names_one(vlrm, tmp_path):
    one, two = model(tmp_path / "one"), model(tmp_path / "two")
    tensors = {name: tensor.astype(np.float16) for name, tensor in load_file(two / "model.safetensors").items()}
    save_file(tensors, two / "model.safetensors")
    text = f"merge_method: linear\nparameters: {{weight: 0.5}}\nmodels: [{{model: {two}}}, {{model: {one}}}]\n"
    note = f"note: the models are stored in several types (float16, float32): without dtype, what is written has those of {two}"
    assert note in vlrm("check", recipe(tmp_path, text), notes=True)
    vlrm("-q", "merge", recipe(tmp_path, text), tmp_path / "out")
    assert {tensor.dtype for tensor in load_file(tmp_path / "out/model.safetensors").values()} == {np.dtype(np.float16)}
    assert note not in vlrm("check", recipe(tmp_path, text + "out_dtype: float32\n"), notes=True)


def test_a_tokenizer_that_only_another_model_has_is_told(vlrm, tmp_path):
    one, two = model(tmp_path / "one"), model(tmp_path / "two")
    text = f"merge_method: linear\nparameters: {{weight: 0.5}}\nmodels: [{{model: {one}}}, {{model: {two}}}]\n"
    assert not [note for note in vlrm("check", recipe(tmp_path, text), notes=True) if "tokenizer" in note]
    shutil.copy(MODELS / "base/tokenizer.json", two)
    note = f"note: {one} has no tokenizer, and the output none: tokenizer_source: {two} gives it that one"
    assert note in vlrm("-q", "merge", recipe(tmp_path, text), tmp_path / "out", notes=True)


def test_a_template_that_no_model_has_is_not_written(vlrm, tmp_path):
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {model(tmp_path / 'one')}}}]\nchat_template: auto\n")
    notes = vlrm("-q", "merge", config, tmp_path / "out", notes=True)
    assert "note: chat_template is auto, but no model has a template: none is written" in notes
    assert not (tmp_path / "out/chat_template.jinja").exists()


def test_models_of_any_kind_are_told_and_merged(vlrm, tmp_path):
    one, two = model(tmp_path / "one"), model(tmp_path / "two", vocab_size=8, architectures=["OtherForCausalLM"])
    config = recipe(tmp_path, f"merge_method: linear\nparameters: {{weight: 0.5}}\nmodels: [{{model: {one}}}, {{model: {two}}}]\n")
    for words in (["check", config], ["-q", "merge", config, tmp_path / "out"]):
        notes = vlrm(*words, notes=True)
        assert [note for note in notes if "OtherForCausalLM, OwnForCausalLM" in note]
        assert [note for note in notes if "only the first 6 of the 8 rows" in note]
    merged = load_file(tmp_path / "out/model.safetensors")
    assert merged["embed_in.weight"].shape == (6, 4)
    assert json.loads((tmp_path / "out/config.json").read_text())["vocab_size"] == 6


def test_a_config_that_contradicts_its_weights_is_told(vlrm, tmp_path):
    one = model(tmp_path / "one")
    text = json.loads((one / "config.json").read_text())
    (one / "config.json").write_text(json.dumps(text | {"vocab_size": 9, "num_hidden_layers": 7}))
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {one}}}]\n")
    notes = vlrm("check", config, notes=True)
    assert f"note: {one}: config.json has num_hidden_layers 7, the weights 2 layers" in notes
    assert f"note: {one}: config.json has vocab_size 9, the weights 6 rows of embeddings" in notes


def test_slices_change_the_config(vlrm, tmp_path):
    one = model(tmp_path / "one", num_hidden_layers=3, layer_types=["full", "sliding", "full"])
    config = recipe(tmp_path, "merge_method: passthrough\nslices:\n" + "".join(
        f"- sources: [{{model: {one}, layer_range: {layers}}}]\n" for layers in ("[0, 2]", "[1, 3]")))
    vlrm("-q", "merge", config, tmp_path / "out")
    made = json.loads((tmp_path / "out/config.json").read_text())
    assert made["num_hidden_layers"] == 4 and made["layer_types"] == ["full", "sliding", "sliding", "full"]
    merged = load_file(tmp_path / "out/model.safetensors")
    assert [merged[f"blocks.{layer}.mlp.weight"][0, 0] for layer in range(4)] == [1, 2, 2, 3]


def test_refuses_quantized_models(vlrm, tmp_path):
    one = model(tmp_path / "one", quantization_config={"quant_method": "bitsandbytes"})
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {one}}}]\n")
    assert "the weights are quantized" in vlrm("check", config, fails=True)


def test_refuses_what_the_disk_has_no_room_for(vlrm, tmp_path):
    big = tmp_path / "big"
    model(big)
    rows = shutil.disk_usage(tmp_path).total // (4 * 4) + 1
    header = json.dumps({"embed_in.weight": {"dtype": "F32", "shape": [rows, 4], "data_offsets": [0, rows * 16]}}).encode()
    with open(big / "model.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + rows * 16)
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {big}}}]\n")
    for command in ("check", "merge"):
        assert "there is too little room on the disk" in vlrm("-q", command, config, tmp_path / "out", fails=75)
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_refuses_an_output_that_cannot_be_made(vlrm, tmp_path):
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {MODELS}/base}}]\n")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    for command in ("check", "merge"):
        assert "cannot be made" in vlrm("-q", command, config, config / "out", fails=True)
        if os.getuid() != 0:  # root may write everywhere
            assert "Permission denied" in vlrm("-q", command, config, closed / "out", fails=True)


def test_files_that_may_not_grow_are_told(tmp_path):
    config = recipe(tmp_path, f"merge_method: passthrough\nmodels: [{{model: {MODELS}/base}}]\n")
    done = subprocess.run([PROGRAM, "merge", "-q", config, tmp_path / "out"], capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    assert done.returncode == 75 and "cannot be" in done.stderr and "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("text, expected", [
    ("merge_method: linear\nmodels: [{model: nowhere}]\n", "nowhere"),
    ("merge_method: slerp\nbase_model: b\nmodels: [{model: a}, {model: c}]\n", "r.yml:1: slerp merges 1 model beside the base, not 2"),
    ("merge_method: model_stock\nbase_model: b\nmodels: [{model: a}]\n", "model_stock merges 2 models or more beside the base, not 1"),
    ("merge_method: ties\nbase_model: b\nmodels: [{model: a, parameters: {wieght: 1}}]\n", 'r.yml:3: unknown parameter "wieght"; did you mean "weight"?'),
    ("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [0, 3]}]}]\n", "must have equally many layers, but they have 2 and 3"),
    ("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [2, 2]}]}]\n", "layer_range [2, 2] holds no layer"),
    ("merge_method: linear\nmodels: [{model: a}]\nslices: []\n", 'of "models", "slices" and "modules" there may be only one'),
    ("merge_method: ties\nbase_model: b\nslices: [{sources: [{model: a, layer_range: [0, 2]}]}]\n", 'lacks the base model "b" among its sources'),
    ("merge_method: dare_ties\nbase_model: b\nmodels: [{model: a}]\nparameters: {rescale_norm: l2}\n", "rescale_norm must be one of none, l1, density, not"),
])
def test_says_what_is_wrong_with_a_recipe(vlrm, tmp_path, text, expected):
    assert expected in vlrm("check", recipe(tmp_path, text), fails=True)


WORLD = ROOT / "world"


def test_tells_how_far_the_models_are_from_their_base(vlrm):
    lines = vlrm("check", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base").splitlines()
    assert lines[-1] == "The three fit together, and both models are near the base."
    table = {line[:12].strip(): line[12:].split() for line in lines[1:-1]}
    assert [*table] == ["embeddings", *(f"layer {i}" for i in range(6)), "the rest", "all"]
    base, rm = ({name: values for name, (_, values, _) in read_tensors(WORLD / model).items()} for model in ["base", "rm"])
    layer = [name for name in base if name.startswith("model.layers.2.")]
    norm = np.sqrt(sum((base[name] ** 2).sum() for name in layer))
    of_rm = np.sqrt(sum(((rm[name] - base[name]) ** 2).sum() for name in layer))
    assert float(table["layer 2"][0]) == pytest.approx(norm, rel=1e-4)
    assert float(table["layer 2"][2]) == pytest.approx(of_rm / norm, abs=1e-4)


def test_warns_of_a_model_that_is_far_from_the_base(vlrm, tmp_path):
    shutil.copytree(WORLD / "base", tmp_path / "stranger")
    rng = np.random.default_rng(0)
    save_file({name: rng.permutation(values.reshape(-1)).reshape(values.shape)
               for name, (_, values, _) in read_tensors(WORLD / "base").items()}, tmp_path / "stranger/model.safetensors")  # fmt: skip
    command = ["check", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", tmp_path / "stranger"]
    vlm, rm = vlrm(*command, warnings=True)
    assert "the VLM" in vlm and "differs from the base by 1." in vlm and "the reward model" in rm
    assert vlrm(*command).splitlines()[-1] == "The three fit together, but see the warnings."


@pytest.mark.parametrize("flags, error", [
    (["--vlm", WORLD / "vlm"], "--vlm goes only with --rm"),
    (["r.yml", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"], "CONFIG does not go with --vlm"),
    (["--vlm", WORLD / "rm", "--rm", WORLD / "rm", "--base", WORLD / "base"], "the VLM must be a vision-language model"),
])
def test_models_that_cannot_be_checked(vlrm, flags, error):
    assert error in vlrm("check", *flags, fails=True)
