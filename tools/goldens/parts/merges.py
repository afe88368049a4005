"""reference/configs, merges.json, merged and merged_tokenizer: what mergekit makes of the text parts."""

import json
import shutil

import torch
import yaml
from mergekit.common import ModelReference
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from safetensors.torch import save_file

from parts.checkout import working_directory
from parts.place import write_json
from parts.recipes import PUBLISHED, RECIPES, text_of
from parts.tensor_files import described, tensors_of

WHOLE = ["ties_d0.6"]  # kept with all its tensors, because its choice among equal magnitudes is arbitrary
LAYERS = ("model.layers.1.", "model.layers.2.self_attn.")  # of the others; and the final norm
ORDER = ["./models/mllama_t", "./models/tulu_t", "./base"]  # of the configuration, the base last
SIDE_FILES = ["config", "special_tokens_map", "tokenizer", "tokenizer_config"]


def in_configuration_order(model):
    """A hash: mergekit goes through sets of models where it copies configs and draws DARE's masks of embeddings, in an
    order that would change from run to run."""
    return ORDER.index(str(model))


def make(place):
    torch.set_num_threads(1)
    ModelReference.__hash__ = in_configuration_order
    merges = {}
    with working_directory(place.work) as work:
        place.made(work / "models/mllama_t", "extract")
        link(work / "base", place.models("base"))
        base = tensors_of(work / "base")
        for name, recipe in (RECIPES | PUBLISHED).items():
            merge(recipe, work / "merged" / name)
            if name in RECIPES:
                place.reference(f"configs/{name}.yaml").write_text(text_of(recipe))
                merges[name] = kept(place, name, recipe, work / "merged" / name, base)
    for file in SIDE_FILES:
        shutil.copy(place.work / f"merged/linear/{file}.json", place.reference(f"merged_tokenizer/linear_{file}.json"))
    write_json(place.reference("merges.json"), merges, lines=3)


def link(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def merge(recipe, folder):
    shutil.rmtree(folder, ignore_errors=True)
    # As mergekit-yaml does it, with --random-seed 0.
    run_merge(
        MergeConfiguration.model_validate(yaml.safe_load(text_of(recipe))),
        out_path=str(folder),
        options=MergeOptions(random_seed=0),
    )


def kept(place, name, recipe, folder, base):
    tensors = tensors_of(folder)
    raw = {
        key: tensor
        for key, tensor in tensors.items()
        if name in WHOLE or key.startswith(LAYERS) or key == "model.norm.weight"
    }
    save_file(raw, place.reference(f"merged/{name}.safetensors"))
    found = {"config": json.loads((folder / "config.json").read_text()), "tensors": described(tensors)}
    if name.startswith("dare"):
        found["dare_stats_vs_base"] = {
            key: statistics(tensor - base[key].float())
            for key, tensor in tensors.items()
            if key.startswith("model.layers.") or key == "model.norm.weight"
        }
    return found


def statistics(delta):
    return {
        "abs_mean": delta.abs().double().mean().item(),
        "frac_zero": (delta == 0).double().mean().item(),
        "mean": delta.double().mean().item(),
        "n": delta.numel(),
        "var": delta.double().var().item(),
    }
