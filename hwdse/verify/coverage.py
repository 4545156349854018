"""Functional coverage: which classes of outputs and of accumulation steps a stimulus reaches.

Coverage is counted on the golden model, not on the hardware. So coverage judges the stimulus, and
faults of the hardware have no influence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from hwdse import golden
from hwdse.errors import SpecError, VerificationError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array, bit_length
from hwdse.golden.accumulate import add, exact_sum, load, read, with_state
from hwdse.spec import BlockProduct, Design, Fma, FusedFloat, Mul, Unit
from hwdse.spec.engines.mx import Mx, MxMul
from hwdse.spec.unit import Summing
from hwdse.verify.stimulus import Block, Stimulus
from hwdse.verify.stimulus.mx import block_terms

#: About this many sums of a block, and the first steps of each sum, are examined exactly.
_SUMS, _STEPS = 1000, 40
#: A sum counts as cancelled if its top bit is at least this many bits below its largest term's.
_CANCELLED_BITS = 3


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The classes of outputs and of steps that a stimulus reaches.

    Attributes:
        outputs: number of expected outputs in each class: NaN, infinite, zero, negative zero,
            subnormal, largest magnitude, negative.
        steps: number of exact sums before rounding in each class, for a sample of the steps: all
            sums, inexact sums (rounding changes them), ties, sums beyond the largest value, sums
            cancelled to few bits, sums cancelled to zero.
        unreached: output classes that the output format has but no output reaches, and step classes
            that no step reaches.
    """

    outputs: dict[str, int]
    steps: dict[str, int]
    unreached: tuple[str, ...]


def coverage(design: Design, fed: Stimulus, expected: list[Array]) -> Coverage:
    """Measure the coverage of a stimulus.

    Raises:
        VerificationError: no output is NaN or no output is infinite, although an operand of the
            design can be NaN or infinite and both the running sum and the output can hold it.
    """
    steps: dict[str, int] = {}
    for block in fed.blocks:
        for terms, total in _sums(design.unit, design, _sample(block)):
            target = _rounded_to(design)
            masks = rounding_classes(target, total) | _cancellation_classes(terms, total)
            for name, mask in masks.items():
                steps[name] = steps.get(name, 0) + int(np.count_nonzero(mask))
    return judged(design, expected, steps)


def judged(
    design: Design, expected: list[Array], steps: Mapping[str, int] | None = None
) -> Coverage:
    """Count the classes of the expected outputs, and find out which classes are missing.

    Args:
        design: the design.
        expected: codes of the expected outputs.
        steps: number of exact sums before rounding in each class; by default none are looked at.

    Raises:
        VerificationError: see `coverage`.
    """
    outputs = _output_classes(design.out, expected)
    possible = _possible(design.out)
    missing = [name for name in _needed(design) if not outputs[name]]
    if missing:
        raise VerificationError(
            f"{design}: no expected output is {' or '.join(missing)}: the stimulus misses what "
            "the operands can give"
        )
    found = dict(steps or {})
    unreached = [name for name, count in outputs.items() if name in possible and not count]
    unreached += [name for name, count in found.items() if not count]
    return Coverage(outputs=outputs, steps=found, unreached=tuple(unreached))


def _output_classes(out: Format, expected: list[Array]) -> dict[str, int]:
    codes, counts = np.unique(
        np.concatenate([block.ravel() for block in expected]), return_counts=True
    )
    value = out.unpack(out.check_codes(codes))
    magnitude = np.abs(np.asarray(out.decode(codes), np.float64))
    nonzero = ~(value.zero | value.nan | value.inf)
    masks = {
        "nan": value.nan,
        "inf": value.inf,
        "zero": value.zero,
        "negative_zero": value.zero & value.sign,
        "negative": nonzero & value.sign,
        "subnormal": nonzero & (magnitude < float(out.min_normal)),
        "largest": nonzero & (magnitude == float(out.max)),
    }
    return {name: int(counts[mask].sum()) for name, mask in masks.items()}


def _possible(out: Format) -> set[str]:
    return {
        "zero",
        "largest",
        *(["nan"] if out.has_nan else []),
        *(["inf"] if out.has_inf else []),
        *(["negative"] if out.signed else []),
        *(["negative_zero"] if out.has_negative_zero else []),
        *(["subnormal"] if out.min_subnormal < out.min_normal else []),
    }


def _needed(design: Design) -> list[str]:
    """Return the classes that every stimulus must reach: NaN and infinite operands pass through."""
    operands = [f for f in (design.a, design.b, design.c) if f is not None]
    if isinstance(design.mul, BlockProduct):
        operands += design.mul.operand_formats
    has_nan, has_inf = (any(getattr(f, flag) for f in operands) for flag in ("has_nan", "has_inf"))
    needed = []
    if has_nan and design.out.has_nan and design.state.has_nan:
        needed.append("nan")
    if has_inf and design.out.has_inf and design.state.has_inf:
        needed.append("inf")
    return needed


def _rounded_to(design: Design) -> Format:
    """Return the format to which the sum of a step is rounded."""
    return design.acc.format if isinstance(design.acc, FusedFloat) else design.out


def _sample(block: Block) -> Block:
    stride = max(1, len(block.a) // _SUMS)
    return block.part((slice(None, None, stride), slice(0, _STEPS)))


def rounding_classes(target: Format, exact: Unpacked) -> dict[str, Array]:
    """Return a mask of the exact numbers in each class, by what rounding to `target` does."""
    nonzero = ~exact.zero & ~(exact.nan | exact.inf)
    position = target.locate(exact, 2)
    rounds = nonzero & (np.asarray(position.fraction) != 0)
    return {
        "all": np.ones(exact.shape, bool),
        "inexact": rounds,
        "tie": rounds & (np.asarray(position.fraction) == 2),
        "overflow": nonzero & np.asarray(position.index > target.top(exact.sign), bool),
    }


def _cancellation_classes(terms: Unpacked, total: Unpacked) -> dict[str, Array]:
    """Return a mask of the cancelled sums. `terms` has one more axis than `total`."""
    finite = ~(total.nan | total.inf)
    nonzero = finite & (total.significand != 0)
    terms_top = np.where(terms.significand == 0, -(1 << 40), _top(terms)).max(axis=-1)
    any_term = np.any(np.asarray(terms.significand != 0, bool), axis=-1) & finite
    return {
        "cancelled": nonzero & (_top(total) <= terms_top - _CANCELLED_BITS),
        "cancelled_to_zero": any_term & ~nonzero,
    }


def _top(value: Unpacked) -> Array:
    return np.asarray(bit_length(np.asarray(value.significand, object)) + value.exponent)


@singledispatch
def _sums(unit: Unit, design: Design, block: Block) -> Iterator[tuple[Unpacked, Unpacked]]:
    """Yield the terms and the exact sums of the steps of a block."""
    raise SpecError(f"unit {unit} has no golden model")


@_sums.register
def _(unit: Mul, design: Design, block: Block) -> Iterator[tuple[Unpacked, Unpacked]]:
    product = golden.products(design, block.a, block.b).exact()
    yield product, product[..., 0]


@_sums.register
def _(unit: MxMul, design: Design, block: Block) -> Iterator[tuple[Unpacked, Unpacked]]:
    product = block_terms(design, block)
    yield product, product[..., 0]


@_sums.register
def _(unit: Fma, design: Design, block: Block) -> Iterator[tuple[Unpacked, Unpacked]]:
    assert design.c is not None and block.c is not None  # noqa: PT018 - the unit uses it
    addend = design.c.unpack(design.c.check_codes(block.c[..., 0])).exact()
    terms = with_state(addend, golden.products(design, block.a, block.b).exact())
    yield terms, exact_sum(terms, design.rounding)


@_sums.register
def _(unit: Summing, design: Design, block: Block) -> Iterator[tuple[Unpacked, Unpacked]]:
    acc = design.accumulator
    state = load(acc, design, Unpacked.zeros(block.a.shape[:1]))
    for step in range(block.a.shape[1]):
        products = _products(unit, design, block.part((slice(None), slice(step, step + 1)))).exact()
        terms = with_state(read(acc, design, state).exact(), products)
        yield terms, exact_sum(terms, design.rounding)
        state = add(acc, design, state, products)


@singledispatch
def _products(unit: Summing, design: Design, step: Block) -> Unpacked:
    """Return the products of one step, the terms of the accumulator."""
    return golden.products(design, step.a[:, 0], step.b[:, 0])


@_products.register
def _(unit: Mx, design: Design, step: Block) -> Unpacked:
    return block_terms(design, step)
