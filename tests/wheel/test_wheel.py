"""The wheel in fresh environments, by VLRM_WHEEL (./dev ci-full builds it)."""

import json
import os
import time

import numpy
import pytest
from conftest import MODELS, ROOT, SAMPLE, Environment, required_torch

WHEEL = os.environ.get("VLRM_WHEEL")
pytestmark = pytest.mark.skipif(not WHEEL, reason="VLRM_WHEEL names no wheel")
# The build for the CPU alone, and one with CUDA's libraries, on a machine without a GPU.
TORCHES = [required_torch("run.txt") + "+cpu", required_torch("torches.txt")]


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The wheel and what it requires; no torch."""
    environment = Environment(tmp_path_factory.mktemp("bare"))
    environment.install(WHEEL)
    return environment


@pytest.fixture(scope="module", params=TORCHES)
def with_torch(request, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("torch"))
    environment.install(request.param, "numpy", "pillow", WHEEL)
    return environment


@pytest.fixture(scope="module")
def model(bare, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "ties"
    bare.output("vlrm", "build", *MODELS, "--method", "ties", "--weight", 0.7, "--density", 0.4, "-o", folder)
    return folder


def test_the_wheel_requires_neither_torch_nor_pyarrow(bare):
    installed = {one["name"] for one in json.loads(bare.output("pip", "list", "--format", "json"))}
    assert "vlrm" in installed and not installed & {"torch", "pyarrow", "numpy"}


def test_help_takes_less_than_100_ms(bare):
    bare.output("vlrm", "--help")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert "vlrm score" in bare.output("vlrm", "--help")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1, times


def test_all_ways_to_call_it_are_one_program(bare):
    version = (ROOT / "VERSION").read_text().strip()
    assert bare.output("vlrm", "--version") == f"vlrm {version}\n"
    assert bare.output("python", "-m", "vlrm", "--version") == f"vlrm {version}\n"
    assert bare.output("python", "-c", "import vlrm; print(vlrm.__version__)") == f"{version}\n"


def test_importing_it_imports_nothing_heavy(bare):
    heavy = bare.output("python", "-c", "import sys, vlrm; print({'torch', 'numpy', 'PIL', 'huggingface_hub'} & set(sys.modules))")
    assert heavy == "set()\n"


def test_without_torch_the_error_names_the_places(bare, model):
    done = bare.run("vlrm", "score", "--model", model, *SAMPLE)
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith("vlrm: no torch that fits (this vlrm was built for torch 2.")
    assert "VLRM_TORCH is not set; no environment is active; python3 has none" in line


def test_exit_codes_and_signals_are_the_programs(bare):
    assert bare.run("vlrm", "no-such-command").returncode == 2


def test_scores_are_those_of_the_python_api(with_torch, model):
    printed = json.loads(with_torch.output("vlrm", "score", "--model", model, *SAMPLE, "--json"))["scores"]
    code = f"import vlrm; print(vlrm.RewardModel({str(model)!r}).score('What is this?', ['A cat.', 'A dog.']))"
    scores = json.loads(with_torch.output("python", "-c", code))
    assert numpy.array_equal(numpy.float32(scores), numpy.float32(printed))


@pytest.mark.parametrize("order", ["import vlrm, torch", "import torch, vlrm"])
def test_it_shares_a_process_with_torch(with_torch, model, order):
    code = f"""{order}
rm = vlrm.RewardModel({str(model)!r})
threads = torch.get_num_threads()
scores = rm.score('What is this?', ['A cat.', 'A dog.'])
x = torch.ones(64, 64) @ torch.ones(64, 64)
assert float(x.sum()) == 64 ** 3 and torch.get_num_threads() == threads
print(scores)"""
    assert len(json.loads(with_torch.output("python", "-c", code))) == 2
