"""Units without a state: each result depends only on the operands of one cycle."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.golden.bare import fma, mul
from hwdse.golden.engines.convert import convert
from hwdse.spec import Design, Fma, Mul, Unit
from hwdse.spec.engines.convert import Convert

STATELESS: Mapping[type[Unit], Callable[..., Array]] = MappingProxyType(
    {Mul: mul, Fma: fma, Convert: convert}
)
"""By class of unit: codes of the results of a design, from the codes of each of its operands."""


def operand_formats(design: Design) -> tuple[Format, ...]:
    """Formats of the operands that a function of `STATELESS` takes, in order."""
    given = (design.a, design.b, design.c)
    return tuple(number_format for number_format in given if number_format is not None)
