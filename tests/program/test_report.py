"""vlrm report: what the page holds, and how it behaves in a browser."""

import html
import io
import json
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser import open_browser, requests
from conftest import ROOT, read_lines, write_lines
from PIL import Image

ATTACK = "</script><img src=x onerror=\"document.title='broken in'\">"
IDS = ["wild", "RLAIF-V", "mathverse"]
ROWS, PICTURES = 5000, 500


def picture(draw):
    noise = Image.frombytes("RGB", (24, 18), draw.randbytes(24 * 18 * 3)).resize((320, 240))
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=70)
    return out.getvalue()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """5,000 pairs in VL-RewardBench's schema, ten to a picture."""
    draw = random.Random(0)
    pictures = [picture(draw) for _ in range(PICTURES)]
    rows = [{"id": f"{IDS[i % 3]}-{i}", "query": f"Question {i}?", "image": {"bytes": pictures[i % PICTURES], "path": None},
             "response": [f"First answer {i}. {ATTACK if i == 0 else ''}", f"Second answer {i}."],
             "human_ranking": [0, 1] if i % 2 else [1, 0]} for i in range(ROWS)]
    file = tmp_path_factory.mktemp("data") / "test-00000-of-00001.parquet"
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("id", pa.string()), ("query", pa.string()), ("image", image), ("response", pa.list_(pa.string())),
                        ("human_ranking", pa.list_(pa.int64()))])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    return file


@pytest.fixture(scope="module")
def page(vlrm, dataset, tmp_path_factory):
    """A report of two runs, one drawn by the program, one like it but better and merged by a recipe of a sweep."""
    folder = tmp_path_factory.mktemp("report")
    vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", dataset, "-o", folder / "random")
    rows, run = read_lines(folder / "random/results.jsonl"), json.loads((folder / "random/run.json").read_text())
    draw = random.Random(1)
    for density in (0.2, 0.4):
        for row in rows:
            right = row["ground_truth"][0]
            row["outputs"] = [round(draw.gauss(0.8 if i == right else 0, 1), 5) for i in range(2)]
            row["predicted_answer"] = int(row["outputs"][1] > row["outputs"][0])
        recipe = {"file": "t.yml", "method": "ties", "weights": {"vlm": 1.0, "rm": 1.0}, "density": density}
        merged = folder / f"sweep/ties {density}"
        merged.mkdir(parents=True)
        write_lines(merged / "results.jsonl", rows)
        (merged / "run.json").write_text(json.dumps({**run, "label": merged.name, "recipe": recipe}))
    vlrm("report", folder / "random", folder / "sweep", "-o", folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(page, tmp_path_factory):
    browser = open_browser(tmp_path_factory.mktemp("profile"))
    browser.get(page.as_uri())
    yield browser
    browser.quit()


def embedded(text, name):
    return json.loads(re.search(f'<script type="application/json" id="{name}">(.*?)</script>', text, re.S).group(1))


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


def shown(browser):
    return [int(card.get_attribute("data-sample")) for card in browser.find_elements("css selector", ".card")]


def margins(browser):
    return [float(each.text.replace("−", "-")) for each in browser.find_elements("css selector", ".margin b")]


def choose(browser, name, value):
    browser.find_element("css selector", f'#{name} option[value="{value}"]').click()


def press(browser, key):
    browser.execute_script("document.activeElement.blur()")
    browser.find_element("css selector", "body").send_keys(key)


@pytest.fixture
def fresh(browser):
    browser.refresh()
    return browser


def test_nothing_is_asked_for_and_nothing_goes_wrong(browser, page):
    requests(browser)
    browser.get_log("browser")
    browser.refresh()
    assert requests(browser) == [page.as_uri()]
    assert browser.get_log("browser") == []
    assert browser.title == "Evaluation report"
    assert ATTACK in browser.find_element("css selector", ".response").text
    assert browser.execute_script("return [...document.images].every((image) => image.complete && image.naturalWidth === 256)")


def test_a_click_sorts(fresh):
    assert shown(fresh) == list(range(20))
    choose(fresh, "sort", "lowest")
    lowest = margins(fresh)
    assert lowest == sorted(lowest) and lowest[0] < 0
    choose(fresh, "run", "1")
    other = margins(fresh)
    assert other == sorted(other) and other != lowest
    choose(fresh, "sort", "highest")
    assert margins(fresh) == sorted(margins(fresh), reverse=True)


def test_filters_filter(fresh):
    fresh.find_element("id", "wrong").click()
    wrong = fresh.find_elements("css selector", ".card .verdict")
    assert len(wrong) == 20 and all(each.text == "✗ wrong" for each in wrong)
    choose(fresh, "group", "2")
    assert all(sample % 3 == 2 for sample in shown(fresh))
    assert fresh.find_element("id", "count").text.endswith("of 5,000 samples")
    fresh.find_element("id", "wrong").click()
    fresh.find_element("id", "search").send_keys("question 4322")
    assert shown(fresh) == [4322]


def test_the_keyboard_is_enough(fresh):
    focused = "return document.activeElement.dataset.sample"
    for key, sample in (("j", "0"), ("j", "1"), ("k", "0")):
        fresh.switch_to.active_element.send_keys(key)
        assert fresh.execute_script(focused) == sample
    fresh.switch_to.active_element.send_keys("\ue015")  # arrow down
    assert fresh.execute_script(focused) == "1"
    press(fresh, "n")
    assert shown(fresh)[0] == 20
    press(fresh, "s")
    assert fresh.find_element("id", "sort").get_attribute("value") == "lowest"
    press(fresh, "f")
    assert fresh.find_element("id", "wrong").is_selected()
    press(fresh, "/")
    assert fresh.switch_to.active_element.get_attribute("id") == "search"
    press(fresh, "?")
    assert fresh.find_element("id", "help").is_displayed()


def test_dark_and_light(fresh):
    paper = "return getComputedStyle(document.body).backgroundColor"
    colours = set()
    for scheme in ("light", "dark"):
        fresh.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        colours.add(fresh.execute_script(paper))
    fresh.find_element("id", "theme").click()
    assert len(colours) == 2 and fresh.execute_script(paper) in colours


def test_a_point_of_the_scatter_shows_its_sample(fresh):
    choose(fresh, "sort", "lowest")
    fresh.execute_script("""
        const path = [...document.querySelectorAll("#scatter .points")].find((each) => each.getAttribute("d"));
        const [, x, y] = path.getAttribute("d").match(/^M(\\S+) (\\S+)h0/);
        const svg = document.querySelector("#scatter svg"), box = svg.getBoundingClientRect(), scale = box.width / 460;
        svg.dispatchEvent(new MouseEvent("click", {clientX: box.left + x * scale, clientY: box.top + y * scale}));""")
    assert fresh.switch_to.active_element.get_attribute("data-sample") is not None
    assert len(fresh.find_elements("css selector", "#comparison tbody tr")) == 2 + 5


def test_sweeps_become_heat_maps(fresh):
    assert len(fresh.find_elements("css selector", ".sweep")) == 5  # a metric each
    assert len(fresh.find_elements("css selector", ".sweep:first-of-type .cell")) >= 2


ACTIONS = ("sort.value = 'lowest'", "wrong.checked = true", "group.value = '1'", "disagree.checked = true",
           "search.value = 'answer 12'")


def milliseconds_to_the_next_frame(page, action):
    name = action.split(".")[0]
    return page.execute_async_script(f"""
        const done = arguments[0], element = document.getElementById("{name}"), start = performance.now();
        element.{action.split(".", 1)[1]};
        element.dispatchEvent(new Event("{'input' if name == 'search' else 'change'}"));
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));""")


def test_sorting_and_filtering_take_under_200_ms(fresh):
    """To the next frame, of 5,000 samples: the best of three, since what else the machine does only adds to it."""
    best = dict.fromkeys(ACTIONS, float("inf"))
    for _ in range(3):
        for action in ACTIONS:
            best[action] = min(best[action], milliseconds_to_the_next_frame(fresh, action))
        fresh.refresh()
    print(best)
    assert max(best.values()) < 200, best


def test_it_looks_like_something(fresh, tmp_path):
    """A screenshot is no blank: many colours in it."""
    fresh.save_screenshot(tmp_path / "page.png")
    assert len(Image.open(tmp_path / "page.png").convert("RGB").getcolors(1 << 24)) > 50


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
    assert not out.exists()


def test_titles_are_texts(vlrm, page, tmp_path):
    out = tmp_path / "deep/report.html"
    vlrm("report", page.parent / "random", "-o", out, "--title", ATTACK, "--samples", "3")
    title = re.search("<title>(.*?)</title>", out.read_text())[1]
    assert html.unescape(title) == ATTACK and not set(title) & set("<>\"'")
    assert embedded(out.read_text(), "data")["galleries"][0]["notes"] == ["The first 3 of 5000 samples."]
