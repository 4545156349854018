"""On-chip memories whose energy per access grows with their capacity."""

from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Any, ClassVar, Self

from hwdse.cost.memory.contents import Contents
from hwdse.cost.memory.model import MAX_BYTES, MAX_PJ, MemoryModel
from hwdse.cost.toml_table import TomlTable
from hwdse.errors import TechnologyError

_MAX_ACCESS_BITS = 1 << 20
_MAX_EXPONENT = 2


@dataclass(frozen=True, kw_only=True)
class CapacityMemory(MemoryModel):
    """A table of energies by capacity, with a power law between its points.

    Between two points the energy is pj * (capacity / bytes)**exponent, with the exponent that
    meets both points. Outside the table the law of the nearest two points goes on. A physical array
    has bit lines and word lines as long as the square root of its capacity, so exponents near one
    half are expected. A write costs as much as a read: the published tables state one figure.

    Attributes:
        access_bits: bits of the access that the energies are for.
        points: (capacity in bytes, energy of one access in pJ), with rising capacity.

    Raises:
        TechnologyError: there are fewer than two points, capacities do not rise, energies fall, or
            energies rise faster than the square of the capacity.
    """

    keyword: ClassVar[str] = "by-capacity"

    access_bits: int
    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise TechnologyError(f"memory {self.name}: at least two points are needed")
        for (small, low), (large, high) in pairwise(self.points):
            if small >= large or low > high:
                raise TechnologyError(
                    f"memory {self.name}: {large:g} bytes at {high:g} pJ follow {small:g} bytes at "
                    f"{low:g} pJ: rising capacities and no falling energies are needed"
                )
            if _exponent(small, low, large, high) > _MAX_EXPONENT:
                raise TechnologyError(
                    f"memory {self.name}: from {small:g} to {large:g} bytes the energy rises "
                    f"faster than the capacity to the power of {_MAX_EXPONENT}"
                )

    @classmethod
    def from_table(cls, facts: dict[str, Any], table: TomlTable) -> Self:
        """Read `access_bits` and the tables [[points]] with `bytes` and `pj`."""
        points = []
        for entry in table.tables("points"):
            points.append((entry.number("bytes", 1, MAX_BYTES), entry.number("pj", 1e-9, MAX_PJ)))
            entry.done()
        return cls(
            **facts,
            access_bits=table.whole("access_bits", 1, _MAX_ACCESS_BITS),
            points=tuple(points),
        )

    def read_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """Energy in pJ per bit of an access to an array of `capacity_bytes`.

        The contents do not matter.

        Raises:
            TechnologyError: the capacity is not positive.
        """
        del contents
        if capacity_bytes <= 0:
            raise TechnologyError(
                f"memory {self.name} of {capacity_bytes:g} bytes: more than 0 are needed"
            )
        segments = list(pairwise(self.points))
        below = sum(capacity_bytes >= small for (small, _), _ in segments)
        (small, low), (large, high) = segments[max(below - 1, 0)]
        energy: float = low * (capacity_bytes / small) ** _exponent(small, low, large, high)
        return energy / self.access_bits

    def write_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """The same energy as for a read."""
        return self.read_pj_per_bit(capacity_bytes, contents)


def _exponent(small: float, low: float, large: float, high: float) -> float:
    """Exponent of the power law through two points (capacity, energy)."""
    return log(high / low) / log(large / small)
