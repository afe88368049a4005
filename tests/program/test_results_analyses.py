"""vlrm results across runs: matrices, orders, breakdowns, choices of recipes, published figures."""

import json
import random
from pathlib import Path

import pytest
from conftest import write_lines
from test_results import best_of_n_rows, binomial_tail, pairs

ROOT = Path(__file__).resolve().parents[2]


def run_folder(folder, rights, *, task="vl-rewardbench", data="data", **settings):
    """A result folder of pairs, of which `rights` says which are right."""
    folder.mkdir(parents=True)
    rows = pairs(rights, 1)
    groups = {"names": ["General", "Hallucination", "Reasoning"], "rows": [number % 3 for number in range(len(rows))]}
    if task == "rlaif-v":
        rows = [{key: row[key] for key in row if key != "id"} for row in rows]
        groups = {"names": [], "rows": []}
    write_lines(folder / "results.jsonl", rows)
    described = {"task": task, "label": folder.name, "rows": len(rows), "data": {"name": str(data), "stamp": str(data)}, **settings}
    if task != "rlaif-v":
        described["groups"] = groups
    (folder / "run.json").write_text(json.dumps(described))
    return folder


def answers(count, share, seed):
    draw = random.Random(seed)
    return [draw.random() < share for _ in range(count)]


def json_of(vlrm, *words):
    return json.loads(vlrm("results", *words, "--format", "json"))


def holm(p_values):
    """Holm's step-down, straight from its definition: the largest of the products so far."""
    order = sorted(p_values)
    return [min(1, max((len(order) - k) * q for k, q in enumerate(order) if q <= p)) for p in p_values]


def test_a_matrix_has_mcnemars_p_by_holm(vlrm, tmp_path):
    rights = [answers(150, share, seed) for seed, share in enumerate((0.85, 0.7, 0.68, 0.5))]
    runs = [run_folder(tmp_path / name, right) for name, right in zip("abcd", rights)]
    matrix, = json_of(vlrm, *runs, "--matrix")["matrix"]
    assert matrix["runs"] == list("abcd") and matrix["metric"] == "Overall"
    expected = []
    for cell in matrix["cells"]:
        left, right = rights[cell["a"]], rights[cell["b"]]
        only_a, only_b = (sum(x and not y for x, y in zip(*both)) for both in ((left, right), (right, left)))
        expected.append(min(1, 2 * binomial_tail(only_a + only_b, min(only_a, only_b))))
        assert cell["difference"] == pytest.approx((only_a - only_b) / 1.5)
        assert cell["agreement"] == pytest.approx(1 - (only_a + only_b) / 150)
    assert [cell["p"] for cell in matrix["cells"]] == pytest.approx(expected, rel=1e-9)
    assert [cell["p_holm"] for cell in matrix["cells"]] == pytest.approx(holm(expected), rel=1e-9)
    assert len(expected) == 6 and any(p < 0.05 for p in expected)
    for form in ("text", "md", "latex"):
        assert "Holm's method for 6 tests" in vlrm("results", *runs, "--matrix", "--format", form)


def test_a_matrix_leaves_out_other_samples(vlrm, tmp_path):
    runs = [run_folder(tmp_path / name, answers(count, 0.6, count)) for name, count in (("a", 30), ("b", 31), ("c", 30))]
    assert "b: left out, since its samples are not those of a: 30 and 31 rows." in vlrm("results", *runs, "--matrix")
    assert vlrm("results", *runs[:2], "--matrix", fails=True) == (
        "vlrm: --matrix: no two finished runs with scores are of one benchmark and over the same samples")
    assert vlrm("results", *runs, "--matrix", "--format", "csv", fails=True) == (
        "vlrm: --matrix has no csv; use json, md, latex or text")


def test_sorted_and_cut_in_every_format(vlrm, tmp_path):
    runs = [run_folder(tmp_path / name, answers(60, share, 3)) for name, share in (("b", 0.5), ("c", 0.9), ("a", 0.7))]
    for how, labels in ((("--sort", "Overall"), "cab"), (("--sort", "label"), "abc"), (("--top", "2"), "ca"),
                        (("--top", "2", "--sort", "label"), "ac")):
        assert [run["label"] for run in json_of(vlrm, *runs, *how)["runs"]] == list(labels)
        csv = vlrm("results", *runs, *how, "--format", "csv").splitlines()[1:]
        assert [line.split(",")[1] for line in csv[::5]] == list(labels)
        assert [line[0] for line in vlrm("results", *runs, *how, "--no-intervals").splitlines()[2:2 + len(labels)]] == list(labels)
    assert vlrm("results", *runs, "--sort", "overall", fails=True) == (
        "vlrm: --sort: overall is none of General, Hallucination, Reasoning, Overall, Macro, label")
    assert vlrm("results", "--published", "--top", "2", fails=True) == "vlrm: --top: name the runs that it is for"


@pytest.fixture
def animals(tmp_path):
    """A dataset with a column, and a run over it."""
    data = write_lines(tmp_path / "data.jsonl", [{"id": row["id"], "animal": ("cat", "dog", None)[number % 3], "legs": [4]}
                                                 for number, row in enumerate(pairs([True] * 30, 1))])
    return data, run_folder(tmp_path / "run", [number % 3 == 0 or number % 2 == 0 for number in range(30)], data=data)


def test_accuracy_by_a_column_of_the_dataset(vlrm, animals):
    _, run = animals
    by, = json_of(vlrm, run, "--by", "animal")["by"]
    assert by["column"] == "animal" and by["values"] == ["cat", "dog", "none"] and by["others"] == 0
    assert [(group["count"], group["percent"]) for group in by["runs"][0]["groups"]] == [(10, 100), (10, 50), (10, 50)]
    lines = vlrm("results", run, "--by", "animal").splitlines()
    assert lines[-2:] == ["Samples     10    10    10", "run      100.0  50.0  50.0"]
    assert vlrm("results", run, "--by", "legs").splitlines()[-3].split() == ["Method", "[4]"]


def test_accuracy_by_a_field_of_the_rows(vlrm, tmp_path):
    rows = [{**row, "topic": "left" if number < 5 else "right"} for number, row in enumerate(best_of_n_rows(12, 4, 2))]
    by, = json_of(vlrm, write_lines(tmp_path / "a.jsonl", rows), "--by", "topic")["by"]
    chosen = [row["correctness"][max(range(4), key=lambda i: row["scores"][i])] for row in rows]
    groups = by["runs"][0]["groups"]
    assert [(group["value"], group["count"]) for group in groups] == [("right", 7), ("left", 5)]
    assert [group["percent"] for group in groups] == pytest.approx([sum(chosen[5:]) / 7 * 100, sum(chosen[:5]) / 5 * 100])


def test_errors_of_a_breakdown(vlrm, animals, tmp_path):
    data, run = animals
    lines = data.read_text().splitlines(keepends=True)
    assert vlrm("results", run, "--by", "colour", fails=True) == (
        "vlrm: --by: colour is none of id, prompts, outputs, predicted_answer, ground_truth, animal, legs")
    data.write_text("".join([*lines[:4], lines[5], lines[4], *lines[6:]]))
    assert f"{data}, line 5: has the id" in vlrm("results", run, "--by", "animal", fails=True)
    data.write_text("".join(lines[:-1]))
    assert f"29 rows in one file: ends before the rows of {run}" in vlrm("results", run, "--by", "animal", fails=True)
    moved = tmp_path / "moved.jsonl"
    moved.write_text("".join(lines))
    data.unlink()
    assert "--data names another place for the dataset of" in vlrm("results", run, "--by", "animal", fails=True)
    assert "cat" in vlrm("results", run, "--by", "animal", "--data", moved)
    assert vlrm("results", run, "--data", moved, fails=True) == "vlrm: --data: is for --by, which is missing"
    (run / "run.json").unlink()
    assert "and --data names no dataset" in vlrm("results", run / "results.jsonl", "--by", "animal", fails=True)


def recipe_folder(root, name, method, share, **settings):
    recipe = {"file": f"{name}.yml", "method": method, "weights": {"vlm": 0.5, "rm": 0.5}, "density": None}
    models = {role: {"name": role, "stamp": role} for role in ("vlm", "rm", "base")}
    return run_folder(root / name, answers(90, share, 7), data=root, recipe=recipe, **models, **settings)


@pytest.fixture
def sweeps(tmp_path):
    """The same four recipes on validation and on test rows."""
    names = (("ties-a", "ties", 0.6, 0.7), ("ties-b", "ties", 0.8, 0.6), ("linear-a", "linear", 0.7, 0.9), ("linear-b", "linear", 0.5, 0.5))
    for name, method, validation, test in names:
        recipe_folder(tmp_path / "validation", name, method, validation, task="rlaif-v")
        recipe_folder(tmp_path / "test", name, method, test)
    return tmp_path / "validation", tmp_path / "test"


def test_a_recipe_chosen_on_other_rows(vlrm, sweeps):
    validation, test = sweeps
    figures = {run["label"]: next(metric for metric in run["metrics"] if metric["name"] == "Overall")
               for run in json_of(vlrm, test)["runs"]}
    choices, = json_of(vlrm, "--choose-on", validation, "--report-on", test)["choices"]
    chosen = {choice["method"]: choice for choice in choices["choices"]}
    assert list(chosen) == ["linear", "ties", None]
    assert [choice["test"]["label"] for choice in chosen.values()] == ["linear-a", "ties-b", "ties-b"]
    assert chosen["ties"]["best_on_test"]["label"] == "ties-a" and chosen[None]["best_on_test"]["label"] == "linear-a"
    for choice in chosen.values():
        assert choice["test"]["percent"] == figures[choice["test"]["label"]]["percent"]
        assert choice["test"]["interval"] == figures[choice["test"]["label"]]["interval"]
    for form in ("text", "md", "latex"):
        assert "too high by selection" in vlrm("results", "--choose-on", validation, "--report-on", test, "--format", form)


def test_errors_of_a_choice(vlrm, sweeps):
    validation, test = sweeps
    assert vlrm("results", "--choose-on", validation, fails=True) == (
        "vlrm: --report-on: is missing: it names the runs to show of the recipe that --choose-on chooses")
    assert vlrm("results", "--report-on", test, fails=True) == (
        "vlrm: --choose-on: is missing: it names the runs that choose a recipe for --report-on")
    assert "over the same data" in vlrm("results", "--choose-on", test, "--report-on", test, fails=True)
    run = test / "ties-b/run.json"
    run.write_text(run.read_text().replace('"stamp": "rm"', '"stamp": "another"'))
    assert vlrm("results", "--choose-on", validation, "--report-on", test, fails=True) == (
        "vlrm: --report-on: no run of VL-RewardBench has the recipe ties-b that was chosen, and the same models")


def test_the_best_recipe_is_marked_as_selected(vlrm, sweeps):
    _, test = sweeps
    for words in ((), ("--top", "2"), ("--one-table",)):
        text = " ".join(vlrm("results", test, *words).split())
        assert "linear-a‡" in text and "the best of 4 recipes; its figure is too high by selection. Choose on other rows with --choose-on." in text
    assert [run.get("selected_of") for run in json_of(vlrm, test)["runs"]] == [4, None, None, None]
    assert "‡" not in vlrm("results", test / "ties-a", test / "ties-b")


def test_the_leaderboard_is_what_the_program_prints(vlrm):
    page = (ROOT / "docs/leaderboard.md").read_text()
    printed = vlrm("results", "--published", "--format", "md")
    assert printed.count("not measured here") == 2 and printed.strip() in page


def test_published_figures_stand_beside_runs(vlrm, tmp_path):
    run = run_folder(tmp_path / "mine", answers(60, 0.8, 1))
    overall = next(metric["percent"] for metric in json_of(vlrm, run)["runs"][0]["metrics"] if metric["name"] == "Overall")
    text = vlrm("results", run, "--published")
    assert "Multimodal" not in text and "not measured here" in text
    assert "Not comparable: 1 of the runs here are not over the 1250 rows of the published figures." in text
    row = next(line for line in text.splitlines() if line.startswith("mine") and line.endswith("this run"))
    assert row.split()[1] == f"{overall:.1f}"
    benchmark, = json_of(vlrm, run, "--published")["published"]
    assert benchmark["benchmark"] == "vl-rewardbench" and benchmark["measured_here"] is False
    for figure in benchmark["figures"]:
        assert figure["source"] and figure["date"] and figure["grouping"] and figure["comparable"]
        assert figure["overall"] or figure["unstated"]
    skywork = next(figure for figure in benchmark["figures"] if figure["model"] == "Skywork-VL-Reward-7B")
    assert (skywork["overall"], skywork["macro"]) == (73.1, None)
    whole = run_folder(tmp_path / "whole", answers(1250, 0.8, 1))
    assert "Not comparable:" not in vlrm("results", whole, "--published")
    rlaif = run_folder(tmp_path / "other", answers(9, 0.5, 1), task="rlaif-v")
    assert json_of(vlrm, rlaif, "--published")["published"] == []
    assert "\\begin{table}" in vlrm("results", "--published", "--format", "latex")
