"""What a network needs in a given time: speed, capacity and bandwidth, before any design.

Layers run one after another: each reads its inputs and weights from the off-chip memory and writes
its results there. How much moves depends on the on-chip memory, because small tiles are fetched
again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.cost.memory.model import MAX_BYTES
from hwdse.cost.system.dataflow import OutputStationary
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import ArrayShape
from hwdse.cost.system.tiling import all_fetches, choose
from hwdse.errors import MachineError
from hwdse.spec import Workload

EIGHT_BITS = StoredBits(a=8, b=8, sum=32, out=8)
"""Operands and results of 8 bits, partial sums of 32."""

_SMALLEST_BYTES = 1024
_BITS_PER_BYTE = 8
_NS_PER_MS = 1e6


@dataclass(frozen=True, kw_only=True)
class LayerNeed:
    """What one layer must read, compute and write.

    Attributes:
        workload: its matrix products.
        a_bytes: bytes of its inputs, each value once.
        b_bytes: bytes of its second matrices, each value once.
        out_bytes: bytes of its results.
    """

    workload: Workload
    a_bytes: float
    b_bytes: float
    out_bytes: float

    @property
    def bytes(self) -> float:
        """Bytes that move if every value moves once."""
        return self.a_bytes + self.b_bytes + self.out_bytes

    @property
    def macs_per_byte(self) -> float:
        """Multiply-accumulates per byte if every value moves once."""
        return self.workload.macs / self.bytes

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            **asdict(self.workload),
            "macs": self.workload.macs,
            "a_bytes": self.a_bytes,
            "b_bytes": self.b_bytes,
            "out_bytes": self.out_bytes,
            "macs_per_byte": self.macs_per_byte,
        }


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Off-chip traffic with an on-chip memory of some size.

    Attributes:
        sram_bytes: capacity of the on-chip memory.
        dram_bytes: bytes that move between the memories, with the best tiles.
        gb_per_s: bandwidth in 10^9 bytes per second that moves them in time.
    """

    sram_bytes: int
    dram_bytes: float
    gb_per_s: float


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What a network needs.

    Attributes:
        latency_ms: time for all samples of a batch in ms.
        layers: the layers, in the order of execution.
        traffic: off-chip traffic by capacity of the on-chip memory: powers of two of bytes, from
            1 KiB or the first that holds a tile to the first with which every value moves once.
    """

    latency_ms: float
    layers: tuple[LayerNeed, ...]
    traffic: tuple[Traffic, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.workload.macs for layer in self.layers)

    @property
    def gmacs_per_s(self) -> float:
        """Speed in 10^9 multiply-accumulates per second, if nothing else takes time."""
        return self.macs / (self.latency_ms * _NS_PER_MS)

    @property
    def weight_bytes(self) -> float:
        """Bytes of all weights: the capacity that keeps them on the chip."""
        return sum(layer.b_bytes for layer in self.layers if layer.workload.constant)

    @property
    def activation_bytes(self) -> float:
        """Most bytes of inputs and results of one layer: the capacity that keeps them on the chip.

        Second matrices that are no weights count as inputs.
        """
        return max(
            layer.a_bytes + layer.out_bytes + (0 if layer.workload.constant else layer.b_bytes)
            for layer in self.layers
        )

    def products_per_cycle(self, clock_ns: float) -> float:
        """Products that must be added per cycle of a clock."""
        return self.gmacs_per_s * clock_ns

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "latency_ms": self.latency_ms,
            "macs": self.macs,
            "gmacs_per_s": self.gmacs_per_s,
            "weight_bytes": self.weight_bytes,
            "activation_bytes": self.activation_bytes,
            "traffic": [asdict(traffic) for traffic in self.traffic],
            "layers": [layer.to_json() for layer in self.layers],
        }


def require(
    workloads: Sequence[Workload], latency_ms: float, bits: StoredBits = EIGHT_BITS
) -> Requirement:
    """What matrix products need to be done in a given time.

    Args:
        workloads: the matrix products of the network by layer, such as
            `networks.profile(network).workloads`.
        latency_ms: time for all of them in ms.
        bits: bits per element in memory.

    Raises:
        MachineError: there is no layer, or the time is not above 0.
    """
    if not workloads:
        raise MachineError("a network without matrix products: at least one is needed")
    if not latency_ms > 0:
        raise MachineError(f"a latency of {latency_ms:g} ms: more than 0 is needed")
    layers = tuple(_layer(workload, bits) for workload in workloads)
    return Requirement(
        latency_ms=latency_ms, layers=layers, traffic=_traffic(layers, latency_ms, bits)
    )


def _layer(workload: Workload, bits: StoredBits) -> LayerNeed:
    second = workload.k * workload.n * workload.groups
    return LayerNeed(
        workload=workload,
        a_bytes=workload.distinct_a * bits.a / _BITS_PER_BYTE,
        b_bytes=second * bits.b / _BITS_PER_BYTE,
        out_bytes=workload.sums * bits.out / _BITS_PER_BYTE,
    )


def _traffic(
    layers: Sequence[LayerNeed], latency_ms: float, bits: StoredBits
) -> tuple[Traffic, ...]:
    least = sum(layer.bytes for layer in layers)
    found: list[Traffic] = []
    capacity = _SMALLEST_BYTES
    while capacity <= MAX_BYTES and not (found and found[-1].dram_bytes <= least):
        try:
            moved = sum(_off_chip_bytes(layer.workload, bits, capacity) for layer in layers)
        except MachineError:
            pass  # no tile fits
        else:
            per_ns = moved / (latency_ms * _NS_PER_MS)
            found.append(Traffic(sram_bytes=capacity, dram_bytes=moved, gb_per_s=per_ns))
        capacity *= 2
    return tuple(found)


def _off_chip_bytes(workload: Workload, bits: StoredBits, capacity_bytes: int) -> float:
    tiling = choose(workload, OutputStationary(), ArrayShape(), bits, capacity_bytes)
    return bits.of_moves(all_fetches(workload, tiling)) / _BITS_PER_BYTE
