"""The commands of vlrm that run a model, on a device and on the CPU: what they write must agree."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import device_programs
import pyarrow.parquet as pq

# How far scores may be apart: on the CPU half types are computed in float32, on a device in the half type.
TOLERANCES = {"float32": 2e-4, "float16": 0.02, "bfloat16": 0.15}
# The little world's scores reach ±8, those of the goldens ±1.
WORLD_TOLERANCES = {"float32": 1e-3, "float16": 0.1, "bfloat16": 0.5}
ALL = ("float32", "float16", "bfloat16")
RANDOM_CHECKPOINT = Path(__file__).resolve().parents[1] / "random_checkpoint.py"
QWEN3 = "--family qwen3 --hidden 64 --layers 3 --intermediate 96 --heads 4 --kv-heads 2 --head-size 32 --vocabulary 640"


@dataclass
class Inputs:
    """Models and samples for the commands; what has to be made lies in `folder`."""

    build: device_programs.Build
    goldens: Path
    world: Path
    folder: Path
    images: list = field(default_factory=list)

    def __post_init__(self):
        pairs = pq.read_table(self.world / "pairs.parquet").slice(0, 24)
        pq.write_table(pairs, self.pairs)
        rows = pairs.slice(0, 6).to_pylist()
        for number, row in enumerate(rows):
            self.images.append(self.folder / f"{number}.png")
            self.images[-1].write_bytes(row["image"]["bytes"])
        self.samples.write_text("".join(json.dumps(self.sample(number, row)) + "\n" for number, row in enumerate(rows)))
        self.question = rows[0]["query"]
        build = [self.build.vlrm, "build", "--vlm", self.world / "vlm", "--rm", self.world / "rm", "--base",
                 self.world / "base", "--method", "task_arithmetic", "--weight", "0.5", "-o", self.world_vlrm, "-q"]
        subprocess.run(list(map(str, build)), check=True, capture_output=True)
        qwen3 = [sys.executable, RANDOM_CHECKPOINT, self.qwen3, *QWEN3.split(), "--attention-bias"]
        subprocess.run(list(map(str, qwen3)), check=True, capture_output=True)

    def sample(self, number, row):
        """With one to three images, and two to four responses of which the last may be empty."""
        shown = self.images[max(number - number % 3, 0) : number + 1]
        responses = row["response"] + ["I cannot say.", ""][: number % 3]
        return {"id": number, "images": list(map(str, shown)), "prompt": row["query"], "responses": responses}

    @property
    def pairs(self):
        return self.folder / "pairs.parquet"

    @property
    def samples(self):
        return self.folder / "samples.jsonl"

    @property
    def world_vlrm(self):
        return self.folder / "world-vlrm"

    @property
    def qwen3(self):
        return self.folder / "qwen3"


@dataclass(frozen=True)
class Command:
    name: str
    arguments: Callable[[Inputs], list]
    output: str | None = ""  # a file by -o; or the files in a folder by -o that match this; None: standard output
    dtypes: tuple = ALL
    quick: tuple = ()  # the types with which ./dev test runs it
    tolerances: dict = field(default_factory=lambda: TOLERANCES)
    writes: bool = False  # a model writes texts, which are other texts in half types
    weights: str = "auto"

    def __str__(self):
        return self.name


def scored(inputs):
    return ["score", "--input", inputs.samples, "--date", "23 Nov 2026"]


def with_images(inputs):
    return [*scored(inputs), "--model", inputs.goldens / "vlrm_ties"]


def merged(inputs):
    models = inputs.goldens / "models"
    return ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base"]


def recipe(inputs, name):
    return inputs.goldens / "reference/configs" / f"{name}.yaml"


def evaluated(benchmark, data, responses=None):
    def arguments(inputs):
        flags = ["--data", inputs.goldens / "eval/data" / data, "--model", inputs.goldens / "vlrm_ties"]
        if not responses:
            return ["eval", benchmark, *flags, "--date", "23 Nov 2026"]
        file = inputs.goldens / f"eval/responses/{responses}.jsonl"
        return ["eval", "best-of-n", "--task", responses, "--responses", file, *flags, "--date", "23 Nov 2026"]

    return arguments


def swept(inputs):
    recipes = [flag for name in ("linear", "task_vector", "ties_d0.6") for flag in ("--recipes", recipe(inputs, name))]
    return ["eval", "vl-rewardbench", "--data", inputs.goldens / "eval/data/vl_rewardbench", *merged(inputs), *recipes,
            "--date", "23 Nov 2026"]


def generated(*more):
    return lambda inputs: ["generate", "--model", inputs.world / "vlm", "--image", inputs.images[0], "--prompt",
                           inputs.question, "--json", "--max-new-tokens", "40", *more]


def written(command, task, data, *more):
    return lambda inputs: [command, "--model", inputs.world / "vlm", "--task", task, "--data",
                           inputs.goldens / "eval/data" / data, *more]


def judged(judge, *more):
    return written("judge", "vl-rewardbench", "vl_rewardbench", "--judge", judge, *more)


HALF = ("float32", "bfloat16")
COMMANDS = [
    Command("score", with_images, quick=ALL),
    Command("score streamed", with_images, quick=("float16",), weights="streamed"),
    Command("score no-image", lambda i: [*with_images(i), "--mode", "no-image"]),
    Command("score text-only", lambda i: [*scored(i), "--model", i.goldens / "models/rm", "--mode", "text-only"],
            quick=("float16",)),
    Command("score a Qwen3", lambda i: [*scored(i), "--model", i.qwen3 / "rm", "--mode", "text-only"], quick=HALF),
    Command("score likelihood", lambda i: [*scored(i), "--model", i.goldens / "models/vlm", "--likelihood"],
            quick=HALF),
    Command("score by a recipe", lambda i: [*scored(i), *merged(i), "--recipe", recipe(i, "ties_d0.6")],
            quick=("bfloat16",)),
    Command("score one prompt, two images",
            lambda i: ["score", "--model", i.world_vlrm, "--image", i.images[0], "--image", i.images[1], "--prompt",
                       "What is this?", "--response", "A cat.", "--response", "A dog.", "--json"],
            output=None, quick=("bfloat16",), tolerances=WORLD_TOLERANCES),
    Command("eval world pairs", lambda i: ["eval", "vl-rewardbench", "--data", i.pairs, "--model", i.world_vlrm],
            output="results.jsonl", quick=("float16",), tolerances=WORLD_TOLERANCES),
    Command("eval vl-rewardbench", evaluated("vl-rewardbench", "vl_rewardbench"), output="results.jsonl"),
    Command("eval rlaif-v", evaluated("rlaif-v", "rlaif_v"), output="results.jsonl"),
    Command("eval textvqa", evaluated("best-of-n", "textvqa", "textvqa_val"), output="results.jsonl",
            quick=("bfloat16",)),
    Command("eval mmmu-pro standard", evaluated("best-of-n", "mmmu_pro_standard", "mmmu_pro_standard_cot"),
            output="results.jsonl"),
    Command("eval mmmu-pro vision", evaluated("best-of-n", "mmmu_pro_vision", "mmmu_pro_vision_cot"),
            output="results.jsonl"),
    Command("sweep", swept, output="*/results.jsonl", dtypes=HALF, quick=("bfloat16",)),
    Command("sweep streamed", swept, output="*/results.jsonl", dtypes=HALF, weights="streamed"),
    Command("generate", generated("-n", "3", "--temperature", "1"), output=None, quick=ALL, writes=True),
    Command("generate streamed", generated(), output=None, quick=("float32",), writes=True, weights="streamed"),
    Command("judge by score", judged("score", "--max-new-tokens", "24"), "results.jsonl", HALF, writes=True),
    Command("judge by likelihood", judged("likelihood"), "results.jsonl", HALF),
    Command("judge pairwise", judged("pairwise", "--max-new-tokens", "8"), "results.jsonl", HALF, ("float32",),
            writes=True),
    Command("caption", written("caption", "vl-rewardbench", "vl_rewardbench", "--max-new-tokens", "24"), "", HALF,
            writes=True),
    Command("answers", written("answers", "textvqa_val", "textvqa", "--max-new-tokens", "16", "-n", "4"), "", HALF,
            ("bfloat16",), writes=True),
]


@dataclass(frozen=True)
class Comparison:
    apart: float  # the largest difference of two numbers; infinity where something else differs
    limit: float
    where: str
    report: dict  # of the fake device

    @property
    def agrees(self):
        return self.apart <= self.limit and self.apart < float("inf")

    def __str__(self):
        text = f"{self.apart:.2g} apart of {self.limit:.2g} allowed ({self.where})"
        if not self.report:
            return text
        return f"{text}; {self.report['launches']} launches, {sum(self.report['waits'].values())} waits"


def compare(inputs, device, command, dtype):
    """Runs the command on the device and on the CPU, at the same time and with one thread each."""
    with ThreadPoolExecutor(2) as pool:
        ours = pool.submit(run, inputs, device, command, dtype)
        cpus = pool.submit(run, inputs, "cpu", command, dtype)
        (found, report), (expected, _) = ours.result(), cpus.result()
    texts_count = not command.writes or dtype == "float32"
    apart, where = difference(expected, found, texts_count)
    if len(expected) != len(found):
        apart, where = float("inf"), f"{len(expected)} and {len(found)} rows"
    limit = command.tolerances[dtype] if texts_count else float("inf")
    return Comparison(apart, limit, where, report)


def run(inputs, device, command, dtype):
    """What the command writes, as JSON values, and the fake device's report."""
    name = f"{device}-{dtype}-{command.name}".replace(" ", "-").replace(":", "-")
    place, report = inputs.folder / name, inputs.folder / f"{name}.report.json"
    arguments = ["--threads", "1", *command.arguments(inputs), "--device", device, "--dtype", dtype, "--weights",
                 command.weights, *(["-o", place] if command.output is not None else [])]
    done = subprocess.run([inputs.build.vlrm, *map(str, arguments)], capture_output=True, text=True,
                          env=device_programs.environment(inputs.build, device, report=report))
    if done.returncode != 0:
        raise RuntimeError(f"{command} in {dtype} on {device}: exit {done.returncode}: {done.stderr.strip()[-1500:]}")
    files = [] if command.output is None else sorted(place.glob(command.output)) if command.output else [place]
    texts = [file.read_text() for file in files] if files else [done.stdout]
    values = [value for text in texts for value in json_values(text)]
    if not values:
        raise RuntimeError(f"{command} in {dtype} on {device} wrote nothing")
    return values, json.loads(report.read_text()) if report.exists() else {}


def json_values(text):
    """Of one JSON document, or of JSON lines."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def difference(expected, found, texts_count, where="all"):
    """The largest difference of two JSON values, and where it is. Texts differ by nothing or by infinity; where they do
    not count, neither do the lengths of lists of tokens and the numbers that belong to them."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return float("inf"), f"{where}: {sorted(expected.keys() ^ found.keys())}"
        # A choice follows from scores, which are compared.
        keys = expected.keys() - {"device", "predicted_answer"}
        return worst((difference(expected[key], found[key], texts_count, key) for key in sorted(keys)), where)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return (float("inf") if texts_count else 0), f"{where}: {len(expected)} and {len(found)} items"
        pairs = enumerate(zip(expected, found))
        return worst((difference(a, b, texts_count, f"{where}[{i}]") for i, (a, b) in pairs), where)
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (expected, found)):
        apart = abs(expected - found)
        return float("inf") if math.isnan(apart) else apart, where
    return (float("inf") if expected != found and texts_count else 0), f"{where}: {expected!r} and {found!r}"


def worst(differences, where):
    found = max(differences, key=lambda one: one[0], default=(0, where))
    return found if found[0] > 0 else (0, where)
