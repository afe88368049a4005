"""The command line and the files it writes: what is refused, what is told, and that nothing half-written stays."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from conftest import PROGRAM, read_lines, write_lines

pytestmark = pytest.mark.first_set
LINEAR = ["--method", "linear", "--weight-rm", "0.5"]
TIES = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]


@pytest.fixture
def models(goldens):
    return goldens / "models"


@pytest.fixture
def inputs(models):
    return ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base"]


@pytest.fixture
def writable(tmp_path):
    """Copies of models that a test may break."""

    def copy(model):
        folder = tmp_path / f"copy_of_{model.name}"
        shutil.copytree(model, folder)
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o755)
        return folder

    return copy


@pytest.mark.parametrize("arguments, expected", [
    (["foo"], "there is no command foo (see vlrm --help)"),
    (["scroe", "--model", "OUT"], "there is no command scroe; did you mean score? (see vlrm --help)"),
    ([], "a command is missing (see vlrm --help)"),
    (["--foo"], "there is no option --foo"),
    (["build", "--vml", "x"], "build: there is no option --vml; did you mean --vlm? (see vlrm build --help)"),
    (["build", "--denstiy=1"], "build: there is no option --denstiy; did you mean --density?"),
    (["inspect", "a", "b"], "inspect: takes no further argument, here b (see vlrm inspect --help)"),
    (["build"], "--vlm is required (see vlrm build --help)"),
    (["build", "--vlm"], "--vlm: needs a value"),
    (["build", "--vlm", "a", "--vlm", "b"], "--vlm: may be given once only"),
    (["score", "--mode", "imgae"], "--mode: imgae is none of image, no-image, text-only; did you mean image?"),
    (["foo", "--help"], "there is no command foo (see vlrm --help)"),
    (["build", "--vml", "--help"], "build: there is no option --vml; did you mean --vlm?"),
    (["build", "--threads", "abc"], "--threads: must be a whole number of at least 0, not abc"),
    (["tokenize", "--model", "x", "--decode", "--add-special-tokens"], "does not go with"),
    (["tokenize", "--model", "x", "--skip-special-tokens"], "--skip-special-tokens goes only with --decode"),
    (["merge"], "CONFIG is required (see vlrm merge --help)"),
    (["merge", "x.yaml"], "OUT names the directory to write"),
    (["build", "--vlm", "a\nb", "--rm", "c", *LINEAR, "-o", "d"], "a\\x0ab"),
])
def test_a_wrong_command_line_gets_one_line(vlrm, arguments, expected):
    assert expected in vlrm(*arguments, fails=True)


BUILD = ["build", "--vlm", "v", "--rm", "r", "-o", "o"]
SCORE = ["score", "--model", "m", "--prompt", "p", "--response", "r"]


@pytest.mark.parametrize("arguments, expected", [
    ([*BUILD, "--seed", "-1"], "--seed: must be a whole number of at least 0, not -1"),
    ([*BUILD, "--seed", "1.5"], "--seed: must be a whole number of at least 0, not 1.5"),
    ([*BUILD, "--weight", "much"], "--weight: much is no finite number"),
    ([*BUILD, "--weight", "nan"], "--weight: nan is no finite number"),
    ([*BUILD, "--normalize", "--no-normalize"], "--normalize does not go with --no-normalize"),
    ([*BUILD, "--rescale", "--no-rescale"], "--rescale does not go with --no-rescale"),
    ([*BUILD, "--method", "ties", "--weight", "1", "--density", "1.5"], "--density must be a number above 0 and at most 1, the fraction of each difference that is kept, not 1.5"),
    ([*BUILD, "--method", "ties", "--weight", "1", "--density", "0"], "--density must be a number above 0 and at most 1, the fraction of each difference that is kept, not 0"),
    ([*BUILD, "--method", "ties", "--weight", "1", "--density", "-1"], "--density must be a number above 0 and at most 1, the fraction of each difference that is kept, not -1"),
    ([*BUILD, "--recipe", ""], "--recipe: is empty"),
    (["build", "--vlm", "", "--rm", "r", "-o", "o"], "--vlm: is empty"),
    (["inspect", ""], "model: is empty"),
    (["merge", "", "o"], "CONFIG: is empty"),
    ([*SCORE, "--date", ""], "--date: is empty"),
    ([*SCORE, "--image", ""], "--image: is empty"),
    ([*SCORE, "--batch-size", "0"], "--batch-size: must be a whole number of at least 1, not 0"),
    ([*SCORE, "--batch-samples", "0"], "--batch-samples: must be a whole number of at least 1, not 0"),
    ([*SCORE, "--vlm", "v"], "--vlm: add --recipe, or --method and its numbers"),
    ([*SCORE, "--seed", "1"], "--merge-seed: add --recipe, or --method and its numbers"),
    (["render", "--model", "m", "--date", ""], "--date: is empty"),
    (["generate", "--model", "m", "--prompt", "p", "-n", "1000001"], "-n: must be from 1 to 1000000, not 1000001"),
    (["generate", "--model", "m", "--prompt", "p", "-n", "1000000000000"], "-n: must be from 1 to 1000000, not 1000000000000"),
    (["answers", "--task", "textvqa_val", "--model", "m", "-o", "o", "-n", "1000001"], "-n: must be from 1 to 1000000, not 1000001"),
])
def test_values_without_sense_are_refused_by_name(vlrm, arguments, expected):
    assert expected in vlrm(*arguments, fails=True)


def test_an_empty_prompt_and_response_are_texts_too(vlrm, goldens):
    vlrm("score", "--model", goldens / "vlrm_ties", "--prompt", "", "--response", "")


def test_a_seed_without_use_gets_a_note(vlrm, inputs, tmp_path):
    note = "note: the seed changes nothing: linear has no random masks"
    null = ["--sink", "null", "--seed", "0"]
    assert note in vlrm("build", *inputs, *LINEAR, *null, notes=True)
    dare = ["--method", "dare_ties", "--weight", "0.7", "--density", "0.4"]
    assert not any("seed" in line for line in vlrm("build", *inputs, *dare, *null, notes=True))


def test_a_missing_tensor_is_told_with_its_checkpoint_once(vlrm, models, writable, tmp_path):
    from safetensors.numpy import load_file, save_file

    instruct = ["--instruct", models / "base_instruct", "-q"]
    vlrm("extract", "--rm", models / "rm", *instruct, "-o", tmp_path / "whole")
    broken = writable(tmp_path / "whole")
    weights = broken / "model.safetensors"
    tensors = load_file(weights)
    missing = "model.layers.0.mlp.up_proj.weight"
    del tensors[missing]
    save_file(tensors, weights)
    recipe = {"models": [{"model": str(tmp_path / "whole"), "parameters": {"weight": 1}},
                         {"model": str(broken), "parameters": {"weight": 1}}], "merge_method": "linear"}
    (tmp_path / "config.yaml").write_text(json.dumps(recipe))
    error = vlrm("merge", tmp_path / "config.yaml", tmp_path / "out", fails=True)
    assert missing in error and error.count(str(weights)) == 1 and " + " not in error and "other layers have theirs" in error


@pytest.mark.parametrize("command", ["build", "preprocess", "score"])
def test_missing_directories_of_an_output_are_made(vlrm, goldens, inputs, tmp_path, command):
    out = tmp_path / "a/b/out"
    image = goldens / "reference/images/rgb_wide.png"
    samples = write_lines(tmp_path / "samples.jsonl", [{"id": 1, "prompt": "a", "responses": ["b"]}])
    vlrm(*{"build": ["build", *inputs, *LINEAR],
           "preprocess": ["preprocess", "--model", goldens / "vlrm_ties", "--image", image],
           "score": ["score", "--model", goldens / "vlrm_ties", "--input", samples]}[command], "-o", out)
    assert out.exists()


def test_directories_made_for_an_output_that_fails_go_again(vlrm, models, inputs, writable, tmp_path):
    shard = sorted(writable(models / "rm").glob("*.safetensors"))[-1]
    shard.write_bytes(shard.read_bytes()[:-1])
    vlrm("build", *inputs[:2], "--rm", shard.parent, *LINEAR, "-o", tmp_path / "a/b/out", "-q", fails=True)
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").touch()
    error = vlrm("build", *inputs, *LINEAR, "-o", tmp_path / "file/b/out", fails=True)
    assert "its directory cannot be made: Not a directory" in error and ".partial" not in error


def test_names_that_no_file_system_takes(vlrm, inputs, writable, models, tmp_path):
    long = "n" * 300
    for arguments in ([*inputs, "-o", tmp_path / long], [*inputs, "-o", tmp_path / long / "out"],
                      ["--vlm", long, *inputs[2:], "-o", tmp_path / "out"]):
        error = vlrm("build", *arguments, *LINEAR, fails=True)
        assert "filesystem" not in error and "[" not in error and long in error
    loop = writable(models / "base") / "model.safetensors"
    loop.unlink(missing_ok=True)
    loop.symlink_to(loop.name)
    error = vlrm("inspect", loop.parent, fails=True)
    assert error == f"vlrm: {loop}: Too many levels of symbolic links"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing(inputs, tmp_path, number):
    """Stopped at several moments of its writing, until three builds were caught at it."""
    interrupted = 0
    for attempt in range(40):
        command = [PROGRAM, "build", *inputs, *TIES, "--dtype", "float32", "--threads", "1", "-o", tmp_path / "a/out", "-q"]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not list(tmp_path.glob("a/.out.vlrm-*.partial/model.safetensors")):
            time.sleep(0.0005)
        time.sleep(0.002 * (attempt % 4))
        process.send_signal(number)
        process.communicate()
        if process.returncode == 128 + number:
            interrupted += 1
            assert not list(tmp_path.glob("a/.*.partial"))
        shutil.rmtree(tmp_path / "a", ignore_errors=True)
        if interrupted == 3:
            return
    raise AssertionError("no build was interrupted while it wrote")


def test_an_ignored_signal_stays_ignored(inputs, tmp_path):
    """As under nohup."""
    command = [PROGRAM, "build", *inputs, *TIES, "--dtype", "float32", "--threads", "1", "-o", tmp_path / "out", "-q"]
    process = subprocess.Popen(list(map(str, command)), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    while process.poll() is None and not list(tmp_path.glob(".out.vlrm-*.partial")):
        time.sleep(0.0005)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0 and (tmp_path / "out/model.safetensors").exists()


@pytest.mark.parametrize("umask, mode", [(0o022, 0o644), (0o077, 0o600)])
def test_copies_of_read_only_files_can_be_written(inputs, models, writable, tmp_path, umask, mode):
    vlm = writable(models / "vlm")
    for path in vlm.iterdir():
        path.chmod(0o444)
    command = [PROGRAM, "build", "--vlm", vlm, *inputs[2:], *LINEAR, "-o", tmp_path / "out", "-q"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, umask=umask)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert {"tokenizer.json", "config.json", "model.safetensors"} <= files.keys()
    assert set(files.values()) == {mode}, files
    assert (tmp_path / "out/tokenizer.json").read_bytes() == (vlm / "tokenizer.json").read_bytes()


@pytest.fixture
def samples(tmp_path):
    rows = [{"id": f"s{number}", "prompt": "a", "responses": ["b", "c d"]} for number in range(5)]
    return write_lines(tmp_path / "samples.jsonl", rows)


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "fifo"])
def test_samples_may_come_through_a_pipe(vlrm, goldens, samples, tmp_path, name):
    score = ["score", "--model", goldens / "vlrm_ties", "-q", "--input"]
    expected = vlrm(*score, samples)
    if name != "fifo":
        assert vlrm(*score, name, stdin=samples.read_text()) == expected
        assert "standard input, line 1: not valid JSON" in vlrm(*score, name, stdin="{", fails=True)
        assert "standard input: holds no sample" in vlrm(*score, name, stdin="", fails=True)
        return
    os.mkfifo(tmp_path / name)
    with subprocess.Popen(["cp", samples, tmp_path / name]):
        assert vlrm(*score, tmp_path / name) == expected


def test_a_run_from_a_pipe_can_be_resumed(vlrm, goldens, samples, tmp_path):
    out = tmp_path / "out.jsonl"
    score = ["score", "--model", goldens / "vlrm_ties", "-q", "--batch-samples", "2", "-o", out, "--input"]
    vlrm(*score, "-", stdin=samples.read_text())
    whole = out.read_bytes()
    out.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    vlrm(*score, samples)
    assert out.read_bytes() == whole


@pytest.mark.parametrize("garbage", ["", "not json", "[1]", '{"id": "s1"}', '{"id": "s2", "scores": [1, 2]}',
                                     '{"id": "s1", "scores": [1]}', '{"id": "s1", "scores": ["1", "2"]}'])
@pytest.mark.parametrize("finished", [True, False])
def test_lines_that_are_not_the_runs_own_are_told_on_resume(vlrm, goldens, samples, tmp_path, garbage, finished):
    out = tmp_path / "out.jsonl"
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "--batch-samples", "2", "-o", out, "-q"]
    vlrm(*score)
    lines = out.read_text().splitlines()[: 5 if finished else 3]
    lines[1] = garbage
    out.write_text("\n".join(lines) + "\n")
    error = vlrm(*score, fails=True)
    assert f"{out}, line 2: does not hold the scores of the sample of {samples}, line 2" in error and "--force" in error
    vlrm(*score, "--force")
    assert [row["id"] for row in read_lines(out)] == ["s0", "s1", "s2", "s3", "s4"]


def test_a_batch_that_broke_off_may_hold_anything(vlrm, goldens, samples, tmp_path):
    out = tmp_path / "out.jsonl"
    score = ["score", "--model", goldens / "vlrm_ties", "--input", samples, "--batch-samples", "2", "-o", out, "-q"]
    vlrm(*score)
    whole = out.read_text()
    out.write_text("\n".join(whole.splitlines()[:2]) + "\n\0\0\0\n")
    vlrm(*score)
    assert out.read_text() == whole


def test_both_prompt_and_messages(vlrm, goldens, tmp_path):
    messages = [{"role": "user", "content": "a"}]
    row = write_lines(tmp_path / "in.jsonl", [{"id": 1, "prompt": "a", "messages": messages, "responses": ["b"]}])
    error = vlrm("score", "--model", goldens / "vlrm_ties", "--input", row, fails=True)
    assert 'line 1: has both "prompt" and "messages"' in error


@pytest.mark.parametrize("what", ["directory", "weights", "config.json"])
def test_verify_names_the_input_that_is_gone(goldens, models, writable, tmp_path, what):
    rm = writable(models / "rm")
    build = [PROGRAM, "build", "--vlm", models / "vlm", "--rm", rm, *LINEAR, "-o", tmp_path / "out", "-q"]
    subprocess.run(list(map(str, build)), check=True, capture_output=True)
    for path in list(rm.iterdir()):
        if what == "directory" or path.name == what or (what == "weights" and "safetensors" in path.name):
            path.unlink()
    if what == "directory":
        rm.rmdir()
    done = subprocess.run([PROGRAM, "inspect", "--verify", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 3 and done.stdout.startswith(f"rm ({rm}): "), done


def test_inspect_tells_where_tensors_and_config_disagree(vlrm, models, writable):
    for name, section in {"base": [], "vlm": ["text_config"]}.items():
        assert vlrm("inspect", models / name, notes=True) == []
        folder = writable(models / name)
        config = json.loads((folder / "config.json").read_text())
        text = config
        for key in section:
            text = text[key]
        layers, size = text["num_hidden_layers"], text["hidden_size"]
        text["num_hidden_layers"] = layers + 1
        text["hidden_size"] = 2 * size
        (folder / "config.json").write_text(json.dumps(config))
        assert vlrm("inspect", folder, notes=True) == [
            f"note: config.json has num_hidden_layers {layers + 1}, the tensors {layers}",
            f"note: config.json has hidden_size {2 * size}, the tensors {size}"]


@pytest.mark.parametrize("token, expected", [
    (17, "the chat template does not write "),
    (10**6, 'config.json: "image_token_index": 1000000 is not below {rows}, vocab_size and 8 reserved rows'),
])
def test_a_wrong_image_token_is_called_wrong(vlrm, goldens, writable, token, expected):
    folder = writable(goldens / "vlrm_ties")
    config = json.loads((folder / "config.json").read_text())
    config["image_token_index"] = token
    (folder / "config.json").write_text(json.dumps(config))
    image = goldens / "reference/images/rgb_wide.png"
    one = ["--image", image, "--prompt", "x", "--response", "y"]
    error = vlrm("score", "--model", folder, *one, fails=True)
    rows = config["text_config"]["vocab_size"] + 8
    assert expected.format(rows=rows) in error and "image_token_index" in error


COMMANDS = ["build", "score", "generate", "compare", "inspect", "extract", "merge", "map", "tokenize", "render", "preprocess", "help"]


def test_the_examples_in_help_do_what_they_say(vlrm, goldens, models, tmp_path):
    """All of them as they stand, one after the other, in a folder where their names lead to the golden models."""
    names = {"VLM": "vlm", "RM": "rm", "BASE": "base", "MODEL": "vlm", "D": "vlm",
             "meta-llama/Llama-3.2-11B-Vision-Instruct": "vlm", "allenai/llama-3.1-tulu-2-8b-uf-mean-rm": "rm",
             "meta-llama/Llama-3.1-8B": "base", "meta-llama/Llama-3.1-8B-Instruct": "base_instruct"}
    for name, model in names.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(models / model)
    shutil.copy(goldens / "reference/images/rgb_large.jpg", tmp_path / "cat.jpg")
    (tmp_path / "photos").mkdir()
    for copy in ("a.jpg", "photos/b.jpg"):
        shutil.copy(tmp_path / "cat.jpg", tmp_path / copy)
    (tmp_path / "base").symlink_to(models / "base")
    shutil.copy(goldens / "reference/configs/ties_d0.6.yaml", tmp_path / "ties.yaml")
    shutil.copy(goldens / "reference/configs/ties_d0.6.yaml", tmp_path / "ties.yml")
    helps = {command: vlrm(*command.split(), "--help").replace("\\\n", " ") for command in ["", *COMMANDS]}
    for command, file in {"score": "samples.jsonl", "generate": "prompts.jsonl", "render": "conversations.jsonl"}.items():
        (tmp_path / file).write_text(re.search(r"A line of .*?: (\{.*?\}?\})$", helps[command], re.M | re.S)[1].replace("\n", " "))
    environment = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    for command, text in helps.items():
        examples = re.findall(r"^(?:Example: |  )((?:echo .* \| )?vlrm .*)$", text, re.M)
        assert examples, command
        for example in examples:
            for file in ("scores.jsonl", "texts.jsonl"):  # several examples of a command write it
                for made in (tmp_path / file, tmp_path / f"{file}.run.json"):
                    made.unlink(missing_ok=True)
            done = subprocess.run(example, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, (example, done.stderr)


@pytest.mark.parametrize("command", ["inspect", "score", "samples", "preprocess"])
def test_a_closed_standard_output_is_told(goldens, models, samples, tmp_path, command):
    """Where a result goes there. A file of ours does not get its place."""
    score = ["score", "--model", goldens / "vlrm_ties"]
    arguments = {
        "inspect": ["inspect", models / "vlm"],
        "score": [*score, "--prompt", "a", "--response", "b"],
        "samples": [*score, "--input", samples],
        "preprocess": ["preprocess", "--model", models / "vlm", "--image", goldens / "reference/images/rgb_wide.png",
                       "-o", tmp_path / "out"],
    }[command]
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    if command == "preprocess":
        assert done.returncode == 0 and (tmp_path / "out").exists()
    else:
        assert done.returncode == 2 and "vlrm: standard output: cannot be written" in done.stderr.splitlines()[-1]


def test_preprocess_never_replaces_its_input(vlrm, goldens, models, tmp_path):
    image = shutil.copy(goldens / "reference/images/rgb_wide.png", tmp_path / "a.png")
    before = image.read_bytes()
    flags = ["preprocess", "--model", models / "vlm", "--image", image, "-o", tmp_path / "." / "a.png", "--force"]
    assert vlrm(*flags, fails=True) == f"vlrm: {image}: is the input and the output; name another output"
    assert image.read_bytes() == before


def test_numbers_that_overflow_are_told(vlrm, inputs, models, writable, tmp_path):
    rm = writable(models / "rm")
    shard = rm / json.loads((rm / "model.safetensors.index.json").read_text())["weight_map"]["score.weight"]
    data = bytearray(shard.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    first = start + json.loads(data[8:start])["score.weight"]["data_offsets"][0]
    data[first : first + 6] = b"".join(bits.to_bytes(2, "little") for bits in (0x4974, 0xC974, 0x7FC0))  # 1e6, -1e6, NaN
    shard.write_bytes(data)
    build = ["build", "--vlm", models / "vlm", "--rm", rm, "--base", models / "base", *LINEAR, "-q", "--sink", "null"]
    (note,) = [line for line in vlrm(*build, "--dtype", "float16", notes=True) if "NaN" in line]
    assert note == ("note: 3 elements of 1 tensor are infinite or NaN, the first in score.weight; "
                    "bfloat16 and float32 hold larger numbers than float16")
    (note,) = [line for line in vlrm(*build, notes=True) if "NaN" in line]
    assert note == "note: 1 element of 1 tensor is infinite or NaN, the first in score.weight"


def test_an_output_inside_an_input_gets_no_note(vlrm, models, writable):
    vlm = writable(models / "vlm")
    flags = ["--vlm", vlm, "--rm", models / "rm", "--base", models / "base", *LINEAR, "-q"]
    assert not [line for line in vlrm("build", *flags, "-o", vlm / "sub", notes=True) if "sub" in line]


def test_a_missing_reward_head_is_told_before_anything_else(vlrm, models):
    score = ["score", "--model", models / "base", "--mode", "text-only", "--prompt", "a", "--response", "b"]
    assert "has no reward head" in vlrm(*score, fails=True)
    done = subprocess.run([PROGRAM, "score", "--model", models / "vlm", *score[5:]], capture_output=True, text=True)
    assert done.returncode == 2 and "no reward head" in done.stderr and "note: " not in done.stderr
