"""Benchmarks whose figures are not only shares of right choices: each figure is that of the benchmark's own code."""

import json

import pyarrow.parquet as pq
import pytest
from conftest import GOLDENS, read_lines, write_lines
from evaluations import rows_of

EXPECTED = json.loads((GOLDENS / "reference/benchmark_figures.json").read_text())
DATA = GOLDENS / "eval/data"
NAMES = ["multimodal-rewardbench", "mm-rlhf-rewardbench", "omni-rewardbench", "rewardbench-2"]


def data_of(name):
    return DATA / name.replace("-", "_")


def with_scores(folder, scores):
    """The rows of an evaluation, with these scores in place of those that were drawn."""
    rows = rows_of(folder)
    for row, values in zip(rows, scores, strict=True):
        row["outputs" if "outputs" in row else "scores"] = values
        if "predicted_answer" in row:
            row["predicted_answer"] = values.index(max(values))
    write_lines(folder / "results.jsonl", rows)


@pytest.fixture
def figures(vlrm, tmp_path):
    """The figures of a benchmark, in percent, for the made-up scores."""

    def of(name, data=None, scores=None, folder="out"):
        vlrm("eval", name, "--mode", "random", "--data", data or data_of(name), "-o", tmp_path / folder)
        with_scores(tmp_path / folder, scores or EXPECTED[name]["scores"])
        run = json.loads(vlrm("results", tmp_path / folder, "--format", "json"))["runs"][0]
        return {metric["name"]: metric for metric in run["metrics"]}

    return of


def percents(metrics):
    return {name: metric["percent"] for name, metric in metrics.items()}


def test_multimodal_rewardbench(figures):
    expected = EXPECTED["multimodal-rewardbench"]["figures"]
    found = percents(figures("multimodal-rewardbench"))
    assert found.pop("Overall") == pytest.approx(100 * expected.pop("all"))
    assert found == pytest.approx({name: 100 * share for name, share in expected.items()})


def test_multimodal_rewardbench_as_its_authors_give_it(figures, tmp_path):
    """One JSON array, with the images in files beside it."""
    rows = pq.read_table(data_of("multimodal-rewardbench")).to_pylist()
    for number, row in enumerate(rows):
        (tmp_path / f"{number}.png").write_bytes(row["Image"]["bytes"])
        row["Image"] = f"{number}.png"
        row["Meta"] = {"Category": row.pop("Category")}
    (tmp_path / "all_data.json").write_text(json.dumps(rows, indent=2))
    array = figures("multimodal-rewardbench", tmp_path / "all_data.json", folder="array")
    assert array == figures("multimodal-rewardbench")


def test_mm_rlhf_rewardbench(figures):
    expected = EXPECTED["mm-rlhf-rewardbench"]["figures"]
    found = percents(figures("mm-rlhf-rewardbench"))
    for name, title in {"mcq": "MCQ", "long": "Long", "short": "Short", "safety": "Safety", "overall": "Overall"}.items():
        assert found[title] == pytest.approx(100 * expected[name][0], abs=0.5)  # it prints two digits
    assert found["ACC+"] == pytest.approx(100 * expected["overall"][1], abs=0.5)


def test_rows_that_show_a_video_are_left_out_and_counted(vlrm, tmp_path):
    rows = read_lines(data_of("mm-rlhf-rewardbench") / "mm_reward_bench.jsonl")
    videos = sum("video" in row for row in rows)
    vlrm("eval", "mm-rlhf-rewardbench", "--mode", "random", "--data", data_of("mm-rlhf-rewardbench"), "-o", tmp_path / "out")
    assert len(rows_of(tmp_path / "out")) == len(rows) - videos > 0
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert run["left_out"] == {"rows": videos, "are": "rows that show a video"}
    assert f"without {videos} rows that show a video." in vlrm("results", tmp_path / "out")


def test_only_videos(vlrm, tmp_path):
    row = {"id": "a", "video": "video/1", "prompt": "a", "chosen": "b", "rejected": "c"}
    data = write_lines(tmp_path / "rows.jsonl", [row])
    said = vlrm("eval", "mm-rlhf-rewardbench", "--mode", "random", "--data", data, "-o", tmp_path / "out", fails=True)
    assert "all are rows that show a video; there is nothing to evaluate" in said


def test_omni_rewardbench(figures):
    expected = EXPECTED["omni-rewardbench"]["figures"]
    found = percents(figures("omni-rewardbench"))
    assert found["Overall"] == pytest.approx(100 * expected["without_ties"])
    assert found["With ties"] == pytest.approx(100 * expected["with_ties"])
    assert found["Tie-calibrated"] == pytest.approx(100 * best_share_over_thresholds())


def best_share_over_thresholds():
    rows = pq.read_table(data_of("omni-rewardbench")).to_pylist()
    pairs = EXPECTED["omni-rewardbench"]["scores"]

    def share(threshold):
        says = ["tie" if round(abs(a - b), 5) <= threshold else "response1" if a > b else "response2" for a, b in pairs]
        return sum(one == row["criteria_preference"] for one, row in zip(says, rows, strict=True)) / len(rows)

    return max(share(round(abs(a - b), 5)) for a, b in [*pairs, (0, 0)])


def test_omni_asks_by_its_criterion(vlrm, tmp_path):
    vlrm("eval", "omni-rewardbench", "--mode", "random", "--data", data_of("omni-rewardbench"), "-o", tmp_path / "out")
    row = pq.read_table(data_of("omni-rewardbench")).to_pylist()[0]
    prompt = rows_of(tmp_path / "out")[0]["prompts"][0]
    assert prompt == f"{row['prompt']}\n\nThe answer is judged by this criterion: {row['criteria']}"


def test_rewardbench_2(figures):
    found = figures("rewardbench-2")
    expected = EXPECTED["rewardbench-2"]["figures"]
    assert percents(found) == pytest.approx({name: 100 * share for name, share in expected.items()}, rel=1e-12)
    for name, metric in found.items():
        low, high = metric["interval"]
        assert low <= metric["percent"] <= high, name


def test_rewardbench_2_needs_no_images(vlrm, tmp_path):
    from evaluations import world_vlrm

    model = world_vlrm(tmp_path / "m")
    rows = pq.read_table(data_of("rewardbench-2")).slice(0, 3)
    pq.write_table(rows, tmp_path / "three.parquet")
    for mode in ("image", "no-image"):
        vlrm("eval", "rewardbench-2", "--data", tmp_path / "three.parquet", "--mode", mode, "--model", model, "-o",
             tmp_path / mode, "-q")  # fmt: skip
    assert rows_of(tmp_path / "image") == rows_of(tmp_path / "no-image")


@pytest.mark.parametrize("name", NAMES)
def test_two_runs_are_compared_by_the_same_figures(vlrm, tmp_path, figures, name):
    first = figures(name, folder="a")
    second = figures(name, scores=[[-score for score in row] for row in EXPECTED[name]["scores"]], folder="b")
    compared = json.loads(vlrm("results", "--compare", tmp_path / "a", tmp_path / "b", "--format", "json"))["comparison"]
    names = [metric["name"] for metric in compared["metrics"]]
    assert names == [each for each in first if each != "Tie-calibrated"]
    for metric in compared["metrics"]:
        for side, run in (("a", first), ("b", second)):
            assert metric[side] == pytest.approx(run[metric["name"]]["percent"])


@pytest.mark.parametrize("name", NAMES)
def test_the_page_opens_their_datasets(vlrm, tmp_path, figures, name):
    figures(name)
    vlrm("report", tmp_path / "out", "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "Without images" not in page
    assert ("data:image/" in page) == (name != "rewardbench-2")


GROUPINGS = EXPECTED["vl-rewardbench"]["groups"]


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_vl_rewardbench_is_grouped_as_published(vlrm, tmp_path, grouping):
    ids, groups = EXPECTED["vl-rewardbench"]["ids"], GROUPINGS[grouping]
    rows = [{"id": each, "prompts": ["a", "b"], "outputs": [1, 0], "predicted_answer": 0, "ground_truth": [i % 2, 1 - i % 2]}
            for i, each in enumerate(ids)]  # fmt: skip
    write_lines(tmp_path / "vl_rewardbench.jsonl", rows)
    run = json.loads(vlrm("results", tmp_path / "vl_rewardbench.jsonl", "--grouping", grouping, "--format", "json"))["runs"][0]
    found = {metric["name"].lower(): (metric["count"], metric["percent"]) for metric in run["metrics"]}
    for group in ("general", "hallucination", "reasoning"):
        own = [1 - i % 2 for i, each in enumerate(groups) if each == group]
        assert found[group] == (len(own), pytest.approx(100 * sum(own) / len(own)))


def test_a_grouping_that_is_not_known(vlrm, tmp_path):
    row = {"id": "a", "prompts": ["a", "b"], "outputs": [1, 0], "predicted_answer": 0, "ground_truth": [0, 1]}
    write_lines(tmp_path / "vl_rewardbench.jsonl", [row])
    said = vlrm("results", tmp_path / "vl_rewardbench.jsonl", "--grouping", "mine", fails=True)
    assert "mine is none of VL-RewardBench's groupings: authors, authors-2024, r1-reward" in said


@pytest.mark.parametrize("name, row, error", [
    ("multimodal-rewardbench", {"ID": "a", "Text": "a", "Output1": "b", "Output2": "c", "Better": "1", "Category": "x"},
     '"Better" is 1, neither Output1 nor Output2'),
    ("mm-rlhf-rewardbench", {"id": "a", "image": "x.png", "prompt": "a", "chosen": "b", "rejected": "c"},
     "the path of its image, x.png, has none of mcq, long, short and safety"),
    ("omni-rewardbench", {"id": "a", "prompt": "a", "criteria": "b", "response1": "c", "response2": "d",
                          "criteria_preference": "both"}, '"criteria_preference" is both, not response1, response2 or tie'),
    ("rewardbench-2", {"id": "a", "prompt": "a", "chosen": ["b"], "rejected": ["c"], "subset": "Chat"},
     "\"subset\" is Chat, none of RewardBench 2's"),
])  # fmt: skip
def test_rows_that_do_not_fit(vlrm, tmp_path, name, row, error):
    data = write_lines(tmp_path / "rows.jsonl", [row])
    assert error in vlrm("eval", name, "--mode", "random", "--data", data, "-o", tmp_path / "out", fails=True)
    assert not (tmp_path / "out/results.jsonl").exists()


def test_a_report_by_another_grouping(vlrm, tmp_path):
    rows = [{"id": each, "prompts": ["a", "b"], "outputs": [1, 0], "predicted_answer": 0, "ground_truth": [0, 1]}
            for each in EXPECTED["vl-rewardbench"]["ids"]]  # fmt: skip
    write_lines(tmp_path / "vl_rewardbench.jsonl", rows)
    vlrm("report", tmp_path / "vl_rewardbench.jsonl", "--grouping", "r1-reward", "-o", tmp_path / "r.html")
    assert "VL-RewardBench (r1-reward grouping)" in (tmp_path / "r.html").read_text()


def test_a_breakdown_leaves_out_what_the_benchmark_does(vlrm, tmp_path, figures):
    figures("mm-rlhf-rewardbench")
    found = json.loads(vlrm("results", tmp_path / "out", "--by", "id", "--format", "json"))["by"][0]
    assert sum(group["count"] for group in found["runs"][0]["groups"]) == len(EXPECTED["mm-rlhf-rewardbench"]["scores"])
    column = json.loads(vlrm("results", tmp_path / "out", "--by", "chosen_reason", "--format", "json"))["by"][0]
    assert [group["count"] for group in column["runs"][0]["groups"]] == [len(EXPECTED["mm-rlhf-rewardbench"]["scores"])]


def test_a_matrix_where_a_subset_has_no_rows(vlrm, tmp_path):
    for name in ("a", "b"):
        vlrm("eval", "rewardbench-2", "--mode", "random", "--limit", "8", "--data", data_of("rewardbench-2"), "-o", tmp_path / name)
    assert "no two finished runs" in vlrm("results", tmp_path / "a", tmp_path / "b", "--matrix", fails=True)
