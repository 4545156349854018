"""The roofline: speed against operations per byte of off-chip traffic (Williams et al., CACM 2009).

A layer with few operations per byte waits for the memory; one with many waits for the array. The
two limits meet at the ridge.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from hwdse.cost.system.layer import LayerCost


@dataclass(frozen=True, kw_only=True)
class RooflinePoint:
    """One layer.

    Attributes:
        site: name of the layer.
        macs_per_byte: multiply-accumulates per byte of off-chip traffic.
        gmacs_per_s: 10^9 multiply-accumulates per second that the layer reaches.
        bound: what limits the layer: `compute`, `sram` or `dram`.
    """

    site: str
    macs_per_byte: float
    gmacs_per_s: float
    bound: str


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """The limits of a machine, and the layers of a network.

    Attributes:
        peak_gmacs_per_s: speed of the array in 10^9 multiply-accumulates per second.
        gb_per_s: bandwidth of the off-chip memory in 10^9 bytes per second.
        points: the layers.
    """

    peak_gmacs_per_s: float
    gb_per_s: float
    points: tuple[RooflinePoint, ...]

    @classmethod
    def of(
        cls,
        layers: Sequence[LayerCost],
        *,
        products_per_cycle: int,
        clock_ns: float,
        gb_per_s: float,
    ) -> Self:
        """The roofline of a machine with these layers."""
        return cls(
            # One product per ns is 10^9 products per second.
            peak_gmacs_per_s=products_per_cycle / clock_ns,
            gb_per_s=gb_per_s,
            points=tuple(
                RooflinePoint(
                    site=layer.workload.site,
                    macs_per_byte=layer.macs / layer.dram_bytes,
                    gmacs_per_s=layer.macs / layer.time_ns,
                    bound=layer.bound,
                )
                for layer in layers
            ),
        )

    @property
    def ridge_macs_per_byte(self) -> float:
        """Multiply-accumulates per byte above which the array is the limit."""
        return self.peak_gmacs_per_s / self.gb_per_s

    def limit_gmacs_per_s(self, macs_per_byte: float) -> float:
        """Highest speed in 10^9 multiply-accumulates per second at this many per byte."""
        return min(self.peak_gmacs_per_s, self.gb_per_s * macs_per_byte)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "peak_gmacs_per_s": self.peak_gmacs_per_s,
            "gb_per_s": self.gb_per_s,
            "ridge_macs_per_byte": self.ridge_macs_per_byte,
            "points": [asdict(point) for point in self.points],
        }
