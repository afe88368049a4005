#!/usr/bin/env python3
"""Makes the embedded world from nothing: python tools/world/make.py --seed 0 -o world

Three tiny models of the true architectures, trained here (base, then VLM and text reward model from it), held-out pairs
in VL-RewardBench's schema, and the VLM's captions of their pictures. With --keep, each stage is kept when it is done,
and what is kept is not trained again.
"""

import argparse
import pathlib
import random
import time

import captions
import check
import checkpoints
import models
import pairs
import scenes
import sight
import stages
import tokenizer
import torch
from transformers.utils import logging as transformers_logging

import base
import reward
import text
import vision


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="the directory to fill")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the trained stages of this seed")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the same figures on any number of cores
    transformers_logging.set_verbosity_error()
    started = time.monotonic()

    def log(line):
        print(f"[{time.monotonic() - started:5.0f} s] {line}", flush=True)

    world = scenes.World(options.seed)
    plain = tokenizer.train(text.corpus(world))
    tokenizers = (plain, *checkpoints.tokenizers_of(plain))
    kept = stages.Stages(options.keep, log)
    trained = train_models(world, tokenizers, options.seed, kept, log)
    output = options.output
    output.mkdir(parents=True, exist_ok=True)
    savers = (checkpoints.save_base, checkpoints.save_vlm, checkpoints.save_rm)
    for name, save, model, its_tokenizer in zip(("base", "vlm", "rm"), savers, trained, tokenizers):
        save(model, its_tokenizer, output / name)

    chosen, curves = check.choose(pairs.make(world, "validation", options.seed), trained, tokenizers[1], log)
    rows = pairs.make(world, "test", options.seed)
    pairs.write(rows, output / "pairs.parquet")
    told = captions.make(trained[1], rows, tokenizers[1])
    tokenizer.write_json(output / "captions.json", told)
    log(f"{len(rows)} test pairs and their captions are written; what the demo should find:")
    made = {
        "command": f"python tools/world/make.py --seed {options.seed} -o world",
        "seed": options.seed,
        "recipes": {method: {"weight": weight, "density": density} for method, (weight, density) in chosen.items()},
        "stages": kept.figures,
        "validation": curves,
        "test": check.report(rows, told, trained, chosen, tokenizers[1], log),
    }
    tokenizer.write_json(output / "made.json", made)


def train_models(world, tokenizers, seed, kept, log):
    """The base, the VLM and the reward model, their weights rounded to bfloat16."""
    plain, vlm_tokenizer, rm_tokenizer = tokenizers
    torch.manual_seed(seed)
    base_model = models.base(plain)
    kept.run("base", base_model, lambda: base.train(base_model, world, plain, random.Random(f"base {seed}"), log))

    torch.manual_seed(seed + 1)
    vlm = models.vlm(base_model, vlm_tokenizer)
    pictures = vision.gallery(world, "train", vision.PICTURES, f"pictures {seed}")
    kept.run("vision", vlm.vision_model, lambda: vision.train(vlm.vision_model, pictures, seed, log))
    generator = random.Random(f"vlm {seed}")
    kept.run("vlm", vlm, lambda: sight.train(vlm, base_model, pictures, world, vlm_tokenizer, generator, log))

    torch.manual_seed(seed + 2)
    rm = models.reward_model(base_model, rm_tokenizer)
    kept.run("rm", rm, lambda: reward.train(rm, world, rm_tokenizer, random.Random(f"rm {seed}"), log))
    return base_model, vlm, rm


if __name__ == "__main__":
    main()
