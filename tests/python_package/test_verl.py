"""The reward for verl: called as its reward manager calls it and, where verl is, by that manager itself."""

import asyncio
import io
from pathlib import Path

import pytest
import stub_server
import trainers
from conftest import WORLD

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def stub():
    with stub_server.running() as server:
        yield server


@pytest.fixture
def score(stub, monkeypatch):
    """score(extra_info, …): a reward."""
    from vlrm.integrations import _rows, verl

    monkeypatch.setattr(verl, "_SIGHT", _rows.Sight("there nor here"))

    def score(extra_info, answer="Red.", **how):
        result = asyncio.run(verl.compute_score(data_source="world", solution_str=answer, ground_truth="", extra_info=extra_info,
                                                **{"url": stub.url} | how))
        assert list(result) == ["score"]
        return result["score"]

    return score


def seen(colour):
    """As RLHFDataset fills an image in."""
    parts = [{"type": "image", "image": Image.new("RGB", (8, 8), colour)}, {"type": "text", "text": trainers.QUESTION}]
    return {"raw_prompt": [{"role": "user", "content": parts}], "num_turns": 2}


def test_the_image_of_the_prompt_changes_the_reward(score, stub):
    assert score(seen("red")) == score(seen("red")) != score(seen("blue"))
    assert [Image.open(io.BytesIO(image)).getpixel((0, 0)) for image in stub.images[1:]] == [(255, 0, 0), (0, 0, 255)]
    assert stub.bodies[0]["responses"] == ["Red."] and stub.bodies[0]["special_tokens"] == "escape"


def test_images_beside_the_prompt_are_the_fallback(score, stub, tmp_path):
    red, blue = trainers.pictures(tmp_path)
    prompt = [{"role": "user", "content": "Is <image> it?"}]
    assert score({"raw_prompt": prompt, "images": [red]}) != score({"raw_prompt": prompt, "images": [blue]})
    assert [part["type"] for part in stub.bodies[0]["messages"][0]["content"]] == ["text", "image_url", "text"]
    score({"prompt": trainers.QUESTION, "images": [red]})
    assert [part["type"] for part in stub.bodies[-1]["messages"][0]["content"]] == ["image_url", "text"]


def test_arrays_of_parquet_are_lists(score):
    numpy = pytest.importorskip("numpy")
    info = seen("red")
    content = numpy.array(info["raw_prompt"][0]["content"], dtype=object)
    assert score({"raw_prompt": numpy.array([{"role": "user", "content": content}], dtype=object)}) == score(info)


def test_settings_are_those_of_the_client(score, stub):
    raw = score(seen("red"), mode="no-image", reward_router_address=None)
    assert stub.bodies[0]["mode"] == "no-image"
    assert score(seen("red"), mode="no-image", normalize={"mean": 1, "scale": 2}) == (raw - 1) / 2
    assert score(seen("red"), mode="no-image", normalize={"clip": 1e-6}) in (-1e-6, 1e-6)


def test_errors_name_the_row(score, stub):
    from vlrm import Error

    with pytest.raises(Error, match='verl: row 7 of world: extra_info has no "raw_prompt"'):
        score({"index": 7})
    with pytest.raises(Error, match="^verl: row 7 of world: the messages have 2 <image>, and there are 1 images"):
        score({"index": 7, "prompt": "<image> or <image>?", "images": ["red.png"]})
    stub.answers = lambda _: (400, {}, b'{"error": {"message": "no"}}')
    with pytest.raises(Error, match="verl: row 7 of world: http.*: no"):
        score(seen("red") | {"index": 7})


def test_one_picture_is_a_list_of_one(score, stub):
    score({"prompt": trainers.QUESTION, "images": Image.new("RGB", (8, 8), "red")})
    assert len(stub.images) == 1


def test_a_reward_that_gets_no_image_says_so_once(score):
    from vlrm import VlrmWarning

    with pytest.warns(VlrmWarning, match="no image has reached the reward") as told:
        score({"prompt": trainers.QUESTION})
        score({"prompt": trainers.QUESTION})
    assert len(told) == 1


@trainers.needs("verl")
def test_by_verls_own_reward_manager(stub, tmp_path):
    """Red when the image does not reach the reward. verl, its configuration and its loader are those of the wheel."""
    red, blue = trainers.pictures(tmp_path)
    rows = [{"index": index, "prompt": [{"role": "user", "content": f"<image>{trainers.QUESTION}"}], "images": [image],
             "response": "Red."} for index, image in enumerate((red, blue, red))]
    flags = ["reward.custom_reward_function.path=pkg://vlrm.integrations.verl",
             f"+reward.custom_reward_function.reward_kwargs.url={stub.url}"]
    found, _ = trainers.run("verl", "reward_with_verl.py", tmp_path, rows, WORLD, *flags)
    rewards = [each["reward_score"] for each in found]
    assert rewards[0] == rewards[2] != rewards[1] and found[0]["reward_extra_info"] == {"score": rewards[0]}
    assert {Path(red).read_bytes(), Path(blue).read_bytes()} == set(stub.images)
    scaled, _ = trainers.run("verl", "reward_with_verl.py", tmp_path, rows, WORLD, *flags,
                             "+reward.custom_reward_function.reward_kwargs.normalize={scale: 2, clip: 5}")
    assert [each["reward_score"] for each in scaled] == [reward / 2 for reward in rewards]
    assert "row 5 of world: extra_info has no" in trainers.run(
        "verl", "reward_with_verl.py", tmp_path, [rows[0] | {"index": 5, "agent_loop": False}], WORLD, *flags, fails=True)
