"""Random files beside a tokenizer.json, through `vlrm tokenize` and through transformers' PreTrainedTokenizerFast.

VLRM_SIDE_FILES sets how many directories, VLRM_TOKENIZER_SEED which.
"""

import json
import os
import random

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoTokenizer,
    GPT2TokenizerFast,
    LlamaTokenizerFast,
    PreTrainedTokenizerFast,
    Qwen2TokenizerFast,
)

COUNT = int(os.environ.get("VLRM_SIDE_FILES", "60"))
SEED = int(os.environ.get("VLRM_TOKENIZER_SEED", "0"))

NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
CONTENTS = ["<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>", "<extra>", "cat", "Ġdog", "user"]
WORDS = ["cat", " cat", "dog", "hat", " the ", "user", "  ", "\n", "a", "!", "Caté"]


def settings(rng, content, keep_all=False):
    token = {"content": content}
    for flag in ["lstrip", "rstrip", "single_word", "normalized", "special"]:
        if keep_all or rng.random() < 0.9:
            token[flag] = rng.random() < (0.5 if flag == "special" else 0.25)
    return token


def own_tokenizer(rng):
    """A byte-level tokenizer of few merges with some added tokens."""
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet()) + ["ca", "cat", "Ġd", "Ġdo", "Ġdog", "<s>"]
    merges = [("c", "a"), ("ca", "t"), ("Ġ", "d"), ("Ġd", "o"), ("Ġdo", "g")]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    file = json.loads(tokenizer.to_str())
    if rng.random() < 0.3:
        file["normalizer"] = {"type": "Lowercase"}
    used = len(pieces)
    for content in rng.sample(CONTENTS[1:5], rng.randint(0, 4)):
        file["added_tokens"].append({"id": used, **settings(rng, content, keep_all=True)})
        used += 1
    return file


def named(rng, as_object):
    content = rng.choice(CONTENTS + [""])
    return as_object(content) if rng.random() < 0.4 else content


def side_files(rng, own):
    """Contents of tokenizer_config.json and of the two older files, each of which may be missing."""
    config = {name: named(rng, lambda c: {"__type": "AddedToken", **settings(rng, c)}) for name in NAMES if rng.random() < 0.3}
    if rng.random() < 0.1:
        config[rng.choice(NAMES)] = None
    if rng.random() < 0.4:
        config["additional_special_tokens"] = rng.sample(CONTENTS, rng.randint(0, 3))
    if rng.random() < 0.2:
        config["extra_special_tokens"] = {"image_token": rng.choice(CONTENTS)}
    if rng.random() < 0.1:
        config["split_special_tokens"] = True
    files = {"tokenizer_config.json": config}
    first = 260 + len(own["added_tokens"])
    if rng.random() < 0.5:
        listed = {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in own["added_tokens"]}
        for token in listed.values():
            if rng.random() < 0.3:
                token["normalized"] = not token["normalized"]
        known = {token["content"] for token in own["added_tokens"]}
        for content in rng.sample([c for c in CONTENTS if c not in known], rng.randint(0, 4)):
            listed[str(rng.choice([first, first + 1, first + 2, 255]))] = settings(rng, content)
        config["added_tokens_decoder"] = listed
    if rng.random() < 0.5:
        mapped = {name: named(rng, lambda c: settings(rng, c)) for name in NAMES if rng.random() < 0.3}
        if "added_tokens_decoder" in config or rng.random() < 0.4:
            mapped["additional_special_tokens"] = [settings(rng, c) if rng.random() < 0.5 else c for c in rng.sample(CONTENTS, 2)]
        files["special_tokens_map.json"] = mapped
    # Not beside a list in special_tokens_map.json: transformers 4 then takes one of its tokens for another (5 does not).
    older = files.get("special_tokens_map.json", {})
    if "additional_special_tokens" not in older and rng.random() < 0.7:
        files["added_tokens.json"] = {c: first + i for i, c in enumerate(rng.sample(CONTENTS, rng.randint(0, 3)))}
    return files


def texts(rng):
    return ["".join(rng.choice(CONTENTS + WORDS) for _ in range(rng.randint(0, 10))) for _ in range(8)]


@pytest.mark.parametrize("number", range(COUNT))
def test_ids_and_texts_are_those_of_transformers(vlrm, tmp_path, number):
    rng = random.Random(f"{SEED} {number}")
    own = own_tokenizer(rng)
    files = {"tokenizer.json": own, **side_files(rng, own)}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    kind = rng.choice([PreTrainedTokenizerFast] * 3 + [LlamaTokenizerFast, GPT2TokenizerFast, Qwen2TokenizerFast])
    files["tokenizer_config.json"]["tokenizer_class"] = kind.__name__
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(files["tokenizer_config.json"]))
    try:
        theirs = kind.from_pretrained(tmp_path)
    except ImportError:  # what it makes of a ValueError: no bos_token
        assert "add_bos_token is true, but there is no bos_token" in vlrm("tokenize", "--model", tmp_path, fails=True)
        return

    inputs = texts(rng)
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in inputs))
    lines = vlrm("tokenize", "--model", tmp_path, "--input", tmp_path / "texts.jsonl").splitlines()
    ids = [theirs(text, add_special_tokens=False)["input_ids"] for text in inputs]
    assert [json.loads(line) for line in lines] == ids, files

    (tmp_path / "ids.jsonl").write_text("".join(json.dumps(each) + "\n" for each in ids))
    for skip in [False, True]:
        flags = ["--skip-special-tokens"] if skip else []
        lines = vlrm("tokenize", "--model", tmp_path, "--decode", "--input", tmp_path / "ids.jsonl", *flags).splitlines()
        wanted = [theirs.decode(each, skip_special_tokens=skip, clean_up_tokenization_spaces=False) for each in ids]
        assert [json.loads(line) for line in lines] == wanted, files


CLASSES = ["LlamaTokenizer", "LlamaTokenizerFast", "GemmaTokenizer", "CodeLlamaTokenizer", "CohereTokenizerFast", "GPTNeoXTokenizer", "Qwen2Tokenizer",
           "PreTrainedTokenizerFast"]  # fmt: skip
MODELS = ["llama", "mllama", "mistral", "gemma2", "code_llama", "cohere", "gpt_neox", "qwen2", "gpt2", "falcon"]


@pytest.mark.parametrize("number", range(COUNT))
def test_tokens_around_texts_are_those_of_transformers(vlrm, tmp_path, number):
    rng = random.Random(f"around {SEED} {number}")
    own = own_tokenizer(rng)
    files = {"tokenizer.json": own, **side_files(rng, own)}
    own["post_processor"] = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                             "special_tokens": {"x": {"id": "x", "ids": [7], "tokens": ["x"]}}}  # fmt: skip
    config = files["tokenizer_config.json"]
    for file in [config, files.get("special_tokens_map.json", {})]:  # a token of no characters is an error of ours
        for name in NAMES:
            token = file.get(name, "none")
            if not (token["content"] if isinstance(token, dict) else token):
                del file[name]
    for name in ["add_bos_token", "add_eos_token"]:
        if rng.random() < 0.6:
            config[name] = rng.choice([True, False, False, None])
    of_config = {"model_type": rng.choice(MODELS)}
    where = rng.choice(["tokenizer", "config", "model"])
    if where == "tokenizer":
        config["tokenizer_class"] = rng.choice(CLASSES)
    if where == "config":
        of_config["tokenizer_class"] = rng.choice(CLASSES)
    files["config.json"] = of_config
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    inputs = texts(rng)
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in inputs))
    command = ["tokenize", "--model", tmp_path, "--add-special-tokens", "--input", tmp_path / "texts.jsonl"]
    try:
        theirs = AutoTokenizer.from_pretrained(tmp_path)
    except ValueError as error:
        assert "is None" in str(error) or "= None" in str(error)
        assert "is true, but there is no" in vlrm(*command, fails=True)
        return
    assert [json.loads(line) for line in vlrm(*command).splitlines()] == [
        theirs(text)["input_ids"] for text in inputs
    ], files


def test_a_missing_token_around_texts(vlrm, tmp_path):
    own = own_tokenizer(random.Random(0))
    for name, content in {
        "tokenizer.json": own,
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "bos_token": None},
    }.items():
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "texts.jsonl").write_text('"cat"\n')
    error = vlrm("tokenize", "--model", tmp_path, "--input", tmp_path / "texts.jsonl", fails=True)
    assert "add_bos_token is true, but there is no bos_token" in error
