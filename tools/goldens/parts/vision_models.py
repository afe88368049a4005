"""reference/vision_models_VERSION.json: configs of random vision-language models as that transformers saves them, and what it
computes; of 5, also what its image processors make of images of many sizes.

The weights are not kept: tools/random_checkpoint.py makes the same ones again from the arguments that a case records. Nor
are the images, which picture() makes from their sizes.
"""

import functools
import hashlib
import importlib
import json
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForImageTextToText

from parts.place import write_json

GENERATOR = Path(__file__).resolve().parents[2] / "random_checkpoint.py"
# By name: the generator's arguments.
CASES = {
    "plain": "qwen3_vl --hidden 48 --layers 4 --intermediate 80 --heads 6 --kv-heads 2 --head-size 16 --vocabulary 640 --seed 1 "
    "--vision-hidden 32 --vision-layers 4 --vision-heads 2 --vision-intermediate 40 --vision-intermediate-layers 0 2 "
    "--patch-size 4 --position-side 6",
    "tied": "qwen3_vl --hidden 32 --layers 2 --intermediate 40 --heads 4 --kv-heads 1 --head-size 24 --vocabulary 600 --tied "
    "--seed 2 --vision-hidden 48 --vision-layers 3 --vision-heads 3 --vision-intermediate 64 "
    "--vision-intermediate-layers 2 0 1 --patch-size 6 --position-side 5",
    "without_deep_stack": "qwen3_vl --hidden 40 --layers 3 --intermediate 56 --heads 2 --kv-heads 2 --head-size 20 "
    "--vocabulary 640 --seed 3 --vision-hidden 24 --vision-layers 2 --vision-heads 1 --vision-intermediate 24 "
    "--vision-intermediate-layers --patch-size 5 --position-side 9",
    "qwen2": "qwen2_vl --hidden 48 --layers 3 --intermediate 80 --heads 3 --kv-heads 1 --vocabulary 640 --seed 4 "
    "--vision-hidden 32 --vision-layers 3 --vision-heads 2 --vision-intermediate 128 --patch-size 4",
    "qwen2_tied": "qwen2_vl --hidden 64 --layers 2 --intermediate 72 --heads 2 --kv-heads 2 --vocabulary 600 --tied --seed 9 "
    "--vision-hidden 24 --vision-layers 2 --vision-heads 1 --vision-intermediate 48 --patch-size 5",
    "windows": "qwen2_5_vl --hidden 64 --layers 3 --intermediate 88 --heads 4 --kv-heads 2 --vocabulary 640 --seed 6 "
    "--vision-hidden 40 --vision-layers 4 --vision-heads 2 --vision-intermediate 56 --vision-intermediate-layers 1 3 "
    "--patch-size 4 --window-size 16",
    "windows_tied": "qwen2_5_vl --hidden 40 --layers 2 --intermediate 64 --heads 1 --kv-heads 1 --vocabulary 600 --tied "
    "--seed 7 --vision-hidden 48 --vision-layers 3 --vision-heads 3 --vision-intermediate 44 "
    "--vision-intermediate-layers 0 --patch-size 6 --window-size 40",
    "whole": "qwen2_5_vl --hidden 48 --layers 4 --intermediate 64 --heads 6 --kv-heads 3 --vocabulary 640 --seed 8 "
    "--vision-hidden 16 --vision-layers 2 --vision-heads 1 --vision-intermediate 32 --vision-intermediate-layers 0 1 "
    "--patch-size 5 --window-size 25",
    "tiles": "internvl --hidden 48 --layers 3 --intermediate 80 --heads 3 --kv-heads 1 --vocabulary 640 --seed 11 "
    "--vision-hidden 32 --vision-layers 3 --vision-heads 2 --vision-intermediate 64 --patch-size 4 --image-size 16",
    "tiles_qwen3": "internvl_qwen3 --hidden 40 --layers 2 --intermediate 56 --heads 4 --kv-heads 2 --head-size 16 "
    "--vocabulary 600 --tied --seed 12 --vision-hidden 24 --vision-layers 2 --vision-heads 3 --vision-intermediate 40 "
    "--patch-size 5 --image-size 30 --image-tokens 27",
    "tiles_large": "internvl_large --hidden 64 --layers 2 --intermediate 72 --heads 2 --kv-heads 2 --vocabulary 640 --seed 13 "
    "--vision-hidden 40 --vision-layers 2 --vision-heads 5 --vision-intermediate 88 --patch-size 6 --image-size 24 "
    "--image-tokens 4",
    "next": "llava_next --hidden 48 --layers 3 --intermediate 80 --heads 3 --kv-heads 1 --vocabulary 640 --seed 21 "
    "--vision-hidden 32 --vision-layers 3 --vision-heads 2 --vision-intermediate 64 --patch-size 4 --image-size 16",
    "next_mistral": "llava_next_mistral --hidden 40 --layers 2 --intermediate 56 --heads 2 --kv-heads 2 --vocabulary 600 "
    "--seed 22 --vision-hidden 24 --vision-layers 2 --vision-heads 3 --vision-intermediate 40 --patch-size 5 --image-size 25",
    "onevision": "llava_onevision --hidden 64 --layers 2 --intermediate 72 --heads 2 --kv-heads 2 --vocabulary 640 --seed 23 "
    "--vision-hidden 40 --vision-layers 2 --vision-heads 5 --vision-intermediate 88 --patch-size 7 --image-size 30",
}
# Sizes of images, and messages that show them in order where a part is None.
CONVERSATIONS = {
    "one": ([[50, 30]], [[None, "What is shown here, and how many things are there?"]]),
    "several": (
        [[40, 40], [90, 25], [17, 64]],
        [[None, "Here is one.", None, "And another."], ["I see two."], ["Now compare them to this.", None]],
    ),
    "none": ([], [["What is shown here?"]]),
    "thin_and_tiny": ([[2, 2], [3, 120], [300, 200]], [[None, None, None, "Which is the largest?"]]),
}
RESPONSES = ["Three stripes and one box.", "I cannot see anything at all here, and so I will not say how many.", "No"]
NEW_TOKENS = 16
# Of image processors: patch size, least and most pixels; or the side of a tile, least and most tiles. And of images for them.
PROCESSORS = [[4, 256, 4096], [16, 65536, 1003520], [14, 3136, 1003520]]
TILES = [[448, 1, 12], [32, 2, 7]]
# Of LLaVA's image processors, with the sizes that they default to: the class, the side of a tile, images in a sample.
LLAVA = [["LlavaNext", 336, 1], ["LlavaOnevision", 384, 1], ["LlavaOnevision", 384, 2]]
SIZES = [
    *([1, 1], [1, 3], [3, 1], [2, 3], [1, 200], [200, 1], [3, 600], [599, 3], [5, 900], [900, 5], [7, 7], [8, 8]),
    *(
        [12, 20],
        [20, 12],
        [28, 28],
        [32, 32],
        [16, 48],
        [64, 64],
        [63, 65],
        [100, 30],
        [30, 100],
        [112, 84],
        [1024, 32],
    ),
    *([33, 1000], [640, 480], [480, 640], [255, 257], [256, 256], [512, 768], [1001, 999], [1600, 1200], [2048, 64]),
    *([77, 1234], [320, 32], [9, 1111], [48, 16], [144, 80], [720, 405], [401, 733], [2500, 1700]),
]


def picture(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [x * 7 + y * 3, x * y + 5 * x, 255 - (x * 2 + y * 11)]
    return Image.fromarray(numpy.stack(channels, -1).astype(numpy.uint8), "RGB")


def make(place):
    torch.set_num_threads(1)
    found = {"responses": RESPONSES, "conversations": CONVERSATIONS, "cases": {}}
    for name, arguments in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            found["cases"][name] = computed(Path(folder), ["--family", *arguments.split()])
    major = transformers.__version__.split(".")[0]
    if major == "5":  # 4.57 takes images of one and three rows for others
        found["pixels"] = [[*settings, *size, *pixels(settings, size)] for settings in PROCESSORS for size in SIZES]
        found["tiles"] = [[*settings, *size, *tiles(settings, size)] for settings in TILES for size in SIZES]
        found["llava"] = [[*settings, *size, *llava_tiles(settings, size)] for settings in LLAVA for size in SIZES]
    write_json(place.reference(f"vision_models_{major}.json"), found, lines=4)


def computed(folder, arguments):
    subprocess.run([sys.executable, GENERATOR, folder, *arguments], check=True, stdout=subprocess.DEVNULL)
    model = AutoModelForImageTextToText.from_pretrained(
        folder / "vlm", dtype=torch.float32, attn_implementation="eager"
    ).eval()
    head = load_file(folder / "vlrm/model.safetensors")["score.weight"].float()
    model.save_pretrained(folder / "saved")
    reader = reader_of(folder / "vlm", model.config)
    return {
        "arguments": arguments,
        "config": json.loads((folder / "saved/config.json").read_text()),
        **{name: answers(model, head, reader, *CONVERSATIONS[name]) for name in CONVERSATIONS},
    }


def processor_class(name):
    """The one that works with Pillow."""
    if transformers.__version__.startswith("4."):
        return getattr(transformers, name + "ImageProcessor")
    module = {
        "Qwen2VL": "qwen2_vl",
        "GotOcr2": "got_ocr2",
        "LlavaNext": "llava_next",
        "LlavaOnevision": "llava_onevision",
    }[name]
    module = importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}")
    return getattr(module, name + "ImageProcessorPil")


def digest(values):
    return hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()[:32]


def pixels(settings, size):
    """How many patches there are in a column and in a row, and the digest of their values."""
    patch, least, most = settings
    processor = processor_class("Qwen2VL")(patch_size=patch, min_pixels=least, max_pixels=most)
    made = processor([picture(*size)], return_tensors="np")
    return *made["image_grid_thw"][0, 1:].tolist(), digest(made["pixel_values"])


def tiles(settings, size):
    """How many tiles there are, and the digest of their values."""
    side, least, most = settings
    processor = processor_class("GotOcr2")(
        size={"height": side, "width": side}, min_patches=least, max_patches=most, crop_to_patches=True
    )
    made = processor([picture(*size)], return_tensors="np")
    return int(made["num_patches"][0]), digest(made["pixel_values"])


def llava_tiles(settings, size):
    """How many tiles an image has, and the digest of their values."""
    name, side, count = settings
    more = (
        {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}} if name == "LlavaNext" else {}
    )
    made = processor_class(name)(**more)([[picture(*size)] * count], return_tensors="np")
    return made["pixel_values"].shape[1], digest(made["pixel_values"])


def settings_of(folder):
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    return {name: value for name, value in settings.items() if name not in ("image_processor_type", "processor_class")}


class Reader:
    """From conversations to a model's inputs: one placeholder becomes as many as the image takes."""

    def __init__(self, folder, config, name, around):
        self.config = config
        self.images = processor_class(name)(**self.settings(settings_of(folder)))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.around = [self.tokenizer.token_to_id(token) for token in around]

    def __call__(self, sizes, messages, response=None):
        inputs, counts = self.shown(sizes) if sizes else ({}, [])
        counts = iter(counts)
        ids = [self.tokenizer.token_to_id("<|begin_of_text|>")]
        for number, parts in enumerate([*messages, *([] if response is None else [[response]])]):
            ids += self.header("user" if number % 2 == 0 else "assistant")
            for part in parts:
                if part is not None:
                    ids += self.tokens(part)
                    continue
                ids += [*self.around[:1], *[self.config.image_token_id] * next(counts), *self.around[1:]]
            ids += self.tokens("<|eot_id|>")
        if response is None:
            ids += self.header("assistant")
        inputs["input_ids"] = torch.tensor([ids])
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        return inputs

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def header(self, role):
        return self.tokens(f"<|start_header_id|>{role}<|end_header_id|>\n\n")


class QwenReader(Reader):
    def __init__(self, folder, config):
        super().__init__(folder, config, "Qwen2VL", ("<|vision_start|>", "<|vision_end|>"))

    def settings(self, settings):
        if size := settings.pop("size", None):  # which 4.57's reads only under its older names
            settings |= {"min_pixels": size["shortest_edge"], "max_pixels": size["longest_edge"]}
        return settings

    def shown(self, sizes):
        inputs = dict(self.images([picture(*size) for size in sizes], return_tensors="pt"))
        return inputs, [int(grid.prod()) // 4 for grid in inputs["image_grid_thw"]]

    def __call__(self, sizes, messages, response=None):
        inputs = super().__call__(sizes, messages, response)
        if not transformers.__version__.startswith("4."):
            inputs["mm_token_type_ids"] = (inputs["input_ids"] == self.config.image_token_id).int()
        return inputs


class TileReader(Reader):
    def __init__(self, folder, config):
        super().__init__(folder, config, "GotOcr2", ("<img>", "</img>"))

    def settings(self, settings):
        return settings | {"crop_to_patches": True}  # as InternVLProcessor has it

    def shown(self, sizes):
        inputs = dict(self.images([picture(*size) for size in sizes], return_tensors="pt"))
        return inputs, [int(count) * self.config.image_seq_length for count in inputs.pop("num_patches")]


class LlavaReader(Reader):
    """Several images are given as transformers' chat templates give them."""

    def __init__(self, folder, config):
        self.name = type(config).__name__.removesuffix("Config")
        super().__init__(folder, config, self.name, ())
        self.processor = json.loads((folder / "processor_config.json").read_text())

    def settings(self, settings):
        return settings

    def shown(self, sizes):
        inputs = dict(self.images([[picture(*size) for size in sizes]], return_tensors="pt"))
        self.grids = self.images.image_grid_pinpoints
        return inputs, [self.tokens_of(width, height, len(sizes)) for width, height in sizes]

    def tokens_of(self, width, height, together):
        """By the class of transformers that works with texts too, of which a file here has what it needs."""
        kind = getattr(transformers, self.name + "Processor")
        side, one = self.config.vision_config.image_size, types.SimpleNamespace(**self.processor)
        if together > 1 and self.name == "LlavaOnevision":
            return one.num_image_tokens + 1
        one.patch_size, one.num_additional_image_tokens = self.config.vision_config.patch_size, 1
        one.image_processor = types.SimpleNamespace(image_grid_pinpoints=self.grids)
        one._get_unpadded_features = functools.partial(kind._get_unpadded_features, one)
        count = kind._get_number_of_features(one, height, width, side, side)
        return count - (one.vision_feature_select_strategy == "default")


def reader_of(folder, config):
    kinds = {"internvl": TileReader, "llava_next": LlavaReader, "llava_onevision": LlavaReader}
    return kinds.get(config.model_type, QwenReader)(folder, config)


def answers(model, head, reader, sizes, messages):
    prompt = reader(sizes, messages)
    found = {"scores": [], "likelihoods": []}
    with torch.no_grad():
        for response in RESPONSES:
            inputs = reader(sizes, messages, response)
            states = model.model(**inputs).last_hidden_state[0]
            found["scores"].append((states[-1] @ head[0]).item())
            logits, ids = model.lm_head(states).double().log_softmax(-1), inputs["input_ids"][0]
            first = prompt["input_ids"].shape[1]
            assert ids[:first].tolist() == prompt["input_ids"][0].tolist()
            found["likelihoods"].append(sum(logits[at - 1, ids[at]].item() for at in range(first, len(ids))))
        written = model.generate(**prompt, do_sample=False, max_new_tokens=NEW_TOKENS)
    return found | {"greedy": written[0, prompt["input_ids"].shape[1] :].tolist()}
