"""Sweeps on the embedded world: as single runs, whatever is killed and however little memory there is."""

import random
import re
import signal
import subprocess
import time

import pytest
import yaml
from conftest import PROGRAM, ROOT, read_lines

pq = pytest.importorskip("pyarrow.parquet")

WORLD = ROOT / "world"
MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"]
ROWS = 60
SOME = ["linear-rm0.3.yml", "task_arithmetic-weight0.0.yml", "ties-weight0.7-density0.4.yml",
        "dare_ties-weight0.5-density0.2.yml"]  # fmt: skip


@pytest.fixture(scope="session")
def paper(vlrm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes") / "paper"
    assert vlrm("recipes", "paper", "-o", folder) == f"{folder}: 58 recipes\n"
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The first pairs, in small row groups, the first picture again among the last."""
    rows = pq.read_table(WORLD / "pairs.parquet").slice(0, ROWS).to_pylist()
    rows[-3]["image"] = rows[0]["image"]
    path = tmp_path_factory.mktemp("pairs") / "pairs.parquet"
    schema = pq.read_schema(WORLD / "pairs.parquet")
    pq.write_table(pq.read_table(WORLD / "pairs.parquet").from_pylist(rows, schema=schema), path, row_group_size=7)
    return path


@pytest.fixture(scope="session")
def some(paper, tmp_path_factory):
    folder = tmp_path_factory.mktemp("some")
    for name in SOME:
        (folder / name).write_bytes((paper / name).read_bytes())
    return folder


@pytest.fixture
def sweep(vlrm, data, some):
    def run(out, *flags, **how):
        recipes = [] if "--sweep" in flags else ["--recipes", f"{some}/*.yml"]
        arguments = ["eval", "vl-rewardbench", *MODELS, "--data", data, *recipes, *flags, "-o", out, "-q"]
        return vlrm(*arguments, "--threads", "1", **how)

    return run


@pytest.fixture(scope="session")
def whole(vlrm, data, some, tmp_path_factory):
    """An uninterrupted sweep, its standard error, and how long it took."""
    out = tmp_path_factory.mktemp("whole") / "sweep"
    flags = ["eval", "vl-rewardbench", *MODELS, "--data", data, "--recipes", f"{some}/*.yml", "-o", out, "-q"]
    start = time.monotonic()
    done = subprocess.run([PROGRAM, *map(str, flags), "--threads", "1"], capture_output=True, text=True, check=True)
    return out, done.stderr, time.monotonic() - start


def work(told):
    """What a sweep says that it did: images encoded, models merged, chunks."""
    (numbers,) = re.findall(r"(\d+) images encoded, (\d+) models merged, (\d+) chunks", told)
    return tuple(map(int, numbers))


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# The recipes


def test_the_published_recipes_are_the_ones_of_the_paper(paper):
    found = {}
    for path in paper.iterdir():
        recipe = yaml.safe_load(path.read_text())
        vlm, rm = recipe["models"]
        assert (vlm["model"], rm["model"]) == ("vlm", "rm")
        assert rm["parameters"]["weight"][0] == {"filter": "lm_head", "value": 0}
        assert recipe["tokenizer"] == {"source": "vlm", "pad_to_multiple_of": 8}
        assert recipe.get("base_model") == (None if recipe["merge_method"] == "linear" else "base")
        assert recipe.get("parameters") == (None if recipe["merge_method"] == "ties" else {"normalize": False})
        assert recipe["dtype"] == "float32"
        assert vlm["parameters"].get("density") == rm["parameters"].get("density")
        numbers = vlm["parameters"]["weight"], rm["parameters"]["weight"][1]["value"], vlm["parameters"].get("density")
        found[path.stem] = recipe["merge_method"], *numbers
    expected = {f"linear-rm{i / 10:.1f}": ("linear", (10 - i) / 10, i / 10, None) for i in range(11)}
    expected |= {f"task_arithmetic-weight{i / 10:.1f}": ("task_arithmetic", i / 10, i / 10, None) for i in range(11)}
    expected |= {f"{method}-weight{weight}-density{density}": (method, weight, weight, density)
                 for method in ("ties", "dare_linear", "dare_ties")
                 for weight in (1.0, 0.7, 0.5) for density in (0.8, 0.6, 0.4, 0.2)}  # fmt: skip
    assert found == expected and len(found) == 58


def test_every_published_recipe_builds(vlrm, paper):
    for path in sorted(paper.iterdir()):
        vlrm("build", *MODELS, "--recipe", path, "--sink", "null", "-q")


def test_mergekit_reads_them(paper):
    config = pytest.importorskip("mergekit.config")
    for path in paper.iterdir():
        config.MergeConfiguration.model_validate(yaml.safe_load(path.read_text()))


def test_recipes_are_written_whole_and_over_nothing_else(vlrm, paper, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    assert "mine" in vlrm("recipes", "paper", "-o", tmp_path / "mine", fails=True)
    assert "mine" in vlrm("recipes", "paper", "-o", tmp_path / "mine", "--force", fails=True)
    vlrm("recipes", "paper", "-o", paper, "--force")
    assert len(list(paper.iterdir())) == 58
    assert "SET: papre is none of paper, depth; did you mean paper?" in vlrm("recipes", "papre", "-o", tmp_path / "out", fails=True)


# The sweep


def test_a_sweep_is_its_single_runs(vlrm, whole, data, some, tmp_path):
    out, told, _ = whole
    for name in SOME:
        stem = name.removesuffix(".yml")
        vlrm("eval", "vl-rewardbench", *MODELS, "--data", data, "--recipe", some / name, "-o", tmp_path / stem, "-q",
             "--threads", "1")  # fmt: skip
        assert len(read_lines(out / stem / "results.jsonl")) == ROWS
    assert files(out) == files(tmp_path)
    # Once a sample in all, and what occurs twice once.
    assert work(told) == (ROWS - 1, len(SOME), 1)


def test_run_json_says_what_the_report_draws(whole):
    import json

    recipe = json.loads((whole[0] / "ties-weight0.7-density0.4/run.json").read_text())["recipe"]
    assert recipe.pop("digest") and recipe == {
        "file": "ties-weight0.7-density0.4.yml", "seed": 0, "method": "ties", "weights": {"vlm": 0.7, "rm": 0.7},
        "density": 0.4}  # fmt: skip


def test_the_weight_0_is_the_base_and_the_vlm(vlrm, whole, tmp_path):
    """task_arithmetic with 0 is the base behind the VLM's pictures, linear with 0 the VLM's own text part."""
    safetensors = pytest.importorskip("safetensors.torch")
    import torch

    recipes = tmp_path / "recipes"
    vlrm("recipes", "paper", "-o", recipes)
    base = safetensors.load_file(WORLD / "base/model.safetensors")
    vlm = safetensors.load_file(WORLD / "vlm/model.safetensors")
    rm = safetensors.load_file(WORLD / "rm/model.safetensors")
    norm = "model.norm.weight"
    for recipe, tensor in (("task_arithmetic-weight0.0", base[norm]), ("linear-rm0.0", vlm[f"language_model.{norm}"]),
                           ("linear-rm1.0", rm[norm])):  # fmt: skip
        vlrm("build", *MODELS, "--recipe", recipes / f"{recipe}.yml", "-o", tmp_path / recipe, "-q")
        built = safetensors.load_file(tmp_path / recipe / "model.safetensors")
        assert torch.equal(built[f"language_model.{norm}"], tensor.to(torch.bfloat16))


def test_the_paper_from_memory_is_the_paper_from_files(vlrm, paper, data, tmp_path):
    small = ["--mode", "no-image", "--batch-samples", "64", "--threads", "1", "-q", "--data", data]
    vlrm("eval", "vl-rewardbench", *MODELS, *small, "--sweep", "paper", "-o", tmp_path / "memory")
    vlrm("eval", "vl-rewardbench", *MODELS, *small, "--recipes", f"{paper}/*.yml", "-o", tmp_path / "files")
    assert files(tmp_path / "memory") == files(tmp_path / "files")
    assert len(list((tmp_path / "memory").iterdir())) == 58
    table = vlrm("results", tmp_path / "memory", "--no-intervals")
    assert "* best of the complete runs" in table and "ties-weight0.7-density0.4 (no-image)" in table


@pytest.mark.parametrize("weights", ["resident", "streamed"])
@pytest.mark.parametrize("limit", ["1GB", "2MB", "1"])
def test_chunks_and_streaming_change_nothing(whole, data, some, tmp_path, weights, limit):
    out = tmp_path / "out"
    flags = ["eval", "vl-rewardbench", *MODELS, "--data", data, "--recipes", f"{some}/*.yml", "-o", out, "-q",
             "--weights", weights, "--memory-limit", limit, "--threads", "1"]  # fmt: skip
    told = subprocess.run([PROGRAM, *map(str, flags)], capture_output=True, text=True, check=True).stderr
    assert files(out) == files(whole[0])
    encoded, merged, chunks = work(told)
    batches = (ROWS + 7) // 8
    if limit == "1GB":
        assert (encoded, merged, chunks) == (ROWS - 1, len(SOME), 1)
    elif limit == "2MB":  # the picture that occurs twice may be in two chunks
        assert 1 < chunks < batches and encoded in (ROWS - 1, ROWS) and merged == chunks * (len(SOME) - 1) + 1
    else:  # nothing is kept
        assert chunks == batches and encoded >= len(SOME) * (ROWS - 1) and merged == chunks * (len(SOME) - 1) + 1


def test_a_killed_sweep_goes_on_to_the_same_bytes(whole, sweep, data, some, tmp_path):
    expected, _, seconds = whole
    draw = random.Random(1)
    killed = 0
    for attempt in range(12):
        out = tmp_path / f"out{attempt}"
        flags = ["--memory-limit", "2MB"] if attempt % 2 else []
        command = ["eval", "vl-rewardbench", *MODELS, "--data", data, "--recipes", f"{some}/*.yml", "-o", out, "-q"]
        for _ in range(1 + attempt % 3):
            process = subprocess.Popen([PROGRAM, *map(str, command), *flags, "--threads", "1"], stderr=subprocess.DEVNULL)
            time.sleep(draw.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        sweep(out, *flags)
        assert files(out) == files(expected)
    assert killed >= 5


def test_finished_work_is_left_alone(whole, sweep):
    before = {path: path.stat().st_mtime_ns for path in whole[0].rglob("*")}
    start = time.monotonic()
    sweep(whole[0])
    assert time.monotonic() - start < 1
    assert {path: path.stat().st_mtime_ns for path in whole[0].rglob("*")} == before
    assert "other settings" in sweep(whole[0], "--mode", "no-image", fails=True)


def test_what_is_wrong_is_told_before_anything_is_scored(sweep, some, tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "a.yml").write_bytes((some / SOME[0]).read_bytes())
    cases = [
        ("z.yml", "models: 3\n", "z.yml:1"),
        ("z.yml", (some / SOME[2]).read_text().replace("density: 0.4", "dense: 0.4"), "unknown parameter \"dense\""),
        ("z.yml", (some / SOME[0]).read_text().replace("multiple_of: 8", "multiple_of: 64"), "z.yml: the merged embeddings"),
        ("a.yaml", (some / SOME[0]).read_text(), "would both have the result folder a"),
    ]
    for name, text, expected in cases:
        (bad / name).write_text(text)
        assert expected in sweep(tmp_path / "out", "--recipes", f"{bad}/*", fails=True), name
        assert not (tmp_path / "out").exists()
        (bad / name).unlink()


@pytest.mark.parametrize("flags, expected", [
    (["--recipes", "nowhere/*.yml"], "--recipes: no file matches nowhere/*.yml"),
    (["--sweep", "paper", "--mode", "text-only"], "a sweep is of merged models, which text-only does not run"),
    (["--sweep", "paper", "--mode", "cascade"], "which cascade does not run"),
    (["--sweep", "paper", "--mode", "random"], "which random does not run"),
    (["--sweep", "paper", "--label", "x"], "those of a sweep are named after their recipes"),
    (["--sweep", "papre"], "--sweep: papre is none of paper; did you mean paper?"),
    (["--sweep", "paper", "--recipes", "x.yml"], "does not go with"),
    (["--sweep", "paper", "--recipe", "x.yml"], "does not go with"),
    (["--recipes", "x.yml", "--model", "x"], "does not go with"),
    (["--sweep", "paper", "--memory-limit", "lots"], "\"lots\" is not a size"),
])  # fmt: skip
def test_a_wrong_command_line_gets_one_line(vlrm, data, tmp_path, flags, expected):
    assert expected in vlrm("eval", "vl-rewardbench", *MODELS, "--data", data, *flags, "-o", tmp_path / "o", fails=True)
    assert not (tmp_path / "o").exists()


def test_a_sweep_needs_models_and_a_limit_needs_a_sweep(vlrm, data, tmp_path):
    flags = ["eval", "vl-rewardbench", "--data", data, "-o", tmp_path / "o"]
    assert "--vlm: is missing" in vlrm(*flags, "--sweep", "paper", fails=True)
    either = "--model: name either a model, or a recipe or a method with the models that it merges (--vlm, --rm, --base)"
    assert either in vlrm(*flags, fails=True)
    assert "--vlm: add --recipe, or --method and its numbers" in vlrm(*flags, "--vlm", "v", "--rm", "r", fails=True)
    assert "--memory-limit goes only with" in vlrm(*flags, "--model", "m", "--memory-limit", "1GB", fails=True)
