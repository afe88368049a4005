"""What follows from scores: which response is the best, which of two conversations is better."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import Error, OptionError
from .messages import Message


@dataclass(frozen=True)
class Comparison:
    """Two scores. True as a condition where the first is larger."""

    scores: tuple[float, float]

    @property
    def margin(self) -> float:
        """The first score less the second."""
        return self.scores[0] - self.scores[1]

    def __bool__(self) -> bool:
        return self.scores[0] > self.scores[1]


class Ranking:
    """For classes that have score() and score_conversations()."""

    score: Any
    score_conversations: Any

    def rank(self, query: Any, documents: Iterable[str], top_k: int | None = None, return_documents: bool = True,
             images: Any = None, mode: str | None = None, special_tokens: str | None = None) -> list[dict[str, Any]]:
        """Responses by their scores, the best first: [{"corpus_id", "score", "text"}, …], as the cross-encoders of
        sentence-transformers rank. `query`: a text, messages, or {"text", "image"}; corpus_id counts `documents` from 0;
        equals keep their order."""
        if top_k is not None and operator.index(top_k) < 0:
            raise OptionError(f"top_k: must be at least 0, not {top_k}", "top_k")
        if isinstance(query, Mapping):
            unknown = set(query) - {"text", "image", "images"}
            if unknown or "text" not in query:
                raise Error('rank: query: give a text, messages, or {"text", "image"}')
            given = [each for each in (images, query.get("image"), query.get("images")) if each is not None]
            if len(given) > 1:
                raise Error("rank: images are given more than once, in the query or beside it; leave the others out")
            images = given[0] if given else None
            query = query["text"]
        texts = list(documents) if not isinstance(documents, str) else documents
        scores = self.score(query, texts, images, mode, special_tokens=special_tokens)
        order = sorted(range(len(scores)), key=lambda number: -scores[number])[:top_k]
        return [{"corpus_id": number, "score": scores[number]} | ({"text": texts[number]} if return_documents else {})
                for number in order]

    def compare(self, a: Sequence[Message], b: Sequence[Message], images: Any = None,
                mode: str | None = None, special_tokens: str | None = None) -> Comparison:
        """Two conversations that end with the assistant's message; `images` are those of both, if their parts have
        none. `if model.compare(a, b)`: whether a is better."""
        first, second = self.score_conversations([a, b], None if images is None else [images, images], mode,
                                                 special_tokens=special_tokens)
        return Comparison((first, second))
