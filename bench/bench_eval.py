"""Evaluating pairs and best-of-8 with 4-tile images: vlrm eval against one response a forward on transformers."""

import io
import json
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from arithmetic import gemm_rates, image_flop, text_flop
from bench_score import PROMPT, RESPONSES
from checkpoints import checkpoints
from measure import ROOT, measure, peer_python, table

PAIRS, LISTS = 2, 1  # rows
TOLERANCES = {"float32": 2e-4, "float16": 1e-2}  # of a score
TARGETS = {"pairs": 2, "best-of-n": 6}  # times faster than the reference, at the 1 B shape


@dataclass
class Task:
    name: str
    ours: list  # arguments of vlrm eval
    theirs: list  # arguments of the reference's loop
    scores: str  # our rows' field
    rows: list  # (query, responses) of each


@dataclass
class Found:
    """What an evaluation gave, and what it cost."""

    scores: list  # of each row
    scoring: float  # seconds of wall time, without start and loading
    cost: object  # of the whole process

    @property
    def start(self):
        return self.cost.wall - self.scoring


def picture(seed):
    """A PNG that fills four tiles, in a column of the `datasets` library."""
    from PIL import Image

    side, encoded = 1120, io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(3 * side**2)).save(encoded, "png")
    return {"bytes": encoded.getvalue(), "path": f"{seed}.png"}


def write_pairs(folder):
    """Rows in VL-RewardBench's schema, each with an image of its own."""
    import pyarrow
    import pyarrow.parquet

    data = folder / "pairs.parquet"
    rows = [
        {"id": f"pair-{i}", "query": PROMPT, "response": RESPONSES[2 * i : 2 * i + 2], "image": picture(i),
         "human_ranking": [0, 1]} for i in range(PAIRS)
    ]  # fmt: skip
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), data)
    return Task("pairs", ["vl-rewardbench", "--data", data], [data], "outputs",
                [(row["query"], row["response"]) for row in rows])  # fmt: skip


def write_best_of_8(folder, lists=LISTS):
    """Images in TextVQA's schema, and a file of responses to them."""
    import pyarrow
    import pyarrow.parquet

    data, responses = folder / "textvqa.parquet", folder / "best-of-8.jsonl"
    images = [{"image": picture(100 + i), "question_id": i, "question": PROMPT, "answers": []} for i in range(lists)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(images), data)
    rows = [{"id": i, "input": PROMPT, "responses": RESPONSES, "correctness": [0] * 8} for i in range(lists)]
    responses.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Task("best-of-n", ["best-of-n", "--task", "textvqa_val", "--responses", responses, "--data", data],
                [data, responses], "scores", [(row["input"], row["responses"]) for row in rows])  # fmt: skip


def build(options, shape):
    paths = checkpoints(options, shape)
    model = options.work / f"vlrm-float32-{shape}"
    shutil.rmtree(model, ignore_errors=True)
    models = ["--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    how = ["--method", "linear", "--weight-rm", "0.5", "--dtype", "float32", "--quiet"]
    measure([options.vlrm, "build", *models, *how, "-o", model])
    return model


def ours(options, model, dtype, task):
    out = options.work / "results" / task.name
    how = ["--model", model, "--dtype", dtype, "--label", "scored", "--force", "-o", out]
    cost, log = measure([options.vlrm, "eval", *task.ours, *how], errors=subprocess.STDOUT)
    scoring = float(re.search(r"^scored: \d+ in ([\d.]+) s", log, re.MULTILINE)[1])
    rows = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    return Found([row[task.scores] for row in rows], scoring, cost)


def theirs(model, dtype, task):
    script = ROOT / "bench/peers/reference_eval.py"
    cost, output = measure([peer_python("reference"), script, model, dtype, task.name, *task.theirs])
    found = json.loads(output)
    return Found(found["scores"], found["seconds"], cost)


def differences(task, dtype, scores, reference):
    """Says how far scores are from the reference's; gives whether they are as near as they have to be."""
    tolerance = TOLERANCES[dtype]
    rows = list(zip(scores, reference, strict=True))
    gap = max(abs(x - y) for row, known in rows for x, y in zip(row, known, strict=True))
    told = [(row, known) for row, known in rows if sorted(known)[-1] - sorted(known)[-2] > 2 * tolerance]
    same = sum(row.index(max(row)) == known.index(max(known)) for row, known in told)
    equal = gap <= tolerance and same == len(told)
    print(f"{dtype} {task.name}: largest difference of a score {gap:.1e} (at most {tolerance}); the same choice in "
          f"{same} of {len(told)} rows with a margin over {2 * tolerance}: {'equal' if equal else 'NOT EQUAL'}",
          flush=True)  # fmt: skip
    return equal


def needed_flop(options, model, task):
    """Each image once, each row's common beginning once, the rest of each response."""
    conversations = [
        {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": query}]},
                      {"role": "assistant", "content": [{"type": "text", "text": response}]}],
         "add_generation_prompt": False}
        for query, responses in task.rows for response in responses
    ]  # fmt: skip
    lines = "".join(json.dumps(each) + "\n" for each in conversations)
    for command in ("render", "tokenize"):
        command = [options.vlrm, command, "--model", model]
        lines = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    texts = iter(map(json.loads, lines.splitlines()))
    flop = 0
    for _, responses in task.rows:
        ids = [next(texts) for _ in responses]
        shared = next((i for i, tokens in enumerate(zip(*ids)) if len(set(tokens)) > 1), min(map(len, ids)))
        flop += image_flop(model) + text_flop(model, shared + sum(len(each) - shared for each in ids))
    return flop


def run(options):
    model = build(options, options.shape)
    data = options.work / "eval"
    data.mkdir(exist_ok=True)
    tasks = [write_pairs(data), write_best_of_8(data)]
    wall_rate, cpu_rate = gemm_rates()
    print(f"this machine's float32 GEMM: {wall_rate:.0f} GFLOP/s, {cpu_rate:.0f} a CPU second", flush=True)
    rows, equal = [], True
    for task in tasks:
        mine = ours(options, model, "float32", task)
        gflop = needed_flop(options, model, task) / 1e9
        print(f"{task.name}: {gflop:.0f} GFLOP needed: {gflop / cpu_rate:.1f} CPU s at the GEMM's rate; "
              f"vlrm took {mine.cost.cpu:.1f}, start and loading included", flush=True)  # fmt: skip
        rows.append(line(task, "vlrm", mine))
        if options.no_peers:
            continue
        reference = theirs(model, "float32", task)
        rows.append(line(task, "transformers", reference))
        speed, cpu = reference.scoring / mine.scoring, reference.cost.cpu / mine.cost.cpu
        rows.append((f"{task.name}, ratio (to be: {TARGETS[task.name]})", f"{speed:.2f} ×", "", f"{cpu:.2f} ×", ""))
        equal &= differences(task, "float32", mine.scores, reference.scores)
    if not options.no_peers:
        equal &= float16_is_equal(options, tasks)
    table(rows, ("float32", "scoring s", "start and loading s", "CPU s in all", "MiB"))
    if not equal:
        sys.exit("bench: the scores are not the reference's")


def line(task, who, found):
    """Of the table; said at once too, for the reference takes minutes."""
    print(f"{task.name}, {who}: {found.cost}, of which {found.scoring:.1f} s wall scoring", flush=True)
    return (f"{task.name}, {who}", f"{found.scoring:.1f}", f"{found.start:.1f}", f"{found.cost.cpu:.1f}",
            f"{found.cost.peak / 2**20:.0f}")  # fmt: skip


def float16_is_equal(options, tasks):
    """At the small shape: float16 arithmetic, which the reference does on a CPU too, takes hours there at 1 B."""
    model = build(options, "small")
    equal = True
    for task in tasks:
        mine, reference = ours(options, model, "float16", task), theirs(model, "float16", task)
        equal &= differences(task, "float16", mine.scores, reference.scores)
    return equal
