"""Sentences of our own: what datasets ask and answer, and what tokenizers are trained on."""

SENTENCES = [
    "A red box stands on a table beside two green bottles.",
    "The picture shows three stripes: red, green and blue.",
    "There are four circles, and one of them is larger than the others.",
    "A street at night; the lamps are lit.",
    'The sign says "OPEN" in white letters.',
    "Two people sit on a bench under a tree, reading.",
    "It is a drawing of a house with a round window.",
    "A dog runs after a ball in the park.",
    "**Colours:** mostly blue, with some yellow at the left.",
    "* One cup\n* Two plates\n* No spoon",
    "The number on the door is 27.",
    "I cannot see any text in this image.",
    "A cat sleeps on a grey sofa.",
    "The boat on the lake has a white sail and a small flag.",
    "Nothing in the picture moves; it's a still life.",
    "Das Bild zeigt eine Straße in München.",
    "На картинке изображён мост.",
    "写真には赤い車があります。",
    "A man in a yellow jacket holds an umbrella — it rains. 🌧",
    "The clock shows ten past three.",
    "The left half is darker than the right half.",
    "Behind the fence grow tall sunflowers.",
    "She doesn't look at the camera.",
    "The label reads 1,250 ml at 40 °C.",
]
QUESTIONS = [
    "What is shown in the picture?",
    "How many circles are there?\nAnswer with a number.",
    "Describe the picture in détail 🙂.",
    "What does the sign say?",
    "Which colour is most frequent?",
    "Is anyone looking at the camera?",
    "Tell me more about it.",
    "What?",
]


def draw_text(rng, sentences=2):
    """One to `sentences` of them."""
    count = int(rng.integers(1, sentences + 1))
    return " ".join(SENTENCES[int(i)] for i in rng.choice(len(SENTENCES), count, replace=False))
