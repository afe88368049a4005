"""The rows for vlrm search on the little world: docs/search.md.

    python tools/world/search_data.py -o build/search-data

validation.parquet has the 720 pairs that the world's recipes were chosen on, test.parquet 2160 more test pairs (another
seed than world/pairs.parquet), and halves/ the pairs of world/pairs.parquet in two files. Validation rows are shuffled,
as a search looks at the first rows first; twins stay together."""

import argparse
import json
import random
from pathlib import Path

import pairs
import pyarrow.parquet
import scenes

WORLD = Path(__file__).resolve().parents[2] / "world"


def in_twins(rows):
    """Rows that stand side by side with the same question and the same two answers belong together."""
    groups = []
    for row in rows:
        last = groups[-1][-1] if groups else None
        same = last and all(row[key] == last[key] for key in ("query", "response"))
        if same and row["query_source"] != "manner" and len(groups[-1]) == 1:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def shuffled(rows, seed):
    groups = in_twins(rows)
    random.Random(seed).shuffle(groups)
    return groups


def flat(groups):
    return [row for group in groups for row in group]


def halves(rows, seed):
    """Two lists with as many rows of each category and kind of contest."""
    parts = [[], []]
    dealt = {}
    for group in shuffled(rows, seed):
        kind = (group[0]["id"].partition("-")[0], *sorted(row["query_source"] for row in group))
        dealt[kind] = dealt.get(kind, 0) + 1
        parts[dealt[kind] % 2] += group
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    output = parser.parse_args().output
    (output / "halves").mkdir(parents=True, exist_ok=True)
    seed = json.loads((WORLD / "made.json").read_text())["seed"]
    world = scenes.World(seed)
    pairs.write(flat(shuffled(pairs.make(world, "validation", seed), seed)), output / "validation.parquet")
    pairs.write(pairs.make(world, "test", seed + 1, size=2160), output / "test.parquet")
    committed = pyarrow.parquet.read_table(WORLD / "pairs.parquet").to_pylist()
    for name, rows in zip(("validation", "test"), halves(committed, seed)):
        pairs.write(rows, output / "halves" / f"{name}.parquet")


if __name__ == "__main__":
    main()
