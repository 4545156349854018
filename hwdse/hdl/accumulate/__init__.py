"""Accumulators: a group of products in each cycle, the running sum out. One module each.

Every accumulator has ports `i_valid`, `i_first` (the group starts a new sum), `i0`, `i1`, ... (the
products' records) and `o` (record of `design.state`). The sum is in `o` one cycle after its last
group; one group per cycle.
"""

from functools import singledispatch
from typing import Any

from amaranth.lib.wiring import Component, In, Member, Out

from hwdse.errors import SpecError
from hwdse.hdl.multiply import product_signature
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.plugins import load_modules
from hwdse.spec import Accumulator, Design


@singledispatch
def accumulator(acc: Accumulator, design: Design) -> Component:
    """Component that adds `design.unit.lanes` products a cycle."""
    raise SpecError(f"accumulator {acc} has no hardware generator")


def accumulator_ports(design: Design) -> dict[str, Member]:
    """The ports that every accumulator has, for Component."""
    product = product_signature(design.mul, design.a, design.b)
    products = {f"i{k}": In(product) for k in range(design.unit.lanes)}
    return {
        "i_valid": In(1),
        "i_first": In(1),
        **products,
        "o": Out(unpacked_signature(design.state)),
    }


def product_ports(component: Component, design: Design) -> list[Any]:
    """The product inputs of an accumulator with all they carry, in order of lanes."""
    return [getattr(component, f"i{k}") for k in range(design.unit.lanes)]


def product_records(component: Component, design: Design) -> list[Record]:
    """The product inputs of an accumulator, in order of lanes."""
    return [Record(design.product, port) for port in product_ports(component, design)]


load_modules(__name__, __path__)
