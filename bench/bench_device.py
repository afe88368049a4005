"""What a GPU would take for Llama-3.2-11B-Vision, computed from what the fake device counts. Nothing is measured."""

import sys

from measure import ROOT, table

sys.path.insert(0, str(ROOT / "tools/device_check"))

import cost_model  # noqa: E402
import device_programs  # noqa: E402

TARGETS = {  # milliseconds on an H200
    "8 pairs": 500,
    "8 pairs, images kept": 160,
    "a drawn step of 8 x 8 texts": 10,
    "load": 600,
}


def run(options):
    reports = device_programs.scenarios(device_programs.Build(options.vlrm.parents[1]), "fake")
    rows = []
    for name, report in reports.items():
        costs = [cost_model.estimate(gpu, report) for gpu in cost_model.GPUS]
        first = costs[0]
        target = f"{TARGETS[name]}" if name in TARGETS else ""
        rows.append((name, report["launches"], sum(report["waits"].values()), f"{report['gflop'] / 1e3:.2f}",
                     f"{report['to_device']['bytes'] / 1e9:.2f}", f"{report['peak_memory'] / 1e9:.1f}",
                     f"{first.device:.1f}", f"{first.host:.1f}", f"{first.bus:.1f}",
                     *(f"{cost.total:.0f}" if cost.total >= 100 else f"{cost.total:.1f}" for cost in costs),
                     target))  # fmt: skip
    print("computed by the cost model of tools/device_check/cost_model.py with the constants of gpus.json; not measured")
    first = cost_model.GPUS[0].name
    table(rows, ("milliseconds", "launches", "waits", "TFLOP", "GB in", "GB peak", f"{first} kernels", "host", "bus",
                 *(gpu.name for gpu in cost_model.GPUS), f"{first} to be"))  # fmt: skip
