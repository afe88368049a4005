"""Small files that are there whole or not at all, on file systems that several machines share."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

from ..errors import Error


def write_whole(path: Path, text: str) -> None:
    with _beside(path, text) as temporary:
        os.replace(temporary, path)


def write_first(path: Path, text: str) -> bool:
    """Whether it is ours: where the file is there already, it stays."""
    with _beside(path, text) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        return True


class _beside:
    """A file beside `path` with the text on the disk, which is gone in the end."""

    def __init__(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.text = path.with_name(f".{path.name}.{uuid.uuid4().hex}"), text

    def __enter__(self) -> Path:
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.text)
            file.flush()
            os.fsync(file.fileno())
        return self.path

    def __exit__(self, *_: Any) -> None:
        self.path.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """None if it is not there. Raises Error for what is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise Error(f"{path}: cannot be read as JSON: {error}") from error


def as_json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
