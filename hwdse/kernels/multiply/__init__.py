"""Products of float64 operands inside compiled loops, one module per multiplier.

A multiplier provides a `Multiplication`. It says how decoded operands are prepared. It also makes a
named tuple, the source: the type of the source selects the compiled code of `product`, and the
fields of the source are the numbers for this code.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.kernels.extent import Extent
from hwdse.plugins import load_modules
from hwdse.spec import Design, Multiplier

Carrier = np.dtype[Any]
Values = npt.NDArray[np.float64]
Prepare = Callable[[Values], Values]


@dataclass(frozen=True, kw_only=True)
class Multiplication:
    """The properties of a multiplier that a kernel needs.

    Attributes:
        source: takes a carrier (float32, float64 or, if `linear`, int64) and returns the named
            tuple that selects the code of `product(source, a, b)`.
        swapped: like `source`, for `product(swapped, b, a)`.
        single: whether the code also works in float32, if float32 holds operands and products.
        prepare_first: prepares the decoded first operand for the multiplication.
        prepare_second: prepares the decoded second operand.
        linear: whether the product of prepared operands is exactly a * b. A matrix library can then
            compute the sums of products.
        narrow: takes the extents of both operands, if all values are finite, and returns a
            multiplication that is only for such operands, with the extent of its products; None if
            it has none. It also works in float32.
        parts: yields pairs of matrices for operands (M, K) and (K, N); the sum of their matrix
            products is the sum of the products. None if there are no such matrices.
    """

    source: Callable[[Carrier], Any]
    swapped: Callable[[Carrier], Any]
    single: bool
    prepare_first: Prepare
    prepare_second: Prepare
    linear: bool
    narrow: Callable[[Extent, Extent], "tuple[Multiplication, Extent] | None"] | None = None
    parts: Callable[[Values, Values], Iterator[tuple[Values, Values]]] | None = None


def unchanged(values: Values) -> Values:
    """The preparation of operands that need no change."""
    return values


@singledispatch
def multiplication(mul: Multiplier, design: Design) -> Multiplication:
    """The multiplication of a design's multiplier in the kernels.

    Raises:
        SpecError: the multiplier has no fast kernel.
    """
    if mul.named == mul:
        raise SpecError(f"multiplier {mul} has no fast kernel")
    # A multiplier that a unit has made of another one multiplies single elements like this one.
    return multiplication(mul.named, design)


def product(source: Any, a: float, b: float) -> float:
    """One product, including special values; only compiled code can call this function.

    The module of each multiplier adds the code for its source type, with
    `numba.extending.overload`.
    """
    raise TypeError("product runs in compiled code only")


load_modules(__name__, __path__)
