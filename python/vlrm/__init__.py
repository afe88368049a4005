"""vlrm: merges a vision-language model and a text reward model, and scores answers about images.

    model = vlrm.RewardModel("org/vision-reward-model")
    model.score("What is this?", ["A cat.", "A dog."], images="cat.jpg")

Nothing is imported before it is used: neither torch nor numpy nor Pillow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import client as client
    from . import hub as hub
    from .building import build as build
    from .building import check as check
    from .building import merge as merge
    from .checkpoints import compare as compare
    from .checkpoints import inspect as inspect
    from .errors import BugError as BugError
    from .errors import Error as Error
    from .errors import OptionError as OptionError
    from .errors import TemporaryError as TemporaryError
    from .errors import VlrmWarning as VlrmWarning
    from .evaluations import choose_recipes as choose_recipes
    from .evaluations import compare_all_runs as compare_all_runs
    from .evaluations import compare_runs as compare_runs
    from .evaluations import evaluate as evaluate
    from .evaluations import evaluate_all as evaluate_all
    from .evaluations import results as results
    from .evaluations import sweep as sweep
    from .normalization import Normalization as Normalization
    from .ranking import Comparison as Comparison
    from .reward_model import GeneratedText as GeneratedText
    from .reward_model import RewardModel as RewardModel

    __version__: str

_HOMES = {
    "building": ("build", "check", "merge"),
    "checkpoints": ("compare", "inspect"),
    "errors": ("BugError", "Error", "OptionError", "TemporaryError", "VlrmWarning"),
    "evaluations": ("choose_recipes", "compare_all_runs", "compare_runs", "evaluate", "evaluate_all", "results", "sweep"),
    "normalization": ("Normalization",),
    "ranking": ("Comparison",),
    "reward_model": ("GeneratedText", "RewardModel"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

_MODULES = ("client", "hub")

__all__ = [*sorted(_HOME), *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("._core", __name__).version
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
