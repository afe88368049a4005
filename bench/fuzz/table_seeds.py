"""Files of rows: each type of column that is read, in each way that parquet and Arrow have to store it."""

import json

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet


def tables():
    """Of two rows each, so that what is mutated is what counts."""
    png = b"\x89PNG\r\n\x1a\n"
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    texts = pa.array(["a", None])
    yield pa.table({"id": ["q-1", "é"], "text": ["a", "a"], "response": [["x", "y"], ["z"]], "human_ranking": [[0, 1], [1]],
                    "image": pa.array([{"bytes": png, "path": None}, {"bytes": None, "path": "a.png"}], image)})
    yield pa.table({"id": [1, 2], "images": pa.array([[{"bytes": png, "path": "b"}], []], pa.list_(image)), "audio": [b"\xff", b""]})
    yield pa.table({"id": texts.dictionary_encode(), "none": pa.nulls(2), "nulls": [[None] * 300, None]})
    yield pa.table({"id": pa.array(["a", "b"], pa.large_string()), "text": pa.array([["a"], None], pa.large_list(pa.large_string()))})
    yield pa.table({"id": pa.array([1.5, 2], pa.float16()), "text": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
                    "hash": pa.array([b"abcd", None], pa.binary(4)), "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64()))})
    yield pa.table({"id": [True, None], "deep": [{"a": [{"b": [[1], None]}]}, None], "time": pa.array([0, 1], pa.timestamp("ms", "UTC")),
                    "day": pa.array([0, 1], pa.date32()), "price": pa.array([1, 2], pa.decimal128(5, 2)),
                    "number": pa.array([0, 2**64 - 1], pa.uint64())})
    yield pa.table({"id": pa.array([bytes(16)] * 2, pa.uuid()), "text": [None, "a"]})
    yield pa.table({"id": pa.array([], pa.string())})


def arrow_only():
    yield pa.table({"id": pa.array(["short", "longer than twelve bytes"], pa.string_view()), "audio": pa.array([b"a", None], pa.binary_view())})
    yield pa.table({"id": pa.array([["a"], ["b", "c"]], pa.list_view(pa.string())),
                    "text": pa.array([[1], None], pa.large_list_view(pa.int32()))})
    yield pa.table({"id": pa.array([1, 2]).dictionary_encode(), "text": pa.array([["a"], ["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string())))})
    yield pa.table({"id": pa.RunEndEncodedArray.from_arrays([2], ["a"]), "text": ["a", "b"]})


def parquet_file(table, **options):
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def parquet_files():
    options = [{"compression": "none"}, {"compression": "none", "use_dictionary": False, "data_page_version": "2.0"},
               {"compression": "none", "store_schema": False, "write_statistics": False}]
    for table in tables():
        for each in options:
            yield parquet_file(table, **each)
    table = next(tables())
    for compression in ("snappy", "gzip", "brotli", "lz4", "zstd"):
        yield parquet_file(table, compression=compression)
    yield parquet_file(table, compression="none", row_group_size=1, write_page_checksum=True, write_page_index=True)
    numbers = pa.table({"id": list(range(40)), "text": [f"text {i}" for i in range(40)], "share": [i / 7 for i in range(40)]})
    encodings = {"id": "DELTA_BINARY_PACKED", "text": "DELTA_BYTE_ARRAY", "share": "BYTE_STREAM_SPLIT"}
    yield parquet_file(numbers, compression="none", use_dictionary=False, column_encoding=encodings)
    yield parquet_file(numbers, compression="none", use_dictionary=False, column_encoding={**encodings, "text": "DELTA_LENGTH_BYTE_ARRAY"})
    # Little that stands for much: one text in a dictionary, and a list of nulls.
    yield parquet_file(pa.table({"id": ["a" * 100_000] * 256}), compression="zstd")
    yield parquet_file(pa.table({"id": ["a"], "models": pa.array([[None] * 100_000], pa.list_(pa.string()))}), compression="zstd")


def arrow_file(table, writer, **options):
    sink = pa.BufferOutputStream()
    with writer(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
        for batch in table.to_batches(max_chunksize=1):
            file.write_batch(batch)
    return sink.getvalue().to_pybytes()


def arrow_files():
    for table in (*tables(), *arrow_only()):
        for writer in (pa.ipc.new_stream, pa.ipc.new_file):
            yield arrow_file(table, writer)
    table = next(tables())
    for writer in (pa.ipc.new_stream, pa.ipc.new_file):
        for compression in ("lz4", "zstd"):
            yield arrow_file(table, writer, compression=compression)
        yield arrow_file(table, writer, metadata_version=pa.ipc.MetadataVersion.V4)
        yield arrow_file(pa.table({"id": ["a" * 1_000_000]}), writer, compression="zstd")
        yield arrow_file(pa.table({"id": pa.array([[None] * 10_000], pa.list_(pa.null()))}), writer)
    growing = pa.table({"id": pa.chunked_array([pa.array(texts).dictionary_encode() for texts in (["a"], ["a", "b"])])})
    yield arrow_file(growing, pa.ipc.new_stream)
    yield arrow_file(growing, pa.ipc.new_stream, emit_dictionary_deltas=True)


def json_lines():
    row = {"id": "q-1", "query": "é 😀", "response": ["x", "y"], "human_ranking": [0, 1], "image": "a.png"}
    line = json.dumps(row).encode()
    yield line
    yield b"\xef\xbb\xbf" + line + b"\r\n\r\n" + json.dumps({**row, "id": 2**70}).encode() + b"\n"
    yield json.dumps({**row, "unused": [float("nan"), float("inf"), -1e400]}).encode() + b"\n" + line
    yield json.dumps({"images": ["a.png", {"path": "../b.png"}, None], "image_1": {"bytes": None, "path": "/c.png"}, "text": None}).encode()
    yield b'{"id": "\\ud800", "text": "\\udc00 \\ud83d\\ude00 \\u0000"}\n{"id": 1, "id": 2}\n'
    yield json.dumps({f"id-{i}": "a" for i in range(400)}).encode()
    yield b'{"id": ' + b"[" * 200 + b"]" * 200 + b"}\n" + b"[1]\n" + b"{" * 300
