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

import base  # noqa: E402
import pairs as pair_maker  # noqa: E402
import scenes  # noqa: E402
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


def test_weights_take_at_most_8_mib():
    assert sum(path.stat().st_size for path in WORLD.glob("*/*.safetensors")) <= 8 << 20


def test_enough_pairs_in_the_schema_of_vl_rewardbench(rows):
    schema = parquet.read_schema(WORLD / "pairs.parquet")
    assert len(rows) >= 600
    assert len({row["id"] for row in rows}) == len(rows)
    assert str(schema.field("image").type) == "struct<bytes: binary, path: string>"
    assert all(sorted(row["human_ranking"]) == [0, 1] and len(row["response"]) == 2 for row in rows)


def test_text_alone_cannot_decide(rows):
    """For every question with its two answers there are as many pictures that make one right as the other."""
    balance = collections.Counter()
    for row in rows:
        balance[row["query"], tuple(row["response"])] += 1 if row["human_ranking"][0] else -1
    assert set(balance.values()) == {0}


def test_no_combination_of_the_test_occurs_in_training(rows):
    world = scenes.World(json.loads((WORLD / "made.json").read_text())["seed"])
    shown = {scene_of(row["ground_truth"]) for row in rows}
    assert shown <= set(world.scenes["test"])
    assert not shown & set(world.scenes["train"])
    told = {row["response"][0] for row in rows} | {row["response"][1] for row in rows}
    taught = {text.describe(scene, template) for scene in world.scenes["train"] for template in text.DESCRIPTIONS}
    assert not told & taught


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


def test_transformers_reads_the_models(rows):
    transformers = pytest.importorskip("transformers")
    processor = transformers.AutoProcessor.from_pretrained(WORLD / "vlm")
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
