"""bench/merge.svg is what bench/plot.py draws of the table in bench/README.md."""

import sys
from xml.etree import ElementTree

from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))


def test_the_plot_shows_the_tables_figures():
    import plot

    drawn = plot.svg(plot.merges())
    assert (ROOT / "bench/merge.svg").read_text() == drawn
    texts = [element.text for element in ElementTree.fromstring(drawn).iter() if element.tag.endswith("text")]
    assert {"linear", "della", "vlrm, s", "mergekit, s"} <= set(texts)
    assert [f"{seconds:g}" for seconds in plot.merges()[0][1:]] == texts[texts.index("linear") + 1:][:2]
