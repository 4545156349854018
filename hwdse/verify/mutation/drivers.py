"""Compiled simulations of all mutants of a unit. Each mutant runs until its first wrong output.

There are two drivers. A unit with one input stream, one output stream and fixed timing runs a
list of clock cycles that is made in advance. Any other unit is driven stream by stream, because the
inputs depend on the `ready` signals of the unit.
"""

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import ToolError
from hwdse.resources import resource
from hwdse.spec import Design
from hwdse.spec.port_words import joining_module
from hwdse.tools import verilator
from hwdse.verify.mutation.cycles import cycles, has_fixed_timing
from hwdse.verify.mutation.netlist import Mutants
from hwdse.verify.prepare import prepare
from hwdse.verify.stream_driver import build_driver, write_trace

_TOP = "mutants"
#: Number of runs of a trace. Each run has different idle cycles and waits.
_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Driver(ABC):
    """A compiled simulation of the mutants of a unit.

    Attributes:
        design: design of the unit.
        executable: path of the simulation program.
        folder: folder for the input files of the simulation.
    """

    design: Design
    executable: Path
    folder: Path

    @abstractmethod
    def survivors(self, level: str, seed: int, numbers: Sequence[int]) -> list[int]:
        """Return the numbers of the mutants without a wrong output. 0 is the unit without a fault.

        Args:
            level: level of the stimulus.
            seed: seed of the stimulus, the idle cycles and the waits.
            numbers: numbers of the mutants to run.

        Raises:
            ToolError: the simulation failed.
        """

    def _unharmed(self, arguments: Sequence[str], numbers: Sequence[int]) -> list[int]:
        run = subprocess.run(
            [str(self.executable), *arguments, *map(str, numbers)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
        if run.returncode or [row[0] for row in found] != list(numbers):
            raise ToolError(f"the mutants did not run: {run.stderr.strip() or run.returncode}")
        return [number for number, wrong in found if wrong < 0]


class CycleDriver(Driver):
    """Drives a unit with a list of clock cycles."""

    def survivors(self, level: str, seed: int, numbers: Sequence[int]) -> list[int]:
        """See `Driver`."""
        return self.survivors_of(cycles(self.design, level, seed), numbers)

    def survivors_of(self, fed: npt.NDArray[np.uint32], numbers: Sequence[int]) -> list[int]:
        """Return the numbers of the mutants without a wrong output in the rows of `cycles`."""
        file = self.folder / "cycles.bin"
        file.write_bytes(fed.tobytes())
        kind = "clocked" if self.design.interface.clocked else "combinational"
        return self._unharmed([kind, str(file)], numbers)


class StreamDriver(Driver):
    """Drives the streams of an interface, with random idle cycles and random back-pressure."""

    def survivors(self, level: str, seed: int, numbers: Sequence[int]) -> list[int]:
        """See `Driver`."""
        trace = prepare(self.design.unit, self.design, level, seed).trace
        arguments, alive = write_trace(trace, self.folder), list(numbers)
        for number in range(_ROUNDS):
            alive = self._unharmed([*arguments, str(seed + number)], alive)
        return alive


def driver_of(design: Design, drawn: Mutants, folder: Path) -> Driver:
    """Build the simulation of a design's mutants in a folder.

    Raises:
        ToolError: the simulator or the compiler is missing, or the build failed.
    """
    interface = design.interface
    if not has_fixed_timing(interface):
        built = build_driver(interface, drawn.selectable, design.slug, folder, mutants=True)
        return StreamDriver(design=design, executable=built, folder=folder)
    wrapper = joining_module(interface, design.slug, _TOP, more={"mutsel": "[31:0] mutsel"})
    (folder / "wrapper.sv").write_text(wrapper, encoding="utf-8")
    (folder / "unit.v").write_text(drawn.selectable, encoding="utf-8")
    executable = verilator.build(
        verilog=[folder / "wrapper.sv", folder / "unit.v"],
        top=_TOP,
        main=resource("sims", "native", "mutants.cpp"),
        folder=folder / "build",
    )
    return CycleDriver(design=design, executable=executable, folder=folder)
