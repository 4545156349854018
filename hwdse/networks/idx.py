"""Reads IDX files, the container of the MNIST family of datasets.

Layout: two zero bytes, a type byte, the number of dimensions as one byte, one big-endian 32-bit
size per dimension, data. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section
"File formats".
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError
from hwdse.reading import MEBIBYTE, open_regular, reason

_UNSIGNED_BYTE = 0x08
_MAX_DIMENSIONS = 4

MAX_DATA = 64 * MEBIBYTE
"""Largest amount of data in one file, in bytes; the 60,000 MNIST images need 45 MiB."""
_MAX_FILE = MAX_DATA + MEBIBYTE
_MOST_EXPANSION = 1032  # largest compression ratio of deflate


def read_idx(path: Path, limit: int | None = None) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes. A file with the suffix .gz is decompressed.

    Args:
        path: the file.
        limit: read at most this many entries of the first dimension.

    Returns:
        uint8 array with the shape that the file declares. With `limit`, the first dimension may be
        smaller.

    Raises:
        DatasetError: the file cannot be read, or is not an IDX file of unsigned bytes. Or the
            number of data bytes is not the declared number, is 0, or exceeds `MAX_DATA`.
    """
    try:
        with open_regular(path, _MAX_FILE) as file:
            size = os.fstat(file.fileno()).st_size
            if path.suffix != ".gz":
                return _read(path, file, size, limit)
            with gzip.open(file) as plain:
                return _read(path, plain, _MOST_EXPANSION * size, limit)
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise DatasetError(f"{path} cannot be read: {reason(error)}") from error


def _read(
    path: Path, file: IO[bytes] | gzip.GzipFile, most: int, limit: int | None
) -> npt.NDArray[np.uint8]:
    """Read an IDX file that can hold at most `most` bytes of data."""
    header = file.read(4)
    if len(header) < 4 or header[:2] != b"\0\0":
        raise DatasetError(f"{path} is damaged: it does not start like an IDX file")
    kind, dimensions = header[2], header[3]
    if kind != _UNSIGNED_BYTE or not 1 <= dimensions <= _MAX_DIMENSIONS:
        raise DatasetError(
            f"{path} is damaged: IDX type 0x{kind:02x} with {dimensions} dimensions, "
            f"expected unsigned bytes (0x08) with 1 to {_MAX_DIMENSIONS}"
        )
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DatasetError(f"{path} is damaged: it ends within its header")
    shape = [int(size) for size in np.frombuffer(sizes, dtype=">u4")]
    announced = math.prod(shape)
    # Check the announced size before allocating memory for the data.
    if not 1 <= announced <= min(most, MAX_DATA):
        raise DatasetError(
            f"{path} is damaged or too large: its header announces {announced} bytes of data, "
            f"1 to {min(most, MAX_DATA)} are possible"
        )
    entries = shape[0]
    shape[0] = min(entries, limit) if limit is not None else entries
    wanted = math.prod(shape)
    # When reading all entries, try to read one byte more than needed. This detects extra data, and
    # the checksum of a compressed file is only verified at the end of the file.
    data = file.read(wanted + (shape[0] == entries))
    if len(data) != wanted:
        count = f"{len(data)}" if len(data) < wanted else f"more than {wanted}"
        raise DatasetError(
            f"{path} is damaged: {count} bytes of data where its header announces {wanted}"
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
