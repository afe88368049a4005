"""Fields of requests to `vlrm serve`: what would change a reward and is not there is refused by name; and what answers say of
prompts, limits and errors."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import json
import os
import socket

import pytest
from raw_clients import ANSWER, GOOD, GOOD_BYTES, IMAGE, MODEL, USER, Server, answer_from, refused, request, scores
from serving_fixtures import media, nothing_else_is_disturbed, rewards, server

pytestmark = pytest.mark.first_set


@pytest.mark.parametrize("field", [
    {"images": [IMAGE]}, {"max_length": 7}, {"truncation": "left"}, {"max_pixels": 9}, {"min_pixels": 9}, {"tools": [{}]}, {"instruction": "x"},
    {"response_prefix": "x"}, {"likelihood": True}, {"add_special_tokens": True}, {"respones": ["x"]}, {"special_token": "parse"}, {"Mode": "no-image"},
    {"use_activations": True},
])  # fmt: skip
def test_fields_that_are_refused_by_name(server, field):
    refused(server.post("/v1/reward", {**GOOD, **field}), says=next(iter(field)))
    assert server.post("/v1/reward", {**GOOD, "user": "x", "request_id": "y", "priority": 1, "cache_salt": "z"}).status == 200


def test_sizes_of_images_are_the_servers(server):
    for part in ({**USER["content"][0], "max_pixels": 1000}, {"type": "image_url", "image_url": {"url": IMAGE, "min_pixels": 5}}):
        body = {"messages": [{"role": "user", "content": [part]}], "responses": ["x"]}
        refused(server.post("/v1/reward", body), says="_pixels: the size of images is the server's setting")


def test_what_classify_takes(server):
    refused(server.post("/classify", {"messages": [USER, ANSWER], "responses": ["x"]}), says="responses: here the last message is the response")
    refused(server.post("/classify", {"input": "x", "special_tokens": "escape"}), says="special_tokens: `input` is rendered already")
    refused(server.post("/classify", {"input": ["hello", ""]}), says="input[1] is empty")
    refused(server.post("/classify", {"input": ["", "hello"]}), says="input[0] is empty")
    refused(server.post("/classify", {"input": [[1], [10**6]]}), says="input[1]: id 1000000")


@pytest.mark.parametrize("content", [None, []])
def test_an_answer_without_content_is_no_answer(server, content):
    for route in ("/v1/reward", "/classify"):
        refused(server.post(route, {"messages": [USER, {"role": "assistant", "content": content}]}), says="messages[1].content: is empty")


def test_an_error_names_the_response_and_whose_limit_it_is(server):
    with Server("--max-length", 100) as short:
        body = {**GOOD, "responses": ["A cat.", "x " * 200]}
        refused(short.post("/v1/reward", body), says="messages: responses[1]: a text of ")
        refused(short.post("/v1/reward", body), says="is longer than the server's --max-length 100; the server's --truncation left")
    refused(server.post("/v1/reward", {**GOOD, "responses": ["A cat.", "<|eot_id|>"], "special_tokens": "refuse"}), says="responses[1]: ")


def test_a_prompts_notes_count_once(server):
    body = {"messages": [{"role": "user", "content": "What <|eot_id|> is it?"}], "responses": ["A.", "B.", "C.<|eot_id|>", "D."]}
    assert "2 special tokens in prompts and responses read as text" in server.post("/v1/reward", body).json["warnings"]


def test_a_kind_of_warning_is_said_once(tmp_path):
    with Server() as server:
        for count in (1, 2, 3):
            body = {**GOOD, "responses": ["<|eot_id|>" * count]}
            assert f"{count} special token" in server.post("/v1/reward", body).json["warnings"][0]
        server.end()
        said = server.process.stderr.read()
    assert said.count("special token") == 1 and "(said once)" in said


def test_a_wrong_mode_says_nothing_of_the_servers_files(server):
    answer = server.post("/v1/reward", {**GOOD, "mode": "text-only"})
    refused(answer, says="text-only is for a text reward model")
    assert str(MODEL) not in answer.message


def test_documents(server):
    expected = scores(server.post("/v1/reward", {"messages": [{"role": "user", "content": "What?"}], "responses": ["A cat."]}))
    answer = server.post("/rerank", {"query": "What?", "documents": [{"text": "A cat."}], "return_documents": False})
    assert [result["relevance_score"] for result in answer.json["results"]] == expected and "document" not in answer.json["results"][0]
    refused(server.post("/rerank", {"query": "What?", "documents": [{"text": 7}]}), says="documents[0].text")
    refused(server.post("/rerank", {"query": "What?", "documents": ["x"], "return_documents": 7}), says="return_documents")


def test_the_limits_can_be_asked_for(server):
    limits = server.get("/v1/models").json["data"][0]["limits"]
    assert limits == {"images": 2, "responses": 4, "pixels": 1_000_000, "body_bytes": 1 << 20}
    assert server.get("/load").json == {"server_load": 0}


def test_texts_of_what_http_refuses(server):
    refused(server.raw(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n"), 414, "longer than 8,192 bytes")
    refused(server.raw(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000), 431, "longer than 64 KiB")
    refused(server.post("/v1/reward", b'{"ignored": 1e999}'), says="the body: not valid JSON: a number is too large")
    (empty := server.post("/v1/reward", {**GOOD, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}]}))
    refused(empty, says="holds no bytes")


def test_an_empty_file(server, media):
    (media / "in/empty.png").write_bytes(b"")
    refused(server.post("/get_reward", {"prompt": "?", "response": "!", "label": {"images": [f"{media}/in/empty.png"]}}), says="empty.png is empty")


def test_a_client_that_closes_its_side(server):
    """It cannot be told from one that left: it gets no reward, but an answer that says why."""
    with server.connect() as client:
        client.sendall(request("/classify", json.dumps({"input": [7] * 12_000}).encode()))
        client.shutdown(socket.SHUT_WR)
        refused(answer_from(client), 499, "the client closed its side of the connection")


@pytest.mark.parametrize("key", ["two words", "line\n", "tab\tbed", "\x01", "schlüssel"])
def test_keys_that_no_header_can_hold(vlrm, key):
    said = vlrm("serve", "--model", MODEL, "--port", 0, "--api-key", key, fails=True)
    assert said == "vlrm: --api-key: a key, or VLRM_API_KEY, must be printable ASCII without spaces, and not empty"


def test_keys_of_both_kinds():
    with Server("--api-key", "flag", environment={"VLRM_API_KEY": "hidden"}) as server:
        for key in ("flag", "hidden"):
            assert server.get("/v1/models", Authorization=f"Bearer {key}").status == 200
        refused(server.get("/v1/models", Authorization="Bearer other"), 401)


def test_the_address_of_ipv6():
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6") or not os.path.getsize("/proc/net/if_inet6"):
        pytest.skip("this machine has no IPv6")
    with Server("--host", "::1") as server:
        assert f"serving on http://[::1]:{server.port}" in server.said
