"""The reward for ms-swift: where ms-swift is, by its own code for GRPO; else over a stub of its plugin interface."""

import sys
import types
from pathlib import Path

import pytest
import stub_server
import trainers

needs_swift = trainers.needs("swift")


@pytest.fixture
def stub():
    with stub_server.running() as server:
        yield server


@pytest.fixture
def reward(stub, monkeypatch):
    """VlrmReward over ms-swift's published interface: ORM(args), and orms."""
    for name in ("swift", "swift.rewards"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["swift.rewards"].ORM = type("ORM", (), {"__init__": lambda self, args=None: None})
    sys.modules["swift.rewards"].orms = {}
    monkeypatch.delitem(sys.modules, "vlrm.integrations.swift", raising=False)
    from vlrm.integrations.swift import VlrmReward

    yield VlrmReward(url=stub.url)
    sys.modules.pop("vlrm.integrations.swift", None)


def test_columns_are_as_long_as_the_completions(reward):
    from vlrm import Error

    question = [{"role": "user", "content": trainers.QUESTION}]
    with pytest.raises(Error, match="ms-swift: 2 completions, and the column `messages` has 1 rows"):
        reward(["a", "b"], messages=[question])
    with pytest.raises(Error, match="ms-swift: 2 completions, and the column `images` has 1 rows"):
        reward(["a", "b"], messages=[question] * 2, images=[None])
    with pytest.raises(Error, match="ms-swift: row 2: NoneType is neither a text nor a list of messages"):
        reward(["a", "b"], messages=[question, None])


def test_one_picture_is_a_list_of_one(reward, stub):
    Image = pytest.importorskip("PIL.Image")
    question = [{"role": "user", "content": trainers.QUESTION}]
    assert len(reward(["a"], messages=[question], images=[Image.new("RGB", (8, 8), "red")])) == 1 and len(stub.images) == 1


def rows(images):
    """As ms-swift has rows after the rollout."""
    return [{"prompt_id": str(number), "request_id": str(number), "images": shown,
             "messages": [{"role": "user", "content": f"<image>{trainers.QUESTION}"}, {"role": "assistant", "content": answer}]}
            for number, (shown, answer) in enumerate((each, answer) for each in images for answer in ("Red.", "Blue."))]


@needs_swift
def test_the_image_changes_the_reward(stub, tmp_path):
    """Red when the image does not reach the reward. The plugin is loaded by ms-swift's loader and must not hide other
    modules: that loader puts the plugin's folder first on the path."""
    red, blue = trainers.pictures(tmp_path)
    images = [[red], [{"bytes": None, "path": blue}], [red]]
    found, _ = trainers.run("swift", "reward_with_swift.py", tmp_path, rows(images), trainers.path_of("swift"), VLRM_URL=stub.url)
    rewards = found["rewards"]
    assert rewards[:2] == rewards[4:] and len(set(rewards)) == 4
    assert {Path(red).read_bytes(), Path(blue).read_bytes()} == set(stub.images)
    assert sorted(body["responses"] for body in stub.bodies) == [["Red.", "Blue."], ["Red.", "Blue."] * 2]
    assert "integrations" not in str(found["trl"])


@needs_swift
def test_a_reward_that_gets_no_image_says_so(stub, tmp_path):
    blind = [row | {"images": None} for row in rows([[]])]
    found, said = trainers.run("swift", "reward_with_swift.py", tmp_path, blind, trainers.path_of("swift"), VLRM_URL=stub.url)
    assert len(found["rewards"]) == 2 and said.count("no image has reached the reward") == 1


@needs_swift
def test_errors_name_the_row(stub, tmp_path):
    red, blue = trainers.pictures(tmp_path)
    said = trainers.run("swift", "reward_with_swift.py", tmp_path, rows([[red], [red, blue]]), trainers.path_of("swift"),
                        VLRM_URL=stub.url, fails=True)
    assert "ms-swift: row 3: the messages have 1 <image>, and there are 2 images" in said
    said = trainers.run("swift", "reward_with_swift.py", tmp_path, rows([[red]]), trainers.path_of("swift"), VLRM_URL="", fails=True)
    assert "set VLRM_URL" in said
