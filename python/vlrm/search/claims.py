"""Who works on a round: a file with the worker's name, whose time is renewed while it lives."""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import TemporaryError
from .files import read_json, write_first, write_whole

RENEWED_EVERY = 15.0  # seconds
DEAD_AFTER = 300.0


def _machine() -> str:
    """Where process ids mean the same: this boot of this machine, in this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {uuid.uuid4().hex}"


def _started(pid: int) -> str | None:
    """When the process started, which tells it from a later one of its number; None if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


@contextmanager
def claimed(path: Path) -> Iterator[Claim | None]:
    """The claim, held inside; None if a worker that lives has it."""
    claim = Claim(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not claim.take():
        yield None
        return
    try:
        yield claim
    finally:
        claim.release()


class Claim:
    """Held from a successful take() to release()."""

    def __init__(self, path: Path) -> None:
        self.path = path
        pid = os.getpid()
        self.owner = {"machine": _machine(), "pid": pid, "started": _started(pid), "id": uuid.uuid4().hex}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self) -> bool:
        """False if a worker that lives has it. The claim of a dead one is taken over."""
        if self.path.exists() and self._is_dead():
            aside = self.path.with_name(f".{self.path.name}.{self.owner['id']}")
            try:
                os.rename(self.path, aside)  # one of several that try it
                aside.unlink()
            except FileNotFoundError:
                return False
        if not write_first(self.path, json.dumps(self.owner)):
            return False
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()
        return True

    def check(self) -> None:
        """Raises TemporaryError if another worker has taken over."""
        found = read_json(self.path)
        if found is None or found.get("id") != self.owner["id"]:
            raise TemporaryError(f"{self.path}: another worker took this round over, as this one stood still; "
                                 "run the same command again")

    def release(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            if (read_json(self.path) or {}).get("id") == self.owner["id"]:
                self.path.unlink(missing_ok=True)

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED_EVERY):
            try:
                os.utime(self.path)
            except OSError:
                return

    def _is_dead(self) -> bool:
        try:
            found = read_json(self.path)
            if found is None:
                return False
            if found.get("machine") == self.owner["machine"]:
                return _started(found["pid"]) != found["started"]
            return self._now() - self.path.stat().st_mtime > DEAD_AFTER
        except FileNotFoundError:
            return False

    def _now(self) -> float:
        """By the clock of the file system, which machines may not share."""
        probe = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}")
        write_whole(probe, "")
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
        return now
