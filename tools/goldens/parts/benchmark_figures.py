"""eval/data: small datasets in the layouts of four more benchmarks; reference/benchmark_figures.json: made-up scores of
their rows, and the figures that each benchmark's own code gives for these scores.

Scripts run as they are. Of files that import what is not needed here, single functions run.
"""

import ast
import contextlib
import io
import re
from collections import defaultdict

import datasets
import numpy
import PIL.Image

from parts.checkout import run_script
from parts.place import write_json, write_lines

PICTURE = datasets.Image()
WORDS = "amber bridge circle drawn easily from green hills into jars kept low".split()


def make(place):
    draw = numpy.random.Generator(numpy.random.PCG64(27))
    figures = {
        "multimodal-rewardbench": multimodal_rewardbench(place, draw),
        "mm-rlhf-rewardbench": mm_rlhf_rewardbench(place, draw),
        "omni-rewardbench": omni_rewardbench(place, draw),
        "rewardbench-2": rewardbench_2(place, draw),
        "vl-rewardbench": vl_rewardbench(place),
    }
    write_json(place.reference("benchmark_figures.json"), figures, lines=2)


def text(draw, count=5):
    return " ".join(draw.choice(WORDS, count)).capitalize() + "."


def picture(draw):
    return PIL.Image.fromarray(draw.integers(0, 256, (12, 16, 3), dtype=numpy.uint8))


def scores(draw, count):
    """Of few digits, so that some are equal."""
    return [round(float(score), 1) for score in draw.normal(0, 1, count)]


def saved(place, name, rows, features):
    folder = place.out / "eval/data" / name
    folder.mkdir(parents=True, exist_ok=True)
    table = datasets.Dataset.from_list(rows, features=datasets.Features(features))
    table.to_parquet(folder / "test-00000-of-00001.parquet")


def strings(*names):
    return {name: datasets.Value("string") for name in names}


def printed(script, *words):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run_script(script, *words)
    return out.getvalue()


def functions(file, *names, **more):
    """These functions of a file, with what they need of its modules."""
    wanted = [each for each in ast.parse(file.read_text()).body if getattr(each, "name", None) in names]
    for each in wanted:
        each.returns = None
        for argument in each.args.args:
            argument.annotation = None
    known = {"np": numpy, "defaultdict": defaultdict, "Dataset": datasets.Dataset, "Dict": dict, "List": list,
             "Tuple": tuple, "pd": __import__("pandas"), **more}  # fmt: skip
    exec(compile(ast.Module(wanted, []), str(file), "exec"), known)
    return [known[name] for name in names]


def multimodal_rewardbench(place, draw):
    kinds = [("nocaps", "general"), ("pairs", "safety"), ("hate", "safety"), ("MathVista", "reasoning"),
             ("EMMA", "reasoning"), ("mmmu", "knowledge"), ("seed", "vqa")]  # fmt: skip
    rows, judged = [], []
    for number in range(42):
        source, category = kinds[number % len(kinds)]
        pair = scores(draw, 2)
        better = "Output1" if draw.random() < 0.5 else "Output2"
        row = {"ID": f"{source}_{number}", "Text": text(draw), "Image": picture(draw), "Output1": text(draw),
               "Output2": text(draw), "Better": better, "Category": category}  # fmt: skip
        rows.append(row)
        verdict = "A" if pair[0] >= pair[1] else "B"  # of equal ones the first
        judged.append({"ID": row["ID"], "Label": "A" if better == "Output1" else "B", "output": f"[[{verdict}]]",
                       "Meta": {"Category": category}, "scores": pair})  # fmt: skip
    saved(place, "multimodal_rewardbench", rows,
          strings("ID", "Text") | {"Image": PICTURE} | strings("Output1", "Output2", "Better", "Category"))  # fmt: skip
    answers = place.work / "multimodal_rewardbench.jsonl"
    write_lines(answers, judged)
    script = place.checkouts["multimodal-rewardbench"] / "scripts/2_get_accuracy.py"
    lines = re.findall(r"acc (\S+): (\d+) / (\d+) = (\S+)", printed(script, "--answers-file", answers))
    return {"scores": [row["scores"] for row in judged],
            "figures": {name: float(share) for name, _, _, share in lines}}  # fmt: skip


def mm_rlhf_rewardbench(place, draw):
    folder = place.out / "eval/data/mm_rlhf_rewardbench"
    rows, rewards = [], []
    for question in range(16):
        kind = ["mcq", "long", "short", "safety", "video"][question % 5]
        name = f"{kind}/{question}" + ("" if kind == "video" else ".png")
        if kind != "video":
            (folder / kind).mkdir(parents=True, exist_ok=True)
            picture(draw).save(folder / name)
        for _ in range(1 + question % 3):
            rows.append({"id": f"q{question}", "video" if kind == "video" else "image": name, "prompt": text(draw),
                         "chosen": text(draw), "rejected": text(draw), "chosen_reason": "", "rejected_reason": ""})  # fmt: skip
            rewards.append(scores(draw, 2))  # of the chosen one and the other
    write_lines(folder / "mm_reward_bench.jsonl", rows)
    pictures = [(row, pair) for row, pair in zip(rows, rewards) if "image" in row]
    answers = place.work / "mm_rlhf_rewardbench.jsonl"
    write_lines(answers, [row | {"rewards": pair} for row, pair in pictures])
    script = place.checkouts["mm-rlhf"] / "llava/eval/cal_performance_mmreweard_bench.py"
    found = re.findall(r"(?:Category: (\w+)|Overall Metrics).*?Accuracy: (\S+).*?ACC\+: (\S+)", printed(script, answers), re.S)
    return {"scores": [[pair[1], pair[0]] for _, pair in pictures],
            "figures": {name or "overall": [float(accuracy), float(all_right)] for name, accuracy, all_right in found}}  # fmt: skip


def omni_rewardbench(place, draw):
    rows, pairs = [], []
    for number in range(30):
        rows.append({"id": f"o{number}", "prompt": text(draw), "image": picture(draw), "image_path": f"{number}.png",
                     "response1": text(draw), "response2": text(draw), "model1": "x", "model2": "y", "criteria": text(draw),
                     "criteria_preference": str(draw.choice(["response1", "response2", "tie"], p=[0.4, 0.4, 0.2]))})  # fmt: skip
        pairs.append(scores(draw, 2))
    saved(place, "omni_rewardbench", rows, strings("id", "prompt") | {"image": PICTURE} | strings(
        "image_path", "response1", "response2", "model1", "model2", "criteria", "criteria_preference"))  # fmt: skip
    # What is right is one comparison within the authors' script, which asks a judge; it is repeated here.
    def share(rows_and_pairs, ties):
        says = [("tie" if ties and pair[0] == pair[1] else "response1" if pair[0] >= pair[1] else "response2",
                 row["criteria_preference"]) for row, pair in rows_and_pairs]  # fmt: skip
        return sum(predicted == preferred for predicted, preferred in says) / len(says)

    both = list(zip(rows, pairs))
    preferred = [each for each in both if each[0]["criteria_preference"] != "tie"]
    return {"scores": pairs, "figures": {"without_ties": share(preferred, False), "with_ties": share(both, True)}}


def rewardbench_2(place, draw):
    file = place.checkouts["reward-bench"] / "rewardbench/utils.py"
    _, ties_score, scored = functions(file, "_compute_prompt_stats", "process_single_model", "reroll_and_score_dataset")
    rows, values = [], []
    for subset in ["Factuality", "Precise IF", "Math", "Safety", "Focus"]:
        for _ in range(7):
            rows.append({"id": f"{len(rows)}", "prompt": text(draw), "chosen": [text(draw)],
                         "rejected": [text(draw) for _ in range(3)], "num_correct": 1, "num_incorrect": 3,
                         "total_completions": 4, "subset": subset})  # fmt: skip
            values.append(scores(draw, 4))
    for number in range(8):
        for kind, right in (("ref", 1), ("tied", 2 + number % 3)):
            rows.append({"id": f"{kind}:{number}", "prompt": text(draw), "chosen": [text(draw) for _ in range(right)],
                         "rejected": [text(draw) for _ in range(4)], "num_correct": right, "num_incorrect": 4,
                         "total_completions": right + 4, "subset": "Ties"})  # fmt: skip
            lift = draw.choice([0, 1.5, 3])
            values.append([round(score + lift, 1) for score in scores(draw, right)] + scores(draw, 4))
    number = datasets.Value("int64")
    saved(place, "rewardbench_2", rows, strings("id", "prompt", "subset") | {
        "chosen": datasets.Sequence(datasets.Value("string")), "rejected": datasets.Sequence(datasets.Value("string")),
        "num_correct": number, "num_incorrect": number, "total_completions": number})  # fmt: skip
    figures = {}
    for subset in dict.fromkeys(row["subset"] for row in rows):
        own = [(row, value) for row, value in zip(rows, values) if row["subset"] == subset]
        if subset == "Ties":
            table = datasets.Dataset.from_list(
                [{"id": row["id"], "num_correct": row["num_correct"], "scores": value} for row, value in own])  # fmt: skip
            with numpy.errstate(all="ignore"):
                figures[subset] = ties_score(table)[1]
        else:
            flat = [{"text": str(i), "scores": score} for _, value in own for i, score in enumerate(value)]
            results = scored(datasets.Dataset.from_list(flat), [4] * len(own))["results"]
            figures[subset] = sum(results) / len(results)
    figures["Average"] = sum(figures.values()) / len(figures)
    return {"scores": values, "figures": figures}


def vl_rewardbench(place):
    """The group of each kind of id, by three scripts."""
    ids = ["wildvision-battle-1", "vlfeedback_2", "RLAIF-V-3", "RLHF-V-4", "hallucination_pair-5", "mathverse_6",
           "mmmu_pro_vision_7", "anything"]  # fmt: skip
    (dataset_of,) = functions(place.checkouts["vl-rewardbench"] / "cal.py", "get_dataset_from_id")
    groups = {"povid": "hallucination", "rlaif-v": "hallucination", "rlhf-v": "hallucination",
              "reasoning_tasks": "reasoning"}  # fmt: skip
    (of_r1_reward,) = functions(place.checkouts["r1-reward"] / "inference/VL-Reward-Bench/get_acc.py", "classify_id")
    (dataset_of_2024,) = functions(place.checkouts["vl-rewardbench-2024"] / "cal.py", "get_dataset_from_id")
    return {
        "ids": ids,
        "groups": {
            "authors": [groups.get(dataset_of(each), "general") for each in ids],
            "authors-2024": [groups.get(dataset_of_2024(each), "general") for each in ids],
            "r1-reward": [of_r1_reward(each) for each in ids],
        },
    }
