"""Runs traces in a compiled simulation, with the same checks as the cocotb bench."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.resources import resource
from hwdse.spec.interface import Interface, Stream
from hwdse.spec.port_words import joining_module, port_words
from hwdse.temporary import temporary_folder
from hwdse.tools import verilator
from hwdse.verify import native
from hwdse.verify.bench import Report
from hwdse.verify.trace import Trace

_TOP = "streams"
_NONE = -1


def run_trace(trace: Trace, verilog: str, top: str, *, seed: int = 0) -> Report:
    """Simulate a trace with random idle cycles and random back-pressure.

    Args:
        trace: inputs and expected outputs.
        verilog: text of the module.
        top: name of the module.
        seed: seed of the idle cycles and of registers without a reset.

    Raises:
        ToolError: the simulator or the compiler is missing or fails.
    """
    with temporary_folder("streams") as folder:
        executable = build_driver(trace.interface, verilog, top, folder)
        return native.run(executable, [*write_trace(trace, folder), str(seed)])


def write_trace(trace: Trace, folder: Path) -> list[str]:
    """Write the plan and the data for the driver, and return the paths of both files."""
    plan, data = folder / "plan.txt", folder / "data.bin"
    plan.write_text(plan_text(trace), encoding="utf-8")
    data.write_bytes(b"".join(_rows(trace, s).tobytes() for s in trace.interface.streams))
    return [str(plan), str(data)]


def build_driver(
    interface: Interface, verilog: str, top: str, folder: Path, *, mutants: bool = False
) -> Path:
    """Build the driver of sims/stream around a module and return the path of the executable.

    Args:
        interface: interface of the module.
        verilog: text of the module.
        top: name of the module.
        folder: build folder.
        mutants: True if the module has an input `mutsel` [31:0] that selects a fault.

    Raises:
        ToolError: the simulator or the compiler is missing, or the build failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unit, wrapper = folder / "unit.v", folder / f"{_TOP}.sv"
    more = {"mutsel": "[31:0] mutsel"} if mutants else {}
    unit.write_text(verilog, encoding="utf-8")
    wrapper.write_text(joining_module(interface, top, _TOP, more=more), encoding="utf-8")
    main = resource("sims", "stream", "stream.cpp")
    return verilator.build(
        verilog=[wrapper, unit],
        top=_TOP,
        main=main,
        folder=folder / "build",
        defines={"MUTANTS": 1} if mutants else {},
    )


def plan_text(trace: Trace) -> str:
    """Return the text of the driver's plan. sims/stream/stream.cpp describes the format."""
    interface = trace.interface
    into, _ = port_words(interface)
    rst = into.place(interface.reset) if interface.reset_cycles else _NONE
    lines = [
        f"{int(interface.clocked)} {interface.reset_cycles} {interface.turns} {rst} "
        f"{int(interface.reset_low)} {len(interface.streams)}"
    ]
    lines += [_line(trace, stream) for stream in interface.streams]
    return "\n".join(lines) + "\n"


def _line(trace: Trace, stream: Stream) -> str:
    into, out = port_words(trace.interface)
    own, against = (into, out) if stream.direction == "input" else (out, into)
    names = [other.name for other in trace.interface.streams]
    starts, at = _NONE, 0
    for part in stream.fields:
        starts = at if stream.starts and part.name == stream.starts else starts
        at += part.width
    numbers = [
        int(stream.direction == "output"),
        own.place(stream.valid) if stream.valid else _NONE,
        against.place(stream.ready) if stream.ready else _NONE,
        own.place(stream.port_of(stream.fields[0])),
        starts,
        names.index(stream.follows) if stream.follows else _NONE,
        _NONE if stream.latency is None else stream.latency,
        trace.count(stream.name),
        int(stream.name in trace.after),
        len(stream.fields),
        *(part.width for part in stream.fields),
    ]
    return " ".join([stream.name, *map(str, numbers)])


def _rows(trace: Trace, stream: Stream) -> npt.NDArray[np.uint32]:
    """Return the transfers of a stream. Each transfer is a row of whole 32-bit words."""
    columns = trace.transfers[stream.name]
    width = sum(part.width for part in stream.fields)
    words = np.zeros((trace.count(stream.name), -(-width // 32)), np.uint32)
    at = 0
    for part in stream.fields:
        codes = np.asarray(columns[part.name])
        for low in range(0, part.width, 32):
            _place(words, codes, low, min(part.width - low, 32), at + low)
        at += part.width
    if stream.name not in trace.after:
        return words
    answered = np.asarray(trace.after[stream.name], np.uint32)
    return np.concatenate([answered[:, None], words], axis=1)


def _place(
    words: npt.NDArray[np.uint32], codes: npt.NDArray[np.generic], low: int, width: int, at: int
) -> None:
    """OR `width` bits of the codes, starting at bit `low`, into the words at bit `at`."""
    mask = (1 << width) - 1
    if codes.dtype == object:
        part = np.array([int(code) >> low & mask for code in codes], np.uint64)
    else:
        part = codes.astype(np.uint64) >> np.uint64(low) & np.uint64(mask)
    part = part << np.uint64(at % 32)
    words[:, at // 32] |= part.astype(np.uint32)
    if at % 32 + width > 32:
        words[:, at // 32 + 1] |= (part >> np.uint64(32)).astype(np.uint32)
