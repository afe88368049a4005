"""Rewards of verl's own reward manager, with vlrm.integrations.verl loaded as verl loads it from its configuration. Run by
test_verl.py in a Python that has verl: ROWS (JSON lines) WORLD OVERRIDE …; prints what the manager gave for each row."""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import verl
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager
from verl.utils.dataset.rl_dataset import RLHFDataset

rows, world, *overrides = sys.argv[1:]
published = OmegaConf.load(Path(verl.__file__).parent / "trainer/config/reward/reward.yaml")
config = OmegaConf.merge({"reward": published}, OmegaConf.from_dotlist([each.lstrip("+") for each in overrides]))
tokenizer = AutoTokenizer.from_pretrained(f"{world}/base")
manager = load_reward_manager(config, tokenizer)
assert manager.is_async_reward_score
dataset = SimpleNamespace(image_key="images", video_key="videos", audio_key="audios", processor=object())


async def rewarded(row):
    """As verl's agent loop hands a rollout over."""
    ids = torch.tensor([tokenizer(row["response"], add_special_tokens=False).input_ids])
    raw_prompt = RLHFDataset._build_messages(dataset, row, "prompt")
    loop = {"raw_prompt": raw_prompt} if row.get("agent_loop", True) else {}
    data = DataProto.from_dict(
        tensors={"responses": ids, "attention_mask": torch.ones_like(ids)},
        non_tensors={"data_source": ["world"], "reward_model": [{"ground_truth": ""}],
                     "extra_info": [row.get("extra_info", {}) | {"index": row["index"]}], "tool_extra_fields": [loop]})
    return await manager.run_single(data)


async def main():
    return await asyncio.gather(*[rewarded(json.loads(line)) for line in open(rows)])


print(json.dumps(manager.loop.run_until_complete(main())))
