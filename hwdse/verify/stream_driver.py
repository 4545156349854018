"""Runs traces in a compiled simulation, with the same checks as the cocotb bench."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.formats.unpacked import Array
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
_WORD_BITS = 32


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
    interface: Interface,
    verilog: str,
    top: str,
    folder: Path,
    *,
    mutants: bool = False,
    recording: bool = False,
    large: bool = False,
) -> Path:
    """Build the driver of sims/stream around a module and return the path of the executable.

    Args:
        interface: interface of the module.
        verilog: text of the module.
        top: name of the module.
        folder: build folder.
        mutants: True if the module has an input `mutsel` [31:0] that selects a fault.
        recording: True for a driver that records the outputs instead of comparing them.
        large: as for `hwdse.tools.verilator.build`.

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
        defines={"MUTANTS": 1} if mutants else {"RECORDING": 1} if recording else {},
        large=large,
    )


def plan_text(trace: Trace) -> str:
    """Return the text of the driver's plan. sims/stream/stream.cpp describes the format."""
    counts = {stream.name: trace.count(stream.name) for stream in trace.interface.streams}
    return plan_of(trace.interface, counts, frozenset(trace.after))


def plan_of(
    interface: Interface, counts: Mapping[str, int], answering: frozenset[str] = frozenset()
) -> str:
    """Return the text of a plan.

    Args:
        interface: interface of the module.
        counts: number of transfers of each stream.
        answering: output streams whose data tell the answered transfer of the input.
    """
    into, _ = port_words(interface)
    rst = into.place(interface.reset) if interface.reset_cycles else _NONE
    lines = [
        f"{int(interface.clocked)} {interface.reset_cycles} {interface.turns} {rst} "
        f"{int(interface.reset_low)} {len(interface.streams)}"
    ]
    lines += [
        _line(interface, stream, counts[stream.name], stream.name in answering)
        for stream in interface.streams
    ]
    return "\n".join(lines) + "\n"


def _line(interface: Interface, stream: Stream, transfers: int, answers: bool) -> str:
    into, out = port_words(interface)
    own, against = (into, out) if stream.direction == "input" else (out, into)
    names = [other.name for other in interface.streams]
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
        transfers,
        int(answers),
        len(stream.fields),
        *(part.width for part in stream.fields),
    ]
    return " ".join([stream.name, *map(str, numbers)])


def _rows(trace: Trace, stream: Stream) -> npt.NDArray[np.uint32]:
    words = rows_of(stream, trace.transfers[stream.name])
    if stream.name not in trace.after:
        return words
    answered = np.asarray(trace.after[stream.name], np.uint32)
    return np.concatenate([answered[:, None], words], axis=1)


def rows_of(stream: Stream, columns: Mapping[str, Array]) -> npt.NDArray[np.uint32]:
    """Return transfers of a stream as the driver reads them: rows of whole 32-bit words.

    Args:
        stream: the stream.
        columns: by field name, the words of the transfers, shape (transfers,), or the codes of
            their elements, shape (transfers, elements).
    """
    width = sum(part.width for part in stream.fields)
    count = len(next(iter(columns.values())))
    words = np.zeros((count, -(-width // _WORD_BITS)), np.uint32)
    at = 0
    for part in stream.fields:
        codes = np.asarray(columns[part.name])
        alone = codes.ndim == 1
        bits = part.width if alone else part.bits
        for element in [codes] if alone else codes.T:
            for low in range(0, bits, _WORD_BITS):
                _place(words, element, low, min(bits - low, _WORD_BITS), at + low)
            at += bits
    return words


def codes_of(stream: Stream, words: npt.NDArray[np.uint32]) -> dict[str, Array]:
    """Return the codes of the elements, by field: the inverse of `rows_of`."""
    found: dict[str, Array] = {}
    at = 0
    for part in stream.fields:
        wide = part.bits > 2 * _WORD_BITS
        codes = np.zeros((len(words), part.elements), object if wide else np.uint64)
        for element in range(part.elements):
            for low in range(0, part.bits, _WORD_BITS):
                piece = _piece(words, at + low, min(part.bits - low, _WORD_BITS))
                # NumPy's integers have at most 64 bits, Python's have any number.
                shifted = piece.astype(object) << low if wide else piece << np.uint64(low)
                codes[:, element] |= shifted
            at += part.bits
        found[part.name] = codes
    return found


def _piece(words: npt.NDArray[np.uint32], at: int, width: int) -> npt.NDArray[np.uint64]:
    """Return up to 32 bits of each row, from bit `at` on."""
    piece = words[:, at // _WORD_BITS].astype(np.uint64) >> np.uint64(at % _WORD_BITS)
    if at % _WORD_BITS + width > _WORD_BITS:
        above = words[:, at // _WORD_BITS + 1].astype(np.uint64)
        piece |= above << np.uint64(_WORD_BITS - at % _WORD_BITS)
    return piece & np.uint64((1 << width) - 1)


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
