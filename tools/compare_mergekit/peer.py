"""mergekit, run in this process, with vlrm's draws in place of its own."""

import contextlib
import logging
import warnings

import torch
import yaml
from draws import mask, mask_of_each


def quiet():
    logging.disable(logging.ERROR)
    warnings.simplefilter("ignore")


class Draws:
    """What torch.bernoulli is given while one tensor of one model is sparsified."""

    def __init__(self, seed):
        self.seed, self.tensor, self.model = seed, None, 0

    def bernoulli(self, probabilities):
        count = probabilities.numel()
        if probabilities.unique().numel() == 1:  # DARE's
            kept = mask(self.seed, self.model, self.tensor, count, self.density)
        else:
            kept = mask_of_each(self.seed, self.model, self.tensor, probabilities.flatten().float().numpy())
        return torch.from_numpy(kept).reshape(probabilities.shape).to(probabilities.dtype)


@contextlib.contextmanager
def same_draws(seed):
    from mergekit.merge_methods import generalized_task_arithmetic as methods

    source = Draws(seed)
    family = methods.GeneralizedTaskArithmeticMerge
    whole, one, draw = family.merge_group, methods.sparsify, torch.bernoulli

    def merge_group(self, group, /, **parameters):
        source.tensor, source.model = group.metadata.name, -1
        return whole(self, group, **parameters)

    def sparsify_one(tensor, density, **options):
        source.model, source.density = source.model + 1, density
        return one(tensor, density=density, **options)

    family.merge_group, methods.sparsify, torch.bernoulli = merge_group, sparsify_one, source.bernoulli
    try:
        yield
    finally:
        family.merge_group, methods.sparsify, torch.bernoulli = whole, one, draw


def merge(recipe, out, seed=0):
    """Merges by mergekit. `rescale_norm` is vlrm's own key: mergekit knows only l1."""
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    text = yaml.safe_dump(recipe).replace("rescale_norm: l1", "rescale: true")
    config = MergeConfiguration.model_validate(yaml.safe_load(text))
    with same_draws(seed):
        run_merge(config, str(out), MergeOptions(copy_tokenizer=False, write_model_card=False, quiet=True))
