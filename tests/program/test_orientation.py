"""Which way up images are shown: what Pillow's exif_transpose and datasets make of EXIF and XMP, however they are kept."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps
from safetensors.numpy import load_file
from test_images import png_chunk, write_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of malformed blocks
ORIENTATION, SHORT = 0x0112, 3
VALUES = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q"}


def entry(tag, kind, count, value, order):
    return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")


def tiff(*entries, order="<", magic=None, cut=None):
    """A directory of (tag, type, values) or (tag, type, count, bytes); values that do not fit in four bytes follow it."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] if magic is None else magic
    body, behind = b"", b""
    end = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, *rest in entries:
        if len(rest) == 2:
            count, value = rest
        elif kind in (5, 10):
            count = 1
            value = struct.pack(order + ("II" if kind == 5 else "ii"), *rest[0])
        elif kind in (1, 2, 7):
            count, value = len(rest[0]), rest[0]
        else:
            values = rest[0] if isinstance(rest[0], tuple) else (rest[0],)
            count, value = len(values), struct.pack(order + str(len(values)) + VALUES[kind], *values)
        if len(value) > 4:
            body += entry(tag, kind, count, struct.pack(order + "I", end + len(behind)), order)
            behind += value
        else:
            body += entry(tag, kind, count, value, order)
    block = head + struct.pack(order + "I", 8) + struct.pack(order + "H", len(entries)) + body + b"\0" * 4 + behind
    return block[:cut]


TURNED = tiff((ORIENTATION, SHORT, 6))
UPRIGHT = tiff((ORIENTATION, SHORT, 1))
OTHER = tiff((0x010F, 2, b"maker\0"))
BLOCKS = {
    "plain": TURNED,
    "big-endian": tiff((ORIENTATION, SHORT, 8), order=">"),
    "42 in the other order": tiff((ORIENTATION, SHORT, 5), magic=b"II\0*"),
    "big-endian, 42 in the other order": tiff((ORIENTATION, SHORT, 5), order=">", magic=b"MM*\0"),
    "BigTIFF's number, big-endian": tiff((ORIENTATION, SHORT, 3), order=">", magic=b"MM\0+"),
    "none": OTHER,
    "out of range": tiff((ORIENTATION, SHORT, 9)),
    "twice": tiff((ORIENTATION, SHORT, 3), (ORIENTATION, SHORT, 6)),
    "twice, upright last": tiff((ORIENTATION, SHORT, 6), (ORIENTATION, SHORT, 1)),
    "twice, an empty one last": tiff((ORIENTATION, SHORT, 6), (ORIENTATION, SHORT, 0, b"")),
    "twice, an unknown type last": tiff((ORIENTATION, SHORT, 6), (ORIENTATION, 15, 1, b"\1")),
    "after a type that is unknown": tiff((0x1234, 99, 1, b"abcd"), (ORIENTATION, SHORT, 6)),
    "before a value that is cut off": tiff((ORIENTATION, SHORT, 6), (0x010F, 2, 1 << 30, b"\1\0\0\0")),
    "after a value that is cut off": tiff((0x010F, 2, 1 << 30, b"\1\0\0\0"), (ORIENTATION, SHORT, 6)),
    "fewer entries than declared": tiff((ORIENTATION, SHORT, 6), (0x010F, 2, b"abc\0"), cut=24),
    "cut in its entry": tiff((ORIENTATION, SHORT, 6), cut=20),
    "several numbers": tiff((ORIENTATION, SHORT, (6, 3))),
    "many numbers": tiff((ORIENTATION, SHORT, (8, 3, 1, 1, 1))),
    "long": tiff((ORIENTATION, 4, 7)),
    "longs, big-endian": tiff((ORIENTATION, 4, (6, 1)), order=">"),
    "byte": tiff((ORIENTATION, 1, b"\6")),
    "text": tiff((ORIENTATION, 2, b"6\0")),
    "undefined": tiff((ORIENTATION, 7, b"\6")),
    "signed byte": tiff((ORIENTATION, 6, 6)),
    "signed short": tiff((ORIENTATION, 8, 3)),
    "negative": tiff((ORIENTATION, 9, -6)),
    "float": tiff((ORIENTATION, 11, 6.0)),
    "a float between": tiff((ORIENTATION, 11, 6.5)),
    "double": tiff((ORIENTATION, 12, 8.0), order=">"),
    "ratio": tiff((ORIENTATION, 5, (12, 2))),
    "a ratio of nothing": tiff((ORIENTATION, 5, (6, 0))),
    "signed ratio": tiff((ORIENTATION, 10, (-12, -2))),
    "offset": tiff((ORIENTATION, 13, 6)),
    "64 bits": tiff((ORIENTATION, 16, 6)),
}
BROKEN = {
    "another header": b"XX" + TURNED[2:],
    "BigTIFF": tiff((ORIENTATION, SHORT, 6), magic=b"II+\0"),
    "short": TURNED[:6],
}


def packet(text):
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {text}</x:xmpmeta>'


ATTRIBUTE, ELEMENT = packet('tiff:Orientation="6"/>'), packet("><tiff:Orientation>8</tiff:Orientation>")
TEXTS = {
    "attribute": ATTRIBUTE,
    "element": ELEMENT,
    "single quotes": packet("tiff:Orientation='6'/>"),
    "spaces": packet('tiff:Orientation = "6"/>'),
    "two digits": packet('tiff:Orientation="62"/>'),
    "nine": packet('tiff:Orientation="9"/>'),
    "second": packet('tiff:Orientation=""/><a tiff:Orientation="3"/>'),
    "nothing": packet("/>"),
}


def profile(block, kind="exif", digits=36):
    text = block.hex()
    lines = "".join("\n" + text[i : i + digits] for i in range(0, len(text), digits))
    return f"\n{kind}\n{len(block):8}{lines}\n"


def pixels():
    values = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3) * 2
    return Image.fromarray(values)


def png(before=b"", after=b""):
    out = io.BytesIO()
    pixels().save(out, "PNG")
    file = out.getvalue()
    start, end = file.index(b"IDAT") - 4, file.index(b"IEND") - 4
    return file[:start] + before + file[start:end] + after + file[end:]


def plain(key, text):
    return png_chunk(b"tEXt", key + b"\0" + text)


def packed(key, text):
    return png_chunk(b"zTXt", key + b"\0\0" + zlib.compress(text))


def international(key, text, compressed=False, language=b""):
    text = zlib.compress(text) if compressed else text
    return png_chunk(b"iTXt", key + bytes([0, compressed, 0]) + language + b"\0\0" + text)


def jpeg(*segments, junk=b""):
    out = io.BytesIO()
    pixels().save(out, "JPEG")
    file = out.getvalue()
    inserted = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments)
    return file[:2] + junk + inserted + file[2:]


def webp(block, xmp=b"", flagged=True):
    out = io.BytesIO()
    pixels().save(out, "WEBP", lossless=True, exif=block, xmp=xmp)
    file = bytearray(out.getvalue())
    if not flagged:
        file[20] &= ~0x08
    return bytes(file)


XMP, RAW, EXIF = b"XML:com.adobe.xmp", b"Raw profile type exif", b"Exif\0\0"
CASES = {f"png, {name}": png(png_chunk(b"eXIf", block)) for name, block in BLOCKS.items()}
CASES |= {f"jpeg, {name}": jpeg(EXIF + block) for name, block in BLOCKS.items()}
CASES |= {f"webp, {name}": webp(block) for name, block in BLOCKS.items()}
CASES |= {f"png, xmp, {name}": png(international(XMP, text.encode())) for name, text in TEXTS.items()}
CASES |= {
    "png, behind the pixels": png(after=png_chunk(b"eXIf", TURNED)),
    "png, two blocks": png(png_chunk(b"eXIf", UPRIGHT), png_chunk(b"eXIf", TURNED)),
    "png, two blocks, upright last": png(png_chunk(b"eXIf", TURNED), png_chunk(b"eXIf", UPRIGHT)),
    "png, an empty block and a profile": png(png_chunk(b"eXIf", b"") + plain(RAW, profile(TURNED).encode())),
    "png, raw profile": png(plain(RAW, profile(EXIF + TURNED).encode())),
    "png, raw profile without marker": png(plain(RAW, profile(TURNED).encode())),
    "png, raw profile, packed": png(packed(RAW, profile(EXIF + TURNED, digits=72).encode())),
    "png, raw profile, international": png(international(RAW, profile(EXIF + TURNED).encode(), compressed=True)),
    "png, raw profile, behind": png(after=packed(RAW, profile(EXIF + TURNED).encode())),
    "png, raw profile in capitals": png(plain(RAW, profile(TURNED).upper().encode())),
    "png, raw profile with spaces": png(plain(RAW, b"\nexif\n  9\n" + TURNED.hex(" ").encode())),
    "png, raw profile in one line": png(plain(RAW, TURNED.hex().encode())),
    "png, raw profile APP1": png(plain(b"Raw profile type APP1", profile(EXIF + TURNED, "APP1").encode())),
    "png, raw profile and a block": png(plain(RAW, profile(TURNED).encode()) + png_chunk(b"eXIf", OTHER)),
    "png, two raw profiles": png(plain(RAW, profile(UPRIGHT).encode()) + packed(RAW, profile(TURNED).encode())),
    "png, raw profile, packed but broken": png(png_chunk(b"zTXt", RAW + b"\0\0" + b"no stream")),
    "png, raw profile, packed and cut": png(
        png_chunk(b"zTXt", RAW + b"\0\0" + zlib.compress(profile(TURNED).encode())[:-4])
    ),
    "png, a text called exif": png(plain(b"exif", EXIF + TURNED)),
    "png, a text called Exif": png(plain(b"Exif", EXIF + TURNED)),
    "png, xmp as plain text": png(plain(XMP, ATTRIBUTE.encode())),
    "png, xmp, packed": png(packed(XMP, ELEMENT.encode())),
    "png, xmp, international and packed": png(international(XMP, ATTRIBUTE.encode(), compressed=True)),
    "png, xmp, international, badly packed": png(png_chunk(b"iTXt", XMP + b"\0\1\0\0\0" + ATTRIBUTE.encode())),
    "png, xmp, international, another packing": png(png_chunk(b"iTXt", XMP + b"\0\1\1\0\0" + ATTRIBUTE.encode())),
    "png, xmp, not UTF-8": png(international(XMP, ATTRIBUTE.encode() + b"\xff")),
    "png, xmp, language not UTF-8": png(international(XMP, ATTRIBUTE.encode(), language=b"\xff")),
    "png, xmp, behind": png(after=international(XMP, ATTRIBUTE.encode())),
    "png, xmp twice": png(international(XMP, ELEMENT.encode()), international(XMP, ATTRIBUTE.encode())),
    "png, xmp under another name": png(international(b"xmp", ATTRIBUTE.encode())),
    "png, xmp and a block that says 1": png(international(XMP, ATTRIBUTE.encode()) + png_chunk(b"eXIf", UPRIGHT)),
    "png, xmp and a block of other things": png(international(XMP, ATTRIBUTE.encode()) + png_chunk(b"eXIf", OTHER)),
    "png, xmp and an odd value": png(international(XMP, ATTRIBUTE.encode()) + png_chunk(b"eXIf", BLOCKS["byte"])),
    "png, xmp and raw profile": png(international(XMP, ELEMENT.encode()) + plain(RAW, profile(TURNED).encode())),
    "png, chunks behind the end": png() + png_chunk(b"eXIf", TURNED),
    "jpeg, two segments": jpeg(EXIF + TURNED[:20], EXIF + TURNED[20:]),
    "jpeg, two whole segments": jpeg(EXIF + UPRIGHT, EXIF + TURNED),
    "jpeg, one of other things first": jpeg(b"http://other/\0" + TURNED, EXIF + TURNED),
    "jpeg, xmp": jpeg(b"http://ns.adobe.com/xap/1.0/\0" + ATTRIBUTE.encode()),
    "jpeg, xmp and exif": jpeg(b"http://ns.adobe.com/xap/1.0/\0" + ELEMENT.encode(), EXIF + OTHER),
    "jpeg, junk before": jpeg(EXIF + TURNED, junk=b"\xff\xff\xff"),
    "webp, marker": webp(EXIF + TURNED),
    "webp, xmp": webp(b"", ATTRIBUTE.encode()),
    "webp, without its flag": webp(TURNED, flagged=False),
}
BROKEN_CASES = {f"png, {name}": png(png_chunk(b"eXIf", block)) for name, block in BROKEN.items()}
BROKEN_CASES |= {f"webp, {name}": webp(block) for name, block in BROKEN.items()}
BROKEN_CASES |= {
    "png, raw profile, odd": png(plain(RAW, b"\nexif\n 1\n" + TURNED.hex().encode()[:-1])),
    "png, raw profile, no hex": png(plain(RAW, b"\nexif\n 1\nzz")),
    "png, a bomb": png(packed(RAW, b" " * (2 << 20))),
}


@pytest.fixture
def shown(vlrm, tmp_path):
    """What the program shows a model of a file."""
    write_model(tmp_path / "model", 16, 4)

    def preprocess(file):
        path = tmp_path / "image"
        path.write_bytes(file)
        vlrm("preprocess", "--model", tmp_path / "model", "--image", path, "-o", tmp_path / "out", "--force")
        return load_file(tmp_path / "out")["pixel_values"]

    return preprocess


def as_png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_turned_as_pillow_turns(shown, name):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(CASES[name])))
    image.info.clear()
    np.testing.assert_array_equal(shown(CASES[name]), shown(as_png(image)))


def test_the_cases_turn_and_do_not():
    turned = [ImageOps.exif_transpose(Image.open(io.BytesIO(file))).size != (7, 5) for file in CASES.values()]
    assert turned.count(True) > 40 and turned.count(False) > 40


@pytest.mark.parametrize("name", BROKEN_CASES)
def test_what_pillow_fails_at_is_upright(shown, name):
    with pytest.raises((SyntaxError, ValueError, struct.error)):
        ImageOps.exif_transpose(Image.open(io.BytesIO(BROKEN_CASES[name])))
    np.testing.assert_array_equal(shown(BROKEN_CASES[name]), shown(png()))
