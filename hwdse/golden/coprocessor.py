"""What a co-processor computes, and what it reads and writes."""

from hwdse.formats.unpacked import Array
from hwdse.golden.dot import matmul
from hwdse.golden.fixed_point import from_integers
from hwdse.spec import Axi, Design
from hwdse.spec.coprocessor import PARAMETER_BYTES, element_bytes


def product(  # noqa: PLR0917 - a job
    bus: Axi,
    design: Design,
    a: Array,
    w: Array,
    bias: Array | int = 0,
    scales: Array | int = 1,
    shift: int = 0,
) -> Array:
    """Results of a job: sums of products, and (sum + bias) * scale / 2^shift with an output stage.

    Everything but the sums, which their accumulator may wrap or saturate, is exact. The result is
    rounded once.

    Args:
        bus: the co-processor.
        design: its design.
        a: codes of A, shape (M, K).
        w: codes of W, shape (N, K).
        bias: a whole number for each column, in units of the sums; shape (N,) or one for all.
        scales: a whole number for each column; shape (N,) or one for all.
        shift: binary places to the right.

    Returns:
        Codes of `design.out`, shape (M, N).
    """
    inside = bus.inside(design)
    sums = matmul(inside, a, w.T)
    if not bus.has_output_stage(design):
        return sums
    numbers = inside.out.unpack(inside.out.check_codes(sums)).signed_significand
    exact = (numbers + bias) * scales
    moved = from_integers(exact, inside.out.unpacked.exponent_min - shift)
    return design.out.pack(moved, design.rounding, design.out.overflow)


def words(  # noqa: PLR0917 - a job
    bus: Axi, design: Design, m: int, n: int, k: int, tables: int = 0
) -> tuple[int, int]:
    """How many words of the memory's bus a job reads and writes.

    Args:
        bus: the co-processor.
        design: its design.
        m: rows of A.
        n: rows of W.
        k: terms of each sum.
        tables: how many of bias and scales are read for each column.
    """
    array, chunk = bus.array(design), bus.chunk(design)
    a, w, r = map(element_bytes, (design.a, design.b, design.out))
    reads = writes = 0
    for top in range(0, m, array.rows):
        rows = min(array.rows, m - top)
        for left in range(0, n, array.cols):
            right = min(left + array.cols, n)
            reads += tables * _words(bus, left, right, PARAMETER_BYTES)
            for first in range(0, k, chunk):
                last = min(first + chunk, k)
                if left == 0 or k > chunk:
                    reads += rows * _words(bus, first, last, a)
                reads += (right - left) * _words(bus, first, last, w)
            writes += rows * _words(bus, left, right, r)
    return reads, writes


def _words(bus: Axi, first: int, last: int, size: int) -> int:
    """The words in which elements from `first` up to before `last` of a row lie."""
    return -(-last * size // bus.word_bytes) - first * size // bus.word_bytes
