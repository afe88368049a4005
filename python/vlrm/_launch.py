"""The command `vlrm`: it finds torch and pyarrow without importing them, and becomes the program."""

import importlib.util
import os
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("bin") / "vlrm"
IN_PYTHON = {"push": "vlrm.hub"}  # commands that are Python modules


def folder_of(package):
    """Where `package` would be imported from, or None."""
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return os.path.dirname(found.origin) if found and found.origin else None


def environment():
    """What tells the program where this Python's packages are. What the user has set stays."""
    told = dict(os.environ)
    for variable, package in (("VLRM_TORCH", "torch"), ("VLRM_PYARROW", "pyarrow")):
        folder = None if told.get(variable) else folder_of(package)
        if folder:
            told[variable] = folder
    hub = Path(sys.executable).with_name("hf")
    if not told.get("VLRM_HF") and hub.exists():
        told["VLRM_HF"] = str(hub)
    return told


def main():
    arguments = sys.argv[1:]
    if arguments and arguments[0] in IN_PYTHON:
        module = importlib.import_module(IN_PYTHON[arguments[0]])
        return module.main(arguments)
    os.execve(PROGRAM, ["vlrm", *arguments], environment())


if __name__ == "__main__":
    sys.exit(main())
