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


def test_the_same_image_in_other_clothes(model):
    data = png(picture())
    base64_text = base64.b64encode(data)
    expected = score(model, data)
    for same in (memoryview(data), [memoryview(data)], "DATA:image/png;BASE64," + base64_text.decode(), {"bytes": memoryview(data)}):
        assert score(model, same) == expected, type(same)
    part = {"type": "image", "base64": base64_text}
    assert model.score([{"role": "user", "content": [part, {"type": "text", "text": PROMPT}]}], RESPONSES) == expected


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


@pytest.mark.parametrize("exif", [b"Exif\0\0garbagegarbage", b"Exif\0\0II*\0\x08", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12", "x", 3])
def test_damaged_exif_says_nothing(model, exif):
    image = picture()
    image.info["exif"] = exif
    assert score(model, image) == score(model, picture())


@pytest.mark.parametrize("declared, meant", [(6, 6), (6.0, 6), ((6,), 1), ("6", 1), (99, 1), (None, 1), (6.5, 1)])
def test_an_orientation_that_is_not_a_whole_number(model, declared, meant):
    def turned(orientation):
        image = picture()
        image.getexif()[0x0112] = orientation
        return score(model, image)

    assert turned(declared) == turned(meant)
    assert turned(6) != turned(1)


def cut_off():
    return Image.open(io.BytesIO(png(picture(size=(200, 200)))[:5000]))


def closed():
    image = picture()
    image.close()
    return image


class WithoutBytes:
    __array_interface__ = {"shape": (4, 4), "typestr": "|u1", "version": 3}


@pytest.mark.parametrize("make", [cut_off, closed, WithoutBytes])
def test_a_picture_that_gives_no_pixels_is_named(model, make):
    import vlrm

    with pytest.raises(vlrm.Error) as error:
        model.score_batch([{"prompt": "a", "responses": ["b"], "image": picture()},
                           {"prompt": "a", "responses": ["b"], "images": [picture(), make()]}])
    assert str(error.value).startswith("sample 2: image 2: ") and "gives no pixels" in str(error.value)


@pytest.mark.parametrize("wrong, says", [
    ({"bytes": "abc"}, '"bytes" holds str, not bytes'),
    ({"bytes": 5}, '"bytes" holds int, not bytes'),
    ({"path": 5}, "dict is not an image"),
    ("a\0b.png", "the path 'a\\x00b.png' has a NUL"),
    ("file:///a%00b.png", "has a NUL"),
    ("file://[x", "a file: URL that cannot be read"),
    ("iVBORw0KGgo/" * 1000, "is not a file; give base64 as a data: URL"),
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
    assert says in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 500
