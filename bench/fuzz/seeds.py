"""Inputs to start from: real files where there are any, and one of each shape that a parser knows."""

import os
from pathlib import Path

from fuzz import image_seeds, model_seeds, output_seeds, table_seeds, tokenizer_seeds, user_seeds
from measure import ROOT

GOLDENS = Path(os.environ.get("VLRM_GOLDENS", ROOT / "tests/goldens"))
WORLD, MODELS = ROOT / "world", GOLDENS / "models"
FILES = {
    "config": [(WORLD, "**/*config.json"), (MODELS, "*/config.json"), (MODELS, "*/preprocessor_config.json")],
    "image": [(GOLDENS / "reference/images", "*")],
    "recipe": [(GOLDENS / "reference/configs", "*.yaml")],
    "template": [(ROOT / "tests/files/templates", "*.jinja")],
}
GENERATED = {
    "adapter": model_seeds.adapters,
    "arrow": table_seeds.arrow_files,
    "checkpoint": model_seeds.checkpoints,
    "config": model_seeds.configs,
    "image": image_seeds.images,
    "journal": output_seeds.journals,
    "json_lines": table_seeds.json_lines,
    "lmms_eval_log": output_seeds.lmms_eval_logs,
    "manifest": output_seeds.manifests,
    "parquet": table_seeds.parquet_files,
    "recipe": user_seeds.recipes,
    "request": user_seeds.requests,
    "results": output_seeds.results,
    "sample": user_seeds.samples,
    "template": model_seeds.templates,
    "tokenizer": tokenizer_seeds.tokenizers,
}


def seeds(parser):
    for folder, pattern in FILES.get(parser, []):
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                yield file.read_bytes()
    yield from GENERATED[parser]()
