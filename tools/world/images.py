"""Pictures of scenes: flat shapes on a pale ground, drawn large and smoothed by shrinking."""

import math

import numpy
from PIL import Image, ImageDraw

SIDE = 112  # of the picture in pixels; the processor halves it to one tile
TILE = 56
CELLS = 4  # a picture is 4 × 4 cells, a corner of it 2 × 2: room for four copies
OVERSAMPLING = 4
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)

COLOURS = {
    "red": (214, 40, 40),
    "green": (46, 150, 60),
    "blue": (38, 84, 212),
    "yellow": (240, 196, 20),
    "purple": (146, 48, 178),
    "black": (32, 32, 36),
}
RADII = {"small": 0.27, "large": 0.46}  # of a cell


def draw(scene, generator):
    """An RGB picture of the scene; the generator decides what the words leave open."""
    cell = SIDE * OVERSAMPLING / CELLS
    ground = tuple(generator.randint(222, 255) for _ in range(3))
    ink = tuple(min(255, max(0, value + generator.randint(-14, 14))) for value in COLOURS[scene.colour])
    canvas = Image.new("RGB", (SIDE * OVERSAMPLING,) * 2, ground)
    pencil = ImageDraw.Draw(canvas)
    top = 0 if "upper" in scene.place else 2
    left = 0 if "left" in scene.place else 2
    count = ("one", "two", "three", "four").index(scene.count) + 1
    for corner in generator.sample(range(4), count):
        x = (left + corner % 2 + 0.5 + generator.uniform(-0.04, 0.04)) * cell
        y = (top + corner // 2 + 0.5 + generator.uniform(-0.04, 0.04)) * cell
        radius = RADII[scene.size] * cell * generator.uniform(0.94, 1.0)
        _draw_shape(pencil, scene.shape, x, y, radius, ink, ground)
    return canvas.resize((SIDE, SIDE), Image.Resampling.BOX)


def _draw_shape(pencil, shape, x, y, radius, ink, ground):
    def disc(r, fill):
        pencil.ellipse((x - r, y - r, x + r, y + r), fill=fill)

    def polygon(*points):
        pencil.polygon([(x + dx * radius, y + dy * radius) for dx, dy in points], fill=ink)

    if shape == "circle":
        disc(radius, ink)
    elif shape == "ring":
        disc(radius, ink)
        disc(radius * 0.55, ground)
    elif shape == "square":
        polygon((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
    elif shape == "diamond":
        polygon((0, -1), (0.75, 0), (0, 1), (-0.75, 0))
    elif shape == "triangle":
        polygon((0, -1), (math.cos(math.pi / 6) + 0.1, 0.8), (-math.cos(math.pi / 6) - 0.1, 0.8))
    elif shape == "cross":
        polygon((-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1))
        polygon((-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3))
    else:
        raise ValueError(f"no such shape: {shape}")


def tile_bytes(image):
    """The one tile the processor makes of a square picture: uint8 [3, 56, 56], before it is normalised."""
    small = image.resize((TILE, TILE), Image.Resampling.BILINEAR)
    return numpy.asarray(small, dtype=numpy.uint8).transpose(2, 0, 1)


def normalise(tiles):
    """uint8 [..., 3, 56, 56] to what the vision tower reads, float32."""
    mean = numpy.asarray(MEAN, dtype=numpy.float32).reshape(3, 1, 1)
    deviation = numpy.asarray(DEVIATION, dtype=numpy.float32).reshape(3, 1, 1)
    return (tiles.astype(numpy.float32) / 255 - mean) / deviation
