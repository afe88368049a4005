"""A server that answers as the tests tell it, for those of the client and of the trainers' rewards."""

import base64
import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def reward_of(body, response):
    """A number that depends on everything that the reward model would be shown."""
    seen = json.dumps([body["messages"], response, body.get("mode")])
    return int.from_bytes(hashlib.sha256(seen.encode()).digest()[:4], "big") / 2**31 - 1


def rewards(body):
    data = [{"index": index, "object": "reward", "score": [reward_of(body, response)]}
            for index, response in enumerate(body["responses"])]
    return {"id": "reward-1", "object": "object", "created": 0, "model": "stub", "data": data, "usage": {"prompt_tokens": 1}}


class Stub:
    """`bodies` and `headers` are those of the requests. `answers` is called with a body and gives the answer's JSON, or
    (status, headers, bytes)."""

    def __init__(self):
        self.bodies, self.headers, self.paths = [], [], []
        self.answers = rewards
        self.most_together = self.together = 0
        self.lock = threading.Lock()

    @property
    def images(self):
        """The images of all requests: the bytes of their files."""
        return [base64.b64decode(part["image_url"]["url"].partition(",")[2]) for body in self.bodies
                for message in body["messages"] if isinstance(message["content"], list)
                for part in message["content"] if part["type"] == "image_url"]


@contextlib.contextmanager
def running(port=0):
    """A Stub that listens."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with stub.lock:
                stub.bodies.append(json.loads(body or "null"))
                stub.headers.append(dict(self.headers))
                stub.paths.append(self.path)
                stub.together += 1
                stub.most_together = max(stub.most_together, stub.together)
            answer = (200, {}, b"") if self.path == "/health" else stub.answers(json.loads(body or "null"))
            with stub.lock:
                stub.together -= 1
            if answer is None:  # hangs up
                self.close_connection = True
                return
            status, headers, said = answer if isinstance(answer, tuple) else (200, {}, json.dumps(answer).encode())
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_):
            pass  # a client that hung up

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
