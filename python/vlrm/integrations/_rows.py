"""What the rewards for trainers share: who judges, and which images a row shows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..client import Client
from ..errors import Error, VlrmWarning
from ..messages import image_list

_PLACEHOLDER = "<image>"


def judge_of(model: Any, where: str, **options: Any) -> Any:
    """A RewardModel or a Client as it is; the Client of a URL; else the RewardModel of a name, with `options`."""
    from ..reward_model import RewardModel

    if isinstance(model, (RewardModel, Client)):
        if options:
            raise Error(f"{where}: options go with a model's name or a URL; this model is loaded already")
        return model
    is_url = isinstance(model, str) and re.match("https?://", model)
    return Client(model, **options) if is_url else RewardModel(model, **options)


def messages_of(text: Any, role: str) -> list[Any]:
    """Of a text, or of messages; these may be in one of numpy's arrays, as parquet gives them. Raises Error for anything
    else."""
    if isinstance(text, str):
        return [{"role": role, "content": text}]
    messages = list(text) if isinstance(text, (list, tuple)) or _is_object_array(text) else None
    if messages is None or not all(isinstance(message, Mapping) for message in messages):
        raise Error(f"{shown_type(text)} is neither a text nor a list of messages")
    return [{**message, "content": list(message["content"])} if hasattr(message.get("content"), "__array_interface__")
            else message for message in messages]


def _is_object_array(value: Any) -> bool:
    """Whether it is one of numpy's arrays of Python's objects, as parquet gives lists."""
    return str(getattr(value, "dtype", "")) == "object"


def shown_type(value: Any) -> str:
    """For errors: "int", or of which types a list is."""
    inner = sorted({type(each).__name__ for each in value}) if isinstance(value, (list, tuple)) else []
    return f"{type(value).__name__} of {', '.join(inner)}" if inner else type(value).__name__


def holds_images(row: Sequence[Mapping[str, Any]]) -> bool:
    """Whether parts of the messages name images of their own."""
    return any(isinstance(part, Mapping) and part.get("type") in ("image", "image_url", "input_image")
               and any(part.get(name) is not None for name in ("image", "image_url", "url", "path", "base64"))
               for message in row if isinstance(message.get("content"), (list, tuple)) for part in message["content"])


def placed(row: list[Any], images: Any) -> tuple[list[Any], list[Any] | None]:
    """Messages, and the images to give beside them: none if the parts name their own. Texts, but not the assistant's, may
    have an <image> for each image without a part; each becomes a part. Raises Error if their numbers differ."""
    if _is_object_array(images):
        images = list(images)
    beside = image_list(images, "the row")
    if not beside or holds_images(row):
        return row, None
    asked = [message for message in row if message.get("role") != "assistant"]
    parts = sum(part.get("type") == "image" for message in asked for part in _parts_of(message))
    words = sum(part.get("text", "").count(_PLACEHOLDER) for message in asked for part in _parts_of(message))
    if len(beside) == parts or parts == words == 0:
        return row, beside
    if len(beside) != parts + words:
        has = f"{parts + words} {_PLACEHOLDER}" if parts == 0 else f"the places of {parts + words} images"
        raise Error(f"the messages have {has}, and there are {len(beside)} images; give as many")
    return [{**message, "content": _split(message)} if any(message is each for each in asked) else message
            for message in row], beside


def _parts_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts = content if isinstance(content, (list, tuple)) else []
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts
            if isinstance(part, str) or isinstance(part, Mapping) and isinstance(part.get("text", ""), str)]


def _split(message: Mapping[str, Any]) -> Any:
    """Its content with a part for each <image>."""
    content = message.get("content")
    if isinstance(content, str) and _PLACEHOLDER not in content or not isinstance(content, (str, list, tuple)):
        return content
    result: list[Any] = []
    for part in _parts_of(message):
        pieces = re.split(f"({_PLACEHOLDER})", part["text"]) if "text" in part else []
        result += [{"type": "image"} if piece == _PLACEHOLDER else {"type": "text", "text": piece}
                   for piece in pieces if piece] if pieces else [part]
    return result


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Errors of a row begin with its name."""
    try:
        yield
    except Error as error:
        error.args = (f"{where}: {error}", *error.args[1:])
        raise


class Sight:
    """Warns once if no image comes. `places`: where they were looked for."""

    def __init__(self, places: str) -> None:
        self._places, self._warned = places, False

    def check(self, sees: bool, stacklevel: int = 3) -> None:
        if sees or self._warned:
            return
        self._warned = True
        warnings.warn(f"no image has reached the reward, neither {self._places}: it judges without them", VlrmWarning,
                      stacklevel=stacklevel)
