"""The use cases that are one call: build, merge, check, evaluate, sweep, results, inspect, compare."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import GOLDENS, PACKAGE, PROGRAM, THREADS, WORLD

NAMES = {"vlm": WORLD / "vlm", "rm": WORLD / "rm", "base": WORLD / "base"}


@pytest.fixture(scope="session")
def ran(built, tmp_path_factory):
    """A result folder of ours."""
    import vlrm

    out = tmp_path_factory.mktemp("results") / "ours"
    row = vlrm.evaluate("vl-rewardbench", built, output=out, data=WORLD / "pairs.parquet", dtype="float32", threads=THREADS)
    return out, row


def test_build_writes_the_bytes_of_the_program(built, tmp_path):
    import vlrm

    seen = []
    out = vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", method="linear", weight_rm=0.2, output=tmp_path / "ours",
                     progress=lambda *counts: seen.append(counts))
    assert out == str(tmp_path / "ours") and seen
    assert (tmp_path / "ours/model.safetensors").read_bytes() == (built / "model.safetensors").read_bytes()
    with pytest.raises(vlrm.Error) as error:
        vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", method="linear", weight_rm=0.2, output=tmp_path / "ours")
    assert "ours" in str(error.value)
    vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", method="linear", weight_rm=0.2, output=tmp_path / "ours", force=True)
    with pytest.raises(vlrm.OptionError) as error:
        vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", output=tmp_path / "x")
    assert error.value.option == "method" and not (tmp_path / "x").exists()
    with pytest.raises(vlrm.OptionError, match="seed"):
        vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", method="dare_linear", weight=1, density=0.5, seed=-1, output=tmp_path / "x")


@pytest.fixture
def recipe(tmp_path):
    file = tmp_path / "linear.yml"
    file.write_text("merge_method: linear\nmodels:\n" + "".join(
        f"- {{model: {GOLDENS}/models/{name}, parameters: {{weight: 0.5}}}}\n" for name in ("base", "base_instruct")))
    return file


def test_merge_and_check_a_recipe(recipe, tmp_path, program):
    import vlrm

    found = vlrm.check(recipe, tmp_path / "out")
    assert len(found) == 1 and found[0]["method"] == "linear" and found[0]["tensors"] > 10 and found[0]["inputs"]
    assert vlrm.merge(recipe, tmp_path / "out") == [str(tmp_path / "out")]
    program("merge", recipe, tmp_path / "theirs", "-q")
    assert (tmp_path / "out/model.safetensors").read_bytes() == (tmp_path / "theirs/model.safetensors").read_bytes()
    with pytest.raises(vlrm.OptionError):
        vlrm.merge(recipe)
    with pytest.raises(vlrm.Error, match="/nowhere.yml"):
        vlrm.merge("/nowhere.yml", tmp_path / "x")


def test_check_three_models():
    import vlrm

    found = vlrm.check(**NAMES)
    assert found["layers"][0]["name"] == "embeddings" and found["all"]["base"] > 0 and isinstance(found["notes"], list)
    with pytest.raises(vlrm.Error):
        vlrm.check()


def test_an_evaluation_has_the_rows_of_the_program(ran, built, program, tmp_path):
    out, row = ran
    program("eval", "vl-rewardbench", "--model", built, "--data", WORLD / "pairs.parquet", "--dtype", "float32", "-o", tmp_path / "theirs", "-q")
    assert (out / "results.jsonl").read_bytes() == (tmp_path / "theirs/results.jsonl").read_bytes()
    assert row["rows"] == 720 and row["complete"]


def test_all_runs_beside_each_other(ran, program, tmp_path):
    import vlrm

    out, _ = ran
    shutil.copytree(out, tmp_path / "again")
    words = ("results", out, tmp_path / "again", "--matrix", "--format", "json")
    matrices = vlrm.compare_all_runs([out, tmp_path / "again"])
    assert matrices == json.loads(program(*words))["matrix"]
    assert matrices[0]["cells"][0] == {"a": 0, "b": 1, "difference": 0, "p": 1, "p_holm": 1, "agreement": 1}
    with pytest.raises(vlrm.OptionError, match="choose_on: nothing to choose from"):
        vlrm.choose_recipes(out, out)


def test_results_are_those_of_the_program(ran, program):
    import vlrm

    out, row = ran
    assert vlrm.results([out]) == json.loads(program("results", out, "--format", "json"))["runs"] == [row]
    flat = vlrm.results(out, flat=True)[0]
    assert flat["label"] == row["label"]
    assert all(flat[metric["name"]] == metric["percent"] for metric in row["metrics"]) and flat["Overall"] > 0
    assert all(not isinstance(value, (dict, list)) for value in flat.values())
    assert vlrm.compare_runs(out, out) == json.loads(program("results", "--compare", out, out, "--format", "json"))["comparison"]
    assert vlrm.results(out, sort="Overall", top=1) == [row]
    with pytest.raises(vlrm.OptionError, match="sort: Best is none of"):
        vlrm.results(out, sort="Best")
    with pytest.raises(vlrm.Error, match="/nowhere"):
        vlrm.results("/nowhere")
    with pytest.raises(vlrm.OptionError, match="median"):
        vlrm.results([out, out], ensembles=["median"])


def test_a_run_says_the_normalisation(ran, model, samples):
    import vlrm

    out, row = ran
    found = vlrm.Normalization.of(out)
    assert (found.mean, found.scale, found.source) == (row["scores"]["all"]["mean"], row["scores"]["all"]["deviation"], str(out))
    assert vlrm.Normalization.of({"run": out, "clip": 2.0}).clip == 2.0


def test_an_evaluation_at_random_needs_no_model(tmp_path):
    import vlrm

    row = vlrm.evaluate("vl-rewardbench", output=tmp_path / "random", data=WORLD / "pairs.parquet", mode="random")
    assert row["mode"] == "random" and row["rows"] == 720
    with pytest.raises(vlrm.Error, match="benchmark"):
        vlrm.evaluate("no-such", output=tmp_path / "x", mode="random")


def test_a_sweep_gives_a_row_for_each_recipe(tmp_path):
    import pyarrow.parquet
    import vlrm

    pyarrow.parquet.write_table(pyarrow.parquet.read_table(WORLD / "pairs.parquet").slice(0, 8), tmp_path / "few.parquet")
    for weight in (0.2, 0.8):
        (tmp_path / f"linear-{weight}.yml").write_text(
            f"merge_method: linear\nmodels:\n- {{model: vlm, parameters: {{weight: {1 - weight}}}}}\n- {{model: rm, parameters: {{weight: {weight}}}}}\n"
            "tokenizer: {source: vlm, pad_to_multiple_of: 8}\n")
    rows = vlrm.sweep("vl-rewardbench", str(tmp_path / "*.yml"), **NAMES, data=tmp_path / "few.parquet", output=tmp_path / "sweep",
                      threads=THREADS)
    assert [row["rows"] for row in rows] == [8, 8] and rows[0]["metrics"] is not None


def test_inspect_says_what_a_checkpoint_is(built, program):
    import vlrm

    found = vlrm.inspect(built)
    assert found["kind"] == "vision-language reward model" and found["family"] == "Mllama" and found["vision"]
    printed = program("inspect", built)
    total = next(line.split() for line in printed.splitlines() if line.split()[:1] == ["all"])
    assert found["parameters"] == int(total[1]) == sum(part["parameters"] for part in found["parts"])
    assert found["kind"] in printed and f"hidden size {found['hidden_size']}, {found['layers']} layers" in printed
    assert vlrm.inspect(WORLD / "vlm")["roles"]["vlm"] is None and vlrm.inspect(WORLD / "vlm")["roles"]["rm"]
    assert vlrm.inspect(WORLD / "rm")["roles"]["rm"] is None
    with pytest.raises(vlrm.Error, match="/nowhere"):
        vlrm.inspect("/nowhere")


def test_compare_gives_the_figures_of_the_program(program, tmp_path):
    import vlrm

    found = vlrm.compare(WORLD / "vlm", WORLD / "rm", base=WORLD / "base", page=tmp_path / "page.html")
    program("compare", WORLD / "vlm", WORLD / "rm", "--base", WORLD / "base", "--json", tmp_path / "theirs.json", "-q")
    assert found == json.loads((tmp_path / "theirs.json").read_text())
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_an_evaluation_of_the_first_rows(tmp_path):
    import vlrm

    row = vlrm.evaluate("vl-rewardbench", output=tmp_path / "few", data=WORLD / "pairs.parquet", mode="random", limit=3)
    assert row["rows"] == 3
    with pytest.raises(vlrm.OptionError, match="limit"):
        vlrm.evaluate("vl-rewardbench", output=tmp_path / "x", data=WORLD / "pairs.parquet", mode="random", limit=0)


def test_ensembles_may_be_one_name(ran):
    import vlrm

    with pytest.raises(vlrm.Error, match="an ensemble needs at least two runs"):
        vlrm.results(ran[0], ensembles="mean")


def test_numbers_of_a_merge_have_the_same_names_everywhere(tmp_path):
    import inspect

    import vlrm

    assert {"seed", "normalize_weights"} <= set(inspect.signature(vlrm.build).parameters) & set(inspect.signature(vlrm.RewardModel.merge).parameters)
    how = dict(NAMES, method="dare_linear", weight=0.5, density=0.5, seed=3, normalize_weights=True)
    vlrm.evaluate("vl-rewardbench", output=tmp_path / "few", data=WORLD / "pairs.parquet", limit=2, threads=THREADS, **how)
    kept = json.loads((tmp_path / "few/run.json").read_text())["recipe"]
    model = vlrm.RewardModel.merge(threads=THREADS, **how)
    assert kept["seed"] == 3 and model.settings["recipe"] == kept


@pytest.mark.parametrize("repeat", range(2))
def test_ctrl_c_leaves_nothing_half_written(tmp_path, repeat):
    """Of a build that is slow enough to be met: many models, one after another."""
    code = """
import sys, vlrm
print("ready", flush=True)
for number in range(100000):
    vlrm.build(vlm=sys.argv[1], rm=sys.argv[2], method="linear", weight_rm=0.2, output=sys.argv[3], force=True)
"""
    how = os.environ | {"PYTHONPATH": PACKAGE}
    child = subprocess.Popen([sys.executable, "-c", code, WORLD / "vlm", WORLD / "rm", tmp_path / "out"], env=how,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdout.readline()
    time.sleep(0.4 + 0.3 * repeat)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors and child.returncode != 0
    assert {path.name for path in tmp_path.iterdir()} <= {"out"}
    if (tmp_path / "out").exists():
        subprocess.run([PROGRAM, "inspect", tmp_path / "out"], check=True, capture_output=True)
