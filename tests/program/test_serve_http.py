"""`vlrm serve` and HTTP that is malformed, endless, compressed, slow or cut short."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import gzip
import json
import socket
import struct
import time

import pytest
from raw_clients import GOOD, GOOD_BYTES, answer_from, closed, float32, refused, request, scores
from serving_fixtures import media, nothing_else_is_disturbed, rewards, server

pytestmark = pytest.mark.first_set


@pytest.mark.parametrize("header", [
    *["Range: bytes=" + value for value in ("1" * 8100 + "-", ",".join(["-"] * 4000), "," * 8000, "1-2, " * 1600, "-" * 8000)],
    "X: " + "x" * 8100, "Accept: " + ";q=1," * 1600, "Accept-Encoding: " + "gzip," * 1600, "Authorization: Bearer " + "x" * 8000,
    "Content-Type: application/json; charset=" + "x" * 8000, "X-Request-Id: " + "x" * 8000, "X-Request-Id: a\x01b", "Host: " + "%" * 8000,
    "Connection: " + "close, " * 1000,
], ids=lambda header: header[:22])  # fmt: skip
def test_long_header_fields(server, rewards, header):
    answer = server.raw(request("/v1/reward", GOOD_BYTES, header))
    assert scores(answer) == rewards if answer.status == 200 else answer.status in (400, 416)
    assert answer.headers["X-Request-Id"] is None or len(answer.headers["X-Request-Id"]) <= 128


@pytest.mark.parametrize("data", [
    b"GET /" + b"a" * 8100 + b" HTTP/1.1\r\n\r\n", b"GET /v1/models/" + b"a" * 8100 + b" HTTP/1.1\r\n\r\n",
    b"GET /?" + b"a=b&" * 2000 + b" HTTP/1.1\r\n" + b"X: y\r\n" * 90_000 + b"\r\n", b"GET /" + b"%00" * 2000 + b" HTTP/1.1\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 1_000_000, b"X" * 1_000_000, b"\r\n" * 100_000,
    b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000, b"GET / HTTP/9.9\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\n" + b"X\n" * 40_000, b"BREW / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" + bytes(600) + b"\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\n\x00\xff: \x80\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
], ids=lambda data: repr(data[:24]))  # fmt: skip
def test_what_is_not_a_fit_header(server, data):
    answer = server.raw(data)
    assert answer is None or 400 <= answer.status < 500, answer.status


@pytest.mark.parametrize("headers", [
    ["Content-Length: -1"], ["Content-Length: abc"], ["Content-Length: 1e3"], ["Content-Length: 0x10"], ["Content-Length: 5, 5"],
    ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Transfer-Encoding: chunked"], ["Content-Length: +5"],
], ids=str)  # fmt: skip
def test_lengths_that_are_none(server, headers):
    refused(server.raw(request("/v1/reward", GOOD_BYTES, *headers)), says="Content-Length")


def test_lengths_that_are_wrong(server):
    for length in (2**20 + 1, 2**63, 10**30):
        refused(server.raw(request("/v1/reward", GOOD_BYTES, f"Content-Length: {length}")), 413, "--limit-body")
    refused(server.raw(request("/v1/reward", GOOD_BYTES, f"Content-Length: {len(GOOD_BYTES) - 1}")))
    with server.connect() as client:  # more than comes
        client.sendall(request("/v1/reward", GOOD_BYTES, f"Content-Length: {len(GOOD_BYTES) + 1}"))
        client.shutdown(socket.SHUT_WR)
        refused(answer_from(client), says="not complete")
    refused(server.raw(request("/v1/reward", GOOD_BYTES, "Transfer-Encoding: gzip, chunked")), 501)


def chunks(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_chunked_bodies(server, rewards):
    whole = chunks(*[GOOD_BYTES[i : i + 7] for i in range(0, len(GOOD_BYTES), 7)])
    assert scores(server.raw(request("/v1/reward", whole, "Transfer-Encoding: chunked"))) == rewards
    for wrong in (b"x\r\n", b"ffffffffffffffff\r\n", b"-5\r\n" + GOOD_BYTES, b"5\r\n" + GOOD_BYTES, whole[:-2] + b"X: y\r\n\r\n", b"\r\n" * 9):
        with server.connect() as client:
            client.sendall(request("/v1/reward", wrong, "Transfer-Encoding: chunked"))
            client.shutdown(socket.SHUT_WR)
            refused(answer_from(client))
    endless = b"1" * 2_000_000  # a chunk's length
    for route, status in (("/v1/reward", 400), ("/v1/models", 404), ("/ping", 400)):
        answer = server.raw(request(route, endless, "Transfer-Encoding: chunked"))
        assert answer.status in (status, 405) and answer.headers["Connection"] == "close"
    refused(server.raw(request("/v1/reward", chunks(*[bytes(60_000)] * 20), "Transfer-Encoding: chunked")), 413)


def test_compressed_bodies(server, rewards):
    assert scores(server.post("/v1/reward", gzip.compress(GOOD_BYTES), Content_Encoding="gzip")) == rewards
    large = gzip.compress(bytes(500 << 20))
    assert len(large) < (1 << 20)
    for route, status in (("/v1/reward", 413), ("/ping", 400)):
        refused(server.post(route, large, Content_Encoding="gzip"), status)
    assert server.post("/nowhere", large, Content_Encoding="gzip").status == 404
    for wrong in (b"no gzip", gzip.compress(GOOD_BYTES)[:-30], b""):
        refused(server.post("/v1/reward", wrong, Content_Encoding="gzip"))
    refused(server.post("/v1/reward", b"\xff" * 100, Content_Encoding="br"))


def test_forms_are_refused(server):
    for form in ("multipart/form-data; boundary=x", "multipart/form-data"):
        refused(server.post("/v1/reward", b"--x\r\n\r\n{}\r\n--x--\r\n", Content_Type=form), 415)


def test_a_body_that_no_route_reads(server):
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"):
        hidden = b"GET /version HTTP/1.1\r\n\r\n"  # in the body: not a request
        with server.connect() as client:
            client.sendall(f"{method} /version HTTP/1.1\r\nContent-Length: {len(hidden)}\r\n\r\n".encode() + hidden)
            if method == "HEAD":
                assert b" 400 " in client.recv(1 << 16)
            else:
                assert answer_from(client).status in (400, 404, 405)
            assert closed(client)


def test_methods_and_paths_that_are_not_there(server):
    assert server.get("/v1/reward").status == 405 and server.post("/v1/models", {}).status == 405
    assert server.get("/nowhere").status == 404 and server.post("/v1/reward/", GOOD).status == 404
    assert server.get("/%2e%2e/%2e%2e/etc/passwd").status == 404
    refused(server.get("/v1/models/..%2f..%2fetc%2fpasswd"), 404)
    refused(server.get("/v1/models/%ff%00"), 404)


def test_a_body_beyond_the_limit_is_answered_while_it_is_sent(server):
    with server.connect() as client:  # 200 MiB are said, and only some sent before the answer
        client.sendall(request("/v1/reward", b"x" * 100_000, f"Content-Length: {200 << 20}"))
        answer = answer_from(client)
        refused(answer, 413, "--limit-body")
        assert answer.headers["Connection"] == "close"
    with server.connect() as client:  # all of it is sent, and only then is the answer read
        client.sendall(request("/v1/reward", b"", f"Content-Length: {20 << 20}"))
        for _ in range(20):
            client.sendall(bytes(1 << 20))
        refused(answer_from(client), 413)
    refused(server.post("/v1/reward", b" " * ((1 << 20) + 1)), 413)


def test_pipelined_requests_are_answered_in_order(server, rewards):
    with server.connect() as client:
        client.sendall(request("/v1/reward", GOOD_BYTES) * 3 + request("/v1/reward", b"{}") + request("/v1/reward", GOOD_BYTES))
        stream = client.makefile("rb")
        statuses = []
        for _ in range(5):
            statuses.append(int(stream.readline().split()[1]))
            length = 0
            while (line := stream.readline().strip()) != b"":
                length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
            body = json.loads(stream.read(length))
            assert statuses[-1] == 400 or float32(each["score"][0] for each in body["data"]) == rewards
        assert statuses == [200, 200, 200, 400, 200]


def test_connections_that_say_nothing(server):
    """A hundred that are open, have sent half a header or half a body, or were broken off."""
    clients = [server.connect() for _ in range(100)]
    for client in clients[25:50]:
        client.sendall(b"POST /v1/reward HTTP/1.1\r\nContent-Le")
    for client in clients[50:75]:
        client.sendall(request("/v1/reward", GOOD_BYTES)[:-10])
    for client in clients[75:]:
        client.sendall(request("/v1/reward", GOOD_BYTES))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
        client.close()
    began = time.monotonic()
    assert server.post("/v1/reward", GOOD).status == 200
    assert time.monotonic() - began < 5
    for client in clients[:75]:
        client.close()
