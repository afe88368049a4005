"""vlrm report: what the page holds."""

import html
import json
import re

import pyarrow.parquet as pq
from conftest import ROOT, read_lines, write_lines
from report_fixtures import ATTACK, PICTURES, ROWS, dataset, embedded, page

__all__ = ["dataset", "page"]  # fixtures


def test_the_page_holds_everything_and_stays_small(page):
    text = page.read_text()
    assert page.stat().st_size < 100e6
    gallery = embedded(text, "data")["galleries"][0]
    assert len(gallery["ids"]) == ROWS and len(gallery["runs"]) == 3 and gallery["notes"] == []
    assert gallery["responses"][0][0].endswith(ATTACK)
    assert len(embedded(text, "images")) == PICTURES
    markup = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.S)
    assert not re.search(r"https?://|<link|<iframe|url\(|@import", markup)


def test_its_tables_are_those_of_results(vlrm, page):
    folder = page.parent
    lines = vlrm("results", folder / "random", folder / "sweep", "--format", "csv").splitlines()[1:]
    text = page.read_text()
    for line in lines:
        figure = line.split(",")[6]
        assert f"{float(figure):.1f}" in text
    assert text.count("<strong>") >= 5


def test_the_byte_budget_makes_images_coarser(vlrm, page):
    small, usual = page.parent / "small.html", page.parent / "usual.html"
    vlrm("report", page.parent / "random", "-o", usual, "--samples", "200")
    vlrm("report", page.parent / "random", "-o", small, "--samples", "200", "--megabytes", "1")
    assert small.stat().st_size < 1e6 < usual.stat().st_size
    assert all(embedded(small.read_text(), "images"))


def test_reference_rows_give_rendered_prompts(goldens, vlrm, tmp_path):
    results = goldens / "eval/results/float32"
    vlrm("report", results / "vl_rewardbench", results / "textvqa_val", "-o", tmp_path / "report.html")
    data = embedded((tmp_path / "report.html").read_text(), "data")
    assert [each["name"] for each in data["benchmarks"]] == ["VL-RewardBench", "TextVQA"]
    pairs, best_of_n = data["galleries"]
    assert pairs["rendered"] and not any(pairs["images"]) and len(pairs["runs"]) == 4
    assert not best_of_n["rendered"] and len(best_of_n["responses"][0]) == 8


def test_images_of_best_of_n_come_from_the_dataset(goldens, vlrm, tmp_path):
    results, data = goldens / "eval/results/float32", goldens / "eval/data"
    for name, folder in (("mmmu_pro_standard_cot", "mmmu_pro_standard"), ("textvqa_val", "textvqa")):
        page = tmp_path / f"{name}.html"
        vlrm("report", results / name, "-o", page, "--data", f"{name}={data / folder}")
        assert all(embedded(page.read_text(), "data")["galleries"][0]["images"]), name


def test_data_that_is_gone_or_another_gives_a_note(vlrm, page, dataset, tmp_path):
    run = page.parent / "random"
    copy = tmp_path / "run"
    copy.mkdir()
    (copy / "results.jsonl").write_bytes((run / "results.jsonl").read_bytes())
    settings = json.loads((run / "run.json").read_text())
    for name, said in (("/nowhere", "/nowhere"), (str(ROOT / "world/pairs.parquet"), "it has 720 rows")):
        settings["data"]["name"] = name
        (copy / "run.json").write_text(json.dumps(settings))
        note = vlrm("report", copy, "-o", tmp_path / "page.html", "--force", notes=True)[0]
        assert "Without images" in note and said in note
    error = vlrm("report", copy, "-o", tmp_path / "new.html", "--data", "/nowhere", fails=True)
    assert "--data /nowhere" in error and not (tmp_path / "new.html").exists()


def test_a_limited_run_has_the_images_of_its_rows(vlrm, dataset, tmp_path):
    vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", dataset, "--limit", "7", "-o", tmp_path / "run")
    vlrm("report", tmp_path / "run", "-o", tmp_path / "page.html")
    gallery = embedded((tmp_path / "page.html").read_text(), "data")["galleries"][0]
    assert len(gallery["images"]) == 7 and all(gallery["images"]) and gallery["notes"] == []


def test_runs_over_different_parts_of_a_dataset(vlrm, page, dataset, tmp_path):
    table = pq.read_table(dataset)
    for rows in (10, 20):
        pq.write_table(table.slice(0, rows), tmp_path / f"{rows}.parquet")
        vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", tmp_path / f"{rows}.parquet", "-o", tmp_path / f"of {rows}")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    write_lines(unfinished / "results.jsonl", read_lines(page.parent / "random/results.jsonl")[:40])
    (unfinished / "run.json").write_text((page.parent / "random/run.json").read_text())
    runs = [tmp_path / "of 10", tmp_path / "of 20", unfinished]
    vlrm("report", *runs, "-o", tmp_path / "parts.html")
    galleries = embedded((tmp_path / "parts.html").read_text(), "data")["galleries"]
    assert [len(gallery["ids"]) for gallery in galleries] == [40, 10]
    assert all(gallery["notes"] == [] and gallery["images"][0] for gallery in galleries)
    vlrm("report", tmp_path / "of 10", page.parent / "random", "-o", tmp_path / "moved.html", "--data", dataset, "--samples", "30")
    galleries = embedded((tmp_path / "moved.html").read_text(), "data")["galleries"]
    assert [len(gallery["ids"]) for gallery in galleries] == [30, 10]
    assert not galleries[0]["rendered"] and f"`data` {dataset}: it has 5000 rows" in galleries[1]["notes"][-1]
    wrong = vlrm("-q", "report", *runs[:2], "-o", tmp_path / "no.html", "--data", dataset, fails=True)
    assert f"--data {dataset}: it has 5000 rows" in wrong and not (tmp_path / "no.html").exists()


def test_errors(vlrm, page, tmp_path):
    run, out = page.parent / "random", tmp_path / "report.html"
    assert "exists already; --force" in vlrm("report", run, "-o", page, fails=True)
    assert "is not there" in vlrm("report", tmp_path / "none", "-o", out, fails=True)
    assert "no result is of rlaif-v" in vlrm("report", run, "-o", out, "--data", "rlaif-v=x", fails=True)
    assert "another one is named before" in vlrm("report", run, "-o", out, "--data", "x", "--data", "y", fails=True)
    assert "--samples takes fewer" in vlrm("-q", "report", run, "-o", out, "--samples", "1000", "--megabytes", "0.1", fails=True)
    for name in ("report", "report.html.gz", "report/"):
        error = vlrm("report", run, "-o", f"{tmp_path}/{name}", fails=True)
        assert f"--output: {tmp_path}/{name} does not end in .html" in error
    assert list(tmp_path.iterdir()) == []


def test_titles_are_texts(vlrm, page, tmp_path):
    out = tmp_path / "deep/report.html"
    vlrm("report", page.parent / "random", "-o", out, "--title", ATTACK, "--samples", "3")
    title = re.search("<title>(.*?)</title>", out.read_text())[1]
    assert html.unescape(title) == ATTACK and not set(title) & set("<>\"'")
    assert embedded(out.read_text(), "data")["galleries"][0]["notes"] == ["The first 3 of 5000 samples."]
