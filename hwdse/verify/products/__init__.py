"""How a matrix product becomes transfers of a unit, one module per kind of unit.

A unit takes part by registering a function for `passes`. Everything else (build, simulation,
comparison, networks) follows from what the function gives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.plugins import load_modules
from hwdse.spec import Design, Unit

Operands = tuple[Array, ...]
"""Codes of two matrices, as the kernels take them.

For element formats, (A, B): A of shape (M, K) and B of shape (K, N), no size zero. For block
formats, (A, A_scales, B, B_scales): scales of shape (M, blocks) and (blocks, N), see
`hwdse.kernels.block_matmul`.
"""

#: Result of a transfer that belongs to no element of the product.
NOWHERE = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Pass:
    """A part of a matrix product that runs without a pause, from a reset on.

    Attributes:
        inputs: for each input stream and field, words of shape (transfers,), or codes of the
            elements of shape (transfers, elements).
        places: for each transfer of the output stream, in the order of time, and each of its
            elements: the index m * N + n of the result in the product, or NOWHERE.
        cycles: for each stream, the cycle of each transfer by the golden schedule. Cycle 0 offers
            the first input. Cycles of the output stream ascend.
        tiles: number of tiles: parts of the product that the unit computes at a time.
    """

    inputs: Mapping[str, Mapping[str, Array]]
    places: Array
    cycles: Mapping[str, Array]
    tiles: int


@singledispatch
def passes(unit: Unit, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    """Divide a matrix product into passes.

    Args:
        unit: the unit, `design.unit`.
        design: the design.
        operands: codes of the matrices.
        most: number of transfers of a stream at which a pass ends. The smallest part of a product
            that a unit can compute on its own may be larger.

    Raises:
        SpecError: the unit has no such function, or cannot compute this product.
    """
    raise SpecError(
        f"unit {unit} computes no matrix products in simulation: units that do are "
        f"{', '.join(units())}"
    )


def units() -> list[str]:
    """Names of the units that compute matrix products in simulation."""
    default = passes.dispatch(Unit)
    return [name for name, unit in Unit.choices.items() if passes.dispatch(unit) is not default]


load_modules(__name__, __path__)
