"""The reward for OpenRLHF: on a stub of the class that it derives from and, where OpenRLHF is, on that class itself.

The stub has OpenRLHF's published interface: SingleTurnAgentExecutor(remote_rm_url), and an execute() that gives
observation_tokens and action_ranges."""

import asyncio
import math
import sys
import types
from pathlib import Path

import pytest
import stub_server
import trainers
from conftest import WORLD

CHATML = ("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>What is this?"
          "<|im_end|>\n<|im_start|>assistant\n")
LLAMA = ("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n<|image|>What is this?<|eot_id|>"
         "<|start_header_id|>assistant<|end_header_id|>\n\n")
GEMMA = ("<bos><start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\nI.<end_of_turn>\n<start_of_turn>user\n"
         "<start_of_image>What is this?<end_of_turn>\n<start_of_turn>model\n")


@pytest.fixture
def stub():
    with stub_server.running() as server:
        yield server


@pytest.fixture
def module(stub, monkeypatch):
    """vlrm.integrations.openrlhf over a stub of OpenRLHF whose policy answers "Red."."""

    class SingleTurnAgentExecutor:
        def __init__(self, remote_rm_url=None):
            assert remote_rm_url is None

        async def execute(self, prompt, label, sampling_params, max_length, hf_tokenizer, llm_engine, images=None):
            return {"prompt": prompt, "observation_tokens": [*prompt, "Red.", "<|im_end|>"],
                    "action_ranges": [(len(prompt), len(prompt) + 2)], "reward": None, "scores": None, "extra_logs": {}}

    for name in ("openrlhf", "openrlhf.utils", "openrlhf.utils.agent"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["openrlhf.utils.agent"].SingleTurnAgentExecutor = SingleTurnAgentExecutor
    monkeypatch.delitem(sys.modules, "vlrm.integrations.openrlhf", raising=False)
    monkeypatch.setenv("VLRM_URL", stub.url)
    import vlrm.integrations.openrlhf as module

    yield module
    sys.modules.pop("vlrm.integrations.openrlhf", None)


class Tokenizer:
    def decode(self, tokens, skip_special_tokens):
        assert skip_special_tokens
        return "".join(token for token in tokens if not token.startswith("<|"))


def executed(executor, prompt=CHATML, label="", images=None):
    return asyncio.run(executor.execute(prompt, label, None, 100, Tokenizer(), None, images=images))


def test_the_image_changes_the_reward(module, stub, tmp_path):
    red, blue = trainers.pictures(tmp_path)
    executor = module.AgentExecutor()
    first, second, again = (executed(executor, images=[each]) for each in (red, blue, red))
    assert first["reward"] == again["reward"] != second["reward"] and stub.images[0] == Path(red).read_bytes()
    assert first["scores"] == 1 / (1 + math.exp(-first["reward"])) and first["extra_logs"] == {"vlrm": first["reward"]}
    assert stub.bodies[0]["responses"] == ["Red."]


@pytest.mark.parametrize("prompt, turns", [(CHATML, ["system", "user"]), (LLAMA, ["user"]), (GEMMA, ["user", "assistant", "user"])])
def test_the_question_is_cut_out_of_the_prompt(module, stub, tmp_path, prompt, turns):
    executed(module.AgentExecutor(), prompt, images=trainers.pictures(tmp_path)[0])
    messages = stub.bodies[0]["messages"]
    assert [message["role"] for message in messages] == turns
    assert [part.get("text", part["type"]) for part in messages[-1]["content"]] == ["image_url", "What is this?"]


def test_the_label_may_hold_the_question(module, stub, tmp_path):
    label = '{"prompt": "Which colour?", "label": "red"}'
    executed(module.AgentExecutor(), "in no known form", label, trainers.pictures(tmp_path)[:1])
    assert stub.bodies[0]["messages"][0]["content"][-1] == {"type": "text", "text": "Which colour?"}
    from vlrm import Error

    for label in ("red", "", None, "{", "[1]"):
        with pytest.raises(Error, match="openrlhf: the prompt 'in no known form': .*put the question into the label"):
            executed(module.AgentExecutor(), "in no known form", label)


@pytest.mark.parametrize("words", ["What does <img> do?", "<img></img>", "Is <image> a tag?"])
def test_a_users_words_are_left(module, stub, tmp_path, words):
    executed(module.AgentExecutor(), CHATML.replace("What is this?", words), images=trainers.pictures(tmp_path)[:1])
    assert [part.get("text", part["type"]) for part in stub.bodies[-1]["messages"][-1]["content"]] == ["image_url", words]
    executed(module.AgentExecutor(mode="no-image"), CHATML.replace("What is this?", words))
    assert stub.bodies[-1]["messages"][-1]["content"] == words


def test_places_and_images_are_as_many(module, tmp_path):
    from vlrm import Error

    with pytest.raises(Error, match="the messages have the places of 1 images, and there are 2 images"):
        executed(module.AgentExecutor(), images=trainers.pictures(tmp_path))


def test_one_picture_is_a_list_of_one(module, stub, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    executed(module.AgentExecutor(), images=Image.new("RGB", (8, 8), "red"))
    assert len(stub.images) == 1


def test_a_label_s_prompt_is_checked(module):
    from vlrm import Error

    with pytest.raises(Error, match='openrlhf: the prompt .*: the label\'s "prompt": int is neither a text nor a list'):
        executed(module.AgentExecutor(), label='{"prompt": 5}')


def test_special_tokens_are_text_whatever_the_server_does(module, stub):
    executed(module.AgentExecutor(mode="no-image"))
    assert stub.bodies[-1]["special_tokens"] == "escape"


def test_a_reward_that_gets_no_image_says_so_once(module):
    from vlrm import VlrmWarning

    executor = module.AgentExecutor()
    with pytest.warns(VlrmWarning, match="no image has reached the reward") as told:
        executed(executor)
        executed(executor)
    assert len(told) == 1


@trainers.needs("openrlhf")
def test_by_openrlhfs_own_executor(stub, tmp_path):
    """Red when the image does not reach the reward. reward_with_openrlhf.py says what of OpenRLHF is its own."""
    red, blue = trainers.pictures(tmp_path)
    rows = [{"prompt": CHATML, "label": "", "images": [image], "response": "Red."} for image in (red, blue, red)]
    found, _ = trainers.run("openrlhf", "reward_with_openrlhf.py", tmp_path, rows, trainers.path_of("openrlhf"), WORLD,
                            VLRM_URL=stub.url)
    assert found[0]["reward"] == found[2]["reward"] != found[1]["reward"]
    assert stub.images == [Path(image).read_bytes() for image in (red, blue, red)]
    assert stub.bodies[0]["responses"] == ["Red."]
