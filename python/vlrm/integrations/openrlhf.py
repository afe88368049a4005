"""A reward for OpenRLHF that sees the images, from a server (`vlrm serve`) whose address is VLRM_URL:

    --train.agent_func_path "$(python -m vlrm.integrations openrlhf)" --data.image_key images"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from openrlhf.utils.agent import SingleTurnAgentExecutor  # type: ignore[import-not-found]

from ..client import Client
from ..errors import Error
from ._rows import Sight, holds_images, messages_of, naming, placed

_TURNS = (  # of policies' chat templates: role and text
    r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>",
    r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*?)<\|eot_id\|>",
    r"<start_of_turn>(\w+)\n(.*?)<end_of_turn>",
)
_IMAGE = (r"<\|vision_start\|>(?:<\|image_pad\|>)+<\|vision_end\|>|<img>(?:<IMG_CONTEXT>)+</img>|<\|image\|>"
          r"|<start_of_image>(?:(?:<image_soft_token>)+<end_of_image>)?")


class AgentExecutor(SingleTurnAgentExecutor):
    """Generates one answer, as OpenRLHF itself does, and asks the server for its reward. `scores`, by which OpenRLHF
    filters, is the reward's sigmoid. The question is that of the templated prompt (of ChatML's, Llama 3's or Gemma's
    form), or, if the label is a JSON object with "prompt", that: a text or messages. options: those of Client."""

    def __init__(self, mode: str | None = None, **options: Any) -> None:
        super().__init__(remote_rm_url=None)
        self.client, self.mode = Client(**options), mode
        self._sight = Sight("in the data set's column --data.image_key nor in the label's messages")

    async def execute(self, prompt: str, label: Any, sampling_params: Any, max_length: int, hf_tokenizer: Any,
                      llm_engine: Any, images: Any = None) -> dict[str, Any]:
        output = await super().execute(prompt, label, sampling_params, max_length, hf_tokenizer, llm_engine, images)
        begin, end = output["action_ranges"][-1]
        answer = hf_tokenizer.decode(output["observation_tokens"][begin:end], skip_special_tokens=True)
        with naming(f"openrlhf: the prompt {prompt[-80:]!r}"):
            row, shown = placed(question_of(prompt, label, shows=images is not None), images)
            if self.mode in (None, "image"):
                self._sight.check(bool(shown) or holds_images(row))
            reward = (await self.client.score_async(row, [answer], shown, self.mode, "escape"))[0]
        output.update(reward=reward, scores=1 / (1 + math.exp(-max(reward, -700.0))), extra_logs={"vlrm": reward})
        return output


def question_of(prompt: str, label: Any, shows: bool = True) -> list[Any]:
    """The messages before the answer. What the template writes for an image is a part of them, or, unless one `shows`
    images, nothing."""
    try:
        said = json.loads(label) if isinstance(label, str) else label
    except ValueError:
        said = None
    if isinstance(said, dict) and said.get("prompt"):
        with naming('the label\'s "prompt"'):
            return messages_of(said["prompt"], "user")
    turns = next((found for style in _TURNS if (found := re.findall(style, prompt, re.DOTALL))), None)
    if not turns or turns[-1][0] != "user":
        raise Error('no user\'s turn of a known chat template ends it; put the question into the label, as {"prompt": …}')
    return [{"role": "assistant", "content": text} if role in ("assistant", "model") else
            {"role": role, "content": _content(text, shows)} for role, text in turns]


def _content(text: str, shows: bool) -> Any:
    texts = re.split(_IMAGE, text)
    if len(texts) == 1 or not shows:
        return "".join(texts)
    parts = [part for piece in texts for part in ({"type": "image"}, {"type": "text", "text": piece})][1:]
    return [part for part in parts if part.get("text") != ""]
