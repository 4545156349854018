"""Accelergy and Timeloop: an energy reference table and an area reference table.

Energy is in pJ and area in um^2. Accelergy multiplies the energies by action counts. Timeloop looks
components up by the last part of their name, and takes the energy of a computation from the action
`compute`.

Source: Accelergy 0.4 (`ERT_generator.py`, `ART_generator.py`) and Timeloop
(`src/model/topology.cpp`).
"""

from hwdse.cost.export import exporter
from hwdse.cost.export.priced import PricedDesign
from hwdse.cost.export.statement import figure, statement

_USAGE = """\
Accelergy takes the ERT beside action counts, Timeloop both tables beside its other input. `name` \
must be the name of the component in your architecture. So name the component {name}, or write its \
own name here, with its place (such as system.PE.mac) and its range (such as mac[1..16]). An ERT \
takes the place of all estimates: add your other components to it.

One `compute` is one MAC. Leakage is not in the estimate.
"""


@exporter("accelergy")
def files(priced: PricedDesign) -> dict[str, str]:
    """Two YAML files: ERT (pJ per action) and ART (um^2)."""
    name = priced.name
    facts = statement(priced, "Accelergy and Timeloop", _USAGE.format(name=name))
    return {
        f"{name}.ERT.yaml": f"""{facts}
ERT:
  version: 0.4
  tables:
  - name: {name}
    actions:
    - name: compute
      arguments: {{}}
      energy: {figure(priced.cost.energy_pj)}
""",
        f"{name}.ART.yaml": f"""{facts}
ART:
  version: 0.4
  tables:
  - name: {name}
    area: {figure(priced.lane_area_um2)}
""",
    }
