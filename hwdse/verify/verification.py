"""Verification: simulates Verilog and compares every output with the golden model."""

from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import CELLS, PLAIN, Target, emit
from hwdse.spec import Bus, Design, Interface
from hwdse.temporary import temporary_folder
from hwdse.tools import verilator
from hwdse.verify.bench import Report, run_bench
from hwdse.verify.bus_bench import BusBench, bench_of
from hwdse.verify.certificate import Certificate, sha256, tool_versions
from hwdse.verify.enumeration import enumeration_of
from hwdse.verify.exhaustive import run_enumeration
from hwdse.verify.line_coverage import write_coverage
from hwdse.verify.stimulus import LEVELS
from hwdse.verify.stream_driver import run_trace


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A certificate, the Verilog that it certifies, and the vectors of the simulation.

    Attributes:
        certificate: the certificate.
        verilog: the verified Verilog text, without header.
        bench: the bench and its vectors.
    """

    certificate: Certificate
    verilog: str
    bench: BusBench


def verify(
    design: Design,
    level: str = "quick",
    seed: int = 0,
    *,
    coverage: Path | None = None,
    target: Target = CELLS,
) -> Certificate:
    """Prove that the Verilog of a design equals the golden model, for the stimulus of a level.

    Args:
        design: the design.
        level: `quick`, `full` or `exhaustive`.
        seed: seed of the random operands and of idle cycles.
        coverage: folder for line, toggle and functional coverage. None writes no coverage.
        target: target of the Verilog.

    Returns:
        The certificate of the passed run.

    Raises:
        VerificationError: an output differs, not every output was checked, or the stimulus misses
            special values.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
        SpecError: the level is unknown, or a part of the design has no generator or no bench.
    """
    return collect_evidence(design, level, seed, coverage=coverage, target=target).certificate


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Verilog to verify instead of the generated Verilog of a design.

    Attributes:
        top: name of the top module.
        text: Verilog of the top module.
        files: Verilog files with the modules that the top module instantiates.
        texts: contents of `files`.
    """

    top: str
    text: str
    files: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def joined(self) -> str:
        """The top module and the contents of all files, as one text."""
        return "".join([self.text, *self.texts])


def collect_evidence(
    design: Design,
    level: str = "quick",
    seed: int = 0,
    verilog: str | None = None,
    *,
    sources: Sources | None = None,
    interface: Interface | None = None,
    bus: Bus = PLAIN,
    top: str = "",
    flat: bool = False,
    coverage: Path | None = None,
    target: Target = CELLS,
) -> Evidence:
    """Verify a design like `verify`, and return also the Verilog and the vectors.

    Args:
        design: the design.
        level: `quick`, `full` or `exhaustive`.
        seed: seed of the random operands and of idle cycles.
        verilog: Verilog text of the design to verify. Default: generate the Verilog.
        sources: Verilog with another top module to verify instead.
        interface: interface of `sources`, if its latency differs from the latency of the design.
        bus: bus interface of the generated top module.
        top: name of the generated top module. Default: `design.slug`.
        flat: put everything into one generated module.
        coverage: folder for line, toggle and functional coverage. None writes no coverage.
        target: target of the generated Verilog.

    Raises:
        VerificationError: an output differs, not every output was checked, or the stimulus misses
            special values.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
        SpecError: the level is unknown, the name `top` is not allowed, or a part of the design has
            no generator or no bench.
    """
    if level not in LEVELS:
        raise SpecError(f"unknown level {level!r}: allowed are {', '.join(LEVELS)}")
    made_for = target.keyword if sources is None else ""
    if sources is None:
        if verilog is None:
            text = emit(design, top=top, flat=flat, bus=bus, target=target)
        else:
            text = verilog
        sources = Sources(top=top or design.slug, text=text)
    bench = bench_of(bus, design, level, seed, interface)
    covered, counts = bench.covered, dict(bench.covered.vectors)
    with temporary_folder("verify") as folder:
        verilog_file = folder / f"{sources.top}.v"
        vector_file = folder / "vectors.txt"
        verilog_file.write_text(sources.text, encoding="utf-8")
        vector_file.write_text(bench.text, encoding="utf-8")
        report = run_bench(
            verilog=[verilog_file, *sources.files],
            top=sources.top,
            bench=bench.module,
            vectors=vector_file,
            build_dir=folder / "build",
            object_cache=verilator.object_cache(),
            coverage=coverage is not None,
        )
        if coverage is not None:
            write_coverage(coverage, folder / "build" / "coverage.dat", covered, folder)
    _judge(design, bench, report)
    if level == "exhaustive" and bench.trace is not None:
        trace = bench.trace
        # Simulate the same inputs again, with other initial register values and other idle cycles.
        _judge(design, bench, run_trace(trace, sources.joined, sources.top, seed=seed))
        enumeration = enumeration_of(design.unit, design)
        # An enumeration drives the ports of the unit directly. With a bus, only the trace is run.
        if enumeration is not None and bus.interface(design) == design.interface:
            counts["exhaustive_results"] = run_enumeration(
                enumeration, sources.joined, top=sources.top, interface=trace.interface, seed=seed
            )
    certificate = Certificate(
        spec=str(design),
        level=level,
        seed=seed,
        vectors=counts,
        outputs=covered.outputs,
        steps=covered.steps,
        unreached=covered.unreached,
        verilog_sha256=sha256(sources.joined),
        tools=tool_versions(),
        target=made_for,
    )
    return Evidence(certificate=certificate, verilog=sources.text, bench=bench)


def _judge(design: Design, bench: BusBench, report: Report) -> None:
    if bench.outputs == 0 or report.checked == 0:
        raise VerificationError(f"{design}: no vector was checked, which proves nothing")
    if report.mismatches:
        raise VerificationError(bench.describe(str(design), report))
    if not bench.outputs == report.vectors == report.checked:
        raise VerificationError(
            f"{design}: {report.checked} of {bench.outputs} outputs were checked, all are needed"
        )
