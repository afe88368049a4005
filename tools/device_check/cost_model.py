"""How long a GPU would take for what the fake device counted. An estimate: nothing here is measured.

A product of matrices goes over the multiprocessors in waves of tiles, the last wave as long as the others, and is no
faster than memory. Attention runs at a share of the products' rate; every row counts as if it saw the longest run of
its call, which is too much for causal attention. All else is bound by memory. The host launches ahead of the device,
so that the longer of the two counts; what goes over the bus, and each wait, comes on top.
"""

import json
from dataclasses import dataclass
from math import ceil
from pathlib import Path

CONSTANTS = json.loads(Path(__file__).with_name("gpus.json").read_text())
HOST = CONSTANTS["host"]
TILES = (128, 256, 1), (256, 128, 1), (128, 128, 0.85), (64, 128, 0.6)  # rows, columns, efficiency


@dataclass(frozen=True)
class Gpu:
    name: str
    half_tflops: float
    memory_tb_s: float
    processors: int
    attention_share: float  # of half_tflops
    pinned_gb_s: float  # over the bus, from memory that is pinned
    unpinned_gb_s: float


GPUS = [Gpu(name, **numbers) for name, numbers in CONSTANTS["gpus"].items()]


@dataclass(frozen=True)
class Estimate:
    """Milliseconds."""

    device: float
    host: float
    bus: float
    waits: float

    @property
    def total(self):
        return max(self.device, self.host) + self.bus + self.waits


def product_seconds(gpu, m, n, k):
    """Of [m, k] times [k, n] in a type of two bytes. Up to four ways of splitting k fill a wave that few tiles leave
    empty."""
    rate = gpu.half_tflops * 1e12 / gpu.processors
    tiled = min(
        ceil(ceil(m / rows) * ceil(n / columns) * split / gpu.processors)
        * (2 * rows * columns * k / split / (rate * efficiency))
        * (1.1 if split > 1 else 1)
        for rows, columns, efficiency in TILES
        for split in (1, 2, 4)
    )
    memory = 2 * (m * k + k * n + m * n) / (gpu.memory_tb_s * 1e12)
    return max(tiled, memory) + HOST["shortest_kernel_us"] * 1e-6


def estimate(gpu, report):
    """Of a report of the fake device (FAKE_DEVICE_REPORT, or a line of device_scenarios)."""
    shortest, memory = HOST["shortest_kernel_us"] * 1e-6, gpu.memory_tb_s * 1e12
    products = sum(count * product_seconds(gpu, m, n, k) for m, n, k, count in report["products"])
    seen, others, into = report["attention"], report["others"], report["to_device"]
    rate = gpu.half_tflops * 1e12 * gpu.attention_share
    attention = max(seen["gflop"] * 1e9 / rate, seen["bytes"] / memory) + shortest * seen["launches"]
    moves = max(others["bytes"] / memory, shortest * others["launches"])
    pinned = into["bytes"] - into["waited"]
    bus = into["waited"] / (gpu.unpinned_gb_s * 1e9) + pinned / (gpu.pinned_gb_s * 1e9)
    waits = sum(report["waits"].values())
    return Estimate((products + attention + moves) * 1e3, report["launches"] * HOST["launch_us"] / 1e3, bus * 1e3,
                    waits * HOST["wait_us"] / 1e3)  # fmt: skip
