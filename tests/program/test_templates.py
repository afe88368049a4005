"""Chat templates, rendered by the program and by jinja2 as transformers sets it up: the same to the last character."""

import json
import random
import re
from pathlib import Path

import pytest
from conftest import write_lines
from jinja_reference import TOKENS, VARIABLES, random_conversation, random_expression, render

TEMPLATES = sorted((Path(__file__).resolve().parents[1] / "files/templates").glob("*.jinja"))


@pytest.fixture
def model(tmp_path):
    """Writes a directory with a chat template."""

    def write(template):
        (tmp_path / "chat_template.jinja").write_text(template, newline="")
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({**TOKENS, "added_tokens_decoder": {}}))
        return tmp_path

    return write


@pytest.fixture
def rendered(vlrm, model, tmp_path):
    def run(template, conversations):
        rows = write_lines(tmp_path / "in.jsonl", conversations)
        return [json.loads(line) for line in vlrm("render", "--model", model(template), "--input", rows).splitlines()]

    return run


def test_there_are_at_least_30_templates():
    assert len(TEMPLATES) >= 30


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_of_many_styles(vlrm, rendered, model, tmp_path, path):
    template = path.read_text()
    rng = random.Random(path.stem)
    conversations = [random_conversation(rng) for _ in range(100)]
    expected = [render(template, conversation) for conversation in conversations]
    good = [pair for pair in zip(conversations, expected) if pair[1] is not None]
    assert len(good) >= 5
    texts = rendered(template, [conversation for conversation, _ in good])
    for (conversation, text), found in zip(good, texts, strict=True):
        assert found == text, conversation
    for conversation in [pair[0] for pair in zip(conversations, expected) if pair[1] is None][:5]:
        rows = write_lines(tmp_path / "bad.jsonl", [conversation])
        line = vlrm("render", "--model", model(template), "--input", rows, fails=True)
        assert re.search(r"bad\.jsonl, line 1: .*chat_template\.jinja: line \d+: ", line)


def is_beyond_us(text):
    """Integers of more than 64 bits, addresses of objects: told apart by looking at what the reference gives."""
    return re.search(r"\d{19}| at 0x", text) is not None


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions(vlrm, rendered, model, tmp_path, seed):
    rng = random.Random(seed)
    good, bad = [], []
    for _ in range(1500):
        expression = "{{ " + random_expression(rng, rng.choice([1, 2, 2, 3, 4])) + " }}"
        if re.search(r"\*\* \(.*\*\*", expression):  # towers of powers take for ever in Python
            continue
        text = render(expression, VARIABLES)
        if text is None:
            bad.append(expression)
        elif not is_beyond_us(text):
            good.append((expression, text))
    for start in range(0, len(good), 25):
        batch = good[start : start + 25]
        template = "\0".join(expression for expression, _ in batch)
        (text,) = rendered(template, [{"messages": [], **VARIABLES}])
        assert dict(zip([expression for expression, _ in batch], text.split("\0"))) == dict(batch) or text == "\0".join(
            text for _, text in batch
        )
    rows = write_lines(tmp_path / "in.jsonl", [{"messages": [], **VARIABLES}])
    for expression in rng.sample(bad, 60):
        vlrm("render", "--model", model(expression), "--input", rows, fails=True)


def test_goldens(vlrm, goldens, tmp_path):
    cases = json.loads((goldens / "reference/chat_templates.json").read_text())
    for name, of_model in cases.items():
        rows = [
            {"messages": case["messages"], "add_generation_prompt": case["add_generation_prompt"], **case["kw"]}
            | ({"tools": case["tools"]} if case["tools"] else {})
            for case in of_model.values()
        ]
        lines = vlrm("render", "--model", goldens / "models" / name, "--input", write_lines(tmp_path / "in.jsonl", rows))
        for (key, case), line in zip(of_model.items(), lines.splitlines(), strict=True):
            assert json.loads(line) == case["text"], (name, key)


def test_the_date_is_the_templates_own_unless_one_is_given(vlrm, model, tmp_path):
    directory = model("{{ strftime_now('%d %b %Y, %A') if strftime_now is defined else 'no clock' }}")
    rows = write_lines(tmp_path / "in.jsonl", [{"messages": []}])
    command = ["render", "--model", directory, "--input", rows]
    assert json.loads(vlrm(*command)) == "no clock"
    assert json.loads(vlrm(*command, "--date", "01 Jan 2025")) == "01 Jan 2025, Wednesday"
    assert json.loads(vlrm(*command, "--date", "2025-01-01")) == "01 Jan 2025, Wednesday"
    assert json.loads(vlrm(*command, "--date", "today")) != "no clock"
    assert "is no date" in vlrm(*command, "--date", "2025-02-30", fails=True)


def test_bad_input_names_the_line(vlrm, model, tmp_path):
    directory = model("{{ messages[0].content }}")
    rows = tmp_path / "in.jsonl"
    good = '{"messages": [{"role": "user", "content": "é"}]}\n'
    for bad, message in [
        ("{", "line 2"),
        ("[]", 'line 2: needs an object with "messages"'),
        ('{"messages": 1}', 'line 2: "messages" is no list'),
        ('{"messages": [], "add_generation_prompt": "yes"}', "line 2"),
    ]:
        rows.write_text(good + bad + "\n")
        assert message in vlrm("render", "--model", directory, "--input", rows, fails=True)


@pytest.mark.parametrize(
    "template, message",
    [
        ("{% macro f() %}{{ f() }}{% endmacro %}\n{{ f() }}", "line 1: is nested too deep"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "line 1: runs too long"),
        ("{{ 'a' * 1000000000 }}", "line 1: needs too much memory"),
        ("\n{{ 'abc'|replace('', 'x' * 90000000) }}", "line 2: needs too much memory"),
        ("{{ range(10000000) }}", "line 1: range too big"),
        ("{% set ns = namespace(x=[1]) %}{% for i in range(200) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
         "line 1: values are nested"),
        ("{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
         "line 1: runs too long"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "line 1: is nested more than"),
        ("{{ 9223372036854775807 + 1 }}", "line 1: integers of more than 64 bits"),
        ("{% if true %}\n{{ x.y.z }}{% endif %}", "line 2: 'x' is undefined"),
        ("{% if true %}\n\n", "line 1: the block 'if' has no end"),
        ("{{ 'x' | nonsense }}", "line 1: no filter named 'nonsense'"),
        ("a\nb\n{{ raise_exception('Not so!') }}", "line 3: Not so!"),
    ],
)
def test_bad_templates_end_in_one_line(vlrm, model, tmp_path, template, message):
    rows = write_lines(tmp_path / "in.jsonl", [{"messages": []}])
    line = vlrm("render", "--model", model(template), "--input", rows, fails=True)
    assert f"chat_template.jinja: {message}" in line
