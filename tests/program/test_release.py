"""What a release states in several places is the same in all of them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()


def test_the_program_says_the_version(vlrm):
    assert vlrm("--version") == f"vlrm {VERSION}\n"


def test_citation_names_the_version_and_its_date():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (.*)$", citation, re.MULTILINE).group(1) == VERSION
    date = re.search(r"^date-released: (.*)$", citation, re.MULTILINE).group(1)
    assert f"## [{VERSION}] - {date}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_changelog_begins_with_what_is_not_released():
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]" and headings[1].startswith(f"[{VERSION}]")
