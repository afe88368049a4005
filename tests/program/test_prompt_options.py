"""What a reward model is asked to read otherwise than its files say: a prefix of responses, another chat template, another
base of its rotations. Beside transformers, and recorded with the results."""

import json
import os

import pytest
from conftest import ROOT
from evaluations import world_pairs, write_pairs
from test_reward_forms import ASK, Reference, close, reference  # noqa: F401
from test_reward_heads import HEADS, PROMPT, RESPONSES, model, scored, with_head  # noqa: F401
from test_text_models import changed

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

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


# Prefixes that a template does not leave as they are

TRIMS = ("{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}"
         "{% if add_generation_prompt %}<assistant>{% endif %}")
TAKES_THINKING_OUT = TRIMS.replace("m.content", "m.content.split('</think>')[-1]")
WRITES_A_BLOCK = TRIMS.replace("{{ m.content", "{% if m.role == 'assistant' %}<think></think>{% endif %}{{ m.content")
AS_IT_IS = "the chat template does not write --response-prefix as it is"


def template_file(tmp_path, text):
    (tmp_path / "it.jinja").write_text(text)
    return ["--chat-template", tmp_path / "it.jinja"]


def asked(vlrm, model, flags, responses=RESPONSES, **how):  # noqa: F811
    words = [word for response in responses for word in ("--response", response)]
    said = vlrm("score", "--model", model, "--mode", "text-only", "--prompt", PROMPT, *words, "--dtype", "float32", "--json", *flags, **how)
    return said if how else json.loads(said)["scores"]


@pytest.mark.parametrize("template, prefix", [
    (TRIMS, " It is"), (TRIMS, "\n\n"), (TRIMS, "\u2003It is "), (TAKES_THINKING_OUT, EMPTY_BLOCK), (TAKES_THINKING_OUT, EMPTY_BLOCK + "It is ")])
def test_a_prefix_that_the_template_changes_is_refused(vlrm, model, tmp_path, template, prefix):  # noqa: F811
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    flags = [*template_file(tmp_path, template), "--response-prefix", prefix]
    for kind in ([folder], [model.parent / "base", "--likelihood"]):
        assert AS_IT_IS in asked(vlrm, kind[0], [*flags, *kind[1:]], fails=True)
    conversation = {"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}]}
    assert AS_IT_IS in vlrm("render", "--model", model, *flags, stdin=json.dumps(conversation), fails=True)


@pytest.mark.parametrize("template, prefix", [
    (TRIMS, "It is "), (TRIMS, EMPTY_BLOCK), (WRITES_A_BLOCK, "It is "), (TAKES_THINKING_OUT, "It is\n")])
def test_a_prefix_within_a_trimmed_message_is_written(vlrm, model, reference, tmp_path, template, prefix):  # noqa: F811
    """Before responses that begin and end with white space, or are nothing else."""
    folder = with_head(model, tmp_path / "rm", HEADS["linear"])
    flags = [*template_file(tmp_path, template), "--response-prefix", prefix]
    want = reference.scores(HEADS["linear"], ids=lambda response: reference.ids(response, prefix, template))
    assert asked(vlrm, folder, flags) == close(want)
    asked(vlrm, folder, flags, ["", " \n", "  a box ", "It is", prefix])


def likelihoods(folder, reference, prefix, template):  # noqa: F811
    """The sums over what stands behind the prefix."""
    writer = transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager")
    for response in RESPONSES:
        ids = reference.ids(response, prefix, template)
        start = len(os.path.commonprefix([ids, reference.prompt(prefix, template)]))
        with torch.no_grad():
            logits = writer(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        yield sum(logits[at - 1, ids[at]].item() for at in range(start, len(ids)))


@pytest.mark.parametrize("template, prefix", [(TRIMS, "It is "), (TRIMS, EMPTY_BLOCK), (WRITES_A_BLOCK, "<think></think>It is ")])
def test_a_likelihood_is_of_what_stands_behind_the_prefix(vlrm, model, reference, tmp_path, template, prefix):  # noqa: F811
    base = model.parent / "base"
    written = template.replace("<think></think>", "") if "</think>" in prefix else template
    flags = [*template_file(tmp_path, written), "--response-prefix", prefix, "--likelihood"]
    assert asked(vlrm, base, flags) == pytest.approx(list(likelihoods(base, reference, prefix, written)), rel=1e-5)


def test_a_likelihood_needs_the_prompt_where_the_text_begins(vlrm, model, tmp_path):  # noqa: F811
    """Else what the template writes before the prefix, and the prefix, would be taken for the response."""
    flags = [*template_file(tmp_path, WRITES_A_BLOCK), "--likelihood"]
    line = asked(vlrm, model.parent / "base", [*flags, "--response-prefix", "It is "], fails=True)
    assert "with --response-prefix, the rendered text does not begin as the prompt does" in line
    trims = [*template_file(tmp_path, TRIMS), "--likelihood", "--response-prefix", "It is "]
    assert "does not begin as the prompt does" in asked(vlrm, model.parent / "base", trims, ["a box", " "], fails=True)
    asked(vlrm, model.parent / "base", flags)  # without a prefix as before


@pytest.mark.parametrize("content", ["A cat.", [{"type": "text", "text": "A cat."}]])
def test_render_shows_the_prefix_and_the_template(vlrm, model, tmp_path, content):  # noqa: F811
    """As scoring writes them."""
    template = TRIMS.replace("m.content", "(m.content if m.content is string else m.content[0].text)")
    flags = ["render", "--model", model, *template_file(tmp_path, template), "--response-prefix", "It is: "]
    asks = [{"role": "user", "content": "What?"}]
    for conversation, text in (
        ({"messages": [*asks, {"role": "assistant", "content": content}]}, "<user>What?</user><assistant>It is: A cat.</assistant>"),
        ({"messages": asks, "add_generation_prompt": True}, "<user>What?</user><assistant>It is: "),
    ):
        assert json.loads(vlrm(*flags, stdin=json.dumps(conversation))) == text
    assert "--response-prefix has no place" in vlrm(*flags, stdin=json.dumps({"messages": asks}), fails=True)
    blank = {"messages": [*asks, {"role": "assistant", "content": []}]}
    assert "has no text that --response-prefix" in vlrm(*flags, stdin=json.dumps(blank), fails=True)
    assert "nowhere" in vlrm("render", "--model", model, "--chat-template", tmp_path / "nowhere", stdin="{}", fails=True)


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
