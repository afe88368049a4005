#!/usr/bin/env python3
"""Does Llama-3.2-11B-Vision ask a device for more than the committed ceilings allow? Compares what the fake device
counts with tests/fake_device/ceilings.json.

    device_ceilings.py [--build build/release]           compares
    device_ceilings.py [--build build/release] --write   makes today's counts the ceilings
"""

import argparse
import json
import sys
from pathlib import Path

import device_programs

CEILINGS = device_programs.ROOT / "tests/fake_device/ceilings.json"
HOW_TO_CHANGE = f"tools/device_check/{Path(__file__).name} --write"


def counts(reports):
    """What has a ceiling, by scenario."""
    found = {}
    for scenario, report in reports.items():
        found[scenario] = {"launches": report["launches"], "waits": sum(report["waits"].values())}
        if "streamed" not in scenario:  # there a layer is read while another works, and the peak depends on chance
            found[scenario]["peak_memory_mib"] = -(-report["peak_memory"] >> 20)
    return found


def read():
    return json.loads(CEILINGS.read_text())


def changes(ceilings, found):
    """What rose above its ceiling, and what fell below it: two lists of sentences."""
    rose, fell = [], []
    for scenario in sorted(ceilings.keys() | found.keys()):
        if scenario not in ceilings or scenario not in found:
            rose.append(f"{scenario}: " + ("has no ceiling" if scenario in found else "was not run"))
            continue
        for name, count in found[scenario].items():
            ceiling = ceilings[scenario][name]
            if count != ceiling:
                (rose if count > ceiling else fell).append(
                    f"{scenario}: {name} {'rose' if count > ceiling else 'fell'} from {ceiling} to {count}")
    return rose, fell


def write(found):
    rows = (f" {json.dumps(scenario)}: {json.dumps(count)}" for scenario, count in found.items())
    CEILINGS.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build/release"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = counts(device_programs.scenarios(device_programs.Build(options.build), "fake"))
    rose, fell = changes(read() if CEILINGS.exists() else {}, found)
    print(*rose, *fell, sep="\n")
    if options.write:
        write(found)
    else:
        sys.exit(bool(rose))


if __name__ == "__main__":
    main()
