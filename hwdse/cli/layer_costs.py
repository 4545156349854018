"""What assignments of designs to layers cost: units of their designs side by side, and the sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from hwdse import cost as costs
from hwdse import networks
from hwdse.cli.output import print_table
from hwdse.cost.fpga.estimate import FabricCost
from hwdse.cost.fpga.side_by_side import fabric_side_by_side
from hwdse.errors import SpecError
from hwdse.explore.record import four_digits, short_spec
from hwdse.networks.assignment import Assignment
from hwdse.networks.by_layer import hardware_of
from hwdse.spec import Design

_WITHOUT_NETWORK = ("area_um2", "delay_ns", "area_error", "delay_error", "technology", "method")
"""What units cost together, whatever each of them has to do."""


@dataclass(frozen=True, kw_only=True)
class LayerHardware:
    """The designs of an assignment, and what each of them has to do.

    Attributes:
        assignment: the assignment.
        network: name of the network whose layers count; empty: what they do is not known.
        macs: designs, with the MACs of a sample that each does; 1 where that is not known.
        layers: design of each layer; empty without a network.
    """

    assignment: Assignment
    network: str
    macs: Mapping[Design, int]
    layers: Mapping[str, Design]

    @classmethod
    def of(cls, assignment: Assignment, network: str | None) -> "LayerHardware":
        """The hardware of an assignment.

        Args:
            assignment: the assignment.
            network: name or file of the network. None: all designs of the file count.

        Raises:
            NetworkError: the network cannot be loaded, or does not run.
            SpecError: the assignment does not fit the network, or has float32 in a layer, which
                has no hardware.
        """
        if network is None:
            if not assignment.designs:
                raise SpecError(f"{assignment.name}: no layer has a design: nothing has a cost")
            return cls(
                assignment=assignment,
                network="",
                macs=dict.fromkeys(assignment.designs, 1),
                layers={},
            )
        loaded = networks.load(network)
        layers = hardware_of(assignment, loaded)
        macs = dict.fromkeys(layers.values(), 0)
        for workload in networks.profile(loaded).workloads:
            macs[layers[workload.site]] += workload.macs
        return cls(assignment=assignment, network=loaded.name, macs=macs, layers=layers)

    def together(self, estimates: Mapping[Design, costs.Cost]) -> costs.Cost:
        """Cost of all units; without a network, area and delay alone mean something.

        Args:
            estimates: cost of each design.
        """
        return costs.side_by_side([(estimates[one], macs) for one, macs in self.macs.items()])

    def on_fabric(self, found: Mapping[Design, FabricCost]) -> FabricCost:
        """What all units take on an FPGA."""
        return fabric_side_by_side([(found[one], macs) for one, macs in self.macs.items()])

    def document(
        self, estimates: Mapping[Design, costs.Cost], found: Mapping[Design, FabricCost]
    ) -> dict[str, Any]:
        """The sums for JSON, of designs as the command line names them."""
        whole = self.together(estimates).to_json()
        known = whole if self.network else {name: whole[name] for name in _WITHOUT_NETWORK}
        of_network = {
            "network": self.network,
            "macs": {str(one): macs for one, macs in self.macs.items()},
            "layers": {site: str(one) for site, one in self.layers.items()},
        }
        return {
            "name": self.assignment.name,
            "designs": [str(one) for one in self.macs],
            **(of_network if self.network else {}),
            **known,
            **({"fabric": self.on_fabric(found).to_json()} if found else {}),
        }


def show_sums(
    every: Sequence[LayerHardware],
    estimates: Mapping[Design, costs.Cost],
    found: Mapping[Design, FabricCost],
) -> None:
    """Print what the units of each assignment cost together.

    Args:
        every: the assignments.
        estimates: cost of each design.
        found: what each design takes on an FPGA; empty if nobody asked.
    """
    for one in every:
        whole = one.together(estimates)
        click.echo(f"\n{one.assignment.name}, its units side by side:")
        on_fabric = one.on_fabric(found) if found else None
        rows = [
            [
                short_spec(design),
                _share(macs, one),
                *_figures(estimates[design]),
                *(_of_fabric(found[design]) if found else ()),
            ]
            for design, macs in one.macs.items()
        ]
        total = [
            *("together", "100 %" if one.network else "-"),
            *_figures(whole, weighed=bool(one.network)),
            *(_of_fabric(on_fabric) if on_fabric else ()),
        ]
        print_table(
            [
                *("design", "MACs", "area um2", "energy pJ/MAC", "delay ns", "MACs/cycle"),
                *(("LUTs", "flip-flops", "Fmax MHz") if found else ()),
            ],
            [*rows, total],
        )
        if one.network:
            click.echo(
                f"One unit works at a time: energy and speed are means over the MACs of "
                f"{one.network}."
            )
        else:
            click.echo("Energy and speed together depend on the layers: give --network.")


def _share(macs: int, one: LayerHardware) -> str:
    return f"{100 * macs / sum(one.macs.values()):.1f} %" if one.network else "-"


def _figures(cost: costs.Cost, *, weighed: bool = True) -> list[str]:
    means = [four_digits(cost.energy_pj), four_digits(cost.macs_per_cycle)]
    energy, rate = means if weighed else ("-", "-")
    return [four_digits(cost.area_um2), energy, four_digits(cost.delay_ns), rate]


def _of_fabric(cost: FabricCost) -> list[str]:
    return [f"{cost.luts:.0f}", f"{cost.flip_flops:.0f}", four_digits(cost.fmax_mhz)]
