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
    """Of a text, or of messages; these may be in one of numpy's arrays, as parquet gives them."""
    if isinstance(text, str):
        return [{"role": role, "content": text}]
    return [{**message, "content": list(message["content"])} if hasattr(message.get("content"), "__array_interface__")
            else message for message in text]


def holds_images(row: Sequence[Mapping[str, Any]]) -> bool:
    """Whether parts of the messages name images of their own."""
    return any(isinstance(part, Mapping) and part.get("type") in ("image", "image_url", "input_image")
               and any(part.get(name) is not None for name in ("image", "image_url", "url", "path", "base64"))
               for message in row if isinstance(message.get("content"), (list, tuple)) for part in message["content"])


def placed(row: list[Any], images: Any, where: str) -> tuple[list[Any], list[Any] | None]:
    """Messages, and the images to be given beside them: none if the parts name their own. Where texts have an <image> for
    each image, these become parts."""
    if hasattr(images, "__array_interface__") and images.dtype == object:
        images = list(images)
    beside = image_list(images, where)
    if not beside or holds_images(row):
        return row, None
    texts = [message["content"] for message in row if isinstance(message.get("content"), str)]
    places = sum(text.count(_PLACEHOLDER) for text in texts)
    if places == 0:
        return row, beside
    if places != len(beside):
        raise Error(f"{where}: the messages have {places} {_PLACEHOLDER}, and there are {len(beside)} images; give as many")
    return [{**message, "content": _parts(message["content"])} if isinstance(message.get("content"), str) else message
            for message in row], beside


def _parts(text: str) -> Any:
    if _PLACEHOLDER not in text:
        return text
    pieces = re.split(f"({_PLACEHOLDER})", text)
    return [{"type": "image"} if piece == _PLACEHOLDER else {"type": "text", "text": piece} for piece in pieces if piece]


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
