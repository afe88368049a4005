"""vlrm caption, answers and judge beside the same prompts in transformers; and what a run owes its user."""

import json
import os
import random
import re
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest
from conftest import GOLDENS, PROGRAM, ROOT, read_lines, seed, write_lines
from evaluations import DATE, PAIRS, world_pairs, write_pairs

pytest.importorskip("torch")
pytest.importorskip("transformers")
from transformers_writer import Writer, opened  # noqa: E402


@pytest.fixture(scope="module")
def writer(goldens):
    return Writer(goldens / "models/vlm")


@pytest.fixture(scope="module")
def asked(goldens):
    """The options that make our numbers the reference's."""
    return ["--model", goldens / "models/vlm", "--dtype", "float32", "--date", DATE, "-q"]


def prompt_file(goldens, name):
    return seed(goldens) / f"prompts/{name}.txt"


def rows(goldens, name):
    return pq.read_table(sorted((goldens / "eval/data" / name).glob("*.parquet"))[0]).to_pylist()


def test_captions_are_transformers(goldens, vlrm, writer, asked, tmp_path):
    prompt = prompt_file(goldens, "caption_user")
    data = goldens / "eval/data/vl_rewardbench"
    vlrm("caption", *asked, "--task", "vl_rewardbench", "--data", data, "--prompt-template", prompt, "--max-new-tokens", 12,
         "-o", tmp_path / "c.json")
    captions = json.loads((tmp_path / "c.json").read_text())
    for row in rows(goldens, "vl_rewardbench")[1:7]:  # the first one's id comes again
        text = prompt.read_text().format(INSTRUCTION=row["query"])
        assert captions[row["id"]] == writer.greedy(writer.inputs(text, [opened(row["image"])]), 12)
    assert (tmp_path / "c.json").read_text() == json.dumps(captions, indent=4)


def test_of_rows_with_one_id_the_last_is_described_at_the_first_ones_place(vlrm, tmp_path):
    pairs = world_pairs(6)
    pairs[0]["id"] = pairs[4]["id"] = "twice"
    model = ["--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "-q"]
    vlrm("caption", *model, "--data", write_pairs(tmp_path / "all.parquet", pairs), "-o", tmp_path / "all.json")
    vlrm("caption", *model, "--data", write_pairs(tmp_path / "last.parquet", [pairs[4]]), "-o", tmp_path / "last.json")
    captions = json.loads((tmp_path / "all.json").read_text())
    assert list(captions) == ["twice", *(pair["id"] for pair in pairs[1:4]), pairs[5]["id"]]
    assert captions["twice"] == json.loads((tmp_path / "last.json").read_text())["twice"]


def test_captions_of_a_file_of_questions_feed_the_cascade(vlrm, goldens, tmp_path):
    questions = [{"id": row["id"], "input": row["input"]} for row in read_lines(goldens / "eval/responses/textvqa_val.jsonl")]
    task = ["--task", "textvqa_val", "--data", goldens / "eval/data/textvqa"]
    vlrm("caption", "--model", goldens / "models/vlm", *task, "--responses", write_lines(tmp_path / "q.jsonl", questions),
         "--max-new-tokens", 4, "-o", tmp_path / "captions.json", "-q")
    assert list(json.loads((tmp_path / "captions.json").read_text())) == [str(row["id"]) for row in questions]
    vlrm("eval", "best-of-n", *task, "--responses", goldens / "eval/responses/textvqa_val.jsonl", "--model",
         goldens / "models/rm", "--mode", "cascade", "--captions", tmp_path / "captions.json", "-o", tmp_path / "out", "-q")


def test_a_judges_texts_and_scores_are_the_references(goldens, vlrm, writer, asked, tmp_path):
    system, user = (prompt_file(goldens, f"judge_{part}") for part in ("system", "user"))
    responses = read_lines(goldens / "eval/responses/textvqa_val.jsonl")
    vlrm("judge", *asked, "--task", "textvqa_val", "--data", goldens / "eval/data/textvqa", "--responses",
         goldens / "eval/responses/textvqa_val.jsonl", "--prompt-template", user, "--system-prompt", system,
         "--max-new-tokens", 12, "-o", tmp_path / "out")
    judged = read_lines(tmp_path / "out/results.jsonl")
    images = {row["question_id"]: opened(row["image"]).convert("RGB") for row in rows(goldens, "textvqa")}
    assert [list(row) for row in judged] == [[*row, "vlm_outputs", "scores"] for row in responses]
    for row in judged[:2]:
        assert len(row["vlm_outputs"]) == len(row["scores"]) == len(row["responses"])
        for response, output in set(zip(row["responses"], row["vlm_outputs"])):
            text = user.read_text().format(INSTRUCTION="<|image|>" + row["input"], ANSWER=response)
            assert output == writer.greedy(writer.inputs(text, [images[row["id"]]], system.read_text()), 12)


@pytest.mark.parametrize("how, prefix, scores", [
    ("score", "Overall: 3", None), ("score", "Reasons. Overall: 2. I mean ", None),
    ("pairwise", "Verdict: A. ", [0.5, 0.5]), ("pairwise", "Verdict: B ", [0.5, 0.5])])
def test_a_judgement_begins_with_its_prefix(vlrm, tmp_path, how, prefix, scores):
    """The model goes on behind it, and the number or the verdict may stand in it already."""
    data = write_pairs(tmp_path / "pairs.parquet", world_pairs(2))
    judge = ["judge", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "--max-new-tokens", 6, "--judge", how]
    vlrm(*judge, "--response-prefix", prefix, "-o", tmp_path / "out", "-q")
    for row in read_lines(tmp_path / "out/results.jsonl"):
        texts = [output if how == "score" else output["text"] for output in row["vlm_outputs"]]
        assert all(text.startswith(prefix) for text in texts)
        if how == "score":
            assert row["outputs"] == [number_behind_overall(text) for text in texts]
        else:  # both games say the same place
            assert row["outputs"] == scores and "Verdict" in texts[0]


def number_behind_overall(text):
    return round(float(re.search(r"-?[\d,]*\.?\d+", text.rsplit("Overall", 1)[1])[0].replace(",", "")), 5)


def test_likelihood_is_the_expected_number(goldens, vlrm, writer, asked, tmp_path):
    import torch

    template = tmp_path / "rate.txt"
    template.write_text("{INSTRUCTION} / {ANSWER} / 1 to 5:")
    vlrm("judge", *asked, "--task", "vl_rewardbench", "--data", goldens / "eval/data/vl_rewardbench", "--judge", "likelihood",
         "--prompt-template", template, "-o", tmp_path / "out")
    numbers = torch.tensor([1.0, 2, 3, 4, 5], dtype=torch.float64)
    tokens = [writer.processor.tokenizer.encode(str(i), add_special_tokens=False) for i in range(1, 6)]
    judged = read_lines(tmp_path / "out/results.jsonl")
    for row, result in zip(rows(goldens, "vl_rewardbench")[:4], judged):
        for response, score in zip(row["response"], result["outputs"]):
            text = f"<|image|>{row['query']} / {response} / 1 to 5:"
            logits = writer.next_token(writer.inputs(text, [opened(row["image"])]))
            expected = (torch.softmax(logits[[token[0] for token in tokens]], 0) * numbers).sum()
            assert abs(score - expected.item()) < 1e-4
    assert "vlm_outputs" in judged[0] and judged[0]["vlm_outputs"] == []
    assert "judge (likelihood)" in vlrm("results", tmp_path / "out")


def test_how_many_answers_got_no_number_is_told(vlrm, tmp_path):
    data = write_pairs(tmp_path / "pairs.parquet", world_pairs(3))
    notes = vlrm("judge", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "--max-new-tokens", 1,
                 "-o", tmp_path / "out", "-q", notes=True)
    assert notes[-1].endswith("; 6 responses got no number from the judge, which counts as 0")
    assert all(row["outputs"] == [0, 0] for row in read_lines(tmp_path / "out/results.jsonl"))


def test_pairs_are_judged_in_both_orders(vlrm, tmp_path):
    pairs = world_pairs(3)
    pairs[2]["response"] = ["the same", "the same"]
    data = write_pairs(tmp_path / "pairs.parquet", pairs)
    # A model of the world answers such a prompt with no verdict: all are ties.
    notes = vlrm("judge", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "--judge", "pairwise",
                 "--max-new-tokens", 6, "-o", tmp_path / "out", "-q", notes=True)
    assert notes[-1] == "note: 2 of 3 rows have several best responses, of which the first counts"
    judged = read_lines(tmp_path / "out/results.jsonl")
    assert [[(game["a"], game["b"]) for game in row["vlm_outputs"]] for row in judged] == [[(0, 1), (1, 0)]] * 3
    assert [game["text"] for game in judged[2]["vlm_outputs"]] == ["", ""]
    assert all(row["outputs"] == [0.5, 0.5] for row in judged)
    for pair, row in zip(pairs, judged):  # what was asked in each of the games
        for prompt, order in zip(row["prompts"], ((0, 1), (1, 0)), strict=True):
            a, b = (prompt.index(f"Answer {letter}:\n\n{pair['response'][i]}\n") for letter, i in zip("AB", order))
            assert prompt.startswith("<|image|>") and a < b


ANSWERS = {
    "textvqa_val": ("textvqa", ["id", "question", "answers", "input", "responses", "correctness"]),
    "mmmu_pro_standard_cot": ("mmmu_pro_standard", ["id", "subject", "question", "answer", "input", "responses", "correctness"]),
    "mmmu_pro_vision_cot": ("mmmu_pro_vision", ["id", "subject", "answer", "input", "responses", "correctness"]),
}


@pytest.mark.parametrize("task", list(ANSWERS))
def test_answers_have_the_published_fields_and_are_evaluated(goldens, vlrm, task, tmp_path):
    folder, fields = ANSWERS[task]
    out = tmp_path / "answers.jsonl"
    data = ["--task", task, "--data", goldens / "eval/data" / folder]
    vlrm("answers", "--model", goldens / "models/vlm", *data, "--max-new-tokens", 5, "-n", 3, "-o", out, "-q")
    answers, published = read_lines(out), read_lines(goldens / f"eval/responses/{task}.jsonl")
    assert [list(row) for row in answers] == [fields] * len(answers)
    known = {row["id"]: row for row in published}
    if task == "textvqa_val":  # the same questions as the published ones
        for row in answers:
            assert {key: row[key] for key in fields[:4]} == {key: known[row["id"]][key] for key in fields[:4]}
    assert all(len(row["responses"]) == len(row["correctness"]) == 3 for row in answers)
    vlrm("eval", "best-of-n", *data, "--responses", out, "--model", goldens / "vlrm_ties", "-o", tmp_path / "results", "-q")


@pytest.fixture(scope="module")
def answering(goldens):
    return ["answers", "--model", goldens / "models/vlm", "--task", "textvqa_val", "--data", goldens / "eval/data/textvqa",
            "--max-new-tokens", 24, "-q"]


@pytest.fixture(scope="module")
def whole(answering, vlrm, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "a.jsonl"
    start = time.monotonic()
    vlrm(*answering, "-n", 4, "-o", out)
    return out.read_bytes(), time.monotonic() - start


@pytest.mark.parametrize("flags", [["--texts-together", 1], ["--texts-together", 7], ["--threads", 1], ["--weights", "streamed"]])
@pytest.mark.first_set
def test_answers_do_not_depend_on_what_is_written_beside_them(answering, whole, vlrm, flags, tmp_path):
    vlrm(*answering, "-n", 4, *flags, "-o", tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == whole[0]


@pytest.mark.first_set
def test_a_seed_starts_where_it_is_told(answering, whole, vlrm, tmp_path):
    vlrm(*answering, "--seed", 2, "-n", 2, "-o", tmp_path / "a.jsonl")
    expected = [json.loads(line)["responses"][2:] for line in whole[0].splitlines()]
    assert [row["responses"] for row in read_lines(tmp_path / "a.jsonl")] == expected


@pytest.mark.first_set
def test_a_killed_run_goes_on_to_the_same_bytes(answering, whole, vlrm, tmp_path):
    expected, seconds = whole
    command = [*answering, "-n", 4, "--texts-together", 8]
    draw, resumed = random.Random(3), 0
    for attempt in range(12):
        out = tmp_path / f"{attempt}.jsonl"
        partial = tmp_path / f"{attempt}.jsonl.partial"
        process = subprocess.Popen([PROGRAM, *map(str, command), "-o", out], stderr=subprocess.DEVNULL)
        if attempt % 2:  # among its answers, however slow the machine is
            while process.poll() is None and not (partial.exists() and partial.stat().st_size > 0):
                time.sleep(0.005)
        else:
            time.sleep(draw.uniform(0.2, 1.2) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        resumed += partial.exists() and partial.stat().st_size > 0
        vlrm(*command, "-o", out)
        assert out.read_bytes() == expected
        assert sorted(os.listdir(tmp_path)) == sorted(
            name for i in range(attempt + 1) for name in (f"{i}.jsonl", f"{i}.jsonl.run.json"))
    assert resumed >= 3


def test_an_interrupted_run_that_wrote_nothing_leaves_nothing(answering, tmp_path):
    process = subprocess.Popen([PROGRAM, *map(str, answering), "--texts-together", "1", "-o", tmp_path / "in/a.jsonl"],
                               stderr=subprocess.PIPE)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait() in (130, -2)
    assert not os.listdir(tmp_path) or os.listdir(tmp_path / "in")


@pytest.mark.first_set
def test_finished_work_is_left_alone_and_others_is_not_mixed_in(answering, vlrm, tmp_path):
    out = tmp_path / "a.jsonl"
    small = [*answering, "-n", 1, "-o", out]
    vlrm(*small)
    before = out.stat().st_mtime_ns
    vlrm(*small)
    assert out.stat().st_mtime_ns == before
    error = vlrm(*small, "--temperature", "0.5", fails=True)
    assert error.endswith("a.jsonl: made with other settings (temperature was 1.0, now 0.5); --force starts again")
    vlrm(*small, "--temperature", "0.5", "--force")
    assert out.stat().st_mtime_ns != before


def test_what_is_begun_anew_does_not_stand_beside_the_old_results(vlrm, tmp_path):
    out = tmp_path / "out"
    judge = ["judge", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data",
             write_pairs(tmp_path / "pairs.parquet", world_pairs(40)), "-o", out, "-q", "--max-new-tokens"]
    vlrm(*judge, 1)
    process = subprocess.Popen([PROGRAM, *map(str, judge), "200", "--texts-together", "1", "--force"], stderr=subprocess.DEVNULL)
    while '"max_new_tokens": 1\n' in (out / "run.json").read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert sorted(os.listdir(out)) == [".vlrm-claim.results.jsonl", "results.jsonl.partial", "run.json"]
    assert "0/40†" in vlrm("results", out)
    error = vlrm("eval", "vl-rewardbench", "--model", ROOT / "world/vlm", "--likelihood", "--data", tmp_path / "pairs.parquet",
                 "-o", out, "--force", fails=True)
    assert "results.jsonl.partial: of a vlrm judge that has not finished" in error


@pytest.mark.parametrize("change", ["grown", "shrunk", "edited"])
@pytest.mark.first_set
def test_responses_that_change_meanwhile_are_told(goldens, vlrm, change, tmp_path):
    rows = read_lines(goldens / "eval/responses/textvqa_val.jsonl")[:6]
    for row in rows:
        row["responses"], row["correctness"] = ["red", "blue"], [1, 0]
    responses, out = write_lines(tmp_path / "r.jsonl", rows[:5]), tmp_path / "out"
    judge = ["judge", "--model", goldens / "models/vlm", "--task", "textvqa_val", "--data", goldens / "eval/data/textvqa",
             "--responses", responses, "-o", out, "-q", "--texts-together", 1, "--max-new-tokens", 40]
    process = subprocess.Popen([PROGRAM, *map(str, judge)], stderr=subprocess.PIPE, text=True)
    while not (out / "results.jsonl.partial").exists() or not (out / "results.jsonl.partial").read_text():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGSTOP)
    changed = {"grown": rows, "shrunk": rows[:2], "edited": [*rows[1:5], rows[0]]}[change]
    write_lines(tmp_path / "new.jsonl", changed)
    os.truncate(responses, 0)  # the same file, not another of its name
    responses.write_bytes((tmp_path / "new.jsonl").read_bytes())
    process.send_signal(signal.SIGCONT)
    _, error = process.communicate()
    assert process.returncode == 2 and "while texts were written" in error, error
    assert not (out / "results.jsonl").exists()


@pytest.mark.parametrize("line", ['{"request": 0, "written": "x"}', '{"request": 0, "written": []}', '{"request": 0, "written": [3]}'])
def test_an_edited_journal_is_told(vlrm, line, tmp_path):
    out = tmp_path / "c.json"
    caption = ["caption", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data",
               write_pairs(tmp_path / "pairs.parquet", world_pairs(1)), "-o", out, "-q", "--max-new-tokens", 1]
    vlrm(*caption)
    out.unlink()
    (tmp_path / "c.json.partial").write_text(line + "\n")
    assert "c.json.partial, line 1: is no answer to a request" in vlrm(*caption, fails=True)


def test_a_directory_is_no_output(vlrm, tmp_path):
    data = write_pairs(tmp_path / "pairs.parquet", world_pairs(1))
    error = vlrm("caption", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "-o", f"{tmp_path}/new/",
                 fails=True)
    assert error.endswith("new/: is no name of a file")
    assert os.listdir(tmp_path) == ["pairs.parquet"]


def test_aggregate_reads_lmms_evals_logs(vlrm, tmp_path):
    def textvqa(number, response, right):
        return {"doc_id": number, "target": "x", "filtered_resps": [response], "resps": [[response]], "exact_match": right,
                "doc": {"question_id": number, "question": "what?", "answers": ["a"] * 10, "image": None},
                "input": "What?\nShort.", "submission": {"question_id": number, "answer": response}}

    for run, folder in enumerate(("seed_0", "seed_1/model", "seed_10")):
        (tmp_path / "logs" / folder).mkdir(parents=True)
        write_lines(tmp_path / "logs" / folder / "x_samples_textvqa_val.jsonl",
                    [textvqa(number, f"r{run}", (1, 0.9, 0.0)[run]) for number in ((7, 3) if run else (3, 7))])
    (tmp_path / "logs/results.json").write_text("{}")
    vlrm("aggregate", tmp_path / "logs", "--task", "textvqa_val", "-o", tmp_path / "new/out.jsonl")
    shared = {"question": "what?", "answers": ["a"] * 10, "input": "What?\nShort."}
    assert (tmp_path / "new/out.jsonl").read_text() == "".join(json.dumps(
        {"id": number, **shared, "responses": ["r0", "r1", "r2"], "correctness": [1, 0.9, 0.0]}) + "\n" for number in (3, 7))
    error = vlrm("aggregate", tmp_path / "logs", "--task", "textvqa_val", "-o", tmp_path / "new/out.jsonl", fails=True)
    assert "exists" in error


# How a version of lmms-eval writes the one answer to a question.
VERSIONS = {
    "0.3": lambda raw, filtered, doc: {"doc": doc, "resps": [[raw]], "filtered_resps": [filtered]},
    "0.4": lambda raw, filtered, doc: {"filtered_resps": [filtered]} | ({"resps": [[raw]]} if raw != filtered else {}),
    "0.7": lambda raw, filtered, doc: {"filtered_resps": filtered} | ({"resps": [raw]} if raw != filtered else {}),
}


@pytest.mark.parametrize("task", ["textvqa_val", "mmmu_pro_standard_cot", "mmmu_pro_vision_cot"])
@pytest.mark.parametrize("versions", [["0.3"], ["0.4"], ["0.7"], ["0.4", "0.7", "0.3"], ["0.3", "0.4", "0.7"]])
def test_aggregate_reads_the_logs_of_each_version(vlrm, tmp_path, task, versions):
    doc = {"question_id": 7, "question": "what?", "answers": ["a"] * 10} if task == "textvqa_val" else {
        "id": "test_7", "subject": "Art", "question": "what?", "answer": "B"}
    expected = []
    for run, version in enumerate(versions):
        raw, filtered, right = (("B", "B", True), ("so C", "C", False), ("D", "D", False))[run]
        mark = {"exact_match": float(right), "submission": {"question_id": 7, "answer": filtered}} if task == "textvqa_val" else {
            "mmmu_acc": {"id": "test_7", "subject": "Art", "answer": "B", "parsed_pred": filtered}}
        write_lines(tmp_path / f"{run}_samples.jsonl", [
            {"doc_id": 0, "target": "x", **VERSIONS[version](raw, filtered, doc), "input": "What?", "token_counts": [None]} | mark])
        expected.append((raw, right))
    vlrm("aggregate", tmp_path, "--task", task, "-o", tmp_path / "out.json")
    [line] = read_lines(tmp_path / "out.json")
    assert line["id"] == (7 if task == "textvqa_val" else "test_7") and line["input"] == "What?"
    assert list(zip(line["responses"], line["correctness"])) == expected
    assert task == "textvqa_val" or line["answer"] == "B"


def test_aggregate_compares_mmmus_answers(vlrm, tmp_path):
    def mmmu(parsed):
        return {"doc": {"id": "test_1", "subject": "Art", "question": "q?", "answer": "B", "options": "['x']"}, "input": "q?\nA. x",
                "resps": [["so " + parsed]], "mmmu_acc": {"id": "test_1", "subject": "Art", "answer": "B", "parsed_pred": parsed}}

    write_lines(tmp_path / "a.jsonl", [mmmu("B"), mmmu("C")])
    for task, question in (("mmmu_pro_standard_cot", {"question": "q?"}), ("mmmu_pro_vision_cot", {})):
        vlrm("aggregate", tmp_path, "--task", task, "-o", tmp_path / "out.json", "--force")
        assert read_lines(tmp_path / "out.json") == [{"id": "test_1", "subject": "Art", **question, "answer": "B",
                                                     "input": "q?\nA. x", "responses": ["so B", "so C"],
                                                     "correctness": [True, False]}]


@pytest.mark.parametrize("line, expected", [
    ("{", "a.jsonl, line 1"),
    ({}, "a.jsonl, line 1: has no \"doc\": not a sample that lmms-eval logged"),
    ({"doc": {"question_id": 1}}, "has no \"question\""),
    ({"doc": {"question_id": 1, "question": "", "answers": []}, "input": "", "resps": [["a", "b"]], "exact_match": 1},
     "\"resps\" is not one text"),
    ({"submission": {"question_id": 1}, "input": "", "filtered_resps": ["a", "b"], "exact_match": 1},
     "\"filtered_resps\" is not one text"),
    ({"submission": {"answer": "x"}, "input": "", "filtered_resps": ["a"], "exact_match": 1}, "has no \"question_id\""),
    ({"doc": {"question_id": 1, "question": "", "answers": []}, "input": "", "resps": [["a"]]}, "has no \"exact_match\""),
    ({"doc": {"question_id": 1, "question": "", "answers": []}, "input": "", "resps": [["a"]], "exact_match": None},
     "line 1: \"exact_match\" is not a number"),
    (None, "a.jsonl files are empty"),
])
def test_what_is_no_log_is_told(vlrm, tmp_path, line, expected):
    (tmp_path / "a.jsonl").write_text("" if line is None else line if isinstance(line, str) else json.dumps(line))
    error = vlrm("aggregate", tmp_path, "--task", "textvqa_val", "-o", tmp_path / "out", fails=True)
    assert expected in error.replace("its .jsonl", "a.jsonl")


@pytest.mark.parametrize("command, expected", [
    (["caption", "--task", "textvqa_val"], "--responses: textvqa_val needs a file of responses"),
    (["caption", "--task", "rlaif-v"], "--task: rlaif-v is none of vl-rewardbench, multimodal-rewardbench,"),  # its rows have no ids
    (["caption", "--task", "vl-rewardbench", "--responses", "r"], "--responses: not for vl-rewardbench"),
    (["caption", "--task", "vl_rewardbench", "--responses", "r"], "--responses: not for vl-rewardbench"),
    (["answers", "--task", "vl_rewardbench"], "--task: vl_rewardbench is none of"),
    (["judge", "--task", "textvqa_val"], "--responses: textvqa_val needs a file of responses"),
    (["judge", "--task", "textvqa-val"], "--responses: textvqa_val needs a file of responses"),
    (["judge", "--task", "rlaif_v", "--responses", "r"], "--responses: not for rlaif-v"),
    (["judge", "--task", "RLAIF-V"], "--task: RLAIF-V is none of vl-rewardbench, rlaif-v, multimodal-rewardbench,"),
    (["judge", "--task", "rlaif_v", "--judge", "likelihood", "--temperature", 1], "--judge likelihood has nothing written: --temp"),
    (["aggregate", "{tmp}", "--task", "textvqa_val"], "has no .jsonl files of samples"),
    (["aggregate", "{tmp}/none", "--task", "textvqa_val"], "none: cannot be read"),
    (["aggregate", "{tmp}", "--task", "x"], "--task: x is none of textvqa_val, textvqa_train_100, mmmu_pro_standard_cot,"),
])
def test_mistakes_are_told_before_anything_is_written(vlrm, command, expected, tmp_path):
    model = [] if command[0] == "aggregate" else ["--model", ROOT / "world/vlm"]
    command = [str(part).format(tmp=tmp_path) for part in command]
    assert expected in vlrm(*command, *model, "-o", tmp_path / "out", fails=True)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("change, expected", [
    ({"query": None}, "\"query\" is not a text"),
    ({"image": None}, "row 1: has no image"),
    ({"image": {"bytes": b"no image", "path": None}}, "row 1, column image: "),
])
def test_a_bad_row_is_named(vlrm, change, expected, tmp_path):
    pairs = world_pairs(2)
    pairs[1].update(change)
    data = write_pairs(tmp_path / "pairs.parquet", pairs, PAIRS)
    for command in ("caption", "judge"):
        error = vlrm(command, "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "-o",
                     tmp_path / "out", "-q", "--max-new-tokens", 2, fails=True)
        assert expected in error


@pytest.mark.parametrize("flags", [["--max-new-tokens", 9], ["--judge", "likelihood"]])
def test_what_comes_before_a_bad_row_is_kept(vlrm, flags, tmp_path):
    pairs = world_pairs(9)
    pairs[6]["image"] = {"bytes": b"no image", "path": None}
    data = write_pairs(tmp_path / "pairs.parquet", pairs)
    error = vlrm("judge", "--model", ROOT / "world/vlm", "--task", "vl_rewardbench", "--data", data, "-o", tmp_path / "out", "-q",
                 *flags, fails=True)
    assert "row 6, column image: " in error
    assert len(read_lines(tmp_path / "out/results.jsonl.partial")) == 12


def test_a_text_model_sees_nothing(vlrm, tmp_path):
    data = write_pairs(tmp_path / "pairs.parquet", world_pairs(1))
    error = vlrm("caption", "--model", ROOT / "world/rm", "--task", "vl_rewardbench", "--data", data, "-o", tmp_path / "o",
                 fails=True)
    assert error.endswith("a text model, which sees no image")


def test_a_text_model_judges_by_the_words(vlrm, tmp_path):
    pairs = world_pairs(2)
    data = write_pairs(tmp_path / "pairs.parquet", pairs)
    template = tmp_path / "rate.txt"
    template.write_text("<|image|>{INSTRUCTION} / {ANSWER} / 1 to 5:")
    flags = ["--task", "vl_rewardbench", "--data", data, "--prompt-template", template, "-q"]
    notes = vlrm("judge", "--model", GOLDENS / "models/base_instruct", *flags, "--max-new-tokens", 9, "-o", tmp_path / "out", notes=True)
    assert [note for note in notes if note.endswith("is a text model: it judges without the images")]
    assert json.loads((tmp_path / "out/run.json").read_text())["images"] is False
    for row, pair in zip(read_lines(tmp_path / "out/results.jsonl"), pairs, strict=True):
        prompts = [f"{pair['query']} / {response} / 1 to 5:" for response in pair["response"]]
        assert row["prompts"] == prompts
        texts = [vlrm("generate", "--model", GOLDENS / "models/base_instruct", "--prompt", prompt, "--max-new-tokens", 9, "--json", "-q")
                 for prompt in prompts]
        assert row["vlm_outputs"] == [json.loads(text)["text"] for text in texts]
    vlrm("judge", "--model", GOLDENS / "models/base_instruct", *flags, "--judge", "likelihood", "-o", tmp_path / "likelihood")
