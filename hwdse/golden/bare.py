"""Units without a running sum: one product, or one product plus an addend, rounded once."""

import numpy.typing as npt

from hwdse.errors import ShapeError, SpecError
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import exact_sum, with_state
from hwdse.golden.dot import products
from hwdse.spec import Design, Fma, Mul


def mul(design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> Array:
    """Products of a design with `unit=mul`, element by element, with NumPy broadcasting.

    Returns:
        Codes of `design.out`.

    Raises:
        SpecError: the design has another unit.
        FormatError: a code is out of range.
    """
    _check_unit(design, Mul)
    product = products(design, a_codes, b_codes)
    return design.out.pack(product, design.rounding, design.out.overflow)


def fma(
    design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike, c_codes: npt.ArrayLike
) -> Array:
    """Fused a * b + c of a design with `unit=fma`, element by element.

    `a_codes` and `b_codes` broadcast; `c_codes` has the shape of the products. The sign of an exact
    zero sum follows IEEE 754-2019 section 6.3.

    Returns:
        Codes of `design.out`.

    Raises:
        SpecError: the design has another unit.
        ShapeError: the addends do not have the shape of the products.
        FormatError: a code is out of range.
    """
    _check_unit(design, Fma)
    assert design.c is not None  # unit=fma has an addend format
    product = products(design, a_codes, b_codes)
    c = design.c.unpack(design.c.check_codes(c_codes)).exact()
    if c.shape != product.shape:
        raise ShapeError(f"addends of shape {c.shape}: {product.shape} is needed")
    total = exact_sum(with_state(c, product[..., None]), design.rounding)
    return design.out.pack(total, design.rounding, design.out.overflow)


def _check_unit(design: Design, needed: type[Mul | Fma]) -> None:
    if not isinstance(design.unit, needed):
        raise SpecError(f"design {design}: unit={needed.keyword} is needed")
