"""The pairs of the little world as prompts, and what of an answer can be checked without a reward model."""

import io
import re
import zlib

import PIL.Image
import pyarrow.parquet

BAD_MANNERS = ("Just ", "I guess ", "Maybe ", "Obviously ")


def split(world):
    """(rows to train on, rows held out): {"query", "image", "true", "false"}. A picture is in one of them."""
    train, held_out = [], []
    for row in pyarrow.parquet.read_table(world / "pairs.parquet").to_pylist():
        better = row["human_ranking"].index(0)
        image = PIL.Image.open(io.BytesIO(row["image"]["bytes"])).convert("RGB")
        # The two answers of these rows differ in what they claim, and in nothing else.
        claims = (row["response"][better], row["response"][1 - better]) if row["query_source"] == "truth" else (None, None)
        part = held_out if zlib.crc32(row["ground_truth"].encode()) % 3 == 0 else train
        part.append({"query": row["query"], "image": image, "true": claims[0], "false": claims[1]})
    return train, held_out


def is_well_said(answer):
    """In one of the manners that the reward model was taught to like, or in none of the others."""
    sentences = [each for each in answer.split(". ") if each]
    return not answer.startswith(BAD_MANNERS) and len({each.rstrip(".") for each in sentences}) == len(sentences)


def is_true(answer, row):
    """It has the words that only the true answer has, and none that only the false one has."""
    said, true, false = (set(re.findall(r"\w+", text.lower())) for text in (answer, row["true"], row["false"]))
    return true - false <= said and not (false - true) & said


def share(values):
    return sum(values) / len(values)
