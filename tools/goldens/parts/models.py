"""models/: four random checkpoints of true architecture and key names, in bfloat16 and in shards.

Weights come from numpy's PCG64, so that a seed gives the same bytes on any machine. The base is drawn; the instruct
model, the VLM's text part and the RM are the base plus small differences, as fine-tuned models are.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    MllamaConfig,
    MllamaForConditionalGeneration,
    MllamaImageProcessor,
    MllamaProcessor,
    PreTrainedTokenizerFast,
)

from parts import vocabulary

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
LAYERS, CROSS_ATTENTION = 4, [1, 4]  # of the text models; of the VLM, whose layers count these too
HIDDEN, INTERMEDIATE, HEADS, KV_HEADS = 32, 64, 4, 2
TILE, SHARD = 28, "60KB"
ROPE = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
    "rope_type": "llama3",
}
ENDS = [vocabulary.EOS, vocabulary.EOM, vocabulary.EOT]
APART = 0.06  # how far the fine-tuned models are from the base, as a share of what is drawn


def make(place):
    base = Llama(seed=1)
    save_llama(place.models("base"), base.model, tokenizer(eos=1), generation())
    instruct = base.changed(seed=2, eos_token_id=ENDS)
    save_llama(place.models("base_instruct"), instruct.model, tokenizer(eos=9, template="vision"), generation(ENDS))
    rewards = reward_model(base, seed=3)
    text = tokenizer(eos=1, template="reward", pad="<pad>", extra=("<pad>",))
    save_llama(place.models("rm"), rewards, text, generation(pad_token_id=vocabulary.SIZE))
    save_vlm(place.models("vlm"), vision_language_model(base, seed=4))


def drawn(rng, name, shape):
    """What a tensor of such a name looks like in a trained model, in bfloat16."""
    values = rng.standard_normal(shape)
    if name.endswith("gate") or "_gate" in name.rsplit(".", 1)[-1]:
        values = np.sign(values) * (0.5 + 0.4 * rng.random(shape))
    elif "norm" in name and name.endswith("weight"):
        values = 1 + 0.1 * values
    elif name.endswith("bias"):
        values = 0.05 * values
    elif "embed_tokens" in name:
        values = 0.05 * values
    elif "embedding" in name and "patch_embedding" not in name:
        values = 0.3 * values
    else:
        values = values / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(values).to(torch.bfloat16)


def fill(model, seed):
    rng = np.random.default_rng(seed)
    for name, tensor in sorted(model.state_dict().items()):
        tensor.copy_(drawn(rng, name, tuple(tensor.shape)))


def fill_near(model, origin, seed):
    """`origin` gives the base's tensor for a name, or None, with which the tensor is drawn alone."""
    rng = np.random.default_rng(seed)
    for name, tensor in sorted(model.state_dict().items()):
        difference, near = drawn(rng, name, tuple(tensor.shape)).float(), origin(name)
        if near is not None:
            mean = 1 if "norm" in name else 0
            difference = APART * (difference - mean)
            difference[: near.shape[0]] += near.float()
        tensor.copy_(difference.to(torch.bfloat16))


def llama_config(**more):
    return LlamaConfig(
        **{
            "vocab_size": vocabulary.SIZE,
            "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "max_position_embeddings": 131072,
            "rms_norm_eps": 1e-5,
            "rope_theta": 500000.0,
            "rope_scaling": ROPE,
            "bos_token_id": vocabulary.BOS,
            "eos_token_id": vocabulary.EOS,
            "tie_word_embeddings": False,
            "torch_dtype": torch.bfloat16,
            **more,
        }
    )


class Llama:
    """A text model with its weights."""

    def __init__(self, seed=None, **more):
        self.model = AutoModelForCausalLM.from_config(llama_config(**more), torch_dtype=torch.bfloat16)
        if seed is not None:
            fill(self.model, seed)

    def changed(self, seed, **more):
        other = Llama(**more)
        fill_near(other.model, self.model.state_dict().get, seed)
        return other


def reward_model(base, seed):
    """A vocabulary of its own: <pad> where the VLM has <|image|>, rounded up to a multiple of 8."""
    config = llama_config(vocab_size=vocabulary.SIZE + 8, pad_token_id=vocabulary.SIZE, num_labels=1, use_cache=False)
    model = AutoModelForSequenceClassification.from_config(config, torch_dtype=torch.bfloat16)
    fill_near(model, base.model.state_dict().get, seed)
    return model


def vision_language_model(base, seed):
    text = {
        "vocab_size": vocabulary.SIZE,
        "hidden_size": HIDDEN,
        "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS + len(CROSS_ATTENTION),
        "cross_attention_layers": CROSS_ATTENTION,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "rope_scaling": ROPE,
        "bos_token_id": vocabulary.BOS,
        "eos_token_id": ENDS,
        "pad_token_id": vocabulary.PAD_RIGHT,
        "torch_dtype": "bfloat16",
    }
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 3,
        "num_global_layers": 2,
        "attention_heads": 2,
        "image_size": TILE,
        "intermediate_layers_indices": [0, 2],
        "vision_output_dim": 48,
        "torch_dtype": "bfloat16",
    }
    config = MllamaConfig(
        text_config=text, vision_config=vision, image_token_index=vocabulary.SIZE, torch_dtype=torch.bfloat16
    )
    model = MllamaForConditionalGeneration._from_config(config, torch_dtype=torch.bfloat16)
    own = [layer for layer in range(LAYERS + len(CROSS_ATTENTION)) if layer not in CROSS_ATTENTION]
    names = {f"language_model.{in_vlm(name, own)}": tensor for name, tensor in base.model.state_dict().items()}
    fill_near(model, names.get, seed)
    return model


def in_vlm(name, own):
    if not name.startswith("model.layers."):
        return name
    _, _, layer, rest = name.split(".", 3)
    return f"model.layers.{own[int(layer)]}.{rest}"


def tokenizer(eos, vision=False, template=None, pad=None, extra=()):
    made = vocabulary.tokenizer(vision, extra)
    names = vocabulary.special_tokens(vision)
    options = {
        "bos_token": names[0],
        "eos_token": names[eos],
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": 131072,
        "clean_up_tokenization_spaces": True,
    }
    if pad:
        options["pad_token"] = pad
    if template:
        options["chat_template"] = (TEMPLATES / f"{template}.jinja").read_text()
    return PreTrainedTokenizerFast(tokenizer_object=made, **options)


def generation(ends=vocabulary.EOS, **more):
    return GenerationConfig(
        bos_token_id=vocabulary.BOS, eos_token_id=ends, do_sample=True, temperature=0.6, top_p=0.9, **more
    )


def save_llama(folder, model, text, generation_config):
    model.save_pretrained(folder, max_shard_size=SHARD)
    generation_config.save_pretrained(folder)
    text.save_pretrained(folder)
    save_again(folder)


def save_again(folder):
    """As published tokenizers are: special tokens as objects, which a tokenizer that was loaded writes."""
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)


def save_vlm(folder, model):
    model.generation_config = generation(ENDS, pad_token_id=vocabulary.PAD_RIGHT)
    model.save_pretrained(folder, max_shard_size=SHARD)
    text = tokenizer(eos=9, vision=True, template="vision", pad="<|finetune_right_pad_id|>", extra=("<|image|>",))
    images = MllamaImageProcessor(size={"height": TILE, "width": TILE}, max_image_tiles=4)
    processor = MllamaProcessor(images, text)
    processor.chat_template = text.chat_template
    processor.save_pretrained(folder)
    save_again(folder)
