"""The matrix product: checks of the arguments, blocks of rows, threads."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError, SpecError
from hwdse.kernels.accumulate import SinglePrecision, Task, of_stacks, plan, wide_terms
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, MAX_TERMS, PRODUCT_TOP
from hwdse.kernels.long_sums import long_matmul
from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.kernels.operands import operands
from hwdse.kernels.output import encode
from hwdse.spec import Design
from hwdse.threads import for_each, usual_threads

Codes = npt.NDArray[Any]

_BLOCK_BYTES = 8 << 20
#: Products for which a thread is worth its start.
_THREAD_PRODUCTS = 1 << 21


def matmul(
    design: Design, A: npt.ArrayLike, B: npt.ArrayLike, *, threads: int | None = None
) -> Codes:
    """The matrix product of (M, K) codes of `design.a` and (K, N) codes of `design.b`.

    The results have the same bits as `hwdse.golden.matmul`. One call may take a stack of pairs of
    matrices. Besides the result, each thread needs some tens of megabytes of memory.

    Args:
        design: the design; `design.unit.group` terms make one group.
        A: codes of `design.a`, (M, K) or (S, M, K).
        B: codes of `design.b`, (K, N) or (S, K, N).
        threads: number of threads, which share the rows and the stack. Default: one per core, or as
            many as OMP_NUM_THREADS says; fewer if the product is small.

    Returns:
        Codes of `design.out`, (M, N) or (S, M, N).

    Raises:
        ShapeError: the arrays are not matrices or stacks of matrices, the sizes do not match, there
            are too many terms, or a format without zero has an incomplete group.
        FormatError: a code is out of range.
        SpecError: the design has no fast kernel; the message says why. Or `threads` is below one.
    """
    left, right = np.asarray(A), np.asarray(B)
    if (
        left.ndim not in (2, 3)
        or left.ndim != right.ndim
        or left.shape[-1] != right.shape[-2]
        or left.shape[:-2] != right.shape[:-2]
    ):
        raise ShapeError(f"matrix product of shapes {left.shape} and {right.shape}: (M, K), (K, N)")
    shape, n = left.shape[:-1], right.shape[-1]
    m, k = left.shape[-2:]
    acc = design.accumulator
    mul = multiplication(design.mul, design)
    pieces = _terms_in_float64(design, mul)
    if k * pieces > MAX_TERMS:
        raise ShapeError(f"sums of {k} terms: at most {MAX_TERMS // pieces} are supported")
    _check_filling(design, k)
    if left.ndim == 2:
        left, right = left[np.newaxis], right[np.newaxis]
    first, second = operands(design, mul, left, right)
    task = Task(design=design, mul=mul, left=first, right=second, terms=k)
    if not left.size or not right.size:
        # The sums are empty: check the codes anyway, and return the output of an empty sum.
        first.values()
        second.values()
        zero = design.out.encode(np.zeros((1, 1)), design.rounding, design.out.overflow)
        return np.broadcast_to(zero, (*shape, n)).copy()
    if not pieces:
        return long_matmul(design, mul, left, right).reshape(*shape, n)
    sums = plan(acc, task)
    carrier = np.float32 if isinstance(sums, SinglePrecision) else np.float64
    exact = design.state.magnitude_bits <= FLOAT64_PRECISION
    out = np.empty((len(first.codes), m, n), design.out.code_dtype)
    threads = _threads(threads, len(out) * m * k * n)
    pair_bytes = 8 * (m * k + k * n + m * n)
    if len(out) > 1 and 2 * pair_bytes <= _BLOCK_BYTES:
        # Small products: one call of a codec takes longer than its work, so many share them.
        sums_of_stack = of_stacks(sums)
        count = min(_BLOCK_BYTES // pair_bytes, -(-len(out) // threads))

        def several(start: int) -> None:
            some = slice(start, start + count)
            totals = sums_of_stack(first.values(some, carrier), second.values(some, carrier))
            out[some] = encode(
                design.out, totals.astype(np.float64, copy=False), design.rounding, exact
            )

        for_each(several, range(0, len(out), count), threads)
        return out.reshape(*shape, n)
    # Without a stack, all blocks of rows share the second operand: decode it once.
    shared = second.values(0, carrier, threads) if len(out) == 1 else None

    def block(place: tuple[int, int]) -> None:
        pair, start = place
        part = slice(start, min(start + rows, m))
        values = second.values(pair, carrier) if shared is None else shared
        totals = sums(first.values((pair, part), carrier), values)
        out[pair, part] = encode(
            design.out, totals.astype(np.float64, copy=False), design.rounding, exact
        )

    share = -(-m // threads) if len(out) == 1 else m
    parts = -(-share * 8 * max(k, n) // _BLOCK_BYTES)
    rows = -(-share // parts)
    places = [(pair, start) for pair in range(len(out)) for start in range(0, m, rows)]

    for_each(block, places, threads)
    return out.reshape(*shape, n)


def _threads(wanted: int | None, products: int) -> int:
    """Threads for so many products: each should have enough to do."""
    wanted = usual_threads() if wanted is None else wanted
    if wanted < 1:
        raise SpecError(f"{wanted} threads: at least 1 is needed")
    return max(1, min(wanted, products // _THREAD_PRODUCTS))


def _terms_in_float64(design: Design, mul: Multiplication) -> int:
    """Terms in float64 for each product; 0 if float64 cannot hold its bits or its exponent."""
    product = design.product
    if max(-product.exponent_min, product.top) > PRODUCT_TOP:
        return 0
    if product.magnitude_bits <= FLOAT64_PRECISION:
        return 1
    return wide_terms(design.accumulator, design, mul)


def _check_filling(design: Design, terms: int) -> None:
    lanes = design.unit.group
    if terms % lanes == 0:
        return
    for number_format in (design.a, design.b):
        if number_format.decode(number_format.encode(0.0)) != 0:
            raise ShapeError(
                f"{terms} terms in groups of {lanes}: {number_format} has no zero to fill the "
                "last group"
            )
