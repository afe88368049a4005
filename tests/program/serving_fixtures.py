"""What the tests of `vlrm serve` share: a server with small limits, and what it must give beside whatever it is sent."""

import json
import os

import pytest
from raw_clients import GOOD, MODEL, Server, float32, png, scores

MOST_MEMORY = 400 << 20  # of the small model's server


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A folder that requests may name files of, beside one that they may not."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "in").mkdir()
    (folder / "in/cat.png").write_bytes(png())
    (folder / "secret.png").write_bytes(png())
    (folder / "in/way-out.png").symlink_to(folder / "secret.png")
    os.mkfifo(folder / "in/pipe.png")
    (folder / "in/null.png").symlink_to("/dev/zero")
    with (folder / "in/huge.png").open("wb") as file:
        file.truncate(1 << 40)
    return folder


@pytest.fixture(scope="module")
def server(media):
    options = ["--limit-body", 1, "--limit-images", 2, "--limit-responses", 4, "--limit-pixels", 1_000_000]
    with Server(*options, "--allowed-local-media-path", media / "in") as server:
        yield server


@pytest.fixture(scope="module")
def rewards(media, vlrm):
    """Of GOOD, by `vlrm score`."""
    flags = ["--model", MODEL, "--image", media / "in/cat.png", "--prompt", "What?", "--json"]
    return float32(json.loads(vlrm("score", *flags, "--response", "A cat.", "--response", "A dog."))["scores"])


@pytest.fixture(autouse=True)
def nothing_else_is_disturbed(server, rewards):
    yield
    assert scores(server.post("/v1/reward", GOOD)) == rewards
    assert server.process.poll() is None and server.memory() < MOST_MEMORY
