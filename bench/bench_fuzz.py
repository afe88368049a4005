"""Mutated inputs for every parser, under AddressSanitizer and UndefinedBehaviorSanitizer, coverage-guided by libFuzzer."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measure import ROOT

GOLDENS = Path(os.environ.get("VLRM_GOLDENS", ROOT.parent / "shared/goldens"))
LARGEST = 1 << 16  # bytes of an input: small ones mutate faster


def seeds(parser):
    """Files to start from: real ones, where there are any."""
    world, models = ROOT / "world", GOLDENS / "models"
    if parser == "checkpoint":
        tensor = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        yield len(tensor).to_bytes(8, "little") + tensor + bytes(8)
        yield b'{"metadata":{},"weight_map":{"a":"model.safetensors"}}\0' + len(tensor).to_bytes(8, "little") + tensor + bytes(8)
    patterns = {
        "config": [(world, "**/*config.json"), (models, "*/config.json"), (models, "*/preprocessor_config.json")],
        "image": [(GOLDENS / "reference/images", "*")],
        "recipe": [(GOLDENS / "reference/configs", "*.yaml")],
        "template": [(ROOT / "tests/files/templates", "*.jinja")],
        "tokenizer": [(world, "**/tokenizer.json")],
    }
    for folder, pattern in patterns.get(parser, []):
        for file in folder.glob(pattern):
            if file.is_file() and file.stat().st_size <= LARGEST:
                yield file.read_bytes()
    if parser == "sample":
        yield b'{"id": 1, "images": ["a.png"], "prompt": "What?", "responses": ["x", "y"]}'
        yield b'{"id": 1, "messages": [{"role": "user", "content": [{"type": "image", "image": "a"}]}], "responses": ["b"]}'


def fuzz(program, options):
    parser = program.name.removeprefix("fuzz_")
    corpus = options.work / "fuzz" / parser
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(parser)):
        (corpus / f"seed-{number}").write_bytes(data)
    seconds = int(options.minutes * 60)
    command = [program, corpus, f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-timeout=20", "-rss_limit_mb=4096",
               f"-artifact_prefix={corpus.parent}/{parser}-", "-print_final_stats=1", "-seed=1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    (corpus.parent / f"{parser}.log").write_text(done.stdout)
    runs = [line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line]
    print(f"{parser:12} {'no crash' if done.returncode == 0 else 'CRASH, see ' + str(corpus.parent)} in {seconds} s, "
          f"{runs[0] if runs else '?'} inputs", flush=True)
    return done.returncode


def run(options):
    subprocess.run([ROOT / "dev", "build", "fuzz"], check=True)
    programs = sorted((ROOT / "build/fuzz/bin").glob("fuzz_*"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if any(pool.map(lambda program: fuzz(program, options), programs)):
            sys.exit(1)
