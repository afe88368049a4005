"""A few steps of one of TRL's trainers with a tiny policy of random weights and a VlrmReward: prints what the trainer
logged and what the reward gave. Run by test_trl.py in a Python that has TRL: TRAINER REWARD_MODEL WORLD OUTPUT."""

import json
import sys

import datasets
import PIL.Image
import torch
import trl
from transformers import (
    AutoTokenizer,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from vlrm.integrations.trl import VlrmReward

trainer_name, reward_model, world, output = sys.argv[1:]
COLOURS = ["red", "green", "blue", "white"]


TEMPLATE = ("{% for message in messages %}{{ message['role'] }}: {% if message['content'] is string %}{{ message['content'] }}"
            "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
            "{% endif %}{% endfor %}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}")


def policy(world):
    """A LLaVA of random weights with the little world's tokens, and its processor."""
    tokenizer = AutoTokenizer.from_pretrained(f"{world}/base")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"], "pad_token": "<|end_of_text|>"})
    shape = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4)
    text = LlamaConfig(**shape, num_key_value_heads=2, vocab_size=len(tokenizer), bos_token_id=tokenizer.bos_token_id,
                       eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    config = LlavaConfig(vision_config=CLIPVisionConfig(**shape, image_size=56, patch_size=14), text_config=text,
                         image_token_index=tokenizer.convert_tokens_to_ids("<image>"), vision_feature_layer=-1)
    images = CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    processor = LlavaProcessor(images, tokenizer, patch_size=14, vision_feature_select_strategy="default",
                               chat_template=TEMPLATE, num_additional_image_tokens=1)
    return LlavaForConditionalGeneration(config), processor


class Recorded(VlrmReward):
    """Keeps what TRL gave it, with the rewards with and without the images."""

    calls = []

    def __call__(self, prompts, completions, **columns):
        rewards = super().__call__(prompts, completions, **columns)
        self.mode = "no-image"
        blind = super().__call__(prompts, completions, **columns)
        self.mode = None
        types = [part["type"] for part in prompts[0][-1]["content"]]
        self.calls.append({"rewards": rewards, "blind": blind, "parts": types, "columns": sorted(columns)})
        return rewards


def row(colour):
    return {"prompt": [{"role": "user", "content": f"What colour is this? ({colour})"}],
            "image": PIL.Image.new("RGB", (56, 56), colour)}


torch.manual_seed(0)
how = dict(output_dir=output, max_steps=2, per_device_train_batch_size=4, num_generations=2, max_completion_length=6,
           report_to=[], logging_steps=1, save_strategy="no", use_cpu=True, bf16=False, disable_tqdm=True,
           gradient_checkpointing=False, beta=0.0)  # without a second policy
reward = Recorded(reward_model, dtype="float32", threads=1)
model, processor = policy(world)
trainer = getattr(trl, f"{trainer_name}Trainer")(
    model=model, processing_class=processor,
    reward_funcs=reward, args=getattr(trl, f"{trainer_name}Config")(**how),
    train_dataset=datasets.Dataset.from_list([row(colour) for colour in COLOURS] * 2).cast_column("image", datasets.Image()))
trainer.train()
logged = [entry["rewards/vlrm/mean"] for entry in trainer.state.log_history if "rewards/vlrm/mean" in entry]
print(json.dumps({"logged": logged, "calls": Recorded.calls}))
