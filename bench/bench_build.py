"""Building a reward model: vlrm build against extract + mergekit + map, and against the time to move the bytes."""

import shutil
from pathlib import Path

from checkpoints import checkpoints
from measure import ROOT, floor, measure, peer_python, table

METHODS = {
    "linear": ["--weight-rm", "0.5"],
    "task_arithmetic": ["--weight", "0.7"],
    "ties": ["--weight", "0.7", "--density", "0.4"],
    "dare_linear": ["--weight", "0.7", "--density", "0.4"],
    "dare_ties": ["--weight", "0.7", "--density", "0.4"],
}
PARAMETERS = {  # of the same merges in mergekit's YAML, as the published recipes have them
    "linear": ("weight: 0.5", "", "parameters:\n  normalize: false\n"),
    "task_arithmetic": ("weight: 0.7", "base", "parameters:\n  normalize: false\n"),
    "ties": ("weight: 0.7", "base", ""),
    "dare_linear": ("weight: 0.7", "base", "parameters:\n  normalize: false\n"),
    "dare_ties": ("weight: 0.7", "base", "parameters:\n  normalize: false\n"),
}


def mergekit_yaml(method, models, base):
    weight, needs_base, parameters = PARAMETERS[method]
    density = "" if method in ("linear", "task_arithmetic") else "\n      density: 0.4"
    value = weight.split()[1]
    return (
        f"tokenizer:\n  source: {models[0]}\n  pad_to_multiple_of: 8\nmodels:\n"
        f"  - model: {models[0]}\n    parameters:\n      {weight}{density}\n"
        f"  - model: {models[1]}\n    parameters:\n      weight:\n        - filter: lm_head\n          value: 0\n"
        f"        - value: {value}{density}\n"
        f"merge_method: {method}\n{parameters}" + (f"base_model: {base}\n" if needs_base else "") + "dtype: float32\n"
    )


def tree_bytes(folder):
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


def run(options):
    paths = checkpoints(options)
    inputs = [paths[name] for name in ("vlm", "rm", "base")]
    out = options.work / "vlrm"
    ours = {}
    for method in options.methods or METHODS:
        flags = METHODS[method]
        shutil.rmtree(out, ignore_errors=True)
        command = [options.vlrm, "build", "--vlm", inputs[0], "--rm", inputs[1], "--base", inputs[2], "-o", out]
        ours[method], _ = measure([*command, "--method", method, *flags, "--quiet"])
        reading, writing, flushing = floor(inputs, out, options.work)
        cached, durable = (ours[method].wall / seconds for seconds in (reading + writing, reading + writing + flushing))
        print(f"{method:16} {ours[method]}  {cached:5.2f} × cat + cp ({reading:.2f} + {writing:.2f} s), "
              f"{durable:5.2f} × cat + cp + sync ({flushing:.2f} s)", flush=True)
    if not options.no_peers:
        compare(options, paths, ours)


def reference_builds(options, paths, methods, keep=None):
    """CPU seconds and peaks of the reference's chain, {"extract": …, method: (merge, map, bytes written)}. `keep` is the
    folder in which the last method's model stays."""
    python = peer_python("reference")
    steps = [python, ROOT / "bench/peers/reference.py"]
    work = options.work / "reference"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    models = [work / "vlm_text", work / "rm_text"]
    extracts = [
        measure([*steps, "extract-vlm", paths["vlm"], paths["instruct"], models[0]])[0],
        measure([*steps, "extract-rm", paths["rm"], paths["instruct"], models[1]])[0],
    ]
    print(f"reference: extract {extracts[0]}\n                   {extracts[1]}", flush=True)
    costs = {"extract": sum(cost.cpu for cost in extracts)}
    for method in methods:
        recipe = work / f"{method}.yml"
        recipe.write_text(mergekit_yaml(method, models, paths["base"]))
        merged, mapped = work / "merged", work / "mapped"
        merge, _ = measure([python.parent / "mergekit-yaml", recipe, merged, "--allow-crimes"])
        mapping, _ = measure([*steps, "map", merged, paths["vlm"], paths["rm"], mapped])
        costs[method] = merge, mapping, tree_bytes(merged) + tree_bytes(mapped)
        print(f"reference: {method} merge {merge}, map {mapping}", flush=True)
        shutil.rmtree(merged)
        if keep:
            shutil.rmtree(keep, ignore_errors=True)
            mapped.rename(keep)
        else:
            shutil.rmtree(mapped)
    return costs


def compare(options, paths, ours):
    costs = reference_builds(options, paths, ours)
    extract, rows = costs["extract"], []
    for method, mine in ours.items():
        merge, mapping, written = costs[method]
        further = merge.cpu + mapping.cpu
        rows.append((method, f"{mine.cpu:.1f}", f"{extract:.0f}", f"{merge.cpu:.0f}", f"{mapping.cpu:.0f}",
                     f"{(extract + further) / mine.cpu:.0f} ×", f"{further / mine.cpu:.0f} ×",
                     f"{max(merge.peak, mapping.peak) / 2**20:.0f}", f"{mine.peak / 2**20:.0f}",
                     f"{written / 1e9:.1f}"))  # fmt: skip
    table(rows, ("CPU s", "vlrm", "extract", "merge", "map", "first", "further", "MiB theirs", "MiB ours", "GB written"))
