"""What the reference's result scripts say of rows, and what vlrm results says of the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from conftest import seed

FILES = [f"{dtype}/{file}" for dtype in ("float32", "float16") for file in (
    "vl_rewardbench/vlrm", "vl_rewardbench/no_image", "vl_rewardbench/text_only", "vl_rewardbench/cascade",
    "rlaif_v/vlrm", "rlaif_v/text_only", "textvqa_val/vlrm", "textvqa_val/no_image", "textvqa_val/text_only",
    "textvqa_val/cascade", "mmmu_pro_standard_cot/vlrm", "mmmu_pro_vision_cot/vlrm")]


def summary(vlrm, *paths):
    return json.loads(vlrm("results", *paths, "--format", "json"))["runs"]


def percents(run):
    return {metric["name"]: metric["percent"] for metric in run["metrics"]}


def printed_numbers(text):
    """The numbers of what a result script of the reference printed, in percent, by our metrics' names."""
    lines = text.strip().splitlines()
    if lines[0].startswith("Pass"):
        pass_1, pass_n, drawn, chosen = (float(line.split(": ")[1]) for line in lines)
        return {"Overall": chosen, "Pass@1": pass_1, "Pass@N": pass_n, "Drawn": drawn}
    if not lines[-1].startswith("{"):
        return {"Accuracy": float(lines[-1])}
    groups = json.loads(lines[-1].replace("'", '"'))
    found = {name.title(): groups[name]["accuracy"] * 100 for name in ("general", "hallucination", "reasoning")}
    return {**found, "Overall": groups["overall_accuracy"] * 100, "Macro": groups["macro_average_accuracy"] * 100}


def assert_same(run, expected):
    found = {("Pass@N" if name.startswith("Pass@") and name != "Pass@1" else name): value
             for name, value in percents(run).items() if name != "Random"}
    assert found == expected  # to the last digit


def printed_by_the_reference(goldens, file, rows):
    """What the reference's own script printed of its rows; where VLRM_REFERENCE names a checkout of lca0503/MergeToVLRM,
    also what it prints now of the given ones."""
    yield json.loads((goldens / "eval/summaries.json").read_text())[file]
    if "VLRM_REFERENCE" in os.environ:
        task = file.split("/")[1]
        script = {"vl_rewardbench": "vl_rewardbench_results.py", "rlaif_v": "rlaif_v_results.py"}.get(task, "get_results.py")
        command = [sys.executable, Path(os.environ["VLRM_REFERENCE"]) / "src" / script, "--input_path", rows]
        yield subprocess.run(command, capture_output=True, text=True, check=True).stdout


def published_responses(goldens):
    """The file of responses that the reference published, or a stand-in; its rows; what get_results.py prints of it."""
    file, record = seed(goldens) / "best_of_n/textvqa_val.jsonl", seed(goldens) / "printed.json"
    if not record.exists():  # the published file itself has none beside it
        return file, 5000, {"Pass@1": 48.14800000000003, "Pass@N": 79.83600000000034, "Drawn": 48.20800000000005}
    expected = json.loads(record.read_text())[file.name]
    numbers = printed_numbers(expected["printed"])
    return file, expected["rows"], {name: numbers[name] for name in ("Pass@1", "Pass@N", "Drawn")}
