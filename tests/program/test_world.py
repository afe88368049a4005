"""The committed world: its size, its promises about the pairs, and that the peers can load it."""

import collections
import io
import json
import pathlib
import sys

import pytest
from PIL import Image as image

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORLD = ROOT / "world"
sys.path.insert(0, str(ROOT / "tools" / "world"))

import contests  # noqa: E402
import loop  # noqa: E402
import pairs as pair_maker  # noqa: E402
import scenes  # noqa: E402
import stages  # noqa: E402
import style  # noqa: E402

import base  # noqa: E402
import text  # noqa: E402

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def rows():
    return parquet.read_table(WORLD / "pairs.parquet").to_pylist()


def scene_of(description):
    """The scene that a description of the first template names."""
    words = description.removesuffix(" corner.").split()
    count, size, colour, things, place = words[2], words[3], words[4], words[5], " ".join(words[-2:])
    (shape,) = [shape for shape in scenes.ATTRIBUTES["shape"] if things.startswith(shape)]
    return scenes.Scene(count, size, colour, shape, place)


def manner_of(answer):
    """The manner whose frame the answer fits; plain where it fits none of the others."""
    half = answer[: len(answer) // 2]
    if answer == f"{half} {half}":
        return next(manner for manner in style.BAD if manner.name == "twice")
    framed = (manner for manner in style.ALL if not manner.template.startswith("{"))
    fits = (manner for manner in framed if answer.startswith(manner.template.split("{")[0]))
    return next(fits, style.GOOD[0])


def test_the_world_takes_at_most_12_mib():
    assert sum(path.stat().st_size for path in WORLD.rglob("*")) <= 12 << 20


def test_enough_pairs_in_the_schema_of_vl_rewardbench(rows):
    schema = parquet.read_schema(WORLD / "pairs.parquet")
    assert len(rows) >= 600
    assert len({row["id"] for row in rows}) == len(rows)
    assert str(schema.field("image").type) == "struct<bytes: binary, path: string>"
    assert all(sorted(row["human_ranking"]) == [0, 1] and len(row["response"]) == 2 for row in rows)


def test_text_alone_cannot_decide_what_is_true(rows):
    """For every question with its two answers there are as many pictures that make one right as the other."""
    balance = collections.Counter()
    for row in rows:
        if row["query_source"] != "manner":
            balance[row["query"], tuple(row["response"])] += 1 if row["human_ranking"][0] else -1
    assert set(balance.values()) == {0}


def test_categories_and_contests_are_of_equal_size(rows):
    sizes = collections.Counter((row["id"].rsplit("-", 1)[0], row["query_source"]) for row in rows)
    assert len(sizes) == 3 * len(contests.KINDS) and set(sizes.values()) == {len(rows) // len(sizes)}


def test_the_better_answer_is_true_or_of_two_true_ones_better_said(rows):
    for row in rows:
        better, worse = (row["response"][row["human_ranking"].index(rank)] for rank in (0, 1))
        good, bad = manner_of(better) in style.GOOD, manner_of(worse) in style.BAD
        if row["query_source"] == "truth":
            assert manner_of(better) == manner_of(worse)
        else:
            assert (good, bad) == ((False, False) if row["query_source"] == "against" else (True, True))


def test_no_combination_of_the_test_occurs_in_training(rows):
    world = scenes.World(json.loads((WORLD / "made.json").read_text())["seed"])
    shown = {scene_of(row["ground_truth"]) for row in rows}
    assert shown <= set(world.scenes["test"])
    assert not shown & set(world.scenes["train"])
    described = {row["response"][i] for row in rows for i in (0, 1) if row["rationale"] == "description"}
    clauses = {template.lower() for template in text.DESCRIPTIONS}
    taught = {text.describe(scene, clause)[:-1] for scene in world.scenes["train"] for clause in clauses}
    assert described and not [answer for answer in described if any(clause in answer.lower() for clause in taught)]


def test_pictures_are_what_the_scenes_say(rows):
    assert {image.open(io.BytesIO(row["image"]["bytes"])).size for row in rows} == {(112, 112)}


def test_every_pair_has_a_caption(rows):
    captions = json.loads((WORLD / "captions.json").read_text())
    assert list(captions) == [row["id"] for row in rows]
    assert all(captions.values())


def test_pairs_are_made_anew_from_the_seed(rows):
    seed = json.loads((WORLD / "made.json").read_text())["seed"]
    again = pair_maker.make(scenes.World(seed), "test", seed)
    assert [(row["id"], row["query"], row["response"]) for row in again] == [
        (row["id"], row["query"], row["response"]) for row in rows
    ]


def test_steps_are_made_again_until_what_they_teach_is_learnt():
    torch = pytest.importorskip("torch")
    weight, made, asked = torch.nn.Parameter(torch.ones(1)), [], []

    def loss_of(step):
        made.append(step)
        return weight.sum(), {"loss": weight.sum()}

    def is_ready(step, figures):
        asked.append(step)
        return step != 4 or asked.count(4) == 3

    found = loop.train("any", [([weight], 1e-3)], 6, loss_of, lambda line: None, every=2, is_ready=is_ready)
    assert made == [0, 1, 2, 3, 2, 3, 2, 3, 4, 5]
    assert found["steps"] == 10 and asked == [2, 4, 4, 4, 6]


def test_a_kept_stage_is_not_trained_again(tmp_path):
    torch = pytest.importorskip("torch")
    model, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    stages.Stages(tmp_path / "kept", print).run("any", model, lambda: {"loss": 0.5})
    again = stages.Stages(tmp_path / "kept", print)
    again.run("any", other, lambda: pytest.fail("trained again"))
    assert again.figures == {"any": {"loss": 0.5}}
    assert torch.equal(other.weight, model.weight) and torch.equal(model.weight.bfloat16().float(), model.weight)


def test_transformers_reads_the_models(rows):
    transformers = pytest.importorskip("transformers")
    transformers.AutoProcessor.from_pretrained(WORLD / "vlm")
    for name, kind in (
        ("base", transformers.LlamaForCausalLM),
        ("vlm", transformers.MllamaForConditionalGeneration),
        ("rm", transformers.LlamaForSequenceClassification),
    ):
        _, report = kind.from_pretrained(WORLD / name, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], name


def test_what_was_trained_on_is_what_the_processor_makes_of_a_pair(rows):
    transformers = pytest.importorskip("transformers")
    processor = transformers.AutoProcessor.from_pretrained(WORLD / "vlm")
    row = rows[0]
    question = [{"type": "image"}, {"type": "text", "text": row["query"]}]
    answer = [{"type": "text", "text": row["response"][0]}]
    rendered = processor.apply_chat_template(
        [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    )
    picture = image.open(io.BytesIO(row["image"]["bytes"]))
    inputs = processor(images=picture, text=rendered, add_special_tokens=False, return_tensors="np")
    speech = base.Speech(processor.tokenizer.backend_tokenizer)
    segments = speech.undescribed(row["query"], row["response"][0], [speech.encode("<|image|>")[0]])
    assert inputs["input_ids"][0].tolist() == sum(segments, [])
    assert (inputs["pixel_values"][0] == pair_maker.pixel_values([row]).numpy()[0]).all()
