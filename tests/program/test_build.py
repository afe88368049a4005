"""vlrm build, extract, merge and map beside the reference's own chain."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from conftest import PROGRAM
from tensors import read_tensors, sha256s, ulps_apart

SAME_BYTES = ["linear", "linear_bf16", "linear_normalize", "task_gradient", "task_normalize", "task_vector"]
FLAGS = {
    "linear": ["--method", "linear", "--weight-rm", "0.5"],
    "task_vector": ["--method", "task_arithmetic", "--weight", "0.7"],
    "ties_d0.6": ["--method", "ties", "--weight", "0.7", "--density", "0.6"],
    "dare_linear": ["--method", "dare_linear", "--weight", "0.7", "--density", "0.4"],
    "dare_ties": ["--method", "dare_ties", "--weight", "0.7", "--density", "0.4"],
}


@pytest.fixture(scope="module")
def inputs(goldens):
    models = goldens / "models"
    return ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base", "-q"]


@pytest.fixture(scope="module")
def built(vlrm, inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    for name, flags in FLAGS.items():
        vlrm("build", *inputs, *flags, "--dtype", "float32", "-o", folder / name)
    return folder


@pytest.fixture(scope="module")
def workplace(vlrm, goldens, tmp_path_factory):
    """Where the golden recipes' paths lead to models: what our extract made, and the base."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "models").mkdir()
    instruct = ["--instruct", goldens / "models/base_instruct", "-q"]
    vlrm("extract", "--vlm", goldens / "models/vlm", *instruct, "-o", folder / "models/mllama_t")
    vlrm("extract", "--rm", goldens / "models/rm", *instruct, "-o", folder / "models/tulu_t")
    (folder / "base").symlink_to(goldens / "models/base")
    before = os.getcwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def reference(goldens, name):
    return json.loads((goldens / "reference" / name).read_text())


@pytest.mark.parametrize("model", ["mllama_t", "tulu_t"])
def test_extract_gives_the_references_bytes(goldens, workplace, model):
    expected = reference(goldens, "extract.json")[model]
    assert sha256s(read_tensors(workplace / "models" / model)) == {name: each["sha256"] for name, each in expected.items()}


@pytest.mark.parametrize("name", SAME_BYTES)
def test_merge_gives_mergekits_bytes(vlrm, goldens, workplace, name):
    vlrm("merge", goldens / f"reference/configs/{name}.yaml", workplace / name, "-q")
    expected = reference(goldens, "merges.json")[name]
    merged = read_tensors(workplace / name)
    assert sha256s(merged) == {tensor: each["sha256"] for tensor, each in expected["tensors"].items()}
    config = json.loads((workplace / name / "config.json").read_text())
    expected["config"].pop("_name_or_path")
    assert config == expected["config"]


# What the reference leaves out of a reward model's config: how transformers loads it.
AS_LOADED = {
    "auto_map": {"AutoModelForSequenceClassification": "modeling_vlrm.MllamaForSequenceClassification"},
    "num_labels": 1,
    "problem_type": "regression",
}


@pytest.mark.parametrize("name", ["linear", "task_vector"])
def test_build_gives_the_bytes_of_the_whole_chain(goldens, built, name):
    expected = reference(goldens, "vlseq.json")[name]
    assert sha256s(read_tensors(built / name)) == expected["sha256"]
    files = {path.name for path in (built / name).iterdir()}
    assert files == {*expected["files"], "vlrm_manifest.json", "modeling_vlrm.py", "README.md"}
    config = json.loads((built / name / "config.json").read_text())
    expected["config"].pop("_name_or_path")
    assert config == expected["config"] | AS_LOADED


def names_in_vlm(goldens):
    """The name in the VLM of a text tensor."""
    cross_attention = json.loads((goldens / "models/vlm/config.json").read_text())["text_config"]["cross_attention_layers"]

    def in_vlm(name):
        if not name.startswith("model.layers."):
            return "language_model." + name
        layer, rest = name.removeprefix("model.layers.").split(".", 1)
        layer = int(layer)
        for other in cross_attention:
            layer += layer >= other
        return f"language_model.model.layers.{layer}.{rest}"

    return in_vlm


def vocabulary(folder):
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    return tokenizer["model"]["vocab"] | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


def aligned_inputs(goldens):
    """Every text tensor in the VLM, the RM and the base, embeddings in the VLM's vocabulary and padded by 7 rows."""
    import torch

    in_vlm = names_in_vlm(goldens)
    folders = [goldens / "models" / name for name in ("vlm", "rm", "base")]
    vlm, rm, base = map(read_tensors, folders)
    vocabularies = [vocabulary(folder) for folder in folders]

    def aligned(embeddings):
        result = [[] for _ in embeddings]
        for token in sorted(vocabularies[0], key=vocabularies[0].get):
            rows = [own[ids[token]] if token in ids else None for own, ids in zip(embeddings, vocabularies)]
            # What only some have comes from the base, or from the one that has it.
            donor = rows[2] if rows[2] is not None else rows[0]
            for collected, row in zip(result, rows):
                collected.append(donor if row is None else row)
        for rows in result:
            values = np.stack(rows)
            mean = torch.from_numpy(values).mean(dim=0, keepdim=True).numpy()
            yield np.concatenate([values, np.repeat(mean, 7, axis=0)])

    for name in base:
        if name == "lm_head.weight":
            continue
        tensors = [vlm[in_vlm(name)][1], rm[name][1], base[name][1]]
        yield name, list(aligned(tensors)) if name == "model.embed_tokens.weight" else tensors


def at_threshold(values, density):
    """Which of equal magnitudes at the cut TIES keeps is arbitrary in the reference."""
    magnitudes = np.abs(values)
    kept = int(density * values.size)
    return magnitudes == np.partition(magnitudes.ravel(), values.size - kept)[values.size - kept]


def test_ties_differs_only_where_the_references_choice_is_arbitrary(goldens, built):
    expected = read_tensors(goldens / "reference/merged/ties_d0.6.safetensors")
    ours, in_vlm = read_tensors(built / "ties_d0.6"), names_in_vlm(goldens)
    compared = elements = 0
    for name, (vlm, rm, base) in aligned_inputs(goldens):
        arbitrary = at_threshold(vlm - base, 0.6) | at_threshold(rm - base, 0.6)
        wrong = (ulps_apart(ours[in_vlm(name)][1], expected[name][1]) > 1) & ~arbitrary
        assert not wrong.any(), (name, int(wrong.sum()))
        compared += int((~arbitrary).sum())
        elements += base.size
    assert compared > 0.9 * elements


@pytest.mark.parametrize("name", ["dare_linear", "dare_ties"])
def test_dare_agrees_with_the_reference_in_its_statistics(goldens, built, name):
    expected = reference(goldens, "merges.json")[name]["dare_stats_vs_base"]
    ours, base, in_vlm = read_tensors(built / name), read_tensors(goldens / "models/base"), names_in_vlm(goldens)
    compared = 0
    for tensor, theirs in expected.items():
        if tensor not in base or base[tensor][1].shape != ours[in_vlm(tensor)][1].shape:
            continue
        delta = (ours[in_vlm(tensor)][1] - base[tensor][1]).astype(np.float64)
        error = np.sqrt(2 / theirs["n"])  # of the difference of two samples
        deviation = np.sqrt(theirs["var"])
        assert abs(np.mean(delta == 0) - theirs["frac_zero"]) < 5 * 0.5 * error, tensor
        assert abs(delta.mean() - theirs["mean"]) < 5 * deviation * error, tensor
        assert abs(np.abs(delta).mean() - theirs["abs_mean"]) < 5 * deviation * error, tensor
        compared += 1
    assert compared == sum(".layers." in tensor or tensor == "model.norm.weight" for tensor in base)


def test_a_recipe_file_and_the_steps_give_the_same_model_as_the_options(vlrm, goldens, inputs, built, workplace):
    config = goldens / "reference/configs/ties_d0.6.yaml"
    vlrm("build", *inputs, "--recipe", config, "--dtype", "float32", "-o", workplace / "recipe")
    vlrm("merge", config, workplace / "merged", "-q")
    vlrm("map", "--text", workplace / "merged", *inputs[:4], "-o", workplace / "mapped", "-q")
    expected = sha256s(read_tensors(built / "ties_d0.6"))
    assert sha256s(read_tensors(workplace / "recipe")) == expected
    assert sha256s(read_tensors(workplace / "mapped")) == expected


def side_file(path):
    """What a side file says, however it is written: merges are pairs or strings, and null or empty fields may be left out."""
    content = json.loads(path.read_text())
    if path.name == "tokenizer.json":
        merges = content["model"]["merges"]
        content["model"]["merges"] = [each.split(" ") if isinstance(each, str) else each for each in merges]
    for left_out in ("_name_or_path", "extra_special_tokens"):
        content.pop(left_out, None)
    if path.name == "generation_config.json":
        content.pop("num_labels", None)  # which transformers copies there from the config
    return content


def test_side_files_say_what_the_references_say(vlrm, goldens, inputs, built, workplace):
    config = goldens / "reference/configs/linear.yaml"
    vlrm("merge", config, workplace / "linear_text", "-q")
    vlrm("map", "--text", workplace / "linear_text", *inputs[:4], "-o", workplace / "linear_mapped", "-q")
    names = ["config", "special_tokens_map", "tokenizer", "tokenizer_config"]
    for name in names:
        ours, theirs = workplace / "linear_text" / f"{name}.json", workplace / f"{name}.json"
        theirs.write_bytes((goldens / f"reference/merged_tokenizer/linear_{name}.json").read_bytes())
        assert side_file(ours) == side_file(theirs), name
    for name in [*names, "generation_config", "chat_template", "preprocessor_config"]:
        theirs = side_file(goldens / f"vlrm_ties/{name}.json")
        if name == "config":
            theirs |= AS_LOADED
        for folder in (workplace / "linear_mapped", built / "linear"):
            assert side_file(folder / f"{name}.json") == theirs, (folder, name)
    expected = reference(goldens, "extract.json")
    for model in ("mllama_t", "tulu_t"):
        expected[f"{model}_config"].pop("_name_or_path")
        assert side_file(workplace / "models" / model / "config.json") == expected[f"{model}_config"], model


def test_bytes_depend_on_the_seed_and_on_nothing_else(vlrm, inputs, tmp_path):
    flags = [*inputs, *FLAGS["dare_ties"]]
    for name, more in {"a": ["--threads", "1"], "b": ["--threads", "3"], "c": ["--seed", "1"]}.items():
        vlrm("build", *flags, *more, "-o", tmp_path / name)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]


def test_build_writes_bfloat16_unless_told(vlrm, inputs, built, tmp_path):
    limit = int(0.47 * (built / "linear/model.safetensors").stat().st_size / 2)  # of less than half of its size in float16
    vlrm("build", *inputs, *FLAGS["linear"], "-o", tmp_path / "bf16")
    vlrm("build", *inputs, *FLAGS["linear"], "--dtype", "float16", "--max-shard-size", limit, "-o", tmp_path / "f16")
    assert len(list((tmp_path / "f16").glob("model-*-of-*.safetensors"))) == 3
    exact = read_tensors(built / "linear")
    for name, tolerance in {"bf16": 2**-8, "f16": 2**-11}.items():
        tensors = read_tensors(tmp_path / name)
        assert tensors.keys() == exact.keys()
        assert {dtype for _, _, dtype in tensors.values()} == {name.upper()}
        for tensor, (_, values, _) in tensors.items():
            np.testing.assert_allclose(values, exact[tensor][1], rtol=tolerance, atol=1e-7, err_msg=tensor)


def test_the_manifest_verifies_the_inputs(vlrm, goldens, tmp_path):
    rm = tmp_path / "rm"
    shutil.copytree(goldens / "models/rm", rm)
    out = tmp_path / "out"
    vlm = goldens / "models/vlm"
    vlrm("build", "--vlm", vlm, "--rm", rm, *FLAGS["linear"], "-o", out, "-q")
    assert "are what they were" in vlrm("inspect", "--verify", out)
    shard = sorted(rm.glob("*.safetensors"))[0]
    shard.chmod(0o644)
    with shard.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    assert "not the same any more" in vlrm("inspect", "--verify", out, fails=3)


def test_a_manifest_that_somebody_edited(vlrm, goldens, tmp_path):
    """One line for each thing that does not fit, as are names that no file can have."""
    out, long = tmp_path / "out", "a" * 300
    command = ["build", "--vlm", goldens / "models/vlm", "--rm", goldens / "models/rm", *FLAGS["linear"], "-o", out, "-q"]
    vlrm(*command)
    file = out / "vlrm_manifest.json"
    manifest = json.loads(file.read_text())
    role, entry = next(iter(manifest["inputs"].items()))
    for change, line in (
        ({"directory": str(tmp_path / "a")}, "its directory is gone"),
        ({"directory": long}, "its directory cannot be read: File name too long"),
        ({"files": {long: "xxh3-128:0"}}, "… cannot be read: File name too long"),
    ):
        file.write_text(json.dumps({**manifest, "inputs": {role: {**entry, **change}}}))
        done = subprocess.run([PROGRAM, "inspect", "--verify", out], capture_output=True, text=True)
        assert done.returncode == 3 and line in done.stdout
    for change, line in (({"output_bytes": 3}, "output_bytes"), ({"output_bytes": {"model.safetensors": "x"}}, "output_bytes")):
        file.write_text(json.dumps({**manifest, **change}))
        assert line in vlrm(*command, "--resume", fails=True)
    file.write_text(json.dumps({**manifest, "command": 3}))
    assert "exists already" in vlrm(*command, "--resume", fails=True)


def test_nothing_half_written_remains(vlrm, goldens, inputs, tmp_path):
    out = tmp_path / "out"
    assert "--density" in vlrm("build", *inputs, "--method", "ties", "--weight", "1", "-o", out, fails=True)
    assert "--method: is missing, and so is a --recipe" in vlrm("build", *inputs, "-o", out, fails=True)
    assert "-o names the directory" in vlrm("build", *inputs, *FLAGS["linear"], fails=True)
    assert "--recipe: says all" in vlrm("build", *inputs, "--recipe", "x.yml", *FLAGS["linear"], "-o", out, fails=True)
    assert "--dtype" in vlrm("build", *inputs, *FLAGS["linear"], "--dtype", "int8", "-o", out, fails=True)
    assert "--vlm: needs either a VLM or a reward model" in vlrm("extract", "--instruct", goldens / "models/base", "-o", out, fails=True)
    broken = tmp_path / "rm"
    shutil.copytree(goldens / "models/rm", broken)
    shard = sorted(broken.glob("*.safetensors"))[-1]
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes()[:-1])
    vlm = goldens / "models/vlm"
    assert shard.name in vlrm("build", "--vlm", vlm, "--rm", broken, *FLAGS["linear"], "-o", out, "-q", fails=True)
    assert [path.name for path in tmp_path.iterdir()] == ["rm"]
    vlrm("build", *inputs, *FLAGS["linear"], "--sink", "null")
    vlrm("build", *inputs, *FLAGS["linear"], "-o", out)
    assert "exists already" in vlrm("build", *inputs, *FLAGS["linear"], "-o", out, fails=True)
    vlrm("build", *inputs, *FLAGS["linear"], "-o", out, "--force")


@pytest.mark.parametrize("command", ["build", "extract", "merge", "map"])
def test_help_has_an_example(vlrm, command):
    text = vlrm(command, "--help")
    assert "Example" in text and f"  vlrm {command}" in text


def test_names_that_are_not_there_say_where_they_were_looked_for(vlrm, inputs, tmp_path):
    line = vlrm("build", "--vlm", "org/none", *inputs[2:], *FLAGS["linear"], "-o", tmp_path / "out", fails=True)
    assert "org/none" in line


def test_the_program_is_the_one_meant():
    assert PROGRAM.exists()
