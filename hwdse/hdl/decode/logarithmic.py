"""Logarithmic numbers have no decoder: their values are irrational."""

from amaranth.lib.wiring import Component

from hwdse.errors import SpecError
from hwdse.formats import Logarithmic
from hwdse.hdl.decode import decoder


@decoder.register(Logarithmic)
def _(number_format: Logarithmic) -> Component:
    raise SpecError(
        f"format {number_format} has no hardware decoder: its values are irrational, and a "
        "multiplier that adds logarithms instead (mul=log) is still to come"
    )
