"""Rewards from a server (`vlrm serve`), as a RewardModel gives them.

    rewards = vlrm.client.Client("http://127.0.0.1:8000")
    rewards.score("What is this?", ["A cat.", "A dog."], images="cat.jpg")"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from . import messages
from ._calls import _level_of_caller
from ._http import Server, Stop, shown
from .errors import Error, OptionError, VlrmWarning
from .images import File
from .messages import Message, Prompt, Sample
from .normalization import Normalization
from .ranking import Comparison, Ranking

_KINDS = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


class Client(Ranking):
    """The reward model of a server. No torch is needed here, and no model is loaded.

    url: the server's address, http://HOST:PORT; None: VLRM_URL. api_key: None: VLRM_API_KEY.
    timeout: seconds for each request, with all its tries: where no server answers (it may be starting), and after the
      answers 408, 429 and 5xx (it may be busy or loading), a request is sent again, later each time. retries: how
      often at most; None: until the time is over. Then vlrm.TemporaryError is raised; other answers are a vlrm.Error at once.
    connections: how many requests are under way together. responses_per_request: of a longer list, several requests are
      made; at most the server's --limit-responses.
    normalize: of rewards: {"mean", "scale", "clip"}, a result folder whose scores say them, or a Normalization.

    score, score_conversations, rank and compare are those of RewardModel, and so are images and messages. Images are
    sent as the bytes of their files; those without a file (PIL, numpy) as PNG. Conversations that differ only in the last
    message share one request. special_tokens in the texts: "escape" (as text), "parse" or "refuse"; None: as the server
    was started, which is "escape" unless its --special-tokens says another. Each has a twin for asyncio: `await client.score_async(…)`. Threads may share a client."""

    def __init__(self, url: str | None = None, api_key: str | None = None, timeout: float = 180.0,
                 retries: int | None = None, *, connections: int = 8, responses_per_request: int = 256,
                 normalize: Any = None) -> None:
        url = url or os.environ.get("VLRM_URL")
        if not url:
            raise OptionError("url: give the server's address (http://HOST:PORT), or set VLRM_URL", "url")
        if not (math.isfinite(timeout) and timeout > 0):
            raise OptionError(f"timeout: {timeout!r} is not a number of seconds above 0", "timeout")
        if connections < 1:
            raise OptionError(f"connections: must be at least 1, not {connections}", "connections")
        if responses_per_request < 1:
            raise OptionError(f"responses_per_request: must be at least 1, not {responses_per_request}", "responses_per_request")
        if retries is not None and retries < 0:
            raise OptionError(f"retries: must be at least 0, not {retries}", "retries")
        self._server = Server(url, api_key or os.environ.get("VLRM_API_KEY"), timeout, retries)
        self.connections, self.responses_per_request = connections, responses_per_request
        self.normalization = Normalization.of(normalize)
        self._warned: set[str] = set()

    @property
    def url(self) -> str:
        return self._server.url

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def score(self, prompt: Prompt, responses: Iterable[str], images: Any = None, mode: str | None = None,
              special_tokens: str | None = None) -> list[float]:
        """One reward for each response to a prompt: a text, or messages up to the response; as RewardModel.score."""
        return self._score_all([messages.as_sample(prompt, responses, images)], mode, special_tokens)[0]

    def score_conversations(self, conversations: Iterable[Sequence[Message]], images: Iterable[Any] | None = None,
                            mode: str | None = None, special_tokens: str | None = None) -> list[float]:
        """One reward for each conversation, of which the last message is the assistant's: the response that is scored; as
        RewardModel.score_conversations, but conversations about the same prompt and images need not follow each other."""
        rows, shown_in = messages.as_rows(conversations, images)
        groups: dict[Any, tuple[Sample, list[int]]] = {}
        for number, (row, image) in enumerate(zip(rows, shown_in)):
            where = f"conversation {number + 1}"
            before, response = messages.split(row, where)
            sample = messages.as_sample(before, [response], image, where)
            key = sample.prompt, sample.messages, tuple(each.data or each.name for each in sample.images)
            first, numbers = groups.setdefault(key, (sample, []))
            if numbers:
                first.responses += sample.responses
            numbers.append(number)
        scores = [math.nan] * len(rows)
        samples = [sample for sample, _ in groups.values()]
        for (_, numbers), found in zip(groups.values(), self._score_all(samples, mode, special_tokens)):
            for number, score in zip(numbers, found):
                scores[number] = score
        return scores

    async def score_async(self, prompt: Prompt, responses: Iterable[str], images: Any = None, mode: str | None = None,
                          special_tokens: str | None = None) -> list[float]:
        """score(), while the event loop does other work."""
        return await asyncio.to_thread(self.score, prompt, responses, images, mode, special_tokens)

    async def score_conversations_async(self, conversations: Iterable[Sequence[Message]],
                                        images: Iterable[Any] | None = None, mode: str | None = None,
                                        special_tokens: str | None = None) -> list[float]:
        """score_conversations(), while the event loop does other work."""
        return await asyncio.to_thread(self.score_conversations, conversations, images, mode, special_tokens)

    async def rank_async(self, query: Any, documents: Iterable[str], top_k: int | None = None, **how: Any) -> list[dict[str, Any]]:
        """rank(), while the event loop does other work."""
        return await asyncio.to_thread(self.rank, query, documents, top_k, **how)

    async def compare_async(self, a: Sequence[Message], b: Sequence[Message], images: Any = None, **how: Any) -> Comparison:
        """compare(), while the event loop does other work."""
        return await asyncio.to_thread(self.compare, a, b, images, **how)

    def models(self) -> list[str]:
        """The names of what the server has loaded."""
        def names(said: Any) -> list[str]:
            return [_expected(each, "id", str) for each in _expected(said, "data", list)]

        return _read(self._server.ask("GET", "/v1/models"), f"{self.url}/v1/models", "a list of models", names)

    def ready(self) -> bool:
        """Whether the server answers and has loaded its model; tried once."""
        return self._server.finds("/health")

    def _score_all(self, samples: list[Sample], mode: str | None, special_tokens: str | None) -> list[list[float]]:
        """Of each sample. Long lists of responses take several requests."""
        chosen = {"mode": mode, "special_tokens": special_tokens}
        how = {"use_activation": False} | {name: value for name, value in chosen.items() if value}
        most = self.responses_per_request
        parts = [(number, start) for number, sample in enumerate(samples) for start in range(0, len(sample.responses), most)]

        def ask(part: tuple[int, int], stop: Stop) -> tuple[list[float], list[str]]:
            sample, responses = samples[part[0]], samples[part[0]].responses[part[1] : part[1] + most]
            what = "" if len(samples) == 1 else sample.source
            body = {"messages": _on_the_wire(sample), "responses": responses, **how}
            answer = self._server.ask("POST", "/v1/reward", body, what, stop)
            return _read(answer, f"{self.url}/v1/reward", "one of rewards", lambda said: _rewards(said, len(responses)))

        scores: list[list[float]] = [[] for _ in samples]
        for (number, _), (found, warned) in zip(parts, _together(ask, parts, self.connections)):
            scores[number] += found
            self._warn(warned)
        if self.normalization is None:
            return scores
        return [[self.normalization(score) for score in each] for each in scores]

    def _warn(self, lines: list[str]) -> None:
        """Once for each kind: lines of one kind differ in their counts."""
        for line in lines:
            kind = " ".join(word.removesuffix("s") for word in line.split() if not word.isdigit())
            if kind not in self._warned:
                self._warned.add(kind)
                warnings.warn(line, VlrmWarning, stacklevel=_level_of_caller())


def _together(ask: Callable[[Any, Stop], Any], parts: list[Any], connections: int) -> list[Any]:
    """ask(part) of each, in order. What one raises ends the others."""
    stop = Stop()
    if len(parts) == 1 or connections == 1:
        return [ask(part, stop) for part in parts]
    pool = ThreadPoolExecutor(min(connections, max(len(parts), 1)), thread_name_prefix="vlrm-client")
    try:
        futures = [pool.submit(ask, part, stop) for part in parts]
        finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in (finished if len(finished) < len(futures) else futures)]
    finally:
        stop.ask()
        pool.shutdown(wait=False, cancel_futures=True)


def _on_the_wire(sample: Sample) -> list[dict[str, Any]]:
    """OpenAI's messages, with the images in their parts."""
    urls = [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in sample.images]
    if not sample.messages:
        return [{"role": "user", "content": [*urls, {"type": "text", "text": sample.prompt}] if urls else sample.prompt}]
    wire = json.loads(sample.messages)
    places = [(part, parts) for message in wire if isinstance(parts := message["content"], list)
              for part in parts if part["type"] == "image"]
    if len(places) not in (0, len(urls)):
        raise Error(f"{sample.source}: the messages show {len(places)} images, and {len(urls)} are given")
    if not places and urls:
        first = next((message for message in wire if message.get("role") == "user"), None)
        if first is None:
            raise Error(f"{sample.source}: there are images but no user message to show them in")
        text = first["content"]
        first["content"] = [*urls, *([{"type": "text", "text": text}] if isinstance(text, str) else text)]
    for (part, _), url in zip(places, urls):
        part.update(url)
    return wire


def _data_url(image: File) -> str:
    data = image.read()
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), "application/octet-stream")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _rewards(said: Any, count: int) -> tuple[list[float], list[str]]:
    """The scores of an answer in the order of the responses, and what it warns of."""
    found: dict[int, float] = {}
    entries = _expected(said, "data", list)
    for entry in entries:
        score = _expected(entry, "score", list)
        if len(score) != 1 or type(score[0]) not in (int, float) or not math.isfinite(score[0]):
            raise Error(f"a score of {score!r}, not of one finite number")
        found[_expected(entry, "index", int)] = float(score[0])
    if len(entries) != count or sorted(found) != list(range(count)):
        raise Error(f"{len(entries)} rewards with the indices {sorted(found)[:8]}, for {count} responses")
    return [found[number] for number in range(count)], [str(line) for line in said.get("warnings") or []]


def _read(answer: bytes, where: str, what: str, read: Callable[[Any], Any]) -> Any:
    """read() of an answer's JSON."""
    try:
        return read(json.loads(answer))
    except (ValueError, RecursionError) as error:
        raise Error(f"{where}: an answer that is not {what}: {error}: {shown(answer)}") from None


def _expected(value: Any, name: str, kind: type) -> Any:
    field = value.get(name) if isinstance(value, dict) else None
    if type(field) is not kind:
        raise Error(f'"{name}" is missing or not of type {kind.__name__}')
    return field
