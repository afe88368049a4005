"""Reading tensors and comparing them, for the tests of merges."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np


def read_tensors(folder):
    """{name: (bytes, float32 values, shape)} of a model directory or of one safetensors file."""
    folder = Path(folder)
    files = [folder] if folder.is_file() else sorted(folder.glob("*.safetensors"))
    tensors = {}
    for file in files:
        content = file.read_bytes()
        start = 8 + struct.unpack("<Q", content[:8])[0]
        header = json.loads(content[8:start])
        header.pop("__metadata__", None)
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            raw = content[start + first : start + last]
            tensors[name] = (raw, as_float32(raw, entry["dtype"]).reshape(entry["shape"]), entry["dtype"])
    return tensors


def as_float32(raw, dtype):
    if dtype == "F32":
        return np.frombuffer(raw, np.float32)
    if dtype == "F16":
        return np.frombuffer(raw, np.float16).astype(np.float32)
    assert dtype == "BF16", dtype
    return (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)


def sha256s(tensors):
    return {name: hashlib.sha256(tensor[0]).hexdigest() for name, tensor in tensors.items()}


def ulps_apart(a, b):
    """Steps between float32 values in their order."""

    def rank(values):
        bits = values.view(np.uint32).astype(np.int64)
        return np.where(bits >> 31 != 0, -(bits & 0x7FFFFFFF), bits)

    return np.abs(rank(np.ascontiguousarray(a)) - rank(np.ascontiguousarray(b)))
