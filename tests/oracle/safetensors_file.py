"""Reads and writes safetensors files with nothing but torch and the standard library.

Debian has no package of the safetensors library. The format is: the length of the header in 8 bytes, little-endian;
the header in JSON, from name to dtype, shape and data_offsets, with an optional __metadata__ of strings; the data.
"""

import json
import math
import struct

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8}
ALIGNMENT = 8  # of the data, so that a reader may map the file and use it in place


def load(path):
    """Returns (tensors by name, metadata). Raises ValueError where the file breaks the format."""
    with open(path, "rb") as file:
        content = file.read()
    if len(content) < 8:
        raise ValueError(f"{path}: too short to hold the length of a header")
    (header_bytes,) = struct.unpack("<Q", content[:8])
    if header_bytes > len(content) - 8:
        raise ValueError(f"{path}: a header of {header_bytes} bytes does not fit into the file")
    header = json.loads(content[8 : 8 + header_bytes])
    data = content[8 + header_bytes :]
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        count = math.prod(entry["shape"])
        if not 0 <= begin <= end <= len(data) or end - begin != count * torch.empty(0, dtype=dtype).element_size():
            raise ValueError(f"{path}: {name}: data_offsets {begin}, {end} fit neither the shape nor the file")
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype) if count else torch.empty(0, dtype=dtype)
        tensors[name] = values.reshape(entry["shape"])
    return tensors, metadata


def save(path, tensors, metadata=None):
    """Writes the tensors in the order of the dictionary."""
    dtype_names = {dtype: name for name, dtype in DTYPES.items()}
    header = {"__metadata__": metadata} if metadata else {}
    blocks = []
    offset = 0
    for name, tensor in tensors.items():
        block = bytes(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).tolist())
        end = offset + len(block)
        header[name] = {
            "dtype": dtype_names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, end],
        }
        blocks.append(block)
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))
