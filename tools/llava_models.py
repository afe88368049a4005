"""What random_checkpoint.py writes of LLaVA-NeXT and LLaVA-OneVision: tensors and configs of their vision encoders."""

from collections import namedtuple

# The text's family; where its tensors are; whether the tower is CLIP's, else it is SigLIP's.
Family = namedtuple("Family", "name text text_tensors clip")

FAMILIES = {
    "llava_next": Family("LlavaNext", "llama", "language_model.model.", True),
    "llava_next_mistral": Family("LlavaNext", "mistral", "language_model.model.", True),
    "llava_onevision": Family("LlavaOnevision", "qwen2", "language_model.model.", False),
}
TEXTS = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}
AROUND = None  # no tokens around an image
MOST_TILES = 2  # whose tokens a OneVision's images are shrunk to


def biased(name, shape):
    yield name + ".weight", shape
    yield name + ".bias", shape[:1]


def tensors(s):
    visual, width, inner = "vision_tower.vision_model.", s.vision_hidden, s.vision_intermediate
    patches, side = [width, 3, s.patch_size, s.patch_size], s.image_size // s.patch_size
    if s.sees.clip:
        yield visual + "embeddings.class_embedding", [width]
        yield visual + "embeddings.patch_embedding.weight", patches
        yield from biased(visual + "pre_layrnorm", [width])
    else:
        yield from biased(visual + "embeddings.patch_embedding", patches)
    yield visual + "embeddings.position_embedding.weight", [side**2 + s.sees.clip, width]
    for i in range(s.vision_layers):
        layer = f"{visual}encoder.layers.{i}."
        for name in ("layer_norm1", "layer_norm2"):
            yield from biased(layer + name, [width])
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from biased(layer + "self_attn." + name, [width, width])
        yield from biased(layer + "mlp.fc1", [inner, width])
        yield from biased(layer + "mlp.fc2", [width, inner])
    yield from biased(visual + "post_layernorm", [width])
    yield from biased("multi_modal_projector.linear_1", [s.hidden, width])
    yield from biased("multi_modal_projector.linear_2", [s.hidden, s.hidden])
    yield "image_newline", [s.hidden]


def pinpoints(s):
    if s.sees.clip:
        tiles = ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))
    else:
        tiles = ((rows, columns) for rows in range(1, 4) for columns in range(1, 4))
    return [[rows * s.image_size, columns * s.image_size] for rows, columns in tiles]


def strategy(s):
    return "default" if s.sees.clip else "full"


def config(s, text, kind, **more):
    text = text | {"architectures": [TEXTS[s.family] + "ForCausalLM"], "model_type": s.family}
    vision = {
        "hidden_size": s.vision_hidden,
        "image_size": s.image_size,
        "intermediate_size": s.vision_intermediate,
        "model_type": "clip_vision_model" if s.sees.clip else "siglip_vision_model",
        "num_attention_heads": s.vision_heads,
        "num_hidden_layers": s.vision_layers,
        "patch_size": s.patch_size,
    }
    whole = {
        "architectures": [s.sees.name + kind],
        **more,
        "image_grid_pinpoints": pinpoints(s),
        "image_token_index": s.vocabulary,
        "projector_hidden_act": "gelu",
        "text_config": text,
        "tie_word_embeddings": s.tied,
        "torch_dtype": "bfloat16",
        "use_image_newline_parameter": True,
        "vision_config": vision,
        "vision_feature_layer": -2 if s.sees.clip else -1,
        "vision_feature_select_strategy": strategy(s),
    }
    if s.sees.clip:
        return whole | {"model_type": "llava_next", "transformers_version": "4.44.0"}
    whole["vision_config"]["vision_use_head"] = False
    return whole | {
        "model_type": "llava_onevision",
        "transformers_version": "4.45.0",
        "video_token_index": s.vocabulary + 1,
        "vision_aspect_ratio": f"anyres_max_{MOST_TILES}",
    }


def side_files(s):
    """Of images, by name."""
    size = {"height": s.image_size, "width": s.image_size}
    made = {
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_pad": True,
        "do_rescale": True,
        "do_resize": True,
        "image_grid_pinpoints": pinpoints(s),
        "image_processor_type": s.sees.name + "ImageProcessor",
        "processor_class": s.sees.name + "Processor",
        "resample": 3,
        "size": size,
    }
    shared = {"processor_class": s.sees.name + "Processor", "vision_feature_select_strategy": strategy(s)}
    if s.sees.clip:
        made |= {
            "crop_size": size,
            "do_center_crop": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "size": {"shortest_edge": s.image_size},
        }
        shared |= {"image_token": "<|image|>", "patch_size": s.patch_size}
    else:
        made |= {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
        shared |= {
            "num_image_tokens": (s.image_size // s.patch_size) ** 2,
            "vision_aspect_ratio": f"anyres_max_{MOST_TILES}",
        }
    return {"preprocessor_config.json": made, "processor_config.json": shared}
