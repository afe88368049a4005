"""Merges the little world's models at several weights and evaluates them: python examples/evaluate.py WORLD OUTPUT"""

import sys
from pathlib import Path

import vlrm

WEIGHTS = (0.2, 0.5, 0.8)  # of the reward model
COLUMNS = {"prompt": "query", "responses": "response", "ranking": "human_ranking", "group": "query_source"}


def main(world, output):
    for weight in WEIGHTS:
        vlrm.evaluate("pairs", vlm=world / "vlm", rm=world / "rm", data=world / "pairs.parquet", columns=COLUMNS,
                      name="Little world", method="linear", weight_rm=weight, label=f"linear, {weight}", output=output / str(weight))
    for row in vlrm.results(output, flat=True):  # or pandas.DataFrame(vlrm.results(output, flat=True))
        print(f"{row['label']:<12} {row['Overall']:5.1f} % of {row['rows']} pairs")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: evaluate.py WORLD OUTPUT")
    main(*map(Path, sys.argv[1:]))
