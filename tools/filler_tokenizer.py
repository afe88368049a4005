"""A byte-level BPE tokenizer of any vocabulary size, in the files that Llama-3 checkpoints have: the tokens are filler
(every pair of printable characters, then pairs with one more), the special tokens and the chat format are Llama-3's."""

import itertools
import json
import shutil

SPECIAL_TOKENS = 256
FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.json")
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] | trim }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<|image|>' }}{% else %}{{ part['text'] | trim }}{% endif %}"
    "{% endfor %}{% endif %}{{ '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}")


def byte_alphabet():
    """The character that byte-level BPE writes for each byte: printable ones stand for themselves."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (b for b in range(256) if b not in printable)
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def filler_merges():
    letters = [byte_alphabet()[b] for b in range(32, 127)]
    pairs = [(a, b) for a, b in itertools.product(letters, letters)]
    return itertools.chain(pairs, ((a + b, c) for (a, b), c in itertools.product(pairs, letters)))


def special_tokens(model, around):
    named = {0: "<|begin_of_text|>", 1: "<|end_of_text|>", 4: "<|finetune_right_pad_id|>", 6: "<|start_header_id|>",
             7: "<|end_header_id|>", 8: "<|eom_id|>", 9: "<|eot_id|>", 10: "<|python_tag|>"}
    if model == "vlm":
        named[5] = "<|step_id|>"
        if around:
            named |= {11: around[0], 12: around[1]}
    reserved = (f"<|reserved_special_token_{i}|>" for i in itertools.count())
    tokens = [named[i] if i in named else next(reserved) for i in range(SPECIAL_TOKENS)]
    return tokens + {"base": [], "rm": ["<pad>"], "vlm": ["<|image|>"]}[model]


def special_piece(token):
    return {"SpecialToken": {"id": token, "type_id": 0}}


def tokenizer_json(vocabulary, model, around):
    vocab = {character: i for i, character in enumerate(byte_alphabet().values())}
    merges = list(itertools.islice(filler_merges(), vocabulary - SPECIAL_TOKENS - len(vocab)))
    for left, right in merges:
        vocab[left + right] = len(vocab)
    first = len(vocab)
    added = [{"id": first + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, token in enumerate(special_tokens(model, around))]
    bos = added[0]["content"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    template = {"type": "TemplateProcessing", "single": [special_piece(bos), {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [special_piece(bos), {"Sequence": {"id": "A", "type_id": 0}},
                         {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {bos: {"id": bos, "ids": [first], "tokens": [bos]}}}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}, byte_level]},
            "post_processor": {"type": "Sequence", "processors": [byte_level, template]}, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
                      "vocab": vocab, "merges": [" ".join(merge) for merge in merges]}}


def write(directory, vocabulary, model, source, around=None):
    """Writes the tokenizer of `model` (base, rm or vlm), or copies that of source/model where a source is given. Around
    an image there may be two tokens, which the template writes where the third value says so."""
    if source is not None:
        for name in FILES:
            if (source / model / name).exists():
                shutil.copy(source / model / name, directory / name)
        return
    tokenizer = tokenizer_json(vocabulary, model, around)
    chat_template = CHAT_TEMPLATE
    if around and around[2]:
        chat_template = CHAT_TEMPLATE.replace("<|image|>", f"{around[0]}<|image|>{around[1]}")
    named = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>" if model == "vlm" else "<|end_of_text|>"}
    if model != "base":
        named["pad_token"] = "<pad>" if model == "rm" else "<|finetune_right_pad_id|>"
    config = {**named, "clean_up_tokenization_spaces": True, "model_max_length": 131072,
              "model_input_names": ["input_ids", "attention_mask"], "tokenizer_class": "PreTrainedTokenizerFast",
              "added_tokens_decoder": {str(token["id"]): {k: v for k, v in token.items() if k != "id"}
                                       for token in tokenizer["added_tokens"]}}
    if model != "base":
        config["chat_template"] = chat_template
    files = {"tokenizer.json": tokenizer, "tokenizer_config.json": config, "special_tokens_map.json": named}
    if model == "vlm":
        files["chat_template.json"] = {"chat_template": chat_template}
    for name, content in files.items():
        (directory / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
