"""vlrm report: charts and tables of data that is put into a page, and what is saved of them."""

import json

import pytest
from report_fixtures import (
    browser,
    choose,
    dataset,
    embedded,
    fresh,
    open_page,
    page,
    text_of,
    with_data,
)

__all__ = ["browser", "dataset", "fresh", "page"]  # fixtures


def add_charts(data):
    """As the program gives them of pairs: the second run has all, the third one margins."""
    run, other = data["benchmarks"][0]["runs"][1:3]
    run["margin_histogram"] = {"edges": [-2, -1, 0, 1, 2], "right": [0, 0, 30, 5], "wrong": [4, 11, 0, 0], "left_out": 3}
    other["margin_histogram"] = run["margin_histogram"]
    run["accuracy_by_margin"] = [{"low": 0, "high": 1, "count": 41, "accuracy": 0.73}, {"low": 1, "high": 2, "count": 9, "accuracy": 0.56}]
    run["calibration"] = {"error": 0.0427, "bins": [{"low": 0.5, "high": 0.75, "count": 40, "predicted": 0.6, "right": 0.7},
                                                    {"low": 0.75, "high": 1, "count": 0, "predicted": None, "right": None}]}
    run["length_gap"] = [{"low": -9, "high": -1, "count": 20, "accuracy": 0.5}, {"low": 0, "high": 7, "count": 30, "accuracy": 0.9}]
    for number, comparison in enumerate(data["galleries"][0]["comparisons"]):
        comparison["agreement"] = 0.5 + number / 8


@pytest.fixture(scope="module")
def charts(page):
    return with_data(page, page.parent / "charts.html", add_charts)


@pytest.fixture
def drawn(browser, charts):
    open_page(browser, charts, "scores0=ties+0.2")
    assert browser.get_log("browser") == []
    return browser


def tips(browser, selector):
    return [each.get_attribute("data-tip") for each in browser.find_elements("css selector", f"{selector} [data-tip]")]


def test_the_charts_of_scores(drawn):
    panels = {panel.find_element("css selector", "h5").text: panel for panel in drawn.find_elements("css selector", ".small-multiples .panel")}
    assert list(panels) == ["Margins", "Calibration, ECE 0.043", "Accuracy by |margin|", "Accuracy by length gap"]
    said = {name: [each.get_attribute("data-tip") for each in panel.find_elements("css selector", "[data-tip]")] for name, panel in panels.items()}
    assert "3 not finite" in panels["Margins"].text
    assert said["Margins"][1] == "margin −1.000 to 0.000: 0 right, 11 wrong"
    assert said["Calibration, ECE 0.043"] == ["40 samples: expected 60.0%, right 70.0%"]  # empty bins are no points
    assert said["Accuracy by |margin|"][0] == "|margin| 0.00 to 1.00: 73.0% of 41 samples"
    heights = [float(each.get_attribute("height")) for each in panels["Accuracy by |margin|"].find_elements("css selector", ".column")]
    assert heights[0] / heights[1] == pytest.approx(0.73 / 0.56)  # columns start at 0
    assert panels["Calibration, ECE 0.043"].find_elements("css selector", ".reference")


def test_runs_are_added_to_the_charts(drawn):
    drawn.execute_script("document.querySelectorAll('.figures .chooser').forEach((each) => { each.open = true; })")
    drawn.find_element("css selector", '.figures .chooser input[data-run="ties 0.4"]').click()
    assert [each.text for each in drawn.find_elements("css selector", ".small-multiples .run-title")] == ["ties 0.2", "ties 0.4"]


def test_no_data_no_chart(fresh, page):
    bare = with_data(page, page.parent / "bare.html", lambda data: [run.update(length_gap=[], scores={}) or [
        run.pop(name, None) for name in ("margin_histogram", "accuracy_by_margin", "calibration")] for run in data["benchmarks"][0]["runs"]])
    open_page(fresh, bare)
    assert fresh.get_log("browser") == []
    assert not fresh.find_elements("css selector", ".small-multiples")
    assert "Scores, ties" not in text_of(fresh, "#benchmark-0")


def test_all_pairs_and_their_agreement(drawn, charts):
    comparisons = embedded(charts.read_text(), "data")["galleries"][0]["comparisons"]
    overall = next(metric for metric in comparisons[0]["metrics"] if metric["name"] == "Overall")
    first, agreement = drawn.find_elements("css selector", "#matrices table")
    cells = [[cell.text for cell in row.find_elements("css selector", "td")] for row in first.find_elements("css selector", "tbody tr")]
    difference = overall["a"] - overall["b"]
    assert cells[0][1] == f"{difference:+.1f}".replace("-", "−") and cells[1][0] == f"{-difference:+.1f}".replace("-", "−")
    assert [cell.text for cell in agreement.find_elements("css selector", "tbody tr:first-child td")] == ["", "50.0", "62.5"]
    assert "They agree on" in text_of(drawn, "#comparison")


def test_p_is_corrected_for_all_pairs(fresh, page):
    comparisons = embedded(page.read_text(), "data")["galleries"][0]["comparisons"]
    overall = [next(metric for metric in each["metrics"] if metric["name"] == "Overall") for each in comparisons]
    least = min(overall, key=lambda metric: metric["p"])
    assert least["p_holm"] == pytest.approx(3 * least["p"]) and max(metric["p_holm"] for metric in overall) <= 1

    def change(data):
        for comparison in data["galleries"][0]["comparisons"]:
            for metric in comparison["metrics"]:
                metric["p"], metric["p_holm"] = 0.04, 0.12
    open_page(fresh, with_data(page, page.parent / "holm.html", change))
    assert "after Holm's correction over all 3 pairs" in text_of(fresh, "#matrices figcaption")
    assert "p (Holm) 0.1200" in tips(fresh, "#matrices tbody")[0]
    assert not fresh.find_elements("css selector", "#matrices strong")
    assert text_of(fresh, "#comparison .table tbody tr").endswith("0.0400 0.1200")


def test_a_breakdown_by_a_column(fresh, page):
    choose(fresh, "by", "source")
    heads = [head.text for head in fresh.find_elements("css selector", "#breakdown-table thead th")]
    assert heads == ["Run", "book (1250)", "film (1250)", "web (1250)"]
    gallery = embedded(page.read_text(), "data")["galleries"][0]
    right = [1 - wrong for i, wrong in enumerate(gallery["runs"][1]["wrong"]) if i % 4 == 1]
    row = [cell.text for cell in fresh.find_elements("css selector", "#breakdown-table tbody tr:nth-child(2) > *")]
    assert row[:2] == ["ties 0.2", f"{100 * sum(right) / len(right):.1f}"]


def test_how_runs_were_made(fresh):
    fresh.execute_script("document.querySelectorAll('.details').forEach((each) => { each.open = true; })")
    made = fresh.find_elements("css selector", ".details")[-1]
    shared = dict(zip([each.text for each in made.find_elements("css selector", "dt")], [each.text for each in made.find_elements("css selector", "dd")]))
    assert shared["Mode"] == "random" and shared["Rows"] == "5000" and shared["Dataset"].endswith(".parquet") and "Limit" not in shared
    rows = [[cell.text for cell in row.find_elements("css selector", "th, td")] for row in made.find_elements("css selector", "tbody tr")]
    assert rows == [["random", "–"], ["ties 0.2", "ties, weights vlm 1.0 rm 1.0, density 0.2 (t.yml)"], ["ties 0.4", "ties, weights vlm 1.0 rm 1.0, density 0.4 (t.yml)"]]


def add_sweep(data):
    """Two weights of TIES that give the same, and two curves of other heights."""
    benchmark = data["benchmarks"][0]
    template = benchmark["runs"][1]

    def run(label, percent):
        benchmark["runs"].append(json.loads(json.dumps(template)) | {"label": label})
        for metric in benchmark["runs"][-1]["metrics"]:
            metric["percent"], metric["interval"] = percent, [percent - 2, percent + 2]
        return len(benchmark["runs"]) - 1

    def curve(name, low):
        return {"method": name, "points": [{"run": run(f"{name} {k}", low + 10 * k), "weight": k / 10} for k in range(9)]}
    heat = {"method": "ties", "points": [{"run": run(f"ties {w} {d}", 60 + 10 * d), "weight": w, "density": d} for w in (0.5, 1) for d in (0.2, 0.8)]}
    benchmark["sweeps"] = [curve("linear", 5), curve("task_arithmetic", 12), heat]


@pytest.fixture(scope="module")
def sweep_page(page):
    """With a row of the table for each run, as the program writes it."""
    made = with_data(page, page.parent / "sweep.html", add_sweep)
    rows = ""
    for run in embedded(made.read_text(), "data")["benchmarks"][0]["runs"][3:]:
        figures = "".join(f"<td>{metric['percent']}</td>" for metric in run["metrics"])
        rows += f"<tr><th scope='row'>{run['label']}</th><td>1</td>{figures}</tr>"
    made.write_text(made.read_text().replace("</tbody>", rows + "</tbody>", 1))
    return made


def test_a_sweep_comes_before_its_long_table(fresh, sweep_page):
    open_page(fresh, sweep_page)
    assert fresh.get_log("browser") == []
    top = {name: fresh.find_element("css selector", f"#benchmark-0 {name}").rect["y"] for name in (".sweeps", "table", ".figures svg")}
    assert top[".sweeps"] < top["table"] < top[".figures svg"]
    curves = fresh.find_elements("css selector", ".sweep:first-child svg")[:2]
    axes = [[(tick.text, tick.get_attribute("y")) for tick in svg.find_elements("css selector", ".tick[text-anchor=end]")] for svg in curves]
    assert axes[0] == axes[1] and len(axes[0]) > 1
    assert "λ cancels in TIES" in text_of(fresh, ".sweep:first-child .panels")
    assert "its figure is too high" in text_of(fresh, "#benchmark-0 figcaption")


def test_a_long_table_shows_the_best_first(fresh, sweep_page):
    open_page(fresh, sweep_page)
    visible = "#benchmark-0 > .table tbody tr:not([hidden])"
    figures = [float(row.find_elements("css selector", "td")[4].text.split()[0]) for row in fresh.find_elements("css selector", visible)]
    assert len(figures) == 10 and figures == sorted(figures, reverse=True)
    fresh.find_element("css selector", ".more").click()
    assert len(fresh.find_elements("css selector", visible)) == 3 + 2 * 9 + 4
