"""Requests to a server, sent again while that can help."""

from __future__ import annotations

import functools
import http.client
import json
import random
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import Error, OptionError, TemporaryError

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 10.0  # seconds; each is twice the one before
_LONGEST_SHOWN = 300  # characters of an answer
_NO_HOPE = (ssl.SSLCertVerificationError,)  # of a connection


class Stop:
    """Ends the requests of a call: those that wait for their next try, and those that wait for their answers."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._open: set[http.client.HTTPConnection] = set()

    def ask(self) -> None:
        self.asked.set()
        for connection in list(self._open):
            if (socket := connection.sock) is not None:
                try:
                    socket.shutdown(2)
                except OSError:
                    pass

    @contextmanager
    def ending(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        self._open.add(connection)
        try:
            yield
        finally:
            self._open.discard(connection)
            connection.close()


class Server:
    """What answers at `url`. A request ends after `timeout` seconds, all its tries counted."""

    def __init__(self, url: str, api_key: str | None, timeout: float, retries: int | None) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        try:
            parts = urllib.parse.urlsplit(self.url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise OptionError(f"url: {url!a}: {error}", "url") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
            raise OptionError(f"url: {url!a} is not the address of a server; give one as http://127.0.0.1:8000", "url")
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise OptionError("api_key: it has characters that no header can hold", "api_key")
        self._tls, self._folder = parts.scheme == "https", parts.path
        self._headers = {"Content-Type": "application/json", "Connection": "close"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self.timeout, self.retries = timeout, retries

    def ask(self, method: str, path: str, body: Any = None, what: str = "", stop: Stop | None = None) -> bytes:
        """The body of the answer 200. `what` names the request in errors. Tried again: what finds no server, and the
        answers 408, 429 and 5xx, after the seconds of Retry-After if the server says them."""
        text = None if body is None else json.dumps(body).encode()
        stop = stop or Stop()
        deadline = time.monotonic() + self.timeout
        where = f"{what}{': ' if what else ''}{self.url}{path}"
        tries = 0
        while True:
            wait = min(_FIRST_WAIT * 2**tries, _LONGEST_WAIT) * random.uniform(0.5, 1)
            tries += 1
            try:
                status, headers, answer = self.once(method, path, text, deadline - time.monotonic(), stop)
            except _NO_HOPE as error:
                raise Error(f"{where}: {error}") from None
            except (OSError, http.client.HTTPException) as error:
                said = _of_connection(error)
            else:
                if status == 200:
                    return answer
                said = _of_answer(status, answer)
                if status not in (408, 429) and status < 500:
                    raise Error(f"{where}: {said}")
                wait = _seconds(headers.get("Retry-After"), wait)
            spent = self.retries is not None and tries > self.retries
            if spent or time.monotonic() + wait >= deadline or stop.asked.wait(wait):
                count = f"{tries} {'try' if tries == 1 else 'tries'}"
                raise TemporaryError(f"{where}: no reward after {count} (timeout={self.timeout:g} seconds): {said}")

    def finds(self, path: str) -> bool:
        """Whether one try is answered with 200."""
        try:
            return self.once("GET", path, None, self.timeout, Stop())[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def once(self, method: str, path: str, body: bytes | None, timeout: float,
             stop: Stop) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One try: status, headers and body."""
        seconds = max(timeout, 0.001)
        connection = (http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=_certificates())
                      if self._tls else http.client.HTTPConnection(self._host, self._port, timeout=seconds))
        with stop.ending(connection):
            connection.request(method, self._folder + path, body, self._headers)
            if stop.asked.is_set():
                raise ConnectionAbortedError("stopped")
            response = connection.getresponse()
            return response.status, response.headers, response.read()


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _of_connection(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said or type(error).__name__


def _of_answer(status: int, answer: bytes) -> str:
    """The error that a server's answer tells, in whichever of the usual shapes."""
    said = shown(answer)
    try:
        error = json.loads(answer)
        for key in ("error", "message", "detail"):
            if isinstance(error, dict) and error.get(key):
                error = error[key]
        if isinstance(error, str):
            said = " ".join(error.split())
    except ValueError:
        pass
    hint = "; give api_key, or set VLRM_API_KEY" if status == 401 else ""
    return f"{status} {http.client.responses.get(status, '')}".strip() + (f": {said}" if said else "") + hint


def shown(answer: bytes) -> str:
    text = " ".join(answer[:_LONGEST_SHOWN].decode(errors="replace").split())
    return text + ("…" if len(answer) > _LONGEST_SHOWN else "")


def _seconds(said: str | None, otherwise: float) -> float:
    """Of a header that may hold a date."""
    return float(said) if said is not None and said.strip().isdigit() else otherwise
