"""Small inputs from strangers that would cost gigabytes or minutes: each ends within 10 s of CPU time and 1 GiB."""

import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PROGRAM, read_lines, write_lines

pytestmark = pytest.mark.first_set
PAIR = {"id": "a", "query": "q", "response": ["x", "y"], "human_ranking": [0, 1]}


# The memory of a process is at least that of the one that started it: a small one does.
LIMITED = """
import json, os, resource, subprocess, sys
seconds = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CPU, (3 * seconds, 3 * seconds))
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024]))
"""


@pytest.fixture
def small():
    """Runs the program as an input may cost: gives its error, or "" where it is done with it."""

    def run(*arguments, code=None, seconds=10, megabytes=1024, stdin=None, env=None):
        command = [sys.executable, "-c", LIMITED, str(seconds), PROGRAM, *map(str, arguments)]
        done = subprocess.run(command, stdin=stdin, capture_output=True, env=env)
        error = done.stderr.decode("utf8", "replace")
        exit_code, cpu, peak = json.loads(done.stdout)
        assert exit_code in ((0, 2) if code is None else (code,)), error[-300:]
        assert cpu <= seconds and peak <= megabytes
        return error

    return run


@pytest.fixture
def evaluate(small, tmp_path):
    return lambda data, **how: small(
        "eval", "vl-rewardbench", "--mode", "random", "--data", data, "-o", tmp_path / "out", "-q", **how
    )


@pytest.fixture
def changed(goldens, tmp_path):
    """A copy of the reward model with another file in it."""

    def copy(name, change):
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(goldens / "models/rm", folder)
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o755)
        value = json.loads((folder / name).read_text())
        change(value)
        (folder / name).write_text(json.dumps(value))
        return folder

    return copy


def table(**columns):
    rows = len(next(iter(columns.values())))
    pairs = {"id": [str(i) for i in range(rows)], "response": [["x", "y"]] * rows, "human_ranking": [[0, 1]] * rows}
    return pa.table({"query": ["q"] * rows} | pairs | columns)


def test_parquet_whose_dictionary_is_large(evaluate, tmp_path):
    one = "q" * 10_000_000
    pq.write_table(table(query=[one] * 256), tmp_path / "t.parquet", compression="zstd")
    assert "decompression bomb" in evaluate(tmp_path / "t.parquet", code=2)


def test_rows_too_large_for_a_batch_are_read_one_by_one(evaluate, tmp_path):
    pq.write_table(table(query=["q" * 450_000] * 200), tmp_path / "t.parquet", compression="zstd")
    assert evaluate(tmp_path / "t.parquet", code=0) == ""
    assert len(read_lines(tmp_path / "out/results.jsonl")) == 200


def test_lists_of_nulls(evaluate, tmp_path):
    nulls = pa.ListArray.from_arrays(pa.array([0, 50_000_000], pa.int32()), pa.nulls(50_000_000, pa.int32()))
    pq.write_table(table(response=nulls), tmp_path / "t.parquet", compression="zstd")
    evaluate(tmp_path / "t.parquet", code=2)
    nulls = pa.ListArray.from_arrays(pa.array([0, 2_000_000_000], pa.int32()), pa.nulls(2_000_000_000))
    arrow = table(response=nulls)
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file, pa.ipc.new_stream(file, arrow.schema) as stream:
        stream.write_table(arrow)
    assert "more than 4194304 values" in evaluate(tmp_path / "t.arrow", code=2)


def test_more_rows_than_a_file_holds(evaluate, tmp_path):
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as file:
        with pa.ipc.new_stream(file, pa.schema([("query", pa.null())])) as stream:
            stream.write_batch(pa.record_batch([pa.nulls(1 << 30)], names=["query"]))
    assert "more than a file of" in evaluate(tmp_path / "t.arrow", code=2)


def test_lines_without_an_end(small, evaluate, tmp_path):
    for folder in ("runs", "logs"):
        (tmp_path / folder).mkdir()
    for file in ("runs/results.jsonl", "d.jsonl", "logs/x.jsonl", "s.jsonl"):
        (tmp_path / file).touch()
        os.truncate(tmp_path / file, 4 << 30)
    longer = "longer than 64 MiB"
    assert longer in evaluate(tmp_path / "d.jsonl", code=2)
    assert longer in small("results", tmp_path / "runs", code=2)
    assert longer in small("aggregate", tmp_path / "logs", "--task", "textvqa_val", "-o", tmp_path / "a", code=2)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth=8, color=0, head=b""):
    """Black, a row of whose samples is as long as it must be."""
    bits = {0: 1, 2: 3, 4: 2, 6: 4}[color] * depth
    packer, pixels, row = zlib.compressobj(9), b"", bytes(1 + (width * bits + 7) // 8)
    rows = max(1, (1 << 22) // len(row))
    for start in range(0, height, rows):
        pixels += packer.compress(row * min(rows, height - start))
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + head
        + chunk(b"IDAT", pixels + packer.flush())
        + chunk(b"IEND", b"")
    )


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def progressive(side, components, scans=1):
    """A JPEG whose scans say of every block that there is nothing in it."""
    parts = b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    head = (
        b"\xff\xd8"
        + segment(0xDB, b"\0" + b"\1" * 64)
        + segment(0xC2, struct.pack(">BHHB", 8, side, side, components) + parts)
    )
    head += segment(0xC4, b"\x00" + bytes([1] + [0] * 15) + b"\0") + segment(
        0xC4, b"\x10" + bytes([1, 1] + [0] * 14) + b"\xe0\x00"
    )
    runs = -(-(((side + 7) // 8) ** 2) // 32767)
    bits = ("0" + "1" * 14) * runs
    bits += "1" * (-len(bits) % 8)
    scan = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + int(bits, 2).to_bytes(len(bits) // 8, "big").replace(
        b"\xff", b"\xff\0"
    )
    return head + scan * scans + b"\xff\xd9"


ORIENTATION = b"MM\0*" + struct.pack(">IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0) + bytes(4)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (lambda: png(178_956_970, 1, 1), "no side may be longer than 131072"),
        (lambda: png(1, 178_956_970, 1), "no side may be longer than 131072"),
        (lambda: png(13377, 13377, 1), ""),
        (lambda: png(13377, 13377, 8, 4), ""),
        (lambda: png(13377, 13377, 8, 6), ""),
        (lambda: png(13377, 13377, 8, 2, chunk(b"eXIf", ORIENTATION)), "of memory to decode"),
        (lambda: progressive(13377, 4), "of memory to decode"),
        (lambda: progressive(13377, 1), ""),
        (lambda: progressive(13377, 1, 999), "more than 23 scans"),
        (lambda: progressive(64, 1, 900), ""),
    ],
    ids=["wide", "tall", "grey", "grey_alpha", "alpha", "turned", "cmyk", "progressive", "scans", "few_pixels"],
)
def test_images_of_many_pixels(small, goldens, tmp_path, image, said):
    (tmp_path / "image").write_bytes(image())
    error = small(
        "preprocess", "--model", goldens / "models/vlm", "--image", tmp_path / "image", "-o", tmp_path / "out"
    )
    assert said in error if said else error == ""


@pytest.mark.parametrize(
    "template",
    [
        "{{ ('a' * 10000000).count('a' * 5000000 ~ 'b') }}",
        "{{ ('a' * 1000000).strip('b' * 1000000 ~ 'a') }}",
        "{% set s = '1' * 1000000 %}{% for i in range(100000) %}{% set x = s | float %}{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(1000) %}{% set x = strftime_now('%9999d') %}{% endfor %}{% endfor %}",
        "{{ 'a ' * 60000000 }}",
    ],
)
def test_templates(small, changed, tmp_path, template):
    model = changed("tokenizer_config.json", lambda config: config.update(chat_template=template))
    write_lines(tmp_path / "c.jsonl", [{"messages": [{"role": "user", "content": "Hi"}]}])
    small("render", "--model", model, "--input", tmp_path / "c.jsonl", "--date", "today")


@pytest.mark.parametrize("bytes_written", [100_000_000, 7_000_000])
def test_a_template_that_writes_more_than_a_model_reads(small, changed, tmp_path, bytes_written):
    text = "{% set x = 'a cat ' * " + str(bytes_written // 600) + " %}{% for i in range(100) %}{{ x }}{% endfor %}"
    model = changed("tokenizer_config.json", lambda config: config.update(chat_template=text))
    error = small("score", "--mode", "text-only", "--model", model, "--prompt", "Hi", "--response", "Ho", code=2)
    assert ("more than the 8388608 allowed" if bytes_written > 8 << 20 else "positions") in error


def test_normalizers(small, changed, tmp_path):
    def grow(tokenizer):
        def replace(a, b):
            return {"type": "Replace", "pattern": {"String": a}, "content": b}

        steps = [replace("a", "é" * 1000), replace("é", "é" * 1000)] + [{"type": "Lowercase"}] * 60
        tokenizer["normalizer"] = {"type": "Sequence", "normalizers": steps}

    (tmp_path / "text").write_text('"aaaa"\n')
    error = small("tokenize", "--model", changed("tokenizer.json", grow), "--input", tmp_path / "text", code=2)
    assert "out of all proportion" in error


def test_objects_of_many_keys(small, goldens, tmp_path):
    keys = {f"id-{i}": "a" for i in range(200_000)}
    (tmp_path / "captions.json").write_text(json.dumps(keys))
    write_lines(tmp_path / "d.jsonl", [PAIR | {"id": "id-0"}])
    write_lines(tmp_path / "s.jsonl", [{"id": 1, "prompt": "x", "responses": ["y"]} | keys])
    rm = goldens / "models/rm"
    cascade = ["eval", "vl-rewardbench", "--mode", "cascade", "--model", rm, "--captions", tmp_path / "captions.json"]
    small(*cascade, "--data", tmp_path / "d.jsonl", "-o", tmp_path / "out", "-q", code=0)
    small("score", "--mode", "text-only", "--model", rm, "--input", tmp_path / "s.jsonl", "-q", code=0)
    write_lines(tmp_path / "d.jsonl", [PAIR | {f"image_{i}": None for i in range(80_000)}])
    small(
        "eval",
        "vl-rewardbench",
        "--mode",
        "random",
        "--data",
        tmp_path / "d.jsonl",
        "-o",
        tmp_path / "o2",
        "-q",
        code=0,
    )


def test_a_recipe_whose_aliases_multiply(small, tmp_path):
    recipe = (
        "merge_method: linear\nslices:\n- &s {sources: &l ["
        + ", ".join(["{model: m, layer_range: [0, 1]}"] * 10_000)
        + "]}\n"
    )
    (tmp_path / "r.yaml").write_text(recipe + "- *s\n" * 100_000)
    assert "aliases make it larger" in small("merge", tmp_path / "r.yaml", tmp_path / "out", code=2)
    (tmp_path / "r.yaml").write_text("merge_method: linear\nslices: &a [*a]\n")
    assert "an alias stands inside of what it stands for" in small(
        "merge", tmp_path / "r.yaml", tmp_path / "out", code=2
    )


def test_no_memory_is_a_reason_to_try_again(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (150 << 20,) * 2)

    (tmp_path / "captions.json").write_text("[" + "[]," * 20_000_000 + "[]]")
    write_lines(tmp_path / "d.jsonl", [PAIR])
    done = subprocess.run(
        [
            PROGRAM,
            "eval",
            "vl-rewardbench",
            "--mode",
            "cascade",
            "--model",
            "x",
            "--captions",
            tmp_path / "captions.json",
            "--data",
        ]
        + [tmp_path / "d.jsonl", "-o", tmp_path / "out"],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (75, "vlrm: out of memory\n")


@pytest.fixture
def linked(goldens, tmp_path):
    """A VLM with a link out of its folder, and what builds with it."""
    shutil.copytree(goldens / "models/vlm", tmp_path / "vlm")
    (tmp_path / "vlm").chmod(0o755)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/id_rsa").write_text("my private key")
    models = goldens / "models"
    build = [
        "build",
        "--rm",
        models / "rm",
        "--base",
        models / "base",
        "--method",
        "linear",
        "--weight-rm",
        "0.5",
        "-o",
        tmp_path / "out",
    ]

    def link(name):
        (tmp_path / "vlm" / name).unlink(missing_ok=True)
        (tmp_path / "vlm" / name).symlink_to("../home/id_rsa")
        return [*build, "--vlm", tmp_path / "vlm"]

    return link


@pytest.mark.parametrize(
    "name", ["LICENSE", "preprocessor_config.json", "tokenizer_config.json", "chat_template.jinja"]
)
def test_links_out_of_a_model_are_not_copied(vlrm, linked, tmp_path, name):
    error = vlrm(*linked(name), fails=True)
    if name in ("LICENSE", "chat_template.jinja"):  # others are not what they should be, either
        assert f"{name}: is a link out of the model's folder" in error and "--allow-outside" in error
    assert not (tmp_path / "out").exists()


def test_links_out_of_a_model_can_be_allowed(vlrm, linked, tmp_path):
    vlrm(*linked("LICENSE"), "--allow-outside")
    assert (tmp_path / "out/LICENSE").read_text() == "my private key"
    assert not (tmp_path / "out/LICENSE").is_symlink()


def test_links_within_a_model_and_of_the_hub_cache_are_copied(vlrm, goldens, tmp_path):
    models = goldens / "models"
    snapshot, blobs = tmp_path / "models--a--b/snapshots/x", tmp_path / "models--a--b/blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted((models / "vlm").iterdir())):
        shutil.copy(file, blobs / f"blob-{number}")
        (snapshot / file.name).symlink_to(f"../../blobs/blob-{number}")
    (snapshot / "NOTICE").write_text("mine")
    (snapshot / "LICENSE").symlink_to("NOTICE")
    rest = ["--rm", models / "rm", "--base", models / "base", "--method", "linear", "--weight-rm", "0.5"]
    vlrm("build", "--vlm", snapshot, *rest, "-o", tmp_path / "out")
    assert (tmp_path / "out/LICENSE").read_text() == "mine"


def test_a_side_file_that_is_too_large_is_left_behind(vlrm, goldens, tmp_path):
    models = goldens / "models"
    shutil.copytree(models / "vlm", tmp_path / "vlm")
    (tmp_path / "vlm").chmod(0o755)
    (tmp_path / "vlm/NOTICE").touch()
    os.truncate(tmp_path / "vlm/NOTICE", 2 << 30)
    rest = ["--rm", models / "rm", "--base", models / "base", "--method", "linear", "--weight-rm", "0.5"]
    notes = vlrm("build", "--vlm", tmp_path / "vlm", *rest, "-o", tmp_path / "out", notes=True)
    assert any("NOTICE: not copied (larger than 1024 MiB)" in note for note in notes)
    assert not (tmp_path / "out/NOTICE").exists()


@pytest.mark.parametrize("absolute", [False, True])
def test_a_report_does_not_show_images_from_elsewhere(vlrm, tmp_path, absolute):
    for folder in ("private", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "private/photo.png").write_bytes(png(8, 8, 8, 2))
    (tmp_path / "data/own.png").write_bytes(png(9, 9, 8, 2))
    (tmp_path / "data/link.png").symlink_to("../private/photo.png")
    outside = str(tmp_path / "private/photo.png") if absolute else "../private/photo.png"
    rows = [PAIR | {"id": name, "image": name} for name in (outside, "link.png", "own.png")]
    write_lines(tmp_path / "data/d.jsonl", rows)
    vlrm(
        "eval", "vl-rewardbench", "--mode", "random", "--data", tmp_path / "data/d.jsonl", "-o", tmp_path / "run", "-q"
    )
    notes = vlrm("report", tmp_path / "run", "-o", tmp_path / "page.html", notes=True)
    assert any("2 images could not be read" in note and "--allow-outside" in note for note in notes)
    assert (tmp_path / "page.html").read_text().count("data:image/jpeg") == 1
    assert vlrm("report", tmp_path / "run", "-o", tmp_path / "all.html", "--allow-outside", notes=True) == []
    assert (tmp_path / "all.html").read_text().count("data:image/jpeg") == 2


def test_standard_input_is_kept_where_tmpdir_says(small, goldens, tmp_path):
    line = tmp_path / "line"
    write_lines(line, [{"id": 1, "prompt": "x", "responses": ["y"]}])
    score = ["score", "--mode", "text-only", "--model", goldens / "models/rm", "--input", "-"]
    with line.open() as text:
        error = small(*score, stdin=text, env=os.environ | {"TMPDIR": str(tmp_path / "none")}, code=2)
    assert f"{tmp_path}/none: cannot hold a temporary file" in error
    with line.open() as text:
        small(*score, stdin=text, env=os.environ | {"TMPDIR": str(tmp_path)}, code=0)


def test_names_in_warnings_and_notes_are_printable(goldens, tmp_path):
    folder = os.fsencode(tmp_path) + b"/\x1b[31mred\xff"
    shutil.copytree(os.fsencode(goldens / "models/vlm"), folder)
    os.chmod(folder, 0o755)
    (tmp_path / "sub").mkdir()
    os.mkdir(folder + b"/original\x1b]0;x\x07")
    models = goldens / "models"
    command = [PROGRAM, "build", "--vlm", folder, "--rm", models / "rm", "--base", models / "base"]
    done = subprocess.run(
        [*command, "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "out"], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert b"not copied (a directory)" in done.stderr
    assert b"\x1b" not in done.stderr and b"\x07" not in done.stderr
    done.stderr.decode("utf8")
