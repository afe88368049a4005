"""vlrm reproduce paper on the embedded world and small datasets in the real layouts."""

import json
import random
import shutil
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from conftest import GOLDENS, PROGRAM, ROOT, read_lines
from evaluations import world_pairs, write_pairs
from tables import IMAGE

pytestmark = pytest.mark.first_set

WORLD, EVAL = ROOT / "world", GOLDENS / "eval"
MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base"]
RECIPES = ["linear-rm0.3", "linear-rm0.5", "task_arithmetic-weight0.5", "task_arithmetic-weight1.0",
           "ties-weight1.0-density0.6", "dare_linear-weight1.0-density0.8", "dare_ties-weight0.7-density0.8"]
METHODS = {"linear": "Linear", "task_arithmetic": "Task Vec.", "ties": "TIES", "dare_linear": "DARE + Task Vec.",
           "dare_ties": "DARE + TIES"}
TESTS = ["vl-rewardbench", "textvqa_val", "mmmu_pro_standard_cot", "mmmu_pro_vision_cot"]
VALIDATION = pa.schema([("question", pa.string()), ("image", IMAGE), ("chosen", pa.string()), ("rejected", pa.string())])


@pytest.fixture(scope="module")
def recipes(vlrm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipes")
    vlrm("recipes", "paper", "-o", folder / "all")
    for name in RECIPES:
        shutil.copy(folder / f"all/{name}.yml", folder)
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Test pairs, and others in the layout of RLAIF-V to choose by: (flags)."""
    folder, rows = tmp_path_factory.mktemp("pairs"), world_pairs(24)
    write_pairs(folder / "test.parquet", rows[:8])
    validation = [{"question": row["query"], "image": row["image"], "chosen": row["response"][row["human_ranking"].index(0)],
                   "rejected": row["response"][row["human_ranking"].index(1)]} for row in rows[8:]]
    write_pairs(folder / "validation.parquet", validation, VALIDATION)
    return ["--data", f"vl-rewardbench={folder}/test.parquet", "--data", f"rlaif_v={folder}/validation.parquet"]


@pytest.fixture(scope="module")
def best_of_n():
    named = {"textvqa_val": "textvqa", "mmmu-pro-standard-cot": "mmmu_pro_standard", "mmmu_pro_vision_cot": "mmmu_pro_vision"}
    flags = ["--data", f"textvqa_train_100={EVAL}/data/textvqa/validation-00000-of-00001.parquet"]
    for task, data in named.items():
        file = EVAL / f"responses/{task.replace('-', '_')}.jsonl"
        flags += ["--data", f"{task}={EVAL}/data/{data}", "--responses", f"{task}={file}"]
    return flags


@pytest.fixture(scope="module")
def command(recipes, pairs):
    return ["reproduce", "paper", *MODELS, *pairs, "--recipes", f"{recipes}/*.yml", "--max-new-tokens", "6", "--threads", "1", "-q"]


@pytest.fixture(scope="module")
def whole(command, best_of_n, tmp_path_factory):
    """All of it, uninterrupted: its folder, standard output and seconds."""
    out, begun = tmp_path_factory.mktemp("whole") / "out", time.monotonic()
    done = subprocess.run([PROGRAM, *map(str, [*command, *best_of_n, "--limit", "4", "-o", out])], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out, done.stdout, time.monotonic() - begun


def files(folder):
    """But for pages, which name the folder that they were made from."""
    return {path.relative_to(folder): path.read_bytes().replace(str(folder).encode(), b"OUT")
            for path in folder.rglob("*") if path.is_file() and path.suffix != ".html"}


def accuracy(rows):
    """In percent, of what has the highest score."""
    def right(row):
        scores = row.get("outputs", row.get("scores"))
        best = scores.index(max(scores))
        return row["correctness"][best] if "correctness" in row else row["ground_truth"][best] == 0

    return 100 * sum(map(right, rows)) / len(rows)


def chosen_by_hand(out, method, validation):
    best, name = -1, None
    for recipe in sorted(recipe for recipe in RECIPES if recipe.startswith(method + "-")):
        percent = accuracy(read_lines(out / f"validation/rm/{validation}/{recipe}/results.jsonl"))
        if percent > best:
            best, name = percent, recipe
    return name, best


def test_recipes_are_chosen_on_validation_rows_and_run_on_test(whole):
    out, _, _ = whole
    plan = json.loads((out / "plan.json").read_text())
    assert {one["state"] for one in plan["steps"]} == {"done"} and len(plan["steps"]) == 63
    assert [(one["method"], one["validation"]) for one in plan["chosen"]] == [
        (method, validation) for validation in ("rlaif-v", "textvqa_train_100") for method in METHODS]
    for one in plan["chosen"]:
        assert (one["recipe"], one["percent"]) == chosen_by_hand(out, one["method"], one["validation"])
        assert one["benchmarks"] == (TESTS[:1] if one["validation"] == "rlaif-v" else TESTS[1:])
        for test in one["benchmarks"]:
            for mode, folder in (("image", one["method"]), ("no-image", one["method"] + "-no-image")):
                run = json.loads((out / f"test/rm/{folder}/{test}/run.json").read_text())
                assert (run["mode"], run["recipe"]["file"]) == (mode, one["recipe"] + ".yml")


def table_rows(markdown):
    """Of the first table: its rows, cells by label."""
    lines = [line for line in markdown.split("\n\n")[1].splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("*", "").split(" (")[0] for cell in line.strip("|").split("|")] for line in lines]
    return cells[0], {row[0]: row[1:] for row in cells[2:]}


def test_the_tables_have_the_papers_rows_and_columns(whole):
    out, told, _ = whole
    head, rows = table_rows((out / "tables.md").read_text())
    assert head == ["Method", "General", "Hallucination", "Reasoning", "Overall", "Macro", "TextVQA Overall",
                    "MMMU-Pro standard", "MMMU-Pro vision"]
    assert list(rows) == ["Random", "vlm, judge", "rm, text only", "Cascade", *METHODS.values()]
    folders = {"Random": "random", "vlm, judge": "judge", "rm, text only": "rm/text-only", "Cascade": "rm/cascade",
               **{title: f"rm/{method}" for method, title in METHODS.items()}}
    for label, folder in folders.items():
        found = [accuracy(read_lines(out / f"test/{folder}/{test}/results.jsonl")) for test in TESTS]
        assert [rows[label][i] for i in (3, 5, 6, 7)] == [f"{percent:.1f}" for percent in found], label
    assert "Only the first 4 rows of each benchmark." in told and "Missing" not in told
    assert told.endswith(f"{out}: tables.txt, tables.md, tables.tex, report.html, plan.json\n")
    assert (out / "tables.txt").read_text() in told
    assert "\\begin{tabular}" in (out / "tables.tex").read_text() and "<html" in (out / "report.html").read_text()[:200]
    for title in METHODS.values():
        assert f"{title}, no image" in (out / "tables.md").read_text()


def test_killed_it_goes_on_to_the_same_bytes(whole, command, best_of_n, tmp_path):
    expected, seconds = files(whole[0]), whole[2]
    arguments = [PROGRAM, *map(str, [*command, *best_of_n, "--limit", "4", "-o", tmp_path / "out"])]
    draw, killed = random.Random(5), 0
    for part in (0.4, 0.3, 0.4):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(part * seconds * draw.uniform(0.7, 1.0))
        process.send_signal(draw.choice([signal.SIGKILL, signal.SIGINT]))
        process.communicate()
        killed += process.returncode != 0
    assert killed >= 2 and not (tmp_path / "out/plan.json").exists()
    subprocess.run(arguments, check=True, capture_output=True)
    assert files(tmp_path / "out") == expected
    again = subprocess.run(arguments, check=True, capture_output=True, text=True)
    assert "63 steps: 63 done, 0 left, 0 cannot be done now" in again.stdout and "step " not in again.stderr
    assert files(tmp_path / "out") == expected


@pytest.fixture
def small(command, tmp_path):
    """Of VL-RewardBench alone."""
    return [*command, "--only", "vl-rewardbench", "--captions", f"vl-rewardbench={WORLD}/captions.json", "--limit", "2", "-o",
            tmp_path / "out"]


def test_a_dry_run_writes_nothing(vlrm, small, tmp_path):
    told = vlrm(*small, "--dry-run")
    assert " 3  left     7 recipes with rm on RLAIF-V, to choose from, less than 1 s\n" in told
    assert "15 steps: 0 done, 15 left, 0 cannot be done now; less than 1 s, about " in told
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_named_and_the_rest_runs(vlrm, command, whole, best_of_n, tmp_path):
    """Responses that nobody has, a dataset that is not there, and what waits for them; then they come."""
    flags = [*command, "--only", "vl-rewardbench,textvqa", "--limit", "4", "-o", tmp_path / "out"]
    missing = ["--data", f"textvqa_train_100={tmp_path}/none.parquet", "--data", f"textvqa_val={EVAL}/data/textvqa"]
    done = subprocess.run([PROGRAM, *map(str, [*flags, *missing])], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "vlrm: 17 of 33 steps cannot be done: what they need is missing. The tables hold the others; the same command "
        "goes on")
    assert f"{tmp_path}/none.parquet: no such file or directory\n    not made: responses/textvqa_train_100" in done.stdout
    assert "name a file with --responses textvqa_val=FILE" in done.stdout
    assert "Missing: Random on TextVQA; vlm, judge on TextVQA" in (tmp_path / "out/tables.txt").read_text().replace("\n", " ")
    _, rows = table_rows((tmp_path / "out/tables.md").read_text())
    _, expected = table_rows((whole[0] / "tables.md").read_text())
    assert {label: cells[:5] for label, cells in rows.items()} == {label: cells[:5] for label, cells in expected.items()}
    vlrm(*command, *best_of_n, "--limit", "4", "-o", tmp_path / "out")
    assert files(tmp_path / "out") == files(whole[0])


def test_a_missing_model_is_named_with_how_to_get_it(small, tmp_path):
    at = small.index("--rm")
    flags = [*small[: at + 1], "allenai/llama-3.1-tulu-2-8b-uf-mean-rm", *small[at + 2 :]]
    done = subprocess.run([PROGRAM, *map(str, flags)], capture_output=True, text=True)
    assert done.returncode == 2 and "hf download allenai/llama-3.1-tulu-2-8b-uf-mean-rm" in done.stdout
    assert "Llama-3.2-Vision" not in done.stdout and "vlm merged with Tulu-2.5-RM" in done.stdout
    head, rows = table_rows((tmp_path / "out/tables.md").read_text())
    assert list(rows) == ["Random", "vlm, judge"]


def test_recipes_that_cannot_be_chosen_are_waited_for(small, tmp_path):
    flags = [f"rlaif-v={tmp_path}/none.parquet" if str(flag).startswith("rlaif") else flag for flag in small]
    done = subprocess.run([PROGRAM, *map(str, flags)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "  waits for validation/rm/rlaif-v\n    not made: test/rm/linear/vl-rewardbench, test/rm/task_arithmetic/" in done.stdout
    states = {step["name"]: step["state"] for step in json.loads((tmp_path / "out/plan.json").read_text())["steps"]}
    assert states["validation/rm/rlaif-v"] == "missing" and states["test/rm/ties/vl-rewardbench"] == "waiting"
    assert states["test/rm/cascade/vl-rewardbench"] == "done"
    _, rows = table_rows((tmp_path / "out/tables.md").read_text())
    assert list(rows) == ["Random", "vlm, judge", "rm, text only", "Cascade"]


def test_several_reward_models_have_a_table_each(vlrm, small, tmp_path):
    shutil.copytree(WORLD / "rm", tmp_path / "second")
    told = vlrm(*small, "--rm", tmp_path / "second")
    assert "vlm merged with rm\n" in told and "vlm merged with second\n" in told
    assert "DARE + TIES, second" in told  # among what was chosen
    runs = [f"{tmp_path}/out/test/{rm}/linear/vl-rewardbench/results.jsonl" for rm in ("rm", "second")]
    assert len({open(run).read() for run in runs}) == 1


def test_the_vlm_writes_responses_where_it_is_asked_to(vlrm, command, tmp_path):
    """Into the folder, as those of TextVQA train 100, which nobody has published."""
    data = EVAL / "data/textvqa/validation-00000-of-00001.parquet"
    vlrm(*command, "--only", "textvqa", "--data", f"textvqa_train_100={data}", "--data", f"textvqa_val={data}", "--limit", "1",
         "--write-responses", "-o", tmp_path / "out")
    for task in ("textvqa_val", "textvqa_train_100"):
        (line,) = read_lines(tmp_path / f"out/responses/{task}.jsonl")
        assert len(line["responses"]) == len(line["correctness"]) == 8
        run = json.loads((tmp_path / f"out/responses/{task}.jsonl.run.json").read_text())
        assert (run["temperature"], run["max_new_tokens"]) == (1.0, 6)


@pytest.mark.parametrize("flags, complaint", [
    (["--only", "textvqa,mmmu"], "--only: mmmu is none of vl-rewardbench, textvqa, mmmu-pro"),
    (["--data", "pairs.parquet"], "--data pairs.parquet: name the benchmark, too, as in textvqa_val=pairs.parquet"),
    (["--captions", "rlaif-v=c.json"],
     "--captions: rlaif-v is none of vl-rewardbench, textvqa_val, mmmu_pro_standard_cot, mmmu_pro_vision_cot"),
    (["--responses", "rlaif-v=r.jsonl"], "--responses: rlaif-v is none of textvqa_val, textvqa_train_100, "
     "mmmu_pro_standard_cot, mmmu_pro_vision_cot"),
    (["--data", "textvqa_val=a", "--data", "textvqa-val=b"], "--data: textvqa_val is named twice"),
    (["--data", "textvqa_val=a", "--data", "textvqa_val=b"], "--data textvqa_val=b: another one is named before it"),
    (["--rm", "a/rm", "--rm", "b/rm"], "--rm: a/rm and b/rm would both have the folder rm"),
    (["--rm", "a/judge"], "--rm: a/judge: a folder of this name has another use here; rename it"),
    (["--recipes", "none/*.yml"], "--recipes: no file matches none/*.yml"),
])
def test_options_that_make_no_plan(vlrm, tmp_path, flags, complaint):
    assert vlrm("reproduce", "paper", "-o", tmp_path / "out", *flags, fails=True) == f"vlrm: {complaint}"
    assert not (tmp_path / "out").exists()


def test_recipes_of_other_methods_alone_make_no_plan(vlrm, tmp_path):
    recipe = "merge_method: slerp\nbase_model: vlm\nparameters: {t: 0.5}\nmodels: [{model: vlm}, {model: rm}]\n"
    (tmp_path / "slerp.yml").write_text(recipe)
    error = vlrm("reproduce", "paper", "-o", tmp_path / "out", "--recipes", tmp_path / "slerp.yml", fails=True)
    assert error == "vlrm: --recipes: none is of one of the paper's methods"


def test_an_option_that_a_step_refuses_is_named_with_the_step(vlrm, small):
    done = subprocess.run([PROGRAM, *map(str, [*small, "--dtype", "int3"])], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("vlrm: test/rm/text-only/vl-rewardbench: --dtype: ")


def test_prompts_are_those_of_files(vlrm, small, command, tmp_path):
    prompt, system, caption = (tmp_path / name for name in ("judge.txt", "system.txt", "caption.txt"))
    prompt.write_text("{INSTRUCTION} {ANSWER}? Overall: 4")
    system.write_text("Be fair.")
    caption.write_text("Say what you see: {INSTRUCTION}")
    at = small.index("--captions")
    flags = [*small[:at], *small[at + 2 :], "--judge-prompt", prompt, "--judge-system-prompt", system, "--caption-prompt", caption]
    done = subprocess.run([PROGRAM, *map(str, [*flags, "--dry-run"])], capture_output=True, text=True, check=True)
    assert "cannot be done now" in done.stdout and ", 0 cannot be done now" in done.stdout
    caption.unlink()
    done = subprocess.run([PROGRAM, *map(str, flags)], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{caption}: no such file; name another one with --caption-prompt\n    not made: captions/vl-rewardbench\n" in done.stdout
    (row, _) = read_lines(tmp_path / "out/test/judge/vl-rewardbench/results.jsonl")
    assert row["prompts"][0].endswith("? Overall: 4")


def test_other_settings_are_refused_by_the_step(vlrm, small, tmp_path):
    vlrm(*small)
    at = small.index("--limit")
    before = (tmp_path / "out/plan.json").read_bytes()
    error = vlrm(*small[: at + 1], "3", *small[at + 2 :], fails=True)
    assert error.startswith("vlrm: test/random/vl-rewardbench: ") and "limit" in error, error
    assert (tmp_path / "out/plan.json").read_bytes() == before
