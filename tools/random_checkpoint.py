#!/usr/bin/env python3
"""Writes a base, a reward model and a vision-language model of any shape with random weights, for benches and tests.

    tools/random_checkpoint.py DIRECTORY                      # the 1 B shape of the benches: 6.7 GB
    tools/random_checkpoint.py DIRECTORY --shape 11b --sparse # true 8 B and 11 B shapes, files with nothing but headers
    tools/random_checkpoint.py DIRECTORY --hidden 64 --layers 10 --cross-attention-layers 3 8 ...
    tools/random_checkpoint.py DIRECTORY --family qwen3 --head-size 128 --tied ...    # base and reward model only
    tools/random_checkpoint.py DIRECTORY --family qwen3_vl --patch-size 4 ...         # or another that sees images

DIRECTORY/base is a LlamaForCausalLM, DIRECTORY/rm a LlamaForSequenceClassification with one label, DIRECTORY/vlm a
MllamaForConditionalGeneration: key names, configs and row counts as in the published checkpoints. What the models share
is the base's weight plus a little noise, as if fine-tuned. The same seed gives the same bytes. Needs numpy only.

Another --family writes its language and reward model, without a vision-language model; one that sees images writes those of
its text, the vision-language model, and the same with a reward head, DIRECTORY/vlrm.
"""

import argparse
import json
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path

import filler_tokenizer
import llava_models
import numpy as np
import patch_models
import tile_models

CHUNK = 1 << 18  # elements drawn at a time: the temporaries stay in the L2 cache
ROPE_SCALING = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                "original_max_position_embeddings": 8192, "rope_type": "llama3"}
# Of text models: transformers' name, and what their published configs say beside the sizes.
FAMILIES = {
    "llama": ("Llama", {"rms_norm_eps": 1e-05, "rope_scaling": ROPE_SCALING, "rope_theta": 500000.0, "mlp_bias": False}),
    "mistral": ("Mistral", {"rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": None}),
    "qwen2": ("Qwen2", {"rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072,
                        "use_sliding_window": False, "max_window_layers": 28}),
    "qwen3": ("Qwen3", {"rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": None,
                        "use_sliding_window": False, "max_window_layers": 36}),
}
# Of vision-language models: what writes each.
MAKERS = {name: maker for maker in (patch_models, tile_models, llava_models) for name in maker.FAMILIES}
SHAPES = {
    "1b": dict(hidden=2048, layers=20, cross_attention_layers=[3, 8, 13, 18], intermediate=7168, heads=32, kv_heads=8,
               vocabulary=32768, vision_hidden=768, vision_layers=16, vision_global_layers=4, vision_heads=12,
               vision_intermediate=3072, vision_intermediate_layers=[2, 5, 8, 11, 14], image_size=560),
    "11b": dict(hidden=4096, layers=40, cross_attention_layers=[3, 8, 13, 18, 23, 28, 33, 38], intermediate=14336,
                heads=32, kv_heads=8, vocabulary=128256, vision_hidden=1280, vision_layers=32, vision_global_layers=8,
                vision_heads=16, vision_intermediate=5120, vision_intermediate_layers=[3, 7, 15, 23, 30],
                image_size=560),
}


def head_size(s):
    return s.head_size or s.hidden // s.heads


def text_layer(prefix, s):
    head = head_size(s)
    yield prefix + "input_layernorm.weight", [s.hidden]
    yield prefix + "mlp.down_proj.weight", [s.hidden, s.intermediate]
    yield prefix + "mlp.gate_proj.weight", [s.intermediate, s.hidden]
    yield prefix + "mlp.up_proj.weight", [s.intermediate, s.hidden]
    yield prefix + "post_attention_layernorm.weight", [s.hidden]
    yield prefix + "self_attn.k_proj.weight", [s.kv_heads * head, s.hidden]
    yield prefix + "self_attn.o_proj.weight", [s.hidden, s.heads * head]
    yield prefix + "self_attn.q_proj.weight", [s.heads * head, s.hidden]
    yield prefix + "self_attn.v_proj.weight", [s.kv_heads * head, s.hidden]
    if s.family == "qwen2" or s.attention_bias:
        yield prefix + "self_attn.q_proj.bias", [s.heads * head]
        yield prefix + "self_attn.k_proj.bias", [s.kv_heads * head]
        yield prefix + "self_attn.v_proj.bias", [s.kv_heads * head]
    if s.attention_bias:
        yield prefix + "self_attn.o_proj.bias", [s.hidden]
    if s.family == "qwen3":
        yield prefix + "self_attn.q_norm.weight", [head]
        yield prefix + "self_attn.k_norm.weight", [head]


def cross_attention_layer(prefix, s):
    for name, shape in text_layer(prefix, s):
        yield name.replace("self_attn", "cross_attn"), shape
    yield prefix + "cross_attn.k_norm.weight", [s.hidden // s.heads]
    yield prefix + "cross_attn.q_norm.weight", [s.hidden // s.heads]
    yield prefix + "cross_attn_attn_gate", [1]
    yield prefix + "cross_attn_mlp_gate", [1]


def vision_layer(prefix, s, gated):
    for norm in ("input_layernorm", "post_attention_layernorm"):
        yield prefix + norm + ".bias", [s.vision_hidden]
        yield prefix + norm + ".weight", [s.vision_hidden]
    yield prefix + "mlp.fc1.bias", [s.vision_intermediate]
    yield prefix + "mlp.fc1.weight", [s.vision_intermediate, s.vision_hidden]
    yield prefix + "mlp.fc2.bias", [s.vision_hidden]
    yield prefix + "mlp.fc2.weight", [s.vision_hidden, s.vision_intermediate]
    for projection in ("k_proj", "o_proj", "q_proj", "v_proj"):
        yield prefix + f"self_attn.{projection}.weight", [s.vision_hidden, s.vision_hidden]
    if gated:
        yield prefix + "gate_attn", [1]
        yield prefix + "gate_ffn", [1]


def vision_model(s):
    prefix, tiles, ratios = "vision_model.", 4, 9
    patches = (s.image_size // 14) ** 2 + 1
    yield prefix + "class_embedding", [s.vision_hidden]
    yield prefix + "patch_embedding.weight", [s.vision_hidden, 3, 14, 14]
    yield prefix + "gated_positional_embedding.embedding", [patches, s.vision_hidden]
    yield prefix + "gated_positional_embedding.gate", [1]
    yield prefix + "gated_positional_embedding.tile_embedding.weight", [ratios, tiles * patches * s.vision_hidden]
    for place in ("pre", "post"):
        yield prefix + f"{place}_tile_positional_embedding.embedding.weight", [ratios, tiles * s.vision_hidden]
        yield prefix + f"{place}_tile_positional_embedding.gate", [1]
        yield prefix + f"layernorm_{place}.bias", [s.vision_hidden]
        yield prefix + f"layernorm_{place}.weight", [s.vision_hidden]
    for i in range(s.vision_layers):
        yield from vision_layer(f"{prefix}transformer.layers.{i}.", s, gated=False)
    for i in range(s.vision_global_layers):
        yield from vision_layer(f"{prefix}global_transformer.layers.{i}.", s, gated=True)


def text_layers(s):
    """Of a vision-language model that has no cross-attention layers."""
    prefix = s.sees.text_tensors
    yield prefix + "embed_tokens.weight", [s.vocabulary + 8, s.hidden]
    for i in range(s.layers):
        yield from text_layer(f"{prefix}layers.{i}.", s)
    yield prefix + "norm.weight", [s.hidden]
    if not s.tied:
        within = "language_model." if prefix.startswith("language_model.") else ""
        yield within + "lm_head.weight", [s.vocabulary + 8, s.hidden]


def text_model(s, rows):
    yield "model.embed_tokens.weight", [rows, s.hidden]
    for i in range(s.layers - len(s.cross_attention_layers)):
        yield from text_layer(f"model.layers.{i}.", s)
    yield "model.norm.weight", [s.hidden]


def base_model(s):
    yield from text_model(s, s.vocabulary)
    if not s.tied:
        yield "lm_head.weight", [s.vocabulary, s.hidden]


def reward_model(s):
    yield from text_model(s, s.vocabulary + 8)
    yield "score.weight", [1, s.hidden]


def vision_language_model(s):
    text = "language_model.model."
    yield text + "embed_tokens.weight", [s.vocabulary + 8, s.hidden]
    for i in range(s.layers):
        layer = cross_attention_layer if i in s.cross_attention_layers else text_layer
        yield from layer(f"{text}layers.{i}.", s)
    yield text + "norm.weight", [s.hidden]
    yield "language_model.lm_head.weight", [s.vocabulary, s.hidden]
    yield from vision_model(s)
    yield "multi_modal_projector.bias", [s.hidden]
    yield "multi_modal_projector.weight", [s.hidden, vision_output(s)]


def vision_output(s):
    return s.vision_hidden * (1 + len(s.vision_intermediate_layers))


def base_name(name, s):
    """The base's name of a VLM's text tensor: cross-attention layers are not counted."""
    name = name.replace("model.language_model.", "model.").removeprefix("language_model.")
    if not name.startswith("model.layers."):
        return name
    _, _, layer, rest = name.split(".", 3)
    if int(layer) in s.cross_attention_layers:
        return name
    return f"model.layers.{int(layer) - sum(c < int(layer) for c in s.cross_attention_layers)}.{rest}"


class Weights:
    """Draws values from a table of normal quantiles, many times faster than drawing normals."""

    def __init__(self, seed, noise):
        self.seed, self.noise = seed, noise
        self.quantiles = np.sort(np.random.default_rng(0).standard_normal(1 << 16)).astype(np.float32)

    def normals(self, stream, chunk, count):
        generator = np.random.default_rng([self.seed, zlib.crc32(stream.encode()), chunk])
        return self.quantiles[np.frombuffer(generator.bytes(2 * count), np.uint16)]

    def chunk(self, model, name, shape, shared_name, chunk, count):
        """bfloat16 values of one chunk, as uint16. Every model's extra rows continue the base's stream."""
        values = self.normals(shared_name, chunk, count)
        if model != "base":
            values += np.float32(self.noise) * self.normals(model + "/" + name, chunk, count)
        if len(shape) == 1 and not name.endswith(("bias", "class_embedding")):  # norms and gates: near one
            values = 1 + np.float32(0.1) * values
        else:
            values *= np.float32(prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.02)
        bits = values.view(np.uint32)
        bits += 0x7FFF + (bits >> 16 & 1)
        return (bits >> 16).astype(np.uint16)


def shards_of(tensors, limit):
    """Hugging Face's rule: in order of names, a shard is closed by the tensor that would make it too large."""
    shards, size = [{}], 0
    for name, shape in tensors:
        if shards[-1] and size + 2 * prod(shape) > limit:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += 2 * prod(shape)
    return shards


def write_shard(path, tensors, fill, pool):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        size = 2 * prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    start = 8 + len(text)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(start + offset)
        file.flush()
        if fill is None:
            return

        def write(name, shape, chunk):
            count = min(CHUNK, prod(shape) - chunk * CHUNK)
            place = start + header[name]["data_offsets"][0] + 2 * chunk * CHUNK
            os.pwrite(file.fileno(), fill(name, shape, chunk, count).tobytes(), place)

        chunks = ((name, shape, i) for name, shape in tensors.items() for i in range(-(-prod(shape) // CHUNK)))
        for _ in pool.map(lambda job: write(*job), chunks):
            pass


def write_weights(directory, tensors, fill, limit, pool):
    shards = shards_of(sorted(tensors), limit)
    names = ["model.safetensors"] if len(shards) == 1 else [
        f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))]
    for name, shard in zip(names, shards):
        write_shard(directory / name, shard, fill, pool)
    if len(shards) > 1:
        write_json(directory / "model.safetensors.index.json", {
            "metadata": {"total_size": sum(2 * prod(shape) for shard in shards for shape in shard.values())},
            "weight_map": {tensor: name for name, shard in zip(names, shards) for tensor in shard}})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def text_config(s, layers, rows):
    first_special = s.vocabulary - 256
    return {"bos_token_id": first_special, "eos_token_id": first_special + 1, "hidden_act": "silu",
            "hidden_size": s.hidden, "intermediate_size": s.intermediate, "max_position_embeddings": 131072,
            "num_attention_heads": s.heads, "num_hidden_layers": layers, "num_key_value_heads": s.kv_heads,
            "tie_word_embeddings": s.tied, "torch_dtype": "bfloat16", "vocab_size": rows, **FAMILIES[s.family][1]}


def text_model_config(s, kind, rows, **more):
    layers = s.layers - len(s.cross_attention_layers)
    config = {"architectures": [FAMILIES[s.family][0] + kind], "model_type": s.family, "transformers_version": "4.47.1",
              **more, **text_config(s, layers, rows)}
    if s.family in ("llama", "qwen3"):
        config["attention_bias"] = s.attention_bias
    if s.family in ("llama", "qwen3") or s.head_size:
        config["head_dim"] = head_size(s)
    return config


def mllama_config(s):
    text = text_config(s, s.layers, s.vocabulary) | {
        "cross_attention_layers": s.cross_attention_layers, "model_type": "mllama_text_model",
        "pad_token_id": s.vocabulary - 252}
    vision = {"attention_heads": s.vision_heads, "hidden_size": s.vision_hidden, "image_size": s.image_size,
              "intermediate_layers_indices": s.vision_intermediate_layers,
              "intermediate_size": s.vision_intermediate, "model_type": "mllama_vision_model",
              "num_global_layers": s.vision_global_layers, "num_hidden_layers": s.vision_layers,
              "torch_dtype": "bfloat16", "vision_output_dim": vision_output(s)}
    return {"architectures": ["MllamaForConditionalGeneration"], "image_token_index": s.vocabulary,
            "model_type": "mllama", "text_config": text, "torch_dtype": "bfloat16", "transformers_version": "4.47.1",
            "vision_config": vision}


def preprocessor_config(s):
    return {"do_convert_rgb": True, "do_normalize": True, "do_pad": True, "do_rescale": True, "do_resize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "MllamaImageProcessor",
            "image_std": [0.26862954, 0.26130258, 0.27577711], "max_image_tiles": 4,
            "processor_class": "MllamaProcessor", "resample": 2, "rescale_factor": 1 / 255,
            "size": {"height": s.image_size, "width": s.image_size}}


def write_models(s):
    weights = Weights(s.seed, s.noise)
    models = {
        "base": (base_model(s), text_model_config(s, "ForCausalLM", s.vocabulary)),
        "rm": (reward_model(s), text_model_config(s, "ForSequenceClassification", s.vocabulary + 8,
                                                  id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0},
                                                  pad_token_id=s.vocabulary)),
    }
    if s.family == "llama" and s.cross_attention_layers:
        models["vlm"] = (vision_language_model(s), mllama_config(s))
    if s.sees:
        shared = [*text_layers(s), *s.maker.tensors(s)]
        config = text_config(s, s.layers, s.vocabulary + 8)
        models["vlm"] = (shared, s.maker.config(s, config, "ForConditionalGeneration"))
        models["vlrm"] = ([*shared, ("score.weight", [1, s.hidden])], s.maker.config(
            s, config, "ForSequenceClassification", id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for model, (tensors, config) in models.items():
            directory = s.directory / model
            directory.mkdir(parents=True, exist_ok=True)

            kind = "vlm" if model == "vlrm" else model  # the same weights

            def fill(name, shape, chunk, count, model=kind):
                return weights.chunk(model, name, shape, base_name(name, s), chunk, count)

            write_weights(directory, tensors, None if s.sparse else fill, s.max_shard_bytes, pool)
            write_json(directory / "config.json", config)
            write_json(directory / "generation_config.json", {key: text_config(s, 0, 0)[key] for key in (
                "bos_token_id", "eos_token_id")})
            if kind == "vlm":
                made = s.maker.side_files(s) if s.sees else {"preprocessor_config.json": preprocessor_config(s)}
                for name, content in made.items():
                    write_json(directory / name, content)
            filler_tokenizer.write(directory, s.vocabulary, kind, s.tokenizer, s.maker.AROUND if s.sees else None)
            print(f"{directory}: {sum(f.stat().st_size for f in directory.iterdir()) / 1e9:.2f} GB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="1b", help="the shape that the options below change")
    for name, default in SHAPES["1b"].items():
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=int, nargs="*" if isinstance(default, list) else None)
    parser.add_argument("--family", choices=[*FAMILIES, *MAKERS], default="llama")
    parser.add_argument("--patch-size", type=int, default=16, help="of a family that sees images")
    parser.add_argument("--position-side", type=int, default=48, help="of a Qwen3-VL's square table of positions")
    parser.add_argument("--window-size", type=int, default=112, help="pixels in a side of a Qwen2.5-VL's windows")
    parser.add_argument("--image-tokens", type=int, default=64, help="of the largest images of a family that sees them")
    parser.add_argument("--head-size", type=int, help="default: --hidden / --heads")
    parser.add_argument("--tied", action="store_true", help="the embeddings are the head")
    parser.add_argument("--attention-bias", action="store_true", help="biases in all projections of the attention")
    parser.add_argument("--sparse", action="store_true", help="headers only; the weights are holes and use no disk")
    parser.add_argument("--tokenizer", type=Path, metavar="DIR", help="take DIR/{base,rm,vlm}'s tokenizer files, whose "
                        "row counts must fit --vocabulary, in place of a generated tokenizer")
    parser.add_argument("--noise", type=float, default=0.03, help="of RM and VLM against the base, relative")
    parser.add_argument("--max-shard-bytes", type=int, default=5_000_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name, value in SHAPES[arguments.shape].items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    arguments.maker = MAKERS.get(arguments.family)
    arguments.sees = arguments.maker and arguments.maker.FAMILIES[arguments.family]
    if arguments.sees:
        arguments.family = arguments.sees.text
    if arguments.sees or arguments.family != "llama":
        arguments.cross_attention_layers = []
    if arguments.cross_attention_layers and (arguments.head_size or arguments.tied or arguments.attention_bias):
        parser.error("--head-size, --tied, --attention-bias: not for a vision-language model; see --cross-attention-layers")
    if arguments.vocabulary < 512:
        parser.error("--vocabulary: 256 bytes and 256 special tokens need at least 512 rows")
    write_models(arguments)


if __name__ == "__main__":
    main()
