"""Products of single elements of the widest format: those of the exact multiplier."""

from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.kernels.multiply.exact import exact_multiplication
from hwdse.spec import Design, PackedProduct


@multiplication.register
def _(mul: PackedProduct, design: Design) -> Multiplication:
    return exact_multiplication(mul.elements, design)
