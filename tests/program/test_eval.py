"""vlrm eval beside the rows that the reference's scripts wrote, and datasets in all forms."""

import json
import os
import re
import shutil
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PROGRAM, ROOT, read_lines, seed, write_lines
from evaluations import benchmark, data, golden_command, model, results, rows_of, write_pairs
from reference_results import FILES, assert_same, printed_by_the_reference, printed_numbers, summary

TOLERANCE = {"float32": 2e-4, "float16": 1e-2}


@pytest.fixture(scope="session")
def ours(goldens, vlrm, device_flags, tmp_path_factory):
    """Our result folder for a file of the reference's."""
    made = {}

    def evaluate(file):
        if file not in made:
            made[file] = tmp_path_factory.mktemp("evaluated") / file.split("/")[2]
            vlrm(*golden_command(goldens, file), *device_flags, "-o", made[file], "-q")
        return made[file]

    return evaluate


def scores_of(row):
    return row["outputs"] if "outputs" in row else row["scores"]


def choice(row):
    return scores_of(row).index(max(scores_of(row)))


def margin(scores):
    best, *others = sorted(scores, reverse=True)
    return best - others[0] if others else float("inf")


@pytest.mark.parametrize("file", FILES)
def test_rows_that_the_reference_wrote(goldens, ours, file):
    tolerance = TOLERANCE[file.split("/")[0]]
    found, expected = rows_of(ours(file)), read_lines(goldens / f"eval/results/{file}.jsonl")
    assert len(found) == len(expected)
    for row, reference in zip(found, expected):
        assert list(row) == list(reference)
        scores, their_scores = scores_of(row), scores_of(reference)
        assert scores == pytest.approx(their_scores, abs=tolerance)
        assert scores == [round(score, 5) for score in scores]
        if margin(their_scores) > 2 * tolerance:
            assert choice(row) == choice(reference)
        if "outputs" in row:
            assert row["predicted_answer"] == choice(row)
        computed = {"outputs": 0, "scores": 0, "predicted_answer": 0}
        assert row | computed == reference | computed


@pytest.mark.parametrize("file", FILES)
def test_lines_are_as_python_writes_them(ours, file):
    for line in results(ours(file)).decode().splitlines():
        assert json.dumps(json.loads(line)) == line


@pytest.mark.parametrize("file", FILES)
def test_summaries_of_our_rows_are_the_references(goldens, ours, vlrm, tmp_path, file):
    """In float16 with the reference's row where its scores are so close that ours chose another response."""
    rows = [theirs if file.startswith("float16") and choice(row) != choice(theirs) else row
            for row, theirs in zip(rows_of(ours(file)), read_lines(goldens / f"eval/results/{file}.jsonl"))]
    written = write_lines(tmp_path / "rows.jsonl", rows)
    for printed in printed_by_the_reference(goldens, file, written):
        assert_same(summary(vlrm, written)[0], printed_numbers(printed))


def test_forms_of_a_dataset_give_the_same_bytes(goldens, vlrm, device_flags, ours, tmp_path):
    expected = results(ours("float32/vl_rewardbench/vlrm"))
    shards = sorted((goldens / "eval/data/vl_rewardbench").iterdir())
    table = pa.concat_tables([pq.read_table(shard) for shard in shards])
    forms = {"saved": goldens / "eval/data/vl_rewardbench_saved_to_disk",
             "lines": write_pairs(tmp_path / "rows.jsonl", table.to_pylist()),
             "one-file": write_pairs(tmp_path / "rows.parquet", table.to_pylist(), table.schema, row_group_size=7)}
    for name, form in forms.items():
        vlrm(*benchmark(goldens, "vl_rewardbench"), "--data", form, *model(goldens, "image"), *device_flags,
             "-o", tmp_path / name, "-q")
        assert results(tmp_path / name) == expected, name


@pytest.fixture
def hub(goldens, tmp_path, monkeypatch):
    """The golden datasets in a hub cache, under their own names and in the folders that the hub has them in."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    places = {"vl_rewardbench": ("MMInstruction/VL-RewardBench", "data"), "rlaif_v": ("lca0503/rlaif_v_train_400", "data"),
              "textvqa": ("lmms-lab/textvqa", "data"), "mmmu_pro_standard": ("MMMU/MMMU_Pro", "standard (10 options)"),
              "mmmu_pro_vision": ("MMMU/MMMU_Pro", "vision")}
    for name, (repository, folder) in places.items():
        cached = tmp_path / "hf/hub" / f"datasets--{repository.replace('/', '--')}"
        snapshot = cached / "snapshots/abc" / folder
        snapshot.mkdir(parents=True)
        (cached / "refs").mkdir(exist_ok=True)
        (cached / "refs/main").write_text("abc")
        for shard in (goldens / "eval/data" / name).iterdir():
            blob = cached / "blobs" / f"{name}-{shard.name}"
            blob.parent.mkdir(exist_ok=True)
            shutil.copy(shard, blob)
            (snapshot / shard.name).symlink_to(blob)


@pytest.mark.parametrize("task", ["vl_rewardbench", "rlaif_v", "textvqa_val", "mmmu_pro_standard_cot", "mmmu_pro_vision_cot"])
def test_datasets_are_found_in_the_hubs_cache(goldens, vlrm, device_flags, ours, hub, tmp_path, task):
    vlrm(*benchmark(goldens, task), *model(goldens, "image"), *device_flags, "-o", tmp_path / "out", "-q")
    assert results(tmp_path / "out") == results(ours(f"float32/{task}/vlrm"))
    run = json.loads((tmp_path / "out/run.json").read_text())
    rows = len(read_lines(goldens / f"eval/results/float32/{task}/vlrm.jsonl"))
    assert "/" in run["data"]["name"] and run["data"]["rows"] == rows


def test_swapped_responses_have_swapped_scores(goldens, vlrm, device_flags, ours, tmp_path):
    """A reward model sees one response at a time: where it stands moves nothing."""
    table = pa.concat_tables([pq.read_table(shard) for shard in sorted((goldens / "eval/data/vl_rewardbench").iterdir())])
    rows = table.to_pylist()
    for row in rows:
        row["response"].reverse()
        row["human_ranking"].reverse()
    swapped = write_pairs(tmp_path / "swapped.parquet", rows, table.schema)
    vlrm(*benchmark(goldens, "vl_rewardbench"), "--data", swapped, *model(goldens, "image"), *device_flags,
         "-o", tmp_path / "out", "-q")
    before, after = rows_of(ours("float32/vl_rewardbench/vlrm")), rows_of(tmp_path / "out")
    assert [row["outputs"][::-1] for row in after] == [row["outputs"] for row in before]
    assert [row["prompts"][::-1] for row in after] == [row["prompts"] for row in before]


def test_responses_in_another_order_than_the_images(goldens, vlrm, device_flags, ours, tmp_path):
    """Images are found by id, also where responses come backwards or one row twice."""
    lines = read_lines(goldens / "eval/responses/textvqa_val.jsonl")
    order = [*range(len(lines) - 1, -1, -1), 3, 3, 0]
    responses = write_lines(tmp_path / "responses.jsonl", [lines[i] for i in order])
    vlrm("eval", "best-of-n", "--task", "textvqa_val", "--responses", responses, *data(goldens, "textvqa_val"),
         *model(goldens, "image"), *device_flags, "-o", tmp_path / "out", "-q")
    expected = rows_of(ours("float32/textvqa_val/vlrm"))
    for row, i in zip(rows_of(tmp_path / "out"), order, strict=True):
        assert row["id"] == expected[i]["id"]
        assert row["scores"] == pytest.approx(expected[i]["scores"], abs=1e-5)


def write_own_data(folder):
    image = {"bytes": (ROOT / "tests/goldens/reference/images").joinpath("gray_L.png").read_bytes(), "path": None}
    (folder / "own.png").write_bytes(image["bytes"])
    write_lines(folder / "pairs.jsonl", [{"prompt": "a", "chosen": "b", "rejected": "c", "image": "own.png"}])
    answer = {"id": 1, "input": "a", "responses": ["b", "c"], "correctness": [1, 0]}
    write_lines(folder / "answers.jsonl", [answer])
    tables = {"pairs": {"question": "a", "a": "b", "b": "c", "kind": "x", "img": image},
              "answers": {"question": "a", "responses": ["b", "c"], "marks": [1, 0], "image": image},
              "photos": {"photo_id": 1, "image": image}}  # fmt: skip
    for name, row in tables.items():
        pq.write_table(pa.Table.from_pylist([row]), folder / f"{name}.parquet")


@pytest.fixture
def folder_of_names(goldens, hub, tmp_path):
    """Where the names that help and documentation use lead to the golden models and files."""
    names = {"OUT": "vlrm_ties", "RM": "models/rm", "VLM": "models/vlm", "BASE": "models/base",
             "textvqa_val.jsonl": "eval/responses/textvqa_val.jsonl", "captions.json": seed(goldens) / "caption/vl_rewardbench.json",
             "ties.yml": "reference/configs/ties_d0.6.yaml"}
    folder = tmp_path / "names"
    folder.mkdir()
    for name, place in names.items():
        (folder / name).symlink_to(goldens / place)
    sample = {"doc": {"question_id": 1, "question": "what?", "answers": ["a"]}, "input": "What?", "resps": [["a"]], "exact_match": 1}
    (folder / "pairs.txt").write_text("{INSTRUCTION} 1: {ANSWER_A} 2: {ANSWER_B}")
    write_own_data(folder)
    (folder / "logs/textvqa_val").mkdir(parents=True)
    (folder / "logs/textvqa_val/samples.jsonl").write_text(json.dumps(sample))
    return folder


@pytest.mark.parametrize("where", ["help", "docs/evaluation.md", "docs/writing.md"])
@pytest.mark.first_set
def test_documented_commands_do_what_they_say(vlrm, folder_of_names, where):
    text = vlrm("eval", "--help").replace("\\\n", " ") if where == "help" else (ROOT / where).read_text()
    commands = re.findall(r"^(?: {2}| {4})(vlrm .*)$", text, re.M)
    commands = [command for command in commands if not re.search("my_task|rows.parquet", command)]  # test_own_task's
    assert len(commands) == {"help": 7, "docs/evaluation.md": 14, "docs/writing.md": 8}[where]
    if where == "docs/writing.md":  # the reference model does not know when to end
        writes = [not re.search("aggregate|likelihood", command) for command in commands]
        commands = [command + " --max-new-tokens 3" * one_writes for command, one_writes in zip(commands, writes)]
    environment = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=folder_of_names, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr)
        assert ("VL-RewardBench" in done.stdout) == command.startswith(("vlrm results", "vlrm eval all"))


def test_merged_on_load(goldens, vlrm, device_flags, tmp_path):
    models = goldens / "models"
    inputs = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base",
              "--recipe", goldens / "reference/configs/ties_d0.6.yaml"]
    vlrm("build", *inputs, "-o", tmp_path / "built", "-q")
    rlaif = [*benchmark(goldens, "rlaif_v"), *data(goldens, "rlaif_v"), *device_flags]
    vlrm(*rlaif, *inputs, "-o", tmp_path / "merged", "-q")
    vlrm(*rlaif, "--model", tmp_path / "built", "-o", tmp_path / "stored", "-q")
    assert results(tmp_path / "merged") == results(tmp_path / "stored")
    assert json.loads((tmp_path / "merged/run.json").read_text())["label"] == "ties_d0.6"
