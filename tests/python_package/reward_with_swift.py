"""Rewards by ms-swift's own code for GRPO, with the plugin loaded as --external_plugins loads it. Run by test_swift.py in a
Python that has ms-swift: ROWS (JSON lines) PLUGIN; prints the rewards, and where `import trl` is found afterwards."""

import importlib.util
import json
import sys

import torch
from swift.rewards import orms
from swift.rl_core.data import GRPOSample
from swift.rl_core.grpo_algorithm import score_completions
from swift.utils import import_external_file

rows, plugin = sys.argv[1:]
import_external_file(plugin)
samples = [GRPOSample.from_row(json.loads(line)) for line in open(rows)]
rewards = score_completions(samples, reward_funcs=[orms["vlrm"](args=None)], reward_model_plugins=[None], use_gym_env=False,
                            device=torch.device("cpu"))
trl = importlib.util.find_spec("trl")
print(json.dumps({"rewards": rewards[:, 0].tolist(), "trl": trl and trl.origin}))
