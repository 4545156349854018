"""Conversion of codes from one format to another."""

import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.spec import Design
from hwdse.spec.engines.convert import Convert


def convert(design: Design, codes: npt.ArrayLike) -> Array:
    """The values of codes of `design.a`, of any shape, rounded once to `design.out`.

    Returns:
        Codes of `design.out`, in the shape of `codes`.

    Raises:
        SpecError: the design has another unit.
        FormatError: a code is out of range.
    """
    if not isinstance(design.unit, Convert):
        raise SpecError(f"design {design}: unit={Convert.keyword} is needed")
    value = design.a.unpack(design.a.check_codes(codes)).exact()
    return design.out.pack(value, design.rounding, design.out.overflow)
