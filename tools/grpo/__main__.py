#!/usr/bin/env python3
"""GRPO against a running reward server, on the little world: its VLM learns to answer as the merged reward model likes.

The policy is world/vlm, which was taught to answer truly, in nine manners, all alike. The reward is that of world/vlm and
world/rm merged (`vlrm serve`), which was taught four of the manners to be good. The same is then done with a reward that does
not see the image. Run by ./dev grpo in a Python that has TRL; writes what it measured and the curve."""

import argparse
import contextlib
import json
import pathlib
import re
import subprocess
import threading
import time

import chart
import datasets
import policy
import prompts
import torch
import transformers
import trl
from vlrm.client import Client
from vlrm.integrations.trl import VlrmReward

ROOT = pathlib.Path(__file__).resolve().parents[2]
# By the mode of scoring.
REWARDS = {"sees": None, "does not see": "no-image"}
FIGURES = ("reward", "well said", "true")


def main():
    options = parse_options()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    train, held_out = prompts.split(options.world)
    transformers.logging.set_verbosity_error()
    found = {}
    with server(options) as url:
        for name, mode in REWARDS.items():
            found[name] = run(options, Client(url), mode, train, held_out)
            for when in ("before", "after"):
                print(f"{name}, {when}: " + ", ".join(f"{key} {found[name][when][key]:.3g}" for key in FIGURES), flush=True)
    (options.output / "grpo.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    curve = chart.drawn("GRPO on the little world: mean reward", "step", {"mean of five steps": found["sees"]["curve"]})
    options.chart.write_text(curve, encoding="utf-8")
    print(f"{options.output / 'grpo.json'}, {options.chart}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vlrm", type=pathlib.Path, default=ROOT / "build/release/bin/vlrm", help="the program")
    parser.add_argument("--world", type=pathlib.Path, default=ROOT / "world", help="what tools/world/make.py made")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=ROOT / "build/grpo", help="where figures go")
    parser.add_argument("--chart", type=pathlib.Path, default=ROOT / "build/grpo/grpo.svg", help="the curve; docs/grpo.svg is one")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--beta", type=float, default=0.1, help="GRPO's weight of the distance (KL) from the first policy")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


@contextlib.contextmanager
def server(options):
    """The url of the merged reward model: nothing is written."""
    world, merge = options.world, json.loads((options.world / "made.json").read_text())["recipes"]["task_arithmetic"]
    words = [options.vlrm, "serve", "--vlm", world / "vlm", "--rm", world / "rm", "--base", world / "base", "--method",
             "task_arithmetic", "--weight", merge["weight"], "--dtype", "float32", "--threads", 1, "--port", 0,
             "--disable-log-requests"]
    process = subprocess.Popen([*map(str, words)], stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if address := re.search(r"serving on (http://\S+)", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                yield address[1]
                return
        raise SystemExit(f"vlrm serve ended with {process.wait()}")
    finally:
        process.terminate()
        process.wait()


def run(options, client, mode, train, held_out):
    """One training: figures on the held-out pictures before and after it, and the mean reward of each step."""
    model, processor = policy.load(options.world / "vlm")
    result = {"before": figures(client, model, processor, held_out, options.seed)}
    rows = [{"prompt": [{"role": "user", "content": row["query"]}], "image": row["image"]} for row in train]
    how = trl.GRPOConfig(
        output_dir=str(options.output / "trainer"), seed=options.seed, max_steps=options.steps, learning_rate=1e-4,
        lr_scheduler_type="constant", per_device_train_batch_size=128, num_generations=8, temperature=1.0, beta=options.beta,
        max_completion_length=policy.LONGEST, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True, bf16=False,
        gradient_checkpointing=False, disable_tqdm=True)
    trainer = trl.GRPOTrainer(
        model=model, processing_class=processor, reward_funcs=VlrmReward(client, mode=mode), args=how,
        train_dataset=datasets.Dataset.from_list(rows).cast_column("image", datasets.Image()))
    if trainer.ref_model is not None:
        policy.prepare(trainer.ref_model)
    trainer.remove_callback(transformers.PrinterCallback)
    started = time.monotonic()
    trainer.train()
    result["seconds"] = round(time.monotonic() - started)
    result["after"] = figures(client, model, processor, held_out, options.seed)
    result["curve"] = [(entry["step"], entry["rewards/vlrm/mean"]) for entry in trainer.state.log_history
                       if "rewards/vlrm/mean" in entry]
    return result


def figures(client, model, processor, rows, seed):
    """Of three answers to each held-out query. The reward is that which sees, whichever was trained with."""
    rows = rows * 3
    answers = policy.answers(model, processor, rows, seed)
    conversations = [[{"role": "user", "content": row["query"]}, {"role": "assistant", "content": answer}]
                     for row, answer in zip(rows, answers)]
    return {
        "reward": prompts.share(client.score_conversations(conversations, [row["image"] for row in rows])),
        "well said": prompts.share([prompts.is_well_said(answer) for answer in answers]),
        "true": prompts.share([prompts.is_true(answer, row) for answer, row in zip(answers, rows) if row["true"]]),
        "answers": [[row["query"], row["true"], answer] for row, answer in zip(rows, answers) if row["true"]][:24],
    }


if __name__ == "__main__":
    main()
