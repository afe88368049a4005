"""eval/data, eval/responses and seed: small datasets in the schemas of the published ones, and files of responses."""

import io

import datasets
import numpy as np
from datasets import Dataset, Features, Image, Sequence, Value

from parts import seed
from parts.answers import textvqa_correctness
from parts.images import picture
from parts.place import write_json, write_lines
from parts.sentences import QUESTIONS, draw_text

TEXT, NUMBER, TEXTS = Value("string"), Value("int64"), Sequence(Value("string"))
FEATURES = {
    "vl_rewardbench": {
        "id": TEXT,
        "query": TEXT,
        "response": TEXTS,
        "image": Image(),
        "human_ranking": Sequence(NUMBER),
        "models": TEXTS,
        "judge": TEXT,
        "rationale": TEXT,
        "query_source": TEXT,
        "ground_truth": TEXT,
    },
    "rlaif_v": {"question": TEXT, "image": Image(), "chosen": TEXT, "rejected": TEXT},
    "textvqa": {"image_id": TEXT, "question_id": Value("int32"), "question": TEXT, "image": Image(), "answers": TEXTS},
    "mmmu_pro_standard": {
        "id": TEXT,
        "question": TEXT,
        "options": TEXT,
        "answer": TEXT,
        "subject": TEXT,
        **{f"image_{i}": Image() for i in range(1, 8)},
    },
    "mmmu_pro_vision": {"id": TEXT, "image": Image(), "options": TEXT, "answer": TEXT, "subject": TEXT},
}
# Of all groups; the first one comes again as the last.
PAIRS = [
    "hallucination_pair-6393",
    "RLAIF-V-23102",
    "RLHF-V-1175",
    "mmmu_pro_test_Materials_6",
    "mathverse_1713",
    "wildvision-battle-5167",
    "hallucination_pair-5069",
    "mathverse_2414",
    "RLAIF-V-79613",
    "wildvision-battle-2490",
    "mmmu_pro_validation_Art_28",
    "hallucination_pair-6393",
]
FIRST_SHARD = 7
FORMATS = [("RGB", "JPEG"), ("RGB", "PNG"), ("RGB", "WEBP")]
CONVERTED = [("RGBA", "PNG"), ("L", "PNG"), ("RGB", "WEBP"), ("P", "PNG"), ("L", "JPEG"), ("RGB", "JPEG")]
SIZES = [(20, 30), (57, 57), (60, 18), (16, 70), (44, 30), (28, 28)]


def make(place):
    rng = np.random.default_rng(20)
    tables = {
        "vl_rewardbench": [pair(rng, name, i) for i, name in enumerate(PAIRS)],
        "rlaif_v": [preference(rng, i) for i in range(6)],
        "textvqa": [textvqa(rng, i) for i in range(6)],
        "mmmu_pro_standard": [mmmu_standard(rng, i) for i in range(4)],
        "mmmu_pro_vision": [mmmu_vision(rng, i) for i in range(4)],
    }
    for name, rows in tables.items():
        write_parquet(
            place.out / "eval/data" / name,
            rows,
            Features(FEATURES[name]),
            "validation" if name == "textvqa" else "test",
        )
    saved = Dataset.from_list(tables["vl_rewardbench"], Features(FEATURES["vl_rewardbench"]))
    saved._fingerprint = "0" * 16
    saved.save_to_disk(place.out / "eval/data/vl_rewardbench_saved_to_disk")
    responses(place, rng, tables)
    seed.make(place, rng, [row["id"] for row in tables["vl_rewardbench"]])


def drawn_image(rng, number, kinds=FORMATS):
    mode, form = kinds[number % len(kinds)]
    file = io.BytesIO()
    image = picture(rng, *SIZES[int(rng.integers(len(SIZES)))]).convert(mode)
    if mode == "RGBA":
        image.putalpha(int(rng.integers(60, 200)))
    image.save(file, form, **({"lossless": True} if form == "WEBP" else {"quality": 80} if form == "JPEG" else {}))
    return {"bytes": file.getvalue(), "path": f"picture_{number}.{form.lower()}"}


def question(rng):
    return QUESTIONS[int(rng.integers(len(QUESTIONS)))]


def pair(rng, name, number):
    first = int(rng.integers(2))
    return {
        "id": name,
        "query": question(rng),
        "response": [draw_text(rng), draw_text(rng)],
        "image": drawn_image(rng, number),
        "human_ranking": [first, 1 - first],
        "models": ["a", "b"],
        "judge": "human",
        "rationale": "",
        "query_source": "x",
        "ground_truth": None,
    }


def preference(rng, number):
    return {
        "question": question(rng),
        "image": drawn_image(rng, number + 1),
        "chosen": draw_text(rng),
        "rejected": draw_text(rng),
    }


def textvqa(rng, number):
    """Ten people's answers, of which some agree."""
    asked, *answers = seed.ASKED[number % len(seed.ASKED)]
    return {
        "image_id": f"i{number}",
        "question_id": 34622 + number,
        "question": asked,
        "image": drawn_image(rng, number, CONVERTED),
        "answers": seed.ten_answers(rng, answers),
    }


def mmmu_standard(rng, number):
    count = [1, 2, 1, 3][number]
    images = {f"image_{i}": drawn_image(rng, number + i) if i <= count else None for i in range(1, 8)}
    return {
        "id": f"test_Art_{number}",
        "question": "Which of " + " and ".join(f"<image {i + 1}>" for i in range(count)) + " is it?",
        "options": "['a', 'b', 'c']",
        "answer": "ABCA"[number],
        "subject": "Art",
        **images,
    }


def mmmu_vision(rng, number):
    return {
        "id": f"test_Art_{number}",
        "image": drawn_image(rng, number),
        "options": "['a', 'b']",
        "answer": "ABBA"[number],
        "subject": "Art",
    }


def write_parquet(folder, rows, features, split):
    """As the hub serves it; pairs in two shards, of several row groups each."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = [rows[:FIRST_SHARD], rows[FIRST_SHARD:]] if len(rows) > FIRST_SHARD else [rows]
    for i, shard in enumerate(shards):
        table = Dataset.from_list(shard, features)
        table.to_parquet(
            folder / f"{split}-{i:05}-of-{len(shards):05}.parquet", batch_size=3 if len(shards) > 1 else 1000
        )


def responses(place, rng, tables):
    folder = place.out / "eval/responses"
    textvqa_rows = []
    for row in tables["textvqa"]:
        given = seed.eight_responses(rng, row["question"], row["answers"])
        textvqa_rows.append(
            {
                "id": row["question_id"],
                "question": row["question"],
                "answers": row["answers"],
                "input": row["question"].capitalize() + "\nAnswer the question using a single word or phrase.",
                "responses": given,
                "correctness": textvqa_correctness(place.checkouts["lmms-eval"], row["answers"], given),
            }
        )
    write_lines(folder / "textvqa_val.jsonl", textvqa_rows)
    write_json(
        folder / "textvqa_captions.json",
        {str(row["question_id"]): f"A caption of {row['question']}" for row in tables["textvqa"]},
    )
    for name, with_question in (("mmmu_pro_standard", True), ("mmmu_pro_vision", False)):
        write_lines(folder / f"{name}_cot.jsonl", [mmmu_responses(rng, row, with_question) for row in tables[name]])


def mmmu_responses(rng, row, with_question):
    question = {"question": row["question"]} if with_question else {}
    return {
        "id": row["id"],
        "subject": row["subject"],
        **question,
        "answer": row["answer"],
        "input": "Answer with the letter.",
        "responses": [draw_text(rng) for _ in range(4)],
        "correctness": [bool(rng.integers(2)) for _ in range(4)],
    }


datasets.disable_progress_bars()
