"""The exact sum of the products of one cycle, in fixed point: a word, and a bit for a carry input.

A multiplier whose products carry more than their record may register a better way than to put
every product in place and to add.
"""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from amaranth.hdl import Module, Value, signed
from amaranth.lib.wiring import Out, Signature

from hwdse.formats import UnpackedShape
from hwdse.hdl.compress import balanced_sum
from hwdse.hdl.fixed_point import adder_tree, fixed_point_sum, to_fixed_point
from hwdse.hdl.structure import Structure
from hwdse.hdl.targets import Target
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.spec import Design, Multiplier


class GroupSum:
    """Every product shifted into place, and a tree of adders."""

    def __init__(self, design: Design) -> None:
        self.design = design

    @property
    def structure(self) -> Structure:
        """What the group's sum is made of."""
        return fixed_point_sum(self.design.product, self.design.unit.group)

    def add(self, m: Module, products: Sequence[Any], target: Target) -> tuple[Value, Value | None]:
        """The sum in units of 2^exponent_min, two's complement, without its last bit; and that bit.

        Args:
            m: where the logic goes.
            products: interfaces of `product_signature`, one a lane.
            target: what the hardware is made for.
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
    """How the accumulators of a design sum a group of products."""
    del mul
    return GroupSum(design)


def carry_signature(shape: UnpackedShape, width: int) -> Signature:
    """Ports of a product that is also `word` + `carry`, where it is two's complement.

    To negate is to invert and to add one: the one is left to an adder that comes anyway.
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
        """The sum of words and carries."""
        del target
        words, carries = [p.word for p in products], [p.carry for p in products]
        return balanced_sum(m, words, carries, "group")


def carry_group_sum(mul: Multiplier, design: Design) -> GroupSum:
    """The sum of products of `carry_signature`: they may have to be shifted into place first."""
    del mul
    shape = design.product
    in_place = shape.twos_complement and shape.exponent_min == shape.exponent_max
    return CarrySum(design) if in_place else GroupSum(design)
