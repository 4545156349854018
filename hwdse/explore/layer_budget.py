"""What a budget for a network's layers limits: energy, area or bits of weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwdse import cost
from hwdse.cost.system.storage import bits_of
from hwdse.errors import SpecError, quoted, unknown
from hwdse.networks.layer_scores import LayerScores
from hwdse.spec import Design

Layers = Mapping[str, Design]


@dataclass(frozen=True, kw_only=True)
class LayerPrices:
    """Costs of designs in the layers of a network.

    Attributes:
        of_layers: cost of a layer in a design, by design and layer.
        of_designs: cost of having a design at all.
    """

    of_layers: Mapping[Design, Mapping[str, float]]
    of_designs: Mapping[Design, float]

    def of(self, layers: Layers) -> float:
        """Cost of an assignment."""
        running = sum(self.of_layers[design][site] for site, design in layers.items())
        return running + sum(self.of_designs[design] for design in set(layers.values()))


@dataclass(frozen=True, kw_only=True)
class LayerBudget:
    """A limit, as a part of what the first design costs in all layers.

    Attributes:
        quantity: name of the cost.
        share: the limit.
    """

    quantity: str
    share: float

    @classmethod
    def parse(cls, text: str) -> "LayerBudget":
        """Read `energy=0.5`.

        Raises:
            SpecError: the quantity is unknown, or the share is no number above 0.
        """
        quantity, equals, number = text.partition("=")
        if quantity not in _PRICES:
            raise SpecError(unknown("budget", quantity, _PRICES))
        try:
            share = float(number) if equals else 0.0
        except ValueError:
            share = 0.0
        if not 0 < share < 1e6:
            raise SpecError(
                f"budget {quoted(text)}: {quantity}=0.5 allows half of what the first design costs"
            )
        return cls(quantity=quantity, share=share)

    def prices(
        self,
        designs: Sequence[Design],
        scores: LayerScores,
        technology: str,
        clock_ns: float | None,
    ) -> LayerPrices:
        """The costs of designs in the layers of a network.

        Raises:
            HwdseError: a design has no cost.
        """
        return _PRICES[self.quantity](designs, scores, technology, clock_ns)


def _energy(
    designs: Sequence[Design], scores: LayerScores, technology: str, clock_ns: float | None
) -> LayerPrices:
    """PJ of the matrix products of a sample."""
    found = {}
    for design in designs:
        energy = cost.estimate(design, technology, clock_ns=clock_ns).energy_pj
        found[design] = {site: macs * energy for site, macs in scores.macs.items()}
    return LayerPrices(of_layers=found, of_designs=dict.fromkeys(designs, 0.0))


def _area(
    designs: Sequence[Design], scores: LayerScores, technology: str, clock_ns: float | None
) -> LayerPrices:
    """um2 of the units, which stand side by side and work one at a time."""
    nothing = dict.fromkeys(scores.sites, 0.0)
    areas = {one: cost.estimate(one, technology, clock_ns=clock_ns).area_um2 for one in designs}
    return LayerPrices(of_layers=dict.fromkeys(designs, nothing), of_designs=areas)


def _bits(
    designs: Sequence[Design], scores: LayerScores, technology: str, clock_ns: float | None
) -> LayerPrices:
    """Bits of the constant weights."""
    del technology, clock_ns
    found = {}
    for design in designs:
        bits = bits_of(design.operands[1])
        found[design] = {site: count * bits for site, count in scores.weights.items()}
    return LayerPrices(of_layers=found, of_designs=dict.fromkeys(designs, 0.0))


_PRICES = {"energy": _energy, "area": _area, "bits": _bits}
