"""The stub of the core, and what the package says of itself."""

import ast
import inspect

import pytest
from conftest import ROOT

STUB = ROOT / "python/vlrm/_core.pyi"


def members(tree):
    """{"RewardModel": {"score", …}, "build": set()}"""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {each.name for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("__")}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = set()
    return found


def test_the_stub_says_what_the_core_has():
    """It is made by python -m nanobind.stubgen -m vlrm._core -o python/vlrm/_core.pyi."""
    from vlrm import _core

    there = {name: {each for each in vars(value) if not each.startswith("__")} if inspect.isclass(value) else set()
             for name, value in vars(_core).items() if not name.startswith("_") and (inspect.isclass(value) or callable(value))}
    assert members(ast.parse(STUB.read_text())) == there


def test_everything_public_is_there_and_says_what_it_is():
    import vlrm

    assert "RewardModel" in dir(vlrm) and vlrm.__version__ == (ROOT / "VERSION").read_text().strip()
    for name in vlrm.__all__:
        assert name == "__version__" or getattr(vlrm, name).__doc__, name
    for name, value in vars(vlrm.RewardModel).items():
        assert name.startswith("_") or value.__doc__, name
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        vlrm.nothing_of_this_name()


def test_the_hub_is_there_as_its_page_has_it():
    from conftest import run_python

    code = "import sys, vlrm; assert 'vlrm.hub' not in sys.modules; print(vlrm.hub.snapshot.__name__)"
    assert run_python(code).stdout.strip() == "snapshot" and "hub" in dir(__import__("vlrm"))


def test_the_page_names_everything_public():
    import vlrm

    page = (ROOT / "docs/python.md").read_text()
    assert [name for name in vlrm.__all__ if name not in page] == ["BugError", "Comparison", "GeneratedText", "__version__"]


def test_the_package_is_typed():
    assert (ROOT / "python/vlrm/py.typed").exists()
