"""`vlrm serve` where it cannot give rewards now: a full queue, no key, clients that leave, signals, a port that is taken."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import http.client
import json
import signal
import threading
import time

import pytest
from raw_clients import GOOD, GOOD_BYTES, MODEL, Server, answer_from, closed, refused, request, scores
from serving_fixtures import media, nothing_else_is_disturbed, rewards, server

pytestmark = pytest.mark.first_set
REWARD_ROUTES = """/v1/reward /v1/chat/reward /classify /v1/classify /pooling /score /v1/score /rerank /v1/rerank /v2/rerank
/get_reward""".split()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_client_that_leaves_ends_its_work(server):
    left, scored = server.metric("clients_left_total"), server.metric("responses_total")
    with server.connect() as client:
        client.sendall(request("/classify", json.dumps({"input": [7] * 12_000}).encode()))  # some seconds' work
        wait_for(lambda: server.metric("num_requests_running") > 0)
    assert server.post("/v1/reward", GOOD).status == 200
    assert server.metric("clients_left_total") == left + 1
    assert server.metric("responses_total") == scored + len(GOOD["responses"])  # the one that was left is not scored


def busy(server, tokens=10_000):
    """A connection that keeps the model at work for a second or more, which has begun."""
    client = server.connect()
    client.sendall(request("/classify", json.dumps({"input": [7] * tokens}).encode()))
    wait_for(lambda: server.metric("num_requests_running") > 0)
    return client


def test_a_full_queue_says_when_to_try_again(rewards):
    with Server("--max-waiting", 1) as server:
        with busy(server) as client:
            for _ in range(3):
                answer = server.post("/v1/reward", GOOD)
                refused(answer, 503, "try again later")
                assert int(answer.headers["Retry-After"]) >= 1
            assert server.get("/health").status == 200  # which is answered beside the work
            assert answer_from(client).status == 200
        assert scores(server.post("/v1/reward", GOOD)) == rewards
        assert server.metric("requests_refused_total") == 3


def test_what_is_not_begun_in_time_is_given_up():
    with Server("--time-limit", 1, "--threads", 1) as server:
        clients = [busy(server, 16_000)]
        for i in range(24):  # of which the first ones are prepared, and so begun
            clients.append(server.connect())
            clients[-1].sendall(request("/score", json.dumps({"queries": f"{i}?", "documents": "x"}).encode()))
        answers = [answer_from(client) for client in clients]
        assert {answer.status for answer in answers} == {200, 503} and answers[0].status == 200
        refused(next(answer for answer in answers if answer.status == 503), 503, "not begun within 1 s")
        assert server.metric("requests_late_total") == sum(answer.status == 503 for answer in answers)
        for client in clients:
            client.close()


def test_keys():
    with Server(environment={"VLRM_API_KEY": "right"}) as server:
        routes = [(route, "POST") for route in REWARD_ROUTES] + [(path, "GET") for path in ("/v1/models", "/version", "/load", "/nowhere")]
        for route, method in routes:
            for key in ("", "Bearer", "Bearer ", "Bearer wrong", "Bearer righ", "Bearer rightx", "Bearer right right", "right", "Basic right"):
                headers = {"Authorization": key} if key else {}
                answer = server.post(route, GOOD, **headers) if method == "POST" else server.get(route, **headers)
                refused(answer, 401)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert server.get(route, "OPTIONS").status in (404, 405)
        for path in ("/health", "/ping", "/ready", "/metrics", "/"):
            assert server.get(path).status == 200
        for key in ("Bearer right", "bearer right"):
            assert server.post("/v1/reward", GOOD, Authorization=key).status == 200
        large = b"x" * (1 << 20)  # is not read without a key
        refused(server.raw(request("/v1/reward", large)), 401)


def test_requests_in_flight_are_answered_before_the_end(rewards):
    with Server() as server:
        client = busy(server)
        others = [server.connect() for _ in range(20)]
        for other in others:
            other.sendall(request("/v1/reward", GOOD_BYTES))
        silent = server.connect()
        wait_for(lambda: server.metric("num_requests_waiting") + server.metric("num_requests_running") == 21)
        assert server.end() == 0
        assert answer_from(client).status == 200
        for other in others:
            answer = answer_from(other)
            assert scores(answer) == rewards and answer.headers["Connection"] == "close"
        assert closed(silent)
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_a_kill_under_load_and_a_start_on_the_same_port(rewards):
    with Server() as server:
        outcomes, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    answer = server.post("/v1/reward", GOOD)
                    outcomes.append("loading" if answer.status == 503 else scores(answer) == rewards)
                except (OSError, http.client.HTTPException):
                    outcomes.append("no connection")
                    time.sleep(0.1)  # a client that tries at once may get the server's port for its own end

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        server.process.kill()
        server.process.wait()
        with Server(port=server.port) as again:
            assert scores(again.post("/v1/reward", GOOD)) == rewards
            time.sleep(0.3)
            stop.set()
            for thread in threads:
                thread.join()
    assert set(outcomes) - {"loading"} == {True, "no connection"}  # each of which a client tries again


def test_a_port_that_is_taken(server, vlrm):
    said = vlrm("serve", "--model", MODEL, "--port", server.port, fails=True)
    assert said == f"vlrm: 127.0.0.1:{server.port}: cannot listen there: Address already in use"
    assert "cannot listen there" in vlrm("serve", "--model", MODEL, "--host", "192.0.2.1", "--api-key", "x", fails=True)


def test_more_connections_than_the_limit_wait(rewards):
    with Server("--limit-connections", 2) as server:
        silent = [server.connect() for _ in range(2)]
        began = time.monotonic()
        third = server.connect()
        third.sendall(request("/v1/reward", GOOD_BYTES))
        for client in silent:
            client.close()
        assert scores(answer_from(third)) == rewards and time.monotonic() - began < 5


def test_an_interrupt_ends_it_as_well():
    with Server() as server:
        assert server.post("/v1/reward", GOOD).status == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 0
