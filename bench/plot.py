"""Draws the figures of bench/README.md's table of merges as bench/merge.svg: python bench/plot.py."""

import math
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLOURS = {"vlrm": "#2f7ed8", "mergekit": "#b8860b"}  # these show on light and on dark
LEFT, WIDTH, BAR, GAP, TOP = 130, 560, 11, 12, 34
LEAST = 0.5  # seconds, where the logarithmic axis begins


def merges():
    """(method, our seconds, mergekit's) of the table whose header says "mergekit wall s"."""
    lines = iter((HERE / "README.md").read_text().splitlines())
    header = next(line for line in lines if line.startswith("|") and "mergekit wall s" in line)
    columns = cells(header)
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        row = dict(zip(columns, cells(line)))
        rows.append((row["method"], float(row["vlrm wall s"]), float(row["mergekit wall s"])))
    return rows


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def svg(rows):
    """Two bars a method, on a logarithmic axis of seconds."""
    largest = max(max(row[1:]) for row in rows)
    decades = [10.0**power for power in range(0, math.ceil(math.log10(largest)) + 1)]

    def place(seconds):
        return LEFT + WIDTH * math.log(seconds / LEAST) / math.log(decades[-1] / LEAST)

    height = TOP + len(rows) * (2 * BAR + GAP) + 24
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{height}" '
             'font-family="sans-serif" font-size="11" fill="#888">',
             "<title>Seconds that a merge of 1 B Llamas takes, logarithmic</title>"]
    for number, (name, colour) in enumerate(COLOURS.items()):
        parts.append(f'<rect x="{LEFT + 110 * number}" y="8" width="10" height="10" fill="{colour}"/>'
                     f'<text x="{LEFT + 110 * number + 15}" y="17">{name}, s</text>')
    for decade in decades:
        parts.append(f'<path d="M{place(decade):.1f} {TOP - 6}V{height - 20}" stroke="#888" stroke-opacity="0.4"/>'
                     f'<text x="{place(decade):.1f}" y="{height - 6}" text-anchor="middle">{decade:g}</text>')
    for number, (method, *seconds) in enumerate(rows):
        y = TOP + number * (2 * BAR + GAP)
        parts.append(f'<text x="{LEFT - 8}" y="{y + BAR + 4}" text-anchor="end">{escape(method)}</text>')
        for each, colour in zip(seconds, COLOURS.values()):
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{place(each) - LEFT:.1f}" height="{BAR}" fill="{colour}"/>'
                         f'<text x="{place(each) + 4:.1f}" y="{y + BAR - 2}">{each:g}</text>')
            y += BAR
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    (HERE / "merge.svg").write_text(svg(merges()))
