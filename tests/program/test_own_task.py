"""A task of one's own, as a YAML file says: answers, captions and judgements of it, and best-of-N of the answers."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, read_lines

VLM = ["--model", ROOT / "world/vlm", "-q", "--max-new-tokens", "12"]
TASK = """\
name: shapes
data: {path: rows.parquet}
id: number
prompt: "{question}\\nAnswer in {{one}} word, {name}."
images: [photo]
max_new_tokens: 5
correct: {how: contains, answers: truth}
"""


@pytest.fixture(scope="module")
def rows():
    return pq.read_table(ROOT / "world/pairs.parquet").slice(0, 4).to_pylist()


@pytest.fixture
def folder(rows, tmp_path):
    """A dataset whose columns have names of their own, and the file of a task about it."""
    pq.write_table(pa.table({
        "number": [10, 11, 12, 13], "question": [row["query"] for row in rows], "name": ["Ann", "Bob", "Cy", "Di"],
        "photo": [row["image"] for row in rows], "other": [rows[-1]["image"]] * 4,
        "truth": [["rings", "small"], ["crosses"], ["purple", "two"], ["green"]],
        "options": [["small", "large"], ["red", "blue"], ["two", "six"], ["green", "red"]], "right": ["large", "B", "two", "A"],
        "count": [3, 4, 5, 6]}), tmp_path / "rows.parquet")
    (tmp_path / "task.yml").write_text(TASK)
    return tmp_path


def words(text):
    return re.findall(r"\w+", text.lower())


def test_a_task_of_ones_own_is_answered_and_evaluated(vlrm, folder, rows):
    command = ["answers", *VLM, "--task", folder / "task.yml", "-n", "3", "-o", folder / "answers.jsonl"]
    vlrm(*command)
    answers = read_lines(folder / "answers.jsonl")
    assert [list(row) for row in answers] == [["id", "answers", "input", "responses", "correctness"]] * 4
    assert [row["id"] for row in answers] == [10, 11, 12, 13]
    assert answers[1]["input"] == rows[1]["query"] + "\nAnswer in {one} word, Bob."
    for row in answers:
        assert row["correctness"] == [any(word in words(text) for word in row["answers"]) for text in row["responses"]]
    assert len({mark for row in answers for mark in row["correctness"]}) == 2
    image = folder / "one.png"
    image.write_bytes(rows[1]["image"]["bytes"])
    alone = vlrm("generate", *VLM, "--image", image, "--prompt", answers[1]["input"], "--temperature", "1", "--seed", "2")
    assert alone.rstrip("\n") == answers[1]["responses"][2]
    model = ["--model", ROOT / "world/vlm", "--likelihood", "-q"]
    vlrm("eval", "best-of-n", "--responses", folder / "answers.jsonl", "--data", folder / "rows.parquet", "--columns",
         "id=number,image=photo", *model, "-o", folder / "results")
    assert [row["id"] for row in read_lines(folder / "results/results.jsonl")] == [10, 11, 12, 13]
    (folder / "task.yml").write_text(TASK.replace("contains", "equal"))
    assert "made with other settings" in vlrm(*command, fails=True)


@pytest.mark.parametrize("how, column, mark", [
    ("equal, answers: truth", "answers", lambda text, row: text.strip().lower().rstrip(".") in row["answers"]),
    ("number, answers: count", "answers", lambda text, row: re.findall(r"\d+", text)[-1:] == row["answers"]),
    ("choice, answers: right, options: options", "answer", None),
    ("vqa, answers: truth", "answers", None)])
def test_answers_are_marked_as_the_file_says(vlrm, folder, how, column, mark):
    text = re.sub("correct: .*", f"correct: {{how: {how}}}", TASK).replace('in {{one}} word', 'with {options}' if column == "answer" else "it")
    (folder / "task.yml").write_text(text)
    vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "2", "-o", folder / "a.jsonl")
    rows = read_lines(folder / "a.jsonl")
    if column == "answer":
        assert [row["answer"] for row in rows] == ["B", "B", "A", "A"]
        assert "with A. small\nB. large, Ann." in rows[0]["input"]
    for row in rows:
        assert len(row["correctness"]) == 2
        if mark:
            assert row["correctness"] == [mark(text, row) for text in row["responses"]]


def test_without_ids_rows_are_known_by_their_numbers(vlrm, folder):
    (folder / "task.yml").write_text(TASK.replace("id: number\n", ""))
    vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "2", "-o", folder / "a.jsonl")
    assert [row["id"] for row in read_lines(folder / "a.jsonl")] == [0, 1, 2, 3]
    data = ["--responses", folder / "a.jsonl", "--data", folder / "rows.parquet"]
    vlrm("eval", "best-of-n", *data, "--columns", "image=photo", "--model", ROOT / "world/vlm", "--likelihood", "-q", "-o", folder / "by_number")
    scored = read_lines(folder / "by_number/results.jsonl")
    (folder / "task.yml").write_text(TASK)
    vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "2", "-o", folder / "b.jsonl")
    data[1] = folder / "b.jsonl"
    vlrm("eval", "best-of-n", *data, "--columns", "image=photo,id=number", "--model", ROOT / "world/vlm", "--likelihood", "-q", "-o", folder / "by_id")
    assert [row["scores"] for row in scored] == [row["scores"] for row in read_lines(folder / "by_id/results.jsonl")]


def test_answers_without_marks_say_so(vlrm, folder):
    (folder / "task.yml").write_text(TASK.partition("correct")[0])
    notes = vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "1", "-o", folder / "a.jsonl", notes=True)
    assert any("does not say which answers are correct" in note for note in notes)
    assert [list(row) for row in read_lines(folder / "a.jsonl")] == [["id", "input", "responses"]] * 4


def test_captions_and_judgements_of_a_task_of_ones_own(vlrm, folder):
    vlrm("caption", *VLM, "--task", folder / "task.yml", "-o", folder / "captions.json")
    assert list(json.loads((folder / "captions.json").read_text())) == ["10", "11", "12", "13"]
    vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "2", "-o", folder / "a.jsonl")
    judge = ["judge", *VLM, "--task", folder / "task.yml", "-o", folder / "judge"]
    assert "--responses" in vlrm(*judge, fails=True)
    vlrm(*judge, "--responses", folder / "a.jsonl")
    judged = read_lines(folder / "judge/results.jsonl")
    assert [row["id"] for row in judged] == [10, 11, 12, 13] and len(judged[0]["vlm_outputs"]) == 2
    assert "shapes" in vlrm("results", folder / "judge")
    vlrm("report", folder / "judge", "-o", folder / "report.html", "-q")


def test_the_flags_name_other_rows(vlrm, folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "other.yaml"
    elsewhere.write_text(TASK.replace("data: {path: rows.parquet}\n", ""))
    command = ["answers", *VLM, "--task", elsewhere, "-n", "1", "-o", folder / "a.jsonl"]
    assert "--data: names the rows, which" in vlrm(*command, fails=True)
    vlrm(*command, "--data", folder / "rows.parquet", "--limit", "2")
    assert len(read_lines(folder / "a.jsonl")) == 2


@pytest.mark.parametrize("before, after, expected", [
    ("name:", "nme:", 'task.yml:1: unknown key "nme"; did you mean "name"?'),
    ("name: shapes", "name: textvqa_val", 'task.yml:1: textvqa_val is a task of the program\'s own; give it another "name"'),
    ("rows.parquet}", "rows.parquet, spilt: a}", 'task.yml:2: unknown key "spilt"; did you mean "split"?'),
    ("data: {path: rows.parquet}", "data: {split: a}", 'task.yml:2: "path" is missing'),
    ("rows.parquet", "none.parquet", "none.parquet"),
    ("{name}", "{nam}", 'task.yml:4: {tmp}/rows.parquet, row 0 has no column "nam" (it has'),
    ("{{one}}", "{one", "task.yml:4: the brace at byte"),
    ("{{one}}", "{one}}", "task.yml:4: the brace at byte"),
    ("{name}", "{truth}", 'task.yml:4: {tmp}/rows.parquet, row 0: "truth" is not a text or a number'),
    ("id: number", "id: nummer", 'task.yml:3: {tmp}/rows.parquet, row 0 has no column "nummer"'),
    ("[photo]", "photo", 'task.yml:5: "images" must be a list of columns'),
    ("max_new_tokens: 5", "max_new_tokens: 0", "task.yml:6: max_new_tokens must be a whole number between 1 and 1000000"),
    ("contains", "containing", 'task.yml:7: "containing" is none of equal, contains, number, vqa, choice'),
    ("contains", "number", 'task.yml:7: {tmp}/rows.parquet, row 0: "truth" is not a number'),
    ("contains", "choice", 'task.yml:7: "options" is missing'),
    ("truth}", "truth, options: options}", 'task.yml:7: "options" go with choice only'),
    ("contains, answers: truth", "choice, answers: name, options: options", 'row 0: "name" is not the letter of an option, or its text'),
    ("answers: truth", "answers: photo", 'task.yml:7: {tmp}/rows.parquet, row 0 has no column "photo"'),
    ("correct: {how: contains, answers: truth}", "correct: contains", 'task.yml:7: "correct" must be a mapping'),
    ("prompt", "prompts", 'unknown key "prompts"; did you mean "prompt"?'),
    (TASK.splitlines()[3] + "\n", "", '"prompt" is missing'),
    (TASK, "", "task.yml: is empty"),
    (TASK, "name: [", "not valid YAML"),
])
def test_mistakes_in_the_file_are_named(vlrm, folder, before, after, expected):
    assert before in TASK
    (folder / "task.yml").write_text(TASK.replace(before, after, 1))
    error = vlrm("answers", *VLM, "--task", folder / "task.yml", "-n", "1", "-o", folder / "a.jsonl", fails=True)
    assert expected.replace("{tmp}", str(folder)) in error
    assert sorted(path.name for path in folder.iterdir()) == ["rows.parquet", "task.yml"]


def test_a_file_that_is_not_there_is_named(vlrm, folder):
    command = ["answers", *VLM, "-n", "1", "-o", folder / "a.jsonl"]
    assert "none.yml" in vlrm(*command, "--task", folder / "none.yml", fails=True)
    error = vlrm(*command, "--task", folder / "rows.parquet", fails=True)
    assert "and no file of a task of your own, which ends in .yml or .yaml" in error
    assert "is none of" in vlrm("eval", "best-of-n", "--task", folder / "task.yml", "--responses", "a", "--model", "b", "-o", "c", fails=True)


def test_the_example_of_the_documentation_works(vlrm, folder):
    text = (ROOT / "docs/writing.md").read_text()
    task = text.split("## Tasks of your own")[1].split("```yaml\n")[1].split("```")[0]
    assert "prompt:" in task
    table = pq.read_table(folder / "rows.parquet")
    pq.write_table(table.rename_columns({"number": "question_id", "photo": "image", "truth": "answers"}), folder / "rows.parquet")
    (folder / "my_task.yml").write_text(task)
    vlrm("answers", *VLM, "--task", folder / "my_task.yml", "-n", "2", "-o", folder / "a.jsonl")
    rows = read_lines(folder / "a.jsonl")
    assert [row["id"] for row in rows] == [10, 11, 12, 13] and len(rows[0]["correctness"]) == 2
    vlrm("eval", "best-of-n", "--responses", folder / "a.jsonl", "--data", folder / "rows.parquet", "--columns",
         "id=question_id,image=image", "--model", ROOT / "world/vlm", "--likelihood", "-q", "-o", folder / "results")
