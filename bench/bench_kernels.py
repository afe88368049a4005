"""The merge methods alone, on tensors in memory: CPU time an element beside a pass that only reads and copies."""

import subprocess


def run(options):
    subprocess.run([options.vlrm.parent / "bench_kernels"], check=True)
