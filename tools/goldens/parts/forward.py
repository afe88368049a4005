"""reference/forward.*: what the VLM computes in float32, stage by stage."""

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoProcessor, MllamaForConditionalGeneration

from parts.place import write_json

USER, ASSISTANT = ("<|start_header_id|>" + role + "<|end_header_id|>\n\n" for role in ("user", "assistant"))
SAMPLES = {
    "one_image": (
        ["rgb_wide.png"],
        f"<|image|>What is in the picture? Answer briefly.<|eot_id|>{ASSISTANT}A pattern of stripes.<|eot_id|>",
    ),
    "two_images": (["rgb_wide.png", "rgb_small.png"], f"<|image|><|image|>Compare them.<|eot_id|>{ASSISTANT}"),
    "two_images_apart": (
        ["rgb_wide.png", "rgb_small.png"],
        f"First <|image|> and second <|image|> differ?<|eot_id|>{ASSISTANT}",
    ),
}
# Without an image, its token is one like any other.
TEXT_ONLY = f"<|image|><|begin_of_text|>{USER}How many?<|eot_id|>{ASSISTANT}Eight."
SEEN = ["rgb_wide.png", "rgb_small.png", "rgb_tall.webp", "rgb_2x2_exact.png"]


def make(place):
    folder = place.made(place.models("vlm"), "models")
    images = place.made(place.reference("pixel_values.safetensors"), "images").parent / "images"
    model = MllamaForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager"
    ).eval()
    processor = AutoProcessor.from_pretrained(folder)
    torch.set_num_threads(1)
    tensors, samples = {}, {}
    with torch.no_grad():
        for name in SEEN:
            tensors |= vision(model, processor, Image.open(images / name), f"vision|{name}", name == SEEN[0])
        for name, (files, text) in SAMPLES.items():
            samples[name] = {"images": files, "text": f"<|begin_of_text|>{USER}{text}"}
            opened = [Image.open(images / file) for file in files]
            tensors |= decoder(model, processor, samples[name]["text"], opened, name)
        tensors |= decoder(model, processor, TEXT_ONLY, None, "text_only")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, place.reference("forward.safetensors"))
    write_json(place.reference("forward.json"), {"samples": samples}, lines=2)


def vision(model, processor, image, key, with_states):
    inputs = processor.image_processor(image, return_tensors="pt")
    inputs.pop("num_tiles")
    out = model.vision_model(**inputs, output_hidden_states=True)
    last = out.last_hidden_state
    tensors = {f"{key}|last_hidden_state": last, f"{key}|projected": model.multi_modal_projector(last)}
    if with_states:
        tensors |= {
            f"{key}|hidden_{i}": state.reshape(1, -1, state.shape[-1]) for i, state in enumerate(out.hidden_states)
        }
    return tensors


def decoder(model, processor, text, images, name):
    given = {"text": text, "add_special_tokens": False, "return_tensors": "pt"}
    # The processor counts images and their tokens; the tokenizer does not.
    inputs = processor(images=images, **given) if images else processor.tokenizer(**given)
    out = model(**inputs, output_hidden_states=True)
    kept = ("input_ids", "aspect_ratio_ids", "aspect_ratio_mask", "cross_attention_mask")
    tensors = {f"{name}|{key}": inputs[key] for key in kept if key in inputs}
    if images and len(images) > 1:
        return tensors | {f"{name}|logits_last4": out.logits[0, -4:]}
    tensors[f"{name}|logits"] = out.logits[0]
    if images:
        tensors |= {f"{name}|hidden_{i}": state for i, state in enumerate(out.hidden_states)}
    return tensors
