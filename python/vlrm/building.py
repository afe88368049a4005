"""New models out of others."""

from __future__ import annotations

from typing import Any

from . import _core
from ._calls import Progress, listening
from ._options import Name, dtype_name, filled, model_name, named, naming
from .errors import Error, OptionError


@naming(normalize_weights="normalize")
def build(*, vlm: Name, rm: Name, output: Name, base: Name | None = None, recipe: Name | None = None,
          method: str | None = None, weight: float | None = None, weight_vlm: float | None = None,
          weight_rm: float | None = None, density: float | None = None,
          normalize_weights: bool | None = None, rescale: bool | None = None, seed: int | None = None, score_label: str | None = None, dtype: Any = "bfloat16",
          max_shard_bytes: int | None = None, force: bool = False, resume: bool = False, allow_outside: bool = False,
          progress: Progress = None) -> str:
    """Makes a vision-language reward model: the VLM with language weights merged from `vlm`, `rm` and `base`, and the
    reward model's head. By a recipe (a file in mergekit's YAML), or by a method (linear, task_arithmetic, ties, …) with
    its numbers. Models are directories or hub ids. Gives the directory, which is `output`.

    Nothing half-written stays, whatever ends it; with `resume`, an interrupted run is kept, and resumed by the same
    call. force: replace an output that exists."""
    how = filled(_core.BuildOptions(), vlm=vlm, rm=rm, base=base, recipe=recipe, method=method, weight=weight,
                 weight_vlm=weight_vlm, weight_rm=weight_rm, density=density, normalize=normalize_weights,
                 rescale=rescale, seed=seed, score_label=score_label, dtype=dtype_name(dtype),
                 output=_output(output, max_shard_bytes, force, resume, allow_outside))
    with listening(progress) as call:
        return _core.build(how, call)[-1]


def merge(recipe: Name, output: Name | None = None, *, named_directory: Name | None = None, card: bool = True,
          seed: int | None = None, max_shard_bytes: int | None = None, force: bool = False, resume: bool = False,
          allow_outside: bool = False, progress: Progress = None) -> list[str]:
    """Merges any models of one kind by a recipe, a file in mergekit's YAML. Gives the directories that were written:
    `output`, or, of a file with several recipes, those of named ones in `named_directory`."""
    if output is None and named_directory is None:
        raise OptionError("output: names no directory to write", "output")
    how = filled(_core.MergeOptions(), recipe=recipe, named_directory=named_directory, card=card, seed=seed,
                 output=_output(output, max_shard_bytes, force, resume, allow_outside))
    with listening(progress) as call:
        return _core.merge(how, call)


def check(recipe: Name | None = None, output: Name | None = None, *, vlm: Name | None = None, rm: Name | None = None,
          base: Name | None = None, score_label: str | None = None, progress: Progress = None) -> Any:
    """What a merge would do, without doing it: a dict for each recipe of the file (method, inputs, tensors, bytes to read
    and write, memory, notes), after which it is an Error if the disk of `output` has no room. Or, for `vlm`, `rm` and
    `base`: whether build() can merge them, and for each layer how far both models are from the base (Euclidean norms, and
    the cosine between the differences), a dict."""
    if (recipe is None) == (vlm is None):
        raise Error("check: name either a recipe, or `vlm`, `rm` and `base`")
    with listening(progress) as call:
        if recipe is not None:
            return _core.check(model_name(recipe), named(output) or "", call)
        models = filled(_core.CheckModelsOptions(), vlm=vlm, rm=rm, base=base, score_label=score_label)
        return _core.check_models(models, call)


def _output(directory: Name | None, max_shard_bytes: int | None, force: bool, resume: bool,
            allow_outside: bool) -> _core.ModelOutput:
    return filled(_core.ModelOutput(), directory=directory, max_shard_bytes=max_shard_bytes, force=force, resume=resume,
                  allow_outside=allow_outside)
