"""The reference's evaluation on transformers: a benchmark's rows one by one, one response a forward.

reference_eval.py MODEL DTYPE pairs DATA.parquet
reference_eval.py MODEL DTYPE best-of-n DATA.parquet RESPONSES.jsonl

Prints the scores of each row, rounded as there, and what the loop cost, loading left out.
"""

import io
import json
import sys
import time

import pyarrow.parquet
import torch
from mllama_reward import MllamaRewardModel
from PIL import Image
from transformers import AutoProcessor


def picture(cell):
    return Image.open(io.BytesIO(cell["bytes"]))


def pairs(data):
    """(image, query, responses) of each row."""
    for row in pyarrow.parquet.read_table(data).to_pylist():
        yield picture(row["image"]), row["query"], row["response"]


def best_of_n(data, responses):
    images = {row["question_id"]: row["image"] for row in pyarrow.parquet.read_table(data).to_pylist()}
    with open(responses) as lines:
        for row in map(json.loads, lines):
            yield picture(images[row["id"]]).convert("RGB"), row["input"], row["responses"]


def scores(model, processor, image, query, responses):
    conversations = [
        [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": query}]},
            {"role": "assistant", "content": [{"type": "text", "text": response}]},
        ]
        for response in responses
    ]
    found = []
    for text in processor.apply_chat_template(conversations, tokenize=False, add_generation_prompt=False):
        inputs = processor(text=text, images=image, add_special_tokens=False, return_tensors="pt")
        found.append(round(model.reward(**inputs), 5))
    return found


def main(model_path, dtype, benchmark, *files):
    model = MllamaRewardModel.from_pretrained(model_path, torch_dtype=getattr(torch, dtype)).eval()
    processor = AutoProcessor.from_pretrained(model_path)
    rows = {"pairs": pairs, "best-of-n": best_of_n}[benchmark](*files)
    wall, cpu = time.monotonic(), time.process_time()
    found = [scores(model, processor, *row) for row in rows]
    cost = {"seconds": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({"scores": found, **cost}))


if __name__ == "__main__":
    main(*sys.argv[1:])
