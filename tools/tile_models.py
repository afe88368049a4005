"""What random_checkpoint.py writes of families that cut images into tiles: tensors and configs of their vision encoders."""

from collections import namedtuple

# The text's family; where its tensors are; whether the encoder has RMS norms and norms of queries and keys, as the large
# one has, and biases of the two.
Family = namedtuple("Family", "name text text_tensors large")

FAMILIES = {
    "internvl": Family("InternVL", "qwen2", "language_model.model.", False),
    "internvl_qwen3": Family("InternVL", "qwen3", "language_model.model.", False),
    "internvl_large": Family("InternVL", "qwen2", "language_model.model.", True),
}
AROUND = ("<img>", "</img>", False)  # tokens around an image, which the processor writes and not the template


def biased(name, shape):
    yield name + ".weight", shape
    yield name + ".bias", shape[:1]


def layer(prefix, s):
    width, inner = s.vision_hidden, s.vision_intermediate
    for name in ("layernorm_before", "layernorm_after"):
        yield from [(prefix + name + ".weight", [width])] if s.sees.large else biased(prefix + name, [width])
    for name in ("q_proj", "k_proj", "v_proj"):
        weight = (prefix + f"attention.{name}.weight", [width, width])
        yield from [weight] if s.sees.large else biased(prefix + "attention." + name, [width, width])
    yield from biased(prefix + "attention.projection_layer", [width, width])
    if s.sees.large:
        for name in ("q_norm", "k_norm"):
            yield prefix + f"attention.{name}.weight", [width]
    yield from ((prefix + name, [width]) for name in ("lambda_1", "lambda_2"))
    yield from biased(prefix + "mlp.fc1", [inner, width])
    yield from biased(prefix + "mlp.fc2", [width, inner])


def tensors(s):
    visual, width, side = "vision_tower.", s.vision_hidden, s.image_size // s.patch_size
    yield visual + "embeddings.cls_token", [1, 1, width]
    yield visual + "embeddings.position_embeddings", [1, side**2 + 1, width]
    yield from biased(visual + "embeddings.patch_embeddings.projection", [width, 3, s.patch_size, s.patch_size])
    for i in range(s.vision_layers):
        yield from layer(f"{visual}encoder.layer.{i}.", s)
    projector = "multi_modal_projector."
    yield from biased(projector + "layer_norm", [4 * width])
    yield from biased(projector + "linear_1", [s.hidden, 4 * width])
    yield from biased(projector + "linear_2", [s.hidden, s.hidden])


def tile_tokens(s):
    return (s.image_size // s.patch_size // 2) ** 2


def config(s, text, kind, **more):
    text = text | {"architectures": [{"qwen2": "Qwen2", "qwen3": "Qwen3"}[s.family] + "ForCausalLM"],
                   "model_type": s.family}
    if s.family == "qwen3":
        text |= {"attention_bias": s.attention_bias, "head_dim": s.head_size or s.hidden // s.heads}
    vision = {"attention_bias": not s.sees.large, "hidden_act": "gelu", "hidden_size": s.vision_hidden,
              "image_size": [s.image_size] * 2, "intermediate_size": s.vision_intermediate, "layer_norm_eps": 1e-6,
              "model_type": "internvl_vision", "norm_type": "rms_norm" if s.sees.large else "layer_norm",
              "num_attention_heads": s.vision_heads, "num_channels": 3, "num_hidden_layers": s.vision_layers,
              "patch_size": [s.patch_size] * 2, "use_absolute_position_embeddings": True, "use_mask_token": False,
              "use_mean_pooling": True, "use_qk_norm": s.sees.large}
    return {"architectures": [s.sees.name + kind], **more, "downsample_ratio": 0.5, "image_seq_length": tile_tokens(s),
            "image_token_id": s.vocabulary, "model_type": "internvl", "projector_hidden_act": "gelu",
            "text_config": text, "torch_dtype": "bfloat16", "transformers_version": "4.52.0", "vision_config": vision,
            "vision_feature_layer": -1, "vision_feature_select_strategy": "default"}


def side_files(s):
    """Of images, by name."""
    size = {"height": s.image_size, "width": s.image_size}
    return {"preprocessor_config.json": {
                "crop_to_patches": False, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True,
                "do_resize": True, "image_mean": [0.485, 0.456, 0.406], "image_processor_type": "GotOcr2ImageProcessorFast",
                "image_std": [0.229, 0.224, 0.225], "max_patches": max(1, s.image_tokens // tile_tokens(s)),
                "min_patches": 1, "processor_class": "InternVLProcessor", "resample": 3, "size": size},
            "processor_config.json": {"image_seq_length": tile_tokens(s), "processor_class": "InternVLProcessor"}}
