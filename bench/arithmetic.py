"""The floating-point operations that scoring needs, counted from a model's config, and this machine's own rate.

A product of [m, k] and [k, n] counts 2·m·k·n; what is not a product counts nothing.
"""

import json
import sys

from measure import measure


def gemm_rates():
    """GFLOP a second, and GFLOP a CPU second, of this machine's own large float32 matrix product."""
    code = (
        "import torch, time; a, b = torch.randn(4096, 4096), torch.randn(4096, 4096); a @ b\n"
        "wall, cpu = time.monotonic(), time.process_time()\n"
        "for _ in range(4): a @ b\n"
        "wall, cpu = time.monotonic() - wall, time.process_time() - cpu\n"
        "print(4 * 2 * 4096**3 / wall / 1e9, 4 * 2 * 4096**3 / cpu / 1e9)"
    )
    wall, cpu = measure([sys.executable, "-c", code])[1].split()
    return float(wall), float(cpu)


def vision_tokens(vision, padded):
    """Of four tiles; the encoder pads each tile's patches to a multiple of 8."""
    patches = (vision["image_size"] // vision.get("patch_size", 14)) ** 2 + 1
    return 4 * (-(-patches // 8) * 8 if padded else patches)


def image_flop(model):
    """Of one image of four tiles, to the keys and values of the cross-attention layers."""
    config = json.loads((model / "config.json").read_text())
    vision, text = config["vision_config"], config["text_config"]
    width, tokens = vision["hidden_size"], vision_tokens(vision, padded=True)
    layers = vision["num_hidden_layers"] + vision["num_global_layers"]
    linear = 4 * width**2 + 2 * width * vision["intermediate_size"]
    encoder = layers * (2 * tokens * linear + 4 * tokens**2 * width)
    seen = vision_tokens(vision, padded=False)
    patches = 2 * seen * 3 * vision.get("patch_size", 14) ** 2 * width
    projector = 2 * seen * vision["vision_output_dim"] * text["hidden_size"]
    keys_and_values = len(text["cross_attention_layers"]) * 2 * seen * text["hidden_size"] * 2 * key_width(text)
    return encoder + patches + projector + keys_and_values


def text_flop(model, tokens):
    """Of `tokens` text tokens that see one image; what they see of each other is left out, it is far below 1 %."""
    config = json.loads((model / "config.json").read_text())
    text, width = config["text_config"], config["text_config"]["hidden_size"]
    crossing = len(text["cross_attention_layers"])
    feed_forward = 3 * width * text["intermediate_size"]
    own = 2 * width**2 + 2 * width * key_width(text) + feed_forward
    cross = 2 * width**2 + feed_forward + 2 * width * vision_tokens(config["vision_config"], padded=False)
    return 2 * tokens * ((text["num_hidden_layers"] - crossing) * own + crossing * cross)


def key_width(text):
    return text["hidden_size"] // text["num_attention_heads"] * text["num_key_value_heads"]
