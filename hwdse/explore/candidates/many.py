"""An assignment of designs to layers as a candidate of a sweep.

Its hardware is one unit of each different design, side by side; one works at a time. What it costs
depends on the network, whose layers say how much each design has to do:
`hwdse.cost.side_by_side` has the formulas, for an FPGA too, and `hwdse.cost.system.arrays` those of
a machine. Bits per element are the mean over the layers, weighted by their MACs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hwdse.cost import side_by_side
from hwdse.cost.fpga.side_by_side import fabric_side_by_side
from hwdse.cost.side_by_side import shares_of
from hwdse.explore.candidates.candidate import Candidate, Compared, Proofs, candidate_of
from hwdse.explore.layer_designs import Layer, LayerDesigns, Member
from hwdse.explore.prices import Prices
from hwdse.explore.record import bits_per_element, facts_of, short_spec
from hwdse.networks import Network
from hwdse.networks.assignment import Assignment
from hwdse.networks.by_layer import hardware_of
from hwdse.spec import Design

MIXED = "mixed"
"""Value of a key of the spec in which the designs differ."""


@dataclass(frozen=True)
class AssignmentCandidate(Candidate):
    """A design for each layer.

    Attributes:
        own: the assignment.
    """

    own: Assignment

    @property
    def short(self) -> str:
        """The name of the assignment's file."""
        return self.own.name

    @property
    def label(self) -> str:
        """The name of the assignment's file."""
        return self.own.name

    @property
    def design(self) -> Design | None:
        """None: an assignment is not one design, though it may give all layers the same."""
        return None

    @property
    def measured(self) -> tuple[str, str]:
        """Text and fingerprint of the assignment without its name and without registers."""
        plain = self.own.changed(lambda one: replace(one, unit=one.unit.plain()))
        nameless = replace(plain, name="")
        return str(nameless), nameless.fingerprint

    def facts(self) -> dict[str, Any]:
        """As of `facts_of`: each key with its value in all designs, or `MIXED`.

        `lanes` is the largest of any design, `bits` the mean over the designs.
        """
        facts = [facts_of(design) for design in self.own.designs]
        if not facts:
            keys: dict[str, Any] = {"a": MIXED}
            return {**self._names(), "keys": keys, "lanes": 1, "bits": 32.0}
        keys = {}
        for key in dict.fromkeys(key for one in facts for key in one["keys"]):
            values = {one["keys"].get(key) for one in facts}
            keys[key] = values.pop() if len(values) == 1 else MIXED
        return {
            **self._names(),
            "keys": keys,
            "lanes": max(one["lanes"] for one in facts),
            "bits": sum(one["bits"] for one in facts) / len(facts),
        }

    def _names(self) -> dict[str, str]:
        return {"spec": str(self.own), "design": self.short, "slug": self.own.slug}

    def changed(self, change: Callable[[Design], Design]) -> Compared:
        """The assignment with what the function gives in place of each design."""
        return self.own.changed(change)

    def check(self, network: Network) -> None:
        """Check that it fits the network, and that each layer has a design.

        Raises:
            SpecError: it does not fit, or a layer stays float32.
        """
        hardware_of(self.own, network)

    def cost(self, prices: Prices) -> dict[str, Any]:
        """The cost of units side by side, as the network uses them."""
        layers = hardware_of(self.own, prices.network)
        macs = dict.fromkeys(layers, 0)
        for workload in prices.workloads:
            macs[workload.site] += workload.macs
        work = dict.fromkeys(layers.values(), 0)
        for site, design in layers.items():
            work[design] += macs[site]
        units = {design: prices.unit(design) for design in work}
        fabrics = {design: prices.on_fabric(design) for design in work}
        on_fabric = [(one, work[design]) for design, one in fabrics.items() if one is not None]
        bits = [bits_per_element(design) for design in work]
        found = LayerDesigns(
            members=tuple(
                Member(
                    spec=str(design),
                    design=short_spec(design),
                    area_um2=unit.area_um2,
                    energy_pj=unit.energy_pj,
                    delay_ns=unit.delay_ns,
                    luts=one.luts if (one := fabrics[design]) else None,
                    fpga_ns=one.delay_ns if one else None,
                )
                for design, unit in units.items()
            ),
            layers=tuple(
                Layer(layer=site, macs=macs[site], spec=str(design))
                for site, design in layers.items()
            ),
        )
        return {
            **side_by_side([(unit, work[design]) for design, unit in units.items()]).to_json(),
            "fabric": fabric_side_by_side(on_fabric).to_json() if on_fabric else None,
            "system": prices.on_machine(layers, units),
            "bits_per_element": sum(
                share * one for share, one in zip(shares_of([*work.values()]), bits, strict=True)
            ),
            "by_layer": found.to_json(),
        }

    def hardware(self, cost: Mapping[str, Any]) -> tuple[Design, ...]:
        """The designs that compute a layer of the network. A file may have others."""
        used = LayerDesigns.of(cost["by_layer"])
        specs = {member.spec for member in used.members}
        return tuple(design for design in self.own.designs if str(design) in specs)

    def _certified(self, needed: tuple[Design, ...], proofs: Proofs) -> Mapping[str, Any]:
        """The certificates of all designs, each with the name of its folder."""
        return {
            "spec": str(self.own),
            "designs": [
                {"slug": design.slug, "certificate": dict(proofs[design])} for design in needed
            ],
        }


@candidate_of.register
def _(compared: Assignment) -> Candidate:
    return AssignmentCandidate(compared)
