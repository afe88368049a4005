"""What a reward model is asked to read otherwise than its files say: a prefix of responses, another chat template, another
base of its rotations. Beside transformers, and recorded with the results."""

import json

import pytest
from conftest import ROOT
from evaluations import world_pairs, write_pairs
from test_reward_forms import ASK, Reference, close, reference  # noqa: F401
from test_reward_heads import HEADS, PROMPT, RESPONSES, model, scored, with_head  # noqa: F401
from test_text_models import changed

EMPTY_BLOCK = "<think>\n\n</think>\n\n"


def test_a_response_prefix_is_written_before_each_response(vlrm, model, reference, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    with_prefix = reference.scores(HEADS["linear"], ids=lambda response: reference.ids(response, EMPTY_BLOCK))
    assert scored(vlrm, folder, "--response-prefix", EMPTY_BLOCK) == close(with_prefix) != close(scored(vlrm, folder))


def test_the_prefix_is_not_the_responses(vlrm, model, reference, tmp_path):  # noqa: F811
    """Its special tokens are read as tokens, whatever becomes of those in texts."""
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    special = reference.tokenizer.all_special_tokens[0]
    want = reference.scores(HEADS["linear"], ids=lambda response: reference.ids(response, special))
    for how in ("parse", "escape", "refuse"):
        assert scored(vlrm, folder, "--response-prefix", special, "--special-tokens", how) == close(want)


def template_of(folder):
    return json.loads((folder / "tokenizer_config.json").read_text())["chat_template"]


def test_another_template_by_file_or_model(vlrm, model, reference, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    other = template_of(folder) + "<end>"
    want = reference.scores(HEADS["linear"], ids=lambda response: reference.ids(response, template=other))
    (tmp_path / "other.jinja").write_text(other)
    (tmp_path / "other.json").write_text(json.dumps({"chat_template": other}))
    owner = with_head(model, tmp_path / "owner", HEADS["linear"])
    changed(owner / "tokenizer_config.json", chat_template=other)
    for name in ("other.jinja", "other.json", "owner"):
        assert scored(vlrm, folder, "--chat-template", tmp_path / name) == close(want)
    assert want != close(scored(vlrm, folder))


def test_a_template_that_shows_nothing_is_refused(vlrm, model, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    template = tmp_path / "blind.jinja"
    for text, what in (("{% for m in messages %}{{ m.role }} {% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", "response"),
                       ("{{ messages[-1].content }}", "prompt")):
        template.write_text(text)
        error = vlrm("score", "--model", folder, *ASK, "--chat-template", template, fails=True)
        assert f"--chat-template {template} does not show the {what}" in error
    (tmp_path / "empty.json").write_text("{}")
    assert "holds no chat_template" in vlrm("score", "--model", folder, *ASK, "--chat-template", tmp_path / "empty.json", fails=True)
    assert "--chat-template: " in vlrm("score", "--model", folder, *ASK, "--chat-template", tmp_path / "nowhere", fails=True)


def test_generate_goes_on_behind_the_prefix(vlrm, goldens, tmp_path):
    """As where the template itself writes it."""
    base = goldens / "models/vlm"
    text = (base / "chat_template.jinja").read_text() if (base / "chat_template.jinja").exists() else template_of(base)
    (tmp_path / "writes.jinja").write_text(text + "{% if add_generation_prompt %}It is{% endif %}")
    ask = ["generate", "--model", base, "--prompt", "What is it?", "--max-new-tokens", "8", "--json"]
    flags = [[], ["--response-prefix", "It is"], ["--chat-template", tmp_path / "writes.jinja"]]
    plain, prefixed, written = (json.loads(vlrm(*ask, *each))["log_probabilities"] for each in flags)
    assert prefixed == written != plain


# Rotations


def test_another_rope_theta(vlrm, model, tmp_path):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    at = Reference(model, rope_theta=5e6).scores(HEADS["linear"])
    assert scored(vlrm, folder, "--rope-theta", "5e6") == close(at)
    for wrong in ("0", "-1", "inf", "nan"):
        assert "--rope-theta" in vlrm("score", "--model", folder, *ASK, "--rope-theta", wrong, fails=True)


def test_rope_theta_is_for_text_reward_models(vlrm, goldens):
    one = ["--prompt", "A", "--response", "B", "--rope-theta", "5e6"]
    assert "--rope-theta: is for" in vlrm("score", "--model", goldens / "vlrm_ties", *one, "--mode", "no-image", fails=True)


# Records


def test_eval_records_them_too(vlrm, tmp_path):
    pairs = write_pairs(tmp_path / "pairs.parquet", world_pairs(3))
    run = ["eval", "vl-rewardbench", "--data", pairs, "--model", ROOT / "world/rm", "--mode", "text-only", "-o", tmp_path / "out"]
    flags = {"response_prefix": ["--response-prefix", EMPTY_BLOCK], "rope_theta": ["--rope-theta", "5e6"],
             "score_label": ["--score-label", "0"], "chat_template": ["--chat-template", ROOT / "world/vlm"]}
    vlrm(*run, *[word for words in flags.values() for word in words])
    written = (tmp_path / "out/run.json").read_text()
    for key in flags:
        assert f'"{key}"' in written
        others = [word for each, words in flags.items() for word in words if each != key]
        assert f"({key} was" in vlrm(*run, *others, fails=True)


def test_a_sweep_takes_a_label_and_no_rope_theta(vlrm, tmp_path):
    world = ROOT / "world"
    pairs = write_pairs(tmp_path / "pairs.parquet", world_pairs(2))
    recipe = tmp_path / "linear.yml"
    vlrm("recipes", "paper", "-o", tmp_path / "recipes")
    recipe = sorted((tmp_path / "recipes").glob("linear*.y*ml"))[0]
    run = ["eval", "vl-rewardbench", "--data", pairs, "--vlm", world / "vlm", "--rm", world / "rm", "--base", world / "base",
           "--recipes", recipe]  # fmt: skip
    vlrm(*run, "-o", tmp_path / "out", "--score-label", "0")
    assert '"score_label"' in (tmp_path / "out" / recipe.stem / "run.json").read_text()
    assert "--score-label: " in vlrm(*run, "-o", tmp_path / "other", "--score-label", "7", fails=True)
    assert "--rope-theta: " in vlrm(*run, "-o", tmp_path / "third", "--rope-theta", "5e6", fails=True)


@pytest.mark.parametrize("flags, key", [
    (["--response-prefix", EMPTY_BLOCK], "response_prefix"), (["--rope-theta", "5e6"], "rope_theta"),
    (["--label", "0"], "score_label"), (["--chat-template", "other.jinja"], "chat_template")])
def test_options_are_recorded_and_part_of_what_a_run_is(vlrm, model, tmp_path, monkeypatch, flags, key):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    (tmp_path / "other.jinja").write_text(template_of(folder) + "<end>")
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "prompt": PROMPT, "responses": RESPONSES}) + "\n")
    run = ["score", "--model", folder, "--mode", "text-only", "--input", "in.jsonl", "-o", "out.jsonl"]
    vlrm(*run, *flags)
    recorded = json.loads((tmp_path / "out.jsonl.run.json").read_text())[key]
    assert recorded in (EMPTY_BLOCK, 5e6, "0") or recorded["name"] == "other.jinja"
    vlrm(*run, *flags)
    assert key in vlrm(*run, fails=True)
    if key == "chat_template":
        (tmp_path / "other.jinja").write_text(template_of(folder) + "<END>")
        assert "(chat_template was" in vlrm(*run, *flags, fails=True)
