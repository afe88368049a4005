"""vlrm serve: every dialect gives what `vlrm score` gives, whatever is asked beside it."""

import json
import math
import os
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from browser import open_browser, requests
from conftest import GOLDENS, PROGRAM, write_lines
from serving import Server, data_url, user

pytestmark = pytest.mark.first_set
IMAGES = GOLDENS / "reference/images"
SMALL, WIDE = IMAGES / "rgb_small.png", IMAGES / "rgb_wide.png"
PROMPT, RESPONSES = "What is in the image?", ["A cat.", "A dog and a cat, side by side.", "\n\nNothing.", "A"]
MODEL = GOLDENS / "vlrm_ties"


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


@pytest.fixture(scope="module")
def scored(vlrm, tmp_path_factory):
    """What `vlrm score` gives these responses to one prompt, as float32."""
    folder = tmp_path_factory.mktemp("scored")

    def scores(prompt, responses, *images, model=MODEL, special_tokens="escape", flags=()):
        write_lines(folder / "in.jsonl", [{"id": 0, "images": [str(image) for image in images], "prompt": prompt, "responses": responses}])
        out = vlrm("score", "--model", model, "--input", folder / "in.jsonl", "--threads", "1", "--special-tokens", special_tokens, *flags)
        return [single(score) for score in json.loads(out)["scores"]]

    return scores


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(MODEL, tmp_path_factory.mktemp("server")) as running:
        yield running


# The dialects


def test_reward_of_several_responses(server, scored):
    expected = scored(PROMPT, RESPONSES, SMALL)
    status, answer, fields = server.ask("/v1/reward", {"messages": [user(PROMPT, SMALL)], "responses": RESPONSES},
                                        {"X-Request-Id": "mine-1"})
    assert status == 200 and fields["X-Request-Id"] == "mine-1"
    assert [each["score"] for each in answer["data"]] == [[score] for score in expected]
    assert [(each["index"], each["object"]) for each in answer["data"]] == [(i, "reward") for i in range(4)]
    assert answer["object"] == "object" and answer["model"] == str(MODEL) and answer["id"].startswith("reward-")
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 4 * len(PROMPT.split())
    assert server.rewards([user(PROMPT, WIDE)], RESPONSES) != expected  # the image counts


def test_reward_of_a_chat(server, scored):
    chat = [user(PROMPT, SMALL), {"role": "assistant", "content": [{"type": "text", "text": RESPONSES[0]}]}]
    for path in ("/v1/reward", "/v1/chat/reward"):
        status, answer, _ = server.ask(path, {"messages": chat})
        assert status == 200 and answer["data"][0]["score"] == scored(PROMPT, RESPONSES[:1], SMALL)


@pytest.mark.parametrize("path, value", [("/classify", "probs"), ("/v1/classify", "probs"), ("/pooling", "data")])
def test_classify_and_pooling(server, scored, path, value):
    chat = [user(PROMPT, SMALL), {"role": "assistant", "content": RESPONSES[1]}]
    expected = scored(PROMPT, RESPONSES[1:2], SMALL)
    for activation in (None, False):
        status, answer, _ = server.ask(path, {"messages": chat, "use_activation": activation})
        assert status == 200 and answer["object"] == "list" and answer["data"][0][value] == expected
    status, answer, _ = server.ask(path, {"messages": chat, "use_activation": True})
    assert answer["data"][0][value] == pytest.approx([1 / (1 + math.exp(-expected[0]))], abs=1e-12)


def test_rendered_texts(server, vlrm, scored, tmp_path):
    """As verl sends them: the chat template's text, without images."""
    content = [[{"type": "text", "text": text}] for text in (PROMPT, RESPONSES[0])]
    chat = {"messages": [{"role": role, "content": parts} for role, parts in zip(("user", "assistant"), content)]}
    text = json.loads(vlrm("render", "--model", MODEL, stdin=json.dumps(chat) + "\n"))
    expected = scored(PROMPT, RESPONSES[:1], flags=["--mode", "no-image"])
    for given in (text, [text], [text, "another"]):
        status, answer, _ = server.ask("/classify", {"input": given})  # the text begins with its first token
        assert status == 200 and answer["data"][0]["probs"] == pytest.approx(expected, abs=1e-5)
    ids = json.loads(vlrm("tokenize", "--model", MODEL, stdin=json.dumps(text) + "\n"))
    for given in (ids, [ids]):
        assert server.ask("/pooling", {"input": given})[1]["data"][0]["data"] == answer["data"][0]["probs"]
    assert server.ask("/classify", {"input": "What?"})[1]["data"] != server.ask("/classify", {"input": "What?", "add_special_tokens": False})[1]["data"]
    status, answer, _ = server.ask("/classify", {"input": "<|image|>What?"})
    assert status == 400 and "without images" in answer["error"]["message"]


@pytest.mark.parametrize("names", [("queries", "documents"), ("queries", "items"), ("data_1", "data_2"), ("text_1", "text_2"),
                                   ("query", "documents")])
def test_score(server, scored, names):
    expected = scored(PROMPT, RESPONSES, SMALL)
    query = {"content": user(PROMPT, SMALL)["content"]}
    for path in ("/score", "/v1/score"):
        status, answer, _ = server.ask(path, {names[0]: query, names[1]: RESPONSES})
        assert status == 200 and [each["score"] for each in answer["data"]] == expected
    status, answer, _ = server.ask("/score", {names[0]: [PROMPT, "What colour?"], names[1]: RESPONSES[:2]})
    assert [each["score"] for each in answer["data"]] == [*scored(PROMPT, RESPONSES[:1]), *scored("What colour?", RESPONSES[1:2])]
    status, answer, _ = server.ask("/score", {names[0]: [PROMPT] * 2, names[1]: RESPONSES})
    assert status == 400 and "1:1, 1:N or N:N" in answer["error"]["message"]


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
def test_rerank(server, scored, path):
    expected = scored(PROMPT, RESPONSES, SMALL)
    order = sorted(range(4), key=lambda i: -expected[i])
    query = {"content": user(PROMPT, SMALL)["content"]}
    _, answer, _ = server.ask(path, {"query": query, "documents": RESPONSES, "top_n": 2})
    assert [(each["index"], each["relevance_score"]) for each in answer["results"]] == [(i, expected[i]) for i in order[:2]]
    assert answer["results"][0]["document"] == {"text": RESPONSES[order[0]], "multi_modal": None}
    assert len(server.ask(path, {"query": query, "documents": RESPONSES, "top_n": 0})[1]["results"]) == 4


CHATML = "<|im_start|>user\n{}{}<|im_end|>\n<|im_start|>assistant\n"
LLAMA3 = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n{}{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"


@pytest.mark.parametrize("template, end, image", [(CHATML, "<|im_end|>", "<|vision_start|>{}<|vision_end|>"), (LLAMA3, "<|eot_id|>", "<|image|>")])
def test_get_reward_as_openrlhf_asks(tmp_path, scored, template, end, image):
    label = json.dumps({"images": [str(SMALL)], "label": "3"})
    prompts = [template.format(image.format("<|image_pad|>"), PROMPT)] * 2
    queries = [template.format(image.format("<|image_pad|>" * 40), PROMPT) + text + end for text in RESPONSES[:2]]
    with Server(MODEL, tmp_path, "--allowed-local-media-path", IMAGES) as server:
        status, answer, _ = server.ask("/get_reward", {"query": queries, "prompts": prompts, "labels": [label, label]})
        assert status == 200 and answer["rewards"] == scored(PROMPT, RESPONSES[:2], SMALL)
        assert answer["extra_logs"] == {"vlrm": answer["rewards"]}
        assert answer["scores"] == pytest.approx([1 / (1 + math.exp(-reward)) for reward in answer["rewards"]])
        named = json.dumps({"images": [data_url(SMALL)], "prompt": "Another question?"})
        _, answer, _ = server.ask("/get_reward", {"query": queries[:1], "prompts": prompts[:1], "labels": [named]})
        assert answer["rewards"] == scored("Another question?", RESPONSES[:1], SMALL)
        _, blind, _ = server.ask("/get_reward", {"query": [template.format("", PROMPT) + RESPONSES[0]], "prompts": [template.format("", PROMPT)],
                                                 "labels": ["3"]})
        assert blind["rewards"] == scored(PROMPT, RESPONSES[:1]) and blind["warnings"] == ["no image: scored without one"]
        assert "no image: scored without one (said once)" in server.errors()


def test_get_reward_by_an_expression(tmp_path, scored):
    with Server(MODEL, tmp_path, "--response-template", "(?i)answer:\\s*") as server:
        label = json.dumps({"prompt": PROMPT})
        _, answer, _ = server.ask("/get_reward", {"query": [f"Q: {PROMPT}\nAnswer: A cat."], "labels": [label]})
        assert answer["rewards"] == scored(PROMPT, ["A cat."])
        status, answer, _ = server.ask("/get_reward", {"query": ["Answer: x"], "labels": ["3"]})
        assert status == 400 and "labels must hold" in answer["error"]["message"]
        assert server.ask("/get_reward", {"query": ["nothing"], "labels": [label]})[0] == 400


def test_get_reward_as_slime_asks(server, scored):
    body = {"prompt": PROMPT, "response": RESPONSES[0], "label": {"images": [data_url(SMALL)]}}
    assert server.ask("/get_reward", body)[1] == scored(PROMPT, RESPONSES[:1], SMALL)[0]
    body = {"prompt": [user(PROMPT, SMALL)], "response": RESPONSES[0], "label": "3"}
    assert server.ask("/get_reward", body)[1] == scored(PROMPT, RESPONSES[:1], SMALL)[0]


def test_a_text_of_no_known_template_is_refused(server):
    status, answer, _ = server.ask("/get_reward", {"query": ["What? A cat."], "labels": [None]})
    assert status == 400 and "--response-template" in answer["error"]["message"]
    both = CHATML.format("", "x") + LLAMA3.format("", "y")
    status, answer, _ = server.ask("/get_reward", {"query": [both]})
    assert status == 400 and "two chat templates fit" in answer["error"]["message"]


def test_a_text_reward_model(tmp_path, scored):
    with Server(GOLDENS / "models/rm", tmp_path) as server:
        assert server.rewards([user(PROMPT)], RESPONSES) == scored(PROMPT, RESPONSES, model=GOLDENS / "models/rm", flags=["--mode", "text-only"])
        status, answer, _ = server.ask("/v1/reward", {"messages": [user(PROMPT, SMALL)], "responses": ["x"]})
        assert status == 400 and "sees no image" in answer["error"]["message"]


# What is asked beside


def test_a_score_does_not_depend_on_what_is_gathered_with_it(tmp_path, scored):
    """Each response in a request of its own, all at once, with others about the same and other images: equal bits."""
    prompts = [(PROMPT, SMALL), (PROMPT, WIDE), ("Is it a cat?", SMALL)]
    expected = {(prompt, image, text): score for prompt, image in prompts
                for text, score in zip(RESPONSES, scored(prompt, RESPONSES, image))}
    with Server(MODEL, tmp_path, "--gather-ms", "200") as server, ThreadPoolExecutor(24) as pool:
        for _ in range(3):
            asked = sorted(expected, key=lambda key: hash((key[2], key[0])))
            scores = pool.map(lambda key: server.rewards([user(key[0], key[1])], [key[2]])[0], asked)
            assert list(scores) == [expected[key] for key in asked]
        metrics = server.ask("/metrics", raw=True)[1]
    shared = [float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("vlrm:gathered_questions_total{")]
    assert shared[0] >= 9  # most of them shared a prompt


def test_modes_and_special_tokens(server, scored):
    told = "It is a cat.<|eot_id|>"
    assert server.rewards([user(PROMPT, SMALL)], [told]) == scored(PROMPT, [told], SMALL)
    parsed = server.rewards([user(PROMPT, SMALL)], [told], special_tokens="parse")
    assert parsed == scored(PROMPT, [told], SMALL, special_tokens="parse") != scored(PROMPT, [told], SMALL)
    assert server.rewards([user(PROMPT, SMALL)], ["x"], mode="no-image") == scored(PROMPT, ["x"], SMALL, flags=["--mode", "no-image"])
    status, answer, _ = server.ask("/v1/reward", {"messages": [user(PROMPT, SMALL)], "responses": [told], "special_tokens": "refuse"})
    assert status == 400 and "eot_id" in answer["error"]["message"]


def test_a_bad_sample_hurts_no_other(tmp_path, scored):
    expected = scored(PROMPT, RESPONSES[:1], SMALL)
    bad = [{"messages": [user(PROMPT, SMALL)], "responses": ["<|eot_id|>"], "special_tokens": "refuse"},
           {"messages": [user(PROMPT, IMAGES.parent / "images.json")], "responses": ["x"]}]
    with Server(MODEL, tmp_path, "--gather-ms", "200") as server, ThreadPoolExecutor(8) as pool:
        bodies = [*bad, *[{"messages": [user(PROMPT, SMALL)], "responses": RESPONSES[:1]}] * 4]
        answers = list(pool.map(lambda body: server.ask("/v1/reward", body), bodies))
    assert [status for status, *_ in answers] == [400, 400, 200, 200, 200, 200]
    assert all(answer["data"][0]["score"] == expected for _, answer, _ in answers[2:])


# Around


def test_what_others_ask_of_a_server(server):
    for path in ("/health", "/ping", "/ready"):
        assert server.ask(path, raw=True)[:2] == (200, "")
    assert server.ask("/ping", b"", raw=True)[0] == 200
    models = server.ask("/v1/models")[1]
    assert models["data"][0]["id"] == models["data"][0]["root"] == str(MODEL) and models["data"][0]["max_model_len"] > 0
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[1]
    assert server.ask("/version")[1] == {"version": version}
    assert server.ask("/load")[1] == {"server_load": 0}
    assert server.ask("/nothing")[:2] == (404, {"detail": "Not Found"})
    assert server.ask("/v1/reward")[:2] == (405, {"detail": "Method Not Allowed"})
    status, answer, _ = server.ask("/v1/reward", {"model": "another", "messages": [user(PROMPT)], "responses": ["x"]})
    assert status == 404 and answer["error"] == {"message": "The model `another` does not exist.", "type": "NotFoundError",
                                                 "param": "model", "code": 404}


def test_metrics_are_prometheus_text(server):
    parser = pytest.importorskip("prometheus_client.parser")
    server.rewards([user(PROMPT, SMALL)], RESPONSES)
    families = {family.name: family for family in parser.text_string_to_metric_families(server.ask("/metrics", raw=True)[1])}
    values = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert values["vlrm:responses_total"] >= 4 and values["vlrm:images_encoded_total"] >= 1
    assert values["vlrm:num_requests_running"] == values["vlrm:num_requests_waiting"] == 0
    assert families["vlrm:e2e_request_latency_seconds"].type == "histogram"
    assert families["vlrm:num_requests_waiting"].samples[0].labels == {"model_name": str(MODEL)}


@pytest.mark.parametrize("field", [{"truncate_prompt_tokens": 5}, {"chat_template": "x"}, {"mm_processor_kwargs": {"a": 1}}, {"normalize": True},
                                   {"dimensions": 1}, {"encoding_format": "base64"}, {"add_generation_prompt": True}])
def test_what_would_change_a_reward_is_refused_by_name(server, field):
    status, answer, _ = server.ask("/v1/reward", {"messages": [user(PROMPT)], "responses": ["x"], **field})
    assert status == 400 and answer["error"]["param"] == next(iter(field)) and next(iter(field)) in answer["error"]["message"]
    harmless = {"user": "me", "priority": 3, "unknown": [1], "truncate_prompt_tokens": None, "chat_template_kwargs": {}}
    assert server.ask("/v1/reward", {"messages": [user(PROMPT)], "responses": ["x"], **harmless})[0] == 200


def test_keys(tmp_path):
    environment = {**os.environ, "VLRM_API_KEY": "secret"}
    with Server(MODEL, tmp_path, "--served-model-name", "judge", environment=environment) as server:
        body = {"model": "judge", "messages": [user(PROMPT)], "responses": ["x"]}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}, {"Authorization": "Bearer secret2"}):
            assert server.ask("/v1/reward", body, headers)[:2] == (401, {"error": "Unauthorized"})
            assert server.ask("/v1/models", None, headers)[0] == 401
        status, answer, _ = server.ask("/v1/reward", body, {"Authorization": "Bearer secret"})
        assert status == 200 and answer["model"] == "judge"
        for path in ("/health", "/ready", "/metrics", "/"):
            assert server.ask(path, raw=True)[0] == 200


def test_a_host_for_others_without_a_key_is_a_warning(tmp_path):
    with Server(MODEL, tmp_path, "--host", "0.0.0.0") as server:
        assert "warning: 0.0.0.0 may be reached by others, and no key is needed: set VLRM_API_KEY" in server.errors()


def test_the_log_has_no_contents(tmp_path):
    with Server(MODEL, tmp_path) as server:
        server.rewards([user("a secret prompt", SMALL)], ["a secret answer", "x"])
        server.ask("/nothing?secret=1")
    first, second = server.log()
    assert {"method": "POST", "path": "/v1/reward", "status": 200, "texts": 2, "client": "127.0.0.1"}.items() <= first.items()
    assert first["tokens"] > 10 and first["bytes"] > 100 and first["ms"] > 0 and len(first["request_id"]) == 16
    assert second["status"] == 404 and "secret" not in server.log_file.read_text()
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    with Server(MODEL, quiet, "--disable-log-requests") as server:
        server.rewards([user("x")], ["y"])
    assert server.log() == []


def test_files_only_of_the_allowed_folder(tmp_path, scored):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "a picture.png").write_bytes(SMALL.read_bytes())
    (allowed / "link.png").symlink_to(SMALL)
    def ask(server, url):
        shown = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": PROMPT}]}
        return server.ask("/v1/reward", {"messages": [shown], "responses": RESPONSES})

    with Server(MODEL, tmp_path, "--allowed-local-media-path", allowed) as server:
        status, answer, _ = ask(server, f"file://{allowed}/a%20picture.png")
        assert status == 200 and [each["score"][0] for each in answer["data"]] == scored(PROMPT, RESPONSES, SMALL)
        for url in (f"file://{allowed}/link.png", f"file://{allowed}/../server-log.jsonl", f"file://{SMALL}", "file:///etc/passwd"):
            status, answer, _ = ask(server, url)
            assert status == 400 and "is not a file in the folder" in answer["error"]["message"]
        status, answer, _ = ask(server, "https://example.com/a.png")
        assert status == 400 and "nothing is fetched" in answer["error"]["message"]


def test_flags_that_are_wrong(vlrm, tmp_path):
    with Server(MODEL, tmp_path) as server:
        port = server.url.rsplit(":", 1)[1]
        assert "cannot listen there: Address already in use" in vlrm("serve", "--model", MODEL, "--port", port, fails=True)
    assert "--response-template" in vlrm("serve", "--model", MODEL, "--port", "0", "--response-template", "(", fails=True)
    assert "no reward head" in vlrm("serve", "--model", GOLDENS / "models/vlm", "--port", "0", fails=True)
    assert "--allowed-local-media-path" in vlrm("serve", "--model", MODEL, "--port", "0", "--allowed-local-media-path", tmp_path / "none", fails=True)


def test_it_ends_while_clients_wait(tmp_path):
    """SIGTERM: requests that were accepted are answered."""
    with Server(MODEL, tmp_path, "--gather-ms", "1000") as server, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(server.rewards, [user(PROMPT, SMALL)], [text]) for text in RESPONSES]
        time.sleep(0.3)
        server.process.terminate()
        assert all(math.isfinite(answer.result()[0]) for answer in answers)
        assert server.process.wait(30) == 0
    assert "ending: requests that were accepted are answered" in server.errors()


# The page


def test_the_page_in_a_browser(server, scored, tmp_path):
    browser = open_browser(tmp_path / "profile")
    try:
        browser.get("about:blank")
        requests(browser)  # those of the browser's own first page
        browser.get(server.url + "/")

        def find(selector):
            return browser.find_elements("css selector", selector)

        browser.find_element("id", "file").send_keys(str(SMALL))
        prompt = browser.find_element("id", "prompt")
        prompt.clear()
        prompt.send_keys(PROMPT)
        for area, text in zip(find(".row textarea"), RESPONSES):
            area.send_keys(text)
        end = time.monotonic() + 10
        while not find("#drop img") and time.monotonic() < end:
            time.sleep(0.05)
        browser.find_element("id", "score").click()
        while not find("td.score") and time.monotonic() < end:
            time.sleep(0.05)
        shown = [float(cell.text) for cell in find("td.score")]
        assert shown == [round(score, 4) for score in scored(PROMPT, RESPONSES[:2], SMALL)]
        assert len(find("tr.best")) == 1 and str(MODEL) in browser.find_element("id", "model").text
        asked = requests(browser)
        assert asked and all(url.startswith(server.url + "/") for url in asked), asked
        assert [entry for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")] == []
    finally:
        browser.quit()
