"""A reward for TRL's trainers (GRPO, RLOO) that sees the images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import messages
from .._options import Name
from ..client import Client
from ..errors import Error
from ..reward_model import RewardModel
from ._rows import Sight, holds_images, judge_of, messages_of, naming, placed


class VlrmReward:
    """For `reward_funcs`:

        GRPOTrainer(model=..., reward_funcs=VlrmReward("org/vision-reward-model"), ...)   # in this process
        GRPOTrainer(model=..., reward_funcs=VlrmReward("http://127.0.0.1:8000"), ...)     # of a server

    model: a RewardModel or a Client, or what names one: a model, or the URL of `vlrm serve`; `options` are then
    RewardModel's or Client's. The images are those of the prompts' parts, as TRL fills them in, or, where they hold none, of
    the columns `images` or `image`, of which a row fills one. Special tokens in completions are read as text, so that a
    policy cannot write a turn of its own; special_tokens="parse" reads them as tokens.
    The rewards are logged under `name`."""

    def __init__(self, model: RewardModel | Client | Name, *, mode: str | None = None, special_tokens: str = "escape",
                 name: str = "vlrm", **options: Any) -> None:
        self.model = judge_of(model, "VlrmReward", **options)
        self.mode = mode
        self.special_tokens = special_tokens
        self.__name__ = name
        self._sight = Sight("in the prompts' parts nor in a column `images` or `image`")

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], images: Sequence[Any] | None = None,
                 image: Sequence[Any] | None = None, **columns: Any) -> list[float]:
        if len(prompts) != len(completions):
            raise Error(f"VlrmReward: {len(prompts)} prompts, {len(completions)} completions")
        both = [messages.for_each(column, len(prompts), "VlrmReward") for column in (images, image)]
        conversations, shown = [], []
        for number, (prompt, completion, given, one) in enumerate(zip(prompts, completions, *both), 1):
            with naming(f"VlrmReward: row {number}"):
                before = messages_of(prompt, "user")
                row, images_of_row = placed(before, None if holds_images(before) else _filled(given, one))
                conversations.append(_joined(row, messages_of(completion, "assistant")))
            shown.append(images_of_row)
        if self.mode in (None, "image") and getattr(self.model, "sees", True):
            self._sight.check(any(each is not None for each in shown) or any(map(holds_images, conversations)))
        return self.model.score_conversations(conversations, shown, self.mode, special_tokens=self.special_tokens)


def _joined(before: list[Any], completion: list[Any]) -> list[Any]:
    """The conversation. A prompt that ends with the assistant's words is one that the completion continues."""
    if not before or before[-1].get("role") != "assistant" or not completion or completion[0].get("role") != "assistant":
        return before + completion
    begun, rest = (messages.split([message], "the assistant's message")[1] for message in (before[-1], completion[0]))
    return [*before[:-1], {**completion[0], "content": begun + rest}, *completion[1:]]


def _filled(images: Any, image: Any) -> Any:
    """What a row's columns show."""
    found = [each for each in (images, image) if each is not None and not (isinstance(each, (list, tuple)) and not each)]
    if len(found) > 1:
        raise Error("has images in both columns, `images` and `image`; leave one out")
    return found[0] if found else None
