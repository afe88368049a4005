"""A reward for TRL's trainers (GRPO, RLOO) that sees the images."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from .. import messages
from .._options import Name
from ..errors import Error, VlrmWarning
from ..reward_model import RewardModel


class VlrmReward:
    """For `reward_funcs`:

        GRPOTrainer(model=..., reward_funcs=VlrmReward("org/vision-reward-model"), ...)

    model: a RewardModel, or what names one; `options` are then RewardModel's. The images are those of the prompts' parts,
    as TRL fills them in, or, where they hold none, of the columns `images` or `image`, of which a row fills one. Special tokens in completions are
    read as text, so that a policy cannot write a turn of its own; special_tokens="parse" reads them as tokens.
    The rewards are logged under `name`."""

    def __init__(self, model: RewardModel | Name, *, mode: str | None = None, special_tokens: str = "escape",
                 name: str = "vlrm", **options: Any) -> None:
        if isinstance(model, RewardModel) and options:
            raise Error("VlrmReward: options go with a model's name; this model is loaded already")
        self.model = model if isinstance(model, RewardModel) else RewardModel(model, **options)
        self.mode = mode
        self.special_tokens = special_tokens
        self.__name__ = name
        self._warned = False

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], images: Sequence[Any] | None = None,
                 image: Sequence[Any] | None = None, **columns: Any) -> list[float]:
        if len(prompts) != len(completions):
            raise Error(f"VlrmReward: {len(prompts)} prompts, {len(completions)} completions")
        both = [messages.for_each(column, len(prompts), "VlrmReward") for column in (images, image)]
        conversations = [_messages(prompt, "user") + _messages(completion, "assistant")
                         for prompt, completion in zip(prompts, completions)]
        shown = [None if _hold_images(row) else _filled(*columns_of_row, number)
                 for number, (row, *columns_of_row) in enumerate(zip(conversations, *both), 1)]
        self._warn_if_blind(conversations, shown)
        return self.model.score_conversations(conversations, shown, self.mode, special_tokens=self.special_tokens)

    def _warn_if_blind(self, conversations: list[list[Any]], shown: list[Any]) -> None:
        if self._warned or not self.model.sees or self.mode not in (None, "image"):
            return
        if any(each is not None for each in shown) or any(map(_hold_images, conversations)):
            return
        self._warned = True
        warnings.warn("no image has reached the reward, neither in the prompts' parts nor in a column `images` or `image`: "
                      "it judges without them", VlrmWarning, stacklevel=3)


def _messages(text: Any, role: str) -> list[Any]:
    return [{"role": role, "content": text}] if isinstance(text, str) else list(text)


def _hold_images(row: list[Any]) -> bool:
    return any(isinstance(part, Mapping) and part.get("type") in ("image", "image_url", "input_image")
               and any(part.get(name) is not None for name in ("image", "image_url", "url", "path", "base64"))
               for message in row if isinstance(message.get("content"), (list, tuple)) for part in message["content"])


def _filled(images: Any, image: Any, number: int) -> Any:
    """What a row's columns show."""
    found = [each for each in (images, image) if each is not None and not (isinstance(each, (list, tuple)) and not each)]
    if len(found) > 1:
        raise Error(f"VlrmReward: row {number} has images in both columns, `images` and `image`; leave one out")
    return found[0] if found else None
