"""score MODEL IMAGE PROMPT RESPONSE …: one forward for each response. MODEL is an output of vlrm build, which transformers
loads by the modelling file in it."""

import json
import sys
import time
from pathlib import Path

import torch
from chat import about_image
from PIL import Image
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Qwen2VLImageProcessor


def image_processor(folder):
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    size = settings.pop("size")  # read only under its older names
    settings |= {"min_pixels": size["shortest_edge"], "max_pixels": size["longest_edge"]}
    return Qwen2VLImageProcessor(**{k: v for k, v in settings.items() if not k.endswith(("_type", "_class"))})


def score(model_path, image_path, prompt, *responses):
    model = AutoModelForSequenceClassification.from_pretrained(model_path, trust_remote_code=True, dtype=torch.float32)
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    processor = image_processor(Path(model_path))
    image_token = tokenizer.convert_ids_to_tokens(model.config.image_token_id)
    start = time.monotonic()
    rewards, tokens = [], []
    for response in responses:
        inputs = processor([Image.open(image_path)], return_tensors="pt")
        text = tokenizer.apply_chat_template(about_image(prompt, response), tokenize=False)
        text = text.replace(image_token, image_token * (int(inputs["image_grid_thw"].prod()) // 4))
        inputs.update(tokenizer(text, add_special_tokens=False, return_tensors="pt"))
        tokens.append(inputs["input_ids"].shape[1])
        with torch.no_grad():
            rewards.append(model(**inputs, use_cache=False).logits.item())
    print(json.dumps({"rewards": rewards, "tokens": tokens, "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    score(*sys.argv[2:])
