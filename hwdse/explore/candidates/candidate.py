"""A design or an assignment, as a sweep sees it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

from hwdse.explore.prices import Prices
from hwdse.networks import Network
from hwdse.networks.assignment import Assignment
from hwdse.spec import Design

Compared = Design | Assignment
"""What a sweep compares."""

Proofs = Mapping[Design, Mapping[str, Any]]
"""Certificates of designs whose Verilog is verified."""


class Candidate(ABC):
    """A design or an assignment, as a sweep sees it."""

    @property
    @abstractmethod
    def short(self) -> str:
        """Name in tables and plots."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Name that its errors begin with."""

    @property
    @abstractmethod
    def design(self) -> Design | None:
        """The design of which it consists; None if layers have designs of their own."""

    @property
    @abstractmethod
    def measured(self) -> tuple[str, str]:
        """Text and fingerprint on which the accuracy depends: without registers and names."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What tables show even if an evaluation failed, as a JSON document (`FACTS`)."""

    @abstractmethod
    def changed(self, change: Callable[[Design], Design]) -> Compared:
        """The same with each design replaced by what a function gives."""

    @abstractmethod
    def check(self, network: Network) -> None:
        """Check that it has hardware for a network, before any measurement.

        Raises:
            HwdseError: it has none.
        """

    @abstractmethod
    def cost(self, prices: Prices) -> dict[str, Any]:
        """Cost on the network of a sweep, as a JSON document (`COST`).

        Raises:
            HwdseError: it has no cost.
        """

    @abstractmethod
    def hardware(self, cost: Mapping[str, Any]) -> tuple[Design, ...]:
        """The different designs that its hardware consists of.

        Args:
            cost: what `cost` gave, which knows the network.
        """

    def certificate(self, cost: Mapping[str, Any], proofs: Proofs) -> Mapping[str, Any] | None:
        """Its certificate, from those of the designs; None while one of them lacks.

        Args:
            cost: as of `hardware`.
            proofs: certificates of designs.
        """
        needed = self.hardware(cost)
        return self._certified(needed, proofs) if all(one in proofs for one in needed) else None

    @abstractmethod
    def _certified(self, needed: tuple[Design, ...], proofs: Proofs) -> Mapping[str, Any]:
        """The certificate, where none of the designs lacks one."""


@singledispatch
def candidate_of(compared: Any) -> Candidate:
    """The candidate that a design or an assignment is."""
    raise TypeError(f"{compared!r} is nothing that a sweep compares")
