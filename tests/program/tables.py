"""Random Arrow tables of every type that datasets use, and what their rows are in JSON."""

import datetime
import decimal

import numpy as np
import pyarrow as pa

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def text(random):
    letters = list("abc \n\"\\é漢🙂\u0000")
    return "".join(random.choice(letters, size=random.integers(0, 20)))


def image(random, path="picture.png"):
    return {"bytes": random.bytes(random.integers(1, 400)), "path": path}


# name → (type, a random value of it)
COLUMNS = {
    "string": (pa.string(), text),
    "large_string": (pa.large_string(), text),
    "string_view": (pa.string_view(), text),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), lambda r: f"word {r.integers(5)}"),
    "bool": (pa.bool_(), lambda r: bool(r.integers(2))),
    "int8": (pa.int8(), lambda r: int(r.integers(-128, 128))),
    "int16": (pa.int16(), lambda r: int(r.integers(-(2**15), 2**15))),
    "int32": (pa.int32(), lambda r: int(r.integers(-(2**31), 2**31))),
    "int64": (pa.int64(), lambda r: int(r.integers(-(2**63), 2**63 - 1))),
    "uint8": (pa.uint8(), lambda r: int(r.integers(256))),
    "uint16": (pa.uint16(), lambda r: int(r.integers(2**16))),
    "uint32": (pa.uint32(), lambda r: int(r.integers(2**32))),
    "uint64": (pa.uint64(), lambda r: int(r.integers(2**63)) * 2 + 1),
    "half": (pa.float16(), lambda r: np.float16(r.normal())),
    "float": (pa.float32(), lambda r: float(np.float32(r.normal()))),
    "double": (pa.float64(), lambda r: r.normal() * 10.0 ** r.integers(-300, 300)),
    "null": (pa.null(), lambda r: None),
    "list": (pa.list_(pa.string()), lambda r: [text(r) for _ in range(r.integers(4))]),
    "large_list": (pa.large_list(pa.int64()), lambda r: [int(i) for i in r.integers(9, size=r.integers(4))]),
    "fixed_list": (pa.list_(pa.float32(), 3), lambda r: [float(np.float32(x)) for x in r.normal(size=3)]),
    "lists": (pa.list_(pa.list_(pa.int8())), lambda r: [[1, 2], None, [], [int(r.integers(9))]][: r.integers(5)]),
    "struct": (
        pa.struct([("a", pa.string()), ("b", pa.struct([("c", pa.list_(pa.int64())), ("d", pa.bool_())]))]),
        lambda r: {"a": text(r), "b": {"c": [1, int(r.integers(9))], "d": None} if r.integers(2) else None},
    ),
    "structs": (pa.list_(pa.struct([("role", pa.string())])), lambda r: [{"role": text(r)} for _ in range(r.integers(3))]),
    "map": (pa.map_(pa.string(), pa.int64()), lambda r: [(text(r), int(r.integers(9))) for _ in range(r.integers(3))]),
    "date": (pa.date32(), lambda r: datetime.date(2020, 1, 1) + datetime.timedelta(int(r.integers(999)))),
    "decimal": (pa.decimal128(12, 3), lambda r: decimal.Decimal(int(r.integers(10**9))).scaleb(-3)),
    "image": (IMAGE, image),
    "image_path": (IMAGE, lambda r: {"bytes": None, "path": "folder/x.png"}),
    "images": (pa.list_(IMAGE), lambda r: [image(r, None) for _ in range(r.integers(3))]),
    "raw_image": (pa.binary(), lambda r: r.bytes(r.integers(1, 99))),
}
ONLY_IN_ARROW = {  # which parquet has no way to keep
    "list_view": (pa.list_view(pa.int64()), lambda r: [int(i) for i in r.integers(9, size=r.integers(4))]),
    "fixed_text": (pa.binary(3), lambda r: b"abc"),
    "large_images": (pa.large_list(IMAGE), lambda r: [image(r)]),
    "nested_dictionary": (pa.list_(pa.dictionary(pa.int32(), pa.string())), lambda r: ["x", "y", None]),
}


def random_table(seed, rows, columns=COLUMNS, nulls=0.2):
    random = np.random.default_rng(seed)
    arrays, fields = [], []
    for name, (kind, value) in columns.items():
        values = [None if random.random() < nulls else value(random) for _ in range(rows)]
        if pa.types.is_dictionary(kind):
            arrays.append(pa.array(values, kind.value_type).cast(kind))
        else:
            arrays.append(pa.array(values, kind))
        fields.append(pa.field(name, kind))
    return pa.table(arrays, schema=pa.schema(fields))


def json_value(value):
    if isinstance(value, (datetime.date, decimal.Decimal)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [json_value(each) for each in value]
    if isinstance(value, dict):
        return {key: json_value(each) for key, each in value.items()}
    return value


def expected_rows(table, directory):
    """As the test program prints rows: values, and images as (column, bytes in hex, path)."""

    def cell(column, value):
        if isinstance(value, bytes):
            value = {"bytes": value, "path": None}
        if not value["bytes"]:
            return {"column": column, "bytes": "", "path": str(directory / value["path"])}
        return {"column": column, "bytes": value["bytes"].hex(), "path": ""}

    rows = []
    for row in table.to_pylist():
        images = []
        for column in [c for c in row if "image" in c]:
            value = row.pop(column)
            images += [cell(column, each) for each in (value if isinstance(value, list) else [value]) if each is not None]
        rows.append({"values": {key: json_value(value) for key, value in row.items()}, "images": images})
    return rows
