"""The language of the world: descriptions, questions, and answers that are right or wrong in one attribute."""

import dataclasses

from scenes import ATTRIBUTES

KINDS = (*ATTRIBUTES, "description")

DESCRIPTIONS = (
    "There {verb} {things} in the {place} corner.",
    "The picture shows {things} in the {place} corner.",
    "In the {place} corner, there {verb} {things}.",
)
QUESTIONS = {
    "count": ("How many shapes are there?", "How many shapes can you count?"),
    "size": ("How large are the shapes?", "Are the shapes small or large?"),
    "colour": ("What colour are the shapes?", "Which colour do the shapes have?"),
    "shape": ("What shapes are shown?", "Which shapes can you see?"),
    "place": ("Where are the shapes?", "In which corner are the shapes?"),
    "description": ("Describe the picture.", "What does the picture show?"),
}
ANSWERS = {
    "count": ("I can count {count}.", "The number of shapes is {count}."),
    "size": ("The shapes are {size}.", "They are {size}."),
    "colour": ("The shapes are {colour}.", "They are {colour}."),
    "shape": ("The shapes are {shapes}.", "I can see {shapes}."),
    "place": ("The shapes are in the {place} corner.", "They are in the {place} corner."),
    "description": DESCRIPTIONS,
}
CAPTION_QUESTION = QUESTIONS["description"][0]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A question about a scene, its right answer, and one that is right for a neighbouring scene."""

    scene: object
    other: object
    kind: str
    question: str
    right: str
    wrong: str


def describe(scene, template):
    shapes = _plural(scene.shape) if scene.count != "one" else scene.shape
    things = f"{scene.count} {scene.size} {scene.colour} {shapes}"
    return template.format(verb="is" if scene.count == "one" else "are", things=things, place=scene.place)


def ask(world, kind, split, generator):
    """An exchange of the kind; both of its scenes belong to the split."""
    attribute = kind if kind != "description" else generator.choice(tuple(ATTRIBUTES))
    scene, other = world.draw_pair(attribute, split, generator)
    template = generator.choice(ANSWERS[kind])
    right, wrong = answer(scene, kind, template), answer(other, kind, template)
    return Exchange(scene, other, kind, generator.choice(QUESTIONS[kind]), right, wrong)


def answer(scene, kind, template):
    if kind == "description":
        return describe(scene, template)
    return template.format(
        count=scene.count, size=scene.size, colour=scene.colour, shapes=_plural(scene.shape), place=scene.place
    )


def corpus(world):
    """Every phrase of the language, for the tokenizer to learn its merges from."""
    for questions in QUESTIONS.values():
        for question in questions:
            yield from ("Yes", "No", question, " " + question) * 40
    for scene in world.scenes["train"]:
        for kind, templates in ANSWERS.items():
            yield from (answer(scene, kind, template) for template in templates)


def _plural(shape):
    return shape + ("es" if shape.endswith("s") else "s")
