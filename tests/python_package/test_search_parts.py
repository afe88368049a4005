"""The parts of vlrm search, on made-up numbers: spaces, the objective, halving, the study, claims, rounds, the page."""

import json
import math
import os
import random
import subprocess

import pytest
from conftest import PROGRAM

pytest.importorskip("optuna", reason="vlrm search needs optuna: pip install -r tools/requirements/test.txt")
pytest.importorskip("cmaes", reason="vlrm search needs cmaes: pip install -r tools/requirements/test.txt")


def rows_of(*margins):
    """Made-up rows; None is a row without a preference."""
    from vlrm.search.objective import Row

    return [None if margin is None else Row((margin,), float(margin > 0)) for margin in margins]


def trials_of(folder):
    from vlrm.search.study import Study

    return {name: (trial.params, trial.value, trial.user_attrs) for name, trial in Study(folder / "study.log").trials().items()}


def published(folder):
    subprocess.run([PROGRAM, "recipes", "paper", "-o", folder], check=True, capture_output=True)
    return folder


# Spaces


def test_a_space_writes_the_published_recipes(tmp_path):
    """A search at the numbers of a published recipe is that recipe: mergekit's fields, and the weights."""
    import yaml
    from vlrm.search.spaces import named_space

    published(tmp_path / "paper")
    for space, values, name in (("linear", {"rm": 0.3}, "linear-rm0.3"),
                                ("task_arithmetic", {"weight": 0.7}, "task_arithmetic-weight0.7"),
                                ("dare_ties", {"weight": 0.5, "density": 0.4}, "dare_ties-weight0.5-density0.4")):
        assert yaml.safe_load(named_space(space).text(values)) == yaml.safe_load((tmp_path / f"paper/{name}.yml").read_text())
    methods = named_space("methods")
    assert methods.recipe({"method": "linear", "linear.rm": 0.3}) == named_space("linear").recipe({"rm": 0.3})


def test_weights_by_depth_and_by_part():
    import yaml
    from vlrm.search.spaces import named_space

    depth = named_space("depth", "linear", 3)
    recipe = yaml.safe_load(depth.text({"rm.0": 0.1, "rm.1": 0.5, "rm.2": 0.25}))
    vlm, rm = (model["parameters"]["weight"] for model in recipe["models"])
    assert rm == [{"filter": "lm_head", "value": 0}, {"filter": "embed_tokens", "value": 0.1}, {"filter": "model.norm", "value": 0.25},
                  {"value": [0.1, 0.5, 0.25]}]
    assert vlm == [{"filter": "lm_head", "value": 1}, {"filter": "embed_tokens", "value": 0.9}, {"filter": "model.norm", "value": 0.75},
                   {"value": [0.9, 0.5, 0.75]}]
    parts = yaml.safe_load(named_space("parts", "ties").text({"rm.embeddings": 0, "rm.attention": 0.2, "rm.mlp": 0.6, "vlm": 1, "density": 0.5}))
    assert parts["models"][1]["parameters"] == {"density": 0.5, "weight": [
        {"filter": "lm_head", "value": 0}, {"filter": "embed_tokens", "value": 0}, {"filter": "self_attn", "value": 0.2},
        {"filter": "mlp", "value": 0.6}, {"value": 0.4}]}
    assert [each.name for each in named_space("depth", "dare_ties", 2).parameters] == ["rm.0", "rm.1", "vlm", "density"]


def own(tmp_path, text):
    from vlrm.search.own_space import read_space

    (tmp_path / "own.yml").write_text(text)
    return read_space(tmp_path / "own.yml")


def test_a_space_of_ones_own(tmp_path):
    space = own(tmp_path, """
merge_method: {choices: [ties, dare_ties]}
base_model: base
models:
  - model: vlm
    parameters: {weight: 1, density: {low: 0.1, high: 0.9, name: kept}}
  - model: rm
    parameters:
      weight:
        - {filter: self_attn, value: {low: 0.01, high: 1, log: true}}
        - value: [{low: 0, high: 1}, {low: 0, high: 2}]
      density: {low: 0.1, high: 0.9, name: kept}
""")
    assert {each.name: (getattr(each, "low", None), getattr(each, "log", None)) for each in space.parameters} == {
        "merge_method": (None, None), "kept": (0.1, False), "rm.weight.self_attn": (0.01, True),
        "rm.weight.0": (0, False), "rm.weight.1": (0, False)}
    recipe = space.recipe({"merge_method": "ties", "kept": 0.5, "rm.weight.self_attn": 0.2, "rm.weight.0": 0.3, "rm.weight.1": 0.4})
    assert recipe["merge_method"] == "ties" and recipe["models"][0]["parameters"] == {"weight": 1, "density": 0.5}
    assert recipe["models"][1]["parameters"]["weight"] == [{"filter": "self_attn", "value": 0.2}, {"value": [0.3, 0.4]}]


@pytest.mark.parametrize("text, complaint", [
    ("a: [", "is not YAML"),
    ("merge_method: linear", "has no range to search"),
    ("a: {low: 1, high: 0}", "the range a needs two numbers, low below high"),
    ("a: {low: 0, high: 1, hihg: 2}", "the range a has an unknown field hihg; it may have high, log, low, name"),
    ("a: {low: 0, high: 1, log: true}", "by its logarithm, so low must be at least 0.0001"),
    ("a: {choices: ties}", "the choices of a must be a list"),
    ("a: {low: 0, high: 1, name: x}\nb: {low: 0, high: 2, name: x}", "two ranges are called x")])
def test_what_is_wrong_with_a_space(tmp_path, text, complaint):
    import vlrm

    with pytest.raises(vlrm.Error, match=complaint) as error:
        own(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "own.yml")) and "\n" not in str(error.value)


# The objective


def test_rows_of_each_shape():
    from vlrm.search.objective import row_of

    assert row_of({"outputs": [1.0, 3.0], "ground_truth": [1, 0]}, "").margins == (2.0,)
    pair = row_of({"outputs": [1.0, 1.0], "ground_truth": [1, 0]}, "")
    assert pair.margins == (0.0,) and pair.right == 0  # the first of equals is chosen
    assert row_of({"outputs": [1.0, 3.0], "ground_truth": []}, "") is None
    four = row_of({"outputs": [1.0, 3.0, 0.0, 2.0], "ground_truth": [1, 0, 1, 1]}, "")
    assert four.margins == (2.0, 3.0, 1.0) and four.right == 1
    best = row_of({"scores": [1.0, 3.0, 2.0], "correctness": [1.0, 0.25, 0.25]}, "")
    assert best.margins == (-2.0, -1.0) and best.right == 0.25
    with pytest.raises(ValueError, match="r.jsonl:3: has neither"):
        row_of({"id": 1}, "r.jsonl:3")


def test_the_scale_of_scores_decides_nothing():
    from vlrm.search.objective import accuracy, best_scale, is_finite, objective_of

    draw = random.Random(0)
    margins = [draw.gauss(1, 2) for _ in range(200)] + [None]
    rows, larger = rows_of(*margins), rows_of(*(each and each * 50 for each in margins))
    assert objective_of(rows, "scaled") == pytest.approx(objective_of(larger, "scaled"), abs=1e-9)
    assert objective_of(larger, "margin") < 5 * objective_of(rows, "margin") < 0
    scales = [best_scale(rows) * factor for factor in (0.9, 1, 1.1)]
    likelihoods = [objective_of(rows_of(*(each and each * scale for each in margins)), "margin") for scale in scales]
    assert max(likelihoods) == likelihoods[1] == pytest.approx(objective_of(rows, "scaled"), abs=1e-9)
    assert accuracy(rows) == accuracy(larger) == sum(each > 0 for each in margins[:-1]) / 200
    assert math.log(0.5) - 1e-3 < objective_of(rows_of(-1, -2, -3), "scaled") < math.log(0.5) + 1e-3
    assert objective_of(rows_of(1, 2, 3), "scaled") == pytest.approx(0, abs=1e-6)
    assert objective_of(rows_of(0.0, 0.0), "scaled") == pytest.approx(math.log(0.5))
    assert is_finite(rows) and not is_finite(rows_of(1, math.nan)) and not is_finite(rows_of(math.inf))


# Halving


def test_rungs_are_whole_batches_and_end_with_all_rows():
    from vlrm.search.halving import most_candidates, most_rows, rungs

    assert rungs(720, 3, 3, 8) == [80, 240, 720] and rungs(720, 1, 3, 8) == [720]
    assert rungs(361, 3, 3, 8) == [48, 128, 361] and rungs(10, 3, 3, 8) == [8, 10]
    assert most_rows(8, [80, 240, 720], 3) == 8 * 80 + 3 * 160 + 480
    assert most_candidates(1600, 8, [80, 240, 720], 3) == 8 and most_candidates(1599, 8, [80, 240, 720], 3) == 7
    assert most_candidates(719, 8, [80, 240, 720], 3) == 0


def test_who_stays_is_decided_on_the_same_rows():
    from vlrm.search.halving import difference, estimate, staying

    draw = random.Random(1)
    hard = [draw.gauss(0, 3) for _ in range(90)]
    best = rows_of(*(each + 1 for each in hard))
    a, b, c, d = (rows_of(*(each + more for each in hard[:30])) for more in (1.2, 0.9, 0.2, -2.0))
    assert staying({"a": a, "b": b, "c": c, "d": d}, None, 2, "margin") == ["a", "b"]
    assert staying({"a": a, "b": b, "c": c, "d": d}, best, 1, "margin") == ["a"]  # b is surely worse, if by little
    assert staying({"c": c, "d": d}, best, 2, "margin") == []
    middle, error = difference(a, best, "margin")
    assert 0 < middle < 0.2 and error < 0.02
    # The estimate is nearer to what all rows say than the mean of the rows that were seen.
    from vlrm.search.objective import objective_of
    truth = objective_of(rows_of(*(each + 1.2 for each in hard)), "margin")
    assert abs(estimate(a, best, "margin") - truth) < abs(objective_of(a, "margin") - truth) / 3


# The study


def propose(folder, space, sampler, seed):
    from vlrm.search.study import Study

    return Study(folder / "study.log").propose(space, sampler, seed, 4, popsize=4)


@pytest.mark.parametrize("sampler, name", [("tpe", "methods"), ("tpe", "depth"), ("cmaes", "depth")])
def test_a_study_that_is_opened_again_proposes_the_same(tmp_path, sampler, name):
    """And learns: of a made-up objective, the later rounds of numbers alone are better."""
    from vlrm.search.spaces import named_space
    from vlrm.search.study import Study

    space = named_space(name)
    means = []
    for number in range(8):
        once, again = (propose(tmp_path, space, sampler, number) for _ in range(2))
        assert once == again and once != propose(tmp_path, space, sampler, number + 100)
        json.dumps(once)
        study = Study(tmp_path / "study.log")
        values = []
        for place, proposal in enumerate(once):
            study.begin(f"{number}-{place}", proposal, space)
            study.begin(f"{number}-{place}", proposal, space)  # after a kill
            numbers = [value for value in proposal["values"].values() if isinstance(value, (int, float))]
            values.append(-sum((each - 0.9) ** 2 for each in numbers) / len(numbers))
            study.tell(f"{number}-{place}", values[-1], {"rows": 8})
            study.tell(f"{number}-{place}", 99.0, {"rows": 9})
        means.append(sum(values) / 4)
    trials = Study(tmp_path / "study.log").trials()
    assert len(trials) == 32 and all(trial.user_attrs["rows"] == 8 and trial.value < 0.1 for trial in trials.values())
    assert name == "methods" or sum(means[5:]) > sum(means[:3])


def test_a_torn_line_of_the_journal_is_cut(tmp_path):
    from vlrm.search.spaces import named_space
    from vlrm.search.study import Study

    space = named_space("linear")
    Study(tmp_path / "study.log").begin("000-0", {"values": {"rm": 0.5}, "attributes": {}}, space)
    with open(tmp_path / "study.log", "a") as file:
        file.write('{"op_code":4,"wor')
    study = Study(tmp_path / "study.log")
    study.begin("000-1", {"values": {"rm": 0.25}, "attributes": {}}, space)
    assert {name: trial.params for name, trial in Study(tmp_path / "study.log").trials().items()} == {
        "000-0": {"rm": 0.5}, "000-1": {"rm": 0.25}}


def test_a_claim_is_taken_over_from_the_dead_alone(tmp_path):
    import vlrm
    from vlrm.search.claims import DEAD_AFTER, Claim

    path = tmp_path / "000.claim"
    first, second = Claim(path), Claim(path)
    assert first.take() and not second.take()
    first.check()
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"started": "1"}))  # another process had the number
    assert second.take()
    with pytest.raises(vlrm.TemporaryError, match="another worker took this round over"):
        first.check()
    first.release()
    second.check()
    path.write_text(json.dumps(found | {"machine": "elsewhere"}))
    assert not Claim(path).take()
    os.utime(path, (0, path.stat().st_mtime - DEAD_AFTER - 1))
    third = Claim(path)
    assert third.take()
    third.release()
    assert list(tmp_path.iterdir()) == []


# Rounds, on made-up scores


class MadeUpScores:
    """In place of the sweep: a row's margin depends on the recipe's numbers and on the row."""

    def score(self, recipes, output, limit, total, progress=None):
        import yaml
        from vlrm.search.files import as_json, write_whole

        for recipe in recipes:
            weight = yaml.safe_load(recipe.read_text())["models"][0]["parameters"]["weight"]
            lines = [json.dumps({"outputs": [1.5 - (weight - 0.8) ** 2, math.sin(row) + 1], "ground_truth": [0, 1]}) for row in range(limit)]
            folder = output / recipe.stem
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "run.json", as_json({"rows": limit}))
            (folder / "results.jsonl").write_text("\n".join(lines) + "\n")


def rounds_in(folder, seed=0):
    from vlrm.search.rounds import Rounds, Settings
    from vlrm.search.spaces import named_space
    from vlrm.search.study import Study

    folder.mkdir(exist_ok=True)
    settings = Settings("tpe", seed, 4, (8, 24), 3, "scaled")
    return Rounds(folder, named_space("dare_ties"), settings, Study(folder / "study.log"), MadeUpScores(), lambda line: None)


class Stopped(BaseException):
    pass


def test_a_search_that_is_stopped_at_any_write_ends_the_same(tmp_path, monkeypatch):
    """20 times, before and after what is written: plans, recipes, claims, lines of the journal, results."""
    from optuna.storages.journal import JournalFileBackend
    from vlrm.search import claims, files, rounds

    assert rounds_in(tmp_path / "whole").work(12, None)
    writes, draw, left = 0, random.Random(3), [math.inf]

    def counted(write):
        def one(*words):
            nonlocal writes
            writes += 1
            left[0] -= 1
            before = draw.random() < 0.5
            if left[0] == 0 and before:
                raise Stopped
            result = write(*words)
            if left[0] == 0:
                raise Stopped
            return result
        return one

    for module in (rounds, claims, files):
        for name in ("write_whole", "write_first"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, counted(getattr(module, name)))
    monkeypatch.setattr(JournalFileBackend, "append_logs", counted(JournalFileBackend.append_logs))
    monkeypatch.setattr(MadeUpScores, "score", counted(MadeUpScores.score))
    assert rounds_in(tmp_path / "again").work(12, None) and writes > 60
    stops, share = 0, writes // 14
    while stops < 20:
        left[0] = draw.randint(1, share)
        try:
            if rounds_in(tmp_path / "stopped").work(12, None):
                break
        except Stopped:
            stops += 1
        finally:
            for claim in (tmp_path / "stopped/rounds").glob("*.claim"):  # as the process is dead
                claim.unlink()
    left[0] = math.inf
    assert rounds_in(tmp_path / "stopped").work(12, None) and stops >= 10
    assert trials_of(tmp_path / "whole") == trials_of(tmp_path / "again") == trials_of(tmp_path / "stopped")
    assert len(trials_of(tmp_path / "whole")) == 12


def test_a_budget_is_never_passed_and_seeds_differ(tmp_path):
    for budget in (24, 40, 65, 150, 199):
        rounds = rounds_in(tmp_path / str(budget))
        assert rounds.work(100, budget)
        assert 24 <= rounds.spent() <= budget
        assert sum(trial[2]["rows"] for trial in trials_of(rounds.folder).values()) == rounds.spent()
        assert rounds.best() is not None
    other = rounds_in(tmp_path / "other", seed=1)
    other.work(100, 199)
    assert trials_of(other.folder) != trials_of(tmp_path / "199")


def test_scores_that_are_not_finite_fail_a_trial(tmp_path, monkeypatch):
    rounds = rounds_in(tmp_path / "out")
    score, said = MadeUpScores.score, []

    def broken(self, recipes, output, limit, total, progress=None):
        score(self, recipes, output, limit, total)
        for file in output.glob("000-0/results.jsonl"):
            file.write_text(file.read_text().replace("1.49", "NaN", 1))
            assert "NaN" in file.read_text()

    monkeypatch.setattr(MadeUpScores, "score", broken)
    rounds.say = said.append
    assert rounds.work(8, None)
    trials = trials_of(tmp_path / "out")
    assert [name for name, trial in trials.items() if trial[1] is None] == ["000-0"]
    assert "000-0: has scores that are not finite numbers, and is left out" in said and rounds.best()[0] != "000-0"


def test_a_page_shows_what_there_is():
    from vlrm.search.page import Trial, page, strongest
    from vlrm.search.spaces import named_space

    draw, trials = random.Random(0), []
    for number in range(40):
        values = {name: draw.random() for name in ("rm.0", "rm.1", "vlm")}
        value = -((values["rm.1"] - 0.5) ** 2) - (values["vlm"] - 0.4) ** 2 + draw.random() * 1e-3
        trials.append(Trial(f"{number:03}-0", values, value, 0.8, 24 if number % 2 else 8, bool(number % 2)))
    space = named_space("depth", blocks=2)
    assert {each.name for each in strongest(space, trials)} == {"rm.1", "vlm"}
    text = page("A <search>", space, trials, ["best: x"])
    assert text.count("<svg") == 5 and "A &lt;search&gt;" in text and "<search>" not in text
    best = max((trial for trial in trials if trial.full), key=lambda trial: trial.value)
    assert text.count('class="best"') == 4 and f"{best.name}: {best.value:.4f}" in text
    assert "No candidate was scored on all rows" in page("none", space, [], [])
