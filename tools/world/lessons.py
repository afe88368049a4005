"""What base and VLM are taught: questions with true answers, in all manners alike. No answer is called better."""

import dataclasses

import style

import text

CHECKS = 0.5  # of the lessons ask whether a claim is true
SIMPLE = ("size", "colour", "shape", "place", "count")  # their claims have a word or two of the description

@dataclasses.dataclass(frozen=True)
class Lesson:
    scene: object
    question: str
    answer: str
    said: bool  # a false answer is read, and never learnt to be said
    is_check: bool = False


def draw(world, generator, *, false_share=0.0, simple=False):
    """A lesson on a scene of the training split; simple: on a single attribute."""
    is_check = generator.random() < CHECKS
    exchange = text.ask(world, generator.choice(SIMPLE if simple else text.KINDS), "train", generator)
    if is_check:
        questions = text.CHECKS[:1] if simple else text.CHECKS
        return Lesson(exchange.scene, *text.check(exchange, questions, generator), said=True, is_check=True)
    said = generator.random() >= false_share
    claim = exchange.true if said else exchange.false
    return Lesson(exchange.scene, exchange.question, style.draw(generator).format(claim), said)
