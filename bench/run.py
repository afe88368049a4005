"""./dev bench [NAME …]: measures vlrm beside its peers. bench/README.md says what each NAME is and what was measured."""

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

BENCHES = ["build", "merge", "score", "score-qwen3-vl", "serve", "eval", "sweep", "generate", "full-scale", "device", "kernels",
           "fuzz"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="default: build and score")
    parser.add_argument("--vlrm", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--shape", default="1b", choices=["1b", "small"], help="of the random checkpoints")
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="where checkpoints and outputs go")
    parser.add_argument("--methods", nargs="+", help="build and merge: only these")
    parser.add_argument("--no-peers", action="store_true", help="measure vlrm and the floor only")
    parser.add_argument("--parsers", nargs="+", help="fuzz: only these, in this order")
    parser.add_argument("--minutes", type=float, default=10, help="of fuzzing for each parser, and of serve's load")
    options = parser.parse_args()
    options.vlrm = options.vlrm.resolve()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    for name in options.names or ["build", "score"]:
        print(f"── {name}", flush=True)
        importlib.import_module("bench_" + name.replace("-", "_")).run(options)


if __name__ == "__main__":
    main()
