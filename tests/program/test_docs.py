"""Links of the pages lead somewhere, the index names each page, and quoted messages are those of the sources."""

import re

from conftest import ROOT

PAGES = [*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in ("README.md", "DESIGN.md", "CONTRIBUTING.md"))]


def literals(path):
    """The text of a source's string literals, those that follow each other joined, with fields as the program's flags."""
    literal = r'"((?:[^"\\\n]|\\.)*)"'
    runs = re.finditer(rf"{literal}(?:\s*{literal})*", path.read_text())
    text = " ".join("".join(re.findall(literal, run[0])) for run in runs)
    return re.sub(r"`(\w+)`", r"--\1", text.replace('\\"', '"'))


def test_links_lead_to_files():
    lost = [f"{page.name}: {link}" for page in PAGES for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
            if not (page.parent / link).exists()]  # fmt: skip
    assert lost == []


def test_the_index_names_each_page():
    index = (ROOT / "docs/README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md" and f"]({page.name})" not in index] == []


def test_recipes_name_each_method():
    methods = re.findall(r"METHOD\((\w+)\)", (ROOT / "src/merge/methods/methods.h").read_text())
    text = (ROOT / "docs/recipes.md").read_text()
    assert len(methods) > 15 and [name for name in methods if f"`{name}`" not in text] == []


def test_pages_name_files_that_are_there():
    names = set(re.findall(r"`((?:src|tests|tools|bench|python|docs)/[\w./]+)`", (ROOT / "docs/adding.md").read_text()))
    assert len(names) > 15
    assert [name for name in names if "NAME" not in name and not (ROOT / name).exists()] == []


def test_quoted_messages_are_those_of_the_sources():
    sources = " ".join(literals(path) for path in (ROOT / "src").rglob("*.cpp"))
    rows = re.findall(r"^\| `(.+?)`(?: \(a note\))? \|", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE)
    assert len(rows) > 20
    fields = {"/config.json": "{}", "no such directory": "no such {}", "no model on": "no {} on", "no torch that": "no {} that",
              "no pyarrow that": "no {} that", "for torch": "for {}", "for pyarrow": "for {}",
              '"cuda"': '"{}"', "sees 0 CUDA devices": "sees {} {} devices"}  # fmt: skip
    for row in rows:
        row = re.sub(r"^--[a-z-]+: ", "", row)  # the option that is wrong
        for shown, field in fields.items():
            row = row.replace(shown, field)
        for part in re.split(r"…|\{\}", row):
            assert part.strip(" :;,.()") in sources, (row, part)
