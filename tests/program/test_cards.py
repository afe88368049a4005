"""The model card of an output: it says how the model was made, and the command in it makes it again."""

import re
import shlex

import pytest
from conftest import ROOT

pytestmark = pytest.mark.first_set
WORLD = ROOT / "world"
MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"]


def card_of(folder):
    return (folder / "README.md").read_text()


def made_by(card):
    """The words of the command that made the model, after "vlrm"."""
    return shlex.split(re.search(r"## Made by\n.*?```\nvlrm (.*?)\n```", card, re.DOTALL).group(1))


@pytest.mark.parametrize("how", [
    ["--method", "ties", "--weight", "0.7", "--density", "0.4"],
    ["--method", "linear", "--weight-rm", "0.25", "--dtype", "float32"],
    ["--method", "dare_linear", "--weight", "0.5", "--density", "0.5", "--seed", "7", "--no-rescale"],
])
def test_the_command_in_the_card_makes_the_model_again(vlrm, tmp_path, how):
    vlrm("build", *MODELS, *how, "-o", tmp_path / "it's one")
    words = made_by(card_of(tmp_path / "it's one"))
    assert words[-2:] == ["-o", "OUT"]
    vlrm(*words[:-1], tmp_path / "again")
    for name in ("model.safetensors", "README.md"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "it's one" / name).read_bytes()


def test_a_recipe_stands_in_the_card(vlrm, tmp_path):
    recipe = ("merge_method: linear\nmodels:\n- {model: vlm, parameters: {weight: 0.5}}\n- {model: rm, parameters: {weight: 0.5}}\n"
              "tokenizer: {source: vlm, pad_to_multiple_of: 8}\n")
    (tmp_path / "a recipe.yml").write_text(recipe)
    vlrm("build", *MODELS, "--recipe", tmp_path / "a recipe.yml", "-o", tmp_path / "out")
    card = card_of(tmp_path / "out")
    assert f"```yaml\n{recipe}```" in card and "--recipe recipe.yml" in card and "## Not evaluated" in card


def test_cards_of_the_single_steps_say_what_they_are(vlrm, tmp_path):
    vlrm("extract", "--vlm", WORLD / "vlm", "--instruct", WORLD / "base", "-o", tmp_path / "text")
    vlrm("map", "--text", tmp_path / "text", "--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "-o", tmp_path / "mapped")
    assert "# The text part of a vision-language model" in card_of(tmp_path / "text")
    assert "reward-model" not in card_of(tmp_path / "text") and "reward-model" in card_of(tmp_path / "mapped")
    assert made_by(card_of(tmp_path / "mapped"))[0] == "map"
