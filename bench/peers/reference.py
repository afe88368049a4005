"""The reference's steps on transformers, each a process of its own so that its cost can be measured:

extract-vlm VLM INSTRUCT OUT   the VLM's text layers in the shape of a Llama
extract-rm  RM INSTRUCT OUT    the reward model's backbone with the instruct model's lm_head
map         TEXT VLM RM OUT    the merged text model and the score head back into the VLM
score       MODEL IMAGE PROMPT RESPONSE …   one forward a response
"""

import json
import sys
import time

import torch
from chat import about_image
from mllama_reward import MllamaRewardModel
from PIL import Image
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoProcessor,
    AutoTokenizer,
    MllamaForConditionalGeneration,
)


def vlm_layer_of(text_layer, cross_attention_layers):
    """The VLM's index of the text layer-th layer that is no cross-attention layer."""
    for cross in sorted(cross_attention_layers):
        text_layer += text_layer >= cross
    return text_layer


def vlm_name(name, cross_attention_layers):
    parts = name.split(".")
    if parts[:2] == ["model", "layers"]:
        parts[2] = str(vlm_layer_of(int(parts[2]), cross_attention_layers))
    return "language_model." + ".".join(parts)


def load(kind, path, **options):
    return kind.from_pretrained(path, torch_dtype=torch.float32, **options)


def extract_vlm(vlm_path, instruct_path, out):
    vlm = load(MllamaForConditionalGeneration, vlm_path)
    text = load(AutoModelForCausalLM, instruct_path)
    text.resize_token_embeddings(vlm.get_input_embeddings().num_embeddings)
    source, target = vlm.state_dict(), text.state_dict()
    cross = vlm.config.text_config.cross_attention_layers
    for name in target:
        tensor = source[vlm_name(name, cross)]
        if name == "lm_head.weight":
            target[name][: tensor.shape[0]] = tensor
        else:
            target[name] = tensor
    text.load_state_dict(target)
    text.save_pretrained(out)
    AutoTokenizer.from_pretrained(vlm_path).save_pretrained(out)


def extract_rm(rm_path, instruct_path, out):
    rm = load(AutoModelForSequenceClassification, rm_path)
    text = load(AutoModelForCausalLM, instruct_path)
    text.resize_token_embeddings(rm.get_input_embeddings().num_embeddings)
    source, target = rm.state_dict(), text.state_dict()
    target.update({name: source[name] for name in target if name != "lm_head.weight"})
    text.load_state_dict(target)
    text.save_pretrained(out)
    AutoTokenizer.from_pretrained(rm_path).save_pretrained(out)


def map_back(text_path, vlm_path, rm_path, out):
    text = load(AutoModelForCausalLM, text_path)
    vlrm = load(MllamaRewardModel, vlm_path)
    target = vlrm.state_dict()
    cross = vlrm.config.text_config.cross_attention_layers
    for name, tensor in text.state_dict().items():
        if name != "lm_head.weight":
            target[vlm_name(name, cross)] = tensor
    vlrm.load_state_dict(target)
    vlrm.score = load(AutoModelForSequenceClassification, rm_path).score
    vlrm.save_pretrained(out)
    AutoProcessor.from_pretrained(vlm_path).save_pretrained(out)
    AutoTokenizer.from_pretrained(text_path).save_pretrained(out)


def score(model_path, image_path, prompt, *responses):
    model = load(MllamaRewardModel, model_path).eval()
    processor = AutoProcessor.from_pretrained(model_path)
    image = Image.open(image_path)
    start = time.monotonic()
    rewards, tokens = [], []
    for response in responses:
        text = processor.apply_chat_template(about_image(prompt, response), add_generation_prompt=False)
        inputs = processor(text=text, images=image, add_special_tokens=False, return_tensors="pt")
        tokens.append(inputs["input_ids"].shape[1])
        rewards.append(model.reward(**inputs))
    print(json.dumps({"rewards": rewards, "tokens": tokens, "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    steps = {"extract-vlm": extract_vlm, "extract-rm": extract_rm, "map": map_back, "score": score}
    steps[sys.argv[1]](*sys.argv[2:])
