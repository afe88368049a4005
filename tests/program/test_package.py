"""The library behind the program, from an installed prefix: find_package(vlrm), and the programs of examples/."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM, ROOT

pytestmark = pytest.mark.first_set
HEADERS = sorted(path.name for path in (ROOT / "include/vlrm").iterdir())


def run(*words, **how):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    place = tmp_path_factory.mktemp("installed") / "prefix"
    run("cmake", "--install", Path(PROGRAM).parents[1], "--prefix", place)
    return place


@pytest.fixture(scope="session")
def examples(prefix, tmp_path_factory):
    """The folder of the programs. The prefix has moved meanwhile: nothing in it knows where it was."""
    build = tmp_path_factory.mktemp("examples")
    moved = prefix.with_name("moved")
    shutil.copytree(prefix, moved, symlinks=True)
    run("cmake", "-S", ROOT / "examples", "-B", build, f"-DCMAKE_PREFIX_PATH={moved}")
    run("cmake", "--build", build)
    return build


@pytest.mark.parametrize("header", HEADERS)
def test_a_public_header_stands_alone(header, tmp_path):
    """Without the headers of the rooms and of other libraries."""
    text = (ROOT / "include/vlrm" / header).read_text()
    assert '#include "' not in text
    (tmp_path / "one.cpp").write_text(f"#include <vlrm/{header}>\n")
    run("c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", ROOT / "include", tmp_path / "one.cpp")


def test_headers_libraries_and_the_program_are_installed(prefix):
    assert sorted(path.name for path in (prefix / "include/vlrm").iterdir()) == HEADERS
    names = {path.name for path in prefix.rglob("*")}
    assert {"vlrm", "libvlrm.so", "vlrmConfig.cmake", "vlrmConfigVersion.cmake"} <= names


@pytest.mark.parametrize("name", ["score.cpp", "merge.cpp"])
def test_examples_are_short(name):
    assert len((ROOT / "examples" / name).read_text().splitlines()) <= 40


def test_score_gives_the_scores_of_the_program(examples, vlrm, goldens):
    """By a library that lies beside the one that opens it: the example is a program elsewhere."""
    model, image = goldens / "vlrm_ties", next(goldens.rglob("rgb_large.jpg"))
    words = ["What is this?", "A cat.", "A dog, I think."]
    theirs = run(examples / "score", model, image, *words).stdout
    ours = vlrm("score", "--model", model, "--image", image, "--prompt", words[0], "--response", words[1], "--response", words[2])
    scores = re.findall(r"-?\d+\.\d{5}", theirs)
    assert len(scores) == 2 and scores == re.findall(r"-?\d+\.\d{5}", ours)


def test_merge_gives_the_bytes_of_the_program(examples, vlrm, goldens, tmp_path):
    recipe = tmp_path / "linear.yml"
    recipe.write_text("merge_method: linear\nmodels:\n" + "".join(
        f"- {{model: {goldens}/models/{name}, parameters: {{weight: 0.5}}}}\n" for name in ("base", "rm")))
    done = run(examples / "merge", recipe, tmp_path / "theirs")
    assert "merging: 100 %" in done.stderr
    vlrm("merge", recipe, tmp_path / "ours")
    assert (tmp_path / "theirs/model.safetensors").read_bytes() == (tmp_path / "ours/model.safetensors").read_bytes()


def test_errors_come_out_as_exceptions(examples, goldens):
    done = subprocess.run([examples / "score", "/nowhere", "a.jpg", "x", "y"], capture_output=True, text=True)
    assert done.returncode == 2 and "/nowhere" in done.stderr
    assert subprocess.run([examples / "merge", "/nowhere.yml", "out"], capture_output=True).returncode == 2
