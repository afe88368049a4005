"""What random_checkpoint.py writes of Qwen2-VL and its successors: tensors and configs of their vision encoders."""

from collections import namedtuple

# How a family's encoder is written: the text's family; prefixes of the tensors; modules of a layer, with their widths in
# and out as options of the shape; whether norms have biases; names of what makes tokens of patches.
Family = namedtuple("Family", "name text text_tensors vision_tensors layer norm_biases merger patch_bias encoder")

QWEN2_MERGER = ("ln_q", "mlp.0", "mlp.2")
FAMILIES = {
    "qwen2_vl": Family("Qwen2VL", "qwen2", "model.", "visual.",
                       {"mlp.fc1": ("intermediate", "hidden"), "mlp.fc2": ("hidden", "intermediate")}, True, QWEN2_MERGER,
                       False, lambda s: {"embed_dim": s.vision_hidden, "hidden_act": "quick_gelu", "hidden_size": s.hidden,
                                         "mlp_ratio": s.vision_intermediate // s.vision_hidden}),
    "qwen2_5_vl": Family("Qwen2_5_VL", "qwen2", "model.", "visual.",
                         {"mlp.gate_proj": ("intermediate", "hidden"), "mlp.up_proj": ("intermediate", "hidden"),
                          "mlp.down_proj": ("hidden", "intermediate")}, False, QWEN2_MERGER, False,
                         lambda s: {"fullatt_block_indexes": s.vision_intermediate_layers, "hidden_act": "silu",
                                    "hidden_size": s.vision_hidden, "intermediate_size": s.vision_intermediate,
                                    "out_hidden_size": s.hidden, "window_size": s.window_size}),
    "qwen3_vl": Family("Qwen3VL", "qwen3", "model.language_model.", "model.visual.",
                       {"mlp.linear_fc1": ("intermediate", "hidden"), "mlp.linear_fc2": ("hidden", "intermediate")}, True,
                       ("norm", "linear_fc1", "linear_fc2"), True,
                       lambda s: {"deepstack_visual_indexes": s.vision_intermediate_layers,
                                  "hidden_act": "gelu_pytorch_tanh", "hidden_size": s.vision_hidden,
                                  "intermediate_size": s.vision_intermediate, "out_hidden_size": s.hidden,
                                  "num_position_embeddings": s.position_side**2}),
}
AROUND = ("<|vision_start|>", "<|vision_end|>", True)  # tokens around an image, which the template writes


def biased(name, shape):
    yield name + ".weight", shape
    yield name + ".bias", shape[:1]


def norm(name, s, width):
    yield from biased(name, [width]) if s.sees.norm_biases else [(name + ".weight", [width])]


def merger(prefix, s, normed):
    width, (first, inner, output) = 4 * s.vision_hidden, s.sees.merger
    yield from norm(prefix + first, s, normed)
    yield from biased(prefix + inner, [width, width])
    yield from biased(prefix + output, [s.hidden, width])


def tensors(s):
    visual, width = s.sees.vision_tensors, s.vision_hidden
    widths = {"hidden": width, "intermediate": s.vision_intermediate}
    patches = [width, 3, 2, s.patch_size, s.patch_size]
    yield from biased(visual + "patch_embed.proj", patches) if s.sees.patch_bias else [
        (visual + "patch_embed.proj.weight", patches)]
    for i in range(s.vision_layers):
        block = f"{visual}blocks.{i}."
        for name in ("norm1", "norm2"):
            yield from norm(block + name, s, width)
        yield from biased(block + "attn.qkv", [3 * width, width])
        yield from biased(block + "attn.proj", [width, width])
        for name, (out, into) in s.sees.layer.items():
            yield from biased(block + name, [widths[out], widths[into]])
    yield from merger(visual + "merger.", s, width)
    if s.sees.name == "Qwen3VL":
        yield visual + "pos_embed.weight", [s.position_side**2, width]
        for i in range(len(s.vision_intermediate_layers)):
            yield from merger(f"{visual}deepstack_merger_list.{i}.", s, 4 * width)


def sections(s):
    """How many of a head's frequencies turn by time, row and column, in the proportion of the published models."""
    half = (s.head_size or s.hidden // s.heads) // 2
    side = (20 if s.sees.name == "Qwen3VL" else 24) * half // 64
    return [half - 2 * side, side, side]


def config(s, text, kind, **more):
    """As the published files have it: of Qwen3-VL with the text in an object of its own."""
    name = s.sees.name
    first_special = s.vocabulary - 256
    whole = {"architectures": [name + kind], **more, "image_token_id": s.vocabulary, "tie_word_embeddings": s.tied,
             "torch_dtype": "bfloat16", "video_token_id": first_special + 13, "vision_end_token_id": first_special + 12,
             "vision_start_token_id": first_special + 11}
    vision = {"depth": s.vision_layers, "in_channels": 3, "num_heads": s.vision_heads, "patch_size": s.patch_size,
              "spatial_merge_size": 2, "temporal_patch_size": 2, **s.sees.encoder(s)}
    if name == "Qwen3VL":
        windows = ("sliding_window", "use_sliding_window", "max_window_layers")
        text = {k: v for k, v in text.items() if k not in windows} | {
            "attention_bias": s.attention_bias, "head_dim": s.head_size or s.hidden // s.heads,
            "model_type": "qwen3_vl_text", "rope_theta": 5000000.0,
            "rope_scaling": {"mrope_interleaved": True, "mrope_section": sections(s), "rope_type": "default"}}
        return whole | {"model_type": "qwen3_vl", "text_config": text, "transformers_version": "4.57.0",
                        "vision_config": vision | {"model_type": "qwen3_vl"}}
    kind = "qwen2_vl" if name == "Qwen2VL" else "qwen2_5_vl"
    rope = {"mrope_section": sections(s), "type": "mrope"}
    return text | whole | {"model_type": kind, "rope_scaling": rope, "transformers_version": "4.49.0",
                           "vision_config": vision}


def side_files(s):
    """Of images, by name."""
    return {"preprocessor_config.json": preprocessor_config(s)}


def preprocessor_config(s):
    token = (2 * s.patch_size) ** 2
    made = {"image_processor_type": "Qwen2VLImageProcessor", "merge_size": 2, "patch_size": s.patch_size,
            "temporal_patch_size": 2}
    if s.sees.name == "Qwen3VL":
        return made | {"image_mean": [0.5] * 3, "image_processor_type": "Qwen2VLImageProcessorFast", "image_std": [0.5] * 3,
                       "processor_class": "Qwen3VLProcessor",
                       "size": {"longest_edge": s.image_tokens * token, "shortest_edge": 4 * token}}
    return made | {"image_mean": [0.48145466, 0.4578275, 0.40821073],
                   "image_std": [0.26862954, 0.26130258, 0.27577711], "max_pixels": s.image_tokens * token,
                   "min_pixels": 4 * token, "processor_class": s.sees.name + "Processor"}
