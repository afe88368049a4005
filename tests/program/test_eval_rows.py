"""What vlrm eval makes of rows: modes, images of every kind, and what is wrong with a row or the command line."""

import io
import json
import resource
import subprocess

import numpy as np
import pyarrow as pa
import pytest
from conftest import PROGRAM, ROOT, write_lines
from evaluations import PAIRS, results, rows_of, world_pairs, world_vlrm, write_pairs
from PIL import Image, ImageOps

RM = ROOT / "world/rm"
TEXT_ONLY = ["--model", RM, "--mode", "text-only", "-q"]
RANDOM = ["--mode", "random", "-q"]


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    return ["--model", world_vlrm(tmp_path_factory.mktemp("world") / "vlrm"), "-q"]


@pytest.fixture
def pairs(vlrm, tmp_path):
    """Evaluates rows in VL-RewardBench's schema; gives the result folder, or with fails=True the error without the
    file's name."""
    made = []

    def evaluate(rows, *flags, ending="parquet", schema=PAIRS, fails=False):
        folder = tmp_path / f"data-{len(made)}"
        folder.mkdir()
        made.append(folder)
        data = write_pairs(folder / f"pairs.{ending}", rows, schema)
        out = tmp_path / f"out-{len(made)}"
        told = vlrm("eval", "vl-rewardbench", "--data", data, *flags, "-o", out, fails=fails)
        return told.removeprefix(f"vlrm: {data}") if fails else out

    return evaluate


def encoded(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return {"bytes": file.getvalue(), "path": None}


def test_captions_stand_before_the_query(pairs, tmp_path):
    rows = world_pairs(2)
    rows[1]["id"] = "7"
    captions = tmp_path / "captions.json"
    captions.write_text(json.dumps({rows[0]["id"]: "A caption.", "7": "Another\none é."}))
    cascade = ["--model", RM, "--mode", "cascade", "--captions", captions, "-q"]
    out = rows_of(pairs(rows, *cascade))
    for row in rows:
        row["query"] = json.loads(captions.read_text())[row["id"]] + " " + row["query"]
    assert out == rows_of(pairs(rows, *TEXT_ONLY))


def test_captions_of_ids_that_are_numbers(vlrm, tmp_path):
    responses = write_lines(tmp_path / "r.jsonl", [{"id": 17, "input": "a", "responses": ["b"], "correctness": [1]},
                                                   {"id": 2.5, "input": "a", "responses": ["b"], "correctness": [1]}])
    (tmp_path / "captions.json").write_text('{"17": "One.", "2.5": "Two."}')
    vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", responses, "--model", RM, "--mode", "cascade",
         "--captions", tmp_path / "captions.json", "-o", tmp_path / "out", "-q")
    one, two = (row["scores"] for row in rows_of(tmp_path / "out"))
    assert one != two


@pytest.mark.parametrize("captions, expected", [
    ({"x": "A caption."}, ", row 2: {file} has no caption for the id wild-2"),
    ([], "{file}: not a JSON object of captions by id"),
    ({"wild-1": 3}, "{file}: the caption of wild-1 is not a text"),
])
def test_captions_that_are_missing(pairs, tmp_path, captions, expected):
    rows = world_pairs(4)
    for number, row in enumerate(rows):
        row["id"] = f"wild-{number}"
    if "x" in captions:
        captions |= {row["id"]: "A caption." for row in rows if row["id"] != "wild-2"}
    file = tmp_path / "captions.json"
    file.write_text(json.dumps(captions))
    error = pairs(rows, "--model", RM, "--mode", "cascade", "--captions", file, "-q", fails=True)
    assert error.removeprefix("vlrm: ") == expected.format(file=file)
    assert not (tmp_path / "out-1/results.jsonl").exists()


def test_random_scores_are_the_same_ones_each_time(pairs, monkeypatch, tmp_path):
    monkeypatch.setenv("VLRM_MODEL_LIBRARY", "/nowhere.so")
    rows = world_pairs(40)
    first, second = rows_of(pairs(rows, *RANDOM)), rows_of(pairs(rows, *RANDOM))
    assert first == second
    scores = [score for row in first for score in row["outputs"]]
    assert len(set(scores)) > 70 and all(0 <= score < 1 for score in scores)
    assert 8 <= sum(row["predicted_answer"] for row in first) <= 32
    assert json.loads((tmp_path / "out-1/run.json").read_text())["label"] == "random"


def test_without_its_image_every_picture_scores_alike(pairs, seeing):
    rows = world_pairs(2)
    rows[1] |= {"query": rows[0]["query"], "response": rows[0]["response"]}
    assert rows[0]["image"] != rows[1]["image"]
    one, two = (row["outputs"] for row in rows_of(pairs(rows, *seeing)))
    assert one != two
    one, two = (row["outputs"] for row in rows_of(pairs(rows, *seeing, "--mode", "no-image")))
    assert one == two
    del rows[0]["image"], rows[1]["image"]
    assert rows_of(pairs(rows, *seeing, "--mode", "no-image", schema=PAIRS.remove(3)))[0]["outputs"] == one


def test_labels(pairs, seeing, tmp_path):
    def label(*flags):
        return json.loads((pairs(world_pairs(1), *flags) / "run.json").read_text())["label"]

    assert label(*seeing) == "vlrm"
    assert label(*seeing, "--mode", "no-image") == "vlrm (no-image)"
    assert label(*TEXT_ONLY) == "rm (text-only)"
    assert label("--model", f"{RM}/", *TEXT_ONLY[2:], "--label", "RM é") == "RM é"


def slope(mode):
    y, x = np.mgrid[0:90, 0:120]
    samples = np.stack([x * 2, y * 2, (x + y), 255 - x], -1).astype(np.uint8)
    return Image.fromarray(samples, "RGBA").convert(mode)


def kinds_of_images():
    """Name → (encoded, as `datasets` decodes it)."""
    transparent = slope("RGB").quantize(16)
    deep = Image.fromarray((np.mgrid[0:90, 0:120].sum(0) * 3).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {"rgb": encoded(slope("RGB"), "PNG"), "rgba": encoded(slope("RGBA"), "PNG"), "la": encoded(slope("LA"), "PNG"),
             "l": encoded(slope("L"), "JPEG"), "1": encoded(slope("1"), "PNG"), "palette": encoded(slope("P"), "PNG"),
             "palette with alpha": encoded(transparent, "PNG", transparency=3),
             "16 bits": encoded(deep, "PNG"), "cmyk": encoded(slope("CMYK"), "JPEG"), "webp": encoded(slope("RGBA"), "WEBP"),
             "turned": encoded(slope("RGB"), "JPEG", exif=exif)}
    for name, cell in files.items():
        yield name, cell, ImageOps.exif_transpose(Image.open(io.BytesIO(cell["bytes"])))


def test_images_in_all_modes_are_flattened_as_the_processor_does(pairs, seeing):
    from transformers.models.mllama.image_processing_mllama import convert_to_rgb

    row = world_pairs(1)[0]
    kinds = list(kinds_of_images())
    found = rows_of(pairs([row | {"id": name, "image": cell} for name, cell, _ in kinds], *seeing))
    flat = [row | {"id": name, "image": encoded(convert_to_rgb(decoded), "PNG")} for name, _, decoded in kinds]
    assert found == rows_of(pairs(flat, *seeing))
    assert len({json.dumps(row["outputs"]) for row in found}) >= 7
    turned = pairs([row | {"image": kinds[-1][1]}], *seeing, "--no-exif")
    assert rows_of(turned)[0]["outputs"] != found[-1]["outputs"]


def test_textvqa_drops_transparency(vlrm, seeing, tmp_path):
    """As the reference's own convert("RGB") does; the processor would put it on white."""
    kinds = list(kinds_of_images())
    write_lines(tmp_path / "r.jsonl", [{"id": number, "input": "What?", "responses": ["a", "b"], "correctness": [1, 0]}
                                       for number in range(len(kinds))])

    def scores(name, images):
        rows = [{"question_id": number, "image": image} for number, image in enumerate(images)]
        data = write_pairs(tmp_path / f"{name}.parquet", rows,
                           pa.schema([("question_id", pa.int64()), PAIRS.field("image")]))
        vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", tmp_path / "r.jsonl", "--data", data, *seeing,
             "-o", tmp_path / name)
        return results(tmp_path / name)

    assert scores("kinds", [cell for _, cell, _ in kinds]) == scores(
        "flat", [encoded(decoded.convert("RGB"), "PNG") for _, _, decoded in kinds])


def test_several_images_a_row_stand_in_the_order_of_their_columns(vlrm, seeing, tmp_path):
    pictures = [row["image"] for row in world_pairs(6)[::2]]
    write_lines(tmp_path / "r.jsonl", [{"id": "a", "input": "What?", "responses": ["a", "b"], "correctness": [1, 0]}])

    def scores(name, *images):
        columns = [(f"image_{number}", image) for number, image in enumerate(images, 1)]
        schema = pa.schema([("id", pa.string()), *((column, PAIRS.field("image").type) for column, _ in columns)])
        data = write_pairs(tmp_path / f"{name}.parquet", [{"id": "a", **dict(columns)}], schema)
        vlrm("eval", "best-of-n", "--task", "mmmu_pro_standard_cot", "--responses", tmp_path / "r.jsonl", "--data", data,
             *seeing, "-o", tmp_path / name)
        return rows_of(tmp_path / name)[0]["scores"]

    one, two, _ = pictures
    assert scores("both", one, two) == scores("gap", one, None, two, None)
    assert scores("swapped", two, one) != scores("one-two", one, two) != scores("single", one)


@pytest.mark.parametrize("change, expected", [
    ({"human_ranking": [0]}, ', row 1: "human_ranking" is not a list of the integers from 0 to 1, each once'),
    ({"human_ranking": [1, 2]}, ', row 1: "human_ranking" is not a list of the integers from 0 to 1, each once'),
    ({"human_ranking": None}, ', row 1: "human_ranking" is not a list of the integers from 0 to 1, each once'),
    ({"response": ["a", "b", "c"]}, ', row 1: "response" holds 3 texts, not 2'),
    ({"response": []}, ', row 1: "response" is not a list of texts'),
    ({"response": ["a", None]}, ', row 1: "response" is not a list of texts'),
    ({"query": None}, ', row 1: "query" is not a text'),
])
@pytest.mark.parametrize("mode", [RANDOM, TEXT_ONLY])
def test_malformed_rows_are_told_before_the_first_score(pairs, tmp_path, mode, change, expected):
    rows = world_pairs(3)
    rows[1] |= change
    assert pairs(rows, *mode, fails=True) == expected
    assert not (tmp_path / "out-1/results.jsonl").exists()


@pytest.mark.parametrize("column, kind, value, expected", [
    ("query", pa.int64(), 7, '"query" is not a text'),
    ("response", pa.string(), "a", '"response" is not a list of texts'),
    ("human_ranking", pa.string(), "[0, 1]", '"human_ranking" is not a list of the integers from 0 to 1, each once'),
    ("human_ranking", pa.list_(pa.float64()), [0.5, 1], '"human_ranking" is not a list of the integers from 0 to 1, each once'),
])
def test_columns_of_another_kind(pairs, seeing, column, kind, value, expected):
    schema = PAIRS.set(PAIRS.get_field_index(column), pa.field(column, kind))
    rows = [row | {column: value} for row in world_pairs(2)]
    assert pairs(rows, *seeing, schema=schema, fails=True) == f", row 0: {expected}"


@pytest.mark.parametrize("kind, value, expected", [
    (pa.string(), "x.png", "/x.png: cannot open: No such file or directory"),
    (pa.struct([("url", pa.string())]), {"url": "x"}, 'the column "image" is of the type struct<url: string>'),
])
def test_images_of_another_kind(pairs, seeing, kind, value, expected):
    schema = PAIRS.set(PAIRS.get_field_index("image"), pa.field("image", kind))
    assert expected in pairs([row | {"image": value} for row in world_pairs(2)], *seeing, schema=schema, fails=True)


@pytest.mark.parametrize("column", ["id", "query", "response", "human_ranking"])
def test_missing_columns_are_named_beside_those_there_are(pairs, column):
    schema = PAIRS.remove(PAIRS.get_field_index(column))
    others = ", ".join(name for name in schema.names if name != "image")
    rows = [{key: value for key, value in row.items() if key != column} for row in world_pairs(1)]
    assert pairs(rows, *RANDOM, schema=schema, fails=True) == f', row 0: has no column "{column}" (it has {others})'


def test_no_rows(pairs, vlrm, tmp_path):
    assert pairs([], *RANDOM, fails=True) == ": 0 rows in one file; there is nothing to evaluate"
    (tmp_path / "r.jsonl").write_text("\n \n")
    error = vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", tmp_path / "r.jsonl", *TEXT_ONLY,
                 "-o", tmp_path / "out", fails=True)
    assert error == f"vlrm: {tmp_path}/r.jsonl: has no rows; there is nothing to evaluate"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("image, expected", [
    ({"bytes": b"no image", "path": None}, ", column image: "),
    ({"bytes": None, "path": "none.png"}, "none.png: "),
    (None, ": has no image; --mode no-image evaluates without"),
])
def test_an_image_that_cannot_be_read_ends_the_run_and_keeps_the_rows_before(pairs, seeing, tmp_path, image, expected):
    rows = world_pairs(6)
    rows[3]["image"] = image
    error = pairs(rows, *seeing, "--batch-samples", "1", fails=True)
    assert error.startswith(", row 3") and expected in error
    assert error.count("row 3") == 1
    assert [row["id"] for row in rows_of(tmp_path / "out-1")] == [row["id"] for row in rows[:3]]


def test_broken_images_do_not_matter_to_who_does_not_look(pairs, seeing):
    rows = [row | {"image": {"bytes": b"no image", "path": None}} for row in world_pairs(2)]
    assert len(rows_of(pairs(rows, *seeing, "--mode", "no-image"))) == 2
    assert len(rows_of(pairs(rows, *TEXT_ONLY))) == 2


def test_json_lines_name_images_beside_them(pairs, seeing):
    rows = world_pairs(4)
    assert results(pairs(rows, *seeing, ending="jsonl")) == results(pairs(rows, *seeing))


def test_files_that_json_lines_name_are_looked_for_first(vlrm, monkeypatch, tmp_path):
    monkeypatch.setenv("VLRM_MODEL_LIBRARY", "/nowhere.so")
    data = write_pairs(tmp_path / "pairs.jsonl", world_pairs(9))
    (tmp_path / "pictures/image-6").unlink()
    command = ["eval", "vl-rewardbench", "--data", data, "--model", RM, "-q", "-o", tmp_path / "out"]
    error = vlrm(*command, fails=True)
    assert error == f'vlrm: {data}, line 7: "image" names {tmp_path}/pictures/image-6, which is not there'
    assert not (tmp_path / "out/results.jsonl").exists()
    assert "nowhere.so" in vlrm(*command, "--mode", "text-only", fails=True)


def test_what_run_json_names_is_found_from_any_directory(vlrm, monkeypatch, tmp_path):
    write_pairs(tmp_path / "pairs.jsonl", world_pairs(2))
    write_lines(tmp_path / "r.jsonl", [RESPONSE])
    monkeypatch.chdir(tmp_path)
    vlrm("eval", "vl-rewardbench", "--data", "pairs.jsonl", *RANDOM, "-o", "pairs")
    vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", "r.jsonl", *RANDOM, "-o", "best")
    assert json.loads((tmp_path / "pairs/run.json").read_text())["data"]["name"] == f"{tmp_path}/pairs.jsonl"
    assert json.loads((tmp_path / "best/run.json").read_text())["responses"]["file"] == f"{tmp_path}/r.jsonl"
    monkeypatch.chdir("/")
    vlrm("report", tmp_path / "pairs", "-o", tmp_path / "report.html")
    assert "data:image/" in (tmp_path / "report.html").read_text()


def test_scores_that_are_drawn_need_no_model(pairs):
    error = pairs(world_pairs(1), "--model", RM, *RANDOM, fails=True)
    assert error == "vlrm: --mode: random draws its scores; leave out the options of a model"


@pytest.mark.parametrize("line, expected", [
    ('{"id": 1, "query": ', ", line 7: not valid JSON at byte 20"),
    ("[1]", ", line 7: must be a JSON object; a file of rows holds one on each line"),
    ('{"id": 1}', ', line 7: has no column "query" (it has id)'),
])
def test_a_bad_line_of_json_lines(vlrm, tmp_path, line, expected):
    data = write_pairs(tmp_path / "pairs.jsonl", world_pairs(9))
    lines = data.read_text().splitlines()
    lines[6] = line
    data.write_text("\n".join(lines))
    error = vlrm("eval", "vl-rewardbench", "--data", data, *RANDOM, "-o", tmp_path / "out", fails=True)
    assert error == f"vlrm: {data}{expected}"
    assert not (tmp_path / "out/results.jsonl").exists()


RESPONSE = {"id": 3, "input": "a", "responses": ["b", "c"], "correctness": [1, 0]}


@pytest.mark.parametrize("line, expected", [
    ('{"id": 1, "input": ', "not valid JSON at byte 20"),
    ("[1]", "not a JSON object"),
    ({"input": "a"}, 'has no column "id" (it has input)'),
    (RESPONSE | {"input": 1}, '"input" is not a text'),
    (RESPONSE | {"responses": []}, '"responses" is not a list of texts'),
    (RESPONSE | {"responses": ["b", 1]}, '"responses" is not a list of texts'),
    (RESPONSE | {"correctness": [1]}, '"correctness" is not a list of 2 numbers from 0 to 1, one for each response'),
    (RESPONSE | {"correctness": [1, "0"]}, '"correctness" is not a list of 2 numbers from 0 to 1, one for each response'),
])
def test_a_bad_line_of_responses_is_told_before_the_first_score(vlrm, tmp_path, line, expected):
    file = write_lines(tmp_path / "r.jsonl", [RESPONSE] * 6)
    file.write_text(file.read_text() + (line if isinstance(line, str) else json.dumps(line)) + "\n")
    error = vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", file, *TEXT_ONLY, "-o", tmp_path / "out", fails=True)
    assert error == f"vlrm: {file}, line 7: {expected}"
    assert not (tmp_path / "out/results.jsonl").exists()


def test_pairs_of_one_text_are_ties_and_are_named(vlrm, tmp_path):
    """Where the first of equals is right, they would be 100 % without a word."""
    (tmp_path / "x.png").write_bytes(b"")
    row = {"question": "What?", "chosen": "A cat.", "rejected": "A cat.", "image": "x.png"}
    data = write_lines(tmp_path / "same.jsonl", [row | {"question": f"What {i}?"} for i in range(9)])
    ties = "9 of 9 pairs have equal scores"
    same = "9 pairs of two responses with the same text; the first of equals counts as chosen"
    warnings = vlrm("eval", "rlaif-v", "--data", data, *TEXT_ONLY, "-o", tmp_path / "out", warnings=True)
    assert any(ties in line for line in warnings) and any(same in line for line in warnings)
    table = vlrm("results", tmp_path / "out")
    assert ties in table and same in table


def test_responses_whose_id_the_dataset_has_not(vlrm, seeing, tmp_path):
    schema = pa.schema([("question_id", pa.int64()), PAIRS.field("image")])
    data = write_pairs(tmp_path / "d.parquet", [{"question_id": 3, "image": world_pairs(1)[0]["image"]}], schema)
    responses = write_lines(tmp_path / "r.jsonl", [RESPONSE, RESPONSE | {"id": "3"}])
    command = ["eval", "best-of-n", "--responses", responses, "--data", data, *seeing, "-o", tmp_path / "out"]
    error = vlrm(*command, "--task", "textvqa_val", fails=True)
    assert error == f'vlrm: {responses}, line 2: {data}: 1 row in one file has no row with the question_id "3"'
    error = vlrm(*command, "--task", "mmmu_pro_vision_cot", fails=True)
    assert error == f'vlrm: {data}, row 0: has no column "id" (it has question_id)'
    error = vlrm(*command, "--task", "textvqa", fails=True)
    assert error == "vlrm: --task: textvqa is none of textvqa_val, textvqa_train_100, mmmu_pro_standard_cot, mmmu_pro_vision_cot; did you mean textvqa_val? (see vlrm eval best-of-n --help)"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flags, expected", [
    ([], "--model: name either a model, or a recipe or a method with the models that it merges (--vlm, --rm, --base)"),
    (["--model", RM, "--mode", "cascade"], "--captions: a file of them and mode cascade go together"),
    (["--model", RM, "--captions", "x.json", "--mode", "text-only"], "--captions: a file of them and mode cascade go together"),
    (["--model", RM], "a text model, which sees no image; use --mode text-only"),
    (["--model", ROOT / "world/vlm", "--mode", "text-only"], "--mode text-only takes a text reward model"),
    (["--model", ROOT / "world/vlm"], "has no reward head"),
    (["--model", RM, "--mode", "text-only", "--device", "tpu"], "tpu"),
    (["--model", RM, "--mode", "images"], "--mode: images is none of image, no-image"),
    (["--model", RM, "--batch-samples", "0"], "--batch-samples: must be a whole number of at least 1, not 0"),
    (["--model", "/nowhere", "--mode", "text-only"], "/nowhere"),
])
def test_flags_that_do_not_fit(pairs, tmp_path, flags, expected):
    assert expected in pairs(world_pairs(1), *flags, fails=True)
    assert not (tmp_path / "out-1/results.jsonl").exists()


def test_scores_that_are_no_numbers_are_an_error(pairs, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    model = shutil.copytree(RM, tmp_path / "rm")
    for file in model.glob("*.safetensors"):
        tensors = load_file(file)
        tensors["score.weight"] *= float("nan")
        save_file(tensors, file)
    error = pairs(world_pairs(1), "--model", model, "--mode", "text-only", "-q", fails=True)
    assert error.startswith(", row 0: a score is not a finite number")


def test_results_that_cannot_be_written(pairs, tmp_path):
    (tmp_path / "out-1").write_text("a file")
    assert "out-1" in pairs(world_pairs(1), *RANDOM, fails=True)
    data = write_pairs(tmp_path / "pairs.parquet", world_pairs(100))
    command = [PROGRAM, "eval", "vl-rewardbench", "--data", data, *RANDOM, "-o", tmp_path / "full"]
    # As on a full disk: no file may grow beyond 8 KiB.
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    assert done.returncode == 75 and "cannot be written: File too large" in done.stderr
