"""vlrm search: the command, on a few rows of the little world."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import PACKAGE, PROGRAM, THREADS, WORLD

pytest.importorskip("optuna", reason="vlrm search needs optuna: pip install -r tools/requirements/test.txt")
pytest.importorskip("cmaes", reason="vlrm search needs cmaes: pip install -r tools/requirements/test.txt")

MODELS = ["--vlm", WORLD / "vlm", "--rm", WORLD / "rm", "--base", WORLD / "base", "--threads", THREADS]


@pytest.fixture(scope="session")
def few_rows(tmp_path_factory):
    """48 validation and 24 test rows of the little world, of all groups; no twins are torn apart."""
    import pyarrow.parquet

    folder = tmp_path_factory.mktemp("rows")
    table = pyarrow.parquet.read_table(WORLD / "pairs.parquet")
    for name, starts in (("validation", (0, 240, 480)), ("test", (100, 340, 580))):
        taken = [start + step + number for step in range(0, 16, 4) for start in starts for number in range(4)]
        pyarrow.parquet.write_table(table.take(taken if name == "validation" else taken[:24]), folder / f"{name}.parquet")
    return folder


def test_each_space_merges_and_one_weight_is_in_depth_and_parts(few_rows, tmp_path):
    """Starts of all spaces are scored on 8 rows; those of depth and parts that have one weight give its scores."""
    import vlrm
    from vlrm.search.spaces import SPACES, named_space

    for name in SPACES:
        for number, start in enumerate(named_space(name).starts):
            (tmp_path / f"{name}-{number}.yml").write_text(named_space(name).text(start))
    vlrm.sweep("vl-rewardbench", [tmp_path / "*.yml"], vlm=WORLD / "vlm", rm=WORLD / "rm", base=WORLD / "base",
               data=few_rows / "validation.parquet", limit=8, output=tmp_path / "out", threads=THREADS, dtype="float32")
    scores = {each.name: [json.loads(line)["outputs"] for line in (each / "results.jsonl").read_text().splitlines()]
              for each in (tmp_path / "out").iterdir()}
    assert len(scores) == 13 and all(len(each) == 8 for each in scores.values())
    flat = [score for row in scores["task_arithmetic-0"] for score in row]
    for name in ("depth-0", "parts-0", "methods-1"):
        assert [score for row in scores[name] for score in row] == pytest.approx(flat, abs=2e-4), name
    assert [score for row in scores["depth-1"] for score in row] != pytest.approx(flat, abs=0.05)


def words_of(few_rows, output, *more, space="methods"):
    return [*map(str, ["search", "vl-rewardbench", "--data", few_rows / "test.parquet", "--validation", "vl-rewardbench",
                       "--validation-data", few_rows / "validation.parquet", *MODELS, "--space", space, "--trials", 6,
                       "--candidates", 3, "--rungs", 2, "-o", output, *more])]


def search(*words):
    from vlrm.search.command import main

    return main(list(map(str, words)))


def trials_of(folder):
    from vlrm.search.study import Study

    return {name: (trial.params, trial.value, trial.user_attrs) for name, trial in Study(folder / "study.log").trials().items()}


@pytest.fixture(scope="session")
def searched(few_rows, tmp_path_factory):
    out = tmp_path_factory.mktemp("searched") / "out"
    assert search(*words_of(few_rows, out, "-q")) == 0
    return out


def test_a_search_from_rounds_to_a_recipe(few_rows, searched, tmp_path, capsys):
    import vlrm

    trials = trials_of(searched)
    assert list(trials) == ["000-0", "000-1", "000-2", "001-0", "001-1", "001-2"]
    assert [trials[f"000-{place}"][0]["method"] for place in range(3)] == ["linear", "task_arithmetic", "ties"]
    report = json.loads((searched / "report.json").read_text())
    full = {name: value for name, (_, value, said) in trials.items() if said["rows"] == 48}
    assert 1 <= len(full) <= 2 and report["best"]["name"] == max(full, key=full.get)
    lines = {name: len((searched / "candidates" / name / "results.jsonl").read_text().splitlines()) for name in trials}
    assert lines == {name: said["rows"] for name, (_, _, said) in trials.items()} and set(lines.values()) <= {16, 48}
    assert report["row_evaluations"] == sum(lines.values()) <= 2 * (3 * 16 + 32)
    # A run that grew from 16 rows to 48 has the bytes of one of 48.
    name = report["best"]["name"]
    whole = vlrm.sweep("vl-rewardbench", [searched / f"recipes/{name}.yml"], vlm=WORLD / "vlm", rm=WORLD / "rm", base=WORLD / "base",
                       data=few_rows / "validation.parquet", output=tmp_path / "whole", threads=THREADS)
    ours, theirs = (folder / name / "results.jsonl" for folder in (searched / "candidates", tmp_path / "whole"))
    assert ours.read_bytes() == theirs.read_bytes()
    assert json.loads((ours.parent / "run.json").read_text()) == json.loads((theirs.parent / "run.json").read_text())
    overall = next(each for each in whole[0]["metrics"] if each["figure"] == "overall")
    assert report["validation"]["percent"] == pytest.approx(overall["percent"])
    assert report["test"]["rows"] == 24 and (searched / f"test/{name}/results.jsonl").exists()
    assert (searched / "best.yml").read_text() == (searched / f"recipes/{name}.yml").read_text()
    page = (searched / "search.html").read_text()
    assert page.count("<svg") >= 3 and all(name in page for name in trials) and "ties.density" in page
    vlrm.build(vlm=WORLD / "vlm", rm=WORLD / "rm", base=WORLD / "base", recipe=searched / "best.yml", output=tmp_path / "built")
    # The same command again does nothing; more trials go on.
    before = {path: path.stat().st_mtime_ns for path in (searched / "candidates").rglob("*")}
    capsys.readouterr()
    assert search(*words_of(few_rows, searched)) == 0
    said = capsys.readouterr()
    assert said.err == "" and f"best: {name} (" in said.out and "test: " in said.out
    assert before == {path: path.stat().st_mtime_ns for path in (searched / "candidates").rglob("*")}


def test_a_killed_search_goes_on_with_the_same_trials(few_rows, searched, tmp_path):
    """Killed in each round's rungs, and as a journal is written."""
    code = "import sys; from vlrm.search.command import main; sys.exit(main(sys.argv[1:]))"
    how = os.environ | {"PYTHONPATH": PACKAGE}
    for told in ("round 0: 3 of 3", "round 0: 1 of 3", "round 1: "):
        worker = subprocess.Popen([sys.executable, "-c", code, *words_of(few_rows, tmp_path / "out")], env=how, stderr=subprocess.PIPE, text=True)
        for line in worker.stderr:
            if line.startswith(told):
                break
        else:
            pytest.fail(f"ended before it said {told}")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert search(*words_of(few_rows, tmp_path / "out", "-q")) == 0
    assert trials_of(tmp_path / "out") == trials_of(searched)
    ours, theirs = (json.loads((folder / "report.json").read_text()) for folder in (tmp_path / "out", searched))
    assert ours | {"best": None} == theirs | {"best": None} and ours["best"]["values"] == theirs["best"]["values"]
    assert not list((tmp_path / "out/rounds").glob(".*"))


def test_workers_share_the_rounds(few_rows, tmp_path, capsys):
    from vlrm.search.claims import Claim

    (tmp_path / "out/rounds").mkdir(parents=True)
    other = Claim(tmp_path / "out/rounds/000.claim")
    assert other.take()
    assert search(*words_of(few_rows, tmp_path / "out")) == 0
    said = capsys.readouterr()
    assert "round 0: another worker has it" in said.err and "other workers still have rounds" in said.out
    assert sorted(trials_of(tmp_path / "out")) == ["001-0", "001-1", "001-2"]
    assert not (tmp_path / "out/best.yml").exists() and not (tmp_path / "out/test").exists()
    last = Claim(tmp_path / "out/report.claim")
    assert last.take()
    other.release()
    assert search(*words_of(few_rows, tmp_path / "out", "-q")) == 0
    assert capsys.readouterr().out.startswith("another worker writes the report of") and not (tmp_path / "out/best.yml").exists()
    last.release()
    assert search(*words_of(few_rows, tmp_path / "out", "-q")) == 0
    assert len(trials_of(tmp_path / "out")) == 6 and (tmp_path / "out/best.yml").exists()


def test_a_grid_beside_it_and_a_budget(few_rows, tmp_path, program, capsys):
    paper = tmp_path / "paper"
    subprocess.run([PROGRAM, "recipes", "paper", "-o", paper], check=True, capture_output=True)
    for name in ("validation", "test"):
        program("eval", "vl-rewardbench", "--data", few_rows / f"{name}.parquet", "--recipes", paper / "linear-rm0.5.yml",
                paper / "task_arithmetic-weight0.8.yml", *MODELS[:6], "-o", tmp_path / f"grid/{name}", "-q")
    assert search(*words_of(few_rows, tmp_path / "out", "--budget", 130, "--grid", tmp_path / "grid/test", "--grid",
                            tmp_path / "grid/validation", "-q")) == 0
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert 80 <= report["row_evaluations"] <= 130
    grid = report["grid"]
    assert grid["row_evaluations"] == 2 * 48 and set(grid) == {"chosen_on_validation", "chosen_on_test", "row_evaluations"}
    low, high = grid["chosen_on_test"]["interval"]
    assert low <= grid["chosen_on_test"]["difference"] <= high
    assert grid["chosen_on_test"]["percent"] >= grid["chosen_on_validation"]["percent"]
    assert "which favours it" in capsys.readouterr().out
    assert search(*words_of(few_rows, tmp_path / "out", "--grid", tmp_path / "grid/validation", "-q")) == 2
    assert "none is a sweep over the test rows" in capsys.readouterr().err


@pytest.mark.parametrize("more, line", [
    (["--space", "dpeth"], "vlrm: --space: dpeth is neither a file nor one of linear, task_arithmetic, "),
    (["--space", "depth", "--blocks", "9"], "vlrm: --blocks: 9 is not a number from 2 to 8"),
    (["--space", "depth", "--method", "slerp"], "vlrm: --method: slerp is none of linear, "),
    (["--sampler", "grid"], "vlrm: --sampler: grid is none of tpe, cmaes"),
    (["--space", "methods", "--sampler", "cmaes"], "vlrm: --sampler: cmaes searches numbers, and method is a choice; use tpe"),
    (["--space", "linear", "--sampler", "cmaes"], "vlrm: --sampler: cmaes searches two numbers or more"),
    (["--objective", "loss"], "vlrm: --objective: loss is none of scaled, margin, accuracy"),
    (["--trials", "0"], "vlrm: --trials: 0 is below 1"),
    (["--budget", "47"], "vlrm: --budget: 47 row evaluations do not suffice for one candidate on all 48 rows"),
    (["--columns", "prompt"], "vlrm: --columns: 'prompt' is not of the form prompt=question"),
    (["--validation", "pairs", "--validation-data", ""], "vlrm: --validation-data: pairs needs the dataset"),
    (["--data", "nowhere.parquet"], "vlrm: nowhere.parquet: no such file or directory"),
    (["--validation", "vl-rewardbanch"], "vlrm: the validation rows (vl-rewardbanch): "),
    (["--grid", str(WORLD)], f"vlrm: --grid {WORLD}: has no result folders"),
    (["--trials", "x"], "vlrm: search: argument --trials: invalid int value: 'x'"),
    (["--vlm", "nowhere"], "vlrm: nowhere: no such directory")])
def test_what_is_refused_in_one_line(few_rows, tmp_path, capsys, more, line):
    try:
        code = search(*words_of(few_rows, tmp_path / "out", "-q", *more))
    except SystemExit as end:
        code = end.code
    said = capsys.readouterr()
    assert code == 2 and said.err.startswith(line) and said.err.count("\n") == 1 and said.out == "", said.err
    assert not (tmp_path / "out/best.yml").exists()


def shuffled(few_rows, folder):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(few_rows / "validation.parquet")
    pyarrow.parquet.write_table(table.take(list(range(47, -1, -1))), folder / "shuffled.parquet")
    return folder / "shuffled.parquet"


def test_a_study_stays_what_it_is(few_rows, searched, tmp_path, capsys):
    for more, what in ((["--seed", "1"], "seed"), (["--candidates", "4"], "candidates"), (["--rungs", "1"], "rungs")):
        assert search(*words_of(few_rows, searched, "-q", *more)) == 2
        assert f"search.json: of a search with another {what}; take another folder" in capsys.readouterr().err
    assert search(*words_of(few_rows, searched, "-q", space="depth")) == 2
    assert "another space" in capsys.readouterr().err
    shutil.copytree(searched, tmp_path / "copy")
    assert search(*words_of(few_rows, tmp_path / "copy", "-q", "--trials", 9, "--dtype", "float32")) == 2
    assert "dtype is another than in" in capsys.readouterr().err
    assert len([trial for trial in trials_of(tmp_path / "copy").values() if trial[1] is not None]) == 6
    assert search(*words_of(few_rows, searched, "-q", "--validation-data", WORLD / "pairs.parquet")) == 2
    assert "another rungs" in capsys.readouterr().err
    assert search(*words_of(few_rows, searched, "-q", "--validation-data", shuffled(few_rows, tmp_path))) == 2
    assert "another validation" in capsys.readouterr().err
    same = few_rows / "validation.parquet"
    assert search(*words_of(few_rows, tmp_path / "same", "-q", "--data", same)) == 2
    assert "the validation rows are the test rows" in capsys.readouterr().err


def test_sorted_rows_are_told(tmp_path, few_rows, capsys):
    from vlrm.search.command import _warn_of_order

    said = []
    _warn_of_order({"groups": {"names": ["A", "B", "C"], "rows": [0] * 30 + [1] * 30 + [2] * 30}}, 40, said.append)
    _warn_of_order({"groups": {"names": ["A", "B"], "rows": [0, 1] * 30}}, 8, said.append)
    _warn_of_order({"task": "pairs"}, 8, said.append)
    assert said == ["warning: the first 40 validation rows hold none of C: the rows are sorted; shuffle them, or use --rungs 1"]


def test_without_optuna_one_line(monkeypatch, few_rows, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert search(*words_of(few_rows, tmp_path / "out")) == 2
    said = capsys.readouterr().err
    assert said.startswith("vlrm: vlrm search needs optuna: pip install optuna cmaes") and said.count("\n") == 1


def test_the_program_says_where_it_is_and_help_has_an_example(capsys):
    done = subprocess.run([PROGRAM, "search"], capture_output=True, text=True)
    assert done.returncode == 2 and "search is a command of the Python package: pip install it, and see docs/search.md" in done.stderr
    with pytest.raises(SystemExit) as end:
        search("search", "--help")
    assert end.value.code == 0 and "vlrm search vl-rewardbench --vlm VLM" in capsys.readouterr().out
