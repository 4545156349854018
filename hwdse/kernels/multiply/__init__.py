"""Products of float64 operands inside compiled loops, one module a multiplier.

A multiplier gives a `Multiplication`: how decoded operands are prepared, and a named tuple (its
source) whose type selects the compiled code of `product` and whose fields are that code's numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.plugins import load_modules
from hwdse.spec import Design, Multiplier

Carrier = np.dtype[Any]
Values = npt.NDArray[np.float64]
Prepare = Callable[[Values], Values]


@dataclass(frozen=True, kw_only=True)
class Multiplication:
    """What a kernel needs to know about a multiplier.

    Attributes:
        source: for a carrier (float32, float64 or, if `linear`, int64) the named tuple that selects
            the code of `product(source, a, b)`.
        swapped: the same for `product(swapped, b, a)`.
        single: the code also works in float32, for operands and products that are its values.
        prepare_first: what becomes of the decoded first operand before it is multiplied.
        prepare_second: the same for the second operand.
        linear: products of prepared operands are a * b exactly, so that sums of them may come from
            a matrix library.
    """

    source: Callable[[Carrier], Any]
    swapped: Callable[[Carrier], Any]
    single: bool
    prepare_first: Prepare
    prepare_second: Prepare
    linear: bool


def unchanged(values: Values) -> Values:
    """The preparation of operands that are multiplied as they are."""
    return values


@singledispatch
def multiplication(mul: Multiplier, design: Design) -> Multiplication:
    """How the kernels multiply.

    Raises:
        SpecError: a multiplier without a kernel.
    """
    raise SpecError(f"multiplier {mul} has no fast kernel")


def product(source: Any, a: float, b: float) -> float:
    """One product, special values included. For compiled code only.

    A multiplier's module gives the code with `numba.extending.overload` for its source type.
    """
    raise TypeError("product runs in compiled code only")


load_modules(__name__, __path__)
