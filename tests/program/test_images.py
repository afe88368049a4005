"""Random images of every kind, through `vlrm preprocess` and through transformers' MllamaImageProcessor.

VLRM_IMAGES sets how many samples of each format.
"""

import io
import json
import os
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps
from safetensors.numpy import load_file
from transformers import MllamaImageProcessor
from transformers.models.mllama.image_processing_mllama import convert_to_rgb

COUNT = int(os.environ.get("VLRM_IMAGES", "30"))
ImageFile.MAXBLOCK = 1 << 22  # Pillow cannot write every progressive JPEG with its own
TENSORS = ["aspect_ratio_ids", "aspect_ratio_mask", "num_tiles", "pixel_values"]


def random_size(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randint(1, 6), rng.randint(1, 6)
    if kind == 1:
        return rng.randint(1, 3), rng.randint(1, 400)
    if kind == 2:
        return rng.randint(1, 400), rng.randint(1, 3)
    return rng.randint(1, 260), rng.randint(1, 260)


def random_samples(rng, width, height, channels, top=255, dtype=np.uint8):
    """Noise on slopes: smooth enough for lossy formats to keep something, rough enough to show every rounding."""
    noise = np.random.default_rng(rng.getrandbits(32))
    y, x = np.mgrid[0:height, 0:width]
    slopes = noise.uniform(-0.02, 0.02, (2, channels)) * top
    values = y[..., None] * slopes[0] + x[..., None] * slopes[1] + noise.uniform(0, top, channels)
    values = values + noise.normal(0, rng.choice([0, 0.02, 0.3]) * top, values.shape)
    return (values.astype(np.int64) % (top + 1)).astype(dtype)


def random_image(rng, mode):
    width, height = random_size(rng)
    channels = {"L": 1, "P": 1, "LA": 2, "RGB": 3}.get(mode, 4)
    samples = random_samples(rng, width, height, channels)
    return Image.fromarray(samples[..., 0] if channels == 1 else samples, mode)


def random_exif(rng):
    exif = Image.Exif()
    exif[0x010F] = "maker"
    if rng.random() < 0.8:
        exif[0x0112] = rng.randint(0, 9)
    return exif


def random_jpeg(rng):
    image = random_image(rng, rng.choice(["L", "RGB", "RGB", "CMYK"]))
    options = {"quality": rng.randint(1, 100), "subsampling": rng.randint(0, 2), "progressive": rng.random() < 0.4}
    if image.mode == "RGB" and rng.random() < 0.2:
        options.update(keep_rgb=True, subsampling=0)
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = rng.randint(1, 9)
    if rng.random() < 0.6:
        options["exif"] = random_exif(rng)
    return saved(image, "JPEG", options)


def random_webp(rng):
    image = random_image(rng, rng.choice(["RGB", "RGBA"]))
    options = {"lossless": rng.random() < 0.4, "quality": rng.randint(0, 100), "exact": rng.random() < 0.5, "method": 2}
    if rng.random() < 0.5:
        options["exif"] = random_exif(rng)
    if rng.random() < 0.3:
        options.update(save_all=True, append_images=[ImageOps.invert(image.convert("RGB"))])
    return saved(image, "WEBP", options)


def saved(image, file_format, options):
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_rows(samples, depth, rng):
    """Packs [height, width, channels] samples into rows, each filtered by 'none' or 'sub' of one byte a pixel."""
    height, width, channels = samples.shape
    out = bytearray()
    for row in samples.reshape(height, width * channels) if width else []:
        if depth == 16:
            data = row.astype(">u2").tobytes()
        else:
            bits = (row[:, None] >> np.arange(depth - 1, -1, -1)) & 1
            data = np.packbits(bits.astype(np.uint8).ravel()).tobytes()
        step = max(1, channels * depth // 8)
        if rng.random() < 0.5:
            shifted = bytes(step) + data[:-step] if len(data) > step else bytes(len(data))
            data = bytes((a - b) & 255 for a, b in zip(data, shifted))
            out += b"\1" + data
        else:
            out += b"\0" + data
    return bytes(out)


def random_png(rng):
    """Written here and not by Pillow, which cannot write every colour type, depth and interlacing that it reads."""
    color = rng.choice([0, 2, 3, 4, 6])
    depth = rng.choice({0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8]}.get(color, [8, 16]))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    width, height = random_size(rng)
    palette_size = rng.randint(1, 2**depth) if color == 3 else 0
    top = palette_size - 1 if color == 3 else 2**depth - 1
    samples = random_samples(rng, width, height, channels, top, np.uint16)
    if depth == 16 and rng.random() < 0.5:
        samples //= 200  # most of mode I;16 is cut at 255 otherwise
    interlaced = rng.random() < 0.4
    chunks = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
    chunks += png_chunk(b"gAMA", struct.pack(">I", 30000)) + png_chunk(b"tEXt", b"Comment\0not looked at")
    if color == 3:
        chunks += png_chunk(b"PLTE", rng.randbytes(3 * palette_size))
    if rng.random() < 0.5 and color in (0, 2, 3):
        sample = [int(v) for v in samples[rng.randrange(height), rng.randrange(width)]]
        alpha = rng.randbytes(rng.randint(1, palette_size)) if color == 3 else struct.pack(f">{channels}H", *sample)
        chunks += png_chunk(b"tRNS", alpha)
    exif = png_chunk(b"eXIf", random_exif(rng).tobytes()[6:]) if rng.random() < 0.5 else b""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [samples]
    data = zlib.compress(b"".join(png_rows(part, depth, rng) for part in parts))
    cut = rng.randrange(len(data) + 1)
    pixels = png_chunk(b"IDAT", data[:cut]) + png_chunk(b"IDAT", data[cut:])
    body = chunks + exif + pixels if rng.random() < 0.5 else chunks + pixels + exif
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


def write_model(directory, tile_size, max_tiles):
    directory.mkdir()
    processor = MllamaImageProcessor(size={"height": tile_size, "width": tile_size}, max_image_tiles=max_tiles)
    processor.image_mean, processor.image_std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    processor.save_pretrained(directory)
    return processor


def as_given(image):
    """Channels first where the reference would guess wrongly and fail: images one pixel high."""
    return np.array(convert_to_rgb(image)).transpose(2, 0, 1) if image.height == 1 else image


def reference(processor, files, exif):
    images = [Image.open(io.BytesIO(file)) for file in files]
    if exif:
        images = [ImageOps.exif_transpose(image) for image in images]
    features = processor([[as_given(image) for image in images]], return_tensors="np")
    return {name: np.array(features[name]) for name in TENSORS}


MAKERS = {"jpeg": random_jpeg, "png": random_png, "webp": random_webp}


@pytest.mark.parametrize("seed", range(COUNT))
@pytest.mark.parametrize("kind", MAKERS)
def test_equal_to_the_reference(vlrm, tmp_path, kind, seed):
    rng = random.Random(f"{kind} {seed}")
    processor = write_model(tmp_path / "model", rng.choice([16, 28, 56, 90]), rng.randint(1, 6))
    exif = rng.random() < 0.7
    files = [MAKERS[kind](rng) for _ in range(rng.randint(1, 3))]
    paths = [tmp_path / f"{i}.{kind}" for i in range(len(files))]
    for path, file in zip(paths, files):
        path.write_bytes(file)
    flags = [] if exif else ["--no-exif"]
    vlrm("preprocess", "--model", tmp_path / "model", "--image", *paths, "-o", tmp_path / "out", *flags)
    found = load_file(tmp_path / "out")
    try:
        expected = reference(processor, files, exif)
    except ValueError as error:  # the reference fails where nothing is left of a thin image
        assert "height and width must be > 0" in str(error)
        return
    for name in TENSORS:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=f"{name} of {paths}")


@pytest.mark.parametrize("kind", MAKERS)
def test_a_cut_file_is_one_line_of_error(vlrm, tmp_path, kind):
    rng = random.Random(kind)
    write_model(tmp_path / "model", 28, 4)
    file = MAKERS[kind](rng)
    (tmp_path / "cut").write_bytes(file[: len(file) * 2 // 3])
    options = ["--model", tmp_path / "model", "--image", tmp_path / "cut", "-o", tmp_path / "out"]
    assert str(tmp_path / "cut") in vlrm("preprocess", *options, fails=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut", "model"]


def test_a_field_missing_from_the_model_is_named(vlrm, tmp_path):
    write_model(tmp_path / "model", 28, 4)
    path = tmp_path / "model" / "preprocessor_config.json"
    config = json.loads(path.read_text())
    del config["max_image_tiles"]
    path.write_text(json.dumps(config))
    (tmp_path / "image").write_bytes(random_png(random.Random(0)))
    options = ["--model", tmp_path / "model", "--image", tmp_path / "image", "-o", tmp_path / "out"]
    assert '"max_image_tiles" is missing' in vlrm("preprocess", *options, fails=True)


def test_an_output_is_not_replaced_unasked(vlrm, tmp_path):
    write_model(tmp_path / "model", 28, 4)
    (tmp_path / "image").write_bytes(random_png(random.Random(0)))
    options = ["--model", tmp_path / "model", "--image", tmp_path / "image", "-o", tmp_path / "out"]
    vlrm("preprocess", *options)
    assert "--force" in vlrm("preprocess", *options, fails=True)
    vlrm("preprocess", *options, "--force")
