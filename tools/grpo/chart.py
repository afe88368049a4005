"""A chart of curves, as SVG that a light and a dark page show."""

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 34, 44
COLOURS = ("#2f6fdb", "#c4622d")
STYLE = ("svg{color:#30343a}.grid{stroke:#dcdfe4}.ground{fill:#fff}text{fill:currentColor}"
         "@media(prefers-color-scheme:dark){svg{color:#d6dae0}.grid{stroke:#3a3f47}.ground{fill:#16191e}}")


def drawn(title, axis, lines, smooth=5):
    """lines: {name: [(x, y)]}. Each is drawn faint as it is, and as the mean of `smooth` values in a row."""
    values = [y for points in lines.values() for _, y in points]
    last = max(x for points in lines.values() for x, _ in points)
    low, high = int(min(values) // 2 * 2), int(-(-max(values) // 2) * 2)

    def place(x, y):
        return (f"{LEFT + (WIDTH - LEFT - RIGHT) * x / last:.1f},"
                f"{TOP + (HEIGHT - TOP - BOTTOM) * (high - y) / (high - low):.1f}")

    def line(points, how):
        return f'<polyline points="{" ".join(place(*point) for point in points)}" fill="none" {how}/>'

    parts = [f"<style>{STYLE}</style>", f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
             _text(WIDTH / 2, 18, title, size=13), _text(WIDTH / 2, HEIGHT - 8, axis)]
    for y in range(low, high + 1, 2):
        (x1, y1), (x2, y2) = (place(x, y).split(",") for x in (0, last))
        parts += [f'<path class="grid" d="M{x1} {y1}H{x2}"/>', _text(LEFT - 6, float(y1) + 4, y, "end")]
    for x in range(0, last + 1, max(last // 5, 1)):
        parts.append(_text(*map(float, place(x, low).split(",")), x, down=16))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number]
        means = [(x, sum(y for _, y in points[max(0, i - smooth + 1) : i + 1]) / min(i + 1, smooth)) for i, (x, _) in enumerate(points)]
        parts += [line(points, f'stroke="{colour}" opacity="0.35"'), line(means, f'stroke="{colour}" stroke-width="2"')]
        y = HEIGHT - BOTTOM - 30 + 15 * number
        parts += [f'<path d="M{WIDTH - 190} {y - 4}h18" stroke="{colour}" stroke-width="2"/>', _text(WIDTH - 166, y, name, "start")]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return "\n".join([f'{head} font-family="sans-serif" font-size="11">', *parts, "</svg>\n"])


def _text(x, y, words, anchor="middle", size=11, down=0):
    return f'<text x="{x:.0f}" y="{y + down:.0f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'
