"""Runs commands and says what they cost: wall time, CPU time, peak resident memory."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Cost:
    wall: float  # seconds
    cpu: float  # seconds, user and system, of the command and its children
    peak: int  # bytes

    def __str__(self):
        return f"{self.wall:8.2f} s wall {self.cpu:8.2f} s CPU {self.peak / 2**20:8.0f} MiB"


def measure(command, memory_limit=None, environment=None, errors=None):
    """Runs `command` to its end. With memory_limit (bytes) the system refuses it more address space or memory than that.
    With errors=subprocess.STDOUT the output holds what it says on standard error too."""
    if memory_limit:
        command = limited(command, memory_limit)
    start = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    if process.returncode:
        sys.exit(f"bench: exit code {process.returncode} from: {' '.join(map(str, command))}\n{output}")
    return cost, output


def limited(command, limit):
    """A limit that the system enforces: on the address space, which is never smaller than the memory used."""
    return ["prlimit", f"--as={limit}", *command]


def floor(inputs, output, work):
    """Seconds that reading every input with cat costs, writing the output with cp, and having that on the disk, as ours
    is. Without an output: reading alone, so that what runs next finds in memory what fits there."""
    files = [str(file) for folder in inputs for file in sorted(Path(folder).glob("*.safetensors"))]
    reading, _ = measure(["sh", "-c", 'cat "$@" > /dev/null', "sh", *files])
    if output is None:
        return reading.wall, 0, 0
    copy = work / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    writing, _ = measure(["cp", "-r", output, copy])
    flushing, _ = measure(["sync", *copy.rglob("*.safetensors")])
    shutil.rmtree(copy)
    return reading.wall, writing.wall, flushing.wall


def mergekit_python():
    """The Python of .venv-mergekit, which ./dev bench merge makes."""
    return ROOT / ".venv-mergekit/bin/python"


def peer_python(name):
    """The Python of bench/.venv-NAME, made from bench/peers/NAME.txt when it is not there yet."""
    folder = ROOT / "bench" / f".venv-{name}"
    python = folder / "bin" / "python"
    requirements = ROOT / "bench" / "peers" / f"{name}.txt"
    stamp = folder / "stamp"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        print(f"making bench/.venv-{name} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        stamp.write_text(requirements.read_text())
    return python


def table(rows, header):
    """Prints aligned columns, the first to the left."""
    lines = [header, *rows]
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(header))]
    for number, line in enumerate(lines):
        cells = [str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells), flush=True)
        if number == 0:
            print("-" * (sum(widths) + 2 * (len(widths) - 1)))
