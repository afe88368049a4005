"""Images of every kind reach the model with the same pixels."""

import base64
import io

import pytest
from conftest import WORLD  # noqa: F401

numpy = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

PROMPT, RESPONSES = "What is this?", ["A red circle.", "Two blue squares."]


def picture(mode="RGB", size=(61, 43), seed=0):
    draw = numpy.random.default_rng(seed)
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}[mode]
    return Image.fromarray(draw.integers(0, 256, (size[1], size[0], *channels), dtype=numpy.uint8), mode)


def png(image, **how):
    out = io.BytesIO()
    image.save(out, "PNG", **how)
    return out.getvalue()


def score(model, image):
    return model.score(PROMPT, RESPONSES, images=image)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_kind_gives_the_scores_of_the_file(model, tmp_path, mode):
    image = picture(mode)
    path = tmp_path / "picture.png"
    path.write_bytes(png(image))
    expected = score(model, path)
    url = "data:image/png;base64," + base64.b64encode(png(image)).decode()
    for same in (str(path), png(image), bytearray(png(image)), image, numpy.asarray(image), url, [image], {"bytes": png(image), "path": None},
                 {"bytes": None, "path": str(path)}, path.as_uri()):
        assert score(model, same) == expected, type(same)
    assert expected != score(model, None)
    assert expected != score(model, picture(mode, seed=1))


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "HSV", "I;16", "F", "YCbCr", "La", "RGBa", "RGBX"])
def test_other_modes_are_converted_by_pillow(model, mode):
    made_of = {"La": "LA", "RGBa": "RGBA", "I;16": "L", "F": "L"}
    image = picture(made_of.get(mode, "RGB")).convert(mode)
    as_shown = image.convert({"1": "L", "La": "LA", "RGBa": "RGBA"}.get(mode, "RGB"))
    assert score(model, image) == score(model, png(as_shown))


def test_transparency_beside_the_pixels_counts(model):
    image = picture().quantize(8)
    image.info["transparency"] = 0
    assert score(model, image) == score(model, png(image, transparency=0))
    opaque = image.copy()
    del opaque.info["transparency"]
    assert score(model, image) != score(model, opaque)


def test_an_array_may_lie_in_memory_in_any_order(model):
    array = numpy.asarray(picture())
    flipped = array[::-1, ::-1]
    assert not flipped.flags["C_CONTIGUOUS"]
    assert score(model, flipped) == score(model, numpy.ascontiguousarray(flipped))
    assert score(model, array[:, :, 0]) == score(model, png(Image.fromarray(array[:, :, 0].copy())))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_pil_image_is_turned_as_its_file_is(model, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture().save(tmp_path / "turned.jpg", exif=exif, quality=95)
    opened = Image.open(tmp_path / "turned.jpg")
    assert score(model, opened) == score(model, tmp_path / "turned.jpg")


@pytest.mark.parametrize("wrong, says", [
    ("https://example.com/cat.png", "nothing is downloaded here"),
    ("s3://bucket/cat.png", "nothing is downloaded here"),
    ("data:image/png;base64", "without a comma"),
    ("data:image/png;base64,%%%", "not base64"),
    (b"", "there are no bytes"),
    (b"not an image", "the sample: image 1"),
    ("/nowhere/cat.png", "/nowhere/cat.png"),
    ("", "the path is empty"),
    (b"caf\xe9.png".decode("utf-8", "surrogateescape"), "is not UTF-8"),
    (3, "int is not an image"),
    ({}, "dict is not an image"),
    (numpy.zeros((4, 4, 3)), "give uint8"),
    (numpy.zeros((3, 4, 5), numpy.uint8), "shape (3, 4, 5)"),
    (numpy.zeros((1, 4, 4, 3), numpy.uint8), "shape (1, 4, 4, 3)"),
    (numpy.zeros((0, 4, 3), numpy.uint8), "image 1"),
])
def test_what_is_no_image_is_refused_by_name(model, wrong, says):
    import vlrm

    with pytest.raises(vlrm.Error) as error:
        score(model, [wrong])
    assert says in str(error.value) and "\n" not in str(error.value)
