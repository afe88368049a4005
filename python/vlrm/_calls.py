"""What a call tells: progress, warnings as Python's, notes to the logger "vlrm"."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from . import _core
from ._launch import folder_of
from .errors import VlrmWarning

# Whose libraries the core opens, and whose hf it runs: those that this Python would import.
for package in ("torch", "pyarrow", "huggingface_hub"):
    if (folder := folder_of(package)) is not None:
        _core.prefer_python_package(package, folder)

Progress = bool | Callable[[int, int], Any] | None

_LOGGER = logging.getLogger("vlrm")


@contextmanager
def listening(progress: Progress = None, before: Callable[[], int] = lambda: 0,
              count: int | None = None) -> Iterator[_core.Call]:
    """The listener of the calls inside. `progress`: True for a bar of tqdm if it is installed, or a callable that gets
    how much is finished and the total, in samples or bytes. Of work that takes several calls, `before` says how much the
    earlier ones did, and `count` the total, if it is known."""
    bars = _Bars() if progress is True else None

    def report(label: str, unit: str, finished: int, total: int, state: str) -> None:
        finished, total = before() + finished, count or before() + total
        if bars is not None:
            bars.show(label, unit, finished, total)
        elif callable(progress) and state != "failed":
            progress(finished, total)

    call = _core.Call(report if progress else None)
    done = False
    try:
        yield call
        call.raise_kept()
        done = True
    finally:
        if bars is not None:
            bars.close()
        _tell(call.take_messages(), as_warnings=done)


class _Bars:
    """A bar of tqdm for each piece of work."""

    def __init__(self) -> None:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            tqdm = None
        self.tqdm = tqdm
        self.bars: dict[str, Any] = {}

    def show(self, label: str, unit: str, finished: int, total: int) -> None:
        if self.tqdm is None:
            return
        if label not in self.bars:
            self.bars[label] = self.tqdm(total=total, desc=label, unit="B" if unit == "bytes" else "sample",
                                         unit_scale=unit == "bytes", unit_divisor=1024)
        bar = self.bars[label]
        bar.total = total
        bar.update(finished - bar.n)

    def close(self) -> None:
        for bar in self.bars.values():
            bar.close()


def _tell(messages: list[tuple[str, str]], as_warnings: bool) -> None:
    for kind, line in messages:
        if kind != "warning":
            _LOGGER.info(line)
        elif as_warnings:
            warnings.warn(line, VlrmWarning, stacklevel=_level_of_caller())
        else:  # beside an exception, which says more
            _LOGGER.warning(line)


def _level_of_caller() -> int:
    """How many frames, counted from warn(), are vlrm's own."""
    level = 1
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("vlrm", "contextlib"):
        level, frame = level + 1, frame.f_back
    return level
