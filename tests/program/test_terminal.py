"""The terminal: widths, help, completion, files of options, names that are nearly right."""

import fcntl
import json
import os
import pty
import re
import resource
import shutil
import struct
import subprocess
import termios

import pytest
from conftest import PROGRAM, read_lines, write_lines

pytestmark = pytest.mark.first_set
COMMANDS = ["build", "score", "serve", "generate", "caption", "answers", "aggregate", "judge", "eval", "results", "report",
            "recipes", "reproduce", "inspect", "extract", "merge", "check", "compare", "map", "tokenize", "render", "preprocess",
            "completion", "help", "version"]


def run(*arguments, env=None, **how):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, env=env, **how)


def on_terminal(columns, *arguments, env=None):
    """What a terminal of so many columns is shown."""
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"} | (env or {})
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdin=other, stdout=other, stderr=other, env=environment)
    os.close(other)
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the program has ended
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def samples(tmp_path):
    rows = [{"id": f"s{number}", "prompt": "a", "responses": ["b", f"c {number}"]} for number in range(5)]
    return write_lines(tmp_path / "samples.jsonl", rows)


@pytest.fixture
def inputs(goldens):
    models = goldens / "models"
    return ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base"]


# Help and version


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS, "eval vl-rewardbench", "eval best-of-n"])
def test_help_is_as_wide_as_the_terminal(command, columns):
    shown = on_terminal(columns, *command.split(), "--help")
    # A word alone may be longer: an address, a name of an option with its default.
    too_long = [line for line in shown.splitlines() if len(line) > columns and " " in line.strip().removesuffix(" \\")]
    assert not too_long and "Usage: vlrm" in shown.replace("\n", " ")


def test_help_has_80_columns_where_there_is_no_terminal():
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    lines = run("build", "--help", env=environment).stdout.splitlines()
    assert 70 < max(map(len, lines)) <= 80
    lines = run("build", "--help", env=environment | {"COLUMNS": "132"}).stdout.splitlines()
    assert 120 < max(map(len, lines)) <= 132
    for useless in ("0", "-5", "wide", "", "99999999999999999999"):
        lines = run("build", "--help", env=environment | {"COLUMNS": useless}).stdout.splitlines()
        assert 70 < max(map(len, lines)) <= 80


def test_commands_in_narrow_help_can_still_be_copied(goldens, tmp_path):
    text = run("score", "--help", env=os.environ | {"COLUMNS": "44"}).stdout
    example = re.search(r"^  (vlrm score(?:.*\\\n)*.*)$", text, re.M)[1]
    assert "\\\n" in example
    for name in ("OUT", "cat.jpg"):
        (tmp_path / name).symlink_to(goldens / {"OUT": "vlrm_ties", "cat.jpg": "reference/images/rgb_large.jpg"}[name])
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", example], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("\n") == 2, done


@pytest.mark.parametrize("columns", [44, 60, 80])
@pytest.mark.parametrize("command", [*COMMANDS, "eval", "eval best-of-n"])
def test_an_example_keeps_options_and_values_together(command, columns):
    text = run(*command.split(), "--help", env=os.environ | {"COLUMNS": str(columns)}).stdout
    for line in re.findall(r"^ +(.*) \\\n", text, re.M):
        last = re.findall(r"[^ ]*$", line)[0]
        value = re.search(r"^ +" + re.escape(line) + r" \\\n +(.*?)(?: \\)?$", text, re.M)[1]
        assert not last.startswith("-") or value.startswith("-") or len(f"      {last} {value} \\") > columns, line


def test_the_version_has_an_example():
    assert "Example:\n  vlrm version\n" in run("version", "--help").stdout


def test_what_takes_one_value_at_a_time_does_not_promise_more():
    for command in ("score", "generate"):
        shown = re.findall(r"^ +--image TEXT.*$", run(command, "--help").stdout, re.M)
        assert len(shown) == 1 and "..." not in shown[0].split("  An")[0]


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_help_of_a_command_is_its_help(command):
    assert run("help", command).stdout == run(command, "--help").stdout != ""


def test_help_goes_down_to_benchmarks():
    assert run("help", "eval", "vl-rewardbench").stdout == run("eval", "vl-rewardbench", "--help").stdout
    assert run("help", "eval", "vl_rewardbench").stdout == run("eval", "vl-rewardbench", "--help").stdout
    assert run("help").stdout == run("--help").stdout


def test_the_version_has_three_names():
    assert run("version").stdout == run("-V").stdout == run("--version").stdout
    assert re.fullmatch(r"vlrm \d+\.\d+\.\d+\S*\n", run("version").stdout)


# Names that are nearly right


@pytest.mark.parametrize("arguments, expected", [
    (["help", "bulid"], "help: there is no command bulid; did you mean build? (see vlrm --help)"),
    (["help", "eval", "vlrewardbench"], "help: there is no benchmark vlrewardbench; did you mean vl-rewardbench? (see vlrm eval --help)"),
    (["help", "build", "more"], "help: there is no command build more"),
    (["help", "help", "help"], "help: there is no command help help"),
    (["help", "eval", "vl_rewardbench", "more"], "help: there is no command eval vl_rewardbench more"),
    (["eval", "vlrewardbench", "--help"], "there is no benchmark vlrewardbench; did you mean vl-rewardbench? (see vlrm eval --help)"),
    (["eval", "mmlu", "--model", "m"], "there is no benchmark mmlu (see vlrm eval --help)"),
    (["eval"], "eval: what to run is missing (see vlrm eval --help)"),
    (["eval", "vl-rewardbench", "--modell", "m"], "eval vl-rewardbench: there is no option --modell; did you mean --model? (see vlrm eval vl-rewardbench --help)"),
    (["eval", "vl_rewardbench", "more"], "eval vl-rewardbench: takes no further argument, here more (see vlrm eval vl-rewardbench --help)"),
    (["eval", "best-of-n", "-o", "o", "--responses", "r", "--task", "textvqa"], "did you mean textvqa_val?"),
    (["build", "--epsilon", "0.1"], "build: there is no option --epsilon (see vlrm build --help)"),
    (["build", "--batchsize", "1"], "build: there is no option --batchsize (see"),
    (["score", "--batchsize", "1"], "score: there is no option --batchsize; did you mean --batch-size?"),
    (["score", "--mode", "imgae"], "--mode: imgae is none of image, no-image, text-only; did you mean image? (see vlrm score --help)"),
    (["build", "--vlm", "v", "--rm", "r", "-o", "o", "--method", "TIES"], 'merge method "TIES" is not known; did you mean "ties"?'),
    (["build", "--vlm", "v", "--rm", "r", "-o", "o", "--method", "Dare-Ties"], 'did you mean "dare_ties"?'),
    (["completion", "fish"], "SHELL: fish is none of bash, zsh"),
    (["score", "--batch-size", "1", "--batch-samples", "2"], "does not go with"),
])
def test_what_is_meant_is_named(vlrm, arguments, expected):
    assert expected in vlrm(*arguments, fails=True)


# Device, types, batch


@pytest.mark.parametrize("short, long", [("bf16", "bfloat16"), ("fp16", "float16"), ("half", "float16"), ("fp32", "float32"),
                                         ("float", "float32"), ("auto", None)])
def test_short_names_of_types_are_the_long_ones(vlrm, goldens, inputs, samples, tmp_path, short, long):
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-q"]
    vlrm(*score, "--dtype", short, "-o", tmp_path / "s.jsonl")
    settings = json.loads((tmp_path / "s.jsonl.run.json").read_text())
    assert settings["dtype"] == (long or "float32") and settings["device"] == "cpu"  # the model is stored as float32
    vlrm("build", *inputs, "--method", "linear", "--weight-rm", "0.5", "--dtype", short, "-o", tmp_path / "out", "-q")
    assert json.loads((tmp_path / "out/config.json").read_text())["torch_dtype"] == (long or "bfloat16")


def test_a_type_that_is_none(vlrm, goldens):
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--prompt", "a", "--response", "b", "--dtype", "bf17", fails=True)
    assert 'vlrm: --dtype: "bf17" is none of bfloat16, float16, float32 (bf16, fp16, fp32), auto' == error


def test_a_run_that_named_the_cpu_goes_on_by_default(vlrm, goldens, samples, tmp_path):
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", tmp_path / "s.jsonl", "-q"]
    vlrm(*score, "--device", "cpu")
    assert "already" in run(*score, "--device", "auto").stderr
    assert "already" in run(*score).stderr


def test_the_device_is_taken_that_is_there(goldens, samples, tmp_path):
    """The fake device stands for a GPU."""
    fake = PROGRAM.parents[1] / "lib/libfake_device.so"
    if not fake.exists():
        pytest.skip("the fake device is not built")
    environment = os.environ | {"LD_PRELOAD": str(fake), "OMP_WAIT_POLICY": "passive"}
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", tmp_path / "s.jsonl", "-q"]
    assert "device: fake:0\n" in run(*score, env=environment).stderr
    settings = json.loads((tmp_path / "s.jsonl.run.json").read_text())
    assert settings["device"] == "fake" and settings["dtype"] == "float16" and settings["threads"] is None
    assert "device:" not in run(*score, "--device", "cpu", "--force", env=environment).stderr


@pytest.mark.parametrize("name", ["--batch-size", "--batch-samples"])
def test_a_batch_has_an_old_name(vlrm, goldens, samples, tmp_path, name):
    vlrm("score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", tmp_path / "s.jsonl", name, 3, "-q")
    assert json.loads((tmp_path / "s.jsonl.run.json").read_text())["batch_samples"] == 3
    for command in ("score", "eval vl-rewardbench", "caption", "answers", "judge"):
        text = run(*command.split(), "--help").stdout
        assert "--batch-size" in text and "--batch-samples" not in text and "--texts-together" not in text


# The first rows


def test_a_limit_scores_the_first_samples(vlrm, goldens, samples, tmp_path):
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-q"]
    whole = vlrm(*score).splitlines()
    assert vlrm(*score, "--limit", 2).splitlines() == whole[:2]
    assert vlrm(*score, "--limit", 99).splitlines() == whole
    assert vlrm(*score[:3], "--input", "-", "-q", "--limit", 3, stdin=samples.read_text()).splitlines() == whole[:3]
    broken = samples.with_name("broken.jsonl")
    broken.write_text("".join(samples.read_text().splitlines(keepends=True)[:2]) + "{")
    assert vlrm(*score[:3], "--input", broken, "-q", "--limit", 2).splitlines() == whole[:2]


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "fifo"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_limit_asks_a_pipe_for_no_more(goldens, tmp_path, name, more):
    """Of one without end, and of one that is open and says nothing more."""
    line = json.dumps({"id": 1, "prompt": "a", "responses": ["b"]})
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    score = [PROGRAM, "score", "--model", goldens / "vlrm_ties", "-q", "--limit", "2", *more, "--input"]
    source = name
    if name == "fifo":
        source = tmp_path / name
        os.mkfifo(source)
    for shell in (f"yes '{line}'", f"echo '{line}'; echo; echo '{line}'; sleep 60"):
        to = f"> {source}" if name == "fifo" else ""
        with subprocess.Popen(["bash", "-c", f"exec {to}; {shell}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              start_new_session=True) as pipe:
            try:
                done = subprocess.run(list(map(str, [*score, source])), stdin=pipe.stdout, capture_output=True, text=True,
                                      timeout=30, env=os.environ | {"TMPDIR": str(temporary)},
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, 1 << 24)))
            finally:
                os.killpg(pipe.pid, 9)
        assert done.returncode == 0, done.stderr
        assert more or done.stdout.count("\n") == 2


def test_a_pipe_that_is_cut_off_is_the_file_that_ends_there(vlrm, goldens, samples, tmp_path):
    out = tmp_path / "s.jsonl"
    score = ["score", "--model", goldens / "vlrm_ties", "-o", out, "-q", "--input"]
    vlrm(*score, "-", "--limit", 5, stdin=samples.read_text())
    whole = out.read_bytes()
    for again in ([samples], [samples, "--limit", 5], ["-", "--limit", 5]):
        vlrm(*score, *again, stdin=samples.read_text())
    assert out.read_bytes() == whole
    vlrm(*score, "-", "--limit", 3, "--force", stdin=samples.read_text())
    assert "limit was 3, now not set" in vlrm(*score, samples, fails=True)


def test_another_limit_is_another_run(vlrm, goldens, samples, tmp_path):
    out = tmp_path / "s.jsonl"
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "-o", out, "-q"]
    vlrm(*score, "--limit", 2)
    assert json.loads((tmp_path / "s.jsonl.run.json").read_text())["limit"] == 2
    first = out.read_bytes()
    vlrm(*score, "--limit", 2)
    for limit, now in ((["--limit", 3], 3), ([], "not set"), (["--limit", 99], "not set")):
        assert f"made with other settings (limit was 2, now {now}); --force starts again" in vlrm(*score, *limit, fails=True)
        assert out.read_bytes() == first
    vlrm(*score, "--force")
    vlrm(*score, "--limit", 5)  # as many as there are: the same run
    assert "limit was not set, now 4" in vlrm(*score, "--limit", 4, fails=True)


def test_one_sample_has_no_limit(vlrm):
    assert "--limit goes with --input" in vlrm("score", "--model", "m", "--prompt", "a", "--response", "b", "--limit", 1, fails=True)


# A merge by a method, on load


def test_a_method_merges_on_load_as_build_does(vlrm, inputs, samples, tmp_path):
    ties = ["--method", "ties", "--weight", "0.7", "--density", "0.4", "--no-normalize"]
    vlrm("build", *inputs, *ties, "-o", tmp_path / "built", "-q")
    expected = vlrm("score", "--model", tmp_path / "built", "--input", samples, "-q")
    assert vlrm("score", *inputs, *ties, "--input", samples, "-q") == expected
    out = tmp_path / "s.jsonl"
    vlrm("score", *inputs, *ties, "--input", samples, "-o", out, "-q")
    settings = json.loads((tmp_path / "s.jsonl.run.json").read_text())["recipe"]
    assert settings["method"] == "ties" and settings["weights"] == {"vlm": 0.7, "rm": 0.7} and settings["density"] == 0.4
    assert settings["file"] == "ties-weight0.7-density0.4-not_normalized.yml"
    other = [*inputs, *ties[:3], "0.8", *ties[4:]]
    assert "made with other settings" in vlrm("score", *other, "--input", samples, "-o", out, "-q", fails=True)


def test_a_linear_merge_needs_no_base(vlrm, inputs, samples, tmp_path):
    linear = [*inputs[:4], "--method", "linear", "--weight-rm", "0.5"]
    vlrm("build", *linear, "-o", tmp_path / "built", "-q")
    assert vlrm("score", *linear, "--input", samples, "-q") == vlrm("score", "--model", tmp_path / "built", "--input", samples, "-q")


@pytest.mark.parametrize("more, expected", [
    (["--weight", "1"], "--method: is missing, but its numbers are given"),
    ([], "--vlm: add --recipe, or --method and its numbers"),
    (["--method", "ties", "--weight", "1"], "ties needs --density D"),
    (["--method", "slerp"], "--method slerp takes other numbers than weights; write them in a --recipe"),
    (["--method", "linear", "--weight-rm", "1", "--recipe", "r.yml"], "--recipe: says all about the merge"),
    (["--method", "linear", "--weight-rm", "1", "--model", "m"], "--model: name either a model, or a recipe or a method"),
])
def test_a_method_without_sense(vlrm, inputs, samples, more, expected):
    assert expected in vlrm("score", *inputs, *more, "--input", samples, fails=True)


def test_numbers_without_a_method(vlrm, goldens, samples):
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--weight", "1", "--input", samples, fails=True)
    assert error == "vlrm: --method: is missing, but its numbers are given"


def test_a_recipe_of_vlm_and_rm_needs_no_tokenizer(vlrm, inputs, tmp_path):
    recipe = {"models": [{"model": name, "parameters": {"weight": 0.5}} for name in ("vlm", "rm")], "merge_method": "linear",
              "parameters": {"normalize": False}, "dtype": "float32"}
    (tmp_path / "r.yml").write_text(json.dumps(recipe))
    notes = vlrm("build", *inputs, "--recipe", tmp_path / "r.yml", "-o", tmp_path / "out", "-q", notes=True)
    assert f"note: {tmp_path}/r.yml: names no tokenizer; the VLM's is taken" in notes
    with_tokenizer = recipe | {"tokenizer": {"source": "vlm", "pad_to_multiple_of": 8}}
    (tmp_path / "w.yml").write_text(json.dumps(with_tokenizer))
    vlrm("build", *inputs, "--recipe", tmp_path / "w.yml", "-o", tmp_path / "with", "-q")
    assert (tmp_path / "with/model.safetensors").read_bytes() == (tmp_path / "out/model.safetensors").read_bytes()


# A file of options


def options_file(tmp_path, text):
    file = tmp_path / "options.yml"
    file.write_text(text)
    return file


def test_options_come_from_a_file(vlrm, goldens, inputs, samples, tmp_path):
    file = options_file(tmp_path, f"model: {goldens}/vlrm_ties\ninput: {samples}\nbatch_size: 2\nquiet: true\nthreads: 1\njson: false\n")
    score = ["score", "--options", file, "-o", tmp_path / "s.jsonl"]
    done = run(*score)
    assert done.returncode == 0 and "scoring" not in done.stderr, done
    settings = json.loads((tmp_path / "s.jsonl.run.json").read_text())
    assert settings["batch_samples"] == 2 and settings["threads"] == 1
    # The command line wins, whatever the place and the spelling.
    for changed in (["--batch-size", "3"], ["--batch-samples=3"]):
        run(*score, *changed, "--force")
        assert json.loads((tmp_path / "s.jsonl.run.json").read_text())["batch_samples"] == 3
    assert run("--options", file, "score", "--limit", "1").stdout.count("\n") == 1


def test_a_file_has_lists_flags_and_negatives(vlrm, goldens, inputs, tmp_path):
    file = options_file(tmp_path, f"--vlm: {inputs[1]}\nrm: {inputs[3]}\nbase: {inputs[5]}\nmethod: ties\nweight: 0.7\ndensity: 0.4\nnormalize: false\n")
    flags = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]
    vlrm("build", "--options", file, "-o", tmp_path / "a", "-q")
    vlrm("build", *inputs, *flags, "--no-normalize", "-o", tmp_path / "b", "-q")
    vlrm("build", *inputs, *flags, "--normalize", "-o", tmp_path / "c", "-q")
    vlrm("build", "--options", file, "--normalize", "-o", tmp_path / "d", "-q")
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abcd"}
    assert weights["a"] == weights["b"] != weights["c"] == weights["d"]
    file.write_text(f"model: {goldens}/vlrm_ties\nprompt: ''\nresponse: [a, 'b c', \"\"]\n")
    assert len(vlrm("score", "--options", file).splitlines()) == 3
    assert len(vlrm("score", "--options", file, "--response", "one").splitlines()) == 1


@pytest.mark.parametrize("text, expected", [
    ("model: m\nbatchsize: 2\n", '{file}:2: "batchsize" is not an option of vlrm score; did you mean --batch-size?'),
    ("model: m\n\nlabels: 2\n", '{file}:3: "labels" is not an option of vlrm score; did you mean --label?'),
    ("xyzzy: 1\n", '{file}:1: "xyzzy" is not an option of vlrm score'),
    ("options: a.yml\n", '{file}:1: "options" is not an option of vlrm score'),
    ("help: true\n", '{file}:1: "help" is not an option of vlrm score'),
    ("batch-size: many\n", "{file}:1: --batch-size: must be a whole number of at least 1, not many"),
    ("mode: imgae\n", "{file}:1: --mode: imgae is none of image, no-image, text-only; did you mean image?"),
    ("json: 3\n", "{file}:1: json is a flag: true or false"),
    ("model: [a, b]\n", "{file}:1: --model takes another number of values"),
    ("model: {a: b}\n", "{file}:1: model needs a value, or a list of values"),
    ("model:\n", "{file}:1: model needs a value, or a list of values"),
    ("model: ''\n", "{file}:1: --model: is empty"),
    ("model: m\nmodel: n\n", '{file}:2: "model" stands here a second time'),
    ("- model\n", "{file}:1: a file of options must be a mapping"),
    ("model: [\n", "{file}:"),
    ("model: m\n---\nmodel: n\n", "{file}:3: a second document begins here; a file holds one mapping of options"),
    ("version: true\n", '{file}:1: "version" is not an option of vlrm score'),
    ("label: a\nscore-label: b\n", '{file}:2: "score-label": --score-label is given twice'),
    ("max-length: 5\nmax_length: 6\n", '{file}:2: "max_length": --max-length is given twice'),
    ("exif: false\nno-exif: true\n", '{file}:2: "no-exif": --no-exif is given twice'),
    ("exif: 3\n", "{file}:1: exif is a flag: true or false"),
    ("score: {model: m}\n", '{file}:1: "score" is a command; its options stand in the file without it'),
    ("model: m\0\n", "{file}: a file of options is UTF-8 text, and this is not, from byte 8 on"),
])
def test_a_file_of_options_with_a_mistake(vlrm, tmp_path, text, expected):
    file = options_file(tmp_path, text)
    assert expected.format(file=file) in vlrm("score", "--options", file, "--prompt", "p", "--response", "r", fails=True)


def test_a_file_of_options_that_is_not_there(vlrm, tmp_path):
    for file, why in ((tmp_path / "none.yml", "No such file or directory"), (tmp_path, "Is a directory")):
        assert f"--options: {file}: cannot be read: {why}" in vlrm("score", "--options", file, fails=True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_a_file_of_options_in_another_encoding(vlrm, tmp_path, encoding):
    (tmp_path / "o.yml").write_bytes("model: é\n".encode(encoding))
    assert "a file of options is UTF-8 text, and this is not, from byte" in vlrm("score", "--options", tmp_path / "o.yml", fails=True)


def test_a_file_of_options_without_end(tmp_path):
    for file in ("/dev/zero", "/dev/stdin"):
        with subprocess.Popen(["yes", "a: b"], stdout=subprocess.PIPE) as endless:
            done = run("score", "--options", file, stdin=endless.stdout, timeout=60,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)))
            endless.kill()
        assert done.returncode == 2 and f"{file}: is too large for a file of options" in done.stderr, done


def test_a_file_says_no_to_what_is_on(vlrm, goldens, tmp_path):
    """By the name without no-; and the command line wins."""
    turned = goldens / "reference/images/exif6.jpg"
    score = ["score", "--model", goldens / "vlrm_ties", "--image", turned, "--prompt", "p", "--response", "r"]
    file = options_file(tmp_path, "exif: false\n")
    as_stored, as_turned = (vlrm(*score, *flag).splitlines()[0] for flag in (["--no-exif"], []))
    assert vlrm(*score, "--options", file).splitlines()[0] == as_stored
    file.write_text("exif: true\n")
    assert vlrm(*score, "--options", file).splitlines()[0] == as_turned
    assert vlrm(*score, "--options", file, "--no-exif").splitlines()[0] == as_stored


# Completion


def completed(script, words, shell="bash"):
    """What the last of the words becomes."""
    code = f'{script}\nCOMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _vlrm; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run([shell, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("words, expected", [
    (["vlrm", "sc"], {"score"}),
    (["vlrm", "''"], set(COMMANDS)),
    (["vlrm", "help", "ren"], {"render"}),
    (["vlrm", "help", "eval", "vl"], {"vl-rewardbench"}),
    (["vlrm", "help", "build", "--"], set()),
    (["vlrm", "help", "score", "--mode", "i"], set()),
    (["vlrm", "help", "recipes", "pa"], set()),
    (["vlrm", "eval", "best"], {"best-of-n"}),
    (["vlrm", "eval", "vl_rewardbench", "--cap"], {"--captions"}),
    (["vlrm", "score", "--mo"], {"--model", "--mode"}),
    (["vlrm", "score", "--mode", "no"], {"no-image"}),
    (["vlrm", "score", "--mode", "=", "te"], {"text-only"}),
    (["vlrm", "score", "--mode", "="], {"image", "no-image", "text-only"}),
    (["vlrm", "-q", "score", "--thr"], {"--threads"}),
    (["vlrm", "--thr"], {"--threads"}),
    (["vlrm", "build", "--method", "dare"], {"dare_linear", "dare_ties"}),
    (["vlrm", "judge", "--task", "vl"], {"vl-rewardbench"}),
    (["vlrm", "recipes", "pa"], {"paper"}),
    (["vlrm", "completion", "z"], {"zsh"}),
    (["vlrm", "score", "--model", "x"], set()),  # a file: the shell's own
    (["vlrm", "score", "x"], set()),
])
def test_bash_completes(words, expected):
    assert set(completed(run("completion", "bash").stdout, words)) == expected


def test_completion_leaves_the_shell_alone():
    script = run("completion", "bash").stdout
    assert set(completed("IFS=:\n" + script, ["vlrm", "score", "--mo"])) == {"--model", "--mode"}
    # Of zsh's own, PATH among them.
    assert not re.search(r"\b(path|options|commands|words|status|argv|prompt)=", script)


def test_completion_offers_what_help_shows():
    script = run("completion", "bash").stdout
    for command in [*COMMANDS[:-1], "eval vl-rewardbench", "eval best-of-n"]:
        text = run(*command.split(), "--help").stdout
        shown = set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M))
        offered = set(completed(script, ["vlrm", *command.split(), "--"]))
        assert shown <= offered and not {"--batch-samples", "--texts-together"} & offered, command


def test_bash_takes_the_script_as_it_stands(tmp_path):
    """In an interactive shell, where the registration counts."""
    code = f"PATH={PROGRAM.parent}:$PATH; source <(vlrm completion bash); complete -p vlrm"
    done = subprocess.run(["bash", "-i", "-c", code], capture_output=True, text=True)
    assert done.stdout == "complete -o default -F _vlrm vlrm\n"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_takes_the_script(tmp_path):
    code = f"{run('completion', 'zsh').stdout}\nprint -r -- ${{_comps[vlrm]}}"
    done = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "_vlrm" in done.stdout, done


# Progress and tables


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_progress_fits(goldens, samples, columns):
    shown = on_terminal(columns, "score", "--model", goldens / "vlrm_ties", "--input", samples, "--threads", "1")
    for line in re.split(r"\r\x1b\[K|\n", shown):
        assert line.startswith(("{", "note: ", "warning: ")) or len(line) < columns, line


@pytest.fixture
def results(vlrm, goldens, tmp_path):
    rows = [{"id": f"{kind}-{i}", "query": "q", "response": ["a", "b"], "human_ranking": [0, 1]}
            for i in range(6) for kind in ("vlfeedback", "mathverse")]
    write_lines(tmp_path / "pairs.jsonl", rows)
    vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", tmp_path / "pairs.jsonl", "-o", tmp_path / "r", "-q")
    return tmp_path / "r"


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_tables_fit_or_become_lists(results, columns):
    shown = on_terminal(columns, "results", results)
    assert max(map(len, shown.splitlines())) <= columns
    named = run("results", results, env=os.environ | {"COLUMNS": str(columns)}).stdout
    assert named == shown
    for word in ("random", "Overall", "Reasoning"):
        assert word in shown


def test_tables_in_pipes_stay_as_they_are(results):
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    assert run("results", results, env=environment).stdout == on_terminal(200, "results", results)


# What it will cost


COST_LINES = {"build": ["reads", "memory", "disk", "time", "rates"], "score": ["samples", "reads", "memory", "time", "rates"]}


def cost_lines(text):
    lines = text.splitlines()
    assert all(re.match(r"\w+ {2,}\S", line) for line in lines), text
    return {line.split()[0]: line.split(None, 1)[1] for line in lines}


def test_a_dry_build_says_its_costs_and_writes_nothing(vlrm, inputs, tmp_path):
    build = ["build", *inputs, "--method", "ties", "--weight", "0.7", "--density", "0.4"]
    costs = cost_lines(vlrm(*build, "-o", tmp_path / "out", "--dry-run"))
    assert list(costs) == COST_LINES["build"] and list(tmp_path.iterdir()) == []
    assert costs["time"].startswith("about ") and "not at what an earlier run scored" in " ".join(run("build", "--help").stdout.split())
    assert "free" in costs["disk"] and costs["rates"].startswith("measured now: ")
    vlrm(*build, "-o", tmp_path / "out", "-q")
    written = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors"))
    number, unit = costs["disk"].split()[:2]
    assert abs(float(number) * {"KiB": 2**10, "MiB": 2**20}[unit] - written) / written < 0.1
    assert "disk" in cost_lines(vlrm(*build, "--dry-run"))


@pytest.mark.parametrize("change, expected", [
    ({"--rm": "base"}, None),
    ({"--rm": "vlm"}, None),
    ({"--base": "rm"}, None),
    ({"--vlm": "rm"}, None),
    ({"--vlm": "nowhere"}, None),
])
def test_a_dry_run_judges_inputs_as_the_run(vlrm, goldens, samples, tmp_path, change, expected):
    models = {"--vlm": "vlm", "--rm": "rm", "--base": "base"} | change
    inputs = [part for flag, name in models.items() for part in (flag, goldens / "models" / name)]
    ties = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]
    for command in (["build", *inputs, *ties, "-o", tmp_path / "out"], ["score", *inputs, *ties, "--input", samples, "-o", tmp_path / "s"]):
        assert vlrm(*command, "--dry-run", fails=True) == vlrm(*command, fails=True)
    assert sorted(tmp_path.iterdir()) == [samples]


def test_a_dry_build_looks_at_the_output(vlrm, inputs, tmp_path):
    build = ["build", *inputs, "--method", "linear", "--weight-rm", "0.5"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out/file").touch()
    error = vlrm(*build, "-o", tmp_path / "out", fails=True)
    assert vlrm(*build, "-o", tmp_path / "out", "--dry-run", fails=True) == error
    (tmp_path / "file").touch()
    assert "is not a directory" in vlrm(*build, "-o", tmp_path / "file/out", "--dry-run", fails=True)


@pytest.mark.parametrize("out", ["/proc/x/OUT", "/proc/OUT"])
def test_a_dry_build_knows_where_nothing_can_be_written(vlrm, inputs, tmp_path, out):
    build = ["build", *inputs, "--method", "linear", "--weight-rm", "0.5", "-o", out]
    vlrm(*build, fails=True)
    assert f"{out}: cannot be made in /proc: No such file or directory" in vlrm(*build, "--dry-run", fails=True)
    recipe = {"models": [{"model": str(inputs[5]), "parameters": {"weight": 1}}], "merge_method": "linear"}
    (tmp_path / "r.yml").write_text(json.dumps(recipe))
    assert f"{out}: cannot be made in /proc" in vlrm("check", tmp_path / "r.yml", out, fails=True)


def test_dry_scores(vlrm, goldens, inputs, samples, tmp_path):
    model = ["--model", goldens / "vlrm_ties"]
    out = tmp_path / "s.jsonl"
    costs = cost_lines(vlrm("score", *model, "--input", samples, "-o", out, "--dry-run"))
    assert list(costs) == COST_LINES["score"] and not out.exists()
    assert costs["samples"].startswith("5: 10 texts, ") and costs["samples"].endswith(" 0 images") and "FLOP/s" in costs["rates"]
    assert costs["time"].startswith("at least ") and costs["time"].endswith("; with a small model, what is not estimated takes longer")
    one = ["--image", goldens / "reference/images/rgb_wide.png", "--prompt", "a", "--response", "b", "--response", "b"]
    assert re.match(r"samples +1: 1 text, \d+ tokens .*, 1 image\n", vlrm("score", *model, *one, "--dry-run"))
    merged = [*inputs, "--method", "linear", "--weight-rm", "0.5"]
    assert "merging" in vlrm("score", *merged, "--input", samples, "--dry-run")
    assert "a layer at a time" in vlrm("score", *model, "--weights", "streamed", "--input", samples, "--dry-run")
    broken = write_lines(tmp_path / "broken.jsonl", [*read_lines(samples), {"id": 9, "prompt": "a"}])
    assert vlrm("score", *model, "--input", broken, "--dry-run", fails=True) == vlrm("score", *model, "--input", broken, fails=True)
    text_only = ["score", *model, "--mode", "text-only", "--input", samples]
    assert vlrm(*text_only, "--dry-run", fails=True) == vlrm(*text_only, fails=True)


def test_dry_evaluations(vlrm, goldens, inputs, tmp_path):
    rows = [{"id": f"x-{i}", "query": "q", "response": ["a", "b"], "human_ranking": [0, 1],
             "image": str(goldens / "reference/images/rgb_wide.png")} for i in range(40)]
    data = write_lines(tmp_path / "pairs.jsonl", rows)
    evaluate = ["eval", "vl-rewardbench", "--data", data]
    costs = cost_lines(vlrm(*evaluate, "--model", goldens / "vlrm_ties", "--dry-run"))
    assert costs["samples"].startswith("40: about 80 texts") and costs["samples"].endswith(" 40 images; from 16 of them")
    few = cost_lines(vlrm(*evaluate, "--model", goldens / "vlrm_ties", "--limit", 5, "--dry-run"))
    assert few["samples"].startswith("5: 10 texts") and "5 images" in few["samples"]
    sweep = cost_lines(vlrm(*evaluate, *inputs, "--sweep", "paper", "--mode", "no-image", "--dry-run"))
    assert sweep["merges"] == "58"
    assert cost_lines(vlrm(*evaluate, "--mode", "random", "--dry-run")) == {"samples": "40"}
    assert sorted(tmp_path.iterdir()) == [data]
    assert "no output: -o names the result folder" in vlrm(*evaluate, "--mode", "random", fails=True)
    write_lines(data, [*rows, {"id": 1}])
    bad = [*evaluate, "--model", goldens / "vlrm_ties"]
    assert vlrm(*bad, "--dry-run", fails=True) == vlrm(*bad, "-o", tmp_path / "o", fails=True)


def test_a_limited_evaluation(vlrm, goldens, tmp_path):
    rows = [{"id": f"{kind}-{i}", "query": f"q {i}", "response": ["a", f"b {i}"], "human_ranking": [0, 1]}
            for i in range(4) for kind in ("vlfeedback", "mathverse")]
    data = write_lines(tmp_path / "pairs.jsonl", rows)
    rm = ["--model", goldens / "models/rm", "--mode", "text-only", "--threads", "1", "-q"]
    evaluate = ["eval", "vl-rewardbench", "--data", data, *rm]
    vlrm(*evaluate, "-o", tmp_path / "whole")
    whole = (tmp_path / "whole/results.jsonl").read_bytes().splitlines()
    notes = vlrm(*evaluate, "-o", tmp_path / "few", "--limit", 3, notes=True)
    assert "note: only the first 3 of 8 rows (--limit)" in notes
    settings = json.loads((tmp_path / "few/run.json").read_text())
    assert (tmp_path / "few/results.jsonl").read_bytes().splitlines() == whole[:3]
    assert settings["limit"] == 3 and settings["rows"] == 3 and len(settings["groups"]["rows"]) == 3
    assert "limit was 3, now 4" in vlrm(*evaluate, "-o", tmp_path / "few", "--limit", 4, fails=True)
    assert "limit was 3, now not set" in vlrm(*evaluate, "-o", tmp_path / "few", fails=True)
    assert "limit was not set, now 3" in vlrm(*evaluate, "-o", tmp_path / "whole", "--limit", 3, fails=True)
    vlrm(*evaluate, "-o", tmp_path / "whole", "--limit", 8)
    for layout in ("text", "md", "latex"):
        told = "only the first 3 rows of the benchmark" in vlrm("results", tmp_path / "few", "--format", layout).replace("\n", " ")
        assert told and "only the first" not in vlrm("results", tmp_path / "whole", "--format", layout)


@pytest.mark.parametrize("command", ["caption", "judge"])
def test_limited_writing(vlrm, goldens, tmp_path, command):
    rows = [{"id": f"x-{i}", "query": "q", "response": ["a", f"b {i}"], "human_ranking": [0, 1],
             "image": str(goldens / "reference/images/rgb_wide.png")} for i in range(3)]
    data = write_lines(tmp_path / "pairs.jsonl", rows)
    out = tmp_path / "out"
    write = [command, "--model", goldens / "models/vlm", "--task", "vl-rewardbench", "--data", data, "-o", out, "-q",
             *(["--judge", "likelihood"] if command == "judge" else ["--max-new-tokens", 2])]
    vlrm(*write, "--limit", 2, "--batch-size", 1)
    written = json.loads(out.read_text()) if command == "caption" else read_lines(out / "results.jsonl")
    assert len(written) == 2
    settings = json.loads((out / "run.json" if command == "judge" else tmp_path / "out.run.json").read_text())
    assert settings["limit"] == 2
    assert "limit was 2, now not set" in vlrm(*write, fails=True)
    assert "--limit: must be a whole number of at least 1, not 0" in vlrm(*write, "--limit", 0, fails=True)
