"""Matrix products in RTL simulation: compiled once, then any number of products, tile by tile."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwdse.errors import ShapeError
from hwdse.formats.unpacked import Array
from hwdse.hdl import emit
from hwdse.spec import Design
from hwdse.verify.products import NOWHERE, Operands, Pass, passes
from hwdse.verify.recording import NEVER, Recording, record
from hwdse.verify.stream_driver import build_driver

#: Transfers of a stream in one run of the simulation: some tens of megabytes.
MOST_TRANSFERS = 1 << 19
#: Products a cycle up to which a unit compiles in seconds, however much the compiler optimises.
_FEW_PRODUCTS = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """A simulated matrix product.

    Attributes:
        codes: the codes of the product, shape (M, N). A result that never came is 0.
        tiles: number of tiles.
        runs: number of runs of the simulation, each from a reset on.
        cycles: cycles from the first input to the last result, all runs together.
        off_schedule: transfers in another cycle than the golden schedule has, and streams with too
            few or too many transfers.
        complaints: these streams, and the first such transfer of each stream, in words.
        seconds: time that the simulation took, transfers made and read included.
    """

    codes: Array
    tiles: int
    runs: int
    cycles: int
    off_schedule: int
    complaints: tuple[str, ...]
    seconds: float


class SimulatedProducts:
    """The Verilog of a design as a function of two matrices of codes.

    Args:
        design: the design.
        folder: folder for the build; it must remain as long as products are computed.
        verilog: Verilog whose top module has the name `design.slug`. Default: generate it.
        seed: seed of registers without a reset.

    Raises:
        SpecError: the unit computes no matrix products, or a part of the design has no generator.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
    """

    def __init__(
        self, design: Design, folder: Path, *, verilog: str | None = None, seed: int = 0
    ) -> None:
        check_unit(design)
        self.design, self._seed = design, seed
        text = emit(design) if verilog is None else verilog
        self._executable = build_driver(
            design.interface,
            text,
            design.slug,
            folder,
            recording=True,
            large=design.unit.macs_per_cycle > _FEW_PRODUCTS,
        )

    def __call__(self, *operands: Array, most: int = MOST_TRANSFERS) -> Simulation:
        """The product of (M, K) codes of `design.a` and (K, N) codes of `design.b`.

        Args:
            operands: codes of the matrices; of block formats, each with its scales.
            most: number of transfers of a stream at which a run ends.

        Raises:
            ShapeError: the shapes do not match, or a size is zero.
            SpecError: the unit cannot compute this product.
            ToolError: the simulation does not run.
        """
        begin = time.monotonic()
        design = self.design
        a, b = matrices(design, operands)
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0] or not (a.size and b.size):
            raise ShapeError(f"matrix product of shapes {a.shape} and {b.shape}: (M, K), (K, N)")
        (sink,) = design.interface.outputs
        codes = np.zeros(len(a) * b.shape[1], design.out.code_dtype)
        tiles = runs = cycles = off = 0
        complaints: list[str] = []
        for part in passes(design.unit, design, operands, most):
            expected = {sink.name: len(part.places)}
            found = record(
                self._executable, design.interface, part.inputs, expected, seed=self._seed
            )
            (results,) = found.codes[sink.name].values()
            wanted = part.places != NOWHERE
            codes[part.places[wanted]] = results[wanted].astype(codes.dtype)
            tiles += part.tiles
            runs += 1
            came = found.cycles[sink.name] != NEVER
            cycles += int(found.cycles[sink.name][came].max(initial=-1)) + 1
            differ, told = _off_schedule(part, found)
            off += differ + len(found.complaints)
            complaints += [*found.complaints, *told]
        return Simulation(
            codes=codes.reshape(len(a), -1),
            tiles=tiles,
            runs=runs,
            cycles=cycles,
            off_schedule=off,
            complaints=tuple(complaints),
            seconds=time.monotonic() - begin,
        )


def check_unit(design: Design) -> None:
    """Check that the unit computes matrix products, before any other work.

    Raises:
        SpecError: it does not. The message names the units that do.
    """
    passes(design.unit, design, (), 1)


def matrices(design: Design, operands: Operands) -> tuple[Array, Array]:
    """The matrices of elements among the operands of a product.

    Raises:
        ShapeError: there are not as many operands as the design takes.
    """
    each = 2 if design.unit.takes_blocks else 1
    if len(operands) != 2 * each:
        raise ShapeError(f"{len(operands)} operands: {design.unit} takes {2 * each}")
    return operands[0], operands[each]


def _off_schedule(part: Pass, found: Recording) -> tuple[int, list[str]]:
    """Number of transfers in other cycles than the golden schedule has, and the first in words."""
    total, told = 0, []
    for name, expected in part.cycles.items():
        wrong = np.flatnonzero(found.cycles[name] != expected)
        total += len(wrong)
        if len(wrong):
            first = int(wrong[0])
            cycle = int(found.cycles[name][first])
            when = "never came" if cycle == NEVER else f"came in cycle {cycle}"
            told.append(
                f"transfer {first} of {name} {when}, by the golden schedule it comes in cycle "
                f"{int(expected[first])}"
            )
    return total, told
