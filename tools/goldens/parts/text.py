"""reference/tokenization.json and chat_templates.json: what tokenizers and transformers make of strings and of
conversations."""

from transformers import AutoProcessor, AutoTokenizer

from parts import frozen_date
from parts.conversations import CONVERSATIONS
from parts.place import write_json
from parts.strings import STRINGS

TOKENIZERS = {"base": "models/base", "models/linear": "vlrm_ties", "rm": "models/rm", "vlm": "models/vlm"}


def make(place):
    frozen_date.freeze(frozen_date.TEMPLATE_DATE)
    place.made(place.out / "vlrm_ties", "vlrm")
    found = {}
    for name, folder in TOKENIZERS.items():
        tokenizer = AutoTokenizer.from_pretrained(place.out / folder)
        found[name] = [tokenized(tokenizer, text) for text in STRINGS]
    write_json(place.reference("tokenization.json"), {"strings": STRINGS, "tokenizers": found}, lines=3)
    rendered = {
        "rm": renderings(AutoTokenizer.from_pretrained(place.models("rm")), "rm"),
        "vlm": renderings(AutoProcessor.from_pretrained(place.models("vlm")), "vlm"),
    }
    write_json(place.reference("chat_templates.json"), rendered, lines=2)


def tokenized(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False)
    return {
        "ids": ids,
        "ids_bos": tokenizer.encode(text),
        "decode": tokenizer.decode(ids),
        "decode_raw": tokenizer.decode(ids, clean_up_tokenization_spaces=False),
        "decode_skip": tokenizer.decode(ids, skip_special_tokens=True),
    }


def renderings(renderer, model):
    found = {}
    for name, (models, messages, tools, variables) in CONVERSATIONS.items():
        if model not in models:
            continue
        if model == "rm":
            variables = {}
        for generate in (False, True):
            options = {"add_generation_prompt": generate, "tokenize": False, **variables}
            if tools:
                options["tools"] = tools
            text = renderer.apply_chat_template(messages, **options)
            found[f"{name}|gen={int(generate)}"] = {
                "add_generation_prompt": generate,
                "kw": variables,
                "messages": messages,
                "text": text,
                "tools": tools,
            }
    return found
