"""Products of the widest integers of a unit that multiplies integers and floats."""

from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.golden.multiply.exact import exact_product, within
from hwdse.spec import ComposedProduct


@multiply.register
def _(mul: ComposedProduct, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    product = exact_product(a_format.unpack(a).exact(), b_format.unpack(b).exact())
    return within(product, mul.product(a_format, b_format))
