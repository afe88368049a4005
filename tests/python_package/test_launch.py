"""The command `vlrm` of the Python package: which commands are Python's."""

import pytest
from conftest import PACKAGE  # noqa: F401


@pytest.mark.parametrize("words, becomes", [
    ("push OUT org/x", "push OUT org/x"),
    ("-q push OUT org/x", "push OUT org/x --quiet"),
    ("--threads 4 --quiet push OUT org/x", "push OUT org/x --quiet"),
    ("--threads=4 push OUT org/x", "push OUT org/x"),
    ("--offline push OUT org/x --private", "push OUT org/x --private --offline"),
    ("help push", "push --help"),
    ("-q help push", "push --help --quiet"),
    ("search vl-rewardbench -o OUT", "search vl-rewardbench -o OUT"), ("help search", "search --help"),
    ("--offline -q search vl-rewardbench", "search vl-rewardbench --offline --quiet"),
    ("score --model push", None), ("--threads push", None), ("help", None), ("help score", None), ("help push x", None),
    ("--version push", None), ("-q", None), ("", None)])
def test_flags_before_a_command_of_python(words, becomes):
    from vlrm._launch import in_python

    assert in_python(words.split()) == (becomes and becomes.split())


def test_push_says_how(monkeypatch, capsys):
    import sys

    from vlrm import _launch

    for words in (["-q", "push", "--help"], ["help", "push"]):
        monkeypatch.setattr(sys, "argv", ["vlrm", *words])
        with pytest.raises(SystemExit) as end:
            _launch.main()
        assert end.value.code == 0 and "org/name" in capsys.readouterr().out
