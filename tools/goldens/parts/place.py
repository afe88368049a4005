"""Where a part finds things and puts things."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    out: Path  # the set: models/, reference/, vlrm_ties/, eval/, seed/
    work: Path  # what only other parts need
    checkouts: dict

    def models(self, name):
        return self.out / "models" / name

    def reference(self, name):
        path = self.out / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def made(self, path, part):
        """A path that another part has made."""
        if not path.exists():
            sys.exit(f"goldens: {path} is missing: make the part {part} first")
        return path


def write_json(path, value, lines=1):
    """With line breaks down to the given depth, and none below, so that changes can be read and files stay small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(spelled(value, lines) + "\n")


def spelled(value, lines):
    if lines == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, list):
        return "[\n" + ",\n".join(spelled(each, lines - 1) for each in value) + "\n]"
    return "{\n" + ",\n".join(f"{json.dumps(key)}:{spelled(each, lines - 1)}" for key, each in value.items()) + "\n}"


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def sha256_of(tensor):
    """Of a torch tensor's bytes."""
    import torch

    return hashlib.sha256(tensor.detach().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()
