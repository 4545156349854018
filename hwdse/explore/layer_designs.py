"""Which layer has which design, as results keep it of an assignment.

A design alone has no such document. With it, results say which share of the MACs, of the energy and
of each cost belongs to which design, when the assignment's file and the network are gone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Member:
    """One of the designs of an assignment, with the costs of its unit alone.

    Attributes:
        spec: canonical text of the design.
        design: short text of the design.
        area_um2: area in um^2.
        energy_pj: energy per MAC in pJ.
        delay_ns: shortest clock period in ns.
        luts: LUTs on the fabric; None without one.
        fpga_ns: shortest clock period on the fabric in ns; None without one.
    """

    spec: str
    design: str
    area_um2: float
    energy_pj: float
    delay_ns: float
    luts: float | None = None
    fpga_ns: float | None = None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of the network.

    Attributes:
        layer: its name.
        macs: its multiply-accumulates, for one sample.
        spec: canonical text of its design.
    """

    layer: str
    macs: int
    spec: str


@dataclass(frozen=True, kw_only=True)
class LayerLine:
    """A layer as a table shows it.

    Attributes:
        layer: name of the layer.
        macs_share: share of the network's MACs.
        design: short text of its design.
        energy_share: share of the energy of the units. Memories are not in it.
    """

    layer: str
    macs_share: float
    design: str
    energy_share: float


@dataclass(frozen=True, kw_only=True)
class LayerDesigns:
    """The designs of the layers of a network.

    Attributes:
        members: the different designs.
        layers: the layers, in the order of execution.
    """

    members: tuple[Member, ...]
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The designs of a document of `to_json`.

        Raises:
            KeyError, TypeError, ValueError: the document is none.
        """
        found = cls(
            members=tuple(Member(**one) for one in document["designs"]),
            layers=tuple(Layer(**one) for one in document["layers"]),
        )
        specs = {member.spec for member in found.members}
        if specs != {layer.spec for layer in found.layers}:
            raise ValueError("layers and designs do not belong together")
        return found

    @classmethod
    def of_text(cls, text: object) -> Self | None:
        """The designs of a text of `text`; None of what is no text, as a design alone has."""
        return cls.of(json.loads(text)) if isinstance(text, str) and text else None

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "designs": [asdict(member) for member in self.members],
            "layers": [asdict(layer) for layer in self.layers],
        }

    @property
    def text(self) -> str:
        """All of it as one line, for tables."""
        return json.dumps(self.to_json(), ensure_ascii=False)

    @property
    def macs(self) -> dict[str, int]:
        """Multiply-accumulates of each design, by spec."""
        found = dict.fromkeys((member.spec for member in self.members), 0)
        for layer in self.layers:
            found[layer.spec] += layer.macs
        return found

    @property
    def lines(self) -> list[LayerLine]:
        """The layers, each with its design and its shares of MACs and energy."""
        whole = sum(layer.macs for layer in self.layers)
        own = {member.spec: member for member in self.members}
        energies = [layer.macs * own[layer.spec].energy_pj for layer in self.layers]
        return [
            LayerLine(
                layer=layer.layer,
                macs_share=layer.macs / whole,
                design=own[layer.spec].design,
                energy_share=_share(energy, sum(energies)),
            )
            for layer, energy in zip(self.layers, energies, strict=True)
        ]

    def weights(self, quantity: str) -> dict[str, float]:
        """How much of a cost is that of each design, by spec; the weights add up to 1.

        Args:
            quantity: `area_um2`, `luts` (shares of the sum), `energy_pj` (of the energy of all
                MACs), or another one, a delay, which is that of the slowest design.
        """
        macs = self.macs
        match quantity:
            case "area_um2":
                parts = [member.area_um2 for member in self.members]
            case "luts":
                parts = [member.luts or 0.0 for member in self.members]
            case "energy_pj":
                parts = [member.energy_pj * macs[member.spec] for member in self.members]
            case _:
                delays = [member.delay_ns for member in self.members]
                parts = [0.0] * len(delays)
                parts[delays.index(max(delays))] = 1.0
        return {
            member.spec: _share(part, sum(parts))
            for member, part in zip(self.members, parts, strict=True)
        }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def shown(share: float) -> str:
    """A share as a table shows it, in percent."""
    return f"{100 * share:.1f}"


HEAD: Sequence[str] = ("Layer", "MACs (%)", "Design", "Energy of units (%)")
"""Titles of the columns of a table of `LayerLine`."""


def cells(line: LayerLine) -> tuple[str, str, str, str]:
    """The texts of a line of such a table."""
    return line.layer, shown(line.macs_share), line.design, shown(line.energy_share)
