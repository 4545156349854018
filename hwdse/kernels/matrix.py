"""The matrix product: checks of the arguments, blocks of rows, threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError, SpecError
from hwdse.kernels.accumulate import SinglePrecision, Task, plan, wide_terms
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, MAX_TERMS, PRODUCT_TOP
from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.kernels.operands import operands
from hwdse.kernels.output import encode
from hwdse.spec import Design

Codes = npt.NDArray[Any]

_BLOCK_BYTES = 8 << 20


def matmul(design: Design, A: npt.ArrayLike, B: npt.ArrayLike, *, threads: int = 1) -> Codes:
    """The matrix product of (M, K) codes of `design.a` and (K, N) codes of `design.b`.

    The results have the same bits as `hwdse.golden.matmul`. One call may take a stack of pairs of
    matrices. Besides the result, each thread needs some tens of megabytes of memory.

    Args:
        design: the design; `design.unit.group` terms make one group.
        A: codes of `design.a`, (M, K) or (S, M, K).
        B: codes of `design.b`, (K, N) or (S, K, N).
        threads: number of blocks of rows that are computed at the same time.

    Returns:
        Codes of `design.out`, (M, N) or (S, M, N).

    Raises:
        ShapeError: the arrays are not matrices or stacks of matrices, the sizes do not match, there
            are too many terms, or a format without zero has an incomplete group.
        FormatError: a code is out of range.
        SpecError: the design has no fast kernel; the message says why.
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
    _check_design(design, mul, k)
    _check_filling(design, k)
    if left.ndim == 2:
        left, right = left[np.newaxis], right[np.newaxis]
    first, second = operands(design, mul, left, right)
    rows = max(1, _BLOCK_BYTES // (8 * max(k, n, 1)))
    task = Task(design=design, mul=mul, left=first, right=second, terms=k)
    if not left.size or not right.size:
        # The sums are empty: check the codes anyway, and return the output of an empty sum.
        first.values()
        second.values()
        zero = design.out.encode(np.zeros((1, 1)), design.rounding, design.out.overflow)
        return np.broadcast_to(zero, (*shape, n)).copy()
    sums = plan(acc, task)
    carrier = np.float32 if isinstance(sums, SinglePrecision) else np.float64
    exact = design.state.magnitude_bits <= FLOAT64_PRECISION
    out = np.empty((len(first.codes), m, n), design.out.code_dtype)
    # Without a stack, all blocks of rows share the second operand: decode it once.
    shared = second.values(0, carrier) if len(out) == 1 else None

    def block(place: tuple[int, int]) -> None:
        pair, start = place
        part = slice(start, min(start + rows, m))
        values = second.values(pair, carrier) if shared is None else shared
        totals = sums(first.values((pair, part), carrier), values)
        out[pair, part] = encode(
            design.out, totals.astype(np.float64, copy=False), design.rounding, exact
        )

    places = [(pair, start) for pair in range(len(out)) for start in range(0, m, rows)]
    if threads > 1 and len(places) > 1:
        with ThreadPoolExecutor(min(threads, len(places))) as pool:
            list(pool.map(block, places))
    else:
        for place in places:
            block(place)
    return out.reshape(*shape, n)


def _check_design(design: Design, mul: Multiplication, terms: int) -> None:
    product = design.product
    wide = product.magnitude_bits > FLOAT64_PRECISION
    pieces = wide_terms(design.accumulator, design, mul) if wide else 1
    far = max(-product.exponent_min, product.top) > PRODUCT_TOP
    if pieces == 0 or far:
        raise SpecError(
            f"products of {design.a} and {design.b} have no fast kernel: they take "
            f"{product.magnitude_bits} bits from 2^{product.exponent_min} to 2^{product.top}, "
            f"float64 carries {FLOAT64_PRECISION} from 2^-{PRODUCT_TOP} to 2^{PRODUCT_TOP}"
        )
    if terms * pieces > MAX_TERMS:
        raise ShapeError(f"sums of {terms} terms: at most {MAX_TERMS // pieces} are supported")


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
