"""Conversations in OpenAI's and in transformers' form, as the core takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _core, _fields
from .errors import Error
from .images import File, as_file, decoded_base64

Message = Mapping[str, Any]
Prompt = str | Sequence[Message]


@dataclass
class Sample:
    """What is scored together: a prompt, or messages as JSON with parts of the two types that the core knows ("text" and
    "image"), with all their images, and the responses. Errors call it `source`."""

    source: str
    prompt: str = ""
    messages: str = ""
    images: list[File] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)

    def for_core(self) -> _core.Conversation:
        result = _core.Conversation()
        result.source, result.prompt, result.messages = self.source, self.prompt, self.messages
        result.images = [_core.ImageInput(*image) for image in self.images]
        result.responses = self.responses
        return result


def conversation(prompt: Prompt, responses: Iterable[str] | None, images: Any = None,
                 where: str = "the sample") -> _core.Conversation:
    """`prompt`: a text, or messages; without `responses`, these end with the assistant's. `images` go before the text,
    or in the places of parts that name no image of their own."""
    return as_sample(prompt, responses, images, where).for_core()


def as_sample(prompt: Prompt, responses: Iterable[str] | None, images: Any = None, where: str = "the sample") -> Sample:
    """As conversation(), for those who are not the core."""
    result = Sample(where)
    given = [as_file(image, f"{where}: image {number}") for number, image in enumerate(image_list(images, where), 1)]
    if isinstance(prompt, str):
        result.prompt = _text(prompt, f"{where}: the prompt")
    else:
        result.messages, given = _messages(prompt, given, where)
    if responses is not None:
        result.responses = _responses(responses, where)
    result.images = given
    return result


def of_sample(sample: Mapping[str, Any], where: str) -> _core.Conversation:
    """A sample as a line of a samples file: "prompt" or "messages", "images" or "image", "responses", or "chosen" and
    "rejected". Other fields are the user's own, and not looked at."""
    if not isinstance(sample, Mapping):
        raise Error(f"{where}: {type(sample).__name__} is not a dict with \"prompt\" or \"messages\", and \"responses\"")
    _fields.check(sample, where)
    if ("prompt" in sample) == ("messages" in sample):
        raise Error(f'{where}: needs either "prompt" or "messages"')
    if sample.get("image") is not None and sample.get("images") is not None:
        raise Error(f'{where}: has both "image" and "images"; leave one out')
    images = sample.get("images") if sample.get("image") is None else [sample["image"]]
    prompt = sample["prompt"] if "prompt" in sample else sample["messages"]
    responses = _fields.responses_of(sample, where)
    if responses is None and isinstance(prompt, str):
        raise Error(f'{where}: "responses" is missing')
    return conversation(prompt, responses, images, where)


def split(row: Any, where: str) -> tuple[Sequence[Message], str]:
    """A conversation that ends with the assistant's message: the messages before it, and the response, which shows no
    images."""
    if not isinstance(row, (list, tuple)) or not row or not isinstance(row[-1], Mapping) or row[-1].get("role") != "assistant":
        raise Error(f"{where}: the last message must be the assistant's, which is scored")
    shown: list[Any] = []
    content = content_of(row[-1], shown, f"{where}: the last message")
    if shown or row[-1].get("content") is None:
        raise Error(f"{where}: the assistant's last message must be a text")
    return row[:-1], content if isinstance(content, str) else "".join(part["text"] for part in content)


def as_rows(conversations: Iterable[Sequence[Message]], images: Iterable[Any] | None) -> tuple[list[Any], list[Any]]:
    """The conversations of score_conversations(), and what is shown in each."""
    rows = list(conversations)
    if any(isinstance(row, Mapping) for row in rows):
        raise Error("score_conversations: give a list of conversations, each a list of messages")
    return rows, for_each(images, len(rows), "score_conversations")


def image_list(images: Any, where: str) -> list[Any]:
    """One image, or several."""
    if images is None:
        return []
    if isinstance(images, (list, tuple)):
        return list(images)
    if is_one_image(images):
        return [images]
    raise Error(f"{where}: images: {type(images).__name__} is not a list of images")


def is_one_image(images: Any) -> bool:
    """Whether it is not a list or another series of images."""
    return (isinstance(images, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(images, Iterable)
            or hasattr(images, "__array_interface__") or hasattr(images, "mode"))


def for_each(images: Any, count: int, where: str) -> list[Any]:
    """What is shown in each of `count` conversations."""
    if images is None:
        return [None] * count
    several = hasattr(images, "__array_interface__") and images.ndim not in (2, 3)
    if is_one_image(images) and not several:
        raise Error(f"{where}: images: give a list with an entry for each conversation, not one image")
    shown = list(images)
    if len(shown) != count:
        raise Error(f"{where}: images: one entry is needed for each conversation, {count} in all, not {len(shown)}")
    return shown


def _responses(responses: Iterable[str], where: str) -> list[str]:
    if isinstance(responses, (str, bytes)):
        raise Error(f"{where}: responses: give a list of texts, not one text")
    result = [_text(response, f"{where}: response {number}") for number, response in enumerate(responses, 1)]
    if not result:
        raise Error(f"{where}: responses: at least one is needed")
    return result


def _text(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise Error(f"{where}: {type(text).__name__} is not a text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Error(f"{where}: cannot be written as UTF-8: {error.reason} at character {error.start}") from None
    return text


def _messages(messages: Sequence[Message], images: list[Any], where: str) -> tuple[str, list[Any]]:
    """As JSON with parts of the two types that the core knows, and all images in the order of their parts."""
    if not isinstance(messages, (list, tuple)) or not all(isinstance(message, Mapping) for message in messages):
        raise Error(f'{where}: give a text, or a list of messages: {{"role", "content"}}')
    own: list[Any] = []  # an image for each part, None where the part names none
    parts = [{**message, "content": content_of(message, own, f"{where}: message {number}")}
             for number, message in enumerate(messages, 1)]
    if images and any(image is not None for image in own):
        raise Error(f"{where}: images are given both beside the messages and in their parts; leave one out")
    if not images and None in own:
        raise Error(f"{where}: a part shows an image that is not given, neither in it nor beside the messages")
    try:
        text = json.dumps(parts, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise Error(f"{where}: messages: {error}") from None
    return _text(text, f"{where}: messages"), images or own


def content_of(message: Message, own: list[Any], where: str) -> Any:
    """A text, or parts of the two types that the core knows. `own` gets an image, or None, for each that shows one."""
    content = message.get("content")
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)) or not all(isinstance(part, (Mapping, str)) for part in content):
        raise Error(f'{where}: "content" must be a text or a list of parts')
    return [_part(part, own, f"{where}: part {number}") for number, part in enumerate(content, 1)]


def _part(part: Any, own: list[Any], where: str) -> dict[str, str]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    kind = part.get("type")
    if kind in ("text", "input_text", "output_text"):
        return {"type": "text", "text": _text(part.get("text"), f"{where}: the text")}
    if kind not in ("image", "image_url", "input_image"):
        raise Error(f"{where}: a part of type {kind!r}; known are text, image and image_url")
    own.append(_image_of(part, f"{where}: the image"))
    return {"type": "image"}


def _image_of(part: Mapping[str, Any], where: str) -> Any:
    """OpenAI's "image_url", or transformers' "image", "path", "url" or "base64"."""
    if part.get("base64") is not None:
        return as_file(decoded_base64(part["base64"], where), where)
    for name in ("image", "image_url", "url", "path"):
        if part.get(name) is not None:
            image = part[name]
            if isinstance(image, Mapping) and "url" in image:
                image = image["url"]
            return as_file(image, where)
    return None
