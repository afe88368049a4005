"""tokenizer.json, some with a text to encode behind it."""

import json

from measure import ROOT

REGEXES = [  # as Kimi, Galactica, BLOOM and Qwen have them, and what takes long
    r"\p{Han}+|[\p{Lu}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lo}\p{M}&&[^\p{Han}]]+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+|\s+",
    r"[()]|([!*-])\1*|[^()!*-]+", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"[[:alpha:][:^digit:]]+|\h|\X|\R|(?<name>a)\k<name>",
    r"(?i:'s|'t|'re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+", r"(a*)*b|(?:(.+)+)+$",
]


def tokenizers():
    """The shapes of Llama 3, GPT-2, Qwen 2 and Llama 2, with few tokens; some with a text to encode."""
    world = json.loads((ROOT / "world/vlm/tokenizer.json").read_text())
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    letters = [token for token in world["model"]["vocab"] if len(token) == 1]
    llama3 = {**world, "added_tokens": world["added_tokens"][:2]}
    llama3["model"] = {**world["model"], "vocab": vocabulary(letters, ["Ġt", "he", "Ġthe"]),
                       "merges": [["Ġ", "t"], ["h", "e"], ["Ġt", "he"]]}
    gpt2 = {**llama3, "added_tokens": [], "pre_tokenizer": byte_level, "post_processor": byte_level,
            "model": {**llama3["model"], "ignore_merges": False, "merges": ["Ġ t", "h e", "Ġt he"]}}
    split = {"type": "Split", "pattern": {"String": "e"}, "behavior": "MergedWithPrevious", "invert": True}
    qwen2 = {**gpt2, "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        split, {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"},
        {"type": "WhitespaceSplit"}, {**byte_level, "use_regex": False}]}}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    bytes_of_fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    llama2 = {
        **world, "pre_tokenizer": None,
        "added_tokens": [{"id": 0, "content": "<s>", "single_word": True, "lstrip": True, "rstrip": True,
                          "normalized": True, "special": True}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]},
        "decoder": {"type": "Sequence", "decoders": [{**replace, "pattern": {"String": "▁"}, "content": " "},
                                                     {"type": "ByteFallback"}, {"type": "Fuse"},
                                                     {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                                                    {"Sequence": {"id": "A", "type_id": 0}}],
                           "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
        "model": {"type": "BPE", "byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>", "ignore_merges": False,
                  "vocab": vocabulary(["<s>", "<unk>", *bytes_of_fallback, "▁", "t", "h", "e"], ["▁t", "he"]),
                  "merges": ["▁ t", "h e"]},
    }
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    mistral = {**llama2, "normalizer": None, "pre_tokenizer": metaspace, "decoder": {**metaspace, "prepend_scheme": "first"}}
    old = {**mistral, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}}

    def by(regex):
        return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}

    oniguruma = [{**gpt2, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [by(regex), {**byte_level, "use_regex": False}]}}
                 for regex in REGEXES]
    shapes = [llama3, gpt2, qwen2, llama2, mistral, old, *oniguruma, *chains(llama2, by)]
    for number, shape in enumerate(shapes):
        text = json.dumps(shape, ensure_ascii=number % 2 == 0).encode()
        yield text
        yield text + "\0The\tété 12345 <s><|begin_of_text|>  日本 😀\r\n".encode()


def chains(llama2, split):
    """Each step is cheap, and all of them together are not."""
    grow = [{"type": "Replace", "pattern": {"String": old}, "content": "é" * 100} for old in "té"]
    yield {**llama2, "normalizer": {"type": "Sequence", "normalizers": grow + [{"type": "Lowercase"}] * 100}}
    yield {**llama2, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split("."), *[split("b")] * 100]}}


def vocabulary(*lists):
    return {token: number for number, token in enumerate(dict.fromkeys(token for tokens in lists for token in tokens))}
