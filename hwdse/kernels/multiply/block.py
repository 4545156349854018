"""Products of elements alone are no products of blocks, which have no fast kernel."""

from hwdse.errors import SpecError
from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.spec import BlockProduct, Design


@multiplication.register
def _(mul: BlockProduct, design: Design) -> Multiplication:
    raise SpecError(
        f"operands {mul.a} and {mul.b} are blocks with scales: only designs of element formats "
        "have fast kernels"
    )
