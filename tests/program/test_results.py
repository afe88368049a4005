"""vlrm results beside the reference's result scripts, and its statistics beside brute force."""

import itertools
import json
import math
import random

import numpy as np
import pytest
from conftest import read_lines, write_lines
from reference_results import (
    FILES,
    assert_same,
    percents,
    printed_by_the_reference,
    printed_numbers,
    published_responses,
    summary,
)


@pytest.mark.parametrize("file", FILES)
def test_summaries_that_the_reference_printed(goldens, vlrm, file):
    rows = goldens / f"eval/results/{file}.jsonl"
    for printed in printed_by_the_reference(goldens, file, rows):
        assert_same(summary(vlrm, rows)[0], printed_numbers(printed))


def best_of_n_rows(count, width, seed):
    draw = random.Random(seed)
    return [{"id": number, "input": "?", "responses": ["x" * draw.randint(1, 30) for _ in range(width)],
             "correctness": [draw.choice([0, 0.0, 0.3, 0.6, 0.9, 1, True]) for _ in range(width)],
             "scores": [round(draw.gauss(0, 1), 1) for _ in range(width)]} for number in range(count)]


def test_random_drawn_is_cpythons(vlrm, tmp_path):
    rows = [row for width in (1, 2, 3, 5, 8, 9) for row in best_of_n_rows(300, width, width)]
    random.Random(3).shuffle(rows)
    random.seed(0)
    drawn = 0
    for row in rows:
        drawn += random.choice(row["correctness"])
    assert percents(summary(vlrm, write_lines(tmp_path / "a.jsonl", rows))[0])["Drawn"] == drawn / len(rows) * 100


def test_best_of_n_curve_by_brute_force(vlrm, tmp_path):
    rows = best_of_n_rows(20, 6, 1)
    curve = summary(vlrm, write_lines(tmp_path / "a.jsonl", rows))[0]["curve"]
    for point in curve:
        values = []
        for row in rows:
            subsets = list(itertools.combinations(range(6), point["n"]))
            values.append(sum(row["correctness"][max(subset, key=lambda i: row["scores"][i])] for subset in subsets) / len(subsets))
        assert point["chosen"] == pytest.approx(sum(values) / len(values), abs=1e-12)


def pairs(rights, seed):
    draw = random.Random(seed)
    prefix = ("wild", "RLAIF-V", "mathverse")
    return [{"id": f"{prefix[number % 3]}-{number}", "prompts": ["a" * draw.randint(1, 9), "b"],
             "outputs": [1.0, 0.5] if right else [0.5, 1.0], "predicted_answer": int(not right), "ground_truth": [0, 1]}
            for number, right in enumerate(rights)]


def binomial_tail(n, k):
    return sum(math.comb(n, i) for i in range(k + 1)) / 2**n


def test_comparison_is_mcnemars(vlrm, tmp_path):
    draw = random.Random(5)
    left, right = ([draw.random() < share for _ in range(240)] for share in (0.7, 0.55))
    a = write_lines(tmp_path / "a.jsonl", pairs(left, 1))
    b = write_lines(tmp_path / "b.jsonl", pairs(right, 1))
    compared = json.loads(vlrm("results", "--compare", a, b, "--format", "json"))["comparison"]
    overall = next(metric for metric in compared["metrics"] if metric["name"] == "Overall")
    only_a = sum(x and not y for x, y in zip(left, right))
    only_b = sum(y and not x for x, y in zip(left, right))
    assert (overall["only_a"], overall["only_b"]) == (only_a, only_b)
    assert overall["p"] == pytest.approx(min(1, 2 * binomial_tail(only_a + only_b, min(only_a, only_b))), rel=1e-10)
    low, high = overall["interval"]
    error = math.sqrt(sum((x - y) ** 2 for x, y in zip(left, right)) / 240 - ((only_a - only_b) / 240) ** 2) / math.sqrt(240) * 100
    difference = (only_a - only_b) / 2.4
    assert low == pytest.approx(difference - 1.96 * error, abs=0.6)
    assert high == pytest.approx(difference + 1.96 * error, abs=0.6)


def test_margins_are_numpys(vlrm, tmp_path):
    draw = random.Random(4)
    rows = pairs([draw.random() < 0.7 for _ in range(300)], 2)
    for row in rows:
        row["outputs"] = [round(draw.gauss(0, 1), 2), round(draw.gauss(0, 1), 2)]
        row["predicted_answer"] = int(np.argmax(row["outputs"]))
        row["ground_truth"] = draw.sample([0, 1], 2)
    run = summary(vlrm, write_lines(tmp_path / "a.jsonl", rows))[0]
    scores, preferred = np.array([row["outputs"] for row in rows]), np.array([row["ground_truth"][0] for row in rows])
    margins = scores[range(300), preferred] - scores[range(300), 1 - preferred]
    right = np.argmax(scores, axis=1) == preferred

    histogram = run["margin_histogram"]
    edges = histogram["edges"]
    assert 10 <= len(edges) - 1 <= 26 and 0 in edges and histogram["left_out"] == 0
    assert np.allclose(np.diff(edges), edges[1] - edges[0]) and edges[0] <= margins.min() and edges[-1] >= margins.max()
    assert histogram["right"] == np.histogram(margins[right], edges)[0].tolist()
    assert histogram["wrong"] == np.histogram(margins[~right], edges)[0].tolist()

    probabilities = 1 / (1 + np.exp(-abs(margins)))
    place = np.minimum((probabilities - 0.5) * 20, 9).astype(int)
    expected = [(probabilities[place == i].mean(), right[place == i].mean(), (place == i).sum()) for i in np.unique(place)]
    bins = run["calibration"]["bins"]
    assert [(b["predicted"], b["right"], b["count"]) for b in bins] == [pytest.approx(e, abs=1e-12) for e in expected]
    assert run["calibration"]["error"] == pytest.approx(sum(abs(p - r) * n for p, r, n in expected) / 300, abs=1e-12)

    by_margin = run["accuracy_by_margin"]
    assert sum(b["count"] for b in by_margin) == 300 and all(45 <= b["count"] <= 75 for b in by_margin)
    for b in by_margin:
        chosen = (abs(margins) >= b["low"]) & (abs(margins) <= b["high"])
        assert (b["count"], b["accuracy"]) == (chosen.sum(), pytest.approx(right[chosen].mean()))


def overall_of(goldens, file):
    """In percent, as the reference printed it."""
    return printed_numbers(json.loads((goldens / "eval/summaries.json").read_text())[file])["Overall"]


def test_formats(goldens, vlrm):
    results = goldens / "eval/results/float32"
    everything = [results / name for name in ("vl_rewardbench", "rlaif_v", "textvqa_val", "mmmu_pro_vision_cot")]
    text = vlrm("results", *everything, "--details")
    assert all(len(line) <= 100 for line in text.splitlines())
    for title in ("VL-RewardBench", "RLAIF-V", "TextVQA, best of 8", "MMMU-Pro vision, best of 4"):
        assert title in text
    best = max(overall_of(goldens, f"float32/vl_rewardbench/{mode}") for mode in ("vlrm", "no_image", "text_only", "cascade"))
    assert f"*{best:.1f}" in text
    assert f"*{best:.3f}" in vlrm("results", *everything, "--digits", "3")
    table = vlrm("results", *everything, "--format", "latex", "--one-table")
    assert table.count("\\begin{tabular}{lrrrrrrrr}") == 1 and "\\cmidrule(lr){2-6}" in table
    assert f"| **{best:.1f}** (" in vlrm("results", *everything, "--format", "md")
    assert vlrm("results", *everything, "--format", "markdown") == vlrm("results", *everything, "--format", "md")
    assert vlrm("results", *everything, "--format", "csv").count("\n") == 1 + 4 * 5 + 2 + 5 * 5


def test_columns_are_chosen(goldens, vlrm):
    results = goldens / "eval/results/float32"
    pairs, preferences = results / "vl_rewardbench", results / "rlaif_v"
    assert vlrm("results", pairs, "--columns", "Macro,Overall").splitlines()[1].split() == ["Method", "Samples", "Overall", "Macro"]
    joint = vlrm("results", pairs, preferences, "--columns", "Overall", "--format", "md", "--one-table").splitlines()
    assert [line.count("|") for line in joint if line.startswith("|")] == [3] * 6
    assert vlrm("results", pairs, "--columns", "Overal", fails=True) == (
        "vlrm: --columns: Overal is none of General, Hallucination, Reasoning, Overall, Macro")
    assert vlrm("results", pairs, "--columns", "Macro", "--format", "csv", fails=True) == (
        "vlrm: --columns is for tables; csv has all")


def test_columns_of_a_comparison(goldens, vlrm):
    results = goldens / "eval/results/float32/vl_rewardbench"
    compare = ("--compare", results / "vlrm.jsonl", results / "cascade.jsonl")
    assert [line.split()[0] for line in vlrm("results", *compare, "--columns", "Macro").splitlines()] == [
        "A:", "VL-RewardBench", "Macro", "Both", "p:"]
    assert vlrm("results", *compare, "--columns", "macro", fails=True) == (
        "vlrm: --columns: macro is none of General, Hallucination, Reasoning, Overall, Macro")


def test_the_published_responses(goldens, vlrm):
    file, rows, expected = published_responses(goldens)
    row = vlrm("results", file).splitlines()[2].split()
    assert row[:5] == ["textvqa_val", str(rows), "n/a", f"{expected['Pass@1']:.1f}", f"{expected['Pass@N']:.1f}"]
    assert_same(summary(vlrm, file)[0], expected | {"Overall": None})  # nobody has scored them


def test_an_unfinished_run_and_a_sweep(goldens, vlrm, tmp_path):
    rows = read_lines(goldens / "eval/results/float32/rlaif_v/vlrm.jsonl")
    for name, kept in (("ties_10", len(rows)), ("ties_9", len(rows) - 1)):
        folder = tmp_path / "sweep" / name
        folder.mkdir(parents=True)
        write_lines(folder / "results.jsonl", rows[:kept])
        (folder / "run.json").write_text(json.dumps({"task": "rlaif-v", "subtask": None, "label": name, "rows": len(rows)}))
    lines = vlrm("results", tmp_path / "sweep").splitlines()
    assert lines[2].startswith("ties_9") and f"{len(rows) - 1}/{len(rows)}†" in lines[2]
    assert any(line.startswith("ties_10") for line in lines) and "† unfinished." in lines[-1]


def test_folders_within_folders_and_each_run_once(goldens, vlrm, tmp_path):
    rows = read_lines(goldens / "eval/results/float32/rlaif_v/vlrm.jsonl")
    for name in ("plain", "sweep/ties_10", "sweep/ties_9", "pairs/sweep/dare"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        write_lines(folder / "results.jsonl", rows)
    (tmp_path / ".hidden").mkdir()
    write_lines(tmp_path / ".hidden/results.jsonl", rows)

    def labels(*paths):
        return [line.split(",")[1] for line in vlrm("results", *paths, "--format", "csv").splitlines()[1:]]

    assert labels(tmp_path) == ["dare", "plain", "ties_9", "ties_10"]
    assert labels(tmp_path / "plain", tmp_path, tmp_path / "sweep/../plain") == ["plain", "dare", "ties_9", "ties_10"]


def test_errors(vlrm, tmp_path):
    assert vlrm("results", fails=True) == "vlrm: name result folders, or two with --compare"
    assert "is not there" in vlrm("results", tmp_path / "none", fails=True)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": 1, "responses": ["a"], "correctness": [1]}\n{"id": 1, "resp')
    assert vlrm("results", bad, fails=True) == f"vlrm: {bad}, line 2: the last line is cut off"
    a = write_lines(tmp_path / "a.jsonl", pairs([True], 1))
    assert "--compare has no csv" in vlrm("results", "--compare", a, a, "--format", "csv", fails=True)


def combined(runs, method):
    """The rows of an ensemble, by numpy."""
    normalised = []
    for rows in runs:
        scores = np.concatenate([row["scores"] for row in rows])
        normalised.append([(np.array(row["scores"]) - scores.mean()) / scores.std() for row in rows])
    return [{**row, "scores": [round(score, 5) for score in getattr(np, method)(z, axis=0).tolist()]}
            for row, *z in zip(runs[0], *normalised)]


@pytest.mark.first_set
@pytest.mark.parametrize("method", ["mean", "min"])
def test_an_ensemble_is_numpys(vlrm, tmp_path, method):
    runs = [best_of_n_rows(200, 5, 1) for _ in range(3)]
    draw = random.Random(9)
    for number, rows in enumerate(runs):
        for row in rows:
            row["scores"] = [round(draw.gauss(number, 10 ** number) + correctness, 5) for correctness in row["correctness"]]
    files = [write_lines(tmp_path / f"{name}.jsonl", rows) for name, rows in zip("abc", runs)]
    *members, ensemble = summary(vlrm, "--ensemble", method, *files)
    assert [run["label"] for run in members] == ["a", "b", "c"]
    assert (ensemble["label"], ensemble["path"]) == (f"{method}(a, b, c)", None)
    expected = summary(vlrm, write_lines(tmp_path / "expected.jsonl", combined(runs, method)))[0]
    assert ensemble["metrics"] == expected["metrics"]  # with their intervals
    assert ensemble["scores"]["all"] == pytest.approx(expected["scores"]["all"], abs=1e-9)
    assert ensemble["metrics"] != members[0]["metrics"]


@pytest.mark.first_set
def test_ensembles_in_all_formats(goldens, vlrm):
    results = goldens / "eval/results/float32/vl_rewardbench"
    runs = ("--ensemble", "mean,min", results / "vlrm.jsonl", results / "text_only.jsonl")
    names = ["mean(vlrm, text_only)", "min(vlrm, text_only)"]
    for form in ("text", "md", "csv", "json"):
        text = vlrm("results", *runs, "--format", form)
        assert all(name in text.replace("\\", "") for name in names), form
    assert "mean(vlrm, text\\_only)" in vlrm("results", *runs, "--format", "latex", "--one-table")
    groups = json.loads(vlrm("results", *runs, "--format", "json"))["runs"][-1]["metrics"]
    assert [metric["name"] for metric in groups] == ["General", "Hallucination", "Reasoning", "Overall", "Macro"]
    assert vlrm("results", "--ensemble", "max", *runs[2:], fails=True).startswith("vlrm: --ensemble: ")


@pytest.mark.first_set
def test_an_ensemble_needs_the_same_rows_with_scores(goldens, vlrm, tmp_path):
    rows = best_of_n_rows(3, 2, 1)
    a = write_lines(tmp_path / "a.jsonl", rows)

    def refused(changed, name="b"):
        return vlrm("results", "--ensemble", "mean", a, write_lines(tmp_path / f"{name}.jsonl", changed), fails=True)

    assert refused(rows, "a") == "vlrm: an ensemble needs at least two runs, not 1"
    assert "3 and 2 rows" in refused(rows[:2])
    assert "row 2 differs in its responses" in refused([rows[0], {**rows[1], "responses": ["p", "q"]}, rows[2]])
    assert "b.jsonl: has no scores" in refused([{key: row[key] for key in row if key != "scores"} for row in rows])
    assert "b.jsonl: row 3 has a score that is not a finite" in refused([*rows[:2], {**rows[2], "scores": [1.0, math.nan]}])
    assert "b.jsonl: all its scores are 2" in refused([{**row, "scores": [2, 2]} for row in rows])
