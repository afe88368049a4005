#!/usr/bin/env python3
"""Is vlrm right on this machine's GPU, and how fast? Tests and measures what ./dev test has built, in under ten minutes.

    ./dev check-device --device cuda        (--device fake: a rehearsal without a GPU)

Each step has a time limit, and what it found is written at once, so that a run which is cut off leaves what it had.
Exit status 1: something is wrong (slow is not wrong).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cost_model
import device_programs

ROOT = device_programs.ROOT
# The tests that run models on $VLRM_TEST_DEVICE.
TESTS = ("test_model", "test_model_scores", "test_model_core", "test_reward", "test_generate")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--goldens", type=Path, default=Path(os.environ.get("VLRM_GOLDENS", ROOT / "tests/goldens")))
    parser.add_argument("--steps", nargs="+", choices=[name for name, *_ in STEPS], help="default: all of them")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build/check-device.json")
    options = parser.parse_args()
    check = Check(options)
    for name, limit, work in STEPS:
        if not options.steps or name in options.steps:
            check.step(name, limit, work)
    sys.exit(check.wrong)


class Check:
    def __init__(self, options):
        self.device, self.goldens, self.output = options.device, options.goldens.resolve(), options.output
        self.build = device_programs.Build(options.build.resolve())
        self.found, self.wrong = {}, False

    def step(self, name, limit, work):
        if self.device.startswith("fake"):
            limit *= 4  # the limits are those of a GPU, beside which there are more cores
        begin = time.monotonic()
        try:
            result = work(self, begin + limit)
        except subprocess.TimeoutExpired:
            result = {"error": f"took longer than {limit} s"}
        except Exception as error:  # the other steps still find something
            result = {"error": f"{type(error).__name__}: {error}"}
        result["seconds"] = round(time.monotonic() - begin, 1)
        self.found[name] = result
        self.output.write_text(json.dumps(self.found, indent=1) + "\n")
        bad = result.get("error") or result.get("failed")
        self.wrong = self.wrong or bool(bad)
        said = bad or result.get("summary", "")
        print(f"{'WRONG' if bad else 'done '} {name}, {result['seconds']} s: {said}", flush=True)

    def run(self, command, until, **environment):
        env = {**device_programs.environment(self.build, "cpu"), **environment}
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env, cwd=ROOT,
                              timeout=max(until - time.monotonic(), 0))


def facts(check, until):
    import torch

    found = {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
             "cores": os.cpu_count(), "gpu": None}
    query = "name,driver_version,memory.total,clocks.max.sm,power.limit,pcie.link.gen.max,pcie.link.width.max"
    try:
        found["gpu"] = check.run(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"], until).stdout.strip()
    except FileNotFoundError:
        pass
    return {**found, "summary": found["gpu"] or "no GPU"}


def tests(check, until):
    results, failed = {}, []
    for name in TESTS:
        try:
            done = check.run([check.build.folder / "bin" / name, "--gtest_brief=1"], until,
                             VLRM_TEST_DEVICE=check.device, VLRM_GOLDENS=str(check.goldens))
        except subprocess.TimeoutExpired:
            failed.append(f"{name}: no time was left")
            continue
        lines = done.stdout.splitlines()
        results[name] = next((line for line in reversed(lines) if "tests ran" in line), f"exit {done.returncode}")
        reports = [line.removeprefix("[  FAILED  ] ") for line in lines if line.startswith("[  FAILED  ]")]
        failed += sorted({report.split("(")[0].split(",")[0].strip() for report in reports if "." in report})
        if done.returncode != 0 and not reports:
            failed.append(f"{name}: exit {done.returncode}: {done.stderr[-400:]}")
    return {"results": results, "failed": failed, "summary": f"{len(TESTS)} programs passed"}


def commands(check, until):
    """Every command that runs a model, against the CPU."""
    import device_commands

    def compared(run):
        command, dtype = run
        if time.monotonic() > until:
            return False, "no time was left"
        try:
            comparison = device_commands.compare(inputs, check.device, command, dtype)
        except RuntimeError as error:
            return False, str(error)
        return comparison.agrees, str(comparison)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(os.cpu_count() // 4, 1)) as pool:
        inputs = device_commands.Inputs(check.build, check.goldens, ROOT / "world", Path(folder))
        runs = [(command, dtype) for command in device_commands.COMMANDS for dtype in command.dtypes]
        found = dict(zip((f"{command}, {dtype}" for command, dtype in runs), pool.map(compared, runs)))
    failed = [f"{name}: {text}" for name, (agrees, text) in found.items() if not agrees]
    return {"results": {name: text for name, (_, text) in found.items()}, "failed": failed,
            "summary": f"{len(found)} runs agree with the CPU"}


def kernels(check, until):
    import device_kernels

    found = device_kernels.measured(check.device if check.device.startswith("cuda") else "cpu")
    error = found["attention_error"]
    failed = [] if error < device_kernels.WORST_ATTENTION_ERROR else [f"attention is {error:.3g} off"]
    summary = (f"{found['product_tflops']:.0f} TFLOP/s, a launch {found['launch_us']:.1f} us, attention's first call "
               f"{found['attention_first_call_ms']:.1f} ms and {error:.2g} off")
    return {**found, "failed": failed, "summary": summary}


def scenarios(check, until):
    """Llama-3.2-11B-Vision: measured on the device, beside what the fake device counts and an H200 is computed to take."""
    counted = device_programs.scenarios(check.build, "fake", until - time.monotonic())
    table = {name: {"launches": report["launches"], "waits": sum(report["waits"].values()),
                    "tflop": round(report["gflop"] / 1e3, 2),
                    "computed_h200_ms": round(cost_model.estimate(cost_model.GPUS[0], report).total, 1)}
             for name, report in counted.items()}  # fmt: skip
    if not check.device.startswith("fake"):
        for name, times in device_programs.scenarios(check.build, check.device, until - time.monotonic()).items():
            table[name] |= times
            if times["ms"] > 0:
                table[name]["tflops"] = round(table[name]["tflop"] / times["ms"] * 1e3, 1)
    for name, row in table.items():
        print(f"      {name:50s} " + "  ".join(f"{key} {value}" for key, value in row.items()))
    return {"scenarios": table, "summary": f"{len(table)} scenarios"}


def peer(check, until):
    if not check.device.startswith("cuda"):
        return {"summary": "needs a GPU"}
    program = "import transformers_peer; print(transformers_peer.response_milliseconds())"
    done = check.run([sys.executable, "-c", program], until, PYTHONPATH=str(Path(__file__).parent))
    if done.returncode != 0:
        return {"error": done.stderr[-400:]}
    one = float(done.stdout)
    return {"transformers_ms": {"response": round(one, 1), "pair": round(2 * one, 1), "best of 8": round(8 * one, 1)},
            "summary": f"transformers takes {one:.0f} ms for a response"}


STEPS = [("facts", 10, facts), ("tests", 90, tests), ("commands", 120, commands),
         ("kernels", 40, kernels), ("scenarios", 90, scenarios), ("peer", 60, peer)]

if __name__ == "__main__":
    main()
