"""RewardModel beside the program: the same numbers to the bit at the same number of threads."""

import json
import os
import subprocess
import threading
import warnings

import pytest
from conftest import PROGRAM, THREADS, WORLD, run_python


def of_floats(scores):
    """As the program prints them: the shortest digits of a float."""
    import struct

    return [[struct.unpack("f", struct.pack("f", score))[0] for score in each] for each in scores]


def as_floats(scores):
    return of_floats(scores)


@pytest.mark.parametrize("mode", ["image", "no-image"])
def test_a_batch_has_the_scores_of_the_program(model, samples, scored_by_program, mode):
    ours = model.score_batch(samples, mode=mode)
    assert as_floats(scored_by_program(mode)) == ours
    assert len({tuple(each) for each in ours}) > 2


def test_one_call_has_the_scores_of_a_batch(model, samples):
    expected = model.score_batch(samples[:3])
    for sample, scores in zip(samples, expected):
        assert model.score(sample["prompt"], sample["responses"], images=sample["images"]) == scores
        assert model.score(sample["prompt"], sample["responses"], images=sample["images"][0]) == scores


def test_likelihoods_are_those_of_the_program(model, samples, scored_by_program):
    ours = [model.likelihood(sample["prompt"], sample["responses"], sample["images"]) for sample in samples]
    expected = scored_by_program("image", "--likelihood")
    for mine, theirs in zip(ours, expected):
        assert mine == pytest.approx(theirs, rel=1e-6)  # printed as floats
    assert all(score < 0 for each in ours for score in each)


def test_texts_are_those_of_the_program(model, built, samples, program):
    sample = samples[0]
    texts = model.generate(sample["prompt"], sample["images"], n=2, max_new_tokens=6, temperature=1.0, seed=3)
    words = ["generate", "--model", built, "--image", sample["images"][0], "--prompt", sample["prompt"], "--dtype", "float32",
             "--temperature", "1", "--seed", "3", "-n", "2", "--max-new-tokens", "6", "--json"]
    lines = [json.loads(line) for line in program(*words).splitlines()]
    assert [text.text for text in texts] == [line["text"] for line in lines]
    assert [text.seed for text in texts] == [3, 4]
    assert all(len(text.tokens) == len(text.log_probabilities) for text in texts)


def test_the_text_so_far_comes_as_it_grows(model, samples):
    grown = []
    texts = model.generate(samples[0]["prompt"], max_new_tokens=4, on_text=lambda number, text: grown.append((number, text)))
    assert grown[-1] == (0, texts[0].text) and len(grown) == len(texts[0].tokens)
    with pytest.raises(ZeroDivisionError):
        model.generate("What?", on_text=lambda *_: 1 / 0)


def test_a_callback_cannot_use_the_model_that_calls_it(model):
    import vlrm

    with pytest.raises(vlrm.Error, match="at work"):
        model.generate("What?", on_text=lambda *_: model.score("What?", ["x"]))
    assert len(model.score("What?", ["x"])) == 1


def test_a_merge_on_load_has_the_scores_of_the_built_model(model, samples):
    import vlrm

    with vlrm.RewardModel.merge(vlm=WORLD / "vlm", rm=WORLD / "rm", method="linear", weight_rm=0.2, dtype="float32",
                                threads=THREADS) as merged:
        assert merged.settings["recipe"]["method"] == "linear"
        rounded = merged.score_batch(samples[:2])  # in float32; the built one was rounded to bfloat16
    for mine, theirs in zip(rounded, model.score_batch(samples[:2])):
        assert mine == pytest.approx(theirs, abs=0.1)
    with pytest.raises(vlrm.Error, match="`weight_rm`"):
        vlrm.RewardModel.merge(vlm=WORLD / "vlm", rm=WORLD / "rm", method="linear")
    with pytest.raises(vlrm.Error, match="closed"):
        merged.score("a", ["b"])


def test_conversations_in_both_forms(model, samples):
    import base64

    sample = samples[0]
    data = base64.b64encode(open(sample["images"][0], "rb").read()).decode()
    parts = {
        "OpenAI": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
        "a plain url": {"type": "image_url", "image_url": f"data:image/png;base64,{data}"},
        "transformers": {"type": "image", "path": sample["images"][0]},
        "image": {"type": "image", "image": sample["images"][0]},
        "url": {"type": "image", "url": f"data:image/png;base64,{data}"},
        "base64": {"type": "image", "base64": data},
    }
    expected = model.score(sample["prompt"], sample["responses"], sample["images"])
    for name, part in parts.items():
        question = {"role": "user", "content": [part, {"type": "text", "text": sample["prompt"]}]}
        rows = [[question, {"role": "assistant", "content": response}] for response in sample["responses"]]
        assert model.score_conversations(rows) == expected, name
    placeholder = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": sample["prompt"]}]}
    rows = [[placeholder, {"role": "assistant", "content": [{"type": "text", "text": response}]}] for response in sample["responses"]]
    assert model.score_conversations(rows, images=[sample["images"]] * len(rows)) == expected
    plain = [[{"role": "user", "content": sample["prompt"]}, {"role": "assistant", "content": response}] for response in sample["responses"]]
    assert model.score_conversations(plain, images=[sample["images"][0]] * len(rows)) == expected
    assert model.score_conversations(plain) != expected
    assert model.score([placeholder], sample["responses"], images=sample["images"]) == expected
    assert model.score_conversations(rows[:1] + plain[1:], images=[sample["images"], None])[0] == pytest.approx(expected[0], abs=1e-5)


QUESTION = {"role": "user", "content": "What is this?"}
ANSWER = {"role": "assistant", "content": "A circle."}


def test_responses_beside_the_assistants_last_words_are_refused(model):
    """As by the server: two messages of the assistant would follow each other."""
    import vlrm

    with pytest.raises(vlrm.Error, match="the last message is the assistant's, and responses are given beside it"):
        model.score([QUESTION, ANSWER], ["Or a square."])


@pytest.mark.parametrize("rows, says", [
    ([QUESTION, ANSWER], "a list of conversations"),
    ([[QUESTION]], "conversation 1: the last message must be the assistant's"),
    ([[QUESTION, ANSWER], []], "conversation 2: the last message"),
    ([[{"role": "user", "content": [{"type": "video", "video": "x"}]}, ANSWER]], "a part of type 'video'"),
    ([[{"role": "user", "content": [{"type": "image"}]}, ANSWER]], "an image that is not given"),
    ([[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}, ANSWER]], "nothing is downloaded"),
    ([[{"role": "user", "content": [{"type": "text"}]}, ANSWER]], "NoneType is not a text"),
    ([[{"role": "user", "content": 3}, ANSWER]], '"content" must be'),
    ([[QUESTION, {"role": "assistant", "content": [{"type": "image"}]}]], "must be a text"),
    ([[QUESTION, {"role": "assistant", "content": None}]], "must be a text"),
    ([[QUESTION, {"role": "assistant", "content": [{"type": "text"}]}]], "the last message: part 1: the text: NoneType is not"),
    ([[QUESTION, {"role": "assistant", "content": [{"type": "text", "text": 4}]}]], "part 1: the text: int is not a text"),
    ([[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image", "base64": 3}]}, ANSWER]], "message 1: part 2: the image: int is not"),
    ([[{"role": "user", "content": "\ud800"}, ANSWER]], "UTF-8"),
])
def test_conversations_that_are_wrong(model, rows, says):
    import vlrm

    with pytest.raises(vlrm.Error) as error:
        model.score_conversations(rows)
    assert says in str(error.value) and "\n" not in str(error.value)
    assert isinstance(error.value, ValueError) and error.value.exit_code == 2


def test_rank_has_the_shape_of_a_cross_encoder(model, samples):
    sample = samples[0]
    texts = [*sample["responses"], sample["responses"][0]]
    scores = model.score(sample["prompt"], texts, sample["images"])
    ranked = model.rank({"text": sample["prompt"], "image": sample["images"][0]}, texts)
    assert sorted(row["corpus_id"] for row in ranked) == [0, 1, 2]
    assert all(row["score"] == scores[row["corpus_id"]] and row["text"] == texts[row["corpus_id"]] for row in ranked)
    assert [row["score"] for row in ranked] == sorted(scores, reverse=True)
    equals = [row["corpus_id"] for row in ranked if row["corpus_id"] in (0, 2)]
    assert equals == [0, 2]
    assert ranked[:1] == model.rank(sample["prompt"], texts, top_k=1, images=sample["images"])
    assert set(model.rank(sample["prompt"], texts, return_documents=False)[0]) == {"corpus_id", "score"}


def test_compare_tells_which_is_better(model, samples):
    sample = samples[0]
    chats = [[{"role": "user", "content": sample["prompt"]}, {"role": "assistant", "content": response}] for response in sample["responses"]]
    scores = model.score(sample["prompt"], sample["responses"], sample["images"])
    found = model.compare(*chats[:2], images=sample["images"])
    assert found.scores == tuple(scores[:2]) and bool(found) == (scores[0] > scores[1])
    assert found.margin == scores[0] - scores[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # equal texts have equal scores
        assert not model.compare(chats[0], chats[0], images=sample["images"])


def test_rewards_are_normalised_and_it_is_recorded(model, built, samples):
    import vlrm

    raw = model.score(samples[0]["prompt"], samples[0]["responses"], samples[0]["images"])
    own = vlrm.RewardModel(built, dtype="float32", threads=THREADS, normalize={"mean": raw[0], "scale": 2.0, "clip": 0.5})
    scores = own.score(samples[0]["prompt"], samples[0]["responses"], samples[0]["images"])
    assert scores == [min(max((score - raw[0]) / 2.0, -0.5), 0.5) for score in raw]
    assert own.settings["normalize"] == {"mean": raw[0], "scale": 2.0, "clip": 0.5, "source": None}
    assert json.loads(json.dumps(own.settings)) == own.settings
    assert own.settings["model"]["name"] == str(built)
    wanted = {"device": "cpu", "dtype": "float32", "threads": THREADS, "special_tokens": "parse"}
    assert wanted.items() <= own.settings.items()
    assert own.likelihood("What?", ["A circle."]) == model.likelihood("What?", ["A circle."])
    for wrong in ({"scale": 0}, {"mean": float("nan")}, {"clip": (1, 1)}, {"middle": 1}, {"scale": "x"}, {"clip": "x"}, {"clip": -1}):
        with pytest.raises(vlrm.OptionError, match="normalize: "):
            vlrm.Normalization.of(wrong)
    spread = vlrm.Normalization.of_scores([1.0, 3.0], clip=(-2, 3))
    assert (spread.mean, spread.scale, spread(1.0), spread(100.0)) == (2.0, 1.0, -1.0, 3.0)


def test_a_model_that_scores_by_likelihood_is_not_normalised(built, samples):
    import vlrm

    sample = samples[0]
    asked = (sample["prompt"], sample["responses"], sample["images"])
    own = vlrm.RewardModel(built, dtype="float32", threads=THREADS, likelihood=True, normalize={"mean": 2, "scale": 3})
    expected = own.likelihood(*asked)
    assert own.score(*asked) == expected
    assert sorted(row["score"] for row in own.rank(sample["prompt"], sample["responses"], images=sample["images"])) == sorted(expected)
    assert own.settings["normalize"] is None


@pytest.mark.parametrize("wrong", [5, [1], True, {"run": 5}, {"mean": True}, {"mean": 10**400}, {"clip": 10**400}, {"mean": None}])
def test_a_normalisation_that_is_none(wrong):
    import vlrm

    with pytest.raises(vlrm.OptionError, match="^normalize: ") as error:
        vlrm.Normalization.of(wrong)
    assert error.value.option == "normalize"


def test_a_normalisation_takes_numbers_of_other_libraries():
    import torch
    import vlrm

    numpy = pytest.importorskip("numpy")
    for number in (numpy.float32(1.5), torch.tensor(1.5), numpy.float64(1.5)):
        found = vlrm.Normalization.of({"mean": number, "scale": number, "clip": number})
        assert json.loads(json.dumps(found.settings())) == {"mean": 1.5, "scale": 1.5, "clip": 1.5, "source": None}
    for wrong in (["x"], [[1.0, 2.0]], [float("nan"), 1.0]):
        with pytest.raises(vlrm.OptionError, match="normalize: scores: "):
            vlrm.Normalization.of_scores(wrong)


def test_settings_tell_models_apart(built, model, samples, program, tmp_path):
    """As the command line keeps them beside its outputs."""
    import vlrm

    (tmp_path / "samples.jsonl").write_text(json.dumps(samples[0]))
    program("score", "--model", built, "--input", tmp_path / "samples.jsonl", "--dtype", "float32", "-o", tmp_path / "out.jsonl", "-q")
    kept = json.loads((tmp_path / "out.jsonl.run.json").read_text())
    assert model.settings["model"]["stamp"]
    assert {name: kept[name] for name in kept if name in model.settings} | {"normalize": None} == model.settings
    merge = dict(vlm=WORLD / "vlm", rm=WORLD / "rm", base=WORLD / "base", method="dare_linear", weight=0.5, density=0.5, threads=THREADS)
    found = [vlrm.RewardModel.merge(**merge, seed=seed).settings for seed in (None, 3)]
    assert [each["recipe"]["seed"] for each in found] == [0, 3] and found[0]["recipe"]["digest"]
    assert found[0]["vlm"]["stamp"] != found[0]["rm"]["stamp"]
    file = tmp_path / "linear.yml"
    file.write_text("merge_method: linear\nmodels:\n- {model: vlm, parameters: {weight: 0.8}}\n- {model: rm, parameters: {weight: 0.2}}\n"
                    "tokenizer: {source: vlm, pad_to_multiple_of: 8}\n")
    merged = vlrm.RewardModel.merge(vlm=WORLD / "vlm", rm=WORLD / "rm", recipe=file, chat_template=WORLD / "vlm", threads=THREADS)
    file.write_text("changed since")
    assert merged.settings["recipe"]["file"] == "linear.yml" and len(merged.settings["chat_template"]["digest"]) == 32


def test_what_is_scored_without_an_image_is_warned_of(model, samples):
    from vlrm import VlrmWarning

    for images in (None, []):
        with pytest.warns(VlrmWarning, match="no image: scored without one"):
            model.score("What is this?", ["A circle."], images=images)
    with pytest.warns(VlrmWarning, match="1 of 2 samples have no image"):
        model.score_batch([samples[0], {**samples[1], "images": []}])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.score("What is this?", ["A circle."], mode="no-image")
        model.score("What is this?", ["A circle."], images=samples[0]["images"])


def test_several_threads_may_call(model, samples):
    expected = model.score_batch(samples[:4])
    found = {}

    def work(number):
        found[number] = model.score_batch(samples[:4])

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[number] == expected for number in range(4))


def test_other_threads_go_on_while_it_works(model, samples):
    import time

    worker = threading.Thread(target=model.score_batch, args=[samples * 20])
    worker.start()
    turns, start = 0, time.monotonic()
    while worker.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 50 * (time.monotonic() - start)


def test_progress_reaches_its_end(model, samples):
    seen = []
    model.score_batch(samples, batch_samples=2, progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (len(samples), len(samples)) and seen == sorted(seen)
    with pytest.raises(ZeroDivisionError):
        model.score_batch(samples, progress=lambda *_: 1 / 0)
    assert model.score_batch(iter(samples[:2]), progress=lambda *_: None) == model.score_batch(samples[:2])
    assert model.score_batch([]) == []


def test_errors_name_the_conversation(built):
    import vlrm

    short = vlrm.RewardModel(built, dtype="float32", threads=THREADS, max_length=60)
    rows = [[QUESTION, {"role": "assistant", "content": text}] for text in ("b", "c", "d " * 60)]
    other = [{"role": "user", "content": "Other?"}, ANSWER]
    with pytest.raises(vlrm.Error, match=r"^conversations 2 to 4: responses\[2\]: a text of"):
        short.score_conversations([other, *rows, other])
    with pytest.raises(vlrm.Error, match="^conversation 1: a text of"):
        short.score_conversations([rows[2], other])


@pytest.mark.parametrize("images", ["cat.jpg", b"cat", memoryview(b"cat"), {"path": "cat.jpg"}, ["cat.jpg"] * 2, []])
def test_every_conversation_has_its_entry_of_images(model, images):
    import vlrm

    with pytest.raises(vlrm.Error, match="entry .*for each conversation"):
        model.score_conversations([[QUESTION, ANSWER]], images=images)


def test_rank_refuses_what_it_would_leave_out(model, samples):
    import vlrm

    image = samples[0]["images"][0]
    with pytest.raises(vlrm.OptionError, match="top_k: must be at least 0, not -1"):
        model.rank("What?", ["a", "b"], top_k=-1)
    for query, images in [({"text": "a", "image": image}, "/nowhere.png"), ({"text": "a", "image": image, "images": [image]}, None)]:
        with pytest.raises(vlrm.Error, match="more than once"):
            model.rank(query, ["a"], images=images)


def test_samples_that_are_wrong(model, samples):
    import vlrm

    for wrong, says in [({"prompt": "a"}, '"responses" is missing'), ({"responses": ["a"]}, 'either "prompt" or'),
                        ({"prompt": "a", "responses": "b"}, "not one text"), ({"prompt": "a", "responses": []}, "at least one"),
                        ({"promt": "a", "responses": ["b"]}, 'unknown field "promt"; did you mean "prompt"?'),
                        ({"prompt": "a", "response": "b"}, 'unknown field "response"; did you mean "responses"?'),
                        ({"prompt": "a", "responses": ["b"], "scores": [1]}, '"scores" is one that the scores have'),
                        ({"prompt": "a", "chosen": "b"}, '"rejected" must be a string'),
                        ({"prompt": "a", "chosen": "b", "rejected": "c", "responses": ["b"]}, 'both "responses" and'),
                        ({"prompt": "a", "responses": ["b"], "images": ["/nowhere.png"]}, "/nowhere.png"),
                        ({"prompt": "a", "responses": [3]}, "int is not a text"), (3, "is not a dict")]:
        with pytest.raises(vlrm.Error) as error:
            model.score_batch([samples[0], wrong])
        assert says in str(error.value) and "sample 2" in str(error.value), str(error.value)


def test_a_pair_is_two_responses_beside_fields_of_the_users_own(model, samples):
    sample = samples[0] | {"responses": samples[0]["responses"][:2]}
    chosen, rejected = sample["responses"]
    pair = {name: value for name, value in sample.items() if name != "responses"} | {"chosen": chosen, "rejected": rejected}
    assert model.score_batch([pair | {"kind": "animals", "idx": 5}]) == model.score_batch([sample])


def test_slips_of_the_pen_are_the_programs(built, tmp_path):
    """What vlrm score says of a field, score_batch() says too."""
    import vlrm
    from vlrm import messages

    refused = 0
    for name in ("promt", "Prompts", "imgs", "image_", "mesages", "respones", "choosen", "rejectd", "--rejected", "idx", "i", "kind",
                 "source", "score", "text", "mage", "prompt2", "messagse", "scores", "date", "texts", "réponses"):
        line = {"prompt": "a", "responses": ["b"], name: 1}
        file = tmp_path / "in.jsonl"
        file.write_text(json.dumps(line))
        done = subprocess.run([PROGRAM, "score", "--model", built, "--input", file, "-q"], capture_output=True, text=True)
        says = None
        try:
            messages.of_sample(line, "sample 1")
        except vlrm.Error as error:
            says = str(error).removeprefix("sample 1: ")
        refused += says is not None
        assert says == (done.stderr.strip().partition("line 1: ")[2] if done.returncode else None)
    assert 5 < refused < 20


def test_warnings_are_pythons_and_at_the_caller(model):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.score("What <|eot_id|> is this?", ["A circle.", "A square."])
    assert told and all(warning.category.__name__ == "VlrmWarning" for warning in told)
    assert all(warning.filename == __file__ for warning in told), [warning.filename for warning in told]
    assert any("special token" in str(warning.message) for warning in told)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            model.score("What <|eot_id|> is this?", ["A circle."])


@pytest.mark.parametrize("arguments, says", [
    ({"device": "tpu"}, "tpu"), ({"dtype": "int7"}, "int7"), ({"weights": "some"}, "some"), ({"threads": 0}, "threads"),
    ({"special_tokens": "eat"}, "eat"), ({"truncation": "left"}, "max_length"), ({"max_length": "ten"}, "max_length"),
    ({"chat_template": "/nowhere"}, "/nowhere")])
def test_arguments_that_are_wrong(built, arguments, says):
    import vlrm

    with pytest.raises(vlrm.Error) as error:
        vlrm.RewardModel(built, **arguments)
    assert says in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(vlrm.Error):
        vlrm.RewardModel("/nowhere")


MERGE = {"vlm": WORLD / "vlm", "rm": WORLD / "rm", "base": WORLD / "base"}


def test_errors_name_the_arguments(model, built):
    """Not the fields of the core."""
    import vlrm

    dare = dict(**MERGE, method="dare_linear", weight=0.5, density=0.5)
    for call, option in [(lambda: model.generate("a", n=0), "n"), (lambda: model.generate("a", n="x"), "n"),
                         (lambda: vlrm.RewardModel(""), "name_or_path"),
                         (lambda: vlrm.RewardModel.merge(**dare, seed=-1), "seed"),
                         (lambda: vlrm.RewardModel.merge(**dare, normalize_weights="x"), "normalize_weights"),
                         (lambda: vlrm.RewardModel.merge(**dare, normalize=5), "normalize"),
                         (lambda: vlrm.RewardModel.merge(**MERGE), "method"),
                         (lambda: vlrm.build(**dare, normalize_weights="x", output="/nowhere/x"), "normalize_weights"),
                         (lambda: vlrm.evaluate("vl-rewardbench", built, output="/nowhere/x", seed=3), "seed"),
                         (lambda: vlrm.results([]), "folders")]:
        with pytest.raises(vlrm.OptionError) as error:
            call()
        assert error.value.option == option and str(error.value).startswith(f"{option}: "), str(error.value)


@pytest.mark.parametrize("name", ["merge_seed", "nothing_of_this_name"])
def test_unexpected_arguments_are_named(built, name):
    import vlrm

    for call in (lambda **how: vlrm.RewardModel.merge(**MERGE, method="linear", weight_rm=0.5, **how),
                 lambda **how: vlrm.evaluate("vl-rewardbench", built, output="/nowhere/x", **how),
                 lambda **how: vlrm.sweep("vl-rewardbench", "x.yml", output="/nowhere/x", **MERGE, **how)):
        with pytest.raises(TypeError, match=f"^unexpected argument '{name}'$"):
            call(**{name: 3})


def test_a_text_model_does_not_leave_images_out_unasked(samples):
    import vlrm

    model = vlrm.RewardModel(WORLD / "rm", threads=THREADS)
    assert not model.sees
    assert len(model.score("What is 1 + 1?", ["2", "3"])) == 2
    with pytest.raises(vlrm.Error, match="sees no image"):
        model.score("What is this?", ["2"], images=samples[0]["images"])
    assert len(model.score("What is this?", ["2"], images=samples[0]["images"], mode="text-only")) == 1


def test_importing_imports_nothing_heavy():
    code = "import sys, vlrm; vlrm.__version__, vlrm.Error; print([name for name in ('torch', 'numpy', 'PIL') if name in sys.modules])"
    assert run_python(code).stdout.strip() == "[]"


def test_the_process_stays_as_it_was(built, samples):
    """Torch's threads, the environment, signal handlers and standard streams."""
    code = """
import os, signal, sys, torch, vlrm
torch.set_num_threads(2)
environment, handler = dict(os.environ), signal.getsignal(signal.SIGINT)
for threads, wanted in ((None, 2), (1, 1)):
    model = vlrm.RewardModel(sys.argv[1], dtype="float32", threads=threads)
    assert model.settings["threads"] == wanted
    model.score("What is this?", ["A circle."], images=sys.argv[2])
    assert torch.get_num_threads() == 2
assert dict(os.environ) == environment and signal.getsignal(signal.SIGINT) is handler
"""
    done = run_python(code, built, samples[0]["images"][0])
    assert done.stdout == "" and done.stderr == ""


def test_after_a_fork_the_model_says_so(built):
    code = """
import os, sys, vlrm
model = vlrm.RewardModel(sys.argv[1], threads=1)
child = os.fork()
if child == 0:
    try:
        model.score("What?", ["x"])
    except vlrm.Error as error:
        os._exit(0 if "forked" in str(error) else 1)
    os._exit(2)
assert os.waitpid(child, 0)[1] == 0
"""
    run_python(code, built)


def test_ctrl_c_comes_out_as_keyboard_interrupt(built, samples):
    code = """
import os, signal, sys, threading, time, vlrm
model = vlrm.RewardModel(sys.argv[1], dtype="float32", threads=1)
sample = {"prompt": "What is this?", "responses": ["A circle."] , "images": [sys.argv[2]]}
threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
start = time.monotonic()
try:
    model.score_batch([sample | {"responses": [f"A circle, {number} times."]} for number in range(100000)])
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 20)
"""
    assert run_python(code, built, samples[0]["images"][0]).stdout.strip() == "interrupted True"
    assert os.name == "posix"


def test_ctrl_c_ends_the_wait_for_another_thread(built, samples):
    code = """
import os, signal, sys, threading, time, vlrm
model = vlrm.RewardModel(sys.argv[1], dtype="float32", threads=1)
begun, other = threading.Event(), threading.Event()
def look(*_):
    begun.set()
    1 / (not other.is_set())
def work():
    try:
        model.score_batch([{"prompt": "What?", "responses": [str(number)]} for number in range(5000)],
                          batch_samples=1, progress=look)
    except ZeroDivisionError:
        pass
thread = threading.Thread(target=work)
thread.start()
begun.wait()
threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
threading.Timer(8, other.set).start()
start = time.monotonic()
try:
    model.score("What?", ["x"])
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 4)
other.set()
thread.join()
"""
    assert run_python(code, built).stdout.strip() == "interrupted True"
