"""Several drawn texts about one image by transformers' generate: MODEL IMAGE PROMPT TEXTS TOKENS."""

import json
import sys
import time

import torch
from PIL import Image
from transformers import AutoProcessor, MllamaForConditionalGeneration

folder, image, prompt, texts, tokens = sys.argv[1:]
model = MllamaForConditionalGeneration.from_pretrained(folder, torch_dtype=torch.float32).eval()
processor = AutoProcessor.from_pretrained(folder)
content = [{"type": "image"}, {"type": "text", "text": prompt}]
text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
inputs = processor(images=Image.open(image), text=text, add_special_tokens=False, return_tensors="pt")


def generate(count):
    start = time.perf_counter()
    with torch.no_grad():
        out = model.generate(**inputs, do_sample=True, temperature=1.0, top_p=1.0, top_k=0, num_return_sequences=int(texts),
                             min_new_tokens=count, max_new_tokens=count)
    return time.perf_counter() - start, out[:, inputs["input_ids"].shape[1]:].numel()


first_seconds, _ = generate(1)
seconds, made = generate(int(tokens))
print(json.dumps({"first_seconds": first_seconds, "seconds": seconds, "tokens": made}))
