"""eval/results: the rows that the reference's scripts write; eval/summaries.json and seed/printed.json: what its result
scripts print of them.

The scripts run as they are. Around them, datasets are read from eval/data instead of the hub, and models are loaded in
the type that is asked for, on the CPU.
"""

import json
import subprocess
import sys

import datasets
import torch
from transformers.modeling_utils import PreTrainedModel

from parts import frozen_date
from parts.checkout import run_script, working_directory
from parts.place import write_json

HUB = {
    ("MMInstruction/VL-RewardBench", None): "vl_rewardbench",
    ("lca0503/rlaif_v_train_400", None): "rlaif_v",
    ("lmms-lab/textvqa", None): "textvqa",
    ("MMMU/MMMU_Pro", "standard (10 options)"): "mmmu_pro_standard",
    ("MMMU/MMMU_Pro", "vision"): "mmmu_pro_vision",
}
FLAGS = {"vlrm": [], "no_image": ["--no_image"], "text_only": ["--text_only"], "cascade": ["--caption"]}
FILES = [
    "vl_rewardbench/vlrm",
    "vl_rewardbench/no_image",
    "vl_rewardbench/text_only",
    "vl_rewardbench/cascade",
    "rlaif_v/vlrm",
    "rlaif_v/text_only",
    "textvqa_val/vlrm",
    "textvqa_val/no_image",
    "textvqa_val/text_only",
    "textvqa_val/cascade",
    "mmmu_pro_standard_cot/vlrm",
    "mmmu_pro_vision_cot/vlrm",
]


def make(place):
    torch.set_num_threads(1)
    frozen_date.freeze(frozen_date.RESULTS_DATE)
    place.made(place.out / "eval/data", "datasets")
    datasets.load_dataset = lambda name, config=None, split=None: local(place, HUB[name, config])
    source, printed = place.checkouts["reference"] / "src", {}
    for dtype in ("float32", "float16"):
        load_models_in(getattr(torch, dtype))
        for file in FILES:
            task, name = file.split("/")
            out = place.out / f"eval/results/{dtype}/{file}.jsonl"
            run_script(source / f"{script_of(task)}.py", *flags(place, task, name), "--output_path", out)
            printed[f"{dtype}/{file}"] = summary(place.out / "eval", source, task, f"results/{dtype}/{file}.jsonl")
    write_json(place.out / "eval/summaries.json", printed)
    write_json(place.out / "seed/printed.json", {"textvqa_val.jsonl": without_scores(place, source)})


def script_of(task):
    return task if task in ("vl_rewardbench", "rlaif_v") else "get_scores"


def local(place, name):
    files = sorted(map(str, (place.out / "eval/data" / name).glob("*.parquet")))
    return datasets.concatenate_datasets(
        [datasets.Dataset.from_parquet(file, cache_dir=str(place.work / "datasets")) for file in files]
    )


def load_models_in(dtype):
    original = getattr(PreTrainedModel.from_pretrained, "original", PreTrainedModel.from_pretrained.__func__)

    def from_pretrained(cls, *arguments, **options):
        options.pop("device_map", None)
        return original(cls, *arguments, **options | {"torch_dtype": dtype}).eval()

    from_pretrained.original = original
    PreTrainedModel.from_pretrained = classmethod(from_pretrained)


def flags(place, task, name):
    text = name in ("text_only", "cascade")
    made = ["--model_id", place.models("rm") if text else place.made(place.out / "vlrm_ties", "vlrm"), *FLAGS[name]]
    if script_of(task) == "get_scores":
        made += ["--task", task, "--input_path", place.out / f"eval/responses/{task}.jsonl"]
    if name == "cascade":
        made += [
            "--caption_path",
            place.out
            / (
                "seed/caption/vl_rewardbench.json"
                if task == "vl_rewardbench"
                else "eval/responses/textvqa_captions.json"
            ),
        ]
    return made


def summary(folder, source, task, rows):
    script = f"{task}_results.py" if task in ("vl_rewardbench", "rlaif_v") else "get_results.py"
    command = [sys.executable, source / script, "--input_path", rows]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def without_scores(place, source):
    """Of responses nobody has scored: the script wants scores, so these are all equal, and RM Accuracy says nothing."""
    with working_directory(place.work) as work:
        lines = (place.out / "seed/best_of_n/textvqa_val.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        (work / "scored.jsonl").write_text(
            "".join(json.dumps(row | {"scores": [0] * len(row["responses"])}) + "\n" for row in rows)
        )
        return {
            "rows": len(rows),
            "responses": sum(len(row["responses"]) for row in rows),
            "printed": summary(work, source, "textvqa_val", "scored.jsonl"),
        }
