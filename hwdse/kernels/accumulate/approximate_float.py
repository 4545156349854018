"""Multiply-add with approximate normalisation.

A left shift does not change the sum, but it changes the exponent to which later terms are aligned.
The running sum is therefore a value plus this exponent, as a power of two.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, Format, clog2
from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.adding import Native, enter, leave
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, float_like, sign_bits, with_sign_of
from hwdse.kernels.choice import CARRIERS, Carrier, products_fit
from hwdse.kernels.direction import TO_NEAREST, direction_of
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run, store
from hwdse.kernels.powers import inverse, power_of, set_powers, truncated
from hwdse.spec import ApproximateFloat
from hwdse.spec.multiply.exact import ExactValued

_MAX_EXPONENT = 900


class Sized(NamedTuple):
    """Products, and the powers of the top bits of their significands.

    Attributes:
        product: source of the products.
        row: power of the least top bit of operands in rows.
        panel: the same for operands in panels.
    """

    product: Any
    row: float
    panel: float


class Normalised(NamedTuple):
    """The register of the running sum.

    Attributes:
        adder: direction of the processor.
        full: 2^(width + 1): a magnitude of this size needs one more bit.
        half: 0.5.
        unit: 2^-width.
        first: magnitudes below have k zeros at the top.
        second: magnitudes below have k + lambda zeros at the top.
        by_first: 2^-k.
        by_second: 2^-(k + lambda).
        lowest: power of the least top bit.
        highest: power of the greatest top bit.
        largest: largest value.
        beyond_positive: value that replaces a sum above `largest`.
        beyond_negative: magnitude that replaces a sum below -`largest`.
        has_inf: whether the register has infinities.
        down: whether a zero sum of terms with different signs is -0.
    """

    adder: Native
    full: float
    half: float
    unit: float
    first: float
    second: float
    by_first: float
    by_second: float
    lowest: float
    highest: float
    largest: float
    beyond_positive: float
    beyond_negative: float
    has_inf: bool
    down: bool


@plan.register
def _(acc: ApproximateFloat, task: Task) -> Sums:
    design = task.design
    if not isinstance(design.mul, ExactValued):
        raise SpecError(
            f"accumulator {acc} with mul={design.mul} has no fast kernel: exact products have"
        )
    if acc.width + 2 >= FLOAT64_PRECISION or max(-acc.lowest, acc.highest) > _MAX_EXPONENT:
        raise SpecError(
            f"accumulator {acc} has no fast kernel: its range or precision is beyond what float64 "
            "can carry"
        )
    carrier, products = _carrier(acc, task)
    number: Any = carrier
    row, panel = (number(2.0 ** _least_top(f)) for f in (design.a, design.b))

    def source(row: float, panel: float, dtype: Any) -> Sized:
        return Sized(product=task.mul.source(dtype), row=row, panel=panel)

    mul = replace(
        task.mul,
        source=partial(source, row, panel),
        swapped=partial(source, panel, row),
    )
    register = _register(acc, task, carrier, products)

    def sums(left: Values, right: Values) -> Values:
        special = not (np.isfinite(left).all() and np.isfinite(right).all())
        special = special or _top(task, products) >= acc.highest
        out = run(
            _approximate_steps, mul, left, right, arguments=(register, special), carrier=carrier
        )
        return out if acc.format.has_negative_zero else out + 0.0

    return sums


def _least_top(number_format: Format) -> int:
    """Weight of the top bit of the least significands, even if this bit is zero."""
    shape = number_format.unpacked
    if shape.exponent_min != shape.exponent_max and not isinstance(number_format, BinaryFloat):
        raise SpecError(
            f"approximate normalisation of {number_format} operands has no fast kernel: binary "
            "floats and integers have"
        )
    return shape.exponent_min + shape.significand_bits - 1


def _carrier(acc: ApproximateFloat, task: Task) -> tuple[Carrier, Extent]:
    """The type of all numbers, with an extent of the products."""
    info = np.finfo(np.float32)
    # With one more bit, the processor cuts the bit that a carry would cut.
    spare = info.nmant - 1 - acc.width
    if spare >= 0 or (spare == -1 and direction_of("rtz") is not None):
        extents = [task.format_products, *([task.products] if task.large else [])]
        for products in extents:
            if (
                products_fit(task, products, np.float32)
                and _lowest(acc, products) - acc.width >= info.minexp
                and acc.width - _lowest(acc, products) < info.maxexp
                and _top(task, products) + acc.width < info.maxexp
                and acc.highest < info.maxexp
            ):
                return CARRIERS[0], products
    return CARRIERS[1], task.format_products


def _lowest(acc: ApproximateFloat, products: Extent) -> int:
    """A top bit that no sum but zero is below, or the register's lowest one."""
    return max(acc.lowest, products.lsb - acc.width)


def _top(task: Task, products: Extent) -> int:
    """log2 of a bound on the running sums and their top bits."""
    return products.top + clog2(max(task.terms, 1)) + 2


def _register(acc: ApproximateFloat, task: Task, carrier: Carrier, products: Extent) -> Normalised:
    f, rounding = acc.format, task.design.rounding
    largest = acc.largest(task.design.product)
    beyond = [
        np.inf if f.has_inf and rounding not in ("rtz", toward) else largest
        for toward in ("down", "up")
    ]
    number: Any = carrier
    cut = carrier is np.float32 and acc.width == np.finfo(np.float32).nmant
    lowest = _lowest(acc, products) if carrier is np.float32 else acc.lowest
    direction = (direction_of("rtz") if cut else None) or TO_NEAREST
    return Normalised(
        adder=Native(direction),
        full=number(2.0 ** (acc.width + 1)),
        half=number(0.5),
        unit=number(2.0**-acc.width),
        first=number(2.0 ** (acc.width + 1 - acc.k)),
        second=number(2.0 ** (acc.width + 1 - acc.k - acc.lam)),
        by_first=number(2.0**-acc.k),
        by_second=number(2.0 ** (-acc.k - acc.lam)),
        lowest=number(2.0**lowest),
        highest=number(2.0**acc.highest),
        largest=number(largest),
        beyond_positive=number(beyond[0]),
        beyond_negative=number(beyond[1]),
        has_inf=f.has_inf,
        down=rounding == "down",
    )


@compiled
def _approximate_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, register: Normalised, special: bool, out: Values
) -> None:
    enter(register.adder)
    powers = np.empty_like(panels[0])
    sums = np.empty(WIDTH, rows.dtype)
    tops = np.empty(WIDTH, rows.dtype)
    for p in range(panels.shape[0]):
        set_powers(panels[p], source.panel, powers)
        for i in range(rows.shape[0]):
            sums[:] = 0
            tops[:] = register.lowest
            for k in range(rows.shape[1]):
                a, terms, panel = rows[i, k], panels[p, k], powers[k]
                # A product may have one more bit than the sum of both top bits says.
                power = power_of(a, source.row)
                power += power
                for j in range(WIDTH):
                    term, total = product(source.product, a, terms[j]), sums[j]
                    top = max(tops[j], power * panel[j])
                    scale = inverse(top * register.unit)
                    x, y = truncated(term * scale), truncated(total * scale)
                    signed = x + y
                    if register.down:
                        zero_sign = sign_bits(x) | sign_bits(y)
                        signed = float_like(signed, zero_sign) if signed == 0 else signed
                    magnitude = abs(signed)
                    # By k, by k + lambda, or not at all, if the top bit would be below the lowest.
                    first, second = top * register.by_first, top * register.by_second
                    shifted = first if first >= register.lowest else top
                    both = magnitude < register.second and second >= register.lowest
                    shifted = second if both else shifted
                    after = shifted if magnitude < register.first else top
                    after = register.lowest if magnitude == 0 else after
                    # A carry cuts the last bit.
                    carry = magnitude >= register.full
                    halved = truncated(magnitude * register.half)
                    magnitude = halved + halved if carry else magnitude
                    after = top + top if carry else after
                    value = magnitude * (top * register.unit)
                    if special:
                        beyond = register.beyond_positive
                        beyond = register.beyond_negative if sign_bits(signed) != 0 else beyond
                        value = beyond if after > register.highest else value
                        plain = term + total
                        no_inf = abs(plain) == np.inf and not register.has_inf
                        limited = with_sign_of(register.largest, plain) if no_inf else plain
                        finite = abs(term) < np.inf and abs(total) < np.inf
                        signed = signed if finite else limited
                        value = value if finite else abs(limited)
                        over = after > register.highest or not finite
                        after = register.highest if over else after
                    sums[j] = with_sign_of(value, signed)
                    tops[j] = after
            store(sums, out, i, p)
    leave(register.adder)
