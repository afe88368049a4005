"""The three architectures: the base Llama, the VLM around it (Mllama), the text reward model on top of it."""

import torch
from images import TILE
from tokenizer import ROWS_MULTIPLE
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    MllamaConfig,
    MllamaForConditionalGeneration,
)
from transformers.models.mllama.configuration_mllama import MllamaTextConfig, MllamaVisionConfig

HIDDEN = 64
LAYERS = 6
CROSS_ATTENTION_LAYERS = (1, 3)
TEXT_SHAPE = {
    "hidden_size": HIDDEN,
    "intermediate_size": 192,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_theta": 500000.0,
    "rms_norm_eps": 1e-5,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
}
ROPE_SCALING = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def base(tokenizer):
    model = LlamaForCausalLM(_llama_config(tokenizer, tokenizer.get_vocab_size()))
    _initialise(model)
    _let_equal_words_meet(model)
    return model


def reward_model(base_model, tokenizer):
    """The base with a head of one value, and rows for its own pad token."""
    config = _llama_config(tokenizer, base_model.config.vocab_size + ROWS_MULTIPLE)
    config.num_labels = 1
    config.use_cache = False
    config.pad_token_id = tokenizer.token_to_id("<pad>")
    model = LlamaForSequenceClassification(config)
    _initialise(model)
    _copy_backbone(base_model.model, model.model, range(LAYERS))
    with torch.no_grad():
        model.score.weight.zero_()
    return model


def vlm(base_model, tokenizer):
    """The base as the text layers of an Mllama; vision tower, projector and cross-attention are new."""
    rows = base_model.config.vocab_size
    text = MllamaTextConfig(
        **TEXT_SHAPE,
        rope_scaling=dict(ROPE_SCALING),
        vocab_size=rows,
        num_hidden_layers=LAYERS + len(CROSS_ATTENTION_LAYERS),
        cross_attention_layers=list(CROSS_ATTENTION_LAYERS),
        bos_token_id=tokenizer.token_to_id("<|begin_of_text|>"),
        eos_token_id=_ends(tokenizer),
        pad_token_id=tokenizer.token_to_id("<|finetune_right_pad_id|>"),
    )
    vision = MllamaVisionConfig(
        hidden_size=64,
        intermediate_size=128,
        attention_heads=4,
        num_hidden_layers=3,
        num_global_layers=1,
        intermediate_layers_indices=[1, 2],
        vision_output_dim=64 * 3,
        image_size=TILE,
        patch_size=14,
        max_num_tiles=1,
        supported_aspect_ratios=[[1, 1]],
    )
    model = MllamaForConditionalGeneration(
        MllamaConfig(text_config=text, vision_config=vision, image_token_index=tokenizer.token_to_id("<|image|>"))
    )
    _initialise(model)
    _copy_backbone(base_model.model, model.language_model.model, text_layers())
    with torch.no_grad():
        model.language_model.lm_head.weight.copy_(base_model.lm_head.weight)
        for name, parameter in model.named_parameters():
            if name.endswith(("cross_attn_attn_gate", "cross_attn_mlp_gate", "gate_attn", "gate_ffn")):
                parameter.fill_(0.5)
    return model


def text_layers():
    """For each layer of the base, the index of the VLM's layer that stands for it."""
    total = LAYERS + len(CROSS_ATTENTION_LAYERS)
    return [index for index in range(total) if index not in CROSS_ATTENTION_LAYERS]


def generation_config(tokenizer, end):
    config = {"bos_token_id": tokenizer.token_to_id("<|begin_of_text|>"), "eos_token_id": end}
    return config | {"do_sample": False, "transformers_version": "4.47.1"}


def _llama_config(tokenizer, rows):
    return LlamaConfig(
        **TEXT_SHAPE,
        rope_scaling=dict(ROPE_SCALING),
        vocab_size=rows,
        num_hidden_layers=LAYERS,
        bos_token_id=tokenizer.token_to_id("<|begin_of_text|>"),
        eos_token_id=tokenizer.token_to_id("<|end_of_text|>"),
    )


def _ends(tokenizer):
    return [tokenizer.token_to_id(token) for token in ("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")]


def _initialise(model):
    """Embeddings with deviation 0.5, matrices with 1/√(inputs): the default of transformers is far slower to learn."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embed_tokens" in name:
                parameter.normal_(0, 0.5)
            elif parameter.dim() >= 2 and "embedding" not in name:
                parameter.normal_(0, parameter[0].numel() ** -0.5)
            elif "patch_embedding" in name:
                parameter.normal_(0, parameter[0].numel() ** -0.5)


def _let_equal_words_meet(model):
    """Queries start as their keys, so that words attend to the same words: a start for comparing texts."""
    with torch.no_grad():
        for layer in model.model.layers:
            keys = layer.self_attn.k_proj.weight.view(TEXT_SHAPE["num_key_value_heads"], -1, HIDDEN)
            copies = TEXT_SHAPE["num_attention_heads"] // TEXT_SHAPE["num_key_value_heads"]
            layer.self_attn.q_proj.weight.copy_(keys.repeat_interleave(copies, dim=0).flatten(0, 1))


def _copy_backbone(source, target, layers):
    with torch.no_grad():
        rows = source.embed_tokens.weight.shape[0]
        target.embed_tokens.weight[:rows] = source.embed_tokens.weight
        target.norm.load_state_dict(source.norm.state_dict())
    for layer, index in zip(source.layers, layers, strict=True):
        target.layers[index].load_state_dict(layer.state_dict())
