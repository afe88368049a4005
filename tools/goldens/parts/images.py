"""reference/images/: one image of each kind that a decoder, a converter or the tiling knows; and what transformers'
image processor and Pillow make of them."""

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from transformers import MllamaImageProcessor

from parts.place import sha256_of, write_json


def make(place):
    folder = place.reference("images")
    folder.mkdir(exist_ok=True)
    for number, (name, save) in enumerate(kinds().items()):
        save(folder / name, np.random.default_rng(100 + number))
    preprocess(place, folder)


def picture(rng, width, height):
    """Stripes, a box and a little noise: something for every filter, and small once compressed."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    bands = [np.sin((4 + 5 * rng.random()) * (x * rng.random() + y * rng.random()) + channel) for channel in range(3)]
    values = 128 + 100 * np.stack(bands, axis=-1)
    left, top = int(width * 0.3), int(height * 0.3)
    values[top : top + max(1, height // 4), left : left + max(1, width // 4)] = rng.integers(0, 256, 3)
    values[:: max(1, height // 8)] += rng.normal(0, 12, 3)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def rgb(width, height, **options):
    return lambda path, rng: picture(rng, width, height).save(path, **options)


def mode(mode, width, height, **options):
    return lambda path, rng: picture(rng, width, height).convert(mode).save(path, **options)


def alpha(mode, width, height, **options):
    """With every opacity."""

    def save(path, rng):
        image = picture(rng, width, height).convert(mode)
        image.putalpha(Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8)))
        image.save(path, **options)

    return save


def rotated(orientation, width, height):
    def save(path, rng):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture(rng, width, height).save(path, exif=exif, quality=85)

    return save


def sixteen_bits(width, height):
    return lambda path, rng: Image.fromarray(rng.integers(0, 2**16, (height, width), dtype=np.uint16)).save(path)


def kinds():
    return {
        "rgb_small.png": rgb(20, 15),
        "rgb_exact_tile.png": rgb(28, 28),
        "rgb_2x2_exact.png": rgb(56, 56),
        "rgb_wide.png": rgb(119, 25),
        "rgb_tall.webp": rgb(24, 87, lossless=True),
        "rgb_2tall.png": rgb(26, 52),
        "rgb_very_wide.png": rgb(560, 5),
        "rgb_large.jpg": rgb(170, 126, quality=80),
        "rgb_large_lossy.webp": rgb(90, 121, quality=70),
        "rgb_1x1.png": rgb(1, 1),
        "rgb_1xN_h1.png": rgb(84, 1),
        "rgb_Nx1_w1.png": rgb(1, 84),
        "rgb_3px_h3.png": rgb(25, 3),
        "rgb_too_thin.png": rgb(400, 1),
        "gray_L.jpg": mode("L", 27, 45),
        "gray_L.png": mode("L", 24, 18),
        "la.png": alpha("LA", 30, 22),
        "rgba.png": alpha("RGBA", 27, 43),
        "rgba.webp": alpha("RGBA", 21, 21, lossless=True),
        "palette.png": mode("P", 27, 37),
        "palette_trans.png": mode("P", 27, 37, transparency=3),
        "onebit.png": mode("1", 25, 25),
        "i16.png": sixteen_bits(20, 13),
        "cmyk.jpg": mode("CMYK", 25, 20, quality=85),
        "prog420.jpg": rgb(67, 33, quality=75, progressive=True, subsampling=2),
        "exif3.jpg": rotated(3, 23, 53),
        "exif6.jpg": rotated(6, 53, 23),
    }


def preprocess(place, folder):
    processor = MllamaImageProcessor.from_pretrained(place.made(place.models("vlm"), "models"))
    facts, pixels = {}, {}
    for path in sorted(folder.iterdir()):
        opened = {path.name: Image.open(path)}
        if path.name.startswith("exif"):
            opened[f"{path.name}|exif_transpose"] = ImageOps.exif_transpose(Image.open(path))
        for key, image in opened.items():
            try:
                made = processor(image, return_tensors="pt")
            except ValueError as error:  # one pixel high
                facts[key] = {"error": f"ValueError: {error}"}
                continue
            facts[key], pixels[key] = described(image, made)
    write_json(place.reference("images.json"), facts)
    save_file(pixels, place.reference("pixel_values.safetensors"))


def described(image, made):
    values, tiles = made["pixel_values"], made["num_tiles"][0][0]
    facts = {
        "mode": image.mode,
        "size_wh": list(image.size),
        "num_tiles": made["num_tiles"],
        "aspect_ratio_ids": made["aspect_ratio_ids"].tolist(),
        "aspect_ratio_mask": made["aspect_ratio_mask"].tolist(),
        "pixel_values_shape": list(values.shape),
        "sha256_pixel_values_f32": sha256_of(values),
        "padding_tiles_all_zero": bool((values[0, 0, tiles:] == 0).all()),
    }
    return facts, values[0, 0, :tiles].to(torch.float32).contiguous()
