"""The little world's VLM as a policy that TRL can train."""

import functools

import torch
from transformers import MllamaForConditionalGeneration, MllamaModel
from transformers.models.mllama.processing_mllama import MllamaProcessor

LONGEST = 28  # tokens of an answer
_LEFT_OUT = ("aspect_ratio_ids", "aspect_ratio_mask", "cross_attention_mask")


class Body(MllamaModel):
    """TRL hands on no inputs that only Mllama has. Here each prompt shows one image of one tile, so they follow from the
    tokens: text sees the image from its token on."""

    @functools.wraps(MllamaModel.forward)
    def forward(self, input_ids=None, pixel_values=None, **how):
        if pixel_values is not None:
            ones = torch.ones(len(input_ids), 1, dtype=torch.long)
            after_image = (input_ids == self.config.image_token_index).cumsum(1) > 0
            how |= {"aspect_ratio_ids": ones, "aspect_ratio_mask": ones[..., None],
                    "cross_attention_mask": after_image.long()[..., None, None]}
        return super().forward(input_ids=input_ids, pixel_values=pixel_values, **how)


class Processor(MllamaProcessor):
    def __call__(self, *args, **how):
        inputs = super().__call__(*args, **how)
        for name in _LEFT_OUT:
            inputs.pop(name, None)
        return inputs


def load(folder):
    """The policy in float32, and its processor."""
    processor = Processor.from_pretrained(folder)
    processor.tokenizer.padding_side = "left"
    return prepare(MllamaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)), processor


def prepare(model):
    """After loading, which renames tensors by the class."""
    model.model.__class__ = Body
    return model


@torch.no_grad()
def answers(policy, processor, rows, seed):
    """An answer to each row's query, drawn at temperature 1."""
    policy.eval()
    torch.manual_seed(seed)
    found = []
    for start in range(0, len(rows), 48):
        part = rows[start : start + 48]
        messages = [[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": row["query"]}]}] for row in part]
        inputs = processor(images=[[row["image"]] for row in part], text=processor.apply_chat_template(messages, add_generation_prompt=True),
                           padding=True, return_tensors="pt", add_special_tokens=False)
        written = policy.generate(**inputs, max_new_tokens=LONGEST, do_sample=True, temperature=1.0, top_k=0, top_p=1.0)
        found += processor.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return [answer.strip() for answer in found]
