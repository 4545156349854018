"""Verilog compiled with Verilator into an executable, for runs that are too long for cocotb.

`build` takes any C++ main. The one of sims/native drives several copies of a unit side by side, the
lanes of a wrapper, which makes one call of the simulator cheap for each of them.
"""

import contextlib
import importlib.util
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError, ToolError
from hwdse.formats.unpacked import Array
from hwdse.resources import cache_base, resource
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.verify.bench import Report, report_of
from hwdse.verify.ports import interleaved, ports
from hwdse.verify.stimulus import Stimulus

#: Copies of the unit in one executable: enough to hide the simulator's own work, and few enough for
#: their code to stay in the processor's cache.
LANES = 4

_FLAGS = ("-O3", "--x-assign", "fast", "--x-initial", "unique", "--noassert", "-Wno-fatal")
# Verilator's makefile optimises for size unless told otherwise.
_OPTIMISED = "-O3 -march=native"
_LOG_LINES = 5
_IDLE_ONE_IN = 16
_TOP = "lanes"
_DELAYED_VALID = """\
    always_comb valid[0][k] = held_i_valid[k];
    for (genvar t = 0; t < {latency}; ++t) begin : later
      always @(posedge clk) valid[t + 1][k] <= valid[t][k];
    end
    assign o_valid[k] = valid[{latency}][k];"""


def build(
    *,
    verilog: Sequence[Path],
    top: str,
    main: Path,
    folder: Path,
    defines: Mapping[str, int] | None = None,
    flags: Iterable[str] = (),
) -> Path:
    """Compile Verilog files and a C++ main into an executable.

    The main includes `V{top}.h` and `verilated.h`. Verilator's own run time is compiled once on a
    machine and kept.

    Args:
        verilog: Verilog or SystemVerilog files.
        top: name of the top module.
        main: C++ file with `main`.
        folder: where to build; made if missing.
        defines: preprocessor names for the C++ files.
        flags: more options of Verilator.

    Returns:
        Path of the executable.

    Raises:
        ToolError: simulator or compiler missing, or the build failed.
    """
    runner = _runner()
    try:
        environment = runner.simulator_environment()
    except runner.MissingToolError as error:
        raise ToolError(f"cannot build {top}: {error}") from error
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    options = [f"-D{name}={value}" for name, value in (defines or {}).items()]
    objects = runner.RuntimeObjects(object_cache(), ["native", *_FLAGS, _OPTIMISED])
    executable = folder / f"V{top}"
    generate = [
        *("verilator", "--cc", "--exe", *_FLAGS, *flags),
        *(word for option in options for word in ("-CFLAGS", option)),
        *("--top-module", top, "--Mdir", str(folder)),
        *(str(path.resolve()) for path in (*verilog, main)),
    ]
    kept = [word for name in objects.restore(folder) for word in ("-o", name)]
    make = ["make", "-C", str(folder), "-f", f"V{top}.mk", *kept, executable.name]
    make.append(runner.own_python())
    # One C++ file: the wheel's rules for several lack an option for their precompiled header.
    make += [f"OPT_FAST={_OPTIMISED}", "OPT_SLOW=-O1", "OPT_GLOBAL=-O2", "VM_PARALLEL_BUILDS=0"]
    # An outer make would pass its own options on.
    environment = {name: v for name, v in environment.items() if not name.startswith("MAKE")}
    for command in (generate, make):
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment,
            cwd=folder,
        )
        if done.returncode:
            raise ToolError(
                f"{command[0]} failed on {top}: {_last_lines(done.stdout + done.stderr)}"
            )
    objects.keep(folder)
    return executable


def run(executable: Path, arguments: Iterable[str], stdin: Iterable[bytes] = ()) -> Report:
    """Run a main that reports its counts as the last line of its output, in JSON.

    Args:
        executable: what `build` gave.
        arguments: its command line.
        stdin: what it reads, piece by piece; it may end before it has read all.

    Raises:
        ToolError: it ended without a report.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        with subprocess.Popen(
            [str(executable), *arguments], stdin=subprocess.PIPE, stdout=said, stderr=said
        ) as process:
            assert process.stdin is not None  # it is a pipe
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                for piece in stdin:
                    pipe.write(piece)
        said.seek(0)
        output = said.read()
    try:
        return report_of(output)
    except ValueError as error:
        raise ToolError(f"{executable.name} did not run: {_last_lines(output)}") from error


def build_driver(design: Design, verilog: str, folder: Path, lanes: int = LANES) -> Path:
    """The driver of sims/native around copies of a design's module.

    Raises:
        ToolError: simulator or compiler missing, or the build failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unit, wrapper = folder / "unit.v", folder / f"{_TOP}.sv"
    unit.write_text(verilog, encoding="utf-8")
    wrapper.write_text(lanes_wrapper(design, lanes), encoding="utf-8")
    main = resource("sims", "native", "drive.cpp")
    return build(verilog=[wrapper, unit], top=_TOP, main=main, folder=folder / "build")


def run_vectors(
    design: Design, verilog: str, fed: Stimulus, expected: list[Array], *, seed: int = 0
) -> Report:
    """Simulate a stimulus on several copies of the unit, with idle cycles at random.

    Raises:
        SpecError: a unit of several lanes.
        ToolError: simulator or compiler missing or failing.
    """
    records = vector_records(design, fed, expected)
    with temporary_folder("native") as folder:
        executable = build_driver(design, verilog, folder)
        path = folder / "vectors.bin"
        path.write_bytes(np.ascontiguousarray(records).data)
        idle = _IDLE_ONE_IN if design.acc else 0
        words = ["vectors", *timing_arguments(design), f"file={path}", f"idle={idle}"]
        return run(executable, [*words, f"seed={seed}"])


def timing_arguments(design: Design) -> list[str]:
    """Arguments of the driver that say when outputs come."""
    return [f"latency={design.unit.latency}", f"interleave={interleaved(design)}"]


def load_records(design: Design, *columns: Array) -> npt.NDArray[np.uint32]:
    """Rows of 32-bit words for the driver: first, a, b and the expected output.

    Args:
        design: the design.
        columns: codes of each, of one shape.
    """
    return _records(columns, (1, design.a.bits, design.b.bits, design.out.bits))


def vector_records(design: Design, fed: Stimulus, expected: list[Array]) -> npt.NDArray[np.uint32]:
    """Rows of 32-bit words for the driver: first, a, b, c and the expected output of every input.

    Raises:
        SpecError: a unit of several lanes, whose ports this form does not join.
    """
    if design.unit.lanes > 1:
        raise SpecError(f"design {design}: the native driver takes one lane")
    widths = (1, design.a.bits, design.b.bits, design.c.bits if design.c else 1, design.out.bits)
    parts = []
    for block, outputs in zip(fed.blocks, expected, strict=True):
        first = np.zeros(block.a.shape, np.int64)
        first[:, :1] = 1
        c = np.zeros_like(first) if block.c is None else block.c
        parts.append(_records((first, block.a, block.b, c, outputs), widths))
    return np.concatenate(parts)


def _records(columns: Sequence[Array], widths: Sequence[int]) -> npt.NDArray[np.uint32]:
    words = []
    for codes, width in zip(columns, widths, strict=True):
        flat = np.asarray(codes).ravel().astype(np.uint64)
        words += [(flat >> np.uint64(at)).astype(np.uint32) for at in range(0, width, 32)]
    return np.stack(words, axis=-1)


def lanes_wrapper(design: Design, lanes: int = LANES) -> str:
    """SystemVerilog of the module `lanes`: copies of a design's unit behind input registers.

    Its ports are arrays with one element a copy, those of the sums' protocol included, which a
    unit without running sum does not have. Latency is one cycle more than the unit's.
    """
    unit = {port.name: port for port in ports(design)}
    widths = {
        name: unit[name].width if name in unit else 1
        for name in ("i_valid", "i_first", "i_a", "i_b", "i_c")
    }
    array = f"[0:{lanes - 1}]"
    declared = [
        "input clk",
        "input rst",
        *(f"input [{width - 1}:0] {name} {array}" for name, width in widths.items()),
        f"output o_valid {array}",
        f"output [{unit['o'].width - 1}:0] o {array}",
    ]
    registers = ["reg reset;", "always @(posedge clk) reset <= rst;"]
    for name, width in widths.items():
        held = f"held_{name}"
        registers.append(f"reg [{width - 1}:0] {held} {array};")
        registers.append(f"always @(posedge clk) {held} <= {name};")
    connected = {"clk": "clk", "rst": "reset", "o": "o[k]", "o_valid": "o_valid[k]"}
    connected |= {name: f"held_{name}[k]" for name in widths}
    instance = ", ".join(f".{name}({connected[name]})" for name in unit)
    delayed = ""
    if "o_valid" not in unit:
        # Nothing to check: every input is taken, and what comes out is all there is.
        registers.append(f"reg valid [0:{design.unit.latency}] {array};")
        delayed = _DELAYED_VALID.format(latency=design.unit.latency)
    lines = [
        f"module {_TOP}(",
        ",\n".join(f"  {port}" for port in declared),
        ");",
        *(f"  {line}" for line in registers),
        f"  for (genvar k = 0; k < {lanes}; ++k) begin : copy",
        f"    {design.slug} unit({instance});",
        delayed,
        "  end",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def object_cache() -> Path:
    """Folder for compiled parts of the simulator."""
    return cache_base() / "hwdse" / "verilator"


@lru_cache(maxsize=1)
def _runner() -> ModuleType:
    """The script that builds and runs the cocotb benches, as a module."""
    spec = importlib.util.spec_from_file_location("run_bench", resource("sims", "run_bench.py"))
    assert spec is not None and spec.loader is not None  # noqa: PT018 - a file of our own
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _last_lines(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-_LOG_LINES:])
