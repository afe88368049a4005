"""The table of benchmarks as the commands show it: one name each, in two spellings, and groups beside the rows."""

import json
import re

import pytest
from conftest import ROOT, write_lines
from evaluations import results, world_pairs, write_pairs

WITH_RESPONSES = ["vl-rewardbench", "rlaif-v", "multimodal-rewardbench", "mm-rlhf-rewardbench", "omni-rewardbench", "rewardbench-2"]
TO_ANSWER = ["textvqa_val", "textvqa_train_100", "mmmu_pro_standard_cot", "mmmu_pro_vision_cot"]
PREFIXES = ("wild", "RLAIF-V", "mathverse")


@pytest.fixture
def pairs(tmp_path):
    rows = world_pairs(9)
    for number, row in enumerate(rows):
        row["id"] = f"{PREFIXES[number % 3]}-{number}"
    return write_pairs(tmp_path / "pairs.parquet", rows)


@pytest.fixture
def drawn(vlrm, pairs, tmp_path):
    vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", pairs, "-o", tmp_path / "drawn", "-q")
    return tmp_path / "drawn"


def spellings(name):
    return {name, name.replace("_", "-"), name.replace("-", "_")}


def choices(vlrm, *command):
    """What --help says of --task."""
    text = " ".join(vlrm(*command, "--help").split())
    return re.search(r"--task TEXT (?:REQUIRED )?[^:]*: ((?:[\w-]+, )*[\w-]+)", text).group(1).split(", ")


def test_commands_offer_what_is_in_the_table(vlrm):
    assert choices(vlrm, "judge") == WITH_RESPONSES + TO_ANSWER
    assert choices(vlrm, "caption") == [name for name in WITH_RESPONSES if name != "rlaif-v"] + TO_ANSWER  # by id
    for command in (["answers"], ["aggregate"], ["eval", "best-of-n"]):
        assert choices(vlrm, *command) == TO_ANSWER, command
    assert re.findall(r"^  ([\w-]+), \w+\b", vlrm("eval", "--help"), re.M) == [*WITH_RESPONSES, "best-of-n"]


def test_docs_name_every_benchmark():
    text = (ROOT / "docs/evaluation.md").read_text()
    for name in WITH_RESPONSES + TO_ANSWER:
        assert re.search(rf"^\| `[^`]*{name}` \|", text, re.M), name


@pytest.mark.parametrize("command", ["vl_rewardbench", "rlaif_v", "best_of_n"])
def test_eval_takes_underscores(vlrm, pairs, tmp_path, command):
    rlaif = write_lines(tmp_path / "rlaif.jsonl", [{"question": "a", "chosen": "b", "rejected": "c"}])
    responses = write_lines(tmp_path / "r.jsonl", [{"id": 1, "input": "a", "responses": ["b"], "correctness": [1]}])
    flags = {"vl_rewardbench": ["--data", pairs], "rlaif_v": ["--data", rlaif],
             "best_of_n": ["--task", "textvqa-val", "--responses", responses]}[command]
    made = []
    for spelled in (command, command.replace("_", "-")):
        vlrm("eval", spelled, "--mode", "random", *flags, "-o", tmp_path / spelled, "-q")
        made.append((results(tmp_path / spelled), (tmp_path / spelled / "run.json").read_text()))
    assert made[0] == made[1]
    assert f'"task": "{command.replace("_", "-")}"' in made[0][1]


@pytest.mark.parametrize("task", TO_ANSWER)
def test_aggregate_takes_each_task_in_both_spellings(vlrm, tmp_path, task):
    doc = {"question_id": 1, "question": "what?", "answers": ["a"], "id": 1, "subject": "s", "answer": "A"}
    sample = {"doc": doc, "input": "What?", "resps": [["a"]], "exact_match": 1, "mmmu_acc": {"answer": "A", "parsed_pred": "A"}}
    (tmp_path / "logs").mkdir()
    write_lines(tmp_path / "logs/a.jsonl", [sample])
    made = set()
    for spelled in sorted(spellings(task)):
        vlrm("aggregate", tmp_path / "logs", "--task", spelled, "-o", tmp_path / f"{spelled}.jsonl")
        made.add((tmp_path / f"{spelled}.jsonl").read_text())
    assert len(made) == 1 and len(spellings(task)) == 2


@pytest.mark.parametrize("command", ["caption", "judge", "answers"])
def test_writers_take_both_spellings(vlrm, tmp_path, command):
    """The model is what is missing, not the task."""
    task = "textvqa_val" if command == "answers" else "vl-rewardbench"
    for spelled in sorted(spellings(task)):
        error = vlrm(command, "--model", tmp_path / "none", "--task", spelled, "--data", tmp_path / "nowhere.parquet", "-o",
                     tmp_path / "out", fails=True)
        assert "--task" not in error


def test_report_takes_both_spellings(vlrm, pairs, drawn, tmp_path):
    pages = []
    for spelled in sorted(spellings("vl-rewardbench")):
        vlrm("-q", "report", drawn, "-o", tmp_path / f"{spelled}.html", "--data", f"{spelled}={pairs}")
        pages.append((tmp_path / f"{spelled}.html").read_bytes())
    assert pages[0] == pages[1]
    twice = ["--data", f"vl-rewardbench={pairs}", "--data", f"vl_rewardbench={pairs}"]
    assert "another one is named before it" in vlrm("report", drawn, "-o", tmp_path / "x.html", *twice, fails=True)


def without_groups(folder):
    """As an older version wrote it."""
    settings = json.loads((folder / "run.json").read_text())
    groups = settings.pop("groups")
    (folder / "run.json").write_text(json.dumps(settings))
    return groups


def test_groups_stand_in_run_json(drawn):
    assert without_groups(drawn) == {"names": ["General", "Hallucination", "Reasoning"], "rows": [0, 1, 2] * 3}
    assert all("group" not in line for line in results(drawn).decode().splitlines())


def test_an_older_folder_gives_the_same_tables(vlrm, drawn):
    shown = [["results", drawn, "--details", "--format", form] for form in ("text", "md", "latex", "json")]
    shown += [["results", drawn, "--format", "csv"], ["results", "--compare", drawn, drawn]]
    now = [vlrm(*command) for command in shown]
    without_groups(drawn)
    assert [vlrm(*command) for command in shown] == now
    assert "General" in now[0] and "Macro" in now[0]


def test_groups_are_not_guessed_from_ids(vlrm, drawn):
    settings = json.loads((drawn / "run.json").read_text())
    settings["groups"] = {"names": ["Red", "Blue"], "rows": [0] * 4 + [1] * 5}
    (drawn / "run.json").write_text(json.dumps(settings))
    counts = {metric["name"]: metric["count"] for metric in json.loads(vlrm("results", drawn, "--format", "json"))["runs"][0]["metrics"]}
    assert counts == {"Red": 4, "Blue": 5, "Overall": 9, "Macro": 9}


def test_an_older_run_goes_on(vlrm, pairs, drawn):
    """Groups are not compared: the data decides them. A run that goes on writes them."""
    whole = results(drawn)
    groups = without_groups(drawn)
    (drawn / "results.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:8]))
    vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", pairs, "-o", drawn, "-q")
    assert results(drawn) == whole
    assert json.loads((drawn / "run.json").read_text())["groups"] == groups
