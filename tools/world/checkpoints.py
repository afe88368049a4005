"""Saves the three models as the hub would serve them, weights in bfloat16."""

import copy

import images
import models
import torch
from tokenizer import RM_TEMPLATE, VLM_TEMPLATE, save, with_token, write_json

PREPROCESSOR = {
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_pad": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": list(images.MEAN),
    "image_processor_type": "MllamaImageProcessor",
    "image_std": list(images.DEVIATION),
    "max_image_tiles": 1,
    "processor_class": "MllamaProcessor",
    "resample": 2,
    "rescale_factor": 1 / 255,
    "size": {"height": images.TILE, "width": images.TILE},
}


def round_weights(model):
    """Rounds to what bfloat16 can hold: what is trained from here on starts from the very weights that are saved."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.bfloat16().float())


def save_base(model, tokenizer, directory):
    _save(model, directory, models.generation_config(tokenizer, model.config.eos_token_id))
    save(tokenizer, directory, end="<|end_of_text|>")


def save_vlm(model, tokenizer, directory):
    ends = model.config.text_config.eos_token_id
    pad = model.config.text_config.pad_token_id
    _save(model, directory, models.generation_config(tokenizer, ends) | {"pad_token_id": pad})
    save(tokenizer, directory, end="<|eot_id|>", pad="<|finetune_right_pad_id|>", template=VLM_TEMPLATE)
    write_json(directory / "preprocessor_config.json", PREPROCESSOR)
    write_json(directory / "chat_template.json", {"chat_template": VLM_TEMPLATE})


def save_rm(model, tokenizer, directory):
    end, pad = model.config.eos_token_id, model.config.pad_token_id
    _save(model, directory, models.generation_config(tokenizer, end) | {"pad_token_id": pad})
    save(tokenizer, directory, end="<|eot_id|>", pad="<pad>", template=RM_TEMPLATE)


def tokenizers_of(tokenizer):
    """The VLM's and the reward model's tokenizers: the base's and one token more, both in the same row."""
    return with_token(tokenizer, "<|image|>"), with_token(tokenizer, "<pad>")


def _save(model, directory, generation_config):
    copy.deepcopy(model).bfloat16().save_pretrained(directory, safe_serialization=True)
    (directory / "model.safetensors").chmod(0o644)
    write_json(directory / "generation_config.json", generation_config)
