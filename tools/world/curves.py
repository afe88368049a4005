#!/usr/bin/env python3
"""Draws docs/world.md's curves: python tools/world/curves.py world/made.json -o docs

Right decisions on the validation pairs over the share of the reward model, from made.json, which make.py writes.
"""

import argparse
import json
import pathlib

CURVES = {  # of a method: the title, the axis
    "linear": ("Linear: (1 − λ) VLM + λ RM", "λ (0: the VLM's language; 1: the reward model's)"),
    "task_arithmetic": ("Task Vec.: base + λ (VLM − base) + λ (RM − base)", "λ (0: the base's language)"),
}
SHOWN = ("all", "truth", "manner", "both", "against")
COLOURS = ("#1f6fb2", "#c8502d", "#2f8f4e", "#8a5fb0", "#6b6f76")
WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 30, 62


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("made", type=pathlib.Path, help="made.json of a world")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="the folder of the pictures")
    options = parser.parse_args()
    validation = json.loads(options.made.read_text())["validation"]
    for method, (title, axis) in CURVES.items():
        points = [(float(setting.split("/")[0]), shares) for setting, shares in validation[method].items()]
        lines = {name: [(weight, shares[name]) for weight, shares in points] for name in SHOWN}
        (options.output / f"world-{method}.svg").write_text(chart(title, axis, lines), encoding="utf-8")


def chart(title, axis, lines):
    """An svg of percentages over numbers from 0 on. lines: {name: [(x, share)]}"""
    last = max(x for points in lines.values() for x, _ in points)

    def place(x, share):
        across = LEFT + x / last * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f}", f"{TOP + (1 - share) * (HEIGHT - TOP - BOTTOM):.1f}"

    parts = [_text(WIDTH / 2, 18, title, "middle", 13), _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 32, axis, "middle")]
    for step in range(0, 11, 2):
        _, y = place(0, step / 10)
        parts.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#dcdfe4"/>')
        parts.append(_text(LEFT - 6, float(y) + 4, f"{10 * step} %", "end"))
    for step in range(0, round(10 * last) + 1, 2):
        parts.append(_text(float(place(step / 10, 0)[0]), HEIGHT - BOTTOM + 15, f"{step / 10:g}", "middle"))
    for index, (name, points) in enumerate(lines.items()):
        colour = COLOURS[index]
        path = " ".join(",".join(place(*point)) for point in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x = LEFT + index * (WIDTH - LEFT - RIGHT) / len(lines)
        parts.append(f'<path d="M{x:.0f} {HEIGHT - 16}h14" stroke="{colour}" stroke-width="3"/>')
        parts.append(_text(x + 18, HEIGHT - 12, name, "start"))
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return "\n".join([f'{head} font-family="sans-serif" font-size="11">', ground, *parts, "</svg>\n"])


def _text(x, y, words, anchor, size=11):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="#30343a">{words}</text>'


if __name__ == "__main__":
    main()
