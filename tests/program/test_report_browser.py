"""vlrm report: how the page behaves in a browser."""

import re

import pyarrow.parquet as pq
import pytest
from browser import requests
from conftest import GOLDENS, read_lines
from PIL import Image
from report_fixtures import (
    ATTACK,
    browser,
    choose,
    dataset,
    embedded,
    fresh,
    margins,
    open_page,
    page,
    press,
    shown,
    text_of,
    wait_for,
)

__all__ = ["browser", "dataset", "fresh", "page"]  # fixtures


def test_nothing_is_asked_for_and_nothing_goes_wrong(browser, page):
    requests(browser)
    browser.get_log("browser")
    open_page(browser, page)
    assert [url for url in requests(browser) if url != "about:blank"] == [page.as_uri()]
    assert browser.get_log("browser") == []
    assert browser.title == "Evaluation report: VL-RewardBench"
    open_page(browser, page, "sort=position")
    assert ATTACK in browser.find_element("css selector", ".response").text
    assert browser.execute_script("return [...document.images].every((image) => image.complete && image.naturalWidth === 256)")


def test_it_opens_on_the_best_run_with_its_lowest_margin(fresh, page):
    runs = embedded(page.read_text(), "data")["benchmarks"][0]["runs"]
    best = max(runs, key=lambda run: [m["percent"] for m in run["metrics"] if m["figure"] == "overall"])
    assert runs.index(best) > 0
    assert text_of(fresh, "#run option:checked") == best["label"]
    assert margins(fresh) == sorted(margins(fresh)) and margins(fresh)[0] < 0


def test_a_click_sorts(fresh):
    choose(fresh, "sort", "position")
    assert shown(fresh) == list(range(20))
    choose(fresh, "sort", "lowest")
    lowest = margins(fresh)
    choose(fresh, "run", "0")
    other = margins(fresh)
    assert other == sorted(other) and other != lowest
    choose(fresh, "sort", "highest")
    assert margins(fresh) == sorted(margins(fresh), reverse=True)


def test_ties_are_neither_right_nor_wrong(vlrm, fresh, tmp_path):
    table = pq.read_table(GOLDENS / "eval/data/omni_rewardbench")
    data = tmp_path / "rows.parquet"
    pq.write_table(table.append_column("kind", [["odd" if number % 2 else "even" for number in range(len(table))]]), data)
    for label in ("a", "b"):
        vlrm("eval", "omni-rewardbench", "--mode", "random", "--data", data, "-o", tmp_path / label)
    rows = read_lines(tmp_path / "a/results.jsonl")
    ties = [number for number, row in enumerate(rows) if row["ground_truth"] == []]
    assert 0 < len(ties) < len(rows)
    vlrm("report", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "r.html")
    open_page(fresh, tmp_path / "r.html", "sort=position")
    verdicts = [each.text for each in fresh.find_elements("css selector", ".card .head .verdict")]
    assert [number for number, verdict in enumerate(verdicts) if verdict == "tie"] == [each for each in ties if each < len(verdicts)]
    counted = fresh.find_elements("css selector", "#comparison .counts td")
    assert sum(int(each.text) for each in counted) == len(rows) - len(ties)
    cells = fresh.find_elements("css selector", "#breakdown-table tbody tr:first-child td[data-tip]")
    judged = [int(re.search(r"% of (\d+) sample", cell.get_attribute("data-tip"))[1]) for cell in cells]
    assert sum(judged) == len(rows) - len(ties)
    fresh.find_element("id", "wrong").click()
    assert not set(shown(fresh)) & set(ties)


def test_filters_filter(fresh):
    fresh.find_element("id", "wrong").click()
    wrong = fresh.find_elements("css selector", ".card .head .verdict")
    assert len(wrong) == 20 and all(each.text == "✗ wrong" for each in wrong)
    choose(fresh, "group", "2")
    assert all(sample % 3 == 2 for sample in shown(fresh))
    assert fresh.find_element("id", "count").text.endswith("of 5,000 samples")
    fresh.find_element("id", "wrong").click()
    fresh.find_element("id", "search").send_keys("question 4322")
    assert shown(fresh) == [4322]


def test_a_column_of_the_data_filters(fresh):
    choose(fresh, "value", "0 1")
    assert text_of(fresh, "#value option:checked") == "source: book"
    assert all(sample % 4 == 1 for sample in shown(fresh))
    assert text_of(fresh, "#count") == "1,250 of 5,000 samples"
    assert not fresh.find_elements("css selector", "#value optgroup[label=number]")  # too many values


def test_the_keyboard_is_enough(fresh):
    choose(fresh, "sort", "position")
    fresh.execute_script("document.activeElement.blur()")
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


def click_point(browser, kind):
    """The first point of one of: both right, only A, only B, both wrong. Gives its sample's place in the list of cards."""
    browser.execute_script("""
        const path = document.querySelectorAll("#scatter .points")[arguments[0]];
        const [, x, y] = path.getAttribute("d").match(/^M(\\S+) (\\S+)h0/);
        const svg = document.querySelector("#scatter svg"), box = svg.getBoundingClientRect(), scale = box.width / 460;
        const at = {clientX: box.left + x * scale, clientY: box.top + y * scale, bubbles: true};
        svg.dispatchEvent(new PointerEvent("pointermove", at));
        svg.dispatchEvent(new MouseEvent("click", at));""", kind)
    wait_for(browser, "return document.activeElement.classList.contains('card')")


@pytest.mark.parametrize(("kind", "words", "run"), [(1, "only A right", "a"), (2, "only B right", "b"), (3, "both wrong", "a")])
def test_a_point_of_the_scatter_shows_both_runs(fresh, kind, words, run):
    click_point(fresh, kind)
    card = fresh.switch_to.active_element
    assert text_of(fresh, "#run option:checked") == text_of(fresh, f"#run-{run} option:checked")
    assert card.find_element("css selector", ".verdict").text == ("✗ wrong" if kind == 3 else "✓ right")
    assert words in card.find_element("css selector", ".hint").text
    compared = [row.text for row in card.find_elements("css selector", ".runs .compared")]
    assert [row[:2] for row in compared] == ["A:", "B:"]
    assert [("right" in row) for row in compared] == [kind == 1, kind == 2]
    card.find_element("css selector", ".hint button").click()
    assert text_of(fresh, "#run option:checked") == text_of(fresh, f"#run-{'b' if run == 'a' else 'a'} option:checked")
    assert len(fresh.find_elements("css selector", "#comparison tbody tr")) == 2 + 5


def test_the_card_of_a_point_is_wholly_in_view(fresh):
    """Below the controls, which take several lines in a narrow window."""
    fresh.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 800, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    try:
        click_point(fresh, 1)
        wait_for(fresh, """
            const card = document.activeElement.getBoundingClientRect(), bar = document.getElementById("controls").getBoundingClientRect();
            return bar.height > 100 && card.top >= bar.bottom - 1 && card.bottom <= innerHeight""")
    finally:
        fresh.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_points_and_dots_say_what_they_are(fresh):
    click_point(fresh, 2)
    assert "only B right. A −" in fresh.find_element("css selector", "#scatter svg").get_attribute("data-tip")
    dot = fresh.find_element("css selector", ".figures g[data-tip]")
    fresh.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: 5, clientY: 5}))", dot)
    assert text_of(fresh, "#tip") == dot.get_attribute("data-tip")
    numbers = [each.text for each in fresh.find_elements("css selector", ".figures .number")]
    assert len(numbers) >= 3 * 5


def test_a_link_opens_the_same_view(fresh, page):
    choose(fresh, "run", "0")
    choose(fresh, "sort", "highest")
    choose(fresh, "group", "2")
    choose(fresh, "value", "0 2")
    fresh.find_element("id", "wrong").click()
    fresh.find_element("id", "disagree").click()
    fresh.find_element("id", "search").send_keys("question 1")
    press(fresh, "j")
    press(fresh, "j")
    sample, view = shown(fresh)[0], shown(fresh)
    wait_for(fresh, f"return location.hash.includes('sample={sample + 1}')")
    link = fresh.execute_script("return location.hash.slice(1)")
    open_page(fresh, page, link)
    assert shown(fresh) == view and len(view) > 1
    assert text_of(fresh, "#run option:checked") == "random"
    wait_for(fresh, f"return document.activeElement.dataset.sample === '{sample}'")


def test_another_link_in_the_same_window(fresh):
    fresh.execute_script("location.hash = 'sort=highest&wrong=1'")
    wait_for(fresh, "return document.readyState === 'complete' && document.getElementById('sort').value === 'highest'")
    assert fresh.find_element("id", "wrong").is_selected() and margins(fresh)[0] <= 0


def test_a_link_is_not_needed_where_all_is_as_it_opens(fresh):
    choose(fresh, "sort", "highest")
    wait_for(fresh, "return location.hash !== ''")
    choose(fresh, "sort", "lowest")
    wait_for(fresh, "return location.hash === ''")


def test_an_image_is_enlarged(fresh):
    picture = fresh.find_element("css selector", ".card .picture")
    small = picture.size["width"]
    picture.send_keys("\ue007")  # Enter
    large = fresh.find_element("css selector", "#picture img")
    assert large.is_displayed() and large.size["width"] > 2 * small
    fresh.switch_to.active_element.send_keys("\ue00c")  # Escape
    assert not fresh.find_element("id", "picture").is_displayed()


def column(browser, index):
    return [cell.text for cell in browser.find_elements("css selector", f"#benchmark-0 > .table tbody tr > :nth-child({index})")]


def test_headings_sort(fresh):
    before = column(fresh, 1)
    heading = fresh.find_elements("css selector", "#benchmark-0 > .table th button")[5]
    orders = []
    for _ in range(3):
        heading.send_keys("\ue007")
        orders.append((heading.find_element("xpath", "..").get_attribute("aria-sort"), [float(text.split()[0]) for text in column(fresh, 6)]))
    assert [order for order, _ in orders] == ["descending", "ascending", None]
    assert orders[0][1] == sorted(orders[0][1], reverse=True) and orders[1][1] == sorted(orders[1][1])
    assert orders[0][1] != orders[1][1] and column(fresh, 1) == before


def test_a_run_is_hidden_everywhere(fresh, page):
    best = text_of(fresh, "#run option:checked")
    fresh.execute_script("document.querySelector('.chooser').open = true")
    fresh.find_element("css selector", f'.chooser input[data-run="{best}"]').click()
    names = [row.text for row in fresh.find_elements("css selector", "#benchmark-0 > .table tbody th") if row.is_displayed()]
    assert len(names) == 2 and best not in names
    for shown_in in ("#run", "#run-a", ".figures .chart"):
        assert best not in text_of(fresh, shown_in), shown_in
    assert "Runs shown: 2 of 3" in text_of(fresh, ".chooser summary")
    assert fresh.find_elements("css selector", "#benchmark-0 > .table tbody tr:not([hidden]) strong")  # the best of those left
    wait_for(fresh, "return location.hash.includes('hide0=')")
    open_page(fresh, page, fresh.execute_script("return location.hash.slice(1)"))
    assert best not in text_of(fresh, "#run")


def test_on_a_phone_names_stay_and_more_is_hinted_at(browser, page):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
    try:
        open_page(browser, page)
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        hint, scroll = (browser.find_element("css selector", f"#benchmark-0 > .table {name}") for name in (".sideways", ".scroll"))
        wait_for(browser, "return !arguments[0].hidden", hint)
        left = "return arguments[0].querySelector('tbody th').getBoundingClientRect().left"
        before = browser.execute_script(left, scroll)
        browser.execute_script("arguments[0].scrollLeft = 9999", scroll)
        assert browser.execute_script(left, scroll) == before
        wait_for(browser, "return arguments[0].hidden", hint)
        verdict = browser.find_element("css selector", ".card .verdict")
        assert verdict.size["height"] < 30
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_sweeps_become_heat_maps(fresh):
    assert len(fresh.find_elements("css selector", ".sweep")) == 5  # a metric each
    assert len(fresh.find_elements("css selector", ".sweep:first-of-type .cell")) >= 2


ACTIONS = ("sort.value = 'highest'", "wrong.checked = true", "group.value = '1'", "disagree.checked = true",
           "search.value = 'answer 12'")


def milliseconds_to_the_next_frame(page, action):
    name = action.split(".")[0]
    return page.execute_async_script(f"""
        const done = arguments[0], element = document.getElementById("{name}"), start = performance.now();
        element.{action.split(".", 1)[1]};
        element.dispatchEvent(new Event("{'input' if name == 'search' else 'change'}"));
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));""")


def test_sorting_and_filtering_take_under_200_ms(fresh, page):
    """To the next frame, of 5,000 samples: the best of three, since what else the machine does only adds to it."""
    best = dict.fromkeys(ACTIONS, float("inf"))
    for _ in range(3):
        for action in ACTIONS:
            best[action] = min(best[action], milliseconds_to_the_next_frame(fresh, action))
        open_page(fresh, page)
    print(best)
    assert max(best.values()) < 200, best


def test_it_looks_like_something(fresh, tmp_path):
    """A screenshot is no blank: many colours in it."""
    fresh.save_screenshot(tmp_path / "page.png")
    assert len(Image.open(tmp_path / "page.png").convert("RGB").getcolors(1 << 24)) > 50
