"""Several drawn texts about one image by transformers' generate: MODEL IMAGE PROMPT TEXTS TOKENS."""

import json
import sys
import time

import torch
from PIL import Image
from transformers import AutoProcessor, MllamaForConditionalGeneration, StoppingCriteria, StoppingCriteriaList

folder, image, prompt, texts, tokens = sys.argv[1:]
model = MllamaForConditionalGeneration.from_pretrained(folder, torch_dtype=torch.float32).eval()
processor = AutoProcessor.from_pretrained(folder)
content = [{"type": "image"}, {"type": "text", "text": prompt}]
text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
inputs = processor(images=Image.open(image), text=text, add_special_tokens=False, return_tensors="pt")


class Clock(StoppingCriteria):
    """Stops nothing; notes when each token was there."""

    def __init__(self):
        self.times = []

    def __call__(self, input_ids, scores, **_):
        self.times.append(time.perf_counter())
        return torch.zeros(len(input_ids), dtype=torch.bool)


clock, start = Clock(), time.perf_counter()
with torch.no_grad():
    out = model.generate(**inputs, do_sample=True, temperature=1.0, top_p=1.0, top_k=0, num_return_sequences=int(texts),
                         min_new_tokens=int(tokens), max_new_tokens=int(tokens), stopping_criteria=StoppingCriteriaList([clock]))
print(json.dumps({"first_seconds": clock.times[0] - start, "seconds": clock.times[-1] - start,
                  "tokens": out[:, inputs["input_ids"].shape[1]:].numel()}))
