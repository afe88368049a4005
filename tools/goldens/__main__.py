"""Makes the reference outputs that the tests compare with: tiny models, and what the pinned peers make of them.

python3 tools/goldens --mergekit ../mergekit --reference ../MergeToVLRM --lmms-eval ../lmms-eval
python3 tools/goldens --only scores --reference ../MergeToVLRM
python3 tools/goldens --list
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import checkouts
import environments
import manifest
from table import PARTS

ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(
        prog="python3 tools/goldens", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "tests/goldens", help="where the set goes; default tests/goldens"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "build/goldens",
        help="what only later parts need: merged models; default build/goldens",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="PART",
        choices=[part.name for part in PARTS],
        help="one part, with what earlier runs left of the others; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="the parts, their environments and what they make")
    for name, checkout in checkouts.CHECKOUTS.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"a checkout of {checkout.repository}")
    return parser.parse_args()


def main():
    options = arguments()
    if options.list:
        for part in PARTS:
            print(f"{part.name:10} {part.environment:13} {part.makes}")
        return
    chosen = [part for part in PARTS if not options.only or part.name in options.only]
    directories = {name: getattr(options, name.replace("-", "_")) for name in checkouts.CHECKOUTS}
    checkouts.require({name for part in chosen for name in part.checkouts}, directories)
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    for part in chosen:
        start = time.monotonic()
        python = environments.python_of(part.environment)
        command = [python, ROOT / "tools/goldens/run_part.py", part.name, options.out.resolve(), options.work.resolve()]
        command += [f"{name}={directory.resolve()}" for name, directory in directories.items() if directory]
        print(f"{part.name}: {part.makes}", file=sys.stderr, flush=True)
        if subprocess.run(command, env=environments.variables()).returncode != 0:
            sys.exit(f"goldens: the part {part.name} failed")
        print(f"{part.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    manifest.write(options.out)


if __name__ == "__main__":
    main()
