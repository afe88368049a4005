"""Recipes: every method, with parameters as numbers, gradients and filters."""

GRADIENT = [0.2, 1.0, 0.6]


def filtered(special, other):
    return [{"filter": "mlp", "value": special}, {"value": other}]


# method: (models beside the base, whether it has one, its parameters beside weight)
METHODS = {
    "linear": (3, False, [{}, {"normalize": False}]),
    "task_arithmetic": (3, True, [{}, {"normalize": True, "lambda": 0.7}]),
    "ties": (3, True, [{"density": 0.4}, {"density": 0.6, "normalize": False, "rescale": True, "lambda": 1.3}]),
    "dare_linear": (2, True, [{"density": 0.5, "rescale": False}, {"density": 0.4, "rescale_norm": "l1"}]),
    "dare_ties": (3, True, [{"density": 0.5, "rescale": False}, {"density": 0.4, "rescale_norm": "l1", "lambda": 0.9}]),
    "della": (2, True, [{"density": 0.5, "epsilon": 0.2, "rescale": False}, {"density": 0.4, "rescale_norm": "l1"}]),
    "della_linear": (2, True, [{"density": 0.6, "rescale": False}, {"density": 0.4, "epsilon": 0.1, "rescale_norm": "l1"}]),
    "breadcrumbs": (2, True, [{"density": 0.5, "gamma": 0.05}, {"density": 0.9, "gamma": 0.02, "rescale": True}]),
    "breadcrumbs_ties": (3, True, [{"density": 0.5, "gamma": 0.05}, {"density": 0.7, "gamma": 0.1, "normalize": True}]),
    "sce": (3, True, [{}, {"select_topk": 0.4}]),
    "ram": (3, True, [{}, {"epsilon": 0.005}]),
    "ramplus_tl": (3, True, [{"epsilon": 0.005}, {"epsilon": 0.01, "r": 0.5, "alpha": 0.4}]),
    "slerp": (1, True, [{"t": 0.3}, {"t": 0.75}]),
    "nuslerp": (2, False, [{}, {"nuslerp_flatten": False}, {"nuslerp_flatten": False, "nuslerp_row_wise": True}]),
    "multislerp": (3, False, [{}, {"normalize_weights": False}]),
    "karcher": (3, False, [{}, {"max_iter": 50, "tol": 1e-7}]),
    "model_stock": (3, True, [{}, {"filter_wise": True}]),
    "nearswap": (1, True, [{"t": 0.001}, {"t": 0.01}]),
    "arcee_fusion": (1, True, [{}]),
    "passthrough": (1, False, [{}, {"scale": 0.5}]),
}
WITHOUT_WEIGHT = {"sce", "ram", "ramplus_tl", "slerp", "karcher", "model_stock", "nearswap", "arcee_fusion", "passthrough"}
WITH_OPTIONAL_BASE = {"nuslerp", "multislerp"}
OF_MODELS = {"weight", "density", "gamma", "epsilon", "scale"}
GRADIENTS = {"t": [0.1, 0.9], "density": [0.3, 0.7], "scale": [0.5, 2.0]}


def recipe(method, models, base, parameters, weights):
    """Weights may be None, numbers, gradients or lists of filters."""
    per_model = OF_MODELS - ({"epsilon"} if method.startswith("ram") else set())
    own = {key: value for key, value in parameters.items() if key in per_model}
    shared = {key: value for key, value in parameters.items() if key not in per_model}
    entries = []
    for i, model in enumerate(models):
        numbers = dict(own)
        if weights is not None:
            numbers["weight"] = weights[i]
        entries.append({"model": model, "parameters": numbers})
    config = {"merge_method": method, "models": entries, "dtype": "float32"}
    if base:
        config["base_model"] = base
    if shared:
        config["parameters"] = shared
    return config


def method_cases(directory):
    """(name, recipe) for the models BASE and M1 … M3 in `directory`."""
    base = f"{directory}/base"
    for method, (count, has_base, variants) in METHODS.items():
        models = [f"{directory}/m{i}" for i in range(1, count + 1)]
        plain = None if method in WITHOUT_WEIGHT else [0.5, 0.3, 0.4][:count]
        for i, parameters in enumerate(variants):
            yield f"{method}/{i}", recipe(method, models, base if has_base else None, parameters, plain)
        if plain is not None:
            gradients = [GRADIENT] + plain[1:]
            yield f"{method}/gradient", recipe(method, models, base if has_base else None, variants[0], gradients)
            # So told, the tensors after the layers get the same from both programs.
            apart = [{"filter": name, "value": GRADIENT[0]} for name in ("lm_head", "model.norm")] + [{"value": GRADIENT}]
            yield f"{method}/whole-gradient", recipe(method, models, base if has_base else None, variants[0], [apart] + plain[1:])
            filters = [filtered(0.9, 0.2)] + plain[1:]
            yield f"{method}/filter", recipe(method, models, base if has_base else None, variants[0], filters)
        for key in GRADIENTS.keys() & variants[0].keys():
            changed = {**variants[0], key: GRADIENTS[key]}
            yield f"{method}/{key}-gradient", recipe(method, models, base if has_base else None, changed, plain)
        if method in WITH_OPTIONAL_BASE:
            yield f"{method}/base", recipe(method, models, base, variants[0], plain)


def architecture_cases(directory):
    base, models = f"{directory}/base", [f"{directory}/m1", f"{directory}/m2"]
    yield "ties", recipe("ties", models, base, {"density": 0.5}, [0.6, 0.4])
    yield "linear", recipe("linear", models, None, {}, [0.6, 0.4])
    yield "slerp", recipe("slerp", models[:1], base, {"t": [0.0, 1.0]}, None)


def slice_cases(directory):
    base, one, two = f"{directory}/base", f"{directory}/m1", f"{directory}/m2"

    def source(model, first, end, **parameters):
        entry = {"model": model, "layer_range": [first, end]}
        return {**entry, "parameters": parameters} if parameters else entry

    yield "frankenmerge", {"merge_method": "passthrough", "dtype": "float32", "slices": [
        {"sources": [source(one, 0, 3)]}, {"sources": [source(two, 1, 4, scale=filtered(0.5, 1.0))]}]}
    yield "slerp-slices", {
        "merge_method": "slerp", "base_model": base, "dtype": "float32",
        "slices": [{"sources": [source(base, 0, 4), source(one, 0, 4)]}],
        "parameters": {"t": [{"filter": "self_attn", "value": [0, 0.5, 0.3, 1]}, {"value": 0.5}]}}
    yield "ties-slices", {
        "merge_method": "ties", "base_model": base, "dtype": "float32",
        "slices": [
            {"sources": [source(base, 0, 2), source(one, 0, 2, weight=0.5), source(two, 0, 2, weight=0.3, density=0.5)]},
            {"sources": [source(base, 2, 4), source(one, 2, 4), source(two, 2, 4, weight=[0.1, 0.9])],
             "parameters": {"weight": 0.4, "density": 0.7}}],
        "parameters": {"normalize": False, "density": 0.9}}
    yield "linear-crossed", {"merge_method": "linear", "dtype": "float32", "parameters": {"weight": 0.5}, "slices": [
        {"sources": [source(one, 0, 2), source(two, 2, 4)]}]}


def vocabulary_cases(directory):
    """Models whose tokens differ: see models.write_vocabularies."""
    base, one, two = f"{directory}/base", f"{directory}/m1", f"{directory}/m2"
    ties = recipe("ties", [one, two], base, {"density": 0.5}, [0.6, 0.4])
    linear = recipe("linear", [one, two], None, {}, [0.6, 0.4])
    yield "base", {**ties, "tokenizer_source": "base"}
    yield "model", {**ties, "tokenizer": {"source": one, "pad_to_multiple_of": 8}}
    yield "model-linear", {**linear, "tokenizer_source": two}
    yield "union", {**ties, "tokenizer_source": "union"}
    yield "union-linear", {**linear, "tokenizer": {"source": "union", "pad_to_multiple_of": 16}}
    yield "tokens", {**linear, "tokenizer": {"source": one, "tokens": {
        "t003": {"source": {"kind": "model_token", "model": two, "token": "t005"}, "force": True},
        "t200": {"source": {"kind": "zero"}},
        "t201": {"source": one},
        "new": {"source": {"kind": "model_token", "model": one, "token_id": 7}}}}}
