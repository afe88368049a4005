"""vlrm.hub: downloads and uploads by huggingface_hub."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import json
import os
import shutil
import subprocess

from conftest import ROOT
from fake_hub import commit_of
from hub_fixtures import (
    HUB_PYTHON,
    WORLD,
    asked,
    files_in,
    folder_files,
    hf,
    home,
    hub,
    output,
    program,
    run,
    snapshot_of,
)

PUSH = ("-m", "vlrm.hub", "push")


def python(hub, home, *arguments, **variables):
    environment = os.environ | {"HF_ENDPOINT": hub.url(), "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
                                "PYTHONPATH": str(ROOT / "python")}
    return subprocess.run([HUB_PYTHON, *map(str, arguments)], env=environment | variables, capture_output=True, text=True)


def test_python_downloads_the_same_files(run, hub, home, output, tmp_path):
    """The patterns of the program, as it gives them to hf, are those of vlrm.hub."""
    fake = program(tmp_path / "hf", f'for word; do echo "$word"; done > {tmp_path}/words; exit 1\n')
    commands = {"model": ["inspect", "org/rm"], "texts": ["tokenize", "--model", "org/rm"],
                "dataset": ["eval", "vl-rewardbench", "--data", "org/x", "--model", output, "-o", tmp_path / "out"]}
    patterns = python(hub, home, "-c", "import json; from vlrm.hub import PATTERNS; print(json.dumps(PATTERNS))").stdout
    assert json.loads(patterns).keys() == commands.keys()
    for kind, (include, exclude) in json.loads(patterns).items():
        run(*commands[kind], VLRM_HF=str(fake))
        words = (tmp_path / "words").read_text().splitlines()
        given = {option: [value for name, value in zip(words, words[1:]) if name == option] for option in ("--include", "--exclude")}
        assert given == {"--include": include, "--exclude": exclude}, kind


SNAPSHOT = """
import sys
from vlrm import Error, hub
try:
    print(hub.snapshot(sys.argv[1]))
except Error as error:
    sys.exit(f"{error.exit_code} {error}")
"""


def test_snapshot_in_python(run, hub, home):
    done = python(hub, home, "-c", SNAPSHOT, "org/rm@v2")
    assert done.stdout.strip() == str(snapshot_of(home, commit=commit_of("v2"))), done.stderr
    assert files_in(snapshot_of(home, commit=commit_of("v2"))) == sorted([*folder_files(WORLD / "rm"), "LICENSE"])
    hub.requests.clear()
    assert python(hub, home, "-c", SNAPSHOT, "org/rm@v2").stdout == done.stdout
    assert run("inspect", "org/rm@v2")[0] == 0  # the same cache
    assert hub.requests == []
    for name, words in {"org/gated": "2 org/gated: is gated, and there is no token", "org/none": "2 org/none: not on the hub",
                        "org/rm@v3": "2 org/rm: has no such revision"}.items():
        assert words in python(hub, home, "-c", SNAPSHOT, name).stderr, name
    assert "75 org/rm: the network fails" in python(hub, home, "-c", SNAPSHOT, "org/rm", HF_ENDPOINT="http://127.0.0.1:9").stderr
    assert "this run is offline" in python(hub, home, "-c", SNAPSHOT, "org/rm", HF_HUB_OFFLINE="1").stderr


def test_push(hub, home, output):
    (output / ".hidden").write_text("x")
    done = python(hub, home, *PUSH, output, "org/made", "--private", "--revision", "v1", HF_TOKEN="hf_good")
    (output / ".hidden").unlink()
    assert done.returncode == 0, done.stderr
    made = hub.repositories["models/org/made"]
    assert made.private and made.files == folder_files(output)
    for name, content in made.files.items():
        assert any(line.endswith(f"  {name}") for line in done.stderr.splitlines()), name
        assert content == (output / name).read_bytes()
    assert f"uploading {len(made.files)} files, " in done.stderr
    assert done.stdout.strip().endswith("/commit/new")


def test_push_refuses(hub, home, output, tmp_path):
    def refused(folder, **variables):
        done = python(hub, home, *PUSH, folder, "org/made", **({"HF_TOKEN": "hf_good"} | variables))
        lines = done.stderr.splitlines()
        assert done.returncode == 2 and lines[-1].startswith("vlrm: "), done.stderr
        return lines[-1]

    assert "has no vlrm_manifest.json" in refused(WORLD / "rm")
    copy = tmp_path / "copy"
    shutil.copytree(output, copy)
    (copy / "secret").symlink_to(ROOT / "README.md")
    assert "is a link out of the folder" in refused(copy)
    (copy / "secret").unlink()
    with open(copy / "model.safetensors", "r+b") as file:
        file.truncate(100)
    assert "has 100 bytes, where the manifest says" in refused(copy)
    (copy / "config.json").unlink()
    assert "has no config.json" in refused(copy)
    assert asked(hub) == []
    assert "not on the hub for one without a token" in refused(output, HF_TOKEN="")
