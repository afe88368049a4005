"""A running `vlrm serve`, and the requests that tests send it."""

import base64
import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from conftest import PROGRAM


class Server:
    """Serves `model` on a free port until the end of a with statement; then it must end with exit code 0."""

    def __init__(self, model, folder, *flags, environment=None):
        self.errors_file, self.log_file = folder / "server-errors.txt", folder / "server-log.jsonl"
        with self.errors_file.open("w") as errors, self.log_file.open("w") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--model", model, "--port", "0", "--threads", "1", *flags],
                                            stdout=log, stderr=errors, env=environment)
        self.url = self._address()

    def _address(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(r"serving on (http://\S+)", self.errors()):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(self.errors())

    def errors(self):
        return self.errors_file.read_text()

    def log(self):
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.errors()

    def ask(self, path, body=None, headers=None, raw=False):
        """Status, answer and headers. `body`: sent as JSON, or bytes as they are; None: GET."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, fields = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, fields = error.code, error.read(), error.headers
        return status, text.decode() if raw or not text else json.loads(text), fields

    def rewards(self, messages, responses, **fields):
        status, answer, _ = self.ask("/v1/reward", {"messages": messages, "responses": responses, **fields})
        assert status == 200, answer
        return [each["score"][0] for each in answer["data"]]


def data_url(image):
    return "data:image/png;base64," + base64.b64encode(image.read_bytes()).decode()


def user(text, *images):
    """A message as OpenAI has it, with the images before the text."""
    shown = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in images]
    return {"role": "user", "content": [*shown, {"type": "text", "text": text}]}
