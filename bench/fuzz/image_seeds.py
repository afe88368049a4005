"""Images with what tells how they are turned, and small files of many pixels or scans."""

import struct
import zlib


def images():
    exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    profile = b"\nexif\n%8d\n" % (len(exif) + 6) + (b"Exif\0\0" + exif).hex().encode() + b"\n"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    yield png(6, 4, b"eXIf", exif)
    yield png(6, 4, b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile))
    yield png(6, 4, b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    yield png(1 << 18, 1)
    yield png(1, 1 << 18)
    for components in (1, 3, 4):
        yield jpeg(512, 512, components)
    turned = segment(0xE1, b"Exif\0\0" + exif)
    one = jpeg(64, 48, 1)
    yield one[:2] + segment(0xE1, b"Exif\0\0MM\0*" + bytes(8)) + turned + one[2:]
    yield one[:-2] + one[one.rfind(b"\xff\xda"):-2] * 998 + one[-2:]


def png(width, height, name=None, data=b""):
    """Of one bit for each pixel."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    more = chunk(name, data) if name else b""
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(width, height, components):
    """Progressive, with one scan that says in a few bytes that all its blocks are empty."""
    places = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    blocks = -(-width // 8) * -(-height // 8)
    length = blocks.bit_length() - 1  # an end of bands for 2 ** length blocks, and more
    codes = bytes([length << 4])
    bits = ("0" + format(blocks - (1 << length), f"0{length}b")) if length else "0"
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    return (b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, height, width, components) + places)
            + segment(0xC4, b"\x00" + bytes([1] + [0] * 15) + b"\0") + segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + codes)
            + segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + scan + b"\xff\xd9")
