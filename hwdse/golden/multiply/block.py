"""Products of elements alone are no products of blocks: `hwdse.golden.engines.mx` has those."""

from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.spec import BlockProduct


@multiply.register
def _(mul: BlockProduct, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    raise SpecError(
        f"operands {mul.a} and {mul.b} are blocks with scales, element codes alone are given: "
        "hwdse.golden.engines.mx has products of blocks"
    )
