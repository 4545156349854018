"""Slices: groups of products that a unit adds up exactly before the accumulator takes them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hwdse.errors import SpecError
from hwdse.formats import Format, UnpackedShape, clog2
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.accumulate.fused_float import FusedFloat
from hwdse.spec.accumulate.integer_sum import IntegerSum
from hwdse.spec.accumulate.kulisch import Kulisch
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.unit import Mac, Unit

if TYPE_CHECKING:
    from hwdse.spec.design import Design


@dataclass(frozen=True, kw_only=True)
class SliceSum(Multiplier):
    """The exact sum of the products of one slice, as one term of the accumulator.

    It is a fixed-point word in units of the least product's LSB. No design spec names it.

    Attributes:
        group: products of a slice.
        carried: whether the hardware leaves the last carry of the sum to the accumulator.
    """

    group: int
    carried: bool = False

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the sum: a two's-complement word of one exponent."""
        one = Exact().product(a, b)
        return UnpackedShape(
            significand_bits=one.fixed_point_bits + clog2(self.group) + 1,
            exponent_min=one.exponent_min,
            exponent_max=one.exponent_min,
            twos_complement=True,
            has_inf=one.has_inf,
            has_nan=one.has_nan,
        )


def check_slices(unit: Unit, design: "Design", group: int) -> None:
    """Check that sums of slices equal those of a `dot` with `group` lanes, whatever the products.

    Raises:
        SpecError: the accumulator rounds within a slice, cannot hold the sum of one, or needs the
            sign of a product of zero, which a slice does not keep.
    """
    acc, product = design.acc, Exact().product(design.a, design.b)
    term = SliceSum(group=group).product(design.a, design.b)
    if type(acc) not in {IntegerSum, Kulisch, FusedFloat}:
        raise SpecError(
            f"unit {unit}, acc={acc}: int:{{width}}, kulisch or fp:{{format}} are allowed"
        )
    if isinstance(acc, IntegerSum) and term.magnitude_bits >= acc.width:
        acc.state(product)
        raise SpecError(
            f"unit {unit}, acc={acc}: sums of {group} products take {term.significand_bits} bits, "
            f"at least int:{term.significand_bits} is needed"
        )
    if isinstance(acc, Kulisch) and acc.terms < 1 << clog2(group):
        raise SpecError(
            f"unit {unit}, acc={acc}: at least kulisch:{1 << clog2(group)} is needed for {group} "
            "products"
        )
    keeps_zeros = not product.signed or (product.twos_complement and design.rounding != "down")
    if isinstance(acc, FusedFloat) and not keeps_zeros:
        raise SpecError(
            f"unit {unit}, acc={acc}: a slice keeps no sign of zero, so a or b must be an integer "
            "in two's complement and rounding not down, or both without sign"
        )


def summing_slices(design: "Design", group: int, *, carried: bool = False) -> "Design":
    """A `mac` whose products are the sums of slices: what the accumulator adds up.

    Args:
        design: the design.
        group: products of a slice.
        carried: whether the last carry of a slice is left to the accumulator.
    """
    return replace(
        design,
        mul=SliceSum(group=group, carried=carried),
        acc=_of_slices(design.accumulator, group),
        unit=Mac(),
    )


def _of_slices(acc: Accumulator, group: int) -> Accumulator:
    """The accumulator for the sums of slices, with a state as wide as that for products."""
    if not isinstance(acc, Kulisch):
        return acc
    return replace(acc, terms=-(-acc.terms >> clog2(group)))
