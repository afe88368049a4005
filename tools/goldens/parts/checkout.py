"""Running a checkout's scripts as they are, in this process."""

import contextlib
import os
import runpy
import sys


@contextlib.contextmanager
def arguments(*words):
    before, sys.argv = sys.argv, list(map(str, words))
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def working_directory(path):
    before = os.getcwd()
    path.mkdir(parents=True, exist_ok=True)
    os.chdir(path)
    try:
        yield path
    finally:
        os.chdir(before)


def run_script(script, *words):
    """python SCRIPT WORDS…"""
    sys.path.insert(0, str(script.parent))
    try:
        with arguments(script, *words):
            runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.path.remove(str(script.parent))
