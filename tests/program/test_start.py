"""Commands that run no model and read no dataset start at once, without libtorch and libarrow."""

import os
import subprocess
import time

import pytest
from conftest import PROGRAM, ROOT

pytestmark = pytest.mark.first_set
HEAVY = ["libtorch", "libc10", "libarrow", "libparquet"]


def test_the_program_links_nothing_heavy():
    linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "libfmt" in linked and not any(name in linked for name in HEAVY)


@pytest.mark.parametrize("command", ["--help", "inspect {model}"])
def test_nothing_heavy_is_loaded_on_the_way(goldens, command):
    words = command.format(model=goldens / "models/rm").split()
    environment = {**os.environ, "LD_DEBUG": "files"}  # the loader names what it opens
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True, env=environment)
    assert "libfmt" in done.stderr and not any(name in done.stderr for name in HEAVY + ["libvlrm_"])


def test_a_report_of_bare_rows_loads_nothing_heavy(goldens, tmp_path):
    words = ["report", goldens / "eval/results/float32/vl_rewardbench", "-o", tmp_path / "report.html"]
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True, env={**os.environ, "LD_DEBUG": "files"})
    assert "libfmt" in done.stderr and not any(name in done.stderr for name in HEAVY + ["libvlrm_"])


@pytest.mark.parametrize("command", [["--help"], ["build", "--help"], ["--version"]])
def test_starts_in_under_50_ms(command):
    def seconds():
        start = time.monotonic()
        subprocess.run([PROGRAM, *command], capture_output=True, check=True)
        return time.monotonic() - start

    assert min(seconds() for _ in range(10)) < 0.050


@pytest.mark.parametrize("command", ["build", "score", "inspect", "extract", "merge", "map", "tokenize", "render", "preprocess",
                                     "report"])
def test_every_help_has_an_example(vlrm, command):
    text = vlrm(command, "--help")
    assert "Example" in text and f"vlrm {command}" in text


def test_unknown_words_are_bad_input(vlrm):
    done = subprocess.run([PROGRAM, "scroe"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-", "0<&- 1>&- 2>&-"])
def test_errors_that_nobody_can_read_still_end_with_2(redirection):
    assert subprocess.run(f"{PROGRAM} inspect /nowhere {redirection}", shell=True, stderr=subprocess.DEVNULL).returncode == 2


@pytest.mark.parametrize("command", ["--help", "inspect {model}", "tokenize --model {model} --input {lines}"])
def test_output_that_cannot_be_written_is_an_error(goldens, tmp_path, command):
    (tmp_path / "lines").write_text('"a"\n')
    line = command.format(model=goldens / "models/rm", lines=tmp_path / "lines")
    done = subprocess.run(f"{PROGRAM} {line} > /dev/full", shell=True, capture_output=True, text=True)
    assert done.returncode == 75 and "standard output: cannot be written: No space left on device" in done.stderr


@pytest.mark.parametrize("thrown, code, line", [
    ('std::logic_error("odd")', 1, "internal error: odd. Please report this."),
    ('vlrm::BugError("internal error at a.cpp:1: x does not hold.")', 1, "internal error at a.cpp:1: x does not hold."),
    ('vlrm::OptionError("max_length", "is odd")', 2, "--max-length: is odd"),
    ("std::bad_alloc()", 75, "out of memory"),
    ("std::system_error(ENOSPC, std::generic_category(), \"odd\")", 75, "odd: No space left on device"),
    ("std::system_error(EACCES, std::generic_category(), \"odd\")", 2, "odd: Permission denied"),
])
def test_what_is_thrown_gives_the_exit_code(goldens, tmp_path, thrown, code, line):
    """By a model library that does nothing else."""
    (tmp_path / "odd.cpp").write_text("#include <cerrno>\n#include <new>\n#include <stdexcept>\n#include <system_error>\n"
                                      "#include <vlrm/error.h>\n"
                                      f'extern "C" void* vlrm_make_backend(void*, void*, void*) {{ throw {thrown}; }}\n')
    subprocess.run(["c++", "-shared", "-fPIC", "-I", ROOT / "include", "-o", "odd.so", "odd.cpp"], cwd=tmp_path, check=True)
    done = subprocess.run([PROGRAM, "score", "--model", goldens / "vlrm_ties", "--prompt", "a", "--response", "b"], capture_output=True,
                          text=True, env={**os.environ, "VLRM_MODEL_LIBRARY": str(tmp_path / "odd.so")})
    assert (done.returncode, done.stderr.splitlines()[-1]) == (code, f"vlrm: {line}")


def test_help_lists_the_exit_codes(vlrm):
    text = vlrm("--help")
    assert all(f" {code} " in text for code in (0, 1, 2, 3, 75))


@pytest.fixture(scope="module")
def few_threads(tmp_path_factory):
    """A library to preload, with which all but the first $THREADS_THAT_START threads fail to start."""
    folder = tmp_path_factory.mktemp("few_threads")
    (folder / "few_threads.cpp").write_text("""
        #include <dlfcn.h>
        #include <pthread.h>
        #include <atomic>
        #include <cerrno>
        #include <cstdlib>
        extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* with) noexcept {
          static std::atomic<int> started{0};
          if (started++ >= std::atoi(std::getenv("THREADS_THAT_START"))) return EAGAIN;
          using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
          return reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, run, with);
        }
    """)
    subprocess.run(["c++", "-shared", "-fPIC", "-o", "few_threads.so", "few_threads.cpp"], cwd=folder, check=True)
    return folder / "few_threads.so"


@pytest.mark.parametrize("threads", range(5))
def test_threads_that_do_not_start_are_told(goldens, tmp_path, few_threads, threads):
    """Those that do must not be waited for."""
    recipe = tmp_path / "linear.yml"
    recipe.write_text("merge_method: linear\nmodels:\n" + "".join(
        f"- {{model: {goldens}/models/{name}, parameters: {{weight: 0.5}}}}\n" for name in ("base", "rm")))
    done = subprocess.run([PROGRAM, "merge", "--threads", "2", "-q", recipe, tmp_path / "out"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "LD_PRELOAD": str(few_threads), "THREADS_THAT_START": str(threads)})
    assert done.returncode == 75 and [path.name for path in tmp_path.iterdir()] == ["linear.yml"]
    assert done.stderr.splitlines()[-1] == "vlrm: no more threads can be started; raise what limits them (ulimit -u)"
