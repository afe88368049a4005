"""The five merge methods in a few lines of numpy, for the world's own check only: the program has the real ones."""

import numpy

TRIM = {"ties", "dare_linear", "dare_ties"}


def merge(method, base, vlm, rm, weight, density=1.0, seed=0):
    """Merges text tensors by name; all arguments are dicts of float32 arrays.

    weight: of both models' differences from the base; for linear, that of the reward model (the VLM's is the rest).
    """
    generator = numpy.random.default_rng(seed)
    if method == "linear":
        return {name: (1 - weight) * vlm[name] + weight * rm[name] for name in vlm}
    merged = {}
    for name in vlm:
        differences = numpy.stack([vlm[name] - base[name], rm[name] - base[name]])
        if method == "ties":
            differences = numpy.stack([_largest(difference, density) for difference in differences])
        elif method.startswith("dare"):
            differences *= (generator.random(differences.shape) < density) / density
        differences = differences * numpy.float32(weight)
        if method.endswith("ties"):
            agreeing = differences * (differences * _elected(differences) > 0)
            total = agreeing.sum(axis=0)
            if method == "ties":  # normalises: a weight that both share cancels
                total /= numpy.maximum((agreeing != 0).sum(axis=0) * weight, weight)
        else:
            total = differences.sum(axis=0)
        merged[name] = base[name] + total
    return merged


def _largest(difference, density):
    kept = max(1, int(density * difference.size))
    threshold = numpy.partition(numpy.abs(difference).ravel(), -kept)[-kept]
    return difference * (numpy.abs(difference) >= threshold)


def _elected(differences):
    return numpy.where(differences.sum(axis=0) >= 0, 1.0, -1.0)
