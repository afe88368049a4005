"""Random models of the families that take images as tokens beside transformers 4.57 and 5: scores, likelihoods and greedy texts about images of several sizes."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from conftest import ROOT
from PIL import Image
from safetensors.numpy import load_file, save_file
from tensors import read_tensors
from test_text_models import changed

REFERENCE = {version: json.loads((ROOT / f"tests/goldens/reference/vision_models_{version}.json").read_text())
             for version in (4, 5)}
CONVERSATIONS = REFERENCE[4]["conversations"]
CASES = [(version, name, conversation) for version, made in REFERENCE.items() for name in made["cases"]
         for conversation in CONVERSATIONS]
TOLERANCE = 2e-4


def picture(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [x * 7 + y * 3, x * y + 5 * x, 255 - (x * 2 + y * 11)]
    return Image.fromarray(numpy.stack(channels, -1).astype(numpy.uint8), "RGB")


def sample(folder, name, responses):
    """A line of samples about a conversation's images, which are written into the folder."""
    sizes, messages = CONVERSATIONS[name]
    paths = []
    for size in sizes:
        paths.append(str(folder / f"{size[0]}x{size[1]}.png"))
        picture(*size).save(paths[-1])
    content = [{"role": "user" if number % 2 == 0 else "assistant",
                "content": [{"type": "image"} if part is None else {"type": "text", "text": part} for part in parts]}
               for number, parts in enumerate(messages)]
    return {"id": name, "images": paths, "messages": content, "responses": responses}


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """The models of a case, made once for all tests."""
    made = {}

    def of(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            command = [sys.executable, ROOT / "tools/random_checkpoint.py", made[name],
                       *REFERENCE[4]["cases"][name]["arguments"]]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return made[name]

    return of


@pytest.fixture
def small(models, tmp_path):
    """A folder of models which the test may change."""
    return Path(shutil.copytree(models("plain"), tmp_path / "models"))


def score(vlrm, tmp_path, model, conversation, *flags, responses=REFERENCE[4]["responses"], dtype="float32"):
    samples = tmp_path / "samples.jsonl"
    samples.write_text(json.dumps(sample(tmp_path, conversation, responses)) + "\n")
    return json.loads(vlrm("score", "--model", model, "--input", samples, "--dtype", dtype, "-q", *flags))["scores"]


def generate(vlrm, tmp_path, model, conversation, *flags, dtype="float32"):
    """Of a conversation whose one message has its images before the text."""
    line = sample(tmp_path, conversation, [])
    images = [word for path in line["images"] for word in ("--image", path)]
    prompt = line["messages"][0]["content"][-1]["text"]
    return json.loads(vlrm("generate", "--model", model, *images, "--prompt", prompt, "--max-new-tokens", 16, "--json",
                           "--dtype", dtype, "-q", *flags))["tokens"]


@pytest.mark.parametrize("version, name, conversation", CASES)
def test_scores_likelihoods_and_texts_are_transformers(vlrm, models, device_flags, tmp_path, version, name, conversation):
    case = REFERENCE[version]["cases"][name]
    expected = case[conversation]
    folder = Path(shutil.copytree(models(name), tmp_path / "models"))
    name = case["config"]["architectures"][0].replace("ForConditionalGeneration", "ForSequenceClassification")
    reward = {"architectures": [name], "id2label": {"0": "LABEL_0"}}
    (folder / "vlm/config.json").write_text(json.dumps(case["config"]))
    (folder / "vlrm/config.json").write_text(json.dumps(case["config"] | reward))
    of = (vlrm, tmp_path, folder / "vlm", conversation)
    assert score(vlrm, tmp_path, folder / "vlrm", conversation, *device_flags) == pytest.approx(
        expected["scores"], abs=TOLERANCE)
    assert score(*of, "--likelihood", *device_flags) == pytest.approx(expected["likelihoods"], rel=1e-5)
    if conversation != "several":
        assert generate(*of, *device_flags) == expected["greedy"]


def test_a_value_head_in_a_file_of_its_own_scores(vlrm, models, tmp_path):
    """As Skywork-VL-Reward has it: a language model, and beside it a head with a bias."""
    folder = Path(shutil.copytree(models("windows"), tmp_path / "models"))
    weight = read_tensors(folder / "vlrm")["score.weight"][1]
    save_file({"summary.weight": weight, "summary.bias": numpy.full(1, 0.25, numpy.float32)},
              folder / "vlm/value_head.safetensors")
    expected = [score + 0.25 for score in REFERENCE[5]["cases"]["windows"]["several"]["scores"]]
    assert score(vlrm, tmp_path, folder / "vlm", "several") == pytest.approx(expected, abs=TOLERANCE)


def test_pixels_are_the_reference_processors(vlrm, tmp_path):
    """To the bit, with the means and deviations that files leave out."""
    made = REFERENCE[5]["pixels"]
    for settings in {tuple(row[:3]) for row in made}:
        folder = tmp_path / str(settings[0])
        folder.mkdir()
        patch, least, most = settings
        (folder / "preprocessor_config.json").write_text(json.dumps({
            "image_processor_type": "Qwen2VLImageProcessorFast", "patch_size": patch,
            "size": {"shortest_edge": least, "longest_edge": most}}))
        for width, height, rows, columns, digest in (row[3:] for row in made if tuple(row[:3]) == settings):
            picture(width, height).save(tmp_path / "image.png")
            vlrm("preprocess", "--model", folder, "--image", tmp_path / "image.png", "-o", tmp_path / "out", "--force", "-q")
            tensors = load_file(tmp_path / "out")
            assert tensors["image_grid_thw"].tolist() == [[1, rows, columns]], (settings, width, height)
            assert hashlib.sha256(tensors["pixel_values"].tobytes()).hexdigest()[:32] == digest, (settings, width, height)


def test_tiles_are_the_reference_processors(vlrm, tmp_path):
    """To the bit, with the means and deviations that files leave out; the whole image last."""
    made = REFERENCE[5]["tiles"]
    for side, least, most in {tuple(row[:3]) for row in made}:
        folder = tmp_path / str(side)
        folder.mkdir()
        (folder / "preprocessor_config.json").write_text(json.dumps({
            "image_processor_type": "GotOcr2ImageProcessorFast", "crop_to_patches": False, "min_patches": least,
            "max_patches": most, "size": {"height": side, "width": side}}))
        for width, height, count, digest in (row[3:] for row in made if row[:3] == [side, least, most]):
            picture(width, height).save(tmp_path / "image.png")
            vlrm("preprocess", "--model", folder, "--image", tmp_path / "image.png", "-o", tmp_path / "out", "--force", "-q")
            tensors = load_file(tmp_path / "out")
            assert tensors["num_patches"].tolist() == [count], (side, width, height)
            assert tensors["pixel_values"].shape == (count, 3, side, side)
            assert hashlib.sha256(tensors["pixel_values"].tobytes()).hexdigest()[:32] == digest, (side, width, height)


def test_tiles_of_llava_are_the_reference_processors(vlrm, tmp_path):
    """To the bit, with all that files leave out: alone, and as one of two images of a sample."""
    made = REFERENCE[5]["llava"]
    for name, side in {tuple(row[:2]) for row in made}:
        folder = tmp_path / name
        folder.mkdir()
        size = {"height": side, "width": side}
        more = {"size": {"shortest_edge": side}, "crop_size": size} if name == "LlavaNext" else {}
        (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": name + "ImageProcessor"} | more))
    for name, side, together, width, height, tiles, digest in made:
        picture(width, height).save(tmp_path / "image.png")
        images = [word for _ in range(together) for word in ("--image", tmp_path / "image.png")]
        vlrm("preprocess", "--model", tmp_path / name, *images, "-o", tmp_path / "out", "--force", "-q")
        tensors = load_file(tmp_path / "out")
        assert tensors["image_sizes"].tolist() == [[height, width]] * together
        assert tensors["pixel_values"].shape == (together, tiles, 3, side, side), (name, width, height)
        found = hashlib.sha256(tensors["pixel_values"].tobytes()).hexdigest()[:32]
        assert found == digest, (name, together, width, height)


def test_streamed_weights_give_the_same_numbers(vlrm, models, tmp_path):
    for name in ("plain", "tied", "tiles", "next"):
        for model, run in (("vlrm", score), ("vlm", generate)):
            of = (vlrm, tmp_path, models(name) / model, "thin_and_tiny", "--weights")
            assert run(*of, "streamed") == run(*of, "resident")


@pytest.mark.parametrize("kind", ["plain", "tiles", "onevision"])
def test_what_is_scored_beside_a_sample_changes_no_bit(vlrm, models, tmp_path, kind):
    samples, output = tmp_path / "all.jsonl", tmp_path / "scores.jsonl"
    lines = [sample(tmp_path, name, REFERENCE[4]["responses"]) for name in CONVERSATIONS]
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = models(kind) / "vlrm"
    vlrm("score", "--model", model, "--input", samples, "--dtype", "float32", "-q", "-o", output)
    found = {line["id"]: line["scores"] for line in map(json.loads, output.read_text().splitlines())}
    for name in CONVERSATIONS:
        assert found[name] == score(vlrm, tmp_path, model, name)


@pytest.mark.parametrize("kind", ["tied", "tiles_qwen3", "next", "onevision"])
def test_responses_that_begin_alike_are_scored_as_alone(vlrm, models, tmp_path, kind):
    responses = ["Three", "Three stripes", "Three stripes and a box", "Three stripes and a bow"]
    for conversation in ("one", "several"):
        of = (vlrm, tmp_path, models(kind) / "vlrm", conversation)
        alone = [score(*of, responses=[response])[0] for response in responses]
        assert score(*of, responses=responses) == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("kind, word", [("plain", "<|image|>"), ("tiles", "<|image|>"), ("tiles", "<img>"), ("next", "<|image|>")])
def test_a_placeholder_in_a_text_is_text(vlrm, models, tmp_path, kind, word):
    model = models(kind) / "vlrm"
    plain, with_word = (score(vlrm, tmp_path, model, "one", responses=[text]) for text in ("No", f"No {word}"))
    assert plain != with_word


LATER_TILES = {"language_model.model.": "model.language_model.", "vision_tower.": "model.vision_tower.",
               "multi_modal_projector.": "model.multi_modal_projector."}
IN_MEMORY = LATER_TILES | {"image_newline": "model.image_newline"}


@pytest.mark.parametrize("kind, layouts", [
    ("plain", [{"model.visual.": "visual.", "model.language_model.": "model."},
               {"model.visual.": "visual.", "model.language_model.": "language_model."}]),
    ("tiles", [LATER_TILES]),
    ("next", [IN_MEMORY, {"vision_tower.vision_model.": "model.vision_tower."} | IN_MEMORY]),
])
def test_other_layouts_of_names_are_read(vlrm, models, tmp_path, kind, layouts):
    folder = Path(shutil.copytree(models(kind) / "vlrm", tmp_path / "model"))
    expected = score(vlrm, tmp_path, folder, "one")
    path = folder / "model.safetensors"
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header, data = json.loads(path.read_bytes()[8:8 + size]), path.read_bytes()[8 + size:]
    for prefixes in layouts:
        renamed = {}
        for name, value in header.items():
            found = next((each for each in prefixes if name.startswith(each)), "")
            renamed[prefixes.get(found, "") + name.removeprefix(found)] = value
        text = json.dumps(renamed).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data)
        assert score(vlrm, tmp_path, folder, "one") == expected


def test_a_reward_model_is_built_taken_apart_and_scored(vlrm, small, tmp_path):
    changed(small / "vlm/config.json", pad_token_id=388)
    build = ["build", "--vlm", small / "vlm", "--rm", small / "rm", "--base", small / "base", "--method", "task_arithmetic",
             "--dtype", "float32"]
    notes = vlrm(*build, "--weight", "0.5", "-o", tmp_path / "out", notes=True)
    assert any("rope_theta" in note for note in notes)
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["architectures"] == ["Qwen3VLForSequenceClassification"] and config["problem_type"] == "regression"
    assert config["pad_token_id"] == config["text_config"]["pad_token_id"] == 388
    assert config["text_config"]["rope_theta"] == 5000000.0
    vlm, rm, base, out = (read_tensors(path) for path in (*(small / each for each in ("vlm", "rm", "base")), tmp_path / "out"))
    assert out.keys() == vlm.keys() | {"score.weight"}
    for name, (_, values, _) in out.items():
        assert values.shape == (rm if name == "score.weight" else vlm)[name][1].shape, name
        text = name.replace("model.language_model.", "model.")
        if text in base and text != "lm_head.weight":
            rows = len(base[text][1])
            merged = base[text][1] + 0.5 * (vlm[name][1][:rows] - base[text][1]) + 0.5 * (rm[text][1][:rows] - base[text][1])
            assert numpy.allclose(values[:rows][:380], merged[:380], atol=1e-6), name
    assert len(score(vlrm, tmp_path, tmp_path / "out", "several")) == 3
    vlrm("extract", "--vlm", small / "vlm", "--instruct", small / "base", "-o", tmp_path / "text", "-q")
    text = json.loads((tmp_path / "text/config.json").read_text())
    assert text["architectures"] == ["Qwen3ForCausalLM"] and text["vocab_size"] == 648


@pytest.mark.parametrize("part, fields, expected", [
    (None, {"image_token_id": 10**6}, '"image_token_id": 1000000 is not below the 648 rows'),
    (None, {"tie_word_embeddings": True}, "make them equal"),
    ("text_config", {"rope_theta": "absent"}, "add the one that the model was trained with"),
    ("text_config", {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "a dynamic rope is not supported"),
    ("text_config", {"rope_scaling": {"rope_type": "default", "mrope_interleaved": False}}, '"mrope_interleaved": false'),
    ("text_config", {"rope_scaling": {"rope_type": "default", "mrope_section": [1]}}, "must be three numbers"),
    ("vision_config", {"out_hidden_size": 7}, "is not the text's hidden_size, 48"),
    ("vision_config", {"hidden_act": "gelu"}, "only \"gelu_pytorch_tanh\""),
    ("vision_config", {"num_heads": 5}, "is not a multiple of 4 times the 5 attention heads"),
    ("vision_config", {"deepstack_visual_indexes": [9]}, "names a layer outside"),
    ("vision_config", {"rope_parameters": {"rope_theta": 5.0}}, "only 10000.0"),
    ("vision_config", {"patch_size": 8}, "the configuration asks for"),
])
def test_what_is_wrong_in_a_config_is_named(vlrm, small, part, fields, expected):
    path = small / "vlrm/config.json"
    config = json.loads(path.read_text())
    where = config if part is None else config[part]
    where |= fields
    for name in [name for name, value in fields.items() if value == "absent"]:
        del where[name]
    path.write_text(json.dumps(config))
    error = vlrm("score", "--model", small / "vlrm", "--mode", "no-image", "--prompt", "A", "--response", "B", fails=True)
    assert expected in error


@pytest.mark.parametrize("kind, part, fields, expected", [
    ("tiles", None, {"image_token_id": 10**6}, '"image_token_id": 1000000 is not below the 648 rows'),
    ("tiles", None, {"downsample_ratio": 0.4}, "must be 1 over a whole number"),
    ("tiles", None, {"downsample_ratio": 1 / 3}, "does not divide the 4 patches"),
    ("tiles", None, {"vision_feature_layer": -2}, "only -1"),
    ("tiles", None, {"vision_feature_select_strategy": "full"}, 'only "default"'),
    ("tiles", None, {"projector_hidden_act": "relu"}, 'only "gelu"'),
    ("tiles", "text_config", {"model_type": "qwen3_vl"}, "is not supported as a text part, only Llama, Mistral"),
    ("tiles", "vision_config", {"norm_type": "batch_norm"}, "neither layer_norm nor rms_norm"),
    ("tiles", "vision_config", {"hidden_act": "relu"}, "only gelu, gelu_pytorch_tanh and quick_gelu"),
    ("tiles", "vision_config", {"image_size": [16, 32]}, "must be two equal numbers"),
    ("tiles", "vision_config", {"image_size": 2}, "is smaller than patch_size"),
    ("tiles", "vision_config", {"num_attention_heads": 5}, "is not a multiple of the 5 attention heads"),
    ("tiles", "vision_config", {"use_mask_token": True}, "only false"),
    ("next", None, {"image_token_index": 10**6}, '"image_token_index": 1000000 is not below the 648 rows'),
    ("next", None, {"vision_feature_layer": [-2, -1]}, "several layers are not supported"),
    ("next", None, {"vision_feature_layer": [-5]}, "is outside of the 3 layers"),
    ("next", None, {"vision_feature_layer": -5}, "is outside of the 3 layers"),
    ("next", None, {"vision_feature_select_strategy": "full"}, 'must be "default" for a tower with a class token'),
    ("next", None, {"multimodal_projector_bias": False}, "only true"),
    ("next", None, {"image_grid_pinpoints": [[16]]}, "must be pairs of heights and widths"),
    ("next", "vision_config", {"model_type": "dinov2"}, "only clip_vision_model and siglip_vision_model"),
    ("onevision", "vision_config", {"vision_use_head": True}, "a tower with a pooling head is not supported"),
])
def test_what_is_wrong_in_a_config_of_tiles_is_named(vlrm, models, tmp_path, kind, part, fields, expected):
    folder = Path(shutil.copytree(models(kind) / "vlrm", tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    (config if part is None else config[part]).update(fields)
    (folder / "config.json").write_text(json.dumps(config))
    error = vlrm("score", "--model", folder, "--mode", "no-image", "--prompt", "A", "--response", "B", fails=True)
    assert expected in error


@pytest.mark.parametrize("kind, name, fields, expected", [
    ("tiles", "preprocessor_config.json", {"size": {"height": 8, "width": 8}}, "do not belong together"),
    ("tiles", "preprocessor_config.json", {"size": {"height": 16, "width": 8}}, "is not a square"),
    ("tiles", "preprocessor_config.json", {"resample": 2}, "only 3 (bicubic) is supported"),
    ("tiles", "preprocessor_config.json", {"do_resize": False}, "cannot do without it"),
    ("tiles", "preprocessor_config.json", {"min_patches": 9, "max_patches": 2}, "do not exist"),
    ("tiles", "preprocessor_config.json", {"max_patches": 100, "size": {"height": 4096, "width": 4096}}, "are more than"),
    ("tiles", "preprocessor_config.json", {"image_processor_type": "ViTImageProcessor"}, "only GotOcr2ImageProcessor"),
    ("tiles", "processor_config.json", {"image_seq_length": -1}, 'processor_config.json: "image_seq_length" is -1'),
    ("tiles", "processor_config.json", {"image_seq_length": 9}, "gives a tile 9 tokens, but the model makes 4 of it"),
    ("next", "preprocessor_config.json", {"size": {"shortest_edge": 8}}, "tiles are squares of one size"),
    ("next", "preprocessor_config.json", {"image_grid_pinpoints": [[16, 40]]}, "which are not whole tiles of 16"),
    ("next", "preprocessor_config.json", {"image_grid_pinpoints": []}, "has 0 sizes"),
    ("next", "preprocessor_config.json", {"image_grid_pinpoints": [[16]]}, "must be pairs of heights and widths"),
    ("next", "preprocessor_config.json", {"image_grid_pinpoints": [[80, 16]]}, "of config.json does not have"),
    ("next", "preprocessor_config.json", {"do_pad": False}, "cannot do without it"),
    ("next", "preprocessor_config.json", {"resample": 2}, "only 3 (bicubic) is supported"),
    ("next", "preprocessor_config.json", {"image_processor_type": "LlavaImageProcessor"}, "only LlavaNextImageProcessor"),
    ("onevision", "preprocessor_config.json", {"image_mean": [2, 0, 0]}, "is not a colour between 0 and 1"),
    ("onevision", "config.json", {"vision_aspect_ratio": "pad"}, "only anyres_max_N is supported"),
])
def test_tiles_for_another_model_are_refused(vlrm, models, tmp_path, kind, name, fields, expected):
    folder = Path(shutil.copytree(models(kind) / "vlrm", tmp_path / "model"))
    changed(folder / name, **fields)
    picture(60, 20).save(tmp_path / "a.png")
    error = vlrm("score", "--model", folder, "--image", tmp_path / "a.png", "--prompt", "A", "--response", "B", fails=True)
    assert expected in error


def test_an_image_that_would_be_too_large_a_square_is_refused(vlrm, models, tmp_path):
    picture(20, 20).save(tmp_path / "a.png")
    Image.new("1", (1, 60000)).save(tmp_path / "b.png")
    error = vlrm("score", "--model", models("onevision") / "vlrm", "--image", tmp_path / "a.png", "--image", tmp_path / "b.png",
                 "--prompt", "A", "--response", "B", fails=True)
    assert "b.png: an image of 1 × 60000 pixels would take 10299 MiB as a square" in error


def test_tokens_that_would_be_shrunk_to_nothing_are_refused(vlrm, models, tmp_path):
    folder = Path(shutil.copytree(models("onevision") / "vlrm", tmp_path / "model"))
    config = json.loads((folder / "config.json").read_text())
    changed(folder / "config.json", image_grid_pinpoints=[[3000, 30]], vision_aspect_ratio="anyres_max_1",
            vision_config=config["vision_config"] | {"patch_size": 30})
    changed(folder / "preprocessor_config.json", image_grid_pinpoints=[[3000, 30]])
    picture(1, 2000).save(tmp_path / "a.png")
    error = vlrm("preprocess", "--model", folder, "--image", tmp_path / "a.png", "-o", tmp_path / "out", fails=True)
    assert "a.png: an image of 1 × 2000 pixels: nothing is left of" in error


def test_a_model_without_the_tokens_around_its_images_is_refused(vlrm, models, tmp_path):
    folder = Path(shutil.copytree(models("tiles") / "vlrm", tmp_path / "model"))
    for path in folder.glob("tokenizer*.json"):
        path.write_text(path.read_text().replace("</img>", "<end>"))
    error = vlrm("score", "--model", folder, "--prompt", "A", "--response", "B", fails=True)
    assert "has no token </img>, which the model has around an image" in error


def test_images_for_another_model_are_refused(vlrm, small, tmp_path):
    changed(small / "vlrm/preprocessor_config.json", patch_size=8)
    picture(20, 20).save(tmp_path / "a.png")
    flags = ["--image", tmp_path / "a.png", "--prompt", "A", "--response", "B"]
    assert "do not belong together" in vlrm("score", "--model", small / "vlrm", *flags, fails=True)
    picture(2, 500).save(tmp_path / "a.png")
    assert "a.png" in (error := vlrm("score", "--model", small / "vlrm", *flags, fails=True)) and "200 times" in error
