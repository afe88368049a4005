"""A reward for verl that sees the images, from a server (`vlrm serve`):

    reward.custom_reward_function.path=pkg://vlrm.integrations.verl
    +reward.custom_reward_function.reward_kwargs.url=http://127.0.0.1:8000"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client import Client
from ..errors import Error
from ._rows import Sight, holds_images, messages_of, naming, placed

_SIGHT = Sight('in extra_info["raw_prompt"] nor in extra_info["images"]')
_CLIENTS: dict[Any, Client] = {}


async def compute_score(data_source: Any, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None,
                        url: str | None = None, mode: str | None = None, normalize: Any = None, timeout: float = 180.0,
                        **columns: Any) -> dict[str, float]:
    """{"score": the reward of a response}. The conversation and its images are extra_info["raw_prompt"], which verl's agent
    loop adds; where its parts hold no image, they are extra_info["images"], where it is not there, extra_info["prompt"]
    is the question. url (None: VLRM_URL), mode, normalize and timeout are `reward_kwargs`, and mean what they mean for a
    Client."""
    info = extra_info or {}
    where = f"verl: row {info.get('index', '?')} of {data_source}"
    prompt = next((info[name] for name in ("raw_prompt", "prompt") if info.get(name) is not None), None)
    if prompt is None:
        raise Error(f'{where}: extra_info has no "raw_prompt", the messages that the agent loop adds; put them there, or the '
                    'question as "prompt"')
    with naming(where):
        row, images = placed(messages_of(prompt, "user"), info.get("images"))
        if mode in (None, "image"):
            _SIGHT.check(bool(images) or holds_images(row))
        client = _client(url, timeout, normalize)
        return {"score": (await client.score_async(row, [solution_str], images, mode, "escape"))[0]}


def _client(url: str | None, timeout: float, normalize: Any) -> Client:
    key = url, timeout, repr(normalize)
    if key not in _CLIENTS:
        _CLIENTS[key] = Client(url, timeout=timeout, normalize=normalize)
    return _CLIENTS[key]
