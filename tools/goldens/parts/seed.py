"""seed/: stand-ins, in the same schemas, for files that the reference published: captions, responses, prompts."""

from parts.answers import textvqa_correctness
from parts.place import write_json, write_lines
from parts.sentences import draw_text

# A question, and answers that people give; the answer metric evens out what differs in spelling.
ASKED = [
    ("what is the brand of this bottle?", "yamada", "Yamada.", "the yamada", "unanswerable"),
    ("what year was it made?", "2012", "in 2012", "2,012", "two thousand twelve"),
    ("how many cups are there?", "two", "2", "a pair", "three"),
    ("what does the sign say?", "don't walk", "dont walk", "Don't walk!", "walk"),
    ("what is the price?", "$4.50", "4.50", "4.5", "four fifty"),
    ("who is the author?", "o'neil", "O'Neil", "oneil", "the o'neil"),
    ("what time is it?", "10:10", "10 10", "ten past ten", "it's 10:10"),
    ('what word comes before "water"?', "sparkling", "sparkling-water", "sparkling/still", "none"),
]
ROWS = 40
CAPTION = """<|image|>Say in a few sentences what this picture shows that helps to answer: {INSTRUCTION}
"""
JUDGE_SYSTEM = """You rate answers to questions about pictures.
"""
JUDGE_USER = """Here are a picture, a question and an answer to it.

Question:

{INSTRUCTION}

Answer:

{ANSWER}

Say first what is right and what is wrong about the answer. Then rate it as a whole:
    Overall: a number from 1 (poor) to 5 (excellent)
"""


def make(place, rng, pairs):
    folder = place.out / "seed"
    write_json(folder / "caption/vl_rewardbench.json", {name: draw_text(rng) for name in pairs})
    write_lines(folder / "best_of_n/textvqa_val.jsonl", [row(place, rng, number) for number in range(ROWS)])
    (folder / "prompts").mkdir(exist_ok=True)
    for name, text in (("caption_user", CAPTION), ("judge_system", JUDGE_SYSTEM), ("judge_user", JUDGE_USER)):
        (folder / f"prompts/{name}.txt").write_text(text)


def row(place, rng, number):
    question, *answers = ASKED[number % len(ASKED)]
    people = ten_answers(rng, answers)
    responses = eight_responses(rng, question, people)
    return {
        "id": 1000 + number,
        "question": question,
        "answers": people,
        "input": question.capitalize() + "\nAnswer the question using a single word or phrase.",
        "responses": responses,
        "correctness": textvqa_correctness(place.checkouts["lmms-eval"], people, responses),
    }


def ten_answers(rng, answers):
    """The first of them is the most frequent."""
    shares = [0.55, 0.2, 0.15, 0.1][: len(answers)]
    return [answers[int(i)] for i in rng.choice(len(answers), 10, p=shares)]


def eight_responses(rng, question, answers):
    """Right ones in several spellings, and wrong ones; some come twice."""
    right = answers[int(rng.integers(10))]
    pool = [
        right,
        right.capitalize() + ".",
        f"The answer is {right}.",
        f"a {right}",
        answers[0],
        answers[-1],
        "unclear",
        question.split()[-1],
    ]
    return [pool[int(i)] for i in rng.choice(len(pool), 8)]
