"""The world's own check: chooses recipes on validation pairs, and says what the demo should find on test pairs."""

import math
import random

import contests
import judge
import merged

TENTHS = [round(0.1 * step, 1) for step in range(1, 15)]
# The settings to choose from: weight and density of each method.
GRID = {
    "linear": [(weight, 1.0) for weight in TENTHS[:9]],
    "task_arithmetic": [(weight, 1.0) for weight in TENTHS],
    "ties": [(1.0, density) for density in TENTHS[1:10:2]],  # its weight cancels
    "dare_linear": [(weight, density) for weight in (0.5, 0.7, 1.0) for density in (0.4, 0.8)],
    "dare_ties": [(weight, density) for weight in (0.5, 0.7, 1.0) for density in (0.4, 0.8)],
}
ENDS = {"linear": [(0.0, 1.0), (1.0, 1.0)], "task_arithmetic": [(0.0, 1.0)]}  # no merges: the curves' ends
UNMERGED = {  # a merge that takes one model's language as it is
    "VLM language model + RM head": ("linear", 0.0),
    "RM language model + VLM cross-attention": ("linear", 1.0),
    "base + VLM cross-attention + RM head": ("task_arithmetic", 0.0),
}


def choose(rows, trained, tokenizer, log):
    """The best setting of each method on these pairs (validation pairs: no test pair may guide a choice); all settings.

    Returns {method: (weight, density)}, the best first, and {method: {"weight/density": shares of right decisions}}.
    """
    vlm, rm = trained[1:]
    jury = judge.Judge(rows, tokenizer)
    features = jury.features(vlm)
    chosen, curves = {}, {}
    for method, settings in GRID.items():
        curves[method] = {}
        for setting in sorted(settings + ENDS.get(method, [])):
            model = merged.model(method, *trained, *setting)
            curves[method][setting] = shares(jury, jury.vlrm(model, rm.score.weight[0], features))
        chosen[method] = max(settings, key=lambda setting: curves[method][setting]["all"])
        log(f"validation, {method} (weight/density): " + "  ".join(
            f"{weight}/{density}: {found['all']:.1%}" for (weight, density), found in curves[method].items()
        ))  # fmt: skip
    chosen = dict(sorted(chosen.items(), key=lambda item: -curves[item[0]][item[1]]["all"]))
    named = {method: {f"{w}/{d}": found for (w, d), found in curve.items()} for method, curve in curves.items()}
    return chosen, named


def report(rows, told, trained, chosen, tokenizer, log):
    """Logs a line a system; returns {system: shares of right decisions}.

    told: captions by id; chosen: what choose() returned. Systems are compared with the first method of `chosen`.
    """
    jury = judge.Judge(rows, tokenizer)
    found = {}
    for name, hits in _systems(jury, told, trained, chosen):
        first = found.setdefault("first", hits)
        found[name] = shares(jury, hits)
        half = 1.96 * math.sqrt(found[name]["all"] * (1 - found[name]["all"]) / len(rows))
        kinds = "  ".join(f"{kind} {found[name][kind]:6.1%}" for kind in contests.KINDS)
        log(f"{name:40} {found[name]['all']:6.1%} ± {half:.1%}  {kinds}  p {mcnemar(first, hits):.0e}")
    del found["first"]
    return found


def shares(jury, hits):
    """Of all pairs, and of each kind of contest."""
    kinds = {kind: round(float(hits[jury.contest == kind].mean()), 4) for kind in contests.KINDS}
    return {"all": round(float(hits.mean()), 4), **kinds}


def mcnemar(first, second):
    """The exact two-sided p of as many pairs that only one of two systems decides rightly."""
    only = sorted((int((first & ~second).sum()), int((second & ~first).sum())))
    tail = sum(math.comb(sum(only), k) for k in range(only[0] + 1))
    return min(1.0, 2 * tail / 2 ** sum(only))


def _systems(jury, told, trained, chosen):
    """Pairs of a name and the decisions."""
    vlm, rm = trained[1:]
    head, features = rm.score.weight[0], jury.features(vlm)
    dealt = random.Random(0).sample(range(len(jury.rows)), len(jury.rows))
    models = {method: merged.model(method, *trained, *setting) for method, setting in chosen.items()}
    for method, model in models.items():
        yield f"VLRM {method}", jury.vlrm(model, head, features)
    for method, model in models.items():
        yield f"VLRM {method}, no image", jury.vlrm(model, head, features, shown=False)
        yield f"VLRM {method}, shuffled images", jury.vlrm(model, head, features[dealt])
    for name, (method, weight) in UNMERGED.items():
        yield name, jury.vlrm(merged.model(method, *trained, weight, 1.0), head, features)
    yield "text RM alone", jury.text_only(rm)
    yield "cascade", jury.text_only(rm, told)
    yield "VLM likelihood", jury.likelihood(vlm, features)
    descriptions = {row["id"]: row["ground_truth"] for row in jury.rows}
    yield "RM that reads the true description", jury.text_only(rm, descriptions)
