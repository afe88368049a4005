"""The command `vlrm`: it finds torch and pyarrow without importing them, and becomes the program."""

import importlib.util
import os
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("bin") / "vlrm"
IN_PYTHON = {"push": "vlrm.hub", "search": "vlrm.search.command"}  # commands that are Python modules


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


def in_python(arguments):
    """The words for a command that is a Python module, or None: its name, its arguments, and of the program's flags
    before it those that mean something to it. `help` and its name ask for its help."""
    rest, flags = list(arguments), []
    while rest and rest[0].startswith("-"):
        flag, equals, _ = rest.pop(0).partition("=")
        if flag in ("-q", "--quiet"):
            flags.append("--quiet")
        elif flag == "--offline":
            flags.append(flag)
        elif flag != "--threads":
            return None
        elif not equals and rest:
            rest.pop(0)
    if len(rest) == 2 and rest[0] == "help":
        rest = [rest[1], "--help"]
    return [*rest, *flags] if rest and rest[0] in IN_PYTHON else None


def main():
    arguments = sys.argv[1:]
    if words := in_python(arguments):
        return importlib.import_module(IN_PYTHON[words[0]]).main(words)
    os.execve(PROGRAM, ["vlrm", *arguments], environment())


if __name__ == "__main__":
    sys.exit(main())
