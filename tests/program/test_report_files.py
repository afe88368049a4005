"""vlrm report: what the page saves and copies, and how it is printed."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from report_fixtures import browser, choose, dataset, fresh, open_page, page, shown, text_of, wait_for, with_data
from test_report_charts import add_charts

__all__ = ["browser", "dataset", "fresh", "page"]  # fixtures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def saved(fresh, page, tmp_path):
    """Clicks and gives the name and the text of the file that it saves."""
    fresh.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})

    def save(element):
        fresh.execute_script("arguments[0].click()", element)
        for _ in range(100):
            files = [file for file in tmp_path.iterdir() if not file.name.endswith(".crdownload") and not file.name.startswith(".")]
            if files and files[0].stat().st_size > 0:
                name, text = files[0].name, files[0].read_text()
                files[0].unlink()
                assert fresh.get_log("browser") == []
                return name, text
            wait_for(fresh, "return true")
            fresh.execute_async_script("setTimeout(arguments[0], 50)")
        raise AssertionError("nothing was saved")
    return save


def button(browser, within, name):
    return next(each for each in browser.find_elements("css selector", f"{within} button") if each.get_attribute("textContent") == name)


def test_a_table_as_csv_has_its_figures(saved, fresh, vlrm, page):
    name, text = saved(button(fresh, "#benchmark-0 > .table", "CSV"))
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = csv.DictReader(io.StringIO(vlrm("results", page.parent / "random", page.parent / "sweep", "--format", "csv")))
    overall = {line["label"]: line for line in lines if line["metric"] == "Overall"}
    assert name == "VL-RewardBench.csv" and [row["Method"] for row in rows] == list(overall)
    for row in rows:
        for column, field in (("Overall", "percent"), ("Overall low", "low"), ("Overall high", "high")):
            assert row[column] == f"{float(overall[row['Method']][field]):.1f}"


def copied(browser, within, name):
    browser.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    browser.execute_script("arguments[0].click()", button(browser, within, name))
    return browser.execute_script("return window.copied")


def test_a_table_as_latex_and_markdown(fresh):
    latex = copied(fresh, "#benchmark-0 > .table", "LaTeX")
    assert "\\begin{tabular}{lrrrrrr}" in latex and "\\toprule" in latex and latex.count(" \\\\\n") == 4
    assert re.search(r"\\textbf\{\d\d\.\d\} \{\\scriptsize \(\d\d\.\d--\d\d\.\d\)\}", latex)
    markdown = copied(fresh, "#benchmark-0 > .table", "Markdown").splitlines()
    assert markdown[1] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: |" and len(markdown) == 5
    assert re.search(r"\*\*\d\d\.\d\*\* \(", "".join(markdown))


def test_what_is_hidden_is_not_copied(fresh):
    fresh.execute_script("document.querySelector('.chooser').open = true")
    fresh.find_element("css selector", '.chooser input[data-run="random"]').click()
    assert "random" not in copied(fresh, "#benchmark-0 > .table", "LaTeX")


def test_a_refused_clipboard_saves_a_file(saved, fresh):
    fresh.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    name, text = saved(button(fresh, "#benchmark-0 > .table", "LaTeX"))
    assert name == "VL-RewardBench.tex" and "\\toprule" in text
    assert "the browser refuses to copy" in text_of(fresh, "#said")


def test_names_cannot_write_latex(fresh, page):
    def rename(data):
        data["benchmarks"][0]["runs"][0]["label"] = "50%_{\\x}"
    open_page(fresh, with_data(page, page.parent / "names.html", rename))
    assert "50\\%\\_\\{\\textbackslash{}x\\}" in copied(fresh, "#matrices > .table", "LaTeX")


def test_a_chart_as_svg_stands_alone(saved, fresh, page):
    open_page(fresh, with_data(page, page.parent / "charts.html", add_charts))
    fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    for number, chart in enumerate(fresh.find_elements("css selector", ".chart")):
        name, text = saved(chart.find_element("css selector", ".save"))
        root = ElementTree.fromstring(text)
        assert name.endswith(".svg") and root.tag == f"{SVG}svg" and float(root.get("width")) > 100
        assert not re.search(r"var\(|oklab|color\(|light-dark|class=|style=|https?://(?!www\.w3\.org)", text)
        assert root[0].get("fill") == "#fff"  # in light colours, whatever the page has
        texts = [each for each in root.iter(f"{SVG}text")]
        assert texts and all(each.get("fill") for each in texts), number
    fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_filtered_samples_as_json_lines(saved, fresh):
    choose(fresh, "group", "1")
    choose(fresh, "value", "0 1")
    fresh.find_element("id", "wrong").click()
    name, text = saved(fresh.find_element("id", "save-samples"))
    lines = [json.loads(line) for line in text.splitlines()]
    assert name == "samples.jsonl" and [line["sample"] - 1 for line in lines[:20]] == shown(fresh)
    assert text_of(fresh, "#count").startswith(f"{len(lines)} of")
    first, run = lines[0], lines[0]["runs"][text_of(fresh, "#run option:checked")]
    assert first["group"] == "Hallucination" and first["columns"] == {"source": "book"}
    assert not run["right"] and run["margin"] < 0 and run["scores"][run["picked"]] == max(run["scores"])


@pytest.mark.parametrize(("width", "height", "landscape"), [(8.5, 11, False), (8.27, 11.69, True)])
def test_on_paper_nothing_is_cut(fresh, page, tmp_path, width, height, landscape):
    """Texts of each page, by their places: all within it, each chart's and table's names with their figures."""
    if not shutil.which("pdftotext"):
        pytest.skip("no pdftotext")
    open_page(fresh, with_data(page, page.parent / "charts.html", add_charts))
    choice = {"paperWidth": width, "paperHeight": height, "landscape": landscape, "preferCSSPageSize": True}
    (tmp_path / "page.pdf").write_bytes(base64.b64decode(fresh.execute_cdp_cmd("Page.printToPDF", choice)["data"]))
    boxes = subprocess.run(["pdftotext", "-bbox", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    pages = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', boxes, re.S)
    words = [re.findall(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>', each[2]) for each in pages]
    for (wide, high, _), on_page in zip(pages, words, strict=True):
        for left, top, right, bottom, word in on_page:
            assert 0 <= float(left) and float(right) <= float(wide) and 0 <= float(top) and float(bottom) <= float(high), word
    texts = [" ".join(word[4] for word in on_page) for on_page in words]
    assert sum("Macro" in text and "Accuracy in percent with 95% intervals" in text for text in texts) == 1  # the chart is whole
    assert any("Two runs, sample by sample A: ties" in text and "margin of A" in text for text in texts)
    controls = ("Copy as", "SVG", "Break down by", "runs disagree", "Runs shown", "More columns")
    assert [name for name in controls if name in " ".join(texts)] == []


def test_paper_is_white(fresh):
    fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    try:
        assert fresh.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert fresh.execute_script("return getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    finally:
        fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
