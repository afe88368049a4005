"""What transformers writes after a prompt that shows its images as tokens in the text, as the reference's prompts do."""

import io

import torch
import transformers
from evaluations import DATE
from PIL import Image


class Writer:
    def __init__(self, folder):
        kind = transformers.MllamaForConditionalGeneration
        self.model = kind.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
        self.processor = transformers.AutoProcessor.from_pretrained(folder)

    def inputs(self, text, images, system=None):
        messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        prompt = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, date_string=DATE)
        return self.processor(images=images, text=prompt, add_special_tokens=False, return_tensors="pt")

    def greedy(self, inputs, tokens):
        with torch.no_grad():
            out = self.model.generate(**inputs, do_sample=False, temperature=None, top_p=None, max_new_tokens=tokens)
        return self.processor.decode(out[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True)

    def next_token(self, inputs):
        with torch.no_grad():
            return self.model(**inputs).logits[0, -1].double()


def opened(cell):
    return Image.open(io.BytesIO(cell["bytes"]))
