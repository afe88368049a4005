"""Datasets beside pyarrow: the same rows from parquet, Arrow files and saved datasets; files that are broken; memory."""

import json
import os
import shutil
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PROGRAM
from tables import COLUMNS, IMAGE, ONLY_IN_ARROW, expected_rows, random_table

READER = PROGRAM.parent / "print_rows"


def run_reader(*arguments, reader=READER, environment=None):
    return subprocess.run([reader, *map(str, arguments)], capture_output=True, env=environment and {**os.environ, **environment})


def read(*arguments):
    """The header, and the rows without index and source, which are checked here."""
    done = run_reader(*arguments)
    assert done.returncode == 0, done.stderr
    header, *rows = [json.loads(line) for line in done.stdout.splitlines()]
    first = int(arguments[arguments.index("--first") + 1]) if "--first" in arguments else 0
    assert [row.pop("index") for row in rows] == list(range(first, header["rows"]))
    for row in rows:
        row.pop("source")
    return header, rows


def error(*arguments, **options):
    done = run_reader(*arguments, **options)
    assert done.returncode == 2, (done.returncode, done.stderr)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def write_arrow(table, path, form="stream", batch_rows=7):
    make = {"stream": pa.ipc.new_stream, "file": pa.ipc.new_file}[form]
    with pa.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch_rows)


@pytest.mark.parametrize("name", ["mmmu_pro_standard", "mmmu_pro_vision", "rlaif_v", "textvqa", "vl_rewardbench"])
def test_goldens_as_pyarrow_reads_them(goldens, name):
    folder = goldens / "eval/data" / name
    table = pa.concat_tables([pq.read_table(file, partitioning=None) for file in sorted(folder.iterdir())])
    for column, field in enumerate(table.schema):
        if "image" in field.name and field.type != IMAGE:  # TextVQA's image_id
            table = table.set_column(column, field.name.replace("image", "picture"), table[column])
    expected = expected_rows(table, folder)
    header, rows = read(folder)
    for row in rows:
        row["values"] = {key.replace("image", "picture"): value for key, value in row["values"].items()}
    assert header["rows"] == table.num_rows and rows == expected


def test_saved_to_disk_has_the_rows_of_its_parquet(goldens):
    _, parquet = read(goldens / "eval/data/vl_rewardbench", "--split", "test")
    _, saved = read(goldens / "eval/data/vl_rewardbench_saved_to_disk", "--split", "test")
    expected = (goldens / "eval/results/float32/vl_rewardbench/vlrm.jsonl").read_text()  # one line for each row
    assert parquet == saved and len(saved) == len(expected.splitlines())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("options", [{}, {"compression": "zstd", "data_page_version": "2.0", "use_dictionary": False},
                                     {"compression": "none", "store_schema": False}])
def test_random_parquet(tmp_path, seed, options):
    table = random_table(seed, rows=60)
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=[60, 17, 1, 40][seed], **options)
    expected = expected_rows(table, tmp_path)
    if "store_schema" in options:
        expected = expected_rows(pq.read_table(tmp_path / "x.parquet"), tmp_path)
    for first in [0, 1, 17, 39, 59, 60]:
        assert read(tmp_path / "x.parquet", "--first", first)[1] == expected[first:]


@pytest.mark.parametrize("form", ["stream", "file"])
@pytest.mark.parametrize("seed", range(3))
def test_random_arrow(tmp_path, form, seed):
    columns = COLUMNS | ONLY_IN_ARROW
    if form == "file":  # which may hold only one dictionary a column
        columns = {name: kind for name, kind in columns.items() if "dictionary" not in name}
    table = random_table(seed, rows=40, columns=columns)
    write_arrow(table, tmp_path / "x.arrow", form, batch_rows=[7, 40, 1][seed])
    for first in [0, 6, 7, 8, 39, 40]:
        assert read(tmp_path / "x.arrow", "--first", first)[1] == expected_rows(table, tmp_path)[first:]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_rows_without_their_images(tmp_path, ending):
    table = random_table(5, rows=30)
    file = tmp_path / f"x.{ending}"
    write_arrow(table, file) if ending == "arrow" else pq.write_table(table, file, row_group_size=11)
    expected = [row | {"images": []} for row in expected_rows(table, tmp_path)]
    for first in [0, 11, 29]:
        assert read(file, "--without-images", "--first", first)[1] == expected[first:]


def test_images_that_nobody_looks_at_stay_on_the_disk(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "image": pa.array([{"bytes": b"x" * 100_000, "path": None}], IMAGE)}),
                   tmp_path / "x.parquet", compression="none", use_dictionary=False)
    whole = bytearray((tmp_path / "x.parquet").read_bytes())
    at = whole.index(b"x" * 50_000)
    whole[at - 4 : at] = b"\xff" * 4  # its length
    (tmp_path / "x.parquet").write_bytes(whole)
    assert read(tmp_path / "x.parquet", "--without-images")[1] == [{"values": {"id": "a"}, "images": []}]
    assert "x.parquet: " in error(tmp_path / "x.parquet")


def test_dictionaries_that_change_are_followed(tmp_path):
    kind = pa.dictionary(pa.int8(), pa.string())
    batches = [pa.record_batch([pa.array(words).cast(kind)], ["word"]) for words in (["a", "b"], ["c", "a"], ["d", None])]
    with pa.OSFile(str(tmp_path / "x.arrow"), "wb") as sink, pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    words = ["a", "b", "c", "a", "d", None]
    for first in range(7):
        assert [row["values"]["word"] for row in read(tmp_path / "x.arrow", "--first", first)[1]] == words[first:]


def test_numbers_that_json_has_not(tmp_path):
    pq.write_table(pa.table({"x": [float("nan"), float("inf"), 1.0]}), tmp_path / "x.parquet")
    assert [row["values"]["x"] for row in read(tmp_path / "x.parquet")[1]] == [None, None, 1.0]


def test_times_are_text(tmp_path):
    stamps = pa.array([0, 1_600_000_000_123], pa.timestamp("ms"))
    pq.write_table(pa.table({"t": stamps}), tmp_path / "x.parquet")
    assert [row["values"]["t"] for row in read(tmp_path / "x.parquet")[1]] == stamps.cast(pa.string()).to_pylist()


def test_empty_tables(tmp_path):
    empty = random_table(0, rows=0)
    pq.write_table(empty, tmp_path / "x.parquet")
    write_arrow(empty, tmp_path / "x.arrow")
    assert read(tmp_path / "x.parquet")[0]["rows"] == read(tmp_path / "x.arrow")[0]["rows"] == 0


def test_a_dataset_dict(tmp_path):
    tables = {split: random_table(seed, rows=10, columns={"string": COLUMNS["string"], "image": COLUMNS["image"]})
              for seed, split in enumerate(["train", "test"])}
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": list(tables)}))
    for split, table in tables.items():
        (tmp_path / split).mkdir()
        files = [f"data-{i:05}-of-00002.arrow" for i in range(2)]
        (tmp_path / split / "state.json").write_text(
            json.dumps({"_data_files": [{"filename": file} for file in files], "_split": split}))
        for i, file in enumerate(files):
            write_arrow(table[i * 6 : (i + 1) * 6], tmp_path / split / file, batch_rows=2)
    for split, table in tables.items():
        for first in [0, 5, 6, 9]:
            assert read(tmp_path, "--split", split, "--first", first)[1] == expected_rows(table, tmp_path)[first:]
    assert 'which split? There are "test", "train"' in error(tmp_path)


def broken_text():
    return pa.array([b"fine", b"\xff\xfe"], pa.binary()).view(pa.string())


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_text_that_is_not_utf8_is_named(tmp_path, ending, nested):
    text = broken_text()
    if nested:
        text = pa.StructArray.from_arrays([pa.ListArray.from_arrays([0, 1, 2], text)], ["inner"])
    table = pa.table({"fine": [1, 2], "query": text})
    file = tmp_path / f"x.{ending}"
    write_arrow(table, file) if ending == "arrow" else pq.write_table(table, file)
    assert error(file) == f'{file}, row 1: column "query" is not UTF-8 text: \\xff\\xfe'


@pytest.mark.parametrize("column, message", [
    (pa.RunEndEncodedArray.from_arrays([2], ["a"]), 'column "x" is of type run_end_encoded'),
    (pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array(["a", "b"])]), 'column "x" is of type sparse_union'),
])
def test_types_that_are_not_read(tmp_path, column, message):
    write_arrow(pa.table({"x": column}), tmp_path / "x.arrow")
    assert message in error(tmp_path / "x.arrow")


def nested_type(depth):
    kind = pa.int8()
    for _ in range(depth):
        kind = pa.list_(kind)
    return kind


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("depth", [40, 2000])
def test_types_nested_too_deeply(tmp_path, ending, depth):
    table = pa.table({"x": pa.array([None], nested_type(depth))})
    file = tmp_path / f"x.{ending}"
    try:
        write_arrow(table, file) if ending == "arrow" else pq.write_table(table, file, store_schema=False)
    except pa.ArrowException:
        pytest.skip("pyarrow does not write it")
    assert str(file) in error(file)


def test_columns_of_one_name(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "x.parquet")
    assert error(tmp_path / "x.parquet") == f'{tmp_path}/x.parquet: two columns are called "x"'


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}", b"\0" * 100, b"\xff" * 100, b"ARROW1\0\0", b"PAR1" * 40])
def test_files_of_something_else(tmp_path, ending, content):
    file = tmp_path / f"x.{ending}"
    file.write_bytes(content)
    assert error(file).startswith(f"{file}: ")


def written(tmp_path, form):
    """A file of all types, in a folder of its own."""
    file = tmp_path / ("x.parquet" if form == "parquet" else "x.arrow")
    if form == "parquet":
        pq.write_table(random_table(1, rows=20), file, row_group_size=10)
    else:
        columns = {name: kind for name, kind in (COLUMNS | ONLY_IN_ARROW).items() if form == "stream" or "dictionary" not in name}
        write_arrow(random_table(1, rows=20, columns=columns), file, form, batch_rows=10)
    return file


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
def test_truncated_anywhere_is_an_error_that_names_the_file(tmp_path, form):
    file = written(tmp_path, form)
    whole = file.read_bytes()
    rows = read(file)[1]
    for length in np.linspace(0, len(whole) - 9, 25).astype(int):
        file.write_bytes(whole[:length])
        done = run_reader(file)
        if form != "parquet" and done.returncode == 0:  # cut between two messages, which a stream's end allows
            assert len(done.stdout.splitlines()) - 1 in (0, 10, len(rows))
            continue
        assert done.returncode == 2, (length, done.returncode, done.stderr)
        assert str(file) in done.stderr.decode() and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
def test_flipped_bytes_never_end_the_program(tmp_path, form):
    file = written(tmp_path, form)
    whole = file.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(int(os.environ.get("VLRM_FLIPS", 40))):
        data = bytearray(whole)
        for position in random.integers(len(data), size=random.integers(1, 4)):
            data[position] = random.integers(256)
        file.write_bytes(data)
        done = run_reader(file)
        assert done.returncode in (0, 2), (done.returncode, done.stderr)
        if done.returncode == 2:
            assert str(file) in done.stderr.decode() and done.stderr.count(b"\n") == 1


def test_without_its_library_tables_say_what_is_missing(tmp_path):
    file = written(tmp_path, "parquet")
    (tmp_path / "bin").mkdir()
    alone = shutil.copy(READER, tmp_path / "bin")
    message = error(file, reader=alone)
    assert message.startswith("libvlrm_data.so: not found in ") and "VLRM_ARROW=ON" in message
    assert "no_such.so: cannot be loaded" in error(file, environment={"VLRM_DATA_LIBRARY": str(tmp_path / "no_such.so")})
    (tmp_path / "x.jsonl").write_text("{}\n")
    assert run_reader(tmp_path / "x.jsonl", reader=alone).returncode == 0


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_memory_does_not_grow_with_the_rows(tmp_path, ending):
    random = np.random.default_rng(0)
    pictures = [random.bytes(200_000) for _ in range(50)]

    def peak(rows):
        file = tmp_path / f"{rows}.{ending}"
        schema = pa.schema([("id", pa.string()), ("image", IMAGE)])
        if ending == "parquet":
            writer = pq.ParquetWriter(file, schema, compression="none", use_dictionary=False)
        else:
            writer = pa.ipc.new_stream(str(file), schema)
        with writer:
            for start in range(0, rows, 50):
                images = [{"bytes": picture, "path": None} for picture in pictures]
                writer.write_table(pa.table({"id": [str(start + i) for i in range(50)], "image": images}, schema=schema))
        done = run_reader(file, "--count-only")
        assert done.returncode == 0, done.stderr
        last = json.loads(done.stdout.splitlines()[-1])
        assert last["count"] == rows and last["image_bytes"] == rows * 200_000
        file.unlink()
        return last["peak_kib"]

    few, many = peak(200), peak(2000)
    print(f"peak of {ending}: {few} KiB, {many} KiB")
    threads = 8 * 1024  # KiB: what the threads that digest the file leave to the allocator, or not
    assert 0 < many <= 1.1 * few + threads  # the rows of images are 360 MB more
