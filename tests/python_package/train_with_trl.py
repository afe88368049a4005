"""A few steps of one of TRL's trainers with the little world's VLM as the policy and a VlrmReward: prints what the
trainer logged and what the reward gave. Run by test_trl.py in a Python that has TRL: TRAINER REWARD_MODEL OUTPUT."""

import json
import sys

import datasets
import PIL.Image
import torch
import trl
from transformers import AutoModelForImageTextToText, AutoProcessor
from vlrm.integrations.trl import VlrmReward

trainer_name, reward_model, world, output = sys.argv[1:]
COLOURS = ["red", "green", "blue", "white"]


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
           gradient_checkpointing=False)
reward = Recorded(reward_model, dtype="float32", threads=1)
trainer = getattr(trl, f"{trainer_name}Trainer")(
    model=AutoModelForImageTextToText.from_pretrained(f"{world}/vlm", dtype=torch.float32),
    processing_class=AutoProcessor.from_pretrained(f"{world}/vlm"),
    reward_funcs=reward, args=getattr(trl, f"{trainer_name}Config")(**how),
    train_dataset=datasets.Dataset.from_list([row(colour) for colour in COLOURS] * 2).cast_column("image", datasets.Image()))
trainer.train()
logged = [entry["rewards/vlrm/mean"] for entry in trainer.state.log_history if "rewards/vlrm/mean" in entry]
print(json.dumps({"logged": logged, "calls": Recorded.calls}))
