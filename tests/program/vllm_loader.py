"""What vLLM takes for a Qwen3VLForSequenceClassification: a table made by reading its loader, release 0.33.0, commit 4ba787ec9.

Read were registry.py (an architecture ...ForSequenceClassification is the ...ForConditionalGeneration with a linear head),
adapters.py (the head; without `classifier_from_token` and `method` it is read from the file), pooler/activations.py
(`problem_type`: "regression" leaves the head's value as it is), qwen3_vl.py with qwen2_5_vl.py, qwen3.py and qwen2.py (the
modules), and utils.py (how names are mapped). What no module is made for, and no rule drops, ends the load with an error.
No Mllama: vLLM has had none since 0.10.2.
"""

COMMIT = "4ba787ec9"
ARCHITECTURE, BASE_ARCHITECTURE = "Qwen3VLForSequenceClassification", "Qwen3VLForConditionalGeneration"
# The first prefix that a name in the file has is replaced.
PREFIXES = {"model.visual.": "visual.", "lm_head.": "language_model.lm_head.", "model.language_model.": "language_model.model."}
# Of the text's layers: rows of one parameter, one after another.
STACKED = {"self_attn.q_proj": "self_attn.qkv_proj", "self_attn.k_proj": "self_attn.qkv_proj",
           "self_attn.v_proj": "self_attn.qkv_proj", "mlp.gate_proj": "mlp.gate_up_proj", "mlp.up_proj": "mlp.gate_up_proj"}
DROPPED = ("language_model.lm_head.",)  # a classifier has no such module
# Values that config.json must have, and keys that would make it another model.
CONFIG = {"architectures": [ARCHITECTURE], "model_type": "qwen3_vl", "num_labels": 1, "problem_type": "regression"}
OTHER_HEADS = ("classifier_from_token", "method", "sentence_transformers", "sbert_ce_default_activation_function")
# By config.json's names, t and v being text_config and vision_config: what sizes are computed from.
SIZES = {
    "hidden": lambda t, v: t["hidden_size"], "mlp": lambda t, v: t["intermediate_size"], "rows": lambda t, v: t["vocab_size"],
    "q": lambda t, v: t["num_attention_heads"] * t["head_dim"], "head": lambda t, v: t["head_dim"],
    "qkv": lambda t, v: (t["num_attention_heads"] + 2 * t["num_key_value_heads"]) * t["head_dim"],
    "width": lambda t, v: v["hidden_size"], "vision_mlp": lambda t, v: v["intermediate_size"],
    "merged": lambda t, v: v["hidden_size"] * v["spatial_merge_size"] ** 2, "out": lambda t, v: v["out_hidden_size"],
    "positions": lambda t, v: v["num_position_embeddings"], "patch": lambda t, v: v["patch_size"],
    "frames": lambda t, v: v["temporal_patch_size"], "colors": lambda t, v: v["in_channels"],
    "layers": lambda t, v: t["num_hidden_layers"], "blocks": lambda t, v: v["depth"],
    "levels": lambda t, v: len(v["deepstack_visual_indexes"]), "labels": lambda t, v: 1}  # fmt: skip
# Parameters, a {part} counting up to its size, and their shapes. "biased": the bias has the first size.
WEIGHTS = """
score.weight labels hidden
language_model.model.embed_tokens.weight rows hidden
language_model.model.norm.weight hidden
language_model.model.layers.{layers}.input_layernorm.weight hidden
language_model.model.layers.{layers}.post_attention_layernorm.weight hidden
language_model.model.layers.{layers}.self_attn.qkv_proj.weight qkv hidden
language_model.model.layers.{layers}.self_attn.o_proj.weight hidden q
language_model.model.layers.{layers}.self_attn.q_norm.weight head
language_model.model.layers.{layers}.self_attn.k_norm.weight head
language_model.model.layers.{layers}.mlp.gate_up_proj.weight mlp+mlp hidden
language_model.model.layers.{layers}.mlp.down_proj.weight hidden mlp
visual.patch_embed.proj.weight width colors frames patch patch biased
visual.pos_embed.weight positions width
visual.blocks.{blocks}.norm1.weight width biased
visual.blocks.{blocks}.norm2.weight width biased
visual.blocks.{blocks}.attn.qkv.weight width+width+width width biased
visual.blocks.{blocks}.attn.proj.weight width width biased
visual.blocks.{blocks}.mlp.linear_fc1.weight vision_mlp width biased
visual.blocks.{blocks}.mlp.linear_fc2.weight width vision_mlp biased
visual.merger.norm.weight width biased
visual.merger.linear_fc1.weight merged merged biased
visual.merger.linear_fc2.weight out merged biased
visual.deepstack_merger_list.{levels}.norm.weight merged biased
visual.deepstack_merger_list.{levels}.linear_fc1.weight merged merged biased
visual.deepstack_merger_list.{levels}.linear_fc2.weight out merged biased
"""


def parameters(config):
    """Names and shapes of what vLLM makes for a config.json."""
    sizes = {name: of(config["text_config"], config["vision_config"]) for name, of in SIZES.items()}
    made = {}
    for line in WEIGHTS.split("\n")[1:-1]:
        name, *shape = line.split()
        biased = shape[-1] == "biased"
        shape = tuple(sum(sizes[part] for part in size.split("+")) for size in shape[:-1 if biased else None])
        part = name.partition("{")[2].partition("}")[0]
        for number in range(sizes[part] if part else 1):
            each = name.replace(f"{{{part}}}", str(number))
            made[each] = shape
            if biased:
                made[each.removesuffix("weight") + "bias"] = shape[:1]
    return made


def mapped(shapes):
    """A file's names and shapes as the parameters that they are loaded into."""
    found = {}
    for name, shape in shapes.items():
        prefix = next((each for each in PREFIXES if name.startswith(each)), "")
        name = PREFIXES.get(prefix, "") + name.removeprefix(prefix)
        if name.startswith(DROPPED):
            continue
        part = next((each for each in STACKED if name.startswith("language_model.") and each in name), None)
        name = name.replace(part, STACKED[part]) if part else name
        rows = found[name][0] if name in found else 0
        found[name] = (rows + shape[0], *shape[1:])
    return found
