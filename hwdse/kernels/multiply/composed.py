"""Products of the widest integers of a unit that multiplies integers and floats: exact ones."""

from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.kernels.multiply.exact import exact_multiplication
from hwdse.spec import ComposedProduct, Design


@multiplication.register
def _(mul: ComposedProduct, design: Design) -> Multiplication:
    return exact_multiplication(mul.elements, design)
