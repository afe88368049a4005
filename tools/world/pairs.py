"""The held-out pairs, in VL-RewardBench's schema.

Where truth counts, pairs come as twins: two pictures that differ in one attribute, with the same question and the same
two answers. What is true of one is false of the other, so text alone decides exactly half of them, whatever it prefers.
Pairs of kind manner are two true answers: a picture says nothing of them.
"""

import io
import random

import contests
import images
import numpy
import pyarrow
import pyarrow.parquet
import torch
from PIL import Image

import text

SIZE = 720
PREFIXES = {  # of the ids, by which VL-RewardBench's categories are told apart
    "general": "general-",
    "hallucination": "hallucination_pair-",
    "reasoning": "mathverse-",
}
SCHEMA = pyarrow.schema(
    [
        ("id", pyarrow.string()),
        ("query", pyarrow.string()),
        ("response", pyarrow.list_(pyarrow.string())),
        ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
        ("human_ranking", pyarrow.list_(pyarrow.int64())),
        ("models", pyarrow.list_(pyarrow.string())),
        ("judge", pyarrow.string()),
        ("rationale", pyarrow.string()),
        ("query_source", pyarrow.string()),
        ("ground_truth", pyarrow.string()),
    ]
)


def make(world, split, seed, size=SIZE):
    """size rows of the schema, twins side by side: a third a category, in it a quarter a kind of contest."""
    generator = random.Random(f"{split} {seed}")
    rows = []
    for category, kinds in text.CATEGORIES.items():
        for contest, share in (("truth", 8), ("manner", 4), ("both", 4)):
            for index in range(size // 3 // share):
                exchange = text.ask(world, kinds[index % len(kinds)], split, generator)
                responses = contests.draw(contest, exchange, generator)
                for twin in _twins(contest, exchange):
                    name = f"{PREFIXES[category]}{len(rows):04d}"
                    rows.append(_row(name, *twin, responses, generator))
    return rows


def _twins(contest, exchange):
    """(contest, exchange, place of the better of the responses) for every picture that goes with them."""
    if contest == "manner":
        return [(contest, exchange, 0)]
    return [(contest, exchange, 0), ("against" if contest == "both" else contest, exchange.turned(), 1)]


def write(rows, path):
    table = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
    pyarrow.parquet.write_table(table, path, compression="zstd")


def pixel_values(rows):
    """The pictures of the rows as the vision tower reads them: float32 [rows, 1 image, 1 tile, 3, 56, 56]."""
    pictures = [Image.open(io.BytesIO(row["image"]["bytes"])) for row in rows]
    tiles = numpy.stack([images.tile_bytes(picture) for picture in pictures])
    return torch.from_numpy(images.normalise(tiles))[:, None, None]


def _row(name, contest, exchange, better, responses, generator):
    order = random.Random(f"{exchange.question} {responses}").sample((0, 1), 2)  # twins alike
    right = order.index(better)
    png = io.BytesIO()
    images.draw(exchange.scene, generator).save(png, format="PNG", optimize=True)
    return {
        "id": name,
        "query": exchange.question,
        "response": [responses[position] for position in order],
        "image": {"bytes": png.getvalue(), "path": f"{name}.png"},
        "human_ranking": [right, 1 - right],
        "models": ["world", "world"],
        "judge": "world",
        "rationale": exchange.kind,
        "query_source": contest,
        "ground_truth": text.describe(exchange.scene, text.DESCRIPTIONS[0]),
    }
