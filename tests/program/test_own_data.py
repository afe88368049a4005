"""Pairs and answers of one's own: whatever the columns are called and however the file is written, the rows are the same,
and tables carry their name."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, write_lines
from evaluations import rows_of, world_pairs, world_vlrm
from tables import IMAGE

RM = ROOT / "world/rm"
RANDOM = ["--mode", "random"]
TEXT = ["--model", RM, "--mode", "text-only", "-q"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return world_vlrm(tmp_path_factory.mktemp("model") / "m")


@pytest.fixture
def evaluate(vlrm, tmp_path):
    """Evaluates pairs. Gives the rows and what the program said."""

    def run(data, *flags, name="out", fails=False, what="pairs"):
        said = vlrm("eval", what, "--data", data, "-o", tmp_path / name, *flags, fails=fails)
        return said if fails else rows_of(tmp_path / name)

    return run


def pairs(count):
    """(question, image, chosen, rejected), … of the little world."""
    for row in world_pairs(count):
        best = row["human_ranking"].index(0)
        yield row["query"], row["image"], row["response"][best], row["response"][1 - best]


def user(text, image=False):
    parts = [{"type": "image", "text": None}] * image + [{"type": "text", "text": text}]
    return [{"role": "user", "content": parts if image else text}]


def assistant(text, in_parts=False):
    return [{"role": "assistant", "content": [{"type": "text", "text": text}] if in_parts else text}]


LAYOUTS = {
    "texts": lambda q, image, a, b: {"prompt": q, "images": [image], "chosen": a, "rejected": b},
    "one image": lambda q, image, a, b: {"prompt": q, "image": image, "chosen": a, "rejected": b},
    "conversations": lambda q, image, a, b: {
        "prompt": user(q, image=True), "images": [image], "chosen": assistant(a, True), "rejected": assistant(b, True)},
    "plain conversations": lambda q, image, a, b: {
        "prompt": user(q), "images": [image], "chosen": assistant(a), "rejected": assistant(b)},
    "no prompt": lambda q, image, a, b: {
        "images": [image], "chosen": user(q) + assistant(a), "rejected": user(q) + assistant(b)},
    "prompt twice": lambda q, image, a, b: {
        "prompt": q, "images": [image], "chosen": user(q) + assistant(a), "rejected": user(q) + assistant(b)},
}  # fmt: skip


def with_image_type(table):
    fields = []
    for field in table.schema:
        kind = {"image": IMAGE, "img": IMAGE, "images": pa.list_(IMAGE)}.get(field.name, field.type)
        fields.append((field.name, kind))
    return table.cast(pa.schema(fields))


def write_parquet(path, rows):
    pq.write_table(with_image_type(pa.Table.from_pylist(rows)), path)
    return path


@pytest.fixture(scope="module")
def expected(model, tmp_path_factory):
    """The rows of the plainest layout."""
    import subprocess

    from conftest import PROGRAM

    folder = tmp_path_factory.mktemp("expected")
    data = write_parquet(folder / "p.parquet", [LAYOUTS["texts"](*pair) for pair in pairs(4)])
    subprocess.run([PROGRAM, "eval", "pairs", "--data", data, "--model", model, "-o", folder / "out", "-q"], check=True)
    return rows_of(folder / "out")


def test_the_rewards_are_those_of_the_same_rows_as_a_known_benchmark(vlrm, tmp_path, model, expected):
    pq.write_table(with_image_type(pa.Table.from_pylist(world_pairs(4))), tmp_path / "w.parquet")
    vlrm("eval", "vl-rewardbench", "--data", tmp_path / "w.parquet", "--model", model, "-o", tmp_path / "known", "-q")
    for own, known, pair in zip(expected, rows_of(tmp_path / "known"), world_pairs(4), strict=True):
        best = pair["human_ranking"].index(0)
        assert own["outputs"] == [known["outputs"][1 - best], known["outputs"][best]]
        assert own["ground_truth"] == [1, 0]
        assert (own["predicted_answer"] == 1) == (known["predicted_answer"] == best)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_trls_layouts_need_no_flags(evaluate, tmp_path, model, expected, layout):
    data = write_parquet(tmp_path / "p.parquet", [LAYOUTS[layout](*pair) for pair in pairs(4)])
    assert evaluate(data, "--model", model, "-q") == expected


def own_named_rows(tmp_path):
    rows = []
    for number, (question, image, chosen, rejected) in enumerate(pairs(4)):
        (tmp_path / f"{number}.png").write_bytes(image["bytes"])
        rows.append({"q": question, "img": f"{number}.png", "a": chosen, "b": rejected, "kind": number % 2})
    return rows


OWN = "prompt=q,image=img,chosen=a,rejected=b,group=kind"


@pytest.mark.parametrize("form", ["parquet", "arrow", "jsonl", "json"])
def test_columns_of_other_names(evaluate, tmp_path, model, expected, form):
    rows = own_named_rows(tmp_path)
    data = tmp_path / f"mine.{form}"
    if form == "jsonl":
        write_lines(data, rows)
    elif form == "json":
        data.write_text(json.dumps(rows, indent=2))
    elif form == "arrow":
        table = pa.Table.from_pylist(rows)
        with pa.OSFile(str(data), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    else:  # the images themselves; the other forms name their files
        write_parquet(data, [row | {"img": {"bytes": (tmp_path / row["img"]).read_bytes(), "path": None}} for row in rows])
    assert evaluate(data, "--model", model, "--columns", OWN, "-q") == expected


def test_images_in_files_belong_to_the_settings(evaluate, tmp_path, model):
    data = write_lines(tmp_path / "mine.jsonl", own_named_rows(tmp_path))
    evaluate(data, "--model", model, "--columns", OWN, "-q")
    (tmp_path / "0.png").write_bytes((tmp_path / "1.png").read_bytes())
    said = evaluate(data, "--model", model, "--columns", OWN, "-q", fails=True)
    assert "made with other settings" in said and "data" in said


def test_tables_and_report_carry_the_name_and_the_groups(vlrm, evaluate, tmp_path):
    data = write_lines(tmp_path / "mine.jsonl", own_named_rows(tmp_path))
    evaluate(data, *TEXT, "--columns", OWN, "--name", "My data")
    table = vlrm("results", tmp_path / "out")
    assert table.startswith("My data\n")
    assert table.splitlines()[1].split() == ["Method", "Samples", "0", "1", "Overall", "Macro"]
    assert "VL-RewardBench" not in table
    vlrm("report", tmp_path / "out", "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "My data" in page and "data:image/" in page and "VL-RewardBench" not in page
    evaluate(data, *TEXT, "--columns", OWN.replace(",group=kind", ""), name="plain")
    assert [line.split() for line in vlrm("results", tmp_path / "plain").splitlines()[:2]] == [["mine"], ["Method", "Samples", "Overall"]]


def test_a_report_of_the_first_rows_has_their_images(vlrm, evaluate, tmp_path):
    evaluate(write_lines(tmp_path / "mine.jsonl", own_named_rows(tmp_path)), *TEXT, "--columns", OWN, "--limit", "2")
    said = vlrm("report", tmp_path / "out", "-o", tmp_path / "r.html")
    assert "Without images" not in said
    assert "data:image/" in (tmp_path / "r.html").read_text()


def test_equal_scores_count_as_wrong(vlrm, evaluate, tmp_path):
    data = write_lines(tmp_path / "p.jsonl", [{"prompt": "Why?", "chosen": "So.", "rejected": "So."}])
    evaluate(data, *TEXT)
    run = json.loads(vlrm("results", tmp_path / "out", "--format", "json"))["runs"][0]
    assert [metric["percent"] for metric in run["metrics"] if metric["name"] == "Overall"] == [0]


def test_rows_of_texts_alone(evaluate, tmp_path, model):
    data = write_lines(tmp_path / "p.jsonl", [{"prompt": "Why?", "chosen": "So.", "rejected": "No.", "id": "x"}])
    assert [row["id"] for row in evaluate(data, "--model", model)] == ["x"]


def test_a_row_without_its_image(evaluate, tmp_path, model):
    rows = [LAYOUTS["one image"](*pair) for pair in pairs(2)]
    data = write_parquet(tmp_path / "p.parquet", [rows[0], rows[1] | {"image": None}])
    assert "row 1: has no image" in evaluate(data, "--model", model, fails=True)


def test_conversations_of_several_turns(evaluate, tmp_path):
    turns = user("Hi.") + assistant("Hello.") + user("Why?")
    rows = [{"prompt": turns, "chosen": "So.", "rejected": "No."}]
    prompts = evaluate(write_lines(tmp_path / "p.jsonl", rows), *TEXT)[0]["prompts"]
    for text in ("Hi.", "Hello.", "Why?", "So."):
        assert text in prompts[1]
    # A caption comes before the first question.
    (tmp_path / "captions.json").write_text('{"0": "A cat."}')
    cascade = ["--model", RM, "--mode", "cascade", "--captions", tmp_path / "captions.json", "-q"]
    assert "A cat. Hi." in evaluate(tmp_path / "p.jsonl", *cascade, name="cascade")[0]["prompts"][0]


def test_conversations_without_the_image_in_them(evaluate, tmp_path, model):
    data = write_parquet(tmp_path / "p.parquet", [LAYOUTS["conversations"](*pair) for pair in pairs(1)])
    prompts = evaluate(data, "--model", model, "--mode", "no-image", "-q")[0]["prompts"]
    assert "<|image|>" not in prompts[0]


PAIR = {"prompt": "a", "chosen": "b", "rejected": "c"}


@pytest.mark.parametrize("row, flags, error", [
    ({"q": "a", "chosen": "b", "rejected": "c"}, [],
     'line 1: has no column "prompt" (it has chosen, q, rejected); --columns says what holds it, as in prompt=COLUMN'),
    (PAIR, ["--columns", "prompt=q"], 'line 1: has no column "q" (it has chosen, prompt, rejected)'),
    (PAIR, ["--columns", "promt=q"], "--columns: promt is none of prompt, image, chosen, rejected, responses, ranking"),
    (PAIR, ["--columns", "prompt"], "--columns: prompt: is not NAME=COLUMN, as in prompt=question"),
    (PAIR, ["--columns", "prompt=a,prompt=b"], "--columns: prompt is named twice"),
    (PAIR, ["--columns", "chosen=a"], "--columns: chosen and rejected go together"),
    (PAIR | {"prompt": 3}, [], 'line 1: "prompt" is not a text'),
    (PAIR | {"prompt": [{"role": "user"}]}, [], 'line 1: "prompt" must be a text or a list of messages'),
    (PAIR | {"prompt": assistant("a")}, [], 'line 1: "prompt" must end with the user\'s message'),
    (PAIR | {"chosen": user("a")}, [], 'line 1: "chosen" must end with the assistant\'s message'),
    (PAIR | {"chosen": user("x") + assistant("b")}, [],
     'line 1: "chosen" has messages before the response that are not those of "prompt"'),
    ({"chosen": user("x") + assistant("b"), "rejected": user("y") + assistant("c")}, [],
     'line 1: "chosen" and "rejected" do not begin with the same messages'),
    (PAIR | {"rs": ["b"], "order": [0, 1]}, ["--columns", "responses=rs,ranking=order"], 'line 1: "rs" holds 1 texts, not 2'),
    (PAIR, ["--columns", "group=kind"], 'line 1: has no column "kind"'),
])  # fmt: skip
def test_what_is_wrong_is_named(evaluate, tmp_path, row, flags, error):
    said = evaluate(write_lines(tmp_path / "p.jsonl", [row]), *RANDOM, *flags, fails=True)
    assert error in said
    assert said.count("\n") <= 1
    assert not (tmp_path / "out/results.jsonl").exists()


def test_a_group_is_for_few_values(evaluate, tmp_path):
    data = write_lines(tmp_path / "p.jsonl", [PAIR | {"kind": i} for i in range(65)])
    said = evaluate(data, *RANDOM, "--columns", "group=kind", fails=True)
    assert "its rows name 65 groups, more than 64" in said


def test_data_must_be_named(vlrm, tmp_path):
    said = vlrm("eval", "pairs", *RANDOM, "-o", tmp_path / "out", fails=True)
    assert said == "vlrm: --data: names the rows: a file, a directory or a hub id"
    said = vlrm("eval", "vl-rewardbench", *RANDOM, "-o", tmp_path / "out", "--columns", "prompt=q", fails=True)
    assert "--columns" in said


ANSWERS = [{"prompt": f"Question {i}?", "responses": ["yes", "no", "maybe"], "correctness": [1, 0, 0.5], "kind": "ab"[i % 2]}
           for i in range(4)]  # fmt: skip


def test_best_of_n_of_ones_own(vlrm, evaluate, tmp_path):
    data = write_lines(tmp_path / "answers.jsonl", ANSWERS)
    rows = evaluate(data, *TEXT, "--columns", "group=kind", what="best-of-n")
    assert [list(row) for row in rows] == [["id", "input", "responses", "correctness", "scores"]] * 4
    table = vlrm("results", tmp_path / "out").splitlines()
    assert table[0] == "answers, best of 3"
    assert table[1].split()[:5] == ["Method", "Samples", "a", "b", "Overall"]


def test_responses_in_a_file_with_images_in_a_dataset(vlrm, evaluate, tmp_path, model):
    rows = own_named_rows(tmp_path)
    data = write_lines(tmp_path / "photos.jsonl", [{"photo": i, "img": row["img"]} for i, row in enumerate(rows)])
    responses = write_lines(tmp_path / "answers.jsonl", [
        {"id": i, "input": row["q"], "responses": [row["b"], row["a"]], "correctness": [0, 1]} for i, row in enumerate(rows)])
    flags = ["--responses", responses, "--columns", "id=photo,image=img", "--name", "Photos"]
    scores = [row["scores"] for row in evaluate(data, "--model", model, *flags, what="best-of-n")]
    own = evaluate(write_lines(tmp_path / "pairs.jsonl", rows), "--model", model, "--columns", OWN, name="pairs")
    assert scores == [row["outputs"] for row in own]
    assert vlrm("results", tmp_path / "out").startswith("Photos, best of 2\n")
    vlrm("report", tmp_path / "out", "-o", tmp_path / "r.html")
    assert "data:image/" in (tmp_path / "r.html").read_text()


def test_responses_and_ranking_are_found_by_their_names(evaluate, tmp_path):
    row = {"prompt": "Why?", "responses": ["So.", "No."], "ranking": [1, 0]}
    assert evaluate(write_lines(tmp_path / "p.jsonl", [row]), *RANDOM)[0]["ground_truth"] == [1, 0]


@pytest.mark.parametrize("form", ["paths", "more fields"])
def test_images_that_tables_spell_otherwise(evaluate, tmp_path, model, expected, form):
    rows = own_named_rows(tmp_path)
    data = tmp_path / "mine.parquet"
    if form == "paths":
        pq.write_table(pa.Table.from_pylist([{"image": row.pop("img"), **row} for row in rows]), data)
    else:
        image = pa.struct([("bytes", pa.binary()), ("path", pa.string()), ("width", pa.int64())])
        cells = [{"bytes": (tmp_path / row.pop("img")).read_bytes(), "path": None, "width": 1} for row in rows]
        pq.write_table(pa.Table.from_pylist(rows).append_column("image", pa.array(cells, image)), data)
    assert evaluate(data, "--model", model, "--columns", "prompt=q,chosen=a,rejected=b", "-q") == expected


@pytest.mark.parametrize("flags, table, error", [
    (["--columns", "image=nope"], {"image": [1]}, 'row 0: has no column "nope" of images'),
    ([], {"image": [1]}, 'the column "image" is of the type int64; images are structs of bytes and path, bytes, or paths'),
])  # fmt: skip
def test_images_that_cannot_be_read(evaluate, tmp_path, model, flags, table, error):
    pq.write_table(pa.table({"prompt": ["a"], "chosen": ["b"], "rejected": ["c"]} | table), tmp_path / "p.parquet")
    assert error in evaluate(tmp_path / "p.parquet", "--model", model, *flags, fails=True)


def test_an_image_in_a_response(evaluate, tmp_path):
    shown = [{"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "b"}]}]
    said = evaluate(write_lines(tmp_path / "p.jsonl", [PAIR | {"chosen": shown}]), *RANDOM, fails=True)
    assert 'the response in "chosen" shows an image; only the prompt can' in said


@pytest.mark.parametrize("row", [
    PAIR | {"rs": ["b", "c"], "order": [0, 0]},
    PAIR | {"rs": ["b", "c"], "order": [1, 1]},
])
def test_a_ranking_must_be_an_order(evaluate, tmp_path, row):
    data = write_lines(tmp_path / "p.jsonl", [row])
    said = evaluate(data, *RANDOM, "--columns", "responses=rs,ranking=order", fails=True)
    assert '"order" is not a list of the integers from 0 to 1, each once' in said


@pytest.mark.parametrize("marks", ["[7, 0]", "[1, -3]", "[NaN, 0]"])
def test_correctness_lies_between_0_and_1(evaluate, tmp_path, marks):
    (tmp_path / "a.jsonl").write_text(f'{{"prompt": "a", "responses": ["b", "c"], "correctness": {marks}}}\n')
    said = evaluate(tmp_path / "a.jsonl", *RANDOM, what="best-of-n", fails=True)
    assert '"correctness" is not a list of 2 numbers from 0 to 1' in said


@pytest.mark.parametrize("name", ["textvqa_val", "TextVQA", "vl-rewardbench", "VL-RewardBench"])
def test_a_benchmarks_name_is_not_free(evaluate, tmp_path, name):
    data = write_lines(tmp_path / "p.jsonl", [PAIR])
    assert "is the name of a benchmark" in evaluate(data, *RANDOM, "--name", name, fails=True)


def test_a_file_called_like_a_benchmark_is_not_taken_for_it(vlrm, evaluate, tmp_path):
    evaluate(write_lines(tmp_path / "textvqa_val.jsonl", ANSWERS), *RANDOM, what="best-of-n")
    assert vlrm("results", tmp_path / "out").startswith("textvqa_val (own data), best of 3\n")


@pytest.mark.parametrize("what, columns, error", [
    ("pairs", "correctness=a", "--columns: correctness is not read of pairs"),
    ("pairs", "ranking=a", "--columns: ranking goes with responses"),
    ("best-of-n", "chosen=a,rejected=b", "--columns: chosen is not read of best of N"),
])
def test_columns_that_are_not_read(evaluate, tmp_path, what, columns, error):
    assert error in evaluate(write_lines(tmp_path / "p.jsonl", [PAIR]), *RANDOM, "--columns", columns, what=what, fails=True)


def test_a_breakdown_of_responses_goes_by_their_ids(vlrm, evaluate, tmp_path):
    data = write_lines(tmp_path / "photos.jsonl", [{"photo": i, "kind": "even" if i % 2 == 0 else "odd"} for i in range(6)])
    order = [5, 0, 3, 2, 1, 4]
    responses = write_lines(tmp_path / "r.jsonl", [
        {"id": i, "input": "a", "responses": ["b"], "correctness": [i % 2]} for i in order])
    evaluate(data, *RANDOM, "--responses", responses, "--columns", "id=photo", what="best-of-n")
    found = json.loads(vlrm("results", tmp_path / "out", "--by", "kind", "--data", data, "--format", "json"))["by"][0]
    shares = dict(zip(found["values"], [each["percent"] for each in found["runs"][0]["groups"]], strict=True))
    assert shares == {"even": 0, "odd": 100}


def test_rows_without_ids_are_only_those_of_the_same_file(vlrm, evaluate, tmp_path):
    rows = [PAIR | {"prompt": f"{i}", "kind": "ab"[i % 2]} for i in range(4)]
    data = write_lines(tmp_path / "p.jsonl", rows)
    evaluate(data, *RANDOM)
    assert "accuracy by kind" in vlrm("results", tmp_path / "out", "--by", "kind")
    write_lines(data, rows[::-1])
    said = vlrm("results", tmp_path / "out", "--by", "kind", fails=True)
    assert "is not as it was when" in said
    assert "its files are not as they were" in "".join(vlrm("report", tmp_path / "out", "-o", tmp_path / "r.html", notes=True))
    evaluate(data, *RANDOM, name="other")
    said = vlrm("results", "--compare", tmp_path / "out", tmp_path / "other", fails=True)
    assert "not of the same samples, their datasets differ, and rows have no ids" in said
