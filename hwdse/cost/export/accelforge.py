"""AccelForge: a component model of hwcomponents, its library of components.

hwcomponents asks a model for the area in m^2, the leakage power in W, and for each action the
energy in J, the latency in s and the throughput in actions per s. A model may scale itself to the
node of an architecture, by the factors of Stillmaker and Baas, "Scaling equations for the accurate
prediction of CMOS device performance from 180 nm to 7 nm", Integration 58 (2017).

Source: hwcomponents 1.0.114, https://accelergy-project.github.io/hwcomponents/.
"""

from hwdse.cost.export import exporter
from hwdse.cost.export.priced import PricedDesign
from hwdse.cost.export.statement import figure, statement

_USAGE = """\
In a specification for AccelForge, one `compute` is one MAC:

  config:
    component_models: [path/of/this_file.py]
  arch:
    nodes:
    - !Compute
      name: MAC
      component_class: {name}
      n_parallel_instances: {lanes}
      actions: [{{name: compute}}]

If the component gets a `tech_node` in m, for example under \
`extra_attributes_for_component_model`, hwcomponents scales the numbers from {node} m to it. The \
error bars do not cover the scaling.

Leakage is not in the estimate: `leak_power` is 0.
"""


@exporter("accelforge")
def files(priced: PricedDesign) -> dict[str, str]:
    """A Python file with one `ComponentModel`. Energy in J, area in m^2, times in s."""
    name, node = priced.name, figure(priced.technology.node_nm * 1e-9)
    usage = _USAGE.format(name=name, lanes=priced.lanes, node=node)
    return {
        f"{name}.py": f'''{statement(priced, "AccelForge and hwcomponents", usage)}
from hwcomponents import ActionCost, ComponentModel, action


class {name}(ComponentModel):
    """One MAC per cycle. The comment above says where the numbers come from."""

    component_name = "{name}"

    def __init__(self, tech_node: float = {node}):
        super().__init__(leak_power=0.0, area={figure(priced.lane_area_um2 * 1e-12)})
        self.tech_node = self.scale_tech_node(tech_node, {node})

    @action
    def compute(self) -> ActionCost:
        """One multiplication and its addition to the running sum."""
        return ActionCost(
            energy={figure(priced.cost.energy_pj * 1e-12)},
            latency={figure(priced.latency_ns * 1e-9)},
            throughput={figure(priced.macs_per_second)},
        )
'''
    }
