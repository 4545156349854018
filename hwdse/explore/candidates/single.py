"""A design as a candidate of a sweep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hwdse.explore.candidates.candidate import Candidate, Compared, Proofs, candidate_of
from hwdse.explore.prices import Prices
from hwdse.explore.record import facts_of, short_spec
from hwdse.networks import Network
from hwdse.spec import Design


@dataclass(frozen=True)
class DesignCandidate(Candidate):
    """A design that computes all layers.

    Attributes:
        own: the design.
    """

    own: Design

    @property
    def short(self) -> str:
        """The short spec."""
        return short_spec(self.own)

    @property
    def label(self) -> str:
        """The whole spec."""
        return str(self.own)

    @property
    def design(self) -> Design | None:
        """The design."""
        return self.own

    @property
    def measured(self) -> tuple[str, str]:
        """Text and fingerprint of the design without registers."""
        plain = replace(self.own, unit=self.own.unit.plain())
        return str(plain), plain.fingerprint

    def facts(self) -> dict[str, Any]:
        """As of `facts_of`."""
        return facts_of(self.own)

    def changed(self, change: Callable[[Design], Design]) -> Compared:
        """What the function gives."""
        return change(self.own)

    def check(self, network: Network) -> None:
        """A design serves every network."""

    def cost(self, prices: Prices) -> dict[str, Any]:
        """The cost of the unit, and what it costs on an FPGA and on a machine if they are asked."""
        unit, on_fabric = prices.unit(self.own), prices.on_fabric(self.own)
        layers = {workload.site: self.own for workload in prices.workloads}
        return {
            **unit.to_json(),
            "fabric": on_fabric and on_fabric.to_json(),
            "system": prices.on_machine(layers, {self.own: unit}),
        }

    def hardware(self, cost: Mapping[str, Any]) -> tuple[Design, ...]:
        """The design alone."""
        return (self.own,)

    def _certified(self, needed: tuple[Design, ...], proofs: Proofs) -> Mapping[str, Any]:
        """The certificate of the design."""
        return proofs[self.own]


@candidate_of.register
def _(compared: Design) -> Candidate:
    return DesignCandidate(compared)
