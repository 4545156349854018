"""Reads a safetensors file: a header in JSON with the place of each tensor, then the values.

Source: https://github.com/huggingface/safetensors, "Format".
"""

import json
import math
from typing import Any

import numpy as np

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import Real

_LENGTH = 8
_TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


def read_safetensors(content: bytes, name: str) -> dict[str, Real]:
    """The tensors of floats in a file; others, such as numbers of places, are left out.

    Args:
        content: the file.
        name: its name, for errors.

    Returns:
        float32 arrays by name.

    Raises:
        NetworkError: the file is damaged.
    """
    try:
        end = _LENGTH + int.from_bytes(content[:_LENGTH], "little")
        header = json.loads(content[_LENGTH:end])
        values = memoryview(content)[end:]
        return {
            key: _tensor(values, entry)
            for key, entry in header.items()
            if key != "__metadata__" and entry["dtype"] in _TYPES
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NetworkError(f"weights {name} are no usable safetensors file: {error}") from error


def _tensor(values: memoryview, entry: dict[str, Any]) -> Real:
    first, last = entry["data_offsets"]
    kind = np.dtype(_TYPES[entry["dtype"]])
    if last - first != math.prod(entry["shape"]) * kind.itemsize or not 0 <= first <= last:
        raise ValueError(f"{last - first} bytes for the shape {entry['shape']}")
    found = np.frombuffer(values[first:last], kind).reshape(entry["shape"])
    return found.astype(np.float32)
