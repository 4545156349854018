"""What a co-processor computes: matrix products, with bias, scale and one rounding."""

from hwdse.formats.unpacked import Array
from hwdse.golden.dot import matmul
from hwdse.golden.fixed_point import from_integers
from hwdse.spec import Axi, Design


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
