"""What vlrm eval costs: memory beside the number of rows, and the largest file of responses that was published."""

import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from conftest import PROGRAM, ROOT
from evaluations import PAIRS, rows_of, world_pairs, world_vlrm
from PIL import Image
from reference_results import percents, published_responses, summary

# A child counts the memory of who started it as its own until it is another program, so a small one starts it.
START = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def photograph(number):
    """Of about half a megabyte."""
    noise = np.random.default_rng(number).integers(0, 256, (200, 280 + number, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((1120 + 4 * number, 800)).save(file, "JPEG", quality=95)
    return {"bytes": file.getvalue(), "path": None}


def test_memory_does_not_grow_with_the_dataset(tmp_path):
    model = world_vlrm(tmp_path / "vlrm")
    pairs, photographs = world_pairs(20), [photograph(number) for number in range(20)]
    group = [row | {"image": image} for row, image in zip(pairs, photographs)]
    assert sum(len(image["bytes"]) for image in photographs) > 8e6

    def peak(groups):
        data = tmp_path / f"{groups}.parquet"
        with pq.ParquetWriter(data, PAIRS, use_dictionary=False) as writer:
            for _ in range(groups):
                writer.write_table(pa.Table.from_pylist(group, schema=PAIRS))
        out = tmp_path / f"out-{groups}"
        command = [sys.executable, "-c", START, PROGRAM, "eval", "vl-rewardbench", "--model", model, "--data", data, "-o", out, "-q"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        data.unlink()
        assert len(rows_of(out)) == 20 * groups
        return int(done.stdout)

    few, many = peak(3), peak(30)
    print(f"peak of 60 rows {few} KiB, of 600 rows {many} KiB")
    assert 0 < many <= 1.1 * few


def test_the_published_responses(goldens, vlrm, tmp_path):
    responses, rows, expected = published_responses(goldens)
    command = ["eval", "best-of-n", "--task", "textvqa_val", "--responses", responses, "--model", ROOT / "world/rm",
               "--mode", "text-only", "-o", tmp_path / "rm", "-q"]
    vlrm(*command)
    row = vlrm("results", "--digits", "3", tmp_path / "rm").splitlines()[2].split()
    assert row[:3] == ["rm", "(text-only)", str(rows)]
    assert row[4:6] == [f"{expected['Pass@1']:.3f}", f"{expected['Pass@N']:.3f}"]
    found = percents(summary(vlrm, tmp_path / "rm")[0])
    assert 30 < found["Overall"] < 70
    with open(responses) as lines:
        for line, scored in zip(lines, rows_of(tmp_path / "rm"), strict=True):
            scores = scored.pop("scores")
            assert scored == json.loads(line)
            of_response = dict(zip(scored["responses"], scores))
            assert scores == [of_response[response] for response in scored["responses"]]  # equal ones score equally
