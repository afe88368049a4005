"""MANIFEST.json: the sha256 of every file of a set, so that none is edited by hand."""

import hashlib
import json

NAME = "MANIFEST.json"


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write(folder):
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder / NAME).write_text(json.dumps(digests(folder), indent=1) + "\n")


def differences(folder):
    """The files that are not what the manifest says, that it lacks, or that are gone."""
    recorded, found = json.loads((folder / NAME).read_text()), digests(folder)
    return sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name))
