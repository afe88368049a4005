"""./dev decides what to install, and says why, before it does anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.first_set


@pytest.fixture
def clone(tmp_path):
    """What ./dev reads, in a folder with a space in its name."""
    folder = tmp_path / "a clone"
    for name in ("tools/dev", "tools/packages", "tools/requirements"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "dev", folder)
    return folder


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """stub("id", "echo 1000"): a command that comes first on the path."""
    folder = tmp_path / "stubs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "VLRM_PYTHON"):
        monkeypatch.delenv(name, raising=False)

    def make(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return make


def dev(clone, *arguments):
    """The exit code and the error output of ./dev."""
    done = subprocess.run([clone / "dev", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def chosen_torch(clone, torch="auto"):
    script = """
        set -euo pipefail
        say() { echo "$*" >&2; }; fail() { say "$*"; exit 2; }
        for part in packages python; do source tools/dev/$part.sh; done
        torch=$1; choose_torch; say_torch"""
    done = subprocess.run(["bash", "-c", script, "bash", torch], cwd=clone, stderr=subprocess.PIPE, text=True)
    return done.stderr.strip()


def fake_environment(folder, version):
    """An environment whose Python says that it has this torch."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin/python"
    python.write_text(f'#!/bin/sh\ncase "$2" in *version*) echo {version} ;; *prefix*) echo {folder} ;; esac\n')
    python.chmod(0o755)
    return python


def test_without_root_or_sudo_one_line_lists_the_packages(clone, stub):
    stub("id", "echo 1000")
    stub("dpkg-query", "exit 0")
    stub("sudo", "exit 1")
    code, error = dev(clone, "build")
    wanted = " ".join((ROOT / "tools/packages/run.txt").read_text().split())
    assert code == 2 and error.count("\n") == 1
    assert f"ask for: apt-get install --no-install-recommends {wanted} (" in error and "--no-packages" in error


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["build", "relase"], "build: there is no preset relase; there are release, debug, asan and fuzz"),
        (["test", "--quick"], "test takes --device D and -R WORD, not --quick"),
        (["test", "--device"], "--device needs a device"),
        (["lint", "src"], "lint takes --all, not src"),
        (["build", "--torch"], "--torch needs cpu, cuda or a path"),
        (["install"], "install needs a PREFIX"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anything_is_installed(clone, stub, arguments, line):
    stub("apt-get", "exit 1")
    assert dev(clone, *arguments) == (2, f"dev: {line}\n")
    assert not (clone / ".venv").exists()


def test_torch_without_a_gpu_is_the_cpu_build(clone, stub):
    assert chosen_torch(clone) == (
        "torch: the CPU build, because there is no nvidia-smi here; for a machine with a GPU use --torch cuda")


def test_torch_beside_a_gpu_is_the_cuda_build(clone, stub):
    stub("nvidia-smi", "exit 0")
    assert chosen_torch(clone) == "torch: the CUDA build, because nvidia-smi is here"


def test_a_choice_of_torch_stays(clone, stub):
    assert chosen_torch(clone, "cuda") == "torch: the CUDA build, because --torch says so"
    assert chosen_torch(clone) == "torch: the CUDA build, because an earlier --torch said so"
    assert chosen_torch(clone, "cpu") == "torch: the CPU build, because --torch says so"


def test_an_environment_with_torch(clone, stub, tmp_path):
    python = fake_environment(tmp_path / "theirs", "2.12.0")
    assert chosen_torch(clone, str(tmp_path / "theirs")) == f"torch: that of {python}, because --torch says so"


def test_an_environment_with_an_old_torch_is_refused(clone, stub, tmp_path):
    fake_environment(tmp_path / "theirs", "2.9.1")
    assert chosen_torch(clone, str(tmp_path / "theirs")) == (
        f"--torch {tmp_path / 'theirs'}: its Python has no torch of 2.11 or later")


def test_our_own_environment_is_refused(clone, stub):
    fake_environment(clone / ".venv", "2.13.0")
    assert "an environment that ./dev makes itself" in chosen_torch(clone, str(clone / ".venv"))
