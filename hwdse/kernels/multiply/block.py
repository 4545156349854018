"""Products of elements alone are no products of blocks: `block_matmul` takes those."""

from hwdse.errors import SpecError
from hwdse.kernels.multiply import Multiplication, multiplication
from hwdse.spec import BlockProduct, Design


@multiplication.register
def _(mul: BlockProduct, design: Design) -> Multiplication:
    raise SpecError(
        f"operands {mul.a} and {mul.b} are blocks with scales, element codes alone are given: "
        "kernels.block_matmul multiplies matrices of blocks"
    )
