"""A space of the user's own: a recipe in which ranges stand for numbers.

    weight: {low: 0.2, high: 1}                  a number between; `log: true` by its logarithm
    density: {low: 0.1, high: 0.9, name: kept}   ranges of one name have one value
    merge_method: {choices: [ties, dare_ties]}   one of these
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import Error
from .spaces import Choice, Range, Space, Values

_OF_RANGES = {"low", "high", "log", "name"}
_OF_CHOICES = {"choices", "name"}
_NOT_IN_NAMES = ("models", "parameters", "value")


def read_space(path: str | os.PathLike) -> Space:
    """Raises Error for what is no YAML, names no range, or has one that is wrong."""
    import yaml

    try:
        recipe = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise Error(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Error(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    parameters: dict[str, Range | Choice] = {}
    _collect(recipe, [], parameters, str(path))
    if not parameters:
        raise Error(f"{path}: has no range to search, such as weight: {{low: 0, high: 1}}")
    return Space(Path(path).stem, tuple(parameters.values()), lambda values: _filled(recipe, [], values))


def _is_range(node: Any) -> bool:
    return isinstance(node, dict) and bool({"low", "high", "choices"} & set(node))


def _name(node: dict, place: list[str]) -> str:
    return str(node.get("name") or ".".join(word for word in place if word not in _NOT_IN_NAMES))


def _children(node: Any, place: list[str]):
    """(where, key, child): of a list the elements are called by their model or filter, else by their number."""
    if isinstance(node, dict):
        yield from ((place + [str(key)], key, child) for key, child in node.items())
    elif isinstance(node, list):
        for number, child in enumerate(node):
            called = (child.get("model") or child.get("filter")) if isinstance(child, dict) else None
            is_default = isinstance(child, dict) and set(child) == {"value"}
            yield place + ([] if is_default else [str(called or number)]), number, child


def _collect(node: Any, place: list[str], found: dict[str, Range | Choice], path: str) -> None:
    if not _is_range(node):
        for where, _, child in _children(node, place):
            _collect(child, where, found, path)
        return
    name = _name(node, place)
    parameter = _parsed(node, name, path)
    if found.setdefault(name, parameter) != parameter:
        raise Error(f"{path}: two ranges are called {name}; give one of them a name of its own (name: …)")


def _parsed(node: dict, name: str, path: str) -> Range | Choice:
    known = _OF_CHOICES if "choices" in node else _OF_RANGES
    if unknown := sorted(set(map(str, node)) - known):
        raise Error(f"{path}: the range {name} has an unknown field {unknown[0]}; it may have "
                    f"{', '.join(sorted(known))}")
    if "choices" in node:
        options = node["choices"]
        known = isinstance(options, list) and all(isinstance(each, (str, int, float)) for each in options)
        if not known or not options:
            raise Error(f"{path}: the choices of {name} must be a list of words or numbers")
        return Choice(name, tuple(options))
    low, high = node.get("low"), node.get("high")
    if not (type(low) in (int, float) and type(high) in (int, float) and low < high):
        raise Error(f"{path}: the range {name} needs two numbers, low below high")
    if node.get("log") and low < 1e-4:
        raise Error(f"{path}: the range {name} is by its logarithm, so low must be at least 0.0001")
    return Range(name, low, high, bool(node.get("log")))


def _filled(node: Any, place: list[str], values: Values) -> Any:
    if _is_range(node):
        return values[_name(node, place)]
    if isinstance(node, dict):
        return {key: _filled(child, where, values) for where, key, child in _children(node, place)}
    if isinstance(node, list):
        return [_filled(child, where, values) for where, _, child in _children(node, place)]
    return node
