"""Images of every kind that Python programs have, as files.

Nothing of Pillow or numpy is imported: an image is recognised by its attributes."""

from __future__ import annotations

import base64
import binascii
import os
import re
import struct
import urllib.parse
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .errors import Error

_KINDS = "a path, the bytes of a file, a PIL image, a numpy array (uint8: HWC or HW), a data: URL or {\"bytes\", \"path\"}"
_COLOURS = {"L": (0, 1), "LA": (4, 2), "RGB": (2, 3), "RGBA": (6, 4)}  # of PNG, and channels
_OF_CHANNELS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_ORIENTATION = 0x0112  # the EXIF tag
_BYTES = (bytes, bytearray, memoryview)
_LONGEST_SHOWN = 200  # characters of a name that is not of a file


class File(NamedTuple):
    """An image's file: the bytes of one that errors call `name`, or, without bytes, the path of one."""

    name: str
    data: bytes

    def read(self) -> bytes:
        """Its bytes."""
        if self.data:
            return self.data
        try:
            with open(self.name, "rb") as file:
                data = file.read()
        except OSError as error:
            raise Error(f"{self.name}: {error.strerror}") from None
        return _of_bytes(data, self.name).data


def as_file(image: Any, where: str = "the image") -> File:
    """`where` is what errors call it."""
    if isinstance(image, _BYTES):
        return _of_bytes(bytes(image), where)
    if isinstance(image, str) and (scheme := re.match(r"([a-z][a-z0-9+.-]*):(//|(?<=data:))", image, re.IGNORECASE)):
        return _of_url(image, scheme[1].lower(), where)
    if isinstance(image, (str, os.PathLike)):
        return _of_path(os.fsdecode(image), where)
    if isinstance(image, Mapping):  # as datasets keeps an image that is not decoded
        data, path = image.get("bytes"), image.get("path")
        if data is not None and not isinstance(data, _BYTES):
            raise Error(f'{where}: "bytes" holds {type(data).__name__}, not bytes')
        if data:
            return _of_bytes(bytes(data), where)
        if isinstance(path, (str, os.PathLike)) and path:
            return as_file(path, where)
    if callable(getattr(image, "tobytes", None)) and hasattr(image, "mode") and hasattr(image, "size"):
        return _drawn(_png_of_pillow, image, where)
    if hasattr(image, "__array_interface__"):
        return _drawn(_png_of_array, image, where)
    raise Error(f"{where}: {type(image).__name__} is not an image; give {_KINDS}")


def _drawn(as_png: Callable[[Any, str], bytes], image: Any, where: str) -> File:
    """What another library decodes, which may find anything in a damaged file."""
    try:
        return File(where, as_png(image, where))
    except (Error, MemoryError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST_SHOWN]
        raise Error(f"{where}: {type(image).__name__} gives no pixels: {type(error).__name__}: {said}") from error


def _of_path(name: str, where: str) -> File:
    shown = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}… ({len(name)} characters)"
    if not name:
        raise Error(f"{where}: the path is empty")
    if "\0" in name:
        raise Error(f"{where}: the path {shown!a} has a NUL character")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Error(f"{where}: the path {shown!a} is not UTF-8; give the bytes of the file") from None
    if shown != name and not os.path.exists(name):
        raise Error(f"{where}: {shown!a} is not a file; give base64 as a data: URL")
    return File(name, b"")


def _of_bytes(data: bytes, where: str) -> File:
    if not data:
        raise Error(f"{where}: there are no bytes")
    return File(where, data)


def _of_url(url: str, scheme: str, where: str) -> File:
    if scheme == "data":
        return _of_bytes(_data_of(url, where), where)
    if scheme == "file":
        try:
            path = urllib.parse.urlsplit(url).path
        except ValueError as error:
            raise Error(f"{where}: a file: URL that cannot be read: {error}") from None
        return _of_path(urllib.parse.unquote(path), where)
    raise Error(f"{where}: a URL ({scheme}:), and nothing is downloaded here: give the image itself, or a file")


def _data_of(url: str, where: str) -> bytes:
    head, comma, body = url.partition(",")
    if not comma:
        raise Error(f"{where}: a data: URL without a comma before its data")
    if not head.lower().endswith(";base64"):
        return urllib.parse.unquote_to_bytes(body)
    return decoded_base64(urllib.parse.unquote(body), where)


def decoded_base64(text: Any, where: str) -> bytes:
    if isinstance(text, _BYTES):
        text = bytes(text).decode("latin-1")
    if not isinstance(text, str):
        raise Error(f"{where}: {type(text).__name__} is not a text of base64")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Error(f"{where}: not base64: {error}") from None


def _orientation(image: Any) -> int:
    """As EXIF has it. What is damaged says nothing."""
    try:
        declared = image.getexif().get(_ORIENTATION, 1)
        return next((number for number in range(2, 9) if declared == number), 1)
    except Exception:
        return 1


def _png_of_pillow(image: Any, where: str) -> bytes:
    orientation = _orientation(image)
    if image.mode == "La":  # Pillow takes it no further than to LA
        image = image.convert("LA")
    elif "transparency" in image.info or image.mode in ("RGBa", "PA"):
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in _COLOURS:
        image = image.convert("RGB")
    width, height = image.size
    return _png(image.tobytes(), width, height, image.mode, orientation)


def _png_of_array(array: Any, where: str) -> bytes:
    shape, kind = array.__array_interface__["shape"], array.__array_interface__["typestr"]
    if kind != "|u1":
        raise Error(f"{where}: an array of {getattr(array, 'dtype', kind)}; give uint8, from 0 to 255")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in _OF_CHANNELS):
        raise Error(f"{where}: an array of shape {tuple(shape)}; give height × width × channels (1 to 4), or height × width")
    return _png(array.tobytes(), shape[1], shape[0], _OF_CHANNELS[shape[2] if len(shape) == 3 else 1])


def _png(pixels: bytes, width: int, height: int, mode: str, orientation: int = 1) -> bytes:
    """These very pixels, not compressed; `orientation` as EXIF has it."""
    colour, channels = _COLOURS[mode]
    stride = width * channels
    rows = b"".join(b"\0" + pixels[start : start + stride] for start in range(0, stride * height, stride or 1))

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    turned = b""
    if orientation != 1:  # a TIFF of one entry
        turned = chunk(b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)) + turned
            + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))
