"""The programs that a device is checked with: vlrm, and what the build made of tests/fake_device."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Build:
    folder: Path

    @property
    def vlrm(self):
        return self.folder / "bin/vlrm"

    @property
    def scenarios(self):
        return self.folder / "bin/device_scenarios"

    @property
    def fake_device(self):
        return self.folder / "lib/libfake_device.so"


def environment(build, device, **settings):
    """Of a program that uses the device. `settings` are those of the fake device, without FAKE_DEVICE_ before them."""
    made = {**os.environ, "OMP_WAIT_POLICY": "passive"}  # libtorch is preloaded before the program can say so itself
    if device.startswith("fake"):
        made |= {"LD_PRELOAD": str(build.fake_device.resolve())}
        made |= {f"FAKE_DEVICE_{name.upper()}": str(value) for name, value in settings.items()}
    return made


def scenarios(build, device, timeout=None):
    """What each scenario of Llama-3.2-11B-Vision took: counts of the fake device, or milliseconds."""
    command = [build.scenarios, device]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment(build, "cpu"))
    if done.returncode != 0:
        raise RuntimeError(f"{build.scenarios}: exit {done.returncode}: {done.stderr.strip()[-1500:]}")
    lines = map(json.loads, done.stdout.splitlines())
    return {line.pop("scenario"): line.get("report", line) for line in lines}


def operations():
    """Those that vlrm uses on a device, as committed."""
    return (ROOT / "tests/fake_device/operations.txt").read_text().splitlines()
