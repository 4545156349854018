"""A design with its cost, in the quantities that other tools ask for."""

import math
from dataclasses import dataclass
from typing import Self

from hwdse.cost import Cost, Technology, estimate, load_technology
from hwdse.errors import SpecError, TechnologyError
from hwdse.primitives import DEFAULT_TECHNOLOGY
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class PricedDesign:
    """A design with its cost and the technology that the cost holds for.

    Attributes:
        design: the design.
        cost: the cost of the design.
        technology: the technology of the cost.

    Raises:
        SpecError: the unit does not multiply.
        TechnologyError: area or energy is negative or infinite, the clock period or the feature
            size of the technology is not above 0, or the cost is of another technology.
    """

    design: Design
    cost: Cost
    technology: Technology

    def __post_init__(self) -> None:
        if self.design.mul is None:
            raise SpecError(
                f"design {self.design}: other tools take units that multiply, unit "
                f"{self.design.unit} does not"
            )
        if self.cost.technology != self.technology.name:
            raise TechnologyError(
                f"the cost is of technology {self.cost.technology}, not of {self.technology.name}"
            )
        self._check("an area in um2", self.cost.area_um2, or_zero=True)
        self._check("an energy per MAC in pJ", self.cost.energy_pj, or_zero=True)
        self._check("a clock period in ns", self.cost.delay_ns)
        self._check("a feature size in nm", self.technology.node_nm)

    def _check(self, what: str, value: float, *, or_zero: bool = False) -> None:
        if math.isfinite(value) and (value > 0 or (or_zero and value == 0)):
            return
        raise TechnologyError(
            f"technology {self.technology.name} gives {self.design} {what} of {value:g}: other "
            f"tools need a finite number, {'0 or more' if or_zero else 'above 0'}"
        )

    @classmethod
    def estimate(cls, design: Design, technology: str | Technology = DEFAULT_TECHNOLOGY) -> Self:
        """A design with its estimated cost.

        Args:
            design: the design.
            technology: a technology, the name of a technology, or the path of a technology table.

        Raises:
            SpecError: the unit does not multiply, or a part of the design has no generator.
            TechnologyError: the technology is unknown, the table is damaged, or the table gives no
                usable cost.
        """
        table = technology if isinstance(technology, Technology) else load_technology(technology)
        return cls(design=design, cost=estimate(design, table), technology=table)

    @property
    def name(self) -> str:
        """A unique name of the design, valid as an identifier and as a file name."""
        return self.design.slug

    @property
    def lanes(self) -> int:
        """Number of components that make up the unit: its MACs per cycle, at least 1."""
        return max(round(self.cost.macs_per_cycle), 1)

    @property
    def lane_area_um2(self) -> float:
        """Area of one component in um2: the unit's area divided by its lanes."""
        return self.cost.area_um2 / self.lanes

    @property
    def macs_per_second(self) -> float:
        """Throughput of one component at the shortest clock period."""
        return 1e9 / self.cost.delay_ns

    @property
    def latency_ns(self) -> float:
        """Time in ns from an input to the first output that depends on it.

        A combinational unit needs one clock period.
        """
        return max(self.design.unit.latency, 1) * self.cost.delay_ns
