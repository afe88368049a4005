"""What checkpoints are, and how two of them relate."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from . import _core
from ._calls import Progress, listening
from ._options import Name, filled, model_name


def inspect(model: Name) -> dict[str, Any]:
    """What a checkpoint is, from its config and headers: "kind", "family", "parameters", "bytes", "parts" (a list),
    "hidden_size", "layers", "vocabulary", …; "roles" says for "vlm", "rm" and "base" why build() cannot take it so, or
    None where it can."""
    with listening() as call:
        return json.loads(_core.inspect(model_name(model), call))


def compare(a: Name, b: Name, *, base: Name | None = None, top: float = 0.2, page: Name | None = None,
            figures: Name | None = None, force: bool = False, progress: Progress = None) -> dict[str, Any]:
    """How the weights of two models relate, or, with a base, their differences from it: norms, cosines, signs, and the
    overlap of the fraction `top` of largest magnitudes, by tensor and layer. Gives the figures of `vlrm compare --json`,
    and writes them (`figures`, JSON) and a page (`page`, HTML) where they are named."""
    with tempfile.TemporaryDirectory() as folder, listening(progress) as call:
        file = Path(folder) / "figures.json" if figures is None else Path(figures)
        _core.compare(filled(_core.CompareOptions(), a=a, b=b, base=base, top=top, page=page, figures=file, force=force),
                      call)
        return json.loads(file.read_text(encoding="utf-8"))
