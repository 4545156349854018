"""Estimates a network on a machine from its matrix products.

Layers run one after another: each reads its inputs and weights from the off-chip memory and writes
its results there. Array and memories work at the same time, so a layer takes as long as the slowest
of them. Units without work and idle memories cost no energy: clocks are gated, leakage and refresh
are left out. Operators without matrix products (activations, pooling) cost nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwdse.cost import Cost, estimate
from hwdse.cost.memory import Contents, MemoryModel
from hwdse.cost.system.layer import LayerCost
from hwdse.cost.system.machine import Machine
from hwdse.cost.system.network import SystemCost
from hwdse.cost.system.placed import PlacedArray, placed
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import Moves
from hwdse.cost.system.tiling import all_fetches, choose
from hwdse.errors import MachineError
from hwdse.primitives import DEFAULT_TECHNOLOGY, Technology
from hwdse.spec import Design, Workload

_UM_PER_MM = 1000.0
_BITS_PER_BYTE = 8


def estimate_system(
    design: Design,
    workloads: Sequence[Workload],
    machine: Machine,
    *,
    technology: str | Technology = DEFAULT_TECHNOLOGY,
    stored: Mapping[str, str] | None = None,
    contents: Mapping[str, Contents] | None = None,
    cost: Cost | None = None,
    registers_pj: float | None = None,
) -> SystemCost:
    """Estimate bytes, cycles and energy of every layer of a network.

    Args:
        design: the unit of the array, or an engine that is the array.
        workloads: the matrix products of the network by layer, such as
            `networks.profile(network).workloads`.
        machine: array, memories, wires and clock.
        technology: technology of the units, for `hwdse.cost.estimate`.
        stored: formats in memory that differ from the design's, as in `StoredBits.of`.
        contents: by operand (`a`, `b`, `sum`, `out`), what the memories hold. Only memories whose
            energy depends on it need this; without it every bit pattern is equally likely.
        cost: cost of one unit. None: estimated.
        registers_pj: part of the unit's energy per MAC in pJ that registers and their clock take.
            None: `register_pj` of the unit's cost.

    Raises:
        MachineError: there is no layer, the design is slower than the clock of the machine, the
            on-chip memory is too small, or `registers_pj` is more than the unit's energy.
        SpecError: the unit forms no array, or an operand of `stored` is unknown.
        FormatError: a format of `stored` is unknown.
        TechnologyError: the technology is unknown or damaged.
    """
    if not workloads:
        raise MachineError("a network without matrix products: at least one is needed")
    where = placed(design.unit, machine)
    unit = estimate(design, technology) if cost is None else cost
    registers = unit.register_pj if registers_pj is None else registers_pj
    if not 0 <= registers <= unit.energy_pj:
        raise MachineError(
            f"registers_pj = {registers:g}: 0 to {unit.energy_pj:g}, the unit's energy per MAC, "
            "are allowed"
        )
    clock_ns = machine.clock_ns or unit.delay_ns
    # A period is often typed in from the estimate, with fewer digits.
    if clock_ns < unit.delay_ns * 0.999:
        raise MachineError(
            f"machine {machine.name}: a clock of {clock_ns:g} ns is too fast for {design}, which "
            f"needs {unit.delay_ns:.4g} ns: more stages or interleave may help"
        )
    model = _Model(
        where=where,
        machine=machine,
        bits=StoredBits.of(design, stored),
        contents=contents or {},
        clock_ns=clock_ns,
        compute_pj=unit.energy_pj - registers,
        registers_pj=registers,
        pitch_mm=math.sqrt(unit.area_um2 * where.units / where.places / machine.density)
        / _UM_PER_MM,
    )
    return SystemCost(
        design=design,
        machine=machine,
        unit=unit,
        bits=model.bits,
        clock_ns=clock_ns,
        array=where.array,
        units=where.units,
        dataflow=where.dataflow,
        layers=tuple(model.layer(workload) for workload in workloads),
    )


@dataclass(frozen=True, kw_only=True)
class _Model:
    """Everything about a machine with its units that a layer needs."""

    where: PlacedArray
    machine: Machine
    bits: StoredBits
    contents: Mapping[str, Contents]
    clock_ns: float
    compute_pj: float
    registers_pj: float
    pitch_mm: float

    def layer(self, workload: Workload) -> LayerCost:
        machine, array, dataflow = self.machine, self.where.array, self.where.dataflow
        tiling = choose(
            workload,
            dataflow,
            array,
            self.bits,
            machine.sram.bytes,
            double_buffered=machine.sram.double_buffered,
            order=machine.order,
        )
        groups = workload.groups
        fetched = all_fetches(workload, tiling)
        fed = dataflow.feeds(workload, tiling.tile, array).times(groups)
        dram_read, dram_write = self._inwards(fetched), self._outwards(fetched)
        sram_read = _added(self._inwards(fed), dram_write)
        sram_write = _added(self._outwards(fed), dram_read)
        compute_cycles = dataflow.busy_cycles(
            workload, tiling.tile, array
        ) * groups + dataflow.fill_cycles(array)
        dram_bytes = sum(dram_read.values()) + sum(dram_write.values())
        sram_bits = (sum(sram_read.values()) + sum(sram_write.values())) * _BITS_PER_BYTE
        return LayerCost(
            workload=workload,
            tiling=tiling,
            fetched=fetched,
            fed=fed,
            dram_read=dram_read,
            dram_write=dram_write,
            sram_read=sram_read,
            sram_write=sram_write,
            compute_cycles=compute_cycles,
            sram_cycles=math.ceil(sram_bits / machine.sram.bits_per_cycle),
            # 10^9 bytes per second are one byte per ns.
            dram_cycles=math.ceil(dram_bytes / (machine.dram.gb_per_s * self.clock_ns)),
            products_per_cycle=array.products_per_cycle,
            clock_ns=self.clock_ns,
            energy_pj={
                "compute": self.compute_pj * workload.macs,
                "registers": self.registers_pj * workload.macs,
                "wires": self._wires_pj(fed),
                "sram": self._access_pj(
                    machine.sram.memory, machine.sram.bank_bytes, sram_read, sram_write
                ),
                "dram": self._access_pj(machine.dram.memory, math.inf, dram_read, dram_write),
            },
        )

    def _inwards(self, moves: Moves) -> dict[str, float]:
        """Bytes that move inwards, by operand."""
        bits = self.bits
        return {
            "a": moves.a * bits.a / _BITS_PER_BYTE,
            "b": moves.b * bits.b / _BITS_PER_BYTE,
            "sum": moves.sums_in * bits.sum / _BITS_PER_BYTE,
        }

    def _outwards(self, moves: Moves) -> dict[str, float]:
        """Bytes that move outwards, by operand."""
        bits = self.bits
        return {
            "sum": moves.sums_out * bits.sum / _BITS_PER_BYTE,
            "out": moves.out * bits.out / _BITS_PER_BYTE,
        }

    def _access_pj(
        self,
        memory: MemoryModel,
        capacity_bytes: float,
        read: Mapping[str, float],
        written: Mapping[str, float],
    ) -> float:
        energy = 0.0
        for amounts, law in ((read, memory.read_pj_per_bit), (written, memory.write_pj_per_bit)):
            for operand, amount in amounts.items():
                per_bit = law(capacity_bytes, self.contents.get(operand))
                energy += amount * _BITS_PER_BYTE * per_bit
        return energy

    def _wires_pj(self, fed: Moves) -> float:
        far = self.where.dataflow.distances(self.where.array)
        bits = self.bits
        travelled = (
            fed.a * bits.a * far.a
            + fed.b * bits.b * far.b
            + fed.sums_in * bits.sum * far.sums_in
            + (fed.sums_out * bits.sum + fed.out * bits.out) * far.sums_out
        )
        return self.machine.wire.energy_pj(travelled, self.pitch_mm)


def _added(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """The sums of two mappings, key by key."""
    return {
        key: first.get(key, 0.0) + second.get(key, 0.0) for key in dict.fromkeys([*first, *second])
    }
