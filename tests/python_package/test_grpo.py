"""What tools/grpo measures of answers, and its chart."""

import xml.etree.ElementTree

import pytest
from conftest import ROOT, WORLD


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    for folder in ("grpo", "world"):
        monkeypatch.syspath_prepend(str(ROOT / "tools" / folder))


def test_manners_are_those_of_the_world():
    import prompts
    import style

    import text

    claim = text.Claim("they are red", "red")
    assert all(prompts.is_well_said(manner.format(claim)) for manner in style.GOOD)
    assert not any(prompts.is_well_said(manner.format(claim)) for manner in style.BAD)


def test_truth_is_by_the_words_that_differ():
    import prompts

    row = {"true": "They are red.", "false": "They are blue."}
    assert prompts.is_true("Sure, the shapes are red.", row)
    assert not any(prompts.is_true(answer, row) for answer in ("They are blue.", "They are red or blue.", "There are shapes.", ""))


def test_no_picture_is_in_both_parts():
    import prompts

    train, held_out = prompts.split(WORLD)
    assert len(train) > 400 and len(held_out) > 150 and sum(row["true"] is not None for row in held_out) > 40
    assert not {row["image"].tobytes() for row in train} & {row["image"].tobytes() for row in held_out}


def test_the_chart_is_svg_for_light_and_dark_pages():
    import chart

    points = [(step, step / 3 - 5) for step in range(1, 41)]
    drawn = chart.drawn("Mean reward", "step", {"a": points, "b": points[::-1]})
    assert drawn == chart.drawn("Mean reward", "step", {"a": points, "b": points[::-1]})
    tree = xml.etree.ElementTree.fromstring(drawn)
    assert len([each for each in tree.iter() if each.tag.endswith("polyline")]) == 4 and "prefers-color-scheme:dark" in drawn
