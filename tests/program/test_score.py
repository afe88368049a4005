"""vlrm score beside the reference's scores (float32, one forward a response)."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM, read_lines, write_lines

TOLERANCE = 2e-4
METHODS = {
    "linear": ["--method", "linear", "--weight-rm", "0.5"],
    "task_vector": ["--method", "task_arithmetic", "--weight", "0.7"],
    "ties_d0.6": ["--method", "ties", "--weight", "0.7", "--density", "0.6"],
}


@pytest.fixture(scope="session")
def built(goldens, vlrm, tmp_path_factory):
    """The reward model of a method, built by us from the golden checkpoints in float32."""
    made = {}

    def build(name):
        if name not in made:
            out = tmp_path_factory.mktemp("built") / name
            models = goldens / "models"
            inputs = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base"]
            vlrm("build", *inputs, *METHODS[name], "--dtype", "float32", "-o", out, "-q")
            made[name] = out
        return made[name]

    return build


@pytest.fixture(scope="session")
def ties_as_mergekit_kept_it(goldens, vlrm, tmp_path_factory):
    """Which of the deltas equal to the threshold TIES keeps is arbitrary, and in bfloat16 models many are equal: so the
    reference's own merged text model is put back onto the VLM."""
    text = tmp_path_factory.mktemp("ties") / "text"
    text.mkdir()
    shutil.copy(goldens / "reference/merged/ties_d0.6.safetensors", text / "model.safetensors")
    for file in (goldens / "reference/merged_tokenizer").glob("linear_*"):
        shutil.copy(file, text / file.name.removeprefix("linear_"))
    models = goldens / "models"
    out = text.parent / "mapped"
    vlrm("map", "--text", text, "--vlm", models / "vlm", "--rm", models / "rm", "-o", out, "-q")
    return out


def score_file(vlrm, samples, path, *flags):
    write_lines(path / "samples.jsonl", samples)
    vlrm("score", "--input", path / "samples.jsonl", "-o", path / "scores.jsonl", "-q", *flags)
    return read_lines(path / "scores.jsonl")


def assert_close(rows, expected, tolerance=TOLERANCE):
    for row, scores in zip(rows, expected, strict=True):
        assert row["scores"] == pytest.approx(scores, abs=tolerance), row["id"]


def golden_samples(goldens, items, responses):
    for number, item in enumerate(items):
        images = item["image"] if isinstance(item["image"], list) else [item["image"]]
        count = len(item["full"])
        yield {"id": number, "images": [str(goldens / "reference/images" / name) for name in images],
               "prompt": item["query"], "responses": responses[:count]}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode, key", [("image", "full"), ("no-image", "no_image")])
def test_methods_and_modes(goldens, vlrm, built, ties_as_mergekit_kept_it, device_flags, tmp_path, method, mode, key):
    reference = json.loads((goldens / "reference/scores.json").read_text())
    items = [item for item in reference["vlrm"][method] if key in item]
    samples = list(golden_samples(goldens, items, reference["responses"]))
    # The reference gave its scorer images as they lie in the file, and offered its templates a clock.
    model = ties_as_mergekit_kept_it if method.startswith("ties") else built(method)
    flags = ["--model", model, "--mode", mode, "--no-exif", "--date", reference["date"], "--dtype", "float32",
             *device_flags]
    rows = score_file(vlrm, samples, tmp_path, *flags)
    assert_close(rows, [item[key] for item in items])
    assert all(row["date"] == reference["date"] for row in rows)


def test_recipe_on_load_equals_the_built_model(goldens, vlrm, built, device_flags, tmp_path):
    reference = json.loads((goldens / "reference/scores.json").read_text())
    items = [item for item in reference["vlrm"]["ties_d0.6"] if "no_image" in item][:2]
    samples = list(golden_samples(goldens, items, reference["responses"]))
    models = goldens / "models"
    flags = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base", "--dtype", "float32",
             "--recipe", goldens / "reference/configs/ties_d0.6.yaml", *device_flags]
    merged = score_file(vlrm, samples, tmp_path, *flags)
    (tmp_path / "built").mkdir()
    assert merged == score_file(vlrm, samples, tmp_path / "built", "--model", built("ties_d0.6"), "--dtype", "float32",
                                *device_flags)


def unpack(parquet, folder):
    """The rows of a parquet file in a benchmark's schema as samples with image files."""
    import pyarrow.parquet
    from PIL import Image

    for number, row in enumerate(pyarrow.parquet.read_table(parquet).to_pylist()):
        path = folder / f"{parquet.stem}-{number}.png"
        Image.open(io.BytesIO(row["image"]["bytes"])).save(path)
        yield row, path


@pytest.mark.parametrize("mode, result", [("image", "vlrm"), ("no-image", "no_image"), ("text-only", "text_only")])
def test_vl_rewardbench_rows(goldens, vlrm, device_flags, tmp_path, mode, result):
    samples = []
    for shard in sorted((goldens / "eval/data/vl_rewardbench").glob("*.parquet")):
        for row, image in unpack(shard, tmp_path):
            samples.append({"id": row["id"], "images": [str(image)], "prompt": row["query"], "responses": row["response"]})
    expected = read_lines(goldens / f"eval/results/float32/vl_rewardbench/{result}.jsonl")
    model = goldens / ("models/rm" if mode == "text-only" else "vlrm_ties")
    flags = ["--model", model, "--mode", mode, "--dtype", "float32", "--date", "23 Nov 2026", *device_flags]
    rows = score_file(vlrm, samples, tmp_path, *flags)
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    assert_close(rows, [row["outputs"] for row in expected])


@pytest.fixture
def many(goldens, tmp_path):
    images = sorted((goldens / "reference/images").glob("rgb_[lsw]*.*"))
    images = [image for image in images if "thin" not in image.name]
    draw = random.Random(0)
    words = "a picture of some red and blue stripes with one box on the left".split()
    samples = [{"id": f"s{number}", "images": [str(draw.choice(images))], "prompt": " ".join(draw.choices(words, k=8)),
                "responses": [" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(3)]} for number in range(24)]
    return write_lines(tmp_path / "samples.jsonl", samples)


def test_recipe_on_load_rounds_as_build_does(goldens, vlrm, device_flags, tmp_path):
    models = goldens / "models"
    inputs = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base",
              "--recipe", goldens / "reference/configs/ties_d0.6.yaml"]
    vlrm("build", *inputs, "-o", tmp_path / "built", "-q")
    one = ["--prompt", "What is it?", "--response", "A cat.", "--json", *device_flags]
    assert vlrm("score", *inputs, *one) == vlrm("score", "--model", tmp_path / "built", *one)


@pytest.mark.first_set
def test_a_killed_run_goes_on_to_the_same_bytes(goldens, vlrm, many, tmp_path):
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", many, "--batch-samples", "4", "--threads", "1", "-q"]
    start = time.monotonic()
    vlrm(*flags, "-o", tmp_path / "whole.jsonl")
    seconds = time.monotonic() - start
    whole = (tmp_path / "whole.jsonl").read_bytes()
    draw = random.Random(1)
    killed = 0
    for _ in range(20):
        out = tmp_path / "killed.jsonl"
        for path in tmp_path.glob("killed.jsonl*"):
            path.unlink()
        process = subprocess.Popen([PROGRAM, *map(str, flags), "-o", out], stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if out.exists() and draw.random() < 0.5:  # a write that was cut in the middle of a line
            data = out.read_bytes()
            out.write_bytes(data[: max(0, len(data) - draw.randint(0, 20))])
        vlrm(*flags, "-o", out)
        assert out.read_bytes() == whole
    assert killed >= 5


def test_finished_work_is_left_alone_and_other_settings_are_refused(goldens, vlrm, many, tmp_path):
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", many, "-o", tmp_path / "out.jsonl", "-q"]
    vlrm(*flags)
    before = (tmp_path / "out.jsonl").stat()
    start = time.monotonic()
    vlrm(*flags)
    assert time.monotonic() - start < 1
    assert (tmp_path / "out.jsonl").stat().st_mtime_ns == before.st_mtime_ns
    error = vlrm(*flags, "--mode", "no-image", fails=True)
    assert 'mode was "image", now "no-image"' in error and "--force" in error
    vlrm(*flags, "--mode", "no-image", "--force")
    (tmp_path / "out.jsonl.run.json").unlink()
    assert "--force starts again" in vlrm(*flags, fails=True)


def test_what_images_hold_decides_whether_a_run_goes_on(goldens, vlrm, tmp_path):
    image = shutil.copy(goldens / "reference/images/rgb_wide.png", tmp_path / "a.png")
    samples = write_lines(tmp_path / "in.jsonl", [{"id": 1, "images": ["a.png"], "prompt": "a", "responses": ["b"]}])
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", tmp_path / "out", "-q"]
    vlrm(*flags)
    before = (tmp_path / "out").stat().st_mtime_ns
    image.touch()
    (tmp_path / "elsewhere").mkdir()
    for name in ("in.jsonl", "a.png"):
        shutil.copy(tmp_path / name, tmp_path / "elsewhere" / name)
    for flag in (samples, tmp_path / "elsewhere/in.jsonl"):
        vlrm(*[flag if part is samples else part for part in flags])
    assert (tmp_path / "out").stat().st_mtime_ns == before
    times = image.stat()
    data = image.read_bytes()
    image.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "made with other settings (images changed since)" in vlrm(*flags, fails=True)


@pytest.mark.first_set
def test_two_runs_do_not_write_one_file(goldens, vlrm, many, tmp_path):
    """The second is refused at once; what the first writes is what it would have written alone."""
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", many, "--batch-samples", "1", "--threads", "1", "-q"]
    vlrm(*flags, "-o", tmp_path / "alone")
    output = tmp_path / "out"
    process = subprocess.Popen([PROGRAM, *map(str, flags), "-o", output])
    while not output.exists() or output.stat().st_size == 0:
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    for force in ([], ["--force"]):
        error = vlrm(*flags, "-o", output, *force, fails=75)
        assert f"vlrm: {output}: another run is writing it (host " in error and f", process {process.pid}, since 2" in error
    process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert output.read_bytes() == (tmp_path / "alone").read_bytes()


def test_a_run_that_fails_before_its_first_line_leaves_nothing(goldens, vlrm, tmp_path):
    (tmp_path / "a.png").write_text("no image")
    samples = write_lines(tmp_path / "in.jsonl", [{"id": 1, "images": ["a.png"], "prompt": "a", "responses": ["b"]}])
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", tmp_path / "deep/out", "-q"]
    assert "a.png" in vlrm(*flags, fails=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "in.jsonl"]
    shutil.copy(goldens / "reference/images/rgb_wide.png", tmp_path / "a.png")
    vlrm(*flags)
    assert len(read_lines(tmp_path / "deep/out")) == 1


@pytest.mark.parametrize("kind", ["/dev/null", "fifo", "folder"])
def test_the_output_is_a_regular_file(goldens, vlrm, many, tmp_path, monkeypatch, kind):
    """Told before a model is loaded."""
    monkeypatch.setenv("VLRM_MODEL_LIBRARY", "/nowhere.so")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--input", many, "-o", tmp_path / kind, fails=True)
    assert error == f"vlrm: {tmp_path / kind}: not a regular file"


def test_a_run_goes_on_however_its_files_are_named(goldens, vlrm, many, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink(goldens / "vlrm_ties", "model")
    vlrm("score", "--model", goldens / "vlrm_ties", "--input", many, "-o", "out", "-q")
    before = (tmp_path / "out").stat().st_mtime_ns
    vlrm("score", "--model", "./model", "--input", "samples.jsonl", "-o", "./out", "-q")
    assert (tmp_path / "out").stat().st_mtime_ns == before


def test_one_sample_on_the_command_line(goldens, vlrm, device_flags):
    image = goldens / "reference/images/rgb_wide.png"
    flags = ["score", "--model", goldens / "vlrm_ties", "--image", image, "--prompt", "What?", *device_flags]
    responses = ["--response", "A cat.", "--response", "A dog."]
    scores = json.loads(vlrm(*flags, *responses, "--json"))["scores"]
    printed = vlrm(*flags, *responses).splitlines()
    assert len(printed) == 2 and printed[scores.index(max(scores))].startswith("*")
    assert f"{scores[0]:.5f}" in printed[0]


def test_likelihood_is_the_models_own(goldens, vlrm, device_flags):
    """Against the reference's logits: the log-probabilities of the tokens after the prompt."""
    torch = pytest.importorskip("torch")
    from PIL import Image
    from transformers import AutoProcessor, MllamaForConditionalGeneration

    path = goldens / "models/vlm"
    model = MllamaForConditionalGeneration.from_pretrained(path, torch_dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(path)
    image = Image.open(goldens / "reference/images/rgb_wide.png")
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}
    prompt = processor.apply_chat_template([user], add_generation_prompt=True)
    expected = []
    for response in ("A cat.", "Two dogs, perhaps."):
        answer = {"role": "assistant", "content": [{"type": "text", "text": response}]}
        text = processor.apply_chat_template([user, answer])
        inputs = processor(text=text, images=image, add_special_tokens=False, return_tensors="pt")
        start = len(processor.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            log_probabilities = model(**inputs).logits[0].log_softmax(-1)
        ids = inputs["input_ids"][0]
        expected.append(sum(log_probabilities[i - 1, ids[i]].item() for i in range(start, len(ids))))
    flags = ["--image", goldens / "reference/images/rgb_wide.png", "--prompt", "What is it?", "--response", "A cat.",
             "--response", "Two dogs, perhaps.", "--likelihood", "--dtype", "float32", "--json", *device_flags]
    assert json.loads(vlrm("score", "--model", path, *flags))["scores"] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("line, message", [
    ('{"id": 1, "prompt": ', "line 7: not valid JSON"),
    ('{"id": 1, "prompt": "a", "responses": []}', "line 7: \"responses\" needs at least one"),
    ('{"id": 1, "images": ["none.png"], "prompt": "a", "responses": ["b"]}', "line 7: the image"),
    ('[{"id": 1, "prompt": "a", "responses": ["b"]}]', "line 7: must be a JSON object; give one object per line"),
    ('{"image": "https://x.org/a.png", "prompt": "a", "responses": ["b"]}', "line 7: the image https://x.org/a.png is a URL, which is not fetched"),
    ('{"image": "data:image/png;base64,' + 5000 * "A" + '", "prompt": "a", "responses": ["b"]}', "line 7: the image data:image/png;base64,AAA"),
])
def test_bad_input_names_its_line(goldens, vlrm, tmp_path, line, message):
    good = json.dumps({"id": 0, "prompt": "a", "responses": ["b"]})
    (tmp_path / "in.jsonl").write_text("\n".join([good] * 6 + [line]))
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--input", tmp_path / "in.jsonl", "-o", tmp_path / "o", fails=True)
    assert "in.jsonl, " + message in error
    assert not (tmp_path / "o").exists()


def test_flags_that_do_not_go_together(goldens, vlrm):
    model = ["--model", goldens / "vlrm_ties"]
    one = ["--prompt", "a", "--response", "b"]
    assert "--model: name either a model" in vlrm("score", *one, fails=True)
    assert "needs --prompt and --response, or --input" in vlrm("score", *model, fails=True)
    assert "float8" in vlrm("score", *model, *one, "--dtype", "float8", fails=True)
    assert "nowhere" in vlrm("score", "--model", "/nowhere", *one, fails=True)
    assert "tpu" in vlrm("score", *model, *one, "--device", "tpu", fails=True)


def test_bfloat16_weights_with_float32_arithmetic_are_close(goldens, vlrm, device_flags):
    image = goldens / "reference/images/rgb_wide.png"
    flags = ["score", "--model", goldens / "vlrm_ties", "--image", image, "--prompt", "What?", "--response", "A cat.", "--json"]
    exact = json.loads(vlrm(*flags, "--dtype", "float32", *device_flags))["scores"]
    for dtype in ("bfloat16", "float16"):
        assert json.loads(vlrm(*flags, "--dtype", dtype, *device_flags))["scores"] == pytest.approx(exact, abs=0.1)


@pytest.mark.first_set
def test_streamed_equals_resident(goldens, vlrm, many, tmp_path):
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", many, "-q", "--weights"]
    vlrm(*flags, "resident", "-o", tmp_path / "resident.jsonl")
    vlrm(*flags, "streamed", "-o", tmp_path / "streamed.jsonl")
    assert (tmp_path / "resident.jsonl").read_bytes() == (tmp_path / "streamed.jsonl").read_bytes()


def test_the_input_is_never_the_output(goldens, vlrm, many):
    before = many.read_bytes()
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--input", many, "-o", many, "--force", fails=True)
    assert "is the input and the output" in error
    assert many.read_bytes() == before


def test_a_changed_image_is_not_mixed_into_earlier_results(goldens, vlrm, tmp_path):
    image = shutil.copy(goldens / "reference/images/rgb_wide.png", tmp_path / "a.png")
    write_lines(tmp_path / "in.jsonl", [{"id": 1, "images": ["a.png"], "prompt": "a", "responses": ["b"]}])
    flags = ["score", "--model", goldens / "vlrm_ties", "--input", tmp_path / "in.jsonl", "-o", tmp_path / "out", "-q"]
    vlrm(*flags)
    shutil.copy(goldens / "reference/images/rgb_large.jpg", image)
    assert "images changed since" in vlrm(*flags, fails=True)


def test_scores_that_are_no_numbers_are_an_error(goldens, vlrm, tmp_path):
    from safetensors.numpy import load_file, save_file

    model = shutil.copytree(goldens / "vlrm_ties", tmp_path / "model")
    model.chmod(0o755)
    for file in model.iterdir():
        file.chmod(0o644)
    tensors = load_file(model / "model.safetensors")
    tensors["score.weight"] = tensors["score.weight"] * float("nan")
    save_file(tensors, model / "model.safetensors")
    error = vlrm("score", "--model", model, "--mode", "no-image", "--prompt", "a", "--response", "b", fails=True)
    assert "not a finite number" in error


def test_weights_must_be_finite_and_densities_shares(goldens, vlrm, tmp_path):
    models = goldens / "models"
    build = ["build", "--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base", "-o", tmp_path / "o"]
    assert "finite" in vlrm(*build, "--method", "ties", "--weight", "nan", "--density", "0.5", fails=True)
    assert "--density must be" in vlrm(*build, "--method", "ties", "--weight", "1", "--density", "2", fails=True)


@pytest.mark.first_set
def test_fields_of_the_users_own_come_back(goldens, vlrm, tmp_path):
    """With pairs, one image, and no id; resumed, too."""
    image = str(goldens / "reference/images/rgb_small.png")
    rows = [{"prompt": "What is it?", "image": image, "chosen": "A cat.", "rejected": "A dog.", "kind": "animals", "n": [1, {"a": None}]},
            {"id": "b", "prompt": "What is it?", "images": [image], "responses": ["A cat."], "kind": "é"}]
    write_lines(tmp_path / "in.jsonl", rows)
    command = ["score", "--model", goldens / "vlrm_ties", "--input", tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl", "-q", "--threads", "1"]
    vlrm(*command)
    first, second = read_lines(tmp_path / "out.jsonl")
    assert first["id"] == 1 and first["kind"] == "animals" and first["n"] == [1, {"a": None}] and len(first["scores"]) == 2
    assert second == {"id": "b", "scores": first["scores"][:1], "kind": "é"}
    whole = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "out.jsonl").write_bytes(whole.splitlines(True)[0])
    vlrm(*command)
    assert (tmp_path / "out.jsonl").read_bytes() == whole


@pytest.fixture
def photos(goldens, tmp_path):
    """Images in a folder and a folder in it, and what is none."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name, image in {"b.png": "rgb_small.png", "sub/a.PNG": "rgb_wide.png", "c.webp": "rgb_tall.webp"}.items():
        shutil.copy(goldens / "reference/images" / image, folder / name)
    (folder / "notes.txt").touch()
    (folder / "._b.png").write_bytes(b"what a file system of another kind leaves")
    (folder / ".cache").mkdir()
    (folder / ".cache/d.png").write_bytes(b"no image")
    (folder / "sub/again").symlink_to(folder)
    return folder


@pytest.mark.first_set
def test_a_folder_of_images_is_scored_image_by_image(goldens, vlrm, photos, tmp_path):
    one = ["--prompt", "What is it?", "--response", "A cat.", "--response", "A dog."]
    command = ["score", "--model", goldens / "vlrm_ties", *one, "--threads", "1"]
    many = [*command, "--images", photos, "-o", tmp_path / "out.jsonl"]
    notes = vlrm(*many, notes=True)
    assert f"note: {photos}: 1 file is skipped, not being called .jpg, .jpeg, .png or .webp" in notes
    assert f"note: {photos}: 2 files or folders are skipped, the names beginning with a dot" in notes
    rows = read_lines(tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ["b.png", "c.webp", "sub/a.PNG"]
    for row in rows:
        assert row["scores"] == json.loads(vlrm(*command, "--image", photos / row["id"], "--json"))["scores"]
    whole = (tmp_path / "out.jsonl").read_bytes()
    assert vlrm(*command, "--images", photos).encode() == whole
    assert vlrm(*command, "--images", photos, "--limit", "2").encode() == b"".join(whole.splitlines(True)[:2])
    (tmp_path / "out.jsonl").write_bytes(whole.splitlines(True)[0])
    vlrm(*many, "--batch-size", "8")
    assert (tmp_path / "out.jsonl").read_bytes() == whole
    assert "made with other settings" in vlrm(*many, "--response", "A fox.", fails=True)
    (photos / "broken.jpg").write_bytes(b"no image")
    assert f"{photos}/broken.jpg: not an image" in vlrm(*command, "--images", photos, fails=True)


@pytest.mark.parametrize("flags, expected", [
    (["--images", "{tmp}"], "--images needs --prompt and --response"),
    (["--images", "{tmp}", "--prompt", "a", "--response", "b", "--image", "c"], "--image does not go with --images"),
    (["--images", "{tmp}", "--input", "c"], "--images does not go with --input"),
    (["--images", "{tmp}", "--prompt", "a", "--response", "b"], "holds no image called .jpg, .jpeg, .png or .webp"),
    (["--images", "{tmp}/none", "--prompt", "a", "--response", "b"], "none: cannot be read as a folder of images: No such file"),
    (["--images", "{tmp}/a.txt", "--prompt", "a", "--response", "b"], "a.txt: cannot be read as a folder of images: Not a directory"),
    (["--prompt", "a", "--response", "b", "--limit", "1"], "--limit goes with --input or --images"),
    (["--input", "{tmp}/none.jsonl"], "none.jsonl: cannot be read: No such file or directory"),
    (["--input", "{tmp}"], "cannot be read: Is a directory"),
    (["--prompt", "a", "--response", "b", "--image", "https://x.org/a.png"], "https://x.org/a.png: a URL, which is not fetched; save it to a file"),
])
@pytest.mark.first_set
def test_what_is_no_input_is_told(goldens, vlrm, tmp_path, flags, expected):
    (tmp_path / "a.txt").touch()
    flags = [flag.format(tmp=tmp_path) for flag in flags]
    assert expected in vlrm("score", "--model", goldens / "vlrm_ties", *flags, fails=True)
