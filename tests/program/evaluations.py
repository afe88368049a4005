"""What the tests of vlrm eval share: the commands that made the reference's results, and datasets of any rows."""

import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
from conftest import PROGRAM, ROOT, read_lines, seed
from tables import IMAGE

DATE = "23 Nov 2026"  # is inside some prompts of the reference's results
DATA = {"vl_rewardbench": "vl_rewardbench", "rlaif_v": "rlaif_v", "textvqa_val": "textvqa",
        "mmmu_pro_standard_cot": "mmmu_pro_standard", "mmmu_pro_vision_cot": "mmmu_pro_vision"}
MODES = {"vlrm": "image", "no_image": "no-image", "text_only": "text-only", "cascade": "cascade"}


def benchmark(goldens, task):
    """The command line up to the data."""
    if task in ("vl_rewardbench", "rlaif_v"):
        return ["eval", task.replace("_", "-")]
    return ["eval", "best-of-n", "--task", task, "--responses", goldens / f"eval/responses/{task}.jsonl"]


def data(goldens, task):
    return ["--data", goldens / "eval/data" / DATA[task]]


def captions(goldens, task):
    if task == "vl_rewardbench":
        return seed(goldens) / "caption/vl_rewardbench.json"
    return goldens / "eval/responses/textvqa_captions.json"


def model(goldens, mode, dtype="float32"):
    name = "models/rm" if mode in ("text-only", "cascade") else "vlrm_ties"
    return ["--model", goldens / name, "--mode", mode, "--dtype", dtype, "--date", DATE]


def golden_command(goldens, file):
    """What makes the file "float32/vl_rewardbench/cascade" of the reference's results."""
    dtype, task, name = file.split("/")
    mode = MODES[name]
    flags = ["--captions", captions(goldens, task)] if mode == "cascade" else []
    return [*benchmark(goldens, task), *data(goldens, task), *model(goldens, mode, dtype), *flags]


def results(folder):
    return (folder / "results.jsonl").read_bytes()


def rows_of(folder):
    return read_lines(folder / "results.jsonl")


def world_vlrm(folder):
    """The little world's reward model that sees, built here."""
    world = ROOT / "world"
    command = [PROGRAM, "build", "--vlm", world / "vlm", "--rm", world / "rm", "--method", "linear",
               "--weight-rm", "0.2", "-o", folder, "-q"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return folder


PAIRS = pa.schema([("id", pa.string()), ("query", pa.string()), ("response", pa.list_(pa.string())), ("image", IMAGE),
                   ("human_ranking", pa.list_(pa.int64()))])


def world_pairs(count):
    return pq.read_table(ROOT / "world/pairs.parquet").slice(0, count).select(PAIRS.names).to_pylist()


def write_pairs(path, rows, schema=PAIRS, **options):
    """Rows as parquet, or as JSON lines with their images in files beside it."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, **options)
        return path
    lines = []
    for number, row in enumerate(rows):
        named = {}
        for column, value in row.items():
            if column.startswith("image") and isinstance(value, dict):
                file = path.parent / "pictures" / f"{column}-{number}"
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(value["bytes"])
                value = f"pictures/{file.name}"
            named[column] = value
        lines.append(json.dumps(named) + "\n")
    path.write_text("".join(lines))
    return path
