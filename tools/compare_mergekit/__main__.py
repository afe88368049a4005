"""Merges random small models by vlrm and by mergekit and compares every tensor.

    .venv-mergekit/bin/python tools/compare_mergekit --vlrm build/release/bin/vlrm [-k ties]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cases
import models
import numpy as np
import peer
import yaml
from safetensors.numpy import load_file

# How far results may be apart. Elementwise methods: in ulps of float32, one where mergekit rounds in another order.
ULPS = {"task_arithmetic": 1, "ties": 1, "dare_linear": 1, "dare_ties": 1, "della": 1, "della_linear": 1,
        "breadcrumbs": 1, "breadcrumbs_ties": 1, "ram": 1, "ramplus_tl": 1, "nearswap": 1, "passthrough": 0}
# The others as a share of the tensor's largest magnitude. linear: mergekit fuses products and sums, so that terms that
# cancel leave its rounding and ours. The rest takes sums over whole tensors, mergekit's in float32, ours in float64.
SHARE = {"linear": 2**-22, "sce": 1e-6, "slerp": 2e-6, "nuslerp": 4e-6, "multislerp": 4e-6, "karcher": 4e-6,
         "model_stock": 4e-6, "mean of rows": 1e-6}
RESCALED = 1e-6  # by l1: two sums over the tensor are divided
# Elements that are in on one side and out on the other, their importance being at the threshold.
UNDECIDED = {"arcee_fusion": 0.005}


def ordered(values):
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def difference(method, rescaled, ours, theirs):
    """What is wrong, or None."""
    if ours.shape != theirs.shape:
        return f"{list(ours.shape)} here, {list(theirs.shape)} there"
    if ours.dtype != np.float32:  # whole numbers stay what they are; mergekit casts them
        return None if np.array_equal(ours.astype(theirs.dtype), theirs) else "other whole numbers"
    if method in UNDECIDED:
        apart, allowed = np.mean(ours != theirs), UNDECIDED[method]
    elif method in SHARE or rescaled:
        apart = np.abs(ours - theirs).max(initial=0)
        allowed = SHARE.get(method, RESCALED) * np.abs(theirs).max(initial=0)
    else:
        apart, allowed = np.abs(ordered(ours) - ordered(theirs)).max(initial=0), ULPS[method]
    return None if apart <= allowed else f"{apart:g} apart, allowed {allowed:g}"


def in_order_of(theirs, ours, mine):
    """Our rows of embeddings in the order of the other's tokens: both have the same, under other ids."""
    import transformers

    there, here = (transformers.AutoTokenizer.from_pretrained(folder).get_vocab() for folder in (theirs, ours))
    if there.keys() != here.keys():
        raise ValueError(f"other tokens: {sorted(there.keys() ^ here.keys())[:4]}")
    rows = [here[token] for token in sorted(there, key=there.get)]
    return {name: tensor[rows + list(range(len(rows), len(tensor)))] if "embed" in name or "lm_head" in name else tensor
            for name, tensor in mine.items()}


def tensors(directory):
    merged = {}
    for file in sorted(Path(directory).glob("*.safetensors")):
        merged.update(load_file(file))
    return merged


class Comparison:
    def __init__(self, vlrm, work):
        self.vlrm, self.work, self.results = vlrm, work, []

    def run(self, name, recipe, skip=lambda tensor: False):
        config, ours, theirs = self.work / "recipe.yml", self.work / "ours", self.work / "theirs"
        for out in (ours, theirs):
            shutil.rmtree(out, ignore_errors=True)
        config.write_text(yaml.safe_dump(recipe))
        wrong = self.differences(config, recipe, ours, theirs, skip)
        self.results.append((name, wrong))
        print(f"{'ok  ' if not wrong else 'FAIL'}  {name}" + (f": {wrong}" if wrong else ""), flush=True)

    def differences(self, config, recipe, ours, theirs, skip):
        done = subprocess.run([self.vlrm, "-q", "merge", config, ours], capture_output=True, text=True)
        if done.returncode != 0:
            return done.stderr.strip()
        peer.merge(recipe, theirs)
        mine, reference = tensors(ours), tensors(theirs)
        if mine.keys() != reference.keys():
            return f"other tensors: {sorted(mine.keys() ^ reference.keys())[:4]}"
        if "tokenizer" in recipe or "tokenizer_source" in recipe:
            mine = in_order_of(theirs, ours, mine)
        rescaled = "l1" in json.dumps(recipe) or '"rescale": true' in json.dumps(recipe)
        method = "mean of rows" if "tokenizer" in recipe and "pad" in str(recipe) else recipe["merge_method"]
        found = {tensor: difference(method, rescaled, mine[tensor], reference[tensor])
                 for tensor in mine if not skip(tensor)}
        return next((f"{tensor}: {what}" for tensor, what in found.items() if what), None)


def has_gradient(value):
    if isinstance(value, dict):
        return any(has_gradient(each) for each in value.values())
    if isinstance(value, list):
        return all(isinstance(each, (int, float)) for each in value) or any(has_gradient(each) for each in value)
    return False


def after_layers(tensor):
    """Today's mergekit gives these a gradient's first value, its earlier releases, like vlrm, the last."""
    return ".layers." not in tensor and "embed" not in tensor.replace("embed_out", "")


def compare(vlrm, work, pattern):
    comparison = Comparison(vlrm, work)

    def wanted(name):
        return pattern in name

    made = set()

    def directory(architecture, **options):
        folder = work / "-".join([architecture] + [f"{key}{value}" for key, value in options.items()])
        if folder not in made:
            made.add(folder)
            base = models.write_model(folder / "base", architecture, 0, **options)
            for i in (1, 2, 3):
                models.write_model(folder / f"m{i}", architecture, i, base, **options)
        return folder

    def run_all(group, folder, found):
        for name, recipe in found:
            if wanted(f"{group}/{name}"):
                gradient = has_gradient(recipe.get("models", [])) or has_gradient(recipe.get("parameters", {}))
                apart = gradient and not name.endswith("whole-gradient")
                comparison.run(f"{group}/{name}", recipe, after_layers if apart else lambda tensor: False)

    run_all("llama", directory("llama"), cases.method_cases(directory("llama")))
    models.write_vocabularies(work / "vocabularies")
    run_all("vocabulary", work / "vocabularies", cases.vocabulary_cases(work / "vocabularies"))
    run_all("slices", directory("llama"), cases.slice_cases(directory("llama")))
    for architecture in models.CONFIGS:
        run_all(architecture, directory(architecture), cases.architecture_cases(directory(architecture)))
    return comparison.results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vlrm", default="build/release/bin/vlrm")
    parser.add_argument("-k", dest="pattern", default="", help="only cases whose name contains this")
    options = parser.parse_args()
    peer.quiet()
    with tempfile.TemporaryDirectory() as work:
        results = compare(str(Path(options.vlrm).resolve()), Path(work), options.pattern)
    failed = sum(1 for _, wrong in results if wrong)
    print(f"{len(results) - failed} of {len(results)} recipes merge as mergekit merges them")
    sys.exit(1 if failed or not results else 0)


main()
