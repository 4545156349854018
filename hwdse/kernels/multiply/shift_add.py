"""Products with sums of few powers of two: exact products with a weight's leading digits."""

from dataclasses import replace

import numpy as np

from hwdse.formats import signed_digits
from hwdse.kernels.multiply import Multiplication, Values, multiplication
from hwdse.kernels.multiply.exact import exact_multiplication
from hwdse.spec import Design, ShiftAdd


@multiplication.register
def _(mul: ShiftAdd, design: Design) -> Multiplication:
    terms = mul.weights(design.b).terms
    return replace(exact_multiplication(mul, design), prepare_second=_LeadingDigits(terms))


class _LeadingDigits:
    """Prepares the second operand: only the sum of its leading signed digits counts."""

    def __init__(self, terms: int) -> None:
        self._terms = terms

    def __call__(self, values: Values) -> Values:
        def kept(value: float) -> float:
            digits = signed_digits(int(value))[-self._terms :]
            return float(sum(sign << shift for sign, shift in digits))

        return np.asarray(np.vectorize(kept, otypes=[np.float64])(values), np.float64)
