"""Cards for people: a picture, its question, both answers with their scores, and which one was chosen."""

import io

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN = 900, 300, 20
PICTURE = HEIGHT - 2 * MARGIN
COLUMNS = 2
CARDS = 8
INK, PALE, GREEN, RED = (28, 30, 36), (120, 124, 134), (24, 132, 64), (190, 44, 44)


def write(pairs, scores, out):
    """Writes samples.png, a sheet of all cards, and one file a card; returns their paths, the sheet's first."""
    step = max(1, len(pairs) // CARDS)
    cards = [card(pairs[i], scores[i]) for i in range(step // 2, len(pairs), step)][:CARDS]
    rows = (len(cards) + COLUMNS - 1) // COLUMNS
    sheet = Image.new("RGB", (WIDTH * COLUMNS, HEIGHT * rows), "white")
    paths = [out / "samples.png"]
    for index, picture in enumerate(cards):
        sheet.paste(picture, (index % COLUMNS * WIDTH, index // COLUMNS * HEIGHT))
        paths.append(out / f"sample-{index + 1}.png")
        picture.save(paths[-1])
    sheet.save(paths[0])
    return paths


def card(pair, scores):
    chosen = int(round(scores[1], 5) > round(scores[0], 5))
    right = pair["human_ranking"][0]
    canvas = Image.new("RGB", (WIDTH, HEIGHT), "white")
    shown = Image.open(io.BytesIO(pair["image"]["bytes"])).convert("RGB")
    canvas.paste(shown.resize((PICTURE, PICTURE), Image.Resampling.LANCZOS), (MARGIN, MARGIN))
    pencil = ImageDraw.Draw(canvas)
    pencil.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=(222, 224, 230))
    left = PICTURE + 2 * MARGIN
    pencil.text((left, MARGIN), pair["query"], fill=INK, font=_font(24))
    for index, response in enumerate(pair["response"]):
        _draw_answer(pencil, left, MARGIN + 62 + index * 78, response, scores[index], index == chosen, index == right)
    verdict, colour = ("chose the right answer", GREEN) if chosen == right else ("chose the wrong answer", RED)
    pencil.text((left, HEIGHT - MARGIN - 22), f"{verdict}  ·  {pair['id']}", fill=colour, font=_font(18))
    return canvas


def _draw_answer(pencil, left, top, response, score, chosen, right):
    if chosen:
        box = (left - 10, top - 8, WIDTH - MARGIN, top + 62)
        pencil.rounded_rectangle(box, 8, fill=(238, 246, 240) if right else (252, 238, 238))
    pencil.text((left, top), _fitted(response, WIDTH - MARGIN - left), fill=INK, font=_font(18))
    mark = ("chosen" if chosen else "") + (", " if chosen and right else "") + ("true" if right else "")
    pencil.text((left, top + 30), f"{score:+.3f}   {mark}", fill=INK if chosen else PALE, font=_font(18))


def _fitted(line, width):
    while _font(18).getlength(line) > width:
        line = line[:-2].rstrip(" …") + "…"
    return line


def _font(size):
    return ImageFont.load_default(size)
