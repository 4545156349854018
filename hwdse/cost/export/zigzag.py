"""ZigZag: an accelerator that consists of one unit and an ideal memory.

ZigZag reads whole accelerators. The memory is there because ZigZag wants one: it is large, costs
nothing and never makes the unit wait. Energy is in pJ and area in mm^2, as in ZigZag's results of
CACTI.

Source: ZigZag 3.9.1, `zigzag/parser/accelerator_validator.py` and `zigzag/cacti`.
"""

from hwdse.cost.export import exporter
from hwdse.cost.export.priced import PricedDesign
from hwdse.cost.export.statement import figure, statement

#: More than a layer stores, and more than an array moves in one cycle.
_MEMORY_BITS = 10**12
_PORT_BITS = 10**9

#: The moves of ZigZag's operands: inputs are read, outputs are read and written back. Each move has
#: a separate port, so no move waits for another.
_MOVES = (
    ("r_port_1", "read", "I1, tl"),
    ("r_port_2", "read", "I2, tl"),
    ("r_port_3", "read", "O, tl"),
    ("w_port_1", "write", "O, fl"),
)

_USAGE = """\
Copy `operational_array` into your accelerator, or replace the memory below by your own. \
`unit_energy` is in pJ per MAC, `unit_area` in mm2 as the areas from ZigZag's CACTI; memories \
should be in the same units.

D1 is the lanes of one unit, whose products go into one sum: unroll the reduction (C) over it. Add \
dimensions with their sizes for an array of units.

The operand precision of layers on this unit, in bits: I {a}, W {b}, O {out}.
"""


@exporter("zigzag")
def files(priced: PricedDesign) -> dict[str, str]:
    """A YAML file with an accelerator. Energy in pJ, area in mm^2."""
    design = priced.design
    usage = _USAGE.format(a=design.a.bits, b=design.b.bits, out=design.out.bits)
    ports = "".join(_port(*move) for move in _MOVES)
    return {
        f"{priced.name}.zigzag.yaml": f"""{statement(priced, "ZigZag", usage)}
name: {priced.name}

operational_array:
  unit_energy: {figure(priced.cost.energy_pj)}
  unit_area: {figure(priced.lane_area_um2 * 1e-6)}
  dimensions: [D1]
  sizes: [{priced.lanes}]

memories:
  ideal:
    size: {_MEMORY_BITS}
    r_cost: 0.0
    w_cost: 0.0
    area: 0.0
    latency: 1
    operands: [I1, I2, O]
    ports:
{ports}    served_dimensions: [D1]
"""
    }


def _port(name: str, kind: str, move: str) -> str:
    return f"""\
    - name: {name}
      type: {kind}
      bandwidth_min: 1
      bandwidth_max: {_PORT_BITS}
      allocation: ["{move}"]
"""
