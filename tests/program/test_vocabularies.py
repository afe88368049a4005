"""Unions of vocabularies, tokens of one's own and chat templates."""

import json
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from safetensors.numpy import load_file, save_file
from transformers import AutoTokenizer

PEER = ROOT / ".venv-mergekit/bin/python"
WIDTH = 3


def model(path, tokens, first, **tokenizer_config):
    """Embeddings of as many rows, row i of the value first + i; `tokens` by id."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    path.mkdir()
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens) if not token.startswith("<")}, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True, rstrip=True) for token in tokens if token.startswith("<")])
    made.save(str(path / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", **tokenizer_config}
    (path / "tokenizer_config.json").write_text(json.dumps(settings))
    (path / "config.json").write_text(json.dumps({"model_type": "own", "vocab_size": len(tokens), "num_hidden_layers": 1}))
    rows = np.repeat(np.arange(first, first + len(tokens), dtype=np.float32)[:, None], WIDTH, 1)
    save_file({"model.embed_tokens.weight": rows, "model.layers.0.w": np.ones((2, 2), np.float32)}, path / "model.safetensors")
    return path


@pytest.fixture
def models(tmp_path):
    return (model(tmp_path / "a", ["h", "i", "j", "<s>"], 10),
            model(tmp_path / "b", ["i", "k", "h", "l", "<pad>"], 20, chat_template="B {{ messages }} a template"))


def merge(vlrm, tmp_path, models, more, method="linear", fails=False):
    config = tmp_path / "r.yml"
    entries = "".join(f"- {{model: {path}, parameters: {{weight: {weight}}}}}\n" for path, weight in zip(models, (1, 0)))
    config.write_text(f"merge_method: {method}\nmodels:\n{entries}dtype: float32\n{more}\n")
    answer = vlrm("-q", "merge", config, tmp_path / "out", "--force", fails=fails)
    if fails:
        return answer
    made = load_file(tmp_path / "out/model.safetensors")["model.embed_tokens.weight"][:, 0]
    vocabulary = AutoTokenizer.from_pretrained(tmp_path / "out").get_vocab()
    assert json.loads((tmp_path / "out/config.json").read_text())["vocab_size"] == len(made)
    return {token: made[row] for token, row in vocabulary.items()}, made


def test_a_union_has_the_tokens_of_all(vlrm, tmp_path, models):
    rows, made = merge(vlrm, tmp_path, models, "tokenizer_source: union")
    # Of the first model, and those that it lacks of the second.
    assert rows == {"h": 10, "i": 11, "j": 12, "<s>": 13, "k": 21, "l": 23, "<pad>": 24}
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    ids = tokenizer("hi<pad>k", add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["h", "i", "<pad>", "k"]
    added = {token["content"]: token for token in json.loads((tmp_path / "out/tokenizer.json").read_text())["added_tokens"]}
    assert added["<pad>"]["special"] and added["<pad>"]["rstrip"] and not added["k"]["special"]
    rows, made = merge(vlrm, tmp_path, models, "tokenizer: {source: union, pad_to_multiple_of: 5}")
    assert len(made) == 10 and made[7:].tolist() == [np.float32(np.mean(made[:7]))] * 3


@pytest.mark.parametrize("source, older", [("union", False), ("base", False), ("union", True), ("base", True)])
def test_tokens_of_the_files_beside_tokenizer_json_keep_their_rows(vlrm, tmp_path, models, source, older):
    for path, first in zip(models, (10, 20)):
        tokens = ["<|im_start|>", "<|im_end|>"]
        weights = load_file(path / "model.safetensors")
        known = len(weights["model.embed_tokens.weight"])
        rows = np.repeat(np.arange(first, first + known + 2, dtype=np.float32)[:, None], WIDTH, 1)
        save_file({**weights, "model.embed_tokens.weight": rows}, path / "model.safetensors")
        config = json.loads((path / "tokenizer_config.json").read_text())
        if older:
            (path / "added_tokens.json").write_text(json.dumps({token: known + i for i, token in enumerate(tokens)}))
        else:
            config["added_tokens_decoder"] = {str(known + i): {"content": token, "special": True} for i, token in enumerate(tokens)}
        (path / "tokenizer_config.json").write_text(json.dumps(config))
        (path / "config.json").write_text(json.dumps({"model_type": "own", "vocab_size": known + 2, "num_hidden_layers": 1}))
    rows, made = merge(vlrm, tmp_path, models, f"tokenizer_source: {source}\nbase_model: {models[0]}")
    assert rows["<|im_start|>"] == 14 and rows["<|im_end|>"] == 15
    assert rows.get("<pad>") == (24 if source == "union" else None)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.decode(tokenizer("h<|im_end|>j")["input_ids"], skip_special_tokens=not older) == ("h<|im_end|>j" if older else "hj")


def test_tokens_come_from_where_the_recipe_says(vlrm, tmp_path, models):
    a, b = models
    rows, _ = merge(vlrm, tmp_path, models, f"""
tokenizer:
  source: {a}
  tokens:
    h: {{source: {b}, force: true}}
    j: {{source: {b}, force: false}}
    <new>: {{source: {{kind: zero}}}}
    <other>: {{source: {{kind: model_token, model: {b}, token: k}}}}
    <third>: {{source: {{kind: model_token, model: {b}, token_id: 3}}}}
""".replace(f"    j: {{source: {b}, force: false}}\n", ""))
    assert rows == {"h": 22, "i": 11, "j": 12, "<s>": 13, "<new>": 0, "<other>": 21, "<third>": 23}


@pytest.mark.parametrize("tokens, expected", [
    ("q: {source: nowhere}", 'is to be like one of "nowhere", which is no model of this merge'),
    ("q: {source: MODEL}", 'to be like "q" of'),
    ("q: {source: {kind: model_token, model: MODEL, token_id: 9}}", "is to have the row 9"),
    ("q: {source: {kind: model_token, model: MODEL}}", 'of "token" and "token_id" there must be one'),
    ("q: {source: {kind: model_token, model: MODEL, token: h, token_id: 9}}", 'of "token" and "token_id" there must be one'),
    ("q: {force: maybe}", "force must be true or false"),
])
def test_says_what_is_wrong_with_a_token(vlrm, tmp_path, models, tokens, expected):
    more = "tokenizer: {source: union, tokens: {" + tokens.replace("MODEL", str(models[0])) + "}}"
    assert expected in merge(vlrm, tmp_path, models, more, fails=True)


def test_chat_templates(vlrm, tmp_path, models):
    conversation = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "assistant", "content": "A"}]

    def rendered(name):
        merge(vlrm, tmp_path, models, f"chat_template: {name}")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out", bos_token="<b>", eos_token="<e>")
        ours = vlrm("render", "--model", tmp_path / "out", stdin=json.dumps({"messages": conversation}) + "\n") if name == "chatml" else None
        text = tokenizer.apply_chat_template(conversation, tokenize=False)
        assert ours is None or json.loads(ours) == text
        return text

    assert rendered("chatml") == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
    assert rendered("llama3") == ("<b><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
                                  "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>")
    assert rendered("alpaca") == "S\n\n### Instruction:\nU\n\n### Response:\nA<e>\n\n"
    assert rendered("mistral") == "<b>[INST] S\n\nU [/INST] A<e>"
    assert rendered("exaone") == "[|system|]S[|endofturn|]\n[|user|]U\n[|assistant|]A[|endofturn|]\n"
    assert rendered("auto").startswith("B [")
    assert rendered("'{{ messages[0].content }} and no more'") == "S and no more"
    (models[0] / "chat_template.json").write_text('{"chat_template": "another"}')  # a processor's
    assert rendered("chatml").startswith("<|im_start|>")
    assert not (tmp_path / "out/chat_template.json").exists()
    assert 'chat_template "vicuna" is neither' in merge(vlrm, tmp_path, models, "chat_template: vicuna", fails=True)


def test_later_transformers_read_it_too(vlrm, tmp_path, models):
    if not PEER.exists():
        pytest.skip("no later transformers: ./dev test installs it into .venv-mergekit")
    merge(vlrm, tmp_path, models, "tokenizer_source: union\nchat_template: chatml")
    script = ("import sys, json, transformers; t = transformers.AutoTokenizer.from_pretrained(sys.argv[1]); "
              "print(json.dumps([t.get_vocab(), t.chat_template]))")
    done = subprocess.run([PEER, "-c", script, tmp_path / "out"], capture_output=True, text=True, check=True)
    vocabulary, template = json.loads(done.stdout.splitlines()[-1])
    assert vocabulary == AutoTokenizer.from_pretrained(tmp_path / "out").get_vocab()
    assert "<|im_start|>" in template
