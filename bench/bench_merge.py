"""Merging Llamas: vlrm merge against today's mergekit, and against the time to move the bytes."""

import shutil

import yaml
from checkpoints import checkpoints
from measure import floor, measure, mergekit_python, table

METHODS = {  # of the merge, of each model
    "linear": ({}, {"weight": 0.5}),
    "task_arithmetic": ({}, {"weight": 0.7}),
    "ties": ({}, {"weight": 0.7, "density": 0.4}),
    "dare_linear": ({}, {"weight": 0.7, "density": 0.4}),
    "dare_ties": ({}, {"weight": 0.7, "density": 0.4}),
    "dare_linear l1": ({"rescale_norm": "l1"}, {"weight": 0.7, "density": 0.4}),  # as mergekit does
    "dare_ties l1": ({"rescale_norm": "l1"}, {"weight": 0.7, "density": 0.4}),
    "della": ({}, {"weight": 0.7, "density": 0.4}),
    "della_linear": ({}, {"weight": 0.7, "density": 0.4}),
    "breadcrumbs": ({}, {"weight": 0.7, "density": 0.4}),
    "sce": ({"select_topk": 0.5}, {}),
    "slerp": ({"t": 0.4}, {}),
    "nuslerp": ({}, {"weight": 0.5}),
    "karcher": ({}, {}),
    "model_stock": ({}, {}),
}
WITHOUT_BASE = {"linear", "nuslerp", "karcher"}
TARGETS = {"linear": 10, "task_arithmetic": 10}  # times faster; the other methods below: 25
FAST = {"ties", "dare_linear", "dare_ties", "della", "della_linear"}


def llamas(options):
    """Three Llamas of one shape in float32: the base, and the text parts of the VLM and of the reward model, with as many
    rows of embeddings as the base."""
    paths, folder = checkpoints(options), options.work / f"{options.shape}-llamas"
    models = {name: folder / name for name in ("base", "vlm", "rm")}
    if (models["rm"] / "config.json").exists():
        return models
    folder.mkdir(exist_ok=True)
    file, text = folder / "recipe.yml", folder / "text"

    def merge(method, inputs, out):
        file.write_text(yaml.safe_dump({"merge_method": method, "models": inputs, "dtype": "float32",
                                        **({"parameters": {"normalize": False}} if method == "linear" else {})}))
        measure([options.vlrm, "merge", "-q", "--force", file, out])

    merge("passthrough", [{"model": str(paths["base"])}], models["base"])
    for name in ("vlm", "rm"):
        measure([options.vlrm, "extract", "-q", "--force", "--instruct", paths["base"], f"--{name}", paths[name], "-o", text])
        merge("linear", [{"model": str(text), "parameters": {"weight": 1}},
                         {"model": str(paths["base"]), "parameters": {"weight": 0}}], models[name])
    shutil.rmtree(text)
    return models


def recipe(method, models):
    shared, own = METHODS[method]
    names = ["vlm"] if method == "slerp" else ["vlm", "rm"]
    config = {"merge_method": method.split()[0], "dtype": "float32", "out_dtype": "bfloat16",
              "models": [{"model": str(models[name]), **({"parameters": own} if own else {})} for name in names]}
    if method not in WITHOUT_BASE:
        config["base_model"] = str(models["base"])
    if shared:
        config["parameters"] = shared
    return config


def inputs_of(config):
    return [entry["model"] for entry in config["models"]] + ([config["base_model"]] if "base_model" in config else [])


def run(options):
    models, rows = llamas(options), []
    out, file = options.work / "merged", options.work / "merge.yml"
    for method in options.methods or METHODS:
        config = recipe(method, models)
        file.write_text(yaml.safe_dump(config))
        shutil.rmtree(out, ignore_errors=True)
        floor(inputs_of(config), None, options.work)
        ours, _ = measure([options.vlrm, "merge", "-q", file, out])
        one, _ = measure([options.vlrm, "merge", "-q", "--threads", "1", "--sink", "null", file])
        two, _ = measure([options.vlrm, "merge", "-q", "--sink", "null", file])
        reading, writing, flushing = floor(inputs_of(config), out, options.work)
        row = [method, f"{ours.wall:.1f}", f"{ours.cpu:.1f}", f"{ours.wall / (reading + writing):.2f}",
               f"{ours.wall / (reading + writing + flushing):.2f}", f"{ours.peak / 2**20:.0f}", f"{one.wall / two.wall:.2f}"]
        if not options.no_peers:
            row += peer(options, config, method, ours)
        rows.append(row)
        print(row, flush=True)
    peers = () if options.no_peers else ("mergekit s", "CPU s", "MiB", "faster")
    table(rows, ("method", "vlrm s", "CPU s", "× (cat + cp)", "with sync", "MiB", "2 threads ×", *peers))


def peer(options, config, method, ours):
    """mergekit with what makes it fastest on a CPU: all threads, writing beside computing, no card, no tokenizer."""
    python, out, file = mergekit_python(), options.work / "merged-theirs", options.work / "theirs.yml"
    file.write_text(yaml.safe_dump(config))
    shutil.rmtree(out, ignore_errors=True)
    command = [python.parent / "mergekit-yaml", file, out, "--no-copy-tokenizer", "--no-write-model-card", "--async-write",
               "--write-threads", "2", "--quiet"]
    cost, _ = measure(command)
    shutil.rmtree(out)
    faster = cost.wall / ours.wall
    target = TARGETS.get(method, 25 if method.split()[0] in FAST else None)
    return [f"{cost.wall:.0f}", f"{cost.cpu:.0f}", f"{cost.peak / 2**20:.0f}",
            f"{faster:.0f} ×" + (f" (to be: {target})" if target else "")]
