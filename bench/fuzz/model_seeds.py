"""Files of models: weights, adapters, configs, chat templates."""

import json


def safetensors(tensors):
    """tensors: (name, dtype, shape, bytes) in the order of their data."""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, shape, size in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(number % 256 for number in range(offset))


def checkpoints():
    one = safetensors([("a", "F32", [2], 8)])
    several = safetensors([("a.weight", "BF16", [2, 3], 12), ("b", "F16", [1], 2), ("c", "I64", [1], 8), ("d", "F32", [], 4)])
    index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model.safetensors"}}
    yield from (one, several, safetensors([("empty", "F32", [0, 4], 0)]))
    yield json.dumps(index).encode() + b"\0" + one
    index["weight_map"] = dict.fromkeys(["a.weight", "b", "c", "d"], "model.safetensors")
    yield json.dumps(index).encode() + b"\0" + several
    yield safetensors([(f"t{number}", "U8", [1], 1) for number in range(300)])
    index["weight_map"] = {f"t{number}": f"model-{number:05}-of-01000.safetensors" for number in range(300)}
    yield json.dumps(index).encode() + b"\0" + one
    yield b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 100\n"


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
        ({"modules_to_save": ["embed_tokens"]}, tied, [(rows[0][0], "F32", [6, 2], 48)]), ({"modules_to_save": ["lm_head"]}, tied, embedding + rows[1:]),
        ({"ensure_weight_tying": True}, tied, rows), ({"rank_pattern": {f"m{i}": 1 for i in range(400)}}, model, mlp),
    ):
        yield b"\0".join([json.dumps({**config, **changed}).encode(), json.dumps(base).encode(), safetensors(tensors)])


def configs():
    """As transformers 5 writes them, and reward models as trainers leave them."""
    rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192}
    text = {"model_type": "llama", "dtype": "float32", "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 296, "rms_norm_eps": 1e-05,
            "hidden_act": "silu", "max_position_embeddings": 131072, "tie_word_embeddings": False, "rope_parameters": rope}
    yield json.dumps({**text, "architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "LABEL_0"}, "pad_token_id": 288}).encode()
    yield json.dumps({**text, "architectures": ["LlamaForCausalLM"], "rope_parameters": None, "rope_scaling": rope, "num_labels": 1}).encode()
    yield json.dumps({**text, "architectures": ["RewardModel"], **{f"key {number}": number for number in range(400)}}).encode()
    for kind, rate in (("linear", {"factor": 2.0}), ("dynamic", {"factor": 2.0}), ("yarn", {"factor": 4.0, "beta_fast": 32}), ("default", {})):
        yield json.dumps({**text, "model_type": "qwen2", "rope_parameters": {"rope_type": kind, "rope_theta": 1e4, **rate}}).encode()


def templates():
    """Little that would cost much: searches, text that is doubled, loops over it."""
    yield b"{{ ('a' * 1000000).count('a' * 500000 ~ 'b') }}"
    yield b"{{ ('a' * 100000).strip('b' * 100000 ~ 'a') }}"
    yield b"{% set s = '1' * 1000 %}{% for i in range(1000) %}{% set x = s | float %}{% endfor %}"
    yield b"{% set x = 'a' * 1000000 %}{% for i in range(100) %}{{ x }}{% endfor %}"
    yield b"{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}"
    yield b"{% for i in range(99) %}{{ ('a' * 9999).replace('a', 'bc').split('b') | join | length }}{% endfor %}"
    yield b"{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}"
    yield b"{{ x }}\0" + json.dumps({"x": "a", **{f"key {number}": number for number in range(400)}}).encode()
