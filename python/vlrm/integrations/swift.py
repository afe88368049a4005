"""A reward for ms-swift's GRPO that sees the images, from a server (`vlrm serve`) whose address is VLRM_URL:

    --external_plugins "$(python -m vlrm.integrations swift)" --reward_funcs vlrm"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swift.rewards import ORM, orms  # type: ignore[import-not-found]

from ..client import Client
from ..errors import Error
from ._rows import Sight, holds_images, judge_of, messages_of, naming, placed


class VlrmReward(ORM):
    """The reward of each completion, by the columns `messages` and `images` of its row. model: a URL (None: VLRM_URL), a
    Client or a RewardModel; `options` are Client's. Another setting is another name:

        orms["blind"] = functools.partial(VlrmReward, mode="no-image")"""

    def __init__(self, args: Any = None, model: Any = None, mode: str | None = None, **options: Any) -> None:
        super().__init__(args)
        self.judge = Client(**options) if model is None else judge_of(model, "ms-swift", **options)
        self.mode = mode
        self._sight = Sight("in the column `images` nor in the messages' parts")

    def __call__(self, completions: Sequence[str], messages: Sequence[Any] | None = None,
                 images: Sequence[Any] | None = None, **columns: Any) -> list[float]:
        if messages is None:
            raise Error("ms-swift: the rows have no column `messages`, which holds the question")
        for name, column in (("messages", messages), ("images", images)):
            if column is not None and len(column) != len(completions):
                raise Error(f"ms-swift: {len(completions)} completions, and the column `{name}` has {len(column)} rows")
        rows, shown = [], []
        for number, (completion, row) in enumerate(zip(completions, messages), 1):
            with naming(f"ms-swift: row {number}"):
                before = messages_of(row, "user")
                if before and before[-1].get("role") == "assistant":
                    before = before[:-1]
                before, given = placed(before, images[number - 1] if images is not None else None)
            rows.append([*before, {"role": "assistant", "content": completion}])
            shown.append(given)
        if self.mode in (None, "image"):
            self._sight.check(any(shown) or any(map(holds_images, rows)))
        with naming("ms-swift"):
            return self.judge.score_conversations(rows, shown, self.mode, special_tokens="escape")


orms["vlrm"] = VlrmReward
