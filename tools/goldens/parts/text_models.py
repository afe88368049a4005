"""reference/text_models_VERSION.json: configs as that transformers saves them, and what it computes with random models.

The weights are not kept: tools/random_checkpoint.py makes the same ones again from the arguments that a case records.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from parts.place import write_json

GENERATOR = Path(__file__).resolve().parents[2] / "random_checkpoint.py"
SIZES = {
    "plain": "--hidden 48 --layers 3 --intermediate 80 --heads 6 --kv-heads 2 --vocabulary 640 --seed 1",
    "tied": "--hidden 32 --layers 2 --intermediate 72 --heads 4 --kv-heads 4 --vocabulary 600 --tied --seed 2",
    "wide": "--hidden 32 --layers 2 --intermediate 40 --heads 4 --kv-heads 1 --head-size 24 --vocabulary 640 --seed 3",
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
# By name: family, shape, more arguments, and what its configs say otherwise. Prompts have some 60 tokens.
CASES = {
    **{f"{family}_{size}": (family, size, "", {}) for family in ("llama", "qwen2", "qwen3") for size in SIZES},
    "mistral": ("mistral", "wide", "", {}),
    "llama_biases": ("llama", "plain", "--attention-bias", {}),
    "qwen3_biases": ("qwen3", "wide", "--attention-bias", {}),
    "llama_linear": ("llama", "plain", "", {"rope_scaling": {"rope_type": "linear", "factor": 3.0}}),
    "llama3": (
        "llama",
        "wide",
        "",
        {
            "rope_theta": 40.0,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        },
    ),
    "qwen2_yarn": ("qwen2", "plain", "", {"max_position_embeddings": 128, "rope_theta": 100.0, "rope_scaling": YARN}),
    "qwen3_yarn": (
        "qwen3",
        "wide",
        "",
        {
            "max_position_embeddings": 128,
            "rope_theta": 100.0,
            "rope_scaling": {
                **YARN,
                "beta_fast": 8.0,
                "beta_slow": 2.0,
                "mscale": 1.4,
                "mscale_all_dim": 0.6,
                "truncate": False,
            },
        },
    ),
    "llama_yarn": (
        "llama",
        "tied",
        "",
        {"max_position_embeddings": 128, "rope_theta": 300.0, "rope_scaling": {**YARN, "attention_factor": 1.3}},
    ),
    "qwen2_dynamic": (
        "qwen2",
        "wide",
        "",
        {"max_position_embeddings": 48, "rope_scaling": {"rope_type": "dynamic", "factor": 2.5}},
    ),
    "qwen3_dynamic_within": (
        "qwen3",
        "plain",
        "",
        {"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
    ),
}
PROMPT = "What is shown here, and how many things are there? Say so in a few words."
RESPONSES = ["Three stripes and one box.", "I cannot see anything at all here, and so I will not say how many.", "No"]
NEW_TOKENS = 24


def make(place):
    torch.set_num_threads(1)
    found = {"prompt": PROMPT, "responses": RESPONSES, "cases": {}}
    for name in CASES:
        with tempfile.TemporaryDirectory() as folder:
            found["cases"][name] = computed(Path(folder), *CASES[name])
    major = transformers.__version__.split(".")[0]
    write_json(place.reference(f"text_models_{major}.json"), found, lines=3)


def computed(folder, family, size, more, changes):
    arguments = ["--family", family, "--cross-attention-layers", *SIZES[size].split(), *more.split()]
    subprocess.run([sys.executable, GENERATOR, folder, *arguments], check=True, stdout=subprocess.DEVNULL)
    for model in ("base", "rm"):
        path = folder / model / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    base = AutoModelForCausalLM.from_pretrained(
        folder / "base", dtype=torch.float32, attn_implementation="eager"
    ).eval()
    rm = AutoModelForSequenceClassification.from_pretrained(
        folder / "rm", dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer, reward_tokenizer = (AutoTokenizer.from_pretrained(folder / model) for model in ("base", "rm"))
    tokenizer.chat_template = reward_tokenizer.chat_template  # the generator gives bases none
    return {
        "arguments": arguments,
        "base": saved_config(base, folder / "saved_base"),
        "rm": saved_config(rm, folder / "saved_rm"),
        "scores": [rewarded(fresh(rm), tokens(reward_tokenizer, response)) for response in RESPONSES],
        "likelihoods": [
            likelihood(fresh(base), tokens(tokenizer), tokens(tokenizer, response)) for response in RESPONSES
        ],
        "greedy": greedy(fresh(base), tokens(tokenizer)),
    }


def saved_config(model, folder):
    model.save_pretrained(folder)
    return json.loads((folder / "config.json").read_text())


def fresh(model):
    """A dynamic rope remembers the longest text that it has seen."""
    rope = model.model.rotary_emb
    rope.register_buffer("inv_freq", rope.original_inv_freq.clone(), persistent=False)
    rope.max_seq_len_cached = rope.original_max_seq_len
    return model


def tokens(tokenizer, response=None):
    """Of the conversation with a response, or up to where the assistant begins."""
    messages = [{"role": "user", "content": PROMPT}]
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=response is None, tokenize=False)
    return tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids


def rewarded(model, ids):
    with torch.no_grad():
        return model(ids).logits.item()


def likelihood(model, prompt, ids):
    with torch.no_grad():
        logits = model(ids).logits[0].double().log_softmax(-1)
    first = prompt.shape[1]
    assert ids[0, :first].tolist() == prompt[0].tolist()
    return sum(logits[at - 1, ids[0, at]].item() for at in range(first, ids.shape[1]))


def greedy(model, prompt):
    with torch.no_grad():
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=NEW_TOKENS)
    return out[0, prompt.shape[1] :].tolist()
