"""What a memory holds: codes, packed without gaps into cells of one or several bits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError, ShapeError

_MAX_CODE_BITS = 64
_MAX_CELL_BITS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """Codes in a memory.

    The codes lie one after the other without gaps, each with its highest bit first. A cell of c
    bits takes the next c bits; their number, the first bit highest, is the level of the cell.

    Attributes:
        codes: unsigned integers of any shape, at least one.
        bits: width of a code, 1..64.

    Raises:
        FormatError: the width is out of range, or a code is no unsigned integer of this width.
        ShapeError: there is no code.
    """

    codes: npt.NDArray[np.unsignedinteger]
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MAX_CODE_BITS:
            raise FormatError(
                f"contents of {self.bits}-bit codes: 1 to {_MAX_CODE_BITS} are allowed"
            )
        codes = np.asarray(self.codes)
        if codes.dtype.kind != "u":
            raise FormatError(f"contents of type {codes.dtype}: unsigned integers are needed")
        if not codes.size:
            raise ShapeError("contents without codes: at least one is needed")
        if int(codes.max()) >> self.bits:
            raise FormatError(f"contents hold the code {codes.max()}: {self.bits} bits are allowed")

    def level_shares(self, cell_bits: int) -> npt.NDArray[np.float64]:
        """Share of the cells at each level, shape (2**cell_bits,). Zeros fill the last cell.

        Args:
            cell_bits: bits per cell, 1..8.

        Raises:
            FormatError: the number of bits per cell is out of range.
        """
        if not 1 <= cell_bits <= _MAX_CELL_BITS:
            raise FormatError(f"cells of {cell_bits} bits: 1 to {_MAX_CELL_BITS} are allowed")
        wide = np.asarray(self.codes).reshape(-1, 1).astype(np.uint64)
        places = np.arange(self.bits - 1, -1, -1, dtype=np.uint64)
        stream = ((wide >> places) & np.uint64(1)).astype(np.int64).reshape(-1)
        filled = np.concatenate([stream, np.zeros(-len(stream) % cell_bits, np.int64)])
        weights = 1 << np.arange(cell_bits - 1, -1, -1)
        levels = filled.reshape(-1, cell_bits) @ weights
        counts = np.bincount(levels, minlength=1 << cell_bits)
        shares: npt.NDArray[np.float64] = counts / counts.sum()
        return shares
