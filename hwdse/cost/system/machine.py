"""Machines: an array of units, an on-chip memory, an off-chip memory, wires and a clock.

A machine is a TOML file:

```toml
dataflow = "output-stationary"   # or weight-stationary
clock_ns = 2.0                   # default: the shortest clock period of the design
order = "mnk"                    # loops over tiles, outermost first; default: the best order

[array]
rows = 16                        # units per column
columns = 16                     # units per row

[sram]
memory = "sram45"                # name in models/memory, or path of a memory file
bytes = 131072
banks = 16                       # each bank has one access per cycle
width_bits = 64                  # bits of an access
double_buffered = true           # default; the next tiles are fetched while the array works

[dram]
memory = "lpddr4"
gb_per_s = 12.8                  # 10^9 bytes per second

[wires]
wire = "wire40"
density = 1.0                    # default; share of the array's area that cells fill
```
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hwdse.cost.memory import MemoryModel, Wire, load_memory, load_wire
from hwdse.cost.memory.model import MAX_BYTES
from hwdse.cost.system.dataflow import Dataflow
from hwdse.cost.system.tiling import check_order
from hwdse.cost.toml_table import TomlTable, locate, shipped_names
from hwdse.errors import HwdseError, MachineError

_MAX_UNITS = 65_536
_MAX_BANKS = 1 << 20
_MAX_WIDTH_BITS = 1 << 20
_MAX_GB_PER_S = 1e6
_MAX_CLOCK_NS = 1e6


@dataclass(frozen=True, kw_only=True)
class OnChip:
    """The memory beside the array.

    Attributes:
        memory: its energy. An access takes the energy of one bank; wires between the banks and the
            array are not in it.
        bytes: capacity of all banks together in bytes.
        banks: number of banks; each has one access, read or write, per cycle.
        width_bits: bits of an access to a bank.
        double_buffered: whether the next tiles are fetched while the array works on the present
            ones. Tiles then take twice the room.
    """

    memory: MemoryModel
    bytes: int
    banks: int = 1
    width_bits: int = 64
    double_buffered: bool = True

    @property
    def bank_bytes(self) -> float:
        """Capacity of one bank in bytes."""
        return self.bytes / self.banks

    @property
    def bits_per_cycle(self) -> int:
        """Bits that all banks together read or write per cycle."""
        return self.banks * self.width_bits


@dataclass(frozen=True, kw_only=True)
class OffChip:
    """The memory outside the chip.

    Attributes:
        memory: its energy.
        gb_per_s: bandwidth in 10^9 bytes per second, reads and writes together.
    """

    memory: MemoryModel
    gb_per_s: float


@dataclass(frozen=True, kw_only=True)
class Machine:
    """An accelerator without its units: they come from a design.

    Attributes:
        name: name for readers.
        rows: units per column of the array.
        columns: units per row of the array.
        dataflow: how the array works through a tile.
        sram: the on-chip memory.
        dram: the off-chip memory.
        wire: the wires across the array.
        density: share of the array's area that cells fill. Wires get longer where it is less.
        clock_ns: clock period in ns. None: the shortest of the design.
        order: order of the loops over tiles. None: the best.

    Raises:
        MachineError: a figure is out of range.
    """

    name: str
    rows: int
    columns: int
    dataflow: Dataflow
    sram: OnChip
    dram: OffChip
    wire: Wire
    density: float = 1.0
    clock_ns: float | None = None
    order: str | None = None

    def __post_init__(self) -> None:
        for what, count, most in (
            ("rows", self.rows, _MAX_UNITS),
            ("columns", self.columns, _MAX_UNITS),
            ("sram bytes", self.sram.bytes, MAX_BYTES),
            ("sram banks", self.sram.banks, _MAX_BANKS),
            ("sram width_bits", self.sram.width_bits, _MAX_WIDTH_BITS),
        ):
            if not 1 <= count <= most:
                raise MachineError(
                    f"machine {self.name}: {what} = {count}: 1 to {most} are allowed"
                )
        for what, value, top in (
            ("gb_per_s", self.dram.gb_per_s, _MAX_GB_PER_S),
            ("density", self.density, 1.0),
            ("clock_ns", self.clock_ns or 1.0, _MAX_CLOCK_NS),
        ):
            if not 0 < value <= top:
                raise MachineError(
                    f"machine {self.name}: {what} = {value:g}: more than 0 and at most {top:g} "
                    "are allowed"
                )
        if self.order is not None:
            check_order(self.order)

    @property
    def digest(self) -> str:
        """SHA-256 digest of everything that decides a result."""
        text = json.dumps([self.to_json(), self.clock_ns], sort_keys=True)
        return sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain data, with the sources of all figures."""
        return {
            "name": self.name,
            "rows": self.rows,
            "columns": self.columns,
            "dataflow": str(self.dataflow),
            "sram": {
                "memory": self.sram.memory.to_json(),
                "bytes": self.sram.bytes,
                "banks": self.sram.banks,
                "width_bits": self.sram.width_bits,
                "double_buffered": self.sram.double_buffered,
            },
            "dram": {"memory": self.dram.memory.to_json(), "gb_per_s": self.dram.gb_per_s},
            "wires": {"wire": self.wire.to_json(), "density": self.density},
            "order": self.order,
        }


def machines() -> list[str]:
    """Names of the shipped machines, sorted."""
    return shipped_names("machine")


def load_machine(name: str) -> Machine:
    """Load a shipped machine by name, or any other by the path of its TOML file.

    Raises:
        MachineError: the name is unknown, the file is damaged, or a figure is out of range.
        TechnologyError: a memory or wire that the file names is unknown or damaged.
    """
    path = locate(name, "machine", "machine", MachineError)
    table = TomlTable.load(path, "machine", MachineError)
    array, sram, dram, wires = (table.table(key) for key in ("array", "sram", "dram", "wires"))
    try:
        dataflow = Dataflow.parse(table.text("dataflow"))
    except MachineError as error:
        raise table.error(str(error)) from error
    found: dict[str, Any] = {
        "rows": array.whole("rows", 1, _MAX_UNITS),
        "columns": array.whole("columns", 1, _MAX_UNITS),
        "sram": OnChip(
            memory=load_memory(sram.text("memory")),
            bytes=sram.whole("bytes", 1, MAX_BYTES),
            banks=sram.whole("banks", 1, _MAX_BANKS, default=1),
            width_bits=sram.whole("width_bits", 1, _MAX_WIDTH_BITS, default=64),
            double_buffered=sram.truth("double_buffered", default=True),
        ),
        "dram": OffChip(
            memory=load_memory(dram.text("memory")),
            gb_per_s=dram.number("gb_per_s", 1e-6, _MAX_GB_PER_S),
        ),
        "wire": load_wire(wires.text("wire")),
        "density": wires.number("density", 1e-3, 1.0, default=1.0),
        "clock_ns": table.number("clock_ns", 1e-3, _MAX_CLOCK_NS, default=None),
        "order": table.text("order", default=None),
    }
    for part in (table, array, sram, dram, wires):
        part.done()
    try:
        return Machine(name=path.stem, dataflow=dataflow, **found)
    except HwdseError as error:
        raise table.error(str(error)) from error
