"""What a benchmark does not use is not read, whatever is in it, and rows may be written as people's tools write them."""

import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049"
    "454e44ae426082"
)
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ROWS = 3
USED = {
    "id": [f"RLAIF-V-{i}" for i in range(ROWS)],
    "query": [f"Question {i}?" for i in range(ROWS)],
    "image": pa.array([{"bytes": PNG, "path": None}] * ROWS, IMAGE),
    "response": [["x", "y"]] * ROWS,
    "human_ranking": [[0, 1], [1, 0], [0, 1]],
}
UNUSED = {
    "bytes that are no text": pa.array([b"\xff\xfe\xfd\xfc"] * ROWS, pa.binary(4)),
    "other images": pa.array([b"not an image"] * ROWS, pa.binary()),
    "images in a list": pa.array([[{"bytes": b"no", "path": None}]] * ROWS, pa.list_(IMAGE)),
    "nested": pa.array([{"a": [{"b": b"\xff"}]}] * ROWS),
    "text that is no UTF-8": pa.Array.from_buffers(
        pa.string(), ROWS, [None, pa.py_buffer(struct.pack("<4i", 0, 1, 2, 3)), pa.py_buffer(b"\xff\xfe\xfd")]),
    "nulls": pa.nulls(ROWS),
    "a union": pa.UnionArray.from_sparse(pa.array([0] * ROWS, pa.int8()), [pa.array([1] * ROWS)]),
}  # fmt: skip


@pytest.fixture
def results(vlrm, tmp_path):
    def of(file):
        out = tmp_path / f"{file.name}.out"
        vlrm("eval", "vl-rewardbench", "--mode", "random", "--data", file, "-o", out)
        return (out / "results.jsonl").read_text()

    return of


def write(table, path, form):
    if form == "parquet":
        return pq.write_table(table, path)
    make = {"stream": pa.ipc.new_stream, "file": pa.ipc.new_file}[form]
    with pa.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
@pytest.mark.parametrize("unused", UNUSED)
def test_unused_columns_may_hold_anything(results, tmp_path, form, unused):
    if form == "parquet" and unused == "a union":
        pytest.skip("parquet has no unions")
    ending = "parquet" if form == "parquet" else "arrow"
    write(pa.table(USED), tmp_path / f"plain.{ending}", form)
    write(pa.table({unused: UNUSED[unused]} | USED), tmp_path / f"more.{ending}", form)
    assert results(tmp_path / f"more.{ending}") == results(tmp_path / f"plain.{ending}")


def test_two_unused_columns_of_one_name(results, tmp_path):
    plain = pa.table(USED)
    pq.write_table(plain, tmp_path / "plain.parquet")
    pq.write_table(
        plain.append_column("x", pa.array([1] * ROWS)).append_column("x", pa.array(["a"] * ROWS)),
        tmp_path / "more.parquet",
    )
    assert results(tmp_path / "more.parquet") == results(tmp_path / "plain.parquet")


def test_a_missing_column_is_told_with_those_that_are_there(vlrm, tmp_path):
    table = pa.table(USED | {"extra": [1] * ROWS}).drop(["query"])
    pq.write_table(table, tmp_path / "x.parquet")
    error = vlrm(
        "eval", "vl-rewardbench", "--mode", "random", "--data", tmp_path / "x.parquet", "-o", tmp_path / "o", fails=True
    )
    assert 'has no column "query" (it has id, response, human_ranking, extra)' in error


def test_a_batch_that_the_footer_leaves_out_is_no_part_of_the_file(results, tmp_path):
    """Arrow's footer says where the record batches are; what else lies between them is nothing."""
    write(pa.table(USED), tmp_path / "plain.arrow", "file")
    whole = (tmp_path / "plain.arrow").read_bytes()
    schema_at = whole.index(b"\xff\xff\xff\xff")
    assert schema_at == 8
    (tmp_path / "other.arrow").write_bytes(
        whole[:8] + b"\x04\0\0\0\xf2\xff\xff\xff" + whole[16:]
    )  # as polars writes it
    assert results(tmp_path / "other.arrow") == results(tmp_path / "plain.arrow")


def json_lines(rows, path, start=b"", **changes):
    lines = [json.dumps({key: value for key, value in row.items()} | changes) for row in rows]
    path.write_bytes(start + "\n".join(lines).encode() + b"\n")
    return path


@pytest.mark.parametrize("start, changes", [
    (b"\xef\xbb\xbf", {}),
    (b"", {"ratio": float("nan")}),
    (b"", {"ratio": [float("inf"), {"a": -float("inf")}]}),
    (b"", {"number": 10**40, "text": "NaN"}),
    (b"", {"human_ranking": [1.0, 0.0]}),
    (b"\xef\xbb\xbf", {"images": None, "extra": {"nested": [None]}}),
])  # fmt: skip
def test_json_lines_as_people_have_them(results, tmp_path, start, changes):
    rows = [{"id": f"RLAIF-V-{i}", "query": "?", "response": ["x", "y"], "human_ranking": [1, 0]} for i in range(ROWS)]
    plain, other = (
        json_lines(rows, tmp_path / "plain.jsonl"),
        json_lines(rows, tmp_path / "other.jsonl", start, **changes),
    )
    assert results(other) == results(plain)


@pytest.mark.parametrize(
    "ranking", [pa.list_(pa.float64()), pa.list_(pa.float32()), pa.list_(pa.uint8()), pa.list_(pa.float16())]
)
def test_rankings_of_other_numbers(results, tmp_path, ranking):
    pq.write_table(pa.table(USED), tmp_path / "plain.parquet")
    other = [[float(place) for place in each] for each in USED["human_ranking"]]
    array = pa.array(other, pa.list_(pa.float64())).cast(ranking)
    pq.write_table(pa.table(USED | {"human_ranking": array}), tmp_path / "other.parquet")
    assert results(tmp_path / "other.parquet") == results(tmp_path / "plain.parquet")


def test_half_a_rank_is_none(vlrm, tmp_path):
    pq.write_table(pa.table(USED | {"human_ranking": [[0.5, 1.0]] * ROWS}), tmp_path / "x.parquet")
    error = vlrm(
        "eval", "vl-rewardbench", "--mode", "random", "--data", tmp_path / "x.parquet", "-o", tmp_path / "o", fails=True
    )
    assert error.endswith('"human_ranking" is not a list of the integers from 0 to 1, each once')
