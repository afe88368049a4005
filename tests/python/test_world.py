"""The committed world: its size, its promises about the pairs, and that the peers can load it."""

import collections
import io
import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORLD = ROOT / "world"
sys.path.insert(0, str(ROOT / "tools" / "world"))

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
    image = pytest.importorskip("PIL.Image")
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


def test_transformers_reads_the_models_and_its_text_is_ours(rows):
    transformers = pytest.importorskip("transformers")
    processor = transformers.AutoProcessor.from_pretrained(WORLD / "vlm")
    for name, kind in (
        ("base", transformers.LlamaForCausalLM),
        ("vlm", transformers.MllamaForConditionalGeneration),
        ("rm", transformers.LlamaForSequenceClassification),
    ):
        _, report = kind.from_pretrained(WORLD / name, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], name
    content = [{"type": "image"}, {"type": "text", "text": "What shapes are shown?"}]
    rendered = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    assert rendered == (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n<|image|>What shapes are shown?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
