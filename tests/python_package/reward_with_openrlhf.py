"""Rollouts by OpenRLHF's own executor with AgentExecutor loaded as --train.agent_func_path loads it. Run by
test_openrlhf.py in a Python that has OpenRLHF: ROWS (JSON lines) FILE WORLD; prints reward, scores and extra_logs.

OpenRLHF depends on vLLM, DeepSpeed and flash-attn, which need a GPU. Here its packages' __init__ files are passed over and
vLLM is a mock; utils/agent.py and the loader in trainer/ray/vllm_engine.py are OpenRLHF's own."""

import asyncio
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

from transformers import AutoTokenizer

rows, file, world = sys.argv[1:]
home = Path(importlib.util.find_spec("openrlhf").origin).parent
for name in ("openrlhf", "openrlhf.utils", "openrlhf.trainer", "openrlhf.trainer.ray"):
    sys.modules[name] = package = ModuleType(name)
    package.__path__ = [str(home.parent / name.replace(".", "/"))]
for name in ("vllm", "vllm.inputs", "vllm.utils", "openrlhf.trainer.ray.utils"):
    sys.modules[name] = MagicMock()

from openrlhf.trainer.ray.vllm_engine import _load_agent_executor  # noqa: E402

tokenizer = AutoTokenizer.from_pretrained(f"{world}/base")


class Engine:
    """Of a policy that always answers the same."""

    def __init__(self, response):
        self.ids = tokenizer(response, add_special_tokens=False).input_ids + [tokenizer.eos_token_id]

    async def generate(self, tokens, sampling, multi_modal_data=None):
        return SimpleNamespace(outputs=[SimpleNamespace(token_ids=self.ids, finish_reason="stop", logprobs=None)])


async def main():
    executor = _load_agent_executor(file)
    return [await executor.execute(row["prompt"], row["label"], SimpleNamespace(max_tokens=8, logprobs=None), 512, tokenizer,
                                   Engine(row["response"]), images=row["images"])
            for row in map(json.loads, open(rows))]


print(json.dumps([{key: each[key] for key in ("reward", "scores", "extra_logs")} for each in asyncio.run(main())]))
