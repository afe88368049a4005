"""The milliseconds that ./dev bench device computes, on counts whose times are known."""

import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools/device_check"))

import cost_model  # noqa: E402

H200 = cost_model.GPUS[0]


def report(**counts):
    """A report of the fake device that counts nothing else."""
    nothing = {"launches": 0, "bytes": 0, "gflop": 0}
    return {"launches": 0, "waits": {}, "products": [], "attention": nothing, "others": nothing,
            "to_device": {"bytes": 0, "waited": 0}, **counts}


def test_nothing_takes_no_time():
    assert cost_model.estimate(H200, report()).total == 0


def test_a_large_product_runs_at_the_rate_of_large_products():
    rows = 128 * 132 * 8
    seconds = cost_model.product_seconds(H200, rows, 256, 4096)
    assert seconds == pytest.approx(2 * rows * 256 * 4096 / 720e12 + 2e-6, rel=1e-3)


def test_a_tile_more_than_a_wave_costs_another_wave():
    one, two = (cost_model.product_seconds(H200, 128 * tiles, 256, 65536) - 2e-6 for tiles in (132, 133))
    assert two > 1.2 * one  # less than twice: smaller tiles, or a split, fill the second


def test_one_row_is_as_fast_as_the_weights_are_read():
    assert cost_model.product_seconds(H200, 1, 14336, 4096) == pytest.approx(2 * 14336 * 4096 / 4.1e12 + 2e-6, rel=1e-3)


def test_the_longer_of_host_and_device_counts():
    device = report(launches=10, others={"launches": 10, "bytes": 4.1e9, "gflop": 0})
    assert cost_model.estimate(H200, device).total == pytest.approx(1.0)
    host = report(launches=1000, others={"launches": 1000, "bytes": 0, "gflop": 0})
    assert cost_model.estimate(H200, host).total == pytest.approx(5.0)


def test_copies_that_are_waited_for_are_slower_and_waits_cost_time():
    copies = report(waits={"event": 2, "copy to the host": 1}, to_device={"bytes": 9e9, "waited": 4e9})
    estimate = cost_model.estimate(H200, copies)
    assert estimate.bus == pytest.approx(4e9 / 8e9 * 1e3 + 5e9 / 50e9 * 1e3)
    assert estimate.total == pytest.approx(estimate.bus + 3 * 0.012)


def test_attention_is_bound_by_arithmetic_or_by_memory():
    long = report(attention={"launches": 1, "bytes": 0, "gflop": 360})
    short = report(attention={"launches": 1, "bytes": 4.1e9, "gflop": 1})
    assert cost_model.estimate(H200, long).device == pytest.approx(1.002)
    assert cost_model.estimate(H200, short).device == pytest.approx(1.002)
