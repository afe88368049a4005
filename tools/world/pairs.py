"""The held-out pairs, in VL-RewardBench's schema.

Pairs come as twins: two pictures that differ in one attribute, with the same question and the same two answers. What
is right for one is wrong for the other, so text alone decides exactly half of them, whatever it prefers.
"""

import io
import random

import numpy
import pyarrow
import pyarrow.parquet
import torch
from PIL import Image

import images
import text

TWINS_A_KIND = 60
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


def make(world, split, seed, twins_a_kind=TWINS_A_KIND):
    """Rows of the schema, twins side by side."""
    generator = random.Random(f"{split} {seed}")
    rows = []
    for kind in text.KINDS:
        for index in range(twins_a_kind):
            exchange = text.ask(world, kind, split, generator)
            order = [0, 1] if generator.random() < 0.5 else [1, 0]
            responses = [(exchange.right, exchange.wrong)[position] for position in order]
            for twin, scene in enumerate((exchange.scene, exchange.other)):
                name = f"{kind}_pair-{2 * index + twin:04d}"
                right = order.index(twin)
                rows.append(_row(name, exchange, responses, right, scene, images.draw(scene, generator)))
    return rows


def write(rows, path):
    table = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
    pyarrow.parquet.write_table(table, path, compression="zstd")


def pixel_values(rows):
    """The pictures of the rows as the vision tower reads them: float32 [rows, 1 image, 1 tile, 3, 56, 56]."""
    pictures = [Image.open(io.BytesIO(row["image"]["bytes"])) for row in rows]
    tiles = numpy.stack([images.tile_bytes(picture) for picture in pictures])
    return torch.from_numpy(images.normalise(tiles))[:, None, None]


def _row(name, exchange, responses, right, scene, picture):
    png = io.BytesIO()
    picture.save(png, format="PNG", optimize=True)
    return {
        "id": name,
        "query": exchange.question,
        "response": responses,
        "image": {"bytes": png.getvalue(), "path": f"{name}.png"},
        "human_ranking": [right, 1 - right],
        "models": ["world", "world"],
        "judge": "world",
        "rationale": "",
        "query_source": exchange.kind,
        "ground_truth": text.describe(scene, text.DESCRIPTIONS[0]),
    }
