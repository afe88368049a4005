"""What the tests of vlrm report share: pairs with pictures, a report on them, a browser that shows it."""

import io
import json
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser import open_browser
from conftest import read_lines, write_lines
from PIL import Image

try:
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:  # open_browser skips
    WebDriverWait = None

ATTACK = "</script><img src=x onerror=\"document.title='broken in'\">"
IDS = ["wild", "RLAIF-V", "mathverse"]
SOURCES = ["web", "book", None, "film"]
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
             "human_ranking": [0, 1] if i % 2 else [1, 0], "source": SOURCES[i % 4], "number": i} for i in range(ROWS)]
    file = tmp_path_factory.mktemp("data") / "test-00000-of-00001.parquet"
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("id", pa.string()), ("query", pa.string()), ("image", image), ("response", pa.list_(pa.string())),
                        ("human_ranking", pa.list_(pa.int64())), ("source", pa.string()), ("number", pa.int64())])
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


@pytest.fixture
def fresh(browser, page):
    """The page as it opens: not reloaded, as what it showed stands in its address."""
    open_page(browser, page)
    return browser


def embedded(text, name):
    return json.loads(re.search(f'<script type="application/json" id="{name}">(.*?)</script>', text, re.S).group(1))


def open_page(browser, page, view=""):
    """`view`: what follows the # of its address."""
    browser.get("about:blank")
    browser.get(page.as_uri() + (f"#{view}" if view else ""))


def with_data(page, out, change):
    """The page with other data: `change` is given that of the page, as it is in JSON, and changes it."""
    text = page.read_text()
    data = embedded(text, "data")
    change(data)
    made = json.dumps(data).replace("<", "\\u003c")
    out.write_text(re.sub('(<script type="application/json" id="data">).*?(</script>)', lambda m: m[1] + made + m[2], text, flags=re.S))
    return out


def shown(browser):
    return [int(card.get_attribute("data-sample")) for card in browser.find_elements("css selector", ".card")]


def margins(browser):
    return [float(each.text.replace("−", "-")) for each in browser.find_elements("css selector", ".margin b")]


def choose(browser, name, value):
    browser.find_element("css selector", f'#{name} option[value="{value}"]').click()


def press(browser, key):
    browser.execute_script("document.activeElement.blur()")
    browser.find_element("css selector", "body").send_keys(key)


def text_of(browser, selector):
    return browser.find_element("css selector", selector).text


def wait_for(browser, script, *arguments):
    """Until the script gives true; the page writes its address and shows images a little later."""
    WebDriverWait(browser, 10, 0.05).until(lambda each: each.execute_script(script, *arguments))
