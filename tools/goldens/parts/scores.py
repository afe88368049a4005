"""reference/scores.json: rewards in float32, one forward per response, prompts as the reference's code writes them."""

import sys

import torch
from PIL import Image
from transformers import AutoModelForSequenceClassification, AutoProcessor, AutoTokenizer

from parts import frozen_date
from parts.place import write_json
from parts.vlrm import MAPPED

QUERIES = [
    ("rgb_wide.png", "What is shown in the picture, and how many things are there?"),
    ("cmyk.jpg", "Describe."),
    ("palette_trans.png", "Which colour is it?\n"),
    ("rgb_2x2_exact.png", "How many boxes?"),
]
TWO_IMAGES = (["rgb_wide.png", "rgb_small.png"], "Which of them is larger?")
RESPONSES = [
    "There are three stripes and one box.",
    "I cannot see anything.",
    "Two people — one in blue, one in red. 😀",
    "",
]


def make(place):
    torch.set_num_threads(1)
    frozen_date.freeze(frozen_date.TEMPLATE_DATE)
    sys.path.insert(0, str(place.checkouts["reference"] / "src"))
    found = {
        "date": frozen_date.TEMPLATE_DATE,
        "query_items": QUERIES,
        "responses": RESPONSES,
        "rm_text_only": text_rewards(place),
        "vlrm": {},
    }
    images = place.made(place.reference("images"), "images")
    for name in MAPPED:
        found["vlrm"][name] = rewards_with_images(place.made(place.work / "vlseq" / name, "vlrm"), images)
    write_json(place.reference("scores.json"), found, lines=3)


def text_rewards(place):
    from utils.prompt import format_text_only_prompts
    from utils.scoring import text_only_scoring

    folder = place.made(place.models("rm"), "models")
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, torch_dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for _, query in QUERIES:
        prompts = format_text_only_prompts(query, RESPONSES, tokenizer)
        found.append(
            {
                "query": query,
                "prompts": prompts,
                "rounded": text_only_scoring(prompts, model, tokenizer),
                "scores": [reward(model, tokenizer, prompt) for prompt in prompts],
            }
        )
    return found


def reward(model, processor, prompt, **more):
    """Unrounded, which the reference's own functions do not give."""
    inputs = processor(text=prompt, add_special_tokens=False, return_tensors="pt", **more)
    with torch.no_grad():
        return model(**inputs).logits.item()


def rewards_with_images(folder, images):
    from utils.prompt import format_no_image_prompts, format_prompts, format_text_only_prompts
    from VLRM.modeling_mllama_cls import MllamaForSequenceClassification

    model = MllamaForSequenceClassification.from_pretrained(folder, num_labels=1, torch_dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(folder)
    found = []
    for names, query in [*QUERIES, TWO_IMAGES]:
        several = not isinstance(names, str)
        opened = [Image.open(images / name) for name in (names if several else [names])]
        responses = RESPONSES[:2] if several else RESPONSES
        prompts = format_prompts(query, responses, processor, num_images=len(opened))
        item = {
            "image": names,
            "query": query,
            "full_prompts": prompts,
            "full": [reward(model, processor, prompt, images=opened) for prompt in prompts],
        }
        if not several:
            plain = format_no_image_prompts(query, responses, processor)
            text = format_text_only_prompts(query, responses, processor.tokenizer)
            item |= {
                "no_image_prompts": plain,
                "no_image": [reward(model, processor, each, images=None) for each in plain],
                "text_only_prompts": text,
                "text_only_on_vlrm": [reward(model, processor, each, images=None) for each in text],
            }
        found.append(item)
    return found
