"""What can be searched: ranges of numbers, and the recipe that given numbers make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import OptionError

METHODS = ("linear", "task_arithmetic", "ties", "dare_linear", "dare_ties")
SPACES = (*METHODS, "methods", "depth", "parts")
FEWEST_BLOCKS, MOST_BLOCKS = 2, 8
PARTS = ("embeddings", "attention", "mlp")
Values = dict[str, Any]


@dataclass(frozen=True)
class Range:
    """Numbers from low to high. `of`: only where that method is chosen."""

    name: str
    low: float
    high: float
    log: bool = False
    of: str = ""


@dataclass(frozen=True)
class Choice:
    name: str
    options: tuple
    of: str = ""


@dataclass(frozen=True)
class Space:
    name: str
    parameters: tuple[Range | Choice, ...]
    recipe: Callable[[Values], dict]  # mergekit's YAML as objects
    starts: tuple[Values, ...] = ()  # what is tried first

    def draw(self, suggest: Callable[[Range | Choice], Any]) -> Values:
        """Values of the parameters that apply, each by `suggest`; numbers have four digits after the point."""
        values: Values = {}
        for parameter in self.parameters:
            if parameter.of and values.get("method") != parameter.of:
                continue
            value = suggest(parameter)
            if isinstance(parameter, Range):
                value = min(max(round(value, 4), parameter.low), parameter.high)
            values[parameter.name] = value
        return values

    def parameter(self, name: str) -> Range | Choice:
        return next(each for each in self.parameters if each.name == name)

    def text(self, values: Values) -> str:
        """The recipe's YAML."""
        import yaml

        return yaml.safe_dump(self.recipe(values), sort_keys=False, default_flow_style=None, width=10_000)

    def described(self) -> dict:
        """As JSON: what tells it from other spaces."""
        parameters = [vars(each) | {"kind": type(each).__name__} for each in self.parameters]
        return {"name": self.name, "parameters": parameters,
                "recipe": self.text({each.name: _middle(each) for each in self.parameters})}


def _middle(parameter: Range | Choice) -> Any:
    if isinstance(parameter, Choice):
        return parameter.options[0]
    return round((parameter.low + parameter.high) / 2, 4)


def named_space(name: str, method: str = "task_arithmetic", blocks: int = 4) -> Space:
    """`method` and `blocks` are those of depth and parts. Raises OptionError."""
    if method not in METHODS:
        raise OptionError(f"method: {method} is none of {', '.join(METHODS)}", "method")
    if name in METHODS:
        return _numbers_of(name)
    if name == "methods":
        return _all_methods()
    if name == "depth":
        if not FEWEST_BLOCKS <= blocks <= MOST_BLOCKS:
            raise OptionError(f"blocks: {blocks} is not a number from {FEWEST_BLOCKS} to {MOST_BLOCKS}", "blocks")
        return _depth(method, blocks)
    if name == "parts":
        return _parts(method)
    raise OptionError(f"space: {name} is neither a file nor one of {', '.join(SPACES)}", "space")


def _numbers_of(method: str) -> Space:
    """The numbers that the paper varies. A weight common to both models cancels in ties; its lambda does not."""
    density = Range("density", 0.1, 1)
    if method == "linear":
        return Space(method, (Range("rm", 0, 1),), lambda v: merge(method, _rest(v["rm"]), v["rm"]), ({"rm": 0.5},))
    if method == "task_arithmetic":
        return Space(method, (Range("weight", 0.1, 1.5),), lambda v: merge(method, v["weight"], v["weight"]),
                     ({"weight": 0.7},))
    if method == "ties":
        return Space(method, (Range("lambda", 0.1, 2), density),
                     lambda v: merge(method, 1, 1, v["density"], {"normalize": True, "lambda": v["lambda"]}),
                     ({"lambda": 1, "density": 0.5},))
    return Space(method, (Range("weight", 0.1, 1.5), density),
                 lambda v: merge(method, v["weight"], v["weight"], v["density"]), ({"weight": 0.7, "density": 0.6},))


def _all_methods() -> Space:
    """The method is a choice, and each method's numbers bear its name."""
    parameters: list[Range | Choice] = [Choice("method", METHODS)]
    starts = []
    spaces = {method: _numbers_of(method) for method in METHODS}
    for method, space in spaces.items():
        parameters += [Range(f"{method}.{each.name}", each.low, each.high, of=method) for each in space.parameters]
        starts.append({"method": method} | {f"{method}.{name}": value for name, value in space.starts[0].items()})

    def recipe(values: Values) -> dict:
        method = values["method"]
        prefix = method + "."
        own = {each.name: values.get(prefix + each.name, each.low) for each in spaces[method].parameters}
        return spaces[method].recipe(own)

    return Space("methods", tuple(parameters), recipe, tuple(starts))


def _depth(method: str, blocks: int) -> Space:
    """The reward model's weight at `blocks` places at equal distances through the layers, interpolated between them."""
    names = [f"rm.{number}" for number in range(blocks)]

    def recipe(values: Values) -> dict:
        weights = [values[name] for name in names]
        return _two_models(method, values, [("embed_tokens", weights[0]), ("model.norm", weights[-1]), (None, weights)])

    start, own = _starts_of_weights(method)
    flat = dict.fromkeys(names, start) | own
    rising = {name: round(start * (1 + number / (blocks - 1)) / 1.5, 4) for number, name in enumerate(names)} | own
    return Space("depth", _weights_of(method, names), recipe, (flat, rising))


def _parts(method: str) -> Space:
    """A weight of the reward model for each part. Norms have the mean of attention's and the MLP's."""
    names = [f"rm.{part}" for part in PARTS]

    def recipe(values: Values) -> dict:
        embeddings, attention, mlp = (values[name] for name in names)
        return _two_models(method, values, [("embed_tokens", embeddings), ("self_attn", attention), ("mlp", mlp),
                                            (None, round((attention + mlp) / 2, 4))])

    start, own = _starts_of_weights(method)
    return Space("parts", _weights_of(method, names), recipe, (dict.fromkeys(names, start) | own,))


def _weights_of(method: str, names: Iterable[str]) -> tuple[Range, ...]:
    if method == "linear":
        return tuple(Range(name, 0, 1) for name in names)
    parameters = [Range(name, 0, 1.5) for name in names] + [Range("vlm", 0.1, 1.5)]
    return tuple(parameters + ([Range("density", 0.1, 1)] if method != "task_arithmetic" else []))


def _starts_of_weights(method: str) -> tuple[float, Values]:
    """A merge with one weight, which every space of several weights holds."""
    if method == "linear":
        return 0.5, {}
    return 0.7, {"vlm": 0.7} | ({"density": 0.6} if method != "task_arithmetic" else {})


def _two_models(method: str, values: Values, rm: list[tuple[str | None, Any]]) -> dict:
    """`rm`: the weight by filter, the last for what no filter names; a linear merge gives the VLM the rest to 1."""
    vlm = values.get("vlm")
    if method == "linear":
        vlm = [("lm_head", 1), *((word, _rest(value)) for word, value in rm)]
    return merge(method, vlm, rm, values.get("density"))


def _rest(weight: Any) -> Any:
    return [_rest(each) for each in weight] if isinstance(weight, list) else round(1 - weight, 4)


def merge(method: str, vlm: Any, rm: Any, density: float | None = None, top: dict | None = None) -> dict:
    """A recipe of vlm, rm and base. A weight is a number or a list of (filter or None, value). The reward model has no
    lm_head, so its weight there is 0; `top`: the parameters of the whole merge."""

    def weight_of(weights: Any) -> Any:
        if not isinstance(weights, list):
            return weights
        return [({"filter": word} if word else {}) | {"value": value} for word, value in weights]

    rm = rm if isinstance(rm, list) else [(None, rm)]
    kept = {} if density is None else {"density": density}
    base = {} if method == "linear" else {"base_model": "base"}
    return {"merge_method": method, **base,
            "models": [{"model": "vlm", "parameters": {"weight": weight_of(vlm), **kept}},
                       {"model": "rm", "parameters": {"weight": weight_of([("lm_head", 0), *rm]), **kept}}],
            "parameters": {"normalize": False} if top is None else top,
            "tokenizer": {"source": "vlm", "pad_to_multiple_of": 8}, "dtype": "float32"}
