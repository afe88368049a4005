"""The client of a server: against a stub that answers as it is told, and against `vlrm serve` where the program has it."""

import asyncio
import base64
import json
import pickle
import re
import socket
import subprocess
import threading
import time
import warnings

import pytest
import stub_server
from conftest import PROGRAM, ROOT, THREADS, run_python

RED = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.fixture
def stub():
    with stub_server.running() as server:
        yield server


@pytest.fixture
def client(stub):
    from vlrm.client import Client

    return Client(stub.url, timeout=20)


def turns(question, answer):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def error(status, said, **headers):
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(said).encode()


def then(*answers):
    """The answers one after another, then rewards."""
    waiting = list(answers)
    return lambda body: waiting.pop(0) if waiting else stub_server.rewards(body)


def test_the_request_is_the_published_one(stub):
    from vlrm.client import Client

    Client(stub.url + "/v1/", api_key="secret").score("What?", ["A", "B"], images=RED, mode="image")
    assert stub.paths == ["/v1/reward"] and stub.headers[0]["Authorization"] == "Bearer secret"
    url = "data:image/png;base64," + base64.b64encode(RED).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What?"}]
    assert stub.bodies == [{"messages": [{"role": "user", "content": content}], "responses": ["A", "B"], "mode": "image",
                            "use_activation": False}]


def test_url_and_key_may_be_of_the_environment(stub, monkeypatch):
    from vlrm import OptionError
    from vlrm.client import Client

    monkeypatch.delenv("VLRM_URL", raising=False)
    with pytest.raises(OptionError, match="VLRM_URL"):
        Client()
    monkeypatch.setenv("VLRM_URL", stub.url)
    monkeypatch.setenv("VLRM_API_KEY", "of the environment")
    Client().score("What?", ["A"])
    assert stub.headers[0]["Authorization"] == "Bearer of the environment"
    assert "of the environment" not in repr(Client())


def test_images_arrive_as_the_bytes_of_their_files(stub, client, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff of a camera")
    client.score("What?", ["A"], images=[tmp_path / "a.jpg", RED, {"bytes": None, "path": str(tmp_path / "a.jpg")}])
    assert stub.images == [b"\xff\xd8\xff of a camera", RED, b"\xff\xd8\xff of a camera"]
    parts = stub.bodies[0]["messages"][0]["content"]
    assert [part["image_url"]["url"][:16] for part in parts[:2]] == ["data:image/jpeg;", "data:image/png;b"]


def test_pil_images_arrive_as_png(stub, client):
    import io

    Image = pytest.importorskip("PIL.Image")
    image = Image.frombytes("RGB", (5, 3), bytes(range(45)))
    client.score("What?", ["A"], images=image)
    assert Image.open(io.BytesIO(stub.images[0])).tobytes() == image.tobytes()


def test_images_stand_where_the_messages_show_them(stub, client):
    part = {"type": "image"}
    for content, images in (([{"type": "text", "text": "Is "}, part, {"type": "text", "text": "it?"}], [RED]),
                            ([{"type": "text", "text": "Is "}, {"type": "image", "image": RED}, "it?"], None),
                            ("Is it?", [RED, RED])):
        client.score_conversations([[{"role": "system", "content": "Judge."}, *turns(content, "A")]], images and [images])
    kinds = [[part["type"] for part in body["messages"][1]["content"]] for body in stub.bodies]
    assert kinds == [["text", "image_url", "text"]] * 2 + [["image_url", "image_url", "text"]]


def test_images_that_cannot_be_shown_are_errors(client, stub, tmp_path):
    from vlrm import Error

    with pytest.raises(Error, match=r"nowhere.png: No such file"):
        client.score("What?", ["A"], images=tmp_path / "nowhere.png")
    with pytest.raises(Error, match="the messages show 1 images, and 2 are given"):
        client.score([{"role": "user", "content": [{"type": "image"}]}], ["A"], images=[RED, RED])
    with pytest.raises(Error, match="no user message to show them in"):
        client.score([{"role": "system", "content": "Judge."}], ["A"], images=RED)
    assert not stub.bodies


def test_rows_with_the_same_prompt_and_images_share_a_request(stub, client):
    rows = [turns("What?", "A"), turns("Who?", "A"), turns("What?", "B"), turns("What?", "C")]
    images = [RED, RED, RED, RED + b"other"]
    scores = client.score_conversations(rows, images)
    assert sorted(body["responses"] for body in stub.bodies) == [["A"], ["A", "B"], ["C"]]
    assert scores == [client.score(row[:-1], [row[-1]["content"]], image)[0] for row, image in zip(rows, images)]
    assert len(set(scores)) == 4


def test_requests_are_under_way_together_and_keep_the_order(stub):
    from vlrm.client import Client

    def slowly(body):
        time.sleep(0.05 * int(body["messages"][0]["content"]) % 0.15)
        return stub_server.rewards(body)

    rows = [turns(str(number), "A") for number in range(12)]
    stub.answers = slowly
    scores = Client(stub.url, connections=3).score_conversations(rows)
    assert stub.most_together == 3 and scores == Client(stub.url, connections=1).score_conversations(rows)
    assert Client(stub.url).score_conversations([]) == []


def test_many_responses_take_several_requests(stub, client):
    texts = [str(number) for number in range(600)]
    scores = client.score("What?", texts)
    assert sorted(len(body["responses"]) for body in stub.bodies) == [88, 256, 256]
    assert scores[::300] == [client.score("What?", [text])[0] for text in texts[::300]]


def test_how_many_responses_a_request_has(stub):
    from vlrm import OptionError
    from vlrm.client import Client

    assert len(Client(stub.url, responses_per_request=2).score("What?", list("abcde"))) == 5
    assert sorted(len(body["responses"]) for body in stub.bodies) == [1, 2, 2]
    with pytest.raises(OptionError, match="responses_per_request: must be at least 1, not 0"):
        Client(stub.url, responses_per_request=0)


def test_special_tokens_are_the_servers_unless_the_caller_chooses(stub, client):
    client.score("What?", ["A"])
    client.score("What?", ["A"], special_tokens="parse")
    assert [body.get("special_tokens") for body in stub.bodies] == [None, "parse"]


def test_a_kind_of_warning_is_said_once(stub, client):
    from vlrm import VlrmWarning

    counts = iter((1, 2, 30))
    stub.answers = lambda body: stub_server.rewards(body) | {
        "warnings": [f"{(count := next(counts))} special token{'s' * (count > 1)} read as text"]}
    with pytest.warns(VlrmWarning, match="1 special token read as text") as caught:
        for _ in range(3):
            client.score("What?", ["A"])
    assert len(caught) == 1


def test_rank_compare_and_normalize(stub, client):
    from vlrm.client import Client

    texts = ["A", "B", "C"]
    scores = client.score("What?", texts)
    assert [row["text"] for row in client.rank("What?", texts)] == sorted(texts, key=lambda text: -scores[texts.index(text)])
    pair = client.compare(turns("What?", "A"), turns("What?", "B"))
    assert pair.scores == tuple(scores[:2]) and bool(pair) == (scores[0] > scores[1])
    scaled = Client(stub.url, normalize={"mean": 0.5, "scale": 0.1, "clip": 2}).score("What?", texts)
    assert scaled == [max(-2, min(2, (score - 0.5) / 0.1)) for score in scores] and 2 in map(abs, scaled)


def test_every_call_has_a_twin_for_asyncio(client):
    async def all_of_them():
        pair = turns("What?", "A"), turns("What?", "B")
        return (await asyncio.gather(client.score_async("What?", ["A"]), client.score_conversations_async(pair, [RED, RED]),
                                     client.rank_async("What?", ["A", "B"], top_k=1), client.compare_async(*pair)), pair)

    (scores, rows, ranked, compared), pair = asyncio.run(all_of_them())
    assert scores == client.score("What?", ["A"]) and rows == client.score_conversations(pair, [RED, RED])
    assert ranked == client.rank("What?", ["A", "B"], top_k=1) and compared == client.compare(*pair)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_may_pass_is_sent_again(stub, client, status):
    stub.answers = then(error(status, {"error": {"message": "busy"}}), None, (200, {"Content-Length": "9"}, b"cut"))
    assert client.score("What?", ["A"]) and len(stub.bodies) == 4


def test_retry_after_is_waited_for(stub, client):
    stub.answers = then(error(503, {"error": {"message": "loading"}}, Retry_After="1"))
    started = time.monotonic()
    client.score("What?", ["A"])
    assert 1 <= time.monotonic() - started < 3


def test_a_server_that_starts_later_is_waited_for():
    from vlrm.client import Client

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client, found = Client(f"http://127.0.0.1:{port}", timeout=20), []
    waiting = threading.Thread(target=lambda: found.extend(client.score("What?", ["A"])))
    waiting.start()
    time.sleep(0.3)
    assert not client.ready()
    stub = stub_server.running(port)
    with stub:
        waiting.join()
        assert len(found) == 1 and client.ready()


def test_the_time_is_that_of_all_tries(stub):
    from vlrm import TemporaryError
    from vlrm.client import Client

    stub.answers = lambda _: error(503, {"error": {"message": "the queue is full"}})
    started = time.monotonic()
    with pytest.raises(TemporaryError, match=r"no reward after \d tries \(timeout=1 seconds\): 503 .*: the queue is full"):
        Client(stub.url, timeout=1).score("What?", ["A"])
    assert time.monotonic() - started < 1.5 and len(stub.bodies) > 1
    with pytest.raises(TemporaryError, match="after 1 try"):
        Client(stub.url, retries=0).score("What?", ["A"])
    stub.answers = lambda _: error(503, {}, Retry_After="60")
    with pytest.raises(TemporaryError, match="after 1 try"):  # the server asks for more time than there is
        Client(stub.url, timeout=2).score("What?", ["A"])
    stub.answers = lambda _: time.sleep(2)
    with pytest.raises(TemporaryError, match="no answer in time"):
        Client(stub.url, timeout=0.3).score("What?", ["A"])


@pytest.mark.parametrize("status, said, expected", [
    (400, {"error": {"message": "messages[0]: no", "type": "BadRequestError"}}, "400 Bad Request: messages.0.: no"),
    (401, {"error": "Unauthorized"}, "401 Unauthorized: Unauthorized; give api_key, or set VLRM_API_KEY"),
    (404, {"detail": "Not Found"}, "404 Not Found: Not Found"),
    (413, "too large", "413 .*too large"),
    (302, {}, "302 Found"),
])
def test_other_answers_are_errors_at_once(stub, client, status, said, expected):
    from vlrm import Error, TemporaryError

    stub.answers = lambda _: error(status, said)
    with pytest.raises(Error, match=f"{re.escape(stub.url)}/v1/reward: {expected}") as caught:
        client.score("What?", ["A"])
    assert len(stub.bodies) == 1 and not isinstance(caught.value, TemporaryError)


def test_errors_name_the_conversations_and_end_the_others(stub, client):
    from vlrm import Error

    def answer(body):
        said = body["messages"][0]["content"]
        if said == "bad":
            time.sleep(0.2)
            return error(400, {"error": {"message": "no"}})
        if said == "hangs":
            time.sleep(8)
        return error(503, {}, Retry_After="15") if said == "slow" else stub_server.rewards(body)

    stub.answers = answer
    started = time.monotonic()
    with pytest.raises(Error, match="^conversation 3: http.*: no$"):
        client.score_conversations([turns("slow", "A"), turns("hangs", "A"), turns("bad", "A"), turns("good", "A")])
    while any(thread.name.startswith("vlrm-client") for thread in threading.enumerate()):
        assert time.monotonic() - started < 5
        time.sleep(0.01)


@pytest.mark.parametrize("change, said", [
    (lambda answer: b"<html>", "Expecting value"),
    (lambda answer: b"\xc3", "utf"),
    (lambda answer: [1], '"data" is missing'),
    (lambda answer: answer | {"data": answer["data"][:1]}, "1 rewards .* for 2 responses"),
    (lambda answer: answer | {"data": answer["data"][:1] * 2}, "2 rewards .* for 2 responses"),
    (lambda answer: answer | {"data": answer["data"] + answer["data"][:1]}, "3 rewards .* for 2 responses"),
    (lambda answer: answer | {"data": [answer["data"][0] | {"score": [float("nan")]}] * 2}, r"a score of \[nan\]"),
    (lambda answer: answer | {"data": [answer["data"][0] | {"score": [1, 2]}] * 2}, r"a score of \[1, 2\]"),
    (lambda answer: answer | {"data": [answer["data"][0] | {"score": ["1.5"]}] * 2}, r"a score of \['1.5'\]"),
    (lambda answer: answer | {"data": [answer["data"][0] | {"score": 1.5}] * 2}, '"score" is missing or not of type list'),
])
def test_answers_without_rewards_are_errors(stub, client, change, said):
    from vlrm import Error

    def answer(body):
        changed = change(stub_server.rewards(body))
        return 200, {}, changed if isinstance(changed, bytes) else json.dumps(changed).encode()

    stub.answers = answer
    with pytest.raises(Error, match=f"an answer that is not one of rewards: .*{said}"):
        client.score("What?", ["A", "B"])


def test_rewards_may_come_in_any_order(stub, client):
    expected = client.score("What?", ["A", "B", "C"])
    stub.answers = lambda body: (answer := stub_server.rewards(body)) | {"data": answer["data"][::-1]}
    assert client.score("What?", ["A", "B", "C"]) == expected


def test_what_the_server_warns_of_is_said_once(stub, client):
    from vlrm import VlrmWarning

    stub.answers = lambda body: stub_server.rewards(body) | {"warnings": ["messages: no image"]}
    with pytest.warns(VlrmWarning, match="^messages: no image$") as told:
        client.score("What?", ["A"])
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.score("What?", ["A"])


@pytest.mark.parametrize("how", [{"url": "localhost:8000"}, {"url": "ftp://a"}, {"url": "http://a b"}, {"url": "http://a:port"},
                                 {"url": "http://"}, {"timeout": 0}, {"timeout": float("nan")}, {"connections": 0},
                                 {"retries": -1}, {"api_key": "two\nlines"}])
def test_wrong_settings_name_the_argument(how):
    from vlrm import OptionError
    from vlrm.client import Client

    with pytest.raises(OptionError) as caught:
        Client(**{"url": "http://127.0.0.1:1"} | how)
    assert caught.value.option in how and str(caught.value).startswith(caught.value.option)


def test_a_client_goes_to_other_processes_and_says_what_is_served(stub, client):
    stub.answers = lambda _: {"data": [{"id": "a model"}]}
    assert pickle.loads(pickle.dumps(client)).models() == ["a model"]
    stub.answers = lambda _: {"models": []}
    from vlrm import Error

    with pytest.raises(Error, match="not a list of models"):
        client.models()


def test_neither_torch_nor_numpy_nor_pillow_is_imported():
    run_python("import sys, vlrm.client; vlrm.client.Client('http://127.0.0.1:1'); "
               "assert not {'torch', 'numpy', 'PIL', 'aiohttp', 'requests'} & set(sys.modules)")


# Against the program's own server.


def serves():
    found = subprocess.run([PROGRAM, "serve", "--help"], capture_output=True) if PROGRAM.exists() else None
    return found is not None and found.returncode == 0


@pytest.fixture(scope="session")
def served(built, tmp_path_factory):
    """serve(flags…): the url of a server of the little world's model."""
    if not serves():
        pytest.skip("this program has no `vlrm serve`")
    started = []

    def serve(*flags):
        words = [PROGRAM, "serve", "--model", built, "--dtype", "float32", "--threads", THREADS, "--port", 0, *flags]
        process = subprocess.Popen([*map(str, words)], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        for line in process.stderr:
            if found := re.search(r"serving on (http://\S+)", line):
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return found[1]
        raise AssertionError(f"the server ended with {process.wait()}")

    yield serve
    for process in started:
        process.terminate()
    assert [process.wait(30) for process in started] == [0] * len(started)


def test_the_server_gives_the_scores_of_the_model(served, built, pairs):
    import vlrm
    from vlrm.client import Client

    client, model = Client(served()), vlrm.RewardModel(built, dtype="float32", threads=THREADS, special_tokens="escape")
    rows = [turns(row["query"], text) for row in pairs for text in row["response"]]
    images = [row["image"] for row in pairs for _ in row["response"]]
    scores = client.score_conversations(rows, images)
    assert scores == model.score_conversations(rows, images)  # to the last bit
    assert scores != model.score_conversations(rows, images, mode="no-image")
    assert client.score_conversations(rows, images, mode="no-image") == model.score_conversations(rows, images, mode="no-image")


def test_the_server_says_what_is_wrong(served):
    from vlrm import Error
    from vlrm.client import Client

    url = served("--api-key", "secret")
    assert Client(url, api_key="secret").ready() and len(Client(url, api_key="secret").models()) == 1
    with pytest.raises(Error, match="401"):
        Client(url, api_key="other").score("What?", ["A"], images=RED)
    with pytest.raises(Error, match="400 Bad Request"):
        Client(url, api_key="secret").score("What?", ["A"], images=b"no image")
