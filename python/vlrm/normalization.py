"""Rewards on a scale of one's own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import OptionError

Clip = float | tuple[float, float] | None


@dataclass(frozen=True)
class Normalization:
    """A score becomes (score − mean) / scale, then at most `clip` away from 0, or inside of `clip`'s two numbers.
    `source` says where the numbers are from."""

    mean: float = 0.0
    scale: float = 1.0
    clip: Clip = None
    source: str | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "scale"):
            object.__setattr__(self, name, _finite(getattr(self, name), name))
        if self.scale <= 0:
            raise OptionError(f"normalize: scale: {self.scale!r} is not above 0", "normalize")
        low, high = self.limits
        if not low < high:
            raise OptionError(f"normalize: clip: {self.clip!r} leaves nothing between its ends", "normalize")

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        if self.clip is None:
            return -math.inf, math.inf
        try:
            low, high = self.clip if isinstance(self.clip, (tuple, list)) else (-self.clip, self.clip)
            return float(low), float(high)
        except (TypeError, ValueError, OverflowError):
            raise OptionError(f"normalize: clip: {self.clip!r} is neither a number nor two", "normalize") from None

    def __call__(self, score: float) -> float:
        low, high = self.limits
        return min(max((score - self.mean) / self.scale, low), high)

    def settings(self) -> dict[str, Any]:
        """What to keep beside the scores, as JSON has it."""
        clip = None if self.clip is None else list(self.limits) if isinstance(self.clip, (tuple, list)) else self.limits[1]
        return {"mean": self.mean, "scale": self.scale, "clip": clip, "source": self.source}

    @classmethod
    def of_scores(cls, scores: Iterable[float], clip: Clip = None, source: str = "scores") -> Normalization:
        """By the mean and the (population) standard deviation of these."""
        values = [_finite(score, "scores") for score in scores]
        if not values:
            raise OptionError("normalize: there are no scores", "normalize")
        mean = math.fsum(values) / len(values)
        scale = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
        return cls(mean, scale, clip, source)

    @classmethod
    def of_run(cls, folder: Any, clip: Clip = None) -> Normalization:
        """By all scores of an evaluation: its result folder."""
        if not isinstance(folder, (str, os.PathLike)):
            known = "the numbers ({\"mean\", \"scale\", \"clip\"}), a result folder, or a Normalization"
            raise OptionError(f"normalize: {type(folder).__name__} is none of {known}", "normalize")
        from .evaluations import results

        runs = results([folder])
        if len(runs) != 1:
            raise OptionError(f"normalize: {os.fspath(folder)} holds {len(runs)} runs; name one", "normalize")
        scores = runs[0]["scores"]["all"]
        if not scores or not scores["deviation"]:
            raise OptionError(f"normalize: {os.fspath(folder)}: its scores have no spread", "normalize")
        return cls(scores["mean"], scores["deviation"], clip, os.fspath(folder))

    @classmethod
    def of(cls, how: Any) -> Normalization | None:
        """What an argument `normalize` says: nothing, the numbers, or a result folder."""
        if how is None or isinstance(how, cls):
            return how
        if not isinstance(how, Mapping):
            return cls.of_run(how)
        unknown = set(how) - {"mean", "scale", "clip", "run"}
        if unknown:
            raise OptionError(f"normalize: {sorted(map(str, unknown))[0]!r} is none of mean, scale, clip, run", "normalize")
        if "run" in how:
            if "mean" in how or "scale" in how:
                raise OptionError("normalize: a run says the mean and the scale; leave them out", "normalize")
            return cls.of_run(how["run"], how.get("clip"))
        return cls(how.get("mean", 0.0), how.get("scale", 1.0), how.get("clip"))


def _finite(value: Any, name: str) -> float:
    """Also of numpy's and torch's numbers."""
    try:
        number = math.nan if isinstance(value, (bool, str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        number = math.nan
    if not math.isfinite(number):
        raise OptionError(f"normalize: {name}: {value!r} is not a finite number", "normalize")
    return number
