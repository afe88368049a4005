"""Scoring N responses about one image of a million pixels with a Qwen3-VL of 1 B parameters: vlrm score against one forward
for each response on transformers, by the modelling file that vlrm build writes."""

import bench_score


def run(options):
    bench_score.run(options, "qwen3-vl-1b", "qwen3_vl")
