"""Files with several recipes, and outputs in shards."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import GOLDENS, PROGRAM
from safetensors.numpy import load_file

MODELS = GOLDENS / "models"
HALF = f"merge_method: linear\nmodels: [{{model: {MODELS}/base}}, {{model: {MODELS}/base_instruct}}]\nparameters: {{weight: 0.5}}\ndtype: float32\n"
USING = f"merge_method: linear\nmodels: [{{model: half}}, {{model: {MODELS}/base}}]\nparameters: {{weight: 0.5}}\ndtype: float32\n"


def written(tmp_path, text):
    file = tmp_path / "several.yml"
    file.write_text(text)
    return file


def values(folder):
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def test_recipes_use_each_others_models(vlrm, tmp_path):
    config = written(tmp_path, USING + "---\nname: half\n" + HALF)  # in any order
    vlrm("-q", "merge", config, tmp_path / "out", "--intermediate-dir", tmp_path / "parts")
    half, out = values(tmp_path / "parts/half"), values(tmp_path / "out")
    name = "model.layers.1.mlp.up_proj.weight"
    alone = tmp_path / "alone.yml"
    alone.write_text(USING.replace("model: half", f"model: {tmp_path}/parts/half"))
    vlrm("-q", "merge", alone, tmp_path / "by_hand")
    assert all(np.array_equal(tensor, out[name]) for name, tensor in values(tmp_path / "by_hand").items())
    assert not np.array_equal(half[name], out[name])
    # What is there already stays.
    before = (tmp_path / "parts/half/model.safetensors").stat().st_mtime_ns
    vlrm("-q", "merge", written(tmp_path, USING + "---\nname: half\n" + HALF), tmp_path / "again", "--intermediate-dir", tmp_path / "parts")
    assert (tmp_path / "parts/half/model.safetensors").stat().st_mtime_ns == before


def test_check_looks_at_those_whose_models_are_there(vlrm, tmp_path):
    lines = vlrm("check", written(tmp_path, USING + "---\nname: half\n" + HALF), tmp_path / "out").splitlines()
    assert lines[:2] == ["recipe    half", "method    linear (Linear), https://arxiv.org/abs/2203.05482"]
    assert lines[-2:] == ["recipe    without a name", "input     half, which is made by another recipe: there is no more to say before"]


def test_progress_says_which_is_merged(tmp_path):
    config = written(tmp_path, "name: half\n" + HALF)
    done = subprocess.run([PROGRAM, "merge", config, "--intermediate-dir", tmp_path / "parts"], capture_output=True, text=True, check=True)
    assert "merging half: " in done.stderr


@pytest.mark.parametrize("text, arguments, expected", [
    (USING, ["OUT", "--out-shard-size", "5X"], "is not a size"),
    (USING + "models2: 1\n", [], 'unknown key "models2"'),
    (USING.replace(f"{MODELS}/base}}", "nowhere}"), ["OUT"], "nowhere: no such directory"),
    (USING, [], "the recipe without a name needs an output of its own"),
    (USING, ["EXISTS"], "exists already; --force replaces it"),
    ("name: other\n" + USING, ["OUT"], "each recipe has a name, which says where it goes"),
    (USING, ["--sink", "null"], "--sink: null writes no model"),
])
def test_complains_before_the_first_merge(vlrm, tmp_path, text, arguments, expected):
    (tmp_path / "exists").mkdir()
    places = {"OUT": tmp_path / "out", "EXISTS": tmp_path / "exists"}
    config = written(tmp_path, "name: half\n" + HALF + "---\n" + text)
    assert expected in vlrm("merge", config, *(places.get(each, each) for each in arguments),
                            "--intermediate-dir", tmp_path / "parts", fails=True)
    assert not (tmp_path / "parts").exists()


def test_tells_models_of_another_recipe(vlrm, tmp_path):
    def notes(text):
        return vlrm("-q", "merge", written(tmp_path, text), "--intermediate-dir", tmp_path / "parts", notes=True)

    notes("name: half\n" + HALF)
    assert [note for note in notes("name: half\n" + HALF) if note.endswith("is there already; force makes it again")]
    assert [note for note in notes("name: half\n" + HALF.replace("0.5", "0.6")) if "made of another recipe than now" in note]
    moved = HALF.replace(f"{MODELS}/base}}", f"{shutil.copytree(MODELS / 'base', tmp_path / 'moved')}}}")
    assert [note for note in notes("name: half\n" + moved) if note.endswith("is there already; force makes it again")]
    other = HALF.replace(f"{MODELS}/base}}", f"{MODELS}/base_instruct}}").replace("base_instruct}]", "base}]")
    assert [note for note in notes("name: half\n" + other) if "is there already, but model 1 (" in note]


@pytest.mark.parametrize("text, arguments, expected", [
    (HALF + "---\nname: x\n" + HALF, [], "several.yml holds 2 recipes; name a directory"),
    (HALF + "---\n" + HALF, ["--intermediate-dir", "parts"], "two recipes have no name"),
    ("name: a\n" + HALF + "---\nname: a\n" + HALF, ["--intermediate-dir", "parts"], 'two recipes have the name "a"'),
    ("name: ../a\n" + HALF, ["--intermediate-dir", "parts"], 'the name "../a" is no name of a directory'),
    ("name: half\n" + USING, ["--intermediate-dir", "parts"], 'the recipe "half" needs its own model'),
    (USING.replace("half", "+half"), ["--intermediate-dir", "parts"], '"+half": MODEL+ADAPTER lacks one of the two'),
    (HALF + "---\nname: b\nmerge_method: tiess\n", ["--intermediate-dir", "parts"], "several.yml:7: merge method"),
])
def test_says_what_is_wrong_with_a_set(vlrm, tmp_path, text, arguments, expected):
    out = tmp_path / "out"
    assert expected in vlrm("merge", written(tmp_path, text), out, *arguments, fails=True)
    assert not out.exists()


SHARD = "60K"  # less than the embeddings, which get a shard of their own


def test_shard_sizes_as_mergekit_writes_them(vlrm, tmp_path):
    config = written(tmp_path, HALF)
    vlrm("-q", "merge", config, tmp_path / "out", "--out-shard-size", SHARD)
    index = json.loads((tmp_path / "out/model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 3
    assert "is not a size: write 5B" in vlrm("merge", config, tmp_path / "no", "--out-shard-size", "5GB", fails=True)


def test_the_card_holds_the_recipe(vlrm, tmp_path):
    config = written(tmp_path, HALF)
    vlrm("-q", "merge", config, tmp_path / "my-merge")
    card = (tmp_path / "my-merge/README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers\ntags:\n- merge\n- vlrm\n---\n# my-merge\n")
    assert f"[Linear](https://arxiv.org/abs/2203.05482) from\n\n* `{MODELS}/base`\n" in card and HALF in card
    assert (tmp_path / "my-merge/mergekit_config.yml").read_text() == HALF
    vlrm("-q", "merge", config, tmp_path / "bare", "--no-model-card")
    assert not (tmp_path / "bare/README.md").exists()
