"""`vlrm serve` for tests: a server on a free port, and clients that send what no HTTP library would."""

import base64
import contextlib
import gzip
import http.client
import io
import json
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import time

from conftest import GOLDENS, PROGRAM
from PIL import Image

MODEL = GOLDENS / "vlrm_ties"
SMALL_STACK = 1 << 20  # of threads: systems differ, and what clients send must not decide


def image_url(data):
    return "data:image/png;base64," + base64.b64encode(data).decode()


def png(width=40, height=30):
    data = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(data, "PNG")
    return data.getvalue()


def one_line(text):
    return text and "\n" not in text and len(text) < 400


class Answer:
    """The status, the headers, the body, and the message of an error."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            self.body = gzip.decompress(self.body)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        body = self.json
        error = body.get("error", body.get("detail"))
        return error["message"] if isinstance(error, dict) else error


class Server:
    """`vlrm serve` with `options`; ends with the `with` block."""

    def __init__(self, *options, port=0, environment=None):
        command = [PROGRAM, "serve", "--model", MODEL, "--port", port, *options]
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (SMALL_STACK, resource.RLIM_INFINITY)),
        )
        self.said = ""
        while "serving on" not in self.said:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        self.port = int(re.search(r":(\d+)$", self.said.strip()).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def end(self):
        """Its exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def post(self, route, body, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST", route, data, {name.replace("_", "-"): value for name, value in headers.items()})
            return Answer(connection.getresponse())

    def get(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers)
            return Answer(connection.getresponse())

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def raw(self, data):
        """The answer to bytes; None where the connection is closed without one."""
        with self.connect() as client:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(data)
            return answer_from(client)

    def memory(self):
        """Peak resident bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) << 10

    def metric(self, name):
        return float(re.search(rf"^vlrm:{name}{{.*}} (\S+)$", self.get("/metrics").body.decode(), re.MULTILINE).group(1))


def answer_from(client):
    """The next answer on a socket, or None."""
    answer = http.client.HTTPResponse(client)
    try:
        answer.begin()
        return Answer(answer)
    except (http.client.BadStatusLine, ConnectionResetError):
        return None


def closed(client, seconds=10):
    """Whether the server closes the connection."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([client], [], [], 0.5)[0] and not client.recv(1 << 16):
            return True
    return False


IMAGE = image_url(png())
USER = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": IMAGE}}, {"type": "text", "text": "What?"}]}
ANSWER = {"role": "assistant", "content": "A cat."}
GOOD = {"messages": [USER], "responses": ["A cat.", "A dog."]}
GOOD_BYTES = json.dumps(GOOD).encode()


def float32(values):
    return [struct.unpack("f", struct.pack("f", value))[0] for value in values]


def scores(answer):
    assert answer.status == 200, answer.body
    return float32(score for entry in answer.json["data"] for score in entry["score"])


def refused(answer, status=400, says=""):
    assert answer is not None and answer.status == status, answer and (answer.status, answer.body)
    assert one_line(answer.message) and says in answer.message, answer.message
    return True


def request(route, body, *headers):
    """The bytes of a request; without a header that says how long it is where `headers` has one."""
    if not any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers):
        headers = [*headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([f"POST {route} HTTP/1.1", *headers, "\r\n"]).encode() + body
