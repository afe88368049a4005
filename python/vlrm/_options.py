"""Arguments into the option structs of the core."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import _core
from .errors import OptionError

Name = str | os.PathLike[str]  # of a model or a file

# Arguments of a merge on load that the core calls otherwise: `normalize` of a model is of its rewards.
MERGE_FIELDS = {"seed": "merge_seed", "normalize_weights": "normalize"}


@contextmanager
def naming(**fields: str) -> Iterator[None]:
    """An OptionError inside names the caller's argument, not the core's field: argument=field."""
    try:
        yield
    except OptionError as error:
        for argument, field in fields.items():
            if error.option == field:
                raise OptionError(argument + str(error).removeprefix(field), argument) from error.__cause__
        raise


def filled(options: Any, **values: Any) -> Any:
    """The struct with those of the values that are not None."""
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        elif isinstance(value, (list, tuple)):
            value = [os.fspath(each) if isinstance(each, os.PathLike) else each for each in value]
        try:
            setattr(options, name, value)
        except AttributeError:
            raise TypeError(f"unexpected argument {name!r}") from None
        except (TypeError, RuntimeError) as error:  # the core's words are about C++ types
            raise OptionError(f"{name}: {value!r} is not a value that it takes", name) from error
    return options


def model_options(*, device: str = "auto", dtype: Any = None, threads: int | None = None,
                  **values: Any) -> _core.ModelOptions:
    for field in MERGE_FIELDS.values():
        if field in values:
            raise TypeError(f"unexpected argument {field!r}")
    values = {MERGE_FIELDS.get(name, name): value for name, value in values.items()}
    torch = _torch()
    if threads is None and torch is not None:
        threads = torch.get_num_threads()  # so that nothing of the process changes
    return filled(_core.ModelOptions(), device=str(device), dtype=dtype_name(dtype), threads=threads, **values)


def _torch() -> Any:
    """Imported first, so that the core finds libtorch in the process; without it the core says what is missing."""
    try:
        import torch
    except ImportError:
        return None
    return torch


def dtype_name(dtype: Any) -> str | None:
    """A name, or torch's own object."""
    if dtype is None or dtype == "auto":
        return None
    return str(dtype).removeprefix("torch.")


def model_name(name: Name) -> str:
    return os.fspath(name)


def named(value: Name | None) -> str | None:
    return None if value is None else os.fspath(value)
