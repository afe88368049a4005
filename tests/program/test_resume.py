"""Merges that are killed and gone on with."""

import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import PROGRAM, ROOT
from safetensors.numpy import save_file

LAYERS, WIDTH = 24, 512


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    random_numbers = np.random.default_rng(0)
    for name in ("base", "one", "two"):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(f'{{"model_type": "own", "num_hidden_layers": {LAYERS}}}')
        (folder / name / "generation_config.json").write_text("{}")
        save_file({f"model.layers.{layer}.w": random_numbers.standard_normal((WIDTH, WIDTH), np.float32)
                   for layer in range(LAYERS)}, folder / name / "model.safetensors")
    recipe = folder / "ties.yml"
    recipe.write_text(f"merge_method: ties\nbase_model: {folder}/base\ndtype: float32\nparameters: {{density: 0.4}}\nmodels:\n" + "".join(
        f"- {{model: {folder}/{name}, parameters: {{weight: 0.5}}}}\n" for name in ("one", "two")))
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def partials(folder):
    return list(folder.glob(".out.vlrm-*.partial"))


COMMAND = ["-q", "--threads", "1", "merge"]


def start(models, out, *more):
    return subprocess.Popen([PROGRAM, *COMMAND, models / "ties.yml", out, "--out-shard-size", "5M", *more],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    error = process.stderr.read()
    assert process.wait() == 0, error
    return error


def test_killed_at_random_points_and_resumed_it_is_the_same(models, tmp_path):
    begun = time.monotonic()
    (tmp_path / "whole").mkdir()
    finish(start(models, tmp_path / "whole/out"))
    whole, seconds = contents(tmp_path / "whole/out"), time.monotonic() - begun
    assert len([name for name in whole if name.endswith(".safetensors")]) > 4
    draw, out, kills = random.Random(5), tmp_path / "out", 0
    while kills < 20:
        process = start(models, out, "--resume")
        time.sleep(draw.uniform(0, seconds * 1.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():  # it was done before
            assert contents(out) == whole
            for path in out.iterdir():
                path.unlink()
            out.rmdir()
        else:
            kills += 1
    finish(start(models, out, "--resume"))
    assert contents(out) == whole and not partials(tmp_path)


def interrupted(models, out, tensors):
    """The partial that a run with --resume leaves once its journal names so many tensors, or a skip; and what it said."""
    process, journal = start(models, out, "--resume"), None
    while process.poll() is None and not (journal and journal[0].read_text().count("\n") > tensors):
        journal = list(out.parent.glob(".out.vlrm-*.partial/vlrm_journal"))
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    error = process.stderr.read()
    if process.wait() == 0:
        pytest.skip("the merge was done before it could be interrupted")
    left = partials(out.parent)
    assert len(left) == 1 and not out.exists()
    return left[0], error


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: os.truncate(file, 1000), lambda file: file.write_bytes(b"")])
def test_shards_that_are_gone_are_written_again(models, tmp_path, spoil):
    finish(start(models, tmp_path / "whole"))
    left, _ = interrupted(models, tmp_path / "out", 3)
    spoil(min(left.glob("*.safetensors")))
    finish(start(models, tmp_path / "out", "--resume"))
    whole, ours = contents(tmp_path / "whole"), contents(tmp_path / "out")
    assert {name for name in whole if ours[name] != whole[name]} <= {"README.md"}


def test_goes_on_with_what_is_written(models, tmp_path):
    out = tmp_path / "out"
    left, error = interrupted(models, out, 3)
    assert f"note: {out}: interrupted; the same command goes on from here" in error
    assert list(left.glob("*.safetensors"))
    assert "begun anew" not in finish(start(models, out, "--resume"))
    assert not partials(tmp_path)
    assert "is there already" in finish(start(models, out, "--resume"))


@pytest.mark.parametrize("change, goes_on", [
    ("touched", True), ("copied", True), ("linked", True), ("other numbers of the same time", False),
])
def test_what_inputs_hold_decides_whether_work_is_gone_on_with(models, tmp_path, change, goes_on):
    out, weights, aside = tmp_path / "out", models / "one/model.safetensors", tmp_path / "aside"
    interrupted(models, out, 3)
    before, times = weights.read_bytes(), weights.stat()
    try:
        if change == "touched":
            weights.touch()
        elif change == "copied":
            weights.unlink()
            weights.write_bytes(before)
        elif change == "linked":
            weights.rename(aside)
            weights.symlink_to(aside)
        else:
            weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
            os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
        error = finish(start(models, out, "--resume"))
        assert ("begun anew" not in error) == goes_on
        finish(start(models, tmp_path / "whole"))
        assert (out / "model.safetensors.index.json").exists()
        for file in out.glob("*.safetensors"):
            assert file.read_bytes() == (tmp_path / "whole" / file.name).read_bytes()
    finally:
        weights.unlink()
        weights.write_bytes(before)


def moved(models, folder, **places):
    """The recipe over copies of its models, each in a folder of the name that it is given, or of its own."""
    text = (models / "ties.yml").read_text()
    for name in ("base", "one", "two"):
        place = shutil.copytree(models / name, folder / places.get(name, name))
        text = text.replace(f"{models}/{name}", str(place))
    recipe = folder / "moved.yml"
    recipe.write_text(text)
    return recipe


def resumed(recipe, out):
    return subprocess.run([PROGRAM, *COMMAND, recipe, out, "--out-shard-size", "5M", "--resume"], capture_output=True, text=True)


SWAPPED = {"one": "two", "two": "one"}


@pytest.mark.parametrize("places", [{}, {"base": "a", "one": "c", "two": "b"}, SWAPPED])
def test_inputs_elsewhere_are_the_same_inputs(models, tmp_path, places):
    out = tmp_path / "out"
    interrupted(models, out, 3)
    for place, expected in (("first", ""), ("second", "is there already, of the same settings and inputs")):
        done = resumed(moved(models, tmp_path / place, **places), out)
        assert done.returncode == 0 and "begun anew" not in done.stderr and expected in done.stderr
    finish(start(models, tmp_path / "whole"))
    for file in out.glob("*.safetensors"):
        assert file.read_bytes() == (tmp_path / "whole" / file.name).read_bytes()


def test_other_inputs_under_the_same_names_are_others(models, tmp_path):
    out = tmp_path / "out"
    finish(start(models, out))
    recipe = moved(models, tmp_path / "elsewhere")
    recipe.write_text(recipe.read_text().replace("/one,", "/x,").replace("/two,", "/one,").replace("/x,", "/two,"))
    done = resumed(recipe, out)
    assert done.returncode == 2 and "is there already, but model " in done.stderr and "its weights are others now" in done.stderr


WORLD = ROOT / "world"


def build(folder, recipe):
    return ["build", "--vlm", folder / "vlm", "--rm", folder / "rm", "--base", folder / "base", "--recipe", recipe]


def extract(folder, _):
    return ["extract", "--vlm", folder / "vlm", "--instruct", folder / "base"]


def merge_with_another_tokenizer(folder, recipe):
    recipe.write_text(f"merge_method: linear\ntokenizer_source: {folder}/rm\nmodels:\n- {{model: {folder}/base, parameters: {{weight: 1}}}}\n")
    return ["merge", recipe]


def merge_of_an_adapter(folder, recipe):
    adapter = folder / "adapter"
    adapter.mkdir()
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    save_file({f"{name}.lora_A.weight": np.ones((1, 64), np.float32), f"{name}.lora_B.weight": np.ones((64, 1), np.float32)},
              adapter / "adapter_model.safetensors")
    (adapter / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 1}')
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {folder}/base+{adapter}}}]\n")
    return ["merge", recipe]


@pytest.mark.parametrize("command", [build, extract, merge_with_another_tokenizer, merge_of_an_adapter])
def test_every_command_knows_its_inputs_elsewhere(vlrm, tmp_path, command):
    for number in range(2):
        folder = shutil.copytree(WORLD, tmp_path / f"copy{number}")
        recipe = folder / "r.yml"
        recipe.write_text(RECIPE.replace("HERE", str(folder)))
        flags = ["-o", tmp_path / "out"] if command in (build, extract) else [tmp_path / "out"]
        notes = vlrm("-q", *command(folder, recipe), *flags, "--resume", notes=True)
    assert [note for note in notes if note.endswith("is there already, of the same settings and inputs")]


RECIPE = """merge_method: ties
base_model: HERE/base
tokenizer: {source: HERE/vlm, pad_to_multiple_of: 8}
parameters: {density: 0.5, weight: 0.5}
models: [{model: HERE/vlm}, {model: HERE/rm}]
"""


def test_two_runs_in_containers_of_their_own_do_not_write_one_output(models, tmp_path):
    """Their processes have the same numbers, which therefore say nothing."""
    alone = ["unshare", *([] if os.getuid() == 0 else ["-r"]), "--pid", "--fork", "--kill-child"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        pytest.skip("no PID namespaces here")
    command = [*alone, PROGRAM, *COMMAND, models / "ties.yml", tmp_path / "out", "--out-shard-size", "5M"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not partials(tmp_path):
        assert first.poll() is None
        time.sleep(0.0005)
    second = subprocess.run([*command, "--force"], capture_output=True, text=True)
    assert first.wait() == 0
    if second.returncode != 0:  # else the first one was done by then
        assert second.returncode == 75 and "out: another run is writing it (host " in second.stderr
    finish(start(models, tmp_path / "whole"))
    names = [path.name for path in (tmp_path / "out").glob("*.safetensors")]
    assert names and all((tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names)
    assert not list(tmp_path.glob(".*"))


def test_a_partial_of_other_settings_is_not_gone_on_with(models, tmp_path):
    out, whole = tmp_path / "out", tmp_path / "whole"
    process = start(models, out)
    while not list(tmp_path.glob(".out.vlrm-*.partial/*.safetensors")) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    flags = ["--out-shard-size", "5M", "--resume"]
    recipe = models / "other.yml"
    recipe.write_text((models / "ties.yml").read_text().replace("0.4", "0.6"))
    for target in (out, whole):
        done = subprocess.run([PROGRAM, *COMMAND, recipe, target, *flags], check=True, capture_output=True, text=True)
        assert (f"note: {target}: begun anew" in done.stderr) == (target == out)
    ours, theirs = contents(out), contents(whole)
    assert {name for name in ours if ours[name] != theirs[name]} <= {"README.md"}
    assert not partials(tmp_path)


def test_what_is_there_of_inputs_that_changed_is_not_passed_for_done(models, tmp_path):
    out, weights = tmp_path / "out", models / "one/model.safetensors"
    finish(start(models, out))
    before = weights.read_bytes()
    try:
        weights.touch()  # written again, but the same
        assert "is there already, of the same settings and inputs" in finish(start(models, out, "--resume"))
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        process = start(models, out, "--resume")
        error = process.stderr.read()
        assert process.wait() == 2
        assert "out: is there already, but" in error and "its weights are others now; --force merges again" in error
    finally:
        weights.write_bytes(before)
