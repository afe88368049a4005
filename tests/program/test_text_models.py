"""Text models of every family beside transformers 4.57 and 5: scores, likelihoods and greedy texts, from configs as each
version saves them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, read_lines
from evaluations import world_pairs, write_pairs
from tensors import read_tensors

REFERENCE = {version: json.loads((ROOT / f"tests/goldens/reference/text_models_{version}.json").read_text())
             for version in (4, 5)}
CASES = [(version, name) for version, made in REFERENCE.items() for name in made["cases"]]
FAMILIES = ("llama", "mistral", "qwen2", "qwen3")
TOLERANCE = 2e-4


def changed(path, **fields):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in (content | fields).items() if value != "absent"}))


def write(folder, arguments):
    """DIRECTORY/base and DIRECTORY/rm, each with a chat template."""
    command = [sys.executable, ROOT / "tools/random_checkpoint.py", folder, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    template = json.loads((folder / "rm/tokenizer_config.json").read_text())["chat_template"]
    changed(folder / "base/tokenizer_config.json", chat_template=template)
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The models of a case, made once for all tests, with the generator's configs."""
    made = {}

    def of(case):
        key = " ".join(case["arguments"])
        if key not in made:
            made[key] = write(tmp_path_factory.mktemp("models"), case["arguments"])
        return made[key]

    return of


@pytest.fixture
def small(models, tmp_path):
    """A folder of models of a family, which the test may change."""

    def of(family):
        source = models(REFERENCE[4]["cases"]["mistral" if family == "mistral" else f"{family}_wide"])
        return Path(shutil.copytree(source, tmp_path / family))

    return of


def ask(vlrm, command, model, *flags):
    return json.loads(vlrm(command, "--model", model, "--dtype", "float32", "--json", "-q", *flags))


def score(vlrm, model, *flags):
    made = REFERENCE[4]
    responses = [word for response in made["responses"] for word in ("--response", response)]
    return ask(vlrm, "score", model, "--mode", "text-only", "--prompt", made["prompt"], *responses, *flags)["scores"]


def generate(vlrm, model, *flags):
    return ask(vlrm, "generate", model, "--prompt", REFERENCE[4]["prompt"], "--max-new-tokens", 24, *flags)["tokens"]


@pytest.mark.parametrize("version, name", CASES)
def test_scores_likelihoods_and_texts_are_transformers(vlrm, models, device_flags, tmp_path, version, name):
    case = REFERENCE[version]["cases"][name]
    folder = Path(shutil.copytree(models(case), tmp_path / "models"))
    for model in ("base", "rm"):
        (folder / model / "config.json").write_text(json.dumps(case[model]))
    assert score(vlrm, folder / "rm", *device_flags) == pytest.approx(case["scores"], abs=TOLERANCE)
    assert score(vlrm, folder / "base", "--likelihood", *device_flags) == pytest.approx(case["likelihoods"], rel=1e-5)
    assert generate(vlrm, folder / "base", *device_flags) == case["greedy"]


def test_three_equal_rows_of_positions_are_the_plain_ones(vlrm, small):
    folder = small("qwen2")
    expected = score(vlrm, folder / "rm")
    sections = {"type": "mrope", "mrope_section": [2, 5, 5]}
    theta = json.loads((folder / "rm/config.json").read_text())["rope_theta"]
    for fields in ({"rope_scaling": sections}, {"rope_scaling": sections | {"rope_type": "default"}},
                   {"rope_scaling": "absent", "rope_theta": "absent", "rope_parameters": sections | {"rope_theta": theta}}):
        changed(folder / "rm/config.json", **fields)
        assert score(vlrm, folder / "rm") == expected


def test_streamed_weights_give_the_same_numbers(vlrm, models):
    for name in ("qwen3_tied", "qwen2_wide", "llama_biases"):
        folder = models(REFERENCE[5]["cases"][name])
        for model, run in (("rm", score), ("base", generate)):
            assert run(vlrm, folder / model, "--weights", "streamed") == run(vlrm, folder / model, "--weights", "resident")


def test_the_head_reads_the_last_token_that_is_not_padding(vlrm, small):
    """A pad token within a text: before transformers 4.49 that was the end of a Llama's."""
    for family in FAMILIES:
        folder = small(family)
        flags = ["--prompt", "What?", "--response", "One <pad> and two"]
        padded = ask(vlrm, "score", folder / "rm", "--mode", "text-only", *flags)["scores"]
        changed(folder / "rm/config.json", pad_token_id=None)
        without = ask(vlrm, "score", folder / "rm", "--mode", "text-only", *flags)["scores"]
        assert (padded == without) == (family != "llama"), family


@pytest.mark.parametrize("family, fields, expected", [
    ("qwen3", {"model_type": "qwen3_moe"}, '"model_type": "qwen3_moe" is not supported'),
    ("qwen2", {"use_sliding_window": True, "max_window_layers": 1}, "sliding windows are not supported"),
    ("qwen3", {"layer_types": ["full_attention", "sliding_attention"]}, "sliding windows are not supported"),
    ("mistral", {"sliding_window": 64}, "sliding windows are not supported"),
    ("llama", {"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}, '"longrope" is not supported'),
    ("llama", {"quantization_config": {"quant_method": "awq"}}, "the weights are quantized (awq)"),
    ("qwen2", {"model_type": "llama"}, "would change what it computes: model.layers.0.self_attn.k_proj.bias"),
    ("llama", {"model_type": "qwen2"}, "there is no tensor model.layers.0.self_attn.q_proj.bias"),
    ("mistral", {"model_type": "qwen3"}, "there is no tensor model.layers.0.self_attn.q_norm.weight"),
])
def test_what_is_not_supported_is_refused_by_name(vlrm, small, family, fields, expected):
    folder = small(family)
    changed(folder / "rm/config.json", **fields)
    error = vlrm("score", "--model", folder / "rm", "--mode", "text-only", "--prompt", "A", "--response", "B", fails=True)
    assert expected in error


def test_a_reward_model_is_taken_apart_merged_and_read_again(vlrm, small, tmp_path):
    folder = small("qwen3")
    extract = ["extract", "--rm", folder / "rm", "--instruct", folder / "base", "-q"]
    vlrm(*extract, "-o", tmp_path / "text")
    recipe = tmp_path / "r.yml"
    recipe.write_text(f"merge_method: task_arithmetic\nbase_model: {folder}/base\nparameters: {{weight: 0.5}}\n"
                      f"models: [{{model: {tmp_path}/text}}]\ntokenizer_source: union\n")
    vlrm("merge", recipe, tmp_path / "merged", "-q")
    config = json.loads((tmp_path / "merged/config.json").read_text())
    assert config["architectures"] == ["Qwen3ForCausalLM"] and config["vocab_size"] == 641  # with <pad>
    base, rm, merged = (read_tensors(path) for path in (folder / "base", folder / "rm", tmp_path / "merged"))
    assert merged.keys() == base.keys() and "model.layers.1.self_attn.k_norm.weight" in merged
    for name, (_, values, _) in merged.items():
        expected = (base[name][1] + rm.get(name, base[name])[1][:640]) / 2
        assert abs(values[:640] - expected).max() < 0.02, name
    assert generate(vlrm, tmp_path / "merged")
    ours, theirs = (score(vlrm, path, "--likelihood") for path in (tmp_path / "merged", folder / "base"))
    assert ours == pytest.approx(theirs, rel=0.05) and ours != theirs


def test_another_attention_is_no_part_of_an_mllama(vlrm, tmp_path):
    sizes = "--hidden 32 --layers 3 --intermediate 40 --heads 4 --kv-heads 2 --vocabulary 640".split()
    sees = "--cross-attention-layers 1 --vision-hidden 16 --vision-layers 2 --vision-global-layers 1 --vision-heads 2 " \
           "--vision-intermediate 24 --vision-intermediate-layers 0 --image-size 28".split()
    write(tmp_path / "llama", [*sizes, *sees])
    sizes[3] = "2"
    build = ["build", "--vlm", tmp_path / "llama/vlm", "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "out"]
    for family, name, differs in (("qwen2", "Qwen2", "there are biases of q, k and v"),
                                  ("qwen3", "Qwen3", "there are norms of the heads (q_norm, k_norm)")):
        write(tmp_path / family, ["--family", family, *sizes])
        error = vlrm(*build, "--rm", tmp_path / family / "rm", fails=True)
        assert f": {differs}: this {name} does not fit the text part of" in error
    vlrm(*build, "--rm", tmp_path / "llama/rm", "-q")


def test_benchmarks_are_scored_without_images(vlrm, small, tmp_path):
    model = ["--model", small("qwen3") / "rm", "--dtype", "float32", "-q"]
    pairs = write_pairs(tmp_path / "pairs.parquet", world_pairs(3))
    captions = tmp_path / "captions.json"
    captions.write_text(json.dumps({pair["id"]: "A red box." for pair in world_pairs(3)}))
    for mode, more in (("text-only", []), ("cascade", ["--captions", captions])):
        vlrm("eval", "vl-rewardbench", "--data", pairs, *model, "--mode", mode, *more, "-o", tmp_path / mode)
    rows, described = (read_lines(tmp_path / mode / "results.jsonl") for mode in ("text-only", "cascade"))
    for row, other, pair in zip(rows, described, world_pairs(3), strict=True):
        flags = ["--prompt", pair["query"], *(word for response in pair["response"] for word in ("--response", response))]
        scores = json.loads(vlrm("score", *model, "--mode", "text-only", "--json", *flags))["scores"]
        assert row["outputs"] == pytest.approx(scores, abs=1e-4)
        assert row["outputs"] != other["outputs"]
