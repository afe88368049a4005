"""Commands on the fake device (tests/fake_device), which is as strict as a GPU: what they give is what the CPU gives,
and they ask the device for no more than they did before."""

import json
import subprocess
import sys
import warnings

import pytest
from conftest import PROGRAM, ROOT

sys.path.insert(0, str(ROOT / "tools/device_check"))

import device_ceilings  # noqa: E402
import device_commands  # noqa: E402
import device_programs  # noqa: E402

BUILD = device_programs.Build(PROGRAM.parents[1])
QUICK = [pytest.param(command, dtype, id=f"{command}-{dtype}".replace(" ", "-"))
         for command in device_commands.COMMANDS for dtype in command.quick]

pytestmark = pytest.mark.skipif(not BUILD.fake_device.exists(), reason="the fake device was not built with the program")


@pytest.fixture(scope="module")
def inputs(goldens, tmp_path_factory):
    return device_commands.Inputs(BUILD, goldens, ROOT / "world", tmp_path_factory.mktemp("device"))


def assert_known(operations):
    """An operation that is new here may have no CUDA kernel."""
    new = sorted(set(operations) - set(device_programs.operations()))
    assert not new, (f"new operations on a device: {', '.join(new)}. See whether a CUDA build of torch has kernels for "
                     f"them (tools/device_check/has_cuda_kernels.py {' '.join(new)}), then add them to "
                     "tests/fake_device/operations.txt")


@pytest.mark.parametrize("command, dtype", QUICK)
def test_commands_give_what_they_give_on_the_cpu(inputs, command, dtype):
    comparison = device_commands.compare(inputs, "fake", command, dtype)
    assert comparison.agrees, str(comparison)
    assert comparison.report["launches"] > 0
    assert_known(comparison.report["operations"])


def test_the_second_device_gives_the_bytes_of_the_first(inputs):
    command = next(command for command in device_commands.COMMANDS if command.name == "score")
    first, _ = device_commands.run(inputs, "fake", command, "float32")
    second, report = device_commands.run(inputs, "fake:1", command, "float32")
    for row in (*first, *second):
        row.pop("device", None)
    assert report["launches"] > 0
    assert second == first


@pytest.mark.parametrize("which, expected", [("mllama", "float16"), ("llama", "bfloat16"), ("recipe", "float16")])
def test_the_type_on_a_device_is_the_familys(inputs, tmp_path, which, expected):
    models = inputs.goldens / "models"
    merged = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base", "--recipe",
              inputs.goldens / "reference/configs/ties_d0.6.yaml"]
    flags = {"mllama": ["--model", inputs.goldens / "vlrm_ties"], "recipe": merged,
             "llama": ["--model", models / "rm", "--mode", "text-only"]}[which]
    written = {}
    for device in ("fake", "cpu"):
        for dtype in ([], ["--dtype", expected]):
            command = [PROGRAM, "eval", "vl-rewardbench", "--data", inputs.goldens / "eval/data/vl_rewardbench", *flags,
                       *dtype, "--device", device, "--threads", "1", "-q", "-o", tmp_path / "out", "--force"]
            subprocess.run(list(map(str, command)), check=True, capture_output=True,
                           env=device_programs.environment(BUILD, device))
            run = json.loads((tmp_path / "out/run.json").read_text())
            written[device, bool(dtype)] = run["dtype"], (tmp_path / "out/results.jsonl").read_bytes()
    assert written["fake", False][0] == written["fake", True][0] == expected
    if which != "recipe":  # a merge is rounded as vlrm build would round it, to bfloat16 unless told otherwise
        assert written["fake", False] == written["fake", True]
    stored = "bfloat16" if which != "mllama" else "float32"
    assert written["cpu", False][0] == stored


@pytest.fixture(scope="module")
def scenarios():
    return device_programs.scenarios(BUILD, "fake", timeout=120)


def test_the_11b_asks_a_device_for_no_more_than_its_ceilings(scenarios):
    rose, fell = device_ceilings.changes(device_ceilings.read(), device_ceilings.counts(scenarios))
    how = f"{device_ceilings.HOW_TO_CHANGE} makes these counts the ceilings"
    assert not rose, "; ".join(rose) + f". If that is meant: {how}, and the commit says why"
    if fell:
        warnings.warn("; ".join(fell) + f". So that they stay low: {how}", stacklevel=1)


def test_the_11b_uses_the_operations_that_are_listed(scenarios):
    for report in scenarios.values():
        assert_known(report["operations"])


def one_score(inputs, *flags, device="fake", **settings):
    """A score on the fake device, as a finished process."""
    command = ["score", "--model", inputs.goldens / "vlrm_ties", "--image", inputs.images[0], "--prompt", "What?",
               "--response", "A cat.", "--device", device, *flags]
    return subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True,
                          env=device_programs.environment(BUILD, "fake", **settings))


@pytest.mark.parametrize("weights", ["resident", "streamed"])
def test_too_little_memory_is_an_error_of_one_line(inputs, weights):
    done = one_score(inputs, "--weights", weights, memory=100_000)
    assert done.returncode == 75, done.stderr  # elsewhere, or later, it may do
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("vlrm: ")
    assert "the GPU's memory is not enough: fake device out of memory" in done.stderr


def test_a_sweep_merges_the_next_recipe_while_one_is_scored(inputs, tmp_path):
    for device, ahead in [("fake", True), ("cpu", False)]:
        command = [*device_commands.swept(inputs), "--device", device, "--dtype", "float32", "-o", tmp_path / device]
        done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True, check=True,
                              env=device_programs.environment(BUILD, "fake"))
        assert ("; 2 models were merged while others were scored" in done.stderr) == ahead, done.stderr


def test_a_device_index_that_is_not_there(inputs):
    done = one_score(inputs, device="fake:2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "fake:2" in done.stderr and len(done.stderr.splitlines()) == 1
