"""Accumulators: a group of products in each cycle, the running sum out. One module each.

Every accumulator has ports `i_valid`, `i_first` (the group starts a new sum), `i0`, `i1`, ... (the
products' records) and `o` (record of `design.state`). The sum is in `o` one cycle after its last
group; one group per cycle.
"""

from functools import singledispatch

from amaranth.lib.wiring import Component

from hwdse.errors import SpecError
from hwdse.plugins import load_modules
from hwdse.spec import Accumulator, Design


@singledispatch
def accumulator(acc: Accumulator, design: Design) -> Component:
    """Component that adds `design.unit.lanes` products a cycle."""
    raise SpecError(f"accumulator {acc} has no hardware generator")


load_modules(__name__, __path__)
