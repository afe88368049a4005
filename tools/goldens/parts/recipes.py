"""The recipes that mergekit merges: the reference's methods, and each setting that changes the arithmetic."""

import yaml


def recipe(method, vlm, rm, base=True, **more):
    """`vlm` and `rm` are the models' parameters; the RM has no lm_head to give."""
    filtered = [{"filter": "lm_head", "value": 0}, {"value": rm.pop("weight")}]
    made = {
        "tokenizer": {"source": "./models/mllama_t", "pad_to_multiple_of": 8},
        "models": [
            {"model": "./models/mllama_t", "parameters": vlm},
            {"model": "./models/tulu_t", "parameters": {**rm, "weight": filtered}},
        ],
        "merge_method": method,
    }
    parameters = {key: more.pop(key) for key in ("normalize", "rescale", "int8_mask") if key in more}
    if parameters:
        made["parameters"] = parameters
    if base:
        made["base_model"] = "./base"
    return made | {"dtype": "float32"} | more


def sparse(method, density, vlm, rm, **more):
    return recipe(method, {"weight": vlm, "density": density}, {"weight": rm, "density": density}, **more)


def linear(vlm, rm, normalize=False, **more):
    return recipe("linear", {"weight": vlm}, {"weight": rm}, base=False, normalize=normalize, **more)


def task(vlm, rm, normalize=False):
    return recipe("task_arithmetic", {"weight": vlm}, {"weight": rm}, normalize=normalize)


RECIPES = {
    "linear": linear(0.5, 0.5),
    "linear_bf16": linear(0.5, 0.5, out_dtype="bfloat16"),
    "linear_normalize": linear(0.5, 0.8, normalize=True),
    "task_vector": task(0.7, 0.7),
    "task_normalize": task(0.7, 0.7, normalize=True),
    "task_gradient": task([0.0, 1.0, 0.5], 0.7),
    "ties_d0.2": sparse("ties", 0.2, 1.0, 1.0),
    "ties_d0.6": sparse("ties", 0.6, 0.7, 0.7),
    "ties_weight1.0_d0.6": sparse("ties", 0.6, 1.0, 1.0),
    "ties_uneven": sparse("ties", 0.6, 0.9, 0.3),
    "ties_int8_nonorm": sparse("ties", 0.6, 0.7, 0.7, int8_mask=True, normalize=False),
    "ties_rescale": sparse("ties", 0.2, 1.0, 1.0, rescale=True),
    "dare_linear": sparse("dare_linear", 0.4, 0.7, 0.7, normalize=False),
    "dare_ties": sparse("dare_ties", 0.4, 0.7, 0.7, normalize=False),
}
PUBLISHED = {"vlrm_ties": sparse("ties", 0.4, 0.7, 0.7)}  # of which the reward model of eval/results is made


def text_of(recipe):
    return yaml.safe_dump(recipe, sort_keys=False)
