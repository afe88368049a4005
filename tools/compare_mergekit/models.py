"""Random small models of several architectures, as a base and models tuned from it."""

import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

VOCABULARY = 96
SMALL = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=4,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64)

CONFIGS = {
    "llama": lambda: transformers.LlamaConfig(**SMALL),
    "qwen2": lambda: transformers.Qwen2Config(**SMALL, tie_word_embeddings=True),
    "mistral": lambda: transformers.MistralConfig(**SMALL),
    "gemma2": lambda: transformers.Gemma2Config(**SMALL, head_dim=8),
    "phi3": lambda: transformers.Phi3Config(**SMALL, pad_token_id=0),
    "mixtral": lambda: transformers.MixtralConfig(**SMALL, num_local_experts=2, num_experts_per_tok=1),
    "gpt_neox": lambda: transformers.GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
        max_position_embeddings=64),
}


def tokenizer(tokens):
    """A tokenizer with just these tokens: whole words, so that no merges are needed."""
    vocabulary = {token: i for i, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=tokens[0]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token=tokens[0])


def names(count, first=0):
    return ["<unk>"] + [f"t{i:03}" for i in range(first, first + count - 1)]


def write_model(directory: Path, architecture, seed, base=None, dtype=torch.float32, tokens=None, spread=0.01, layers=None):
    """Random weights; with a base, its weights and noise. Some differences are 0, as after tuning in bfloat16."""
    config = CONFIGS[architecture]()
    if tokens is not None:
        config.vocab_size = len(tokens)
    if layers is not None:
        config.num_hidden_layers = layers
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in state.items():
        noise = torch.randn(tensor.shape, generator=generator)
        state[name] = 0.1 * noise if base is None else moved(base[name], spread * noise, generator)
    directory.mkdir(parents=True)
    saved = {name: tensor.to(dtype).contiguous() for name, tensor in state.items()}
    if architecture == "gpt_neox":
        saved.update(buffers(config))
    save_file(saved, directory / "model.safetensors", metadata={"format": "pt"})
    config.architectures = [type(model).__name__]
    config.dtype = str(dtype).removeprefix("torch.")
    (directory / "config.json").write_text(json.dumps(config.to_dict(), indent=2, default=str))
    tokenizer(tokens or names(VOCABULARY)).save_pretrained(directory)
    return state


def buffers(config):
    """What checkpoints of GPT-NeoX hold beside weights, and mergekit asks for."""
    made = {}
    for layer in range(config.num_hidden_layers):
        prefix = f"gpt_neox.layers.{layer}.attention."
        made[prefix + "bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool).tril()
        made[prefix + "masked_bias"] = torch.tensor(-1e9)
        made[prefix + "rotary_emb.inv_freq"] = torch.tensor([1.0, 0.1])
    return made


def write_vocabularies(folder):
    """A base, and two models that lack some of its tokens, have some of their own, and order the others otherwise."""
    base = write_model(folder / "base", "llama", 0, tokens=names(60))
    write_model(folder / "m1", "llama", 1, base, tokens=names(50) + names(11, 200)[1:])
    write_model(folder / "m2", "llama", 2, base, tokens=["<unk>"] + names(56)[:0:-1] + names(6, 205)[1:])


def moved(base, noise, generator):
    rows = min(base.shape[0], noise.shape[0])
    noise[torch.rand(noise.shape, generator=generator) < 0.2] = 0
    noise[:rows] += base[:rows]
    return noise
