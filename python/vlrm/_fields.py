"""The fields of samples, by the rules of `vlrm score --input`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import Error

FIELDS = ("id", "image", "images", "prompt", "messages", "responses", "chosen", "rejected")
_OF_THE_OUTPUT = ("scores", "date", "texts")


def check(sample: Mapping[Any, Any], where: str) -> None:
    """Raises Error for a field that is nearly a known one (but the short "id"), a slip of the pen, and for one that a
    line of scores has too. Others are the user's own."""
    for name in sample:
        if name in FIELDS:
            continue
        shown = json.dumps(str(name).encode("utf-8", "replace").decode(), ensure_ascii=False)
        near = near_name(str(name), FIELDS[1:])
        if near is not None:
            raise Error(f'{where}: unknown field {shown}; did you mean "{near}"?')
        if name in _OF_THE_OUTPUT:
            raise Error(f"{where}: the field {shown} is one that the scores have; give it another name")


def responses_of(sample: Mapping[str, Any], where: str) -> Iterable[str] | None:
    """Of "responses", or of "chosen" and "rejected", in this order; None if the sample has neither. Raises Error."""
    responses, pair = sample.get("responses"), [sample.get("chosen"), sample.get("rejected")]
    if pair == [None, None]:
        return responses
    if responses is not None:
        raise Error(f'{where}: has both "responses" and "chosen" or "rejected"; leave one out')
    for name, text in zip(("chosen", "rejected"), pair):
        if not isinstance(text, str):
            raise Error(f'{where}: "{name}" must be a string')
    return pair


def near_name(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` is a slip of the pen from, or None: as src/base/nearest.cpp decides."""
    letters = name.encode("utf-8", "surrogatepass").lstrip(b"-")[:64].lower()  # of ASCII alone
    distance, nearest = min(((_edits(letters, each.encode()), each) for each in known), key=lambda pair: pair[0])
    return nearest if distance <= max(1, (len(nearest) + 1) // 3) else None


def _edits(name: bytes, other: bytes) -> int:
    """How many bytes to insert, remove or replace, or to swap with the next one."""
    before_last: list[int] = []
    last: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(name, 1):
        before_last, last, row = last, row, [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(last[j - 1] + (letter != wanted), last[j] + 1, row[j - 1] + 1))
            if i > 1 and j > 1 and letter == other[j - 2] and name[i - 2] == wanted:
                row[j] = min(row[j], before_last[j - 2] + 1)
    return row[-1]
