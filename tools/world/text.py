"""The language of the world: descriptions, questions, and claims that are true or false in one attribute."""

import dataclasses

import style
from scenes import ATTRIBUTES

CATEGORIES = {
    "general": (*(name for name in ATTRIBUTES if name != "count"), "description"),
    "hallucination": ("absent shape", "absent colour"),  # the question names what may not be there
    "reasoning": ("count", "comparison"),
}
KINDS = tuple(kind for kinds in CATEGORIES.values() for kind in kinds)

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
    "comparison": ("Are there more or fewer than {number} shapes?",),
}
CLAIMS = {
    "count": ("there {verb} {count} {noun}", "the number of shapes is {count}"),
    "size": ("the shapes are {size}", "they are {size}"),
    "colour": ("the shapes are {colour}", "they are {colour}"),
    "shape": ("the shapes are {shapes}", "they are {shapes}"),
    "place": ("the shapes are in the {place} corner", "they are in the {place} corner"),
    "description": tuple(template[0].lower() + template[1:-1] for template in DESCRIPTIONS),
}
CORE = {
    "count": "{count}",
    "size": "{size}",
    "colour": "{colour}",
    "shape": "{shapes}",
    "place": "{place}",
    "description": "{things}, {place}",
}
# Questions about what may not be there: of the attribute asked for, the question, and the claim where it is there.
ABSENT = {
    "size": ("How large are the {named}?", "the {named} are {size}"),
    "colour": ("What colour are the {named}?", "the {named} are {colour}"),
    "shape": ("What shapes are {named}?", "the {named} are {shapes}"),
    "place": ("Where are the {named}?", "the {named} are in the {place} corner"),
}
RELATIONS = ("fewer than", "exactly", "more than")
CHECKS = ("Is the answer {core}?", "Is it true that {clause}?", "Yes or no: {clause}?")
CAPTION_QUESTION = QUESTIONS["description"][0]


@dataclasses.dataclass(frozen=True)
class Claim:
    """What an answer says: a clause, and the words of it that answer the question."""

    clause: str
    core: str


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A question about a scene, the true claim, and one that is true of a neighbouring scene."""

    scene: object
    other: object
    kind: str
    question: str
    true: Claim
    false: Claim

    def turned(self):
        """The same exchange about the neighbouring scene."""
        return Exchange(self.other, self.scene, self.kind, self.question, self.false, self.true)


def describe(scene, template):
    return _fill(template, scene)


def ask(world, kind, split, generator):
    """An exchange of the kind; both of its scenes belong to the split."""
    if kind.startswith("absent"):
        exchange = _ask_absent(world, kind.removeprefix("absent "), split, generator)
    elif kind == "comparison":
        exchange = _ask_comparison(world, split, generator)
    else:
        attribute = kind if kind != "description" else generator.choice(tuple(ATTRIBUTES))
        scene, other = world.draw_pair(attribute, split, generator)
        template = generator.choice(CLAIMS[kind])
        claims = [Claim(_fill(template, each), _fill(CORE[kind], each)) for each in (scene, other)]
        exchange = Exchange(scene, other, kind, generator.choice(QUESTIONS[kind]), *claims)
    return exchange if generator.random() < 0.5 else exchange.turned()


def check(exchange, questions, generator):
    """A question whether a claim is true, and its answer."""
    truth = generator.random() < 0.5
    claim = exchange.true if truth else exchange.false
    question = generator.choice(questions).format(clause=claim.clause, core=claim.core)
    return question, "Yes." if truth else "No."


def corpus(world):
    """Every phrase of the language, for the tokenizer to learn its merges from."""
    for questions in [*QUESTIONS.values(), *([question] for question, _ in ABSENT.values()), CHECKS]:
        for question in questions:
            yield from ("Yes", "No", question, " " + question) * 40
    for scene in world.scenes["train"]:
        yield from (" " + describe(scene, template) for template in DESCRIPTIONS)
        claims = [Claim(_fill(template, scene), _fill(CORE[kind], scene)) for kind in CORE for template in CLAIMS[kind]]
        more = [Claim(f"there are {relation} {scene.count} shapes", relation) for relation in RELATIONS]
        none = [Claim(f"there are no {_plural(scene.shape)} in the picture", f"no {_plural(scene.shape)}")]
        for claim in (*claims, *more, *none):
            yield from (manner.format(claim) for manner in style.ALL)


def _ask_absent(world, attribute, split, generator):
    """The scenes differ in the attribute by which the question names the shapes of the first."""
    scene, other = world.draw_pair(attribute, split, generator)
    named = _plural(scene.shape) if attribute == "shape" else f"{scene.colour} shapes"
    asked = generator.choice([name for name in ABSENT if name != attribute])
    question, claim = (template.replace("{named}", named) for template in ABSENT[asked])
    there = Claim(_fill(claim, scene), _fill(CORE[asked], scene))
    none = Claim(f"there are no {named} in the picture", f"no {named}")
    return Exchange(scene, other, f"absent {attribute}", question, there, none)


def _ask_comparison(world, split, generator):
    counts = ATTRIBUTES["count"]
    while True:
        scene, other = world.draw_pair("count", split, generator)
        number = generator.choice(counts[1:3])
        relations = [_relation(counts.index(each.count), counts.index(number)) for each in (scene, other)]
        claims = [Claim(f"there are {relation} {number} shapes", f"{relation} {number}") for relation in relations]
        if claims[0] != claims[1]:
            question = QUESTIONS["comparison"][0].format(number=number)
            return Exchange(scene, other, "comparison", question, *claims)


def _relation(count, number):
    return RELATIONS[1 + (count > number) - (count < number)]


def _fill(template, scene):
    one = scene.count == "one"
    shapes = _plural(scene.shape)
    return template.format(
        verb="is" if one else "are",
        noun="shape" if one else "shapes",
        things=f"{scene.count} {scene.size} {scene.colour} {scene.shape if one else shapes}",
        shapes=shapes,
        count=scene.count,
        size=scene.size,
        colour=scene.colour,
        place=scene.place,
    )


def _plural(shape):
    return shape + ("es" if shape.endswith("s") else "s")
