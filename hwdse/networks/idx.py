"""Reads IDX files, the container of the MNIST family of datasets.

Source of the layout: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", section "File formats":
two zero bytes, a type byte, the number of dimensions, one big-endian 32-bit size a dimension, data.
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError

_UNSIGNED_BYTE = 0x08
_MAX_DIMENSIONS = 4


def read_idx(path: Path, limit: int | None = None) -> npt.NDArray[np.uint8]:
    """The array of unsigned bytes in an IDX file, plain or (by its .gz suffix) compressed.

    Args:
        path: the file.
        limit: read at most so many entries of the first dimension.

    Returns:
        uint8 array of the shape that the file declares.

    Raises:
        DatasetError: the file cannot be read, is no IDX file of unsigned bytes, or holds another
            number of bytes than it says.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
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
            entries = shape[0]
            shape[0] = min(entries, limit) if limit is not None else entries
            wanted = math.prod(shape)
            # One more than needed: only at its end is a compressed file checked.
            data = file.read(wanted + (shape[0] == entries))
            if len(data) != wanted:
                count = f"{len(data)}" if len(data) < wanted else f"more than {wanted}"
                raise DatasetError(
                    f"{path} is damaged: {count} bytes of data where its header announces {wanted}"
                )
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise DatasetError(f"{path} cannot be read: {error}") from error
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
