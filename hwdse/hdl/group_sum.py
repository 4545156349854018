"""The exact fixed-point sum of the products of one cycle.

The sum is a word and, for some multipliers, one more bit for the carry input of the next adder. By
default every product is shifted into place and all are added. A multiplier whose products carry
more than their record may register a cheaper sum.
"""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from amaranth.hdl import Module, Value, signed
from amaranth.lib.wiring import Out, Signature

from hwdse.formats import UnpackedShape
from hwdse.hdl.compress import balanced_sum
from hwdse.hdl.fixed_point import adder_tree, fixed_point_sum, to_fixed_point
from hwdse.hdl.targets import Target
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, Multiplier


class GroupSum:
    """Shifts every product into place and adds all in a tree of adders."""

    def __init__(self, design: Design) -> None:
        self.design = design

    @property
    def structure(self) -> Structure:
        """Structure of the group's sum."""
        return fixed_point_sum(self.design.product, self.design.unit.group)

    def add(self, m: Module, products: Sequence[Any], target: Target) -> tuple[Value, Value | None]:
        """The sum of the products as a two's-complement word and a carry bit.

        Args:
            m: the module that gets the logic.
            products: interfaces of `product_signature`, one per lane.
            target: what the hardware is made for.

        Returns:
            The word in units of 2^exponent_min, and a bit of the same weight that is still to be
            added; None instead of the bit if the word is the whole sum.
        """
        del target
        shape = self.design.product
        terms = [
            to_fixed_point(m, Record(shape, product), f"lane{k}")
            for k, product in enumerate(products)
        ]
        return balanced_sum(m, terms, (), "group")


@singledispatch
def group_sum(mul: Multiplier, design: Design) -> GroupSum:
    """How the accumulators of a design sum a group of products.

    The multiplier decides.
    """
    del mul
    return GroupSum(design)


def carry_signature(shape: UnpackedShape, width: int) -> Signature:
    """Ports of a product. A two's-complement product also comes as `word` + `carry`.

    A negation inverts the word and adds one. The port `carry` leaves the one to a later adder,
    which has a free carry input.
    """
    members = dict(unpacked_signature(shape).members)
    if shape.twos_complement:
        members |= {"word": Out(signed(width)), "carry": Out(1)}
    return Signature(members)


class CarrySum(GroupSum):
    """A tree of adders whose carry inputs complete negated products."""

    @property
    def structure(self) -> Structure:
        """The adder tree alone."""
        return adder_tree(self.design.product.fixed_point_bits + 1, self.design.unit.group)

    def add(self, m: Module, products: Sequence[Any], target: Target) -> tuple[Value, Value | None]:
        """The sum of all words and carries."""
        del target
        words, carries = [p.word for p in products], [p.carry for p in products]
        return balanced_sum(m, words, carries, "group")


def carry_group_sum(mul: Multiplier, design: Design) -> GroupSum:
    """The sum of products with the ports of `carry_signature`.

    Only two's-complement products of one exponent can use the carries. Others are shifted into
    place.
    """
    del mul
    shape = design.product
    in_place = shape.twos_complement and shape.exponent_min == shape.exponent_max
    return CarrySum(design) if in_place else GroupSum(design)
