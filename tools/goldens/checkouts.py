"""The peers that are used as checkouts, at pinned commits."""

import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Checkout:
    repository: str
    commit: str
    file: str  # one that a checkout has


CHECKOUTS = {
    "mergekit": Checkout("arcee-ai/mergekit", "6b8e1f017fcc82449947864b9da3f261cbd4d1db", "mergekit/merge.py"),
    "reference": Checkout("lca0503/MergeToVLRM", "c3ba935a7c5afa0a581a6dc3fe0fcca759603d0a", "src/get_scores.py"),
    "lmms-eval": Checkout(
        "EvolvingLMMs-Lab/lmms-eval", "75571cfe0fa36ca5ec2e6aa2bb268f9d38295af3", "lmms_eval/tasks/textvqa/utils.py"
    ),
    "multimodal-rewardbench": Checkout(
        "facebookresearch/multimodal_rewardbench", "b4b92cdac0df81b2a134bcb1b91411d67b55f80f", "scripts/2_get_accuracy.py"
    ),
    "mm-rlhf": Checkout(
        "Kwai-YuanQi/MM-RLHF",
        "7c8af1d2cacc252e4310881d2af4f90eacf2a5f0",
        "llava/eval/cal_performance_mmreweard_bench.py",
    ),
    "reward-bench": Checkout(
        "allenai/reward-bench", "05a9005efb607249822c193590c8ecab87c77052", "rewardbench/utils.py"
    ),
    "r1-reward": Checkout(
        "yfzhang114/r1_reward", "3693413abedd4a1efaa9484143acfaa5d78a8d2b", "inference/VL-Reward-Bench/get_acc.py"
    ),
    "vl-rewardbench": Checkout("vl-rewardbench/VL_RewardBench", "9b10abdc91678bc5fb2bd7eea4d73d3af484db9f", "cal.py"),
    "vl-rewardbench-2024": Checkout(
        "vl-rewardbench/VL_RewardBench", "f34babc260a3b103b66463d19b22e0f95f1ee1ac", "cal.py"
    ),
}


def require(names, directories):
    """Ends the program, with the commands that get them, where a checkout that is needed is missing or another."""
    for name in sorted(names):
        checkout, directory = CHECKOUTS[name], directories[name]
        if directory is None or not (directory / checkout.file).exists():
            where = f"{directory} has no {checkout.file}" if directory else f"--{name} DIR is missing"
            url = f"https://github.com/{checkout.repository}.git"
            sys.exit(
                f"goldens: {where}: give it a checkout of {checkout.repository}:\n"
                f"  git clone {url} {name} && git -C {name} checkout {checkout.commit}"
            )
        commit = commit_of(directory)
        if commit and commit != checkout.commit:
            sys.exit(f"goldens: --{name} {directory} is at {commit}:\n  git -C {directory} checkout {checkout.commit}")


def commit_of(directory):
    """None where the directory is not a git work tree of its own, as an unpacked archive is not."""
    if not (directory / ".git").exists():
        return None
    done = subprocess.run(["git", "-C", directory, "rev-parse", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or None
