"""Random vision-language models in every use: sweeps, captions, judging, merges on load, recipes, other areas of images."""

import hashlib
import io
import json
import shutil
import subprocess
import sys

import numpy
import pytest
from conftest import ROOT, read_lines
from evaluations import write_pairs
from safetensors.numpy import load_file
from tensors import read_tensors
from test_text_models import changed
from test_vision_models import REFERENCE, generate, models, picture, sample, score, small  # noqa: F401

RESPONSES = REFERENCE[4]["responses"]
SIZES = [(50, 30), (17, 64), (90, 25), (50, 30), (40, 40)]  # one picture is shown twice
PAD = 388  # <|finetune_right_pad_id|>, the tokenizer's pad_token


def flags(folder, *roles):
    return [word for role in roles or ("vlm", "rm", "base") for word in (f"--{role}", folder / role)]


def png(size):
    file = io.BytesIO()
    picture(*size).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    rows = [{"id": f"row-{i}", "query": f"What is shown in {i}?", "response": RESPONSES[:2] if i % 2 else RESPONSES[1:],
             "image": {"bytes": png(size), "path": None}, "human_ranking": [i % 2, 1 - i % 2]}
            for i, size in enumerate(SIZES)]  # fmt: skip
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.parquet", rows)


@pytest.fixture(scope="module", params=[("plain", "<|image_pad|>"), ("tiles", "<IMG_CONTEXT>"), ("onevision", "<image>")])
def published(models, tmp_path_factory, request):  # noqa: F811
    """Models whose image token has the name that published ones have."""
    kind, token = request.param
    folder = shutil.copytree(models(kind), tmp_path_factory.mktemp("published") / "models")
    for path in [*folder.glob("vlm/*.json"), *folder.glob("vlrm/*.json")]:
        path.write_text(path.read_text().replace("<|image|>", token))
    return folder


def built(vlrm, folder, out, *more):  # noqa: F811
    vlrm("build", *flags(folder), "--dtype", "float32", "-q", *(more or ("--method", "task_arithmetic", "--weight", "0.5")),
         "-o", out)
    return out


# Merges


@pytest.mark.parametrize("kind", ["plain", "tiles", "next"])
def test_a_sweep_is_its_single_runs_and_encodes_an_image_once(vlrm, models, pairs, tmp_path, kind):  # noqa: F811
    vlrm("recipes", "depth", "-o", tmp_path / "depth")
    some = [tmp_path / f"depth/{name}.yml" for name in ("linear-depth-all-rm0.4", "task_arithmetic-depth-half-rm0.8")]
    run = ["eval", "vl-rewardbench", *flags(models(kind)), "--data", pairs, "--threads", "1", "-q"]
    told = vlrm_errors(*run, "--recipes", *some, "-o", tmp_path / "sweep")
    assert f"{len(SIZES) - 1} images encoded, 2 models merged" in told
    for recipe in some:
        vlrm(*run, "--recipe", recipe, "-o", tmp_path / recipe.stem)
        swept = read_lines(tmp_path / "sweep" / recipe.stem / "results.jsonl")
        assert swept == read_lines(tmp_path / recipe.stem / "results.jsonl") and len(swept) == len(SIZES)
    (tmp_path / "in.jsonl").write_text("".join(
        json.dumps({"id": i, "images": [image_file(tmp_path, size)], "prompt": f"What is shown in {i}?",
                    "responses": RESPONSES[:2] if i % 2 else RESPONSES[1:]}) + "\n" for i, size in enumerate(SIZES)))
    alone = vlrm("score", *flags(models(kind)), "--recipe", some[0], "--input", tmp_path / "in.jsonl", "--threads", "1", "-q")
    swept = read_lines(tmp_path / "sweep/linear-depth-all-rm0.4/results.jsonl")
    found = [pytest.approx(json.loads(line)["scores"], abs=1e-5) for line in alone.splitlines()]
    assert [row["outputs"] for row in swept] == found


def image_file(folder, size):
    path = folder / f"{size[0]}x{size[1]}.png"
    picture(*size).save(path)
    return str(path)


def vlrm_errors(*arguments):
    from conftest import PROGRAM

    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=True).stderr


def test_every_depth_recipe_builds(vlrm, models, tmp_path):  # noqa: F811
    folder = models("plain")
    vlrm("recipes", "depth", "-o", tmp_path / "depth")
    recipes = sorted((tmp_path / "depth").iterdir())
    assert len(recipes) == 20
    for recipe in recipes:
        vlrm("build", *flags(folder), "--recipe", recipe, "--sink", "null", "-q")
    out = read_tensors(built(vlrm, folder, tmp_path / "out", "--recipe", tmp_path / "depth/linear-depth-all-rm1.0.yml"))
    vlm, rm = read_tensors(folder / "vlm"), read_tensors(folder / "rm")
    name = "model.language_model.layers.{}.mlp.up_proj.weight"
    assert numpy.array_equal(out["lm_head.weight"][1], vlm["lm_head.weight"][1])
    for layer, weight in enumerate((0, 1 / 3, 2 / 3, 1)):
        ours, sees, scores = (each[name.format(layer)][1] if each is not rm else
                              each[f"model.layers.{layer}.mlp.up_proj.weight"][1] for each in (out, vlm, rm))
        assert numpy.allclose(ours, (1 - weight) * sees + weight * scores, atol=1e-6), layer


@pytest.mark.parametrize("kind", ["plain", "tiles_qwen3", "next_mistral"])
def test_merged_on_load_or_step_by_step_it_is_the_model_that_build_writes(vlrm, models, tmp_path, kind):  # noqa: F811
    folder = models(kind)
    recipe = tmp_path / "r.yml"
    recipe.write_text("merge_method: task_arithmetic\nbase_model: base\nmodels:\n"
                      "- {model: vlm, parameters: {weight: 0.5}}\n- {model: rm, parameters: {weight: 0.5}}\n"
                      "parameters: {normalize: false}\ntokenizer: {source: vlm}\ndtype: float32\n")
    out = built(vlrm, folder, tmp_path / "out", "--recipe", recipe)
    on_load = [*flags(folder), "--recipe", recipe]
    samples = tmp_path / "in.jsonl"
    samples.write_text(json.dumps(sample(tmp_path, "several", RESPONSES)) + "\n")
    score_it = ["score", "--input", samples, "--dtype", "float32", "-q"]
    assert vlrm(*score_it, *on_load) == vlrm(*score_it, "--model", out)

    vlrm("extract", "--vlm", folder / "vlm", "--instruct", folder / "base", "-o", tmp_path / "vlm", "-q")
    vlrm("extract", "--rm", folder / "rm", "--instruct", folder / "base", "-o", tmp_path / "rm", "-q")
    text = recipe.read_text()
    for name in ("vlm", "rm"):
        text = text.replace(f"model: {name},", f"model: {tmp_path / name},")
    text = text.replace("base_model: base", f"base_model: {folder / 'base'}").replace("source: vlm", f"source: {tmp_path / 'vlm'}")
    recipe.write_text(text)
    vlrm("merge", recipe, tmp_path / "merged", "-q")
    vlrm("map", "--text", tmp_path / "merged", "--vlm", folder / "vlm", "--rm", folder / "rm", "-o", tmp_path / "mapped", "-q")
    mapped, expected = read_tensors(tmp_path / "mapped"), read_tensors(out)
    assert mapped.keys() == expected.keys()
    for name, (_, values, _) in expected.items():
        assert numpy.allclose(mapped[name][1], values, atol=1e-2), name  # the text parts were rounded to bfloat16


@pytest.mark.parametrize("vlm, text", [("tied", "untied"), ("untied", "tied"), ("tied", "tied")])
def test_tied_embeddings_in_any_of_the_three(vlrm, tmp_path, vlm, text):
    sizes = ("--family qwen3_vl --hidden 32 --layers 2 --intermediate 40 --heads 4 --kv-heads 2 --head-size 8 --vocabulary 600 "
             "--vision-hidden 16 --vision-layers 2 --vision-heads 2 --vision-intermediate 24 --vision-intermediate-layers 0 "
             "--patch-size 4 --position-side 4").split()  # fmt: skip
    for name in {vlm, text}:
        command = [sys.executable, ROOT / "tools/random_checkpoint.py", tmp_path / name, *sizes, *(["--tied"] * (name == "tied"))]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    inputs = ["--vlm", tmp_path / vlm / "vlm", *flags(tmp_path / text, "rm", "base")]
    out = tmp_path / "out"
    vlrm("build", *inputs, "--method", "task_arithmetic", "--weight", "0.5", "--dtype", "float32", "-o", out, "-q")
    made, sees, text_part = read_tensors(out), read_tensors(tmp_path / vlm / "vlm"), read_tensors(tmp_path / text / "rm")
    base = read_tensors(tmp_path / text / "base")["model.embed_tokens.weight"][1][:340]
    assert ("lm_head.weight" in made) == (vlm == "untied")
    embeddings = [each[name][1][:340] for each, name in ((made, "model.language_model.embed_tokens.weight"),
                  (sees, "model.language_model.embed_tokens.weight"), (text_part, "model.embed_tokens.weight"))]  # fmt: skip
    assert numpy.allclose(embeddings[0], base + 0.5 * (embeddings[1] - base) + 0.5 * (embeddings[2] - base), atol=1e-6)
    assert all(numpy.isfinite(score(vlrm, tmp_path, out, "several")))


def test_rows_of_vocabularies_of_other_sizes_are_matched_by_token(vlrm, small, tmp_path):  # noqa: F811
    """A base with fewer rows of filler, as published derivatives have."""
    header = lambda path: json.loads(path.read_bytes()[8:8 + int.from_bytes(path.read_bytes()[:8], "little")])  # noqa: E731
    rows = header(small / "vlm/model.safetensors")["model.language_model.embed_tokens.weight"]["shape"][0]
    assert rows > header(small / "base/model.safetensors")["model.embed_tokens.weight"]["shape"][0]
    out = built(vlrm, small, tmp_path / "out", "--method", "linear", "--weight-rm", "1")
    made, rm, vlm = read_tensors(out), read_tensors(small / "rm"), read_tensors(small / "vlm")
    ids = [{token["content"]: token["id"] for token in json.loads((small / role / "tokenizer.json").read_text())["added_tokens"]}
           for role in ("vlm", "rm")]  # fmt: skip
    ours = made["model.language_model.embed_tokens.weight"][1]
    assert len(ours) == rows
    shared = [token for token in ids[0] if token in ids[1]]
    assert len(shared) > 200
    for token in shared:
        assert numpy.allclose(ours[ids[0][token]], rm["model.embed_tokens.weight"][1][ids[1][token]], atol=1e-6), token
    image = ids[0]["<|image|>"]
    assert "<|image|>" not in ids[1]
    assert numpy.array_equal(ours[image], vlm["model.language_model.embed_tokens.weight"][1][image])


@pytest.mark.parametrize("top, inside", [(None, None), (PAD, None), (None, PAD), (PAD, PAD)])
def test_the_pad_token_is_the_tokenizers_where_the_config_has_none(vlrm, small, tmp_path, top, inside):  # noqa: F811
    config = json.loads((small / "vlm/config.json").read_text())
    for part, value in ((config, top), (config["text_config"], inside)):
        if value is not None:
            part["pad_token_id"] = value
    (small / "vlm/config.json").write_text(json.dumps(config))
    out = json.loads((built(vlrm, small, tmp_path / "out") / "config.json").read_text())
    assert out["pad_token_id"] == out["text_config"]["pad_token_id"] == PAD
    assert (out["architectures"], out["num_labels"]) == (["Qwen3VLForSequenceClassification"], 1)
    assert out["problem_type"] == "regression"


def test_a_pad_token_of_the_config_wins_and_none_is_made_up(vlrm, small, tmp_path):  # noqa: F811
    changed(small / "vlm/config.json", pad_token_id=386)
    out = json.loads((built(vlrm, small, tmp_path / "first") / "config.json").read_text())
    assert out["pad_token_id"] == out["text_config"]["pad_token_id"] == 386
    changed(small / "vlm/config.json", pad_token_id="absent")
    changed(small / "vlm/tokenizer_config.json", pad_token="absent")
    (small / "vlm/special_tokens_map.json").unlink()
    out = json.loads((built(vlrm, small, tmp_path / "second") / "config.json").read_text())
    assert out.get("pad_token_id") is None and out["text_config"].get("pad_token_id") is None


def test_check_and_build_say_which_ropes_differ(vlrm, models, tmp_path):  # noqa: F811
    folder = models("plain")
    expected = (f"{folder / 'rm'}/config.json turns its tokens by another rope, rope_theta 1000000, no scaling, than "
                f"{folder / 'vlm'}/config.json, rope_theta 5000000").replace(", no scaling", "")
    for notes in (vlrm("check", *flags(folder), notes=True),
                  vlrm("build", *flags(folder), "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "o", notes=True)):
        assert any(expected in note and note.endswith("; the latter is kept") for note in notes), notes


@pytest.mark.parametrize("family, sizes, expected", [
    ("qwen3", "--hidden 40 --layers 3", '"hidden_size" is 40, not 48; "num_hidden_layers" is 3, not 4: this Qwen3'),
    ("qwen3", "--head-size 24 --kv-heads 3", '"num_key_value_heads" is 3, not 2; "head_dim" is 24, not 16: this Qwen3'),
    ("qwen2", "", "there are biases of q, k and v; there are no norms of the heads (q_norm, k_norm): this Qwen2"),
    ("llama", "", "there are no norms of the heads (q_norm, k_norm): this Llama"),
])  # fmt: skip
def test_another_size_or_line_is_refused_by_what_differs(vlrm, models, tmp_path, family, sizes, expected):  # noqa: F811
    shape = {"--hidden": "48", "--layers": "4", "--intermediate": "80", "--heads": "6", "--kv-heads": "2", "--head-size": "16",
             "--vocabulary": "640"} | dict(zip(sizes.split()[::2], sizes.split()[1::2]))  # fmt: skip
    command = [sys.executable, ROOT / "tools/random_checkpoint.py", tmp_path, "--family", family, "--cross-attention-layers"]
    subprocess.run([*command, *(word for pair in shape.items() for word in pair)], check=True, stdout=subprocess.DEVNULL)
    inputs = ["--vlm", models("plain") / "vlm", "--rm", tmp_path / "rm", "--base", models("plain") / "base"]
    for command in (["build", "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "out"], ["check"]):
        error = vlrm(*command, *inputs, fails=True)
        assert f"{tmp_path}/rm/config.json: {expected} does not fit the text part of {models('plain')}/vlm/config.json" in error
    assert not (tmp_path / "out").exists()


# Texts about images


def test_captions_are_what_generate_writes(vlrm, published, pairs, tmp_path):
    (tmp_path / "prompt.txt").write_text("<|image|>Tell: {INSTRUCTION}")
    model = ["--model", published / "vlm", "--dtype", "float32", "--max-new-tokens", 6, "-q"]
    vlrm("caption", *model, "--task", "vl_rewardbench", "--data", pairs, "--prompt-template", tmp_path / "prompt.txt",
         "-o", tmp_path / "c.json")
    captions = json.loads((tmp_path / "c.json").read_text())
    for i, size in enumerate(SIZES):
        asked = ["generate", *model, "--image", image_file(tmp_path, size), "--prompt", f"Tell: What is shown in {i}?", "--json"]
        assert json.loads(vlrm(*asked))["text"] == captions[f"row-{i}"]
    assert len(set(captions.values())) > 1


def test_a_judge_sees_the_images_where_its_prompt_shows_them(vlrm, published, pairs, tmp_path):
    """Here behind the text, as by a template that writes a message's images last."""
    (tmp_path / "prompt.txt").write_text("{INSTRUCTION} {ANSWER} Points: <|image|>")
    model = ["--model", published / "vlm", "--dtype", "float32", "-q"]
    judge = ["judge", *model, "--task", "vl_rewardbench", "--data", pairs, "--prompt-template", tmp_path / "prompt.txt"]
    vlrm(*judge, "--max-new-tokens", 4, "-o", tmp_path / "score")
    template = json.loads((published / "vlm/chat_template.json").read_text())["chat_template"]
    (tmp_path / "last.jinja").write_text(template.replace(
        "for part in message['content']", "for part in message['content'] | sort(attribute='type', reverse=true)"))
    generate = ["generate", *model, "--chat-template", tmp_path / "last.jinja", "--max-new-tokens", 4, "--json"]
    for i, row in enumerate(read_lines(tmp_path / "score/results.jsonl")):
        for response, text in zip(RESPONSES[:2] if i % 2 else RESPONSES[1:], row["vlm_outputs"]):
            asked = ["--image", image_file(tmp_path, SIZES[i]), "--prompt", f"What is shown in {i}? {response} Points:"]
            assert text == json.loads(vlrm(*generate, *asked))["text"]
    vlrm(*judge, "--judge", "likelihood", "-o", tmp_path / "likelihood")
    judged = read_lines(tmp_path / "likelihood/results.jsonl")
    assert len({str(row["outputs"]) for row in judged}) == len(judged)


def test_answers_are_written_about_images(vlrm, published, tmp_path):
    data = ROOT / "tests/goldens/eval/data/mmmu_pro_standard"
    vlrm("answers", "--model", published / "vlm", "--task", "mmmu_pro_standard_cot", "--data", data, "--max-new-tokens", 3,
         "-o", tmp_path / "a.jsonl", "-q")
    assert read_lines(tmp_path / "a.jsonl")


@pytest.mark.parametrize("before, parts", [("Look: ", 1), ("", 2), ("", 1), ("Look: Thr", 0)])
def test_a_prompt_may_end_right_after_an_image_or_within_a_word(vlrm, models, tmp_path, before, parts):  # noqa: F811
    """Templates that write nothing between a prompt and its responses; what these begin with alike is shared, too."""
    model, responses = models("tied") / "vlrm", ["ee stripes", "ee stripes, a box", "e", "!"]
    (tmp_path / "cut.jinja").write_text(
        "{{ bos_token }}{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}<|image|>{% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endif %}{% endfor %}")
    content = [{"type": "image"}] * (2 if parts == 0 else 0) + [{"type": "text", "text": before}] * (before != "")
    content += [{"type": "image"}] * parts
    images = [image_file(tmp_path, size) for size in SIZES[:sum(part["type"] == "image" for part in content)]]

    def scores(responses):
        line = {"id": 1, "images": images, "messages": [{"role": "user", "content": content}], "responses": responses}
        (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n")
        return json.loads(vlrm("score", "--model", model, "--input", tmp_path / "in.jsonl", "--dtype", "float32", "-q",
                               "--chat-template", tmp_path / "cut.jinja"))["scores"]

    alone = [scores([response])[0] for response in responses]
    assert scores(responses) == pytest.approx(alone, abs=1e-5)
    assert len({round(value, 4) for value in alone}) == len(alone)


def test_bfloat16_stays_near_float32(vlrm, models, tmp_path):  # noqa: F811
    """Of merged weights, which bfloat16 rounds."""
    for name in ("plain", "tied", "without_deep_stack", "tiles", "next", "onevision"):
        out = built(vlrm, models(name), tmp_path / name)
        for conversation in ("one", "several", "none"):
            exact, half = (numpy.array(score(vlrm, tmp_path, out, conversation, dtype=dtype)) for dtype in ("float32", "bfloat16"))
            assert 0 < numpy.abs(half - exact).max() < 0.05
    assert len(generate(vlrm, tmp_path, models("plain") / "vlm", "one", dtype="bfloat16")) == 16


# Areas of images


def test_other_areas_are_the_processors(vlrm, tmp_path):
    """As transformers' with the same values: as if they stood in the model's files."""
    made = [row for row in REFERENCE[5]["pixels"] if tuple(row[:3]) == (4, 256, 4096)]
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "Qwen2VLImageProcessorFast", "patch_size": 4, "min_pixels": 64, "max_pixels": 100000}))
    for width, height, rows, columns, digest in (row[3:] for row in made):
        vlrm("preprocess", "--model", tmp_path, "--image", image_file(tmp_path, (width, height)), "-o", tmp_path / "out",
             "--min-pixels", 256, "--max-pixels", 4096, "--force", "-q")
        tensors = load_file(tmp_path / "out")
        assert tensors["image_grid_thw"].tolist() == [[1, rows, columns]], (width, height)
        assert hashlib.sha256(tensors["pixel_values"].tobytes()).hexdigest()[:32] == digest, (width, height)


def test_scores_and_texts_are_those_of_a_model_with_such_areas(vlrm, small, tmp_path):  # noqa: F811
    limits = ["--min-pixels", "1024", "--max-pixels", "2048"]
    before = score(vlrm, tmp_path, small / "vlrm", "several", *limits), generate(vlrm, tmp_path, small / "vlm", "one", *limits)
    plain = score(vlrm, tmp_path, small / "vlrm", "several"), generate(vlrm, tmp_path, small / "vlm", "one")
    for model in ("vlm", "vlrm"):
        changed(small / model / "preprocessor_config.json", size={"shortest_edge": 1024, "longest_edge": 2048})
    assert (score(vlrm, tmp_path, small / "vlrm", "several"), generate(vlrm, tmp_path, small / "vlm", "one")) == before
    assert before[0] != plain[0]


def test_areas_are_recorded_and_part_of_what_a_run_is(vlrm, models, pairs, tmp_path):  # noqa: F811
    samples = tmp_path / "in.jsonl"
    samples.write_text(json.dumps(sample(tmp_path, "one", RESPONSES)) + "\n")
    vlm, rm = ["--model", models("plain") / "vlm"], ["--model", models("plain") / "vlrm"]
    runs = {"out.jsonl.run.json": ["score", *rm, "--input", samples, "-o", tmp_path / "out.jsonl"],
            "eval/run.json": ["eval", "vl-rewardbench", *rm, "--data", pairs, "-o", tmp_path / "eval"],
            "judge/run.json": ["judge", *vlm, "--task", "vl_rewardbench", "--data", pairs, "--judge", "likelihood",
                               "-o", tmp_path / "judge"]}  # fmt: skip
    for path, run in runs.items():
        vlrm(*run, "-q", "--max-pixels", 1024, "--min-pixels", 256)
        recorded = json.loads((tmp_path / path).read_text())
        recorded = recorded.get("settings", recorded)
        assert (recorded["max_pixels"], recorded["min_pixels"]) == (1024, 256)
        assert "(max_pixels was 1024, now " in vlrm(*run, "-q", "--max-pixels", 2048, "--min-pixels", 256, fails=True)
        assert "pixels was" in vlrm(*run, "-q", fails=True)


@pytest.mark.parametrize("model, flags, expected", [
    ("mllama", ["--max-pixels", "100"], "--max-pixels: the model resizes images to a size of its own"),
    ("mllama", ["--min-pixels", "100"], "--min-pixels: the model resizes images to a size of its own"),
    ("rm", ["--mode", "text-only", "--max-pixels", "100"], "--max-pixels: is for images, and none are shown here"),
    ("vlrm", ["--mode", "no-image", "--min-pixels", "100"], "--min-pixels: is for images, and none are shown here"),
    ("vlrm", ["--max-pixels", "0"], "--max-pixels: 0 is not within 1 and 16777216"),
    ("vlrm", ["--min-pixels", "-3"], "--min-pixels: -3 is not within 1 and 16777216"),
    ("vlrm", ["--max-pixels", "40000000"], "--max-pixels: 40000000 is not within"),
    ("vlrm", ["--max-pixels", "100"], "--max-pixels: images of at least 256 pixels and at most 100 do not exist"),
    ("vlrm", ["--min-pixels", "5000"], "--min-pixels: images of at least 5000 pixels and at most 4096 do not exist"),
])  # fmt: skip
def test_areas_that_are_in_vain_or_wrong_get_one_line(vlrm, models, tmp_path, model, flags, expected):  # noqa: F811
    folder = ROOT / "tests/goldens/vlrm_ties" if model == "mllama" else models("plain") / model
    image = [] if "--mode" in flags else ["--image", image_file(tmp_path, (50, 30))]
    assert expected in vlrm("score", "--model", folder, *image, "--prompt", "A", "--response", "B", *flags, fails=True)
