"""Inputs to start from: real files where there are any, and one of each shape that a parser knows."""

import json
import os
from pathlib import Path

from fuzz import output_seeds, table_seeds
from measure import ROOT

GOLDENS = Path(os.environ.get("VLRM_GOLDENS", ROOT / "tests/goldens"))
WORLD, MODELS = ROOT / "world", GOLDENS / "models"
FILES = {
    "config": [(WORLD, "**/*config.json"), (MODELS, "*/config.json"), (MODELS, "*/preprocessor_config.json")],
    "image": [(GOLDENS / "reference/images", "*")],
    "recipe": [(GOLDENS / "reference/configs", "*.yaml")],
    "template": [(ROOT / "tests/files/templates", "*.jinja")],
}


def seeds(parser):
    for folder, pattern in FILES.get(parser, []):
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                yield file.read_bytes()
    yield from GENERATED.get(parser, list)()


def safetensors(tensors):
    """tensors: (name, dtype, shape, bytes) in the order of their data."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape, size in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(range(offset))


def checkpoints():
    one = safetensors([("a", "F32", [2], 8)])
    several = safetensors([("a.weight", "BF16", [2, 3], 12), ("b", "F16", [1], 2), ("c", "I64", [1], 8), ("d", "F32", [], 4)])
    index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model.safetensors"}}
    yield from (one, several, safetensors([("empty", "F32", [0, 4], 0)]))
    yield json.dumps(index).encode() + b"\0" + one
    index["weight_map"] = dict.fromkeys(["a.weight", "b", "c", "d"], "model.safetensors")
    yield json.dumps(index).encode() + b"\0" + several


def adapters():
    """Of the model of zeros (zeros.h), whose config says what becomes of head and embeddings."""
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "target_modules": ["mlp"], "bias": "none",
              "base_model_name_or_path": "base", "fan_in_fan_out": False, "init_lora_weights": True, "use_dora": False,
              "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": None, "layer_replication": None}
    model = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": False, "vocab_size": 6}
    front = "base_model.model.model."
    mlp = [(front + "layers.0.mlp.lora_A.weight", "F32", [1, 2], 8), (front + "layers.0.mlp.lora_B.weight", "F32", [2, 1], 8)]
    rows = [(front + "embed_tokens.weight", "F32", [7, 2], 56), ("base_model.model.lm_head.weight", "F32", [7, 2], 56)]
    embedding = [(front + "embed_tokens.lora_embedding_A", "F32", [1, 6], 24), (front + "embed_tokens.lora_embedding_B", "F32", [2, 1], 8)]
    norm = [(front + "norm.weight", "BF16", [2], 4)]
    score = [("base_model.model.score.modules_to_save.default.weight", "F32", [1, 2], 8)]
    patterns = {"rank_pattern": {"layers.1.mlp": 2}, "alpha_pattern": {"mlp": 4, "layers.0.mlp": 1.5}, "use_rslora": True}
    tied = {**model, "tie_word_embeddings": True}
    for changed, base, tensors in (
        ({}, model, mlp), (patterns, model, mlp), ({"modules_to_save": ["norm"]}, model, mlp + norm), ({}, model, rows),
        ({}, {**model, "model_type": "gpt2"}, mlp), ({}, {"model_type": "mllama", "text_config": model}, embedding + mlp),
        ({"task_type": "SEQ_CLS", "modules_to_save": ["score"]}, model, mlp + score), ({}, tied, rows), ({}, tied, rows[:1]),
        ({"modules_to_save": ["embed_tokens"]}, tied, rows[:1]), ({"modules_to_save": ["lm_head"]}, tied, embedding + rows[1:]),
        ({"ensure_weight_tying": True}, tied, rows), ({"rank_pattern": {f"m{i}": 1 for i in range(3000)}}, model, mlp),
    ):
        yield b"\0".join([json.dumps({**config, **changed}).encode(), json.dumps(base).encode(), safetensors(tensors)])


def recipes():
    yield b"""merge_method: slerp
base_model: a
slices:
- sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [1, 3]}]
  parameters: {t: [{filter: mlp, value: [0, 1]}, {value: 0.5}]}
- sources: [{model: a, layer_range: [2, 3]}, {model: b, layer_range: [2, 3]}]
  base_model: b
parameters: {t: 0.3}
chat_template: chatml
"""
    yield b"""name: half
merge_method: della
base_model: base
models: [{model: a, parameters: {weight: 1, density: 0.5, epsilon: 0.1}}, {model: b, parameters: {weight: 0.2, density: 0.6}}]
parameters: {rescale_norm: l1, lambda: 0.5}
---
merge_method: nuslerp
modules:
  model: {models: [{model: half, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}], parameters: {nuslerp_flatten: false}}
  default: {slices: [{sources: [{model: half, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}], parameters: {weight: 1}}]}
tokenizer:
  source: union
  tokens:
    x: {source: {kind: zero}, force: true}
    y: {source: {kind: model_token, model: b, token_id: 3}}
    z: {source: b}
out_dtype: float16
"""
    for method, more in (("sce", "select_topk: 0.5"), ("karcher", "max_iter: 3"), ("model_stock", "filter_wise: true"),
                         ("breadcrumbs_ties", "weight: 1, density: 0.4, gamma: 0.2"), ("multislerp", "weight: 1"), ("ramplus_tl", "r: 1"),
                         ("arcee_fusion", ""), ("nearswap", "t: 0.1"), ("passthrough", "")):
        models = ["a"] if method in ("arcee_fusion", "nearswap", "passthrough") else ["a", "b"]
        base = "" if method in ("karcher", "passthrough") else "base_model: base\n"
        listed = ", ".join(f"{{model: {name}}}" for name in models)
        yield f"merge_method: {method}\n{base}models: [{listed}]\nparameters: {{{more}}}\n".encode()
    yield b"""base_model: base
merge_method: dare_ties
models:
- {model: a, parameters: {weight: [0, 0.5, 1], density: 0.5}}
- model: b
  parameters:
    weight:
    - {filter: lm_head, value: 0}
    - value: &w [1.0, .5]
    density: 1e-1
parameters: {normalize: true, rescale: false, int8_mask: yes}
tokenizer: {source: a, pad_to_multiple_of: 8}
dtype: bfloat16
"""
    yield b"merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\ntokenizer_source: base\nout_dtype: float16\n"


def samples():
    yield b'{"id": 1, "images": ["a.png"], "prompt": "What?", "responses": ["x", "y"]}'
    yield b'{"id": "q", "prompt": "\\u00e9 \\ud83d\\ude00", "responses": []}'
    yield b'{"id": 1, "messages": [{"role": "user", "content": [{"type": "image", "image": "a"}]}], "responses": ["b"]}'
    yield b"""{"id": null, "images": ["b"], "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
 {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "image"}]}, {"role": "assistant", "content": "a"}]}"""


def tokenizers():
    """The shapes of Llama 3, GPT-2, Qwen 2 and Llama 2, with few tokens; some with a text to encode."""
    world = json.loads((WORLD / "vlm/tokenizer.json").read_text())
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
    for number, shape in enumerate((llama3, gpt2, qwen2, llama2)):
        text = json.dumps(shape, ensure_ascii=number % 2 == 0).encode()
        yield text
        yield text + "\0The\tété 12345 <s><|begin_of_text|>  日本 😀\r\n".encode()


def vocabulary(*lists):
    return {token: number for number, token in enumerate(dict.fromkeys(token for tokens in lists for token in tokens))}


GENERATED = {
    "arrow": table_seeds.arrow_files, "json_lines": table_seeds.json_lines, "parquet": table_seeds.parquet_files,
    "journal": output_seeds.journals, "lmms_eval_log": output_seeds.lmms_eval_logs, "manifest": output_seeds.manifests,
    "results": output_seeds.results,
    "adapter": adapters, "checkpoint": checkpoints, "recipe": recipes, "sample": samples, "tokenizer": tokenizers,
}
