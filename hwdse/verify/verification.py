"""Verification: the emitted Verilog simulated against the golden model."""

from dataclasses import dataclass

from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.resources import resource
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.verify import native
from hwdse.verify.bench import Report, run_bench
from hwdse.verify.certificate import Certificate, sha256, tool_versions
from hwdse.verify.exhaustive import run_sweep, sweep_of
from hwdse.verify.mismatch import describe
from hwdse.verify.prepare import prepare
from hwdse.verify.stimulus import LEVELS
from hwdse.verify.stream_driver import run_trace
from hwdse.verify.trace import Trace

#: The cocotb bench of all units.
BENCH = resource("sims", "stream", "tb_stream.py")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A certificate with what it rests on.

    Attributes:
        certificate: the certificate.
        verilog: the verified Verilog, without header.
        vectors: text of the vector file.
    """

    certificate: Certificate
    verilog: str
    vectors: str


def verify(design: Design, level: str = "quick", seed: int = 0) -> Certificate:
    """Prove the design's Verilog equal to the golden model on the stimulus of a level.

    Args:
        design: the design.
        level: `quick`, `full` or `exhaustive`.
        seed: seed of the random operands.

    Returns:
        The certificate of the passed run.

    Raises:
        VerificationError: an output differs, or no vector was checked.
        ToolError: the simulator or the compiler is missing or fails.
        SpecError: an unknown level, or a part of the design without generator or bench.
    """
    return collect_evidence(design, level, seed).certificate


def collect_evidence(
    design: Design, level: str = "quick", seed: int = 0, verilog: str | None = None
) -> Evidence:
    """As `verify`, keeping Verilog and vectors; `verilog` replaces the freshly emitted text."""
    if level not in LEVELS:
        raise SpecError(f"unknown level {level!r}: allowed are {', '.join(LEVELS)}")
    text = emit(design) if verilog is None else verilog
    prepared = prepare(design.unit, design, level, seed)
    trace, counts = prepared.trace, dict(prepared.vectors)
    vectors = trace.text(str(design), seed)
    with temporary_folder("verify") as folder:
        verilog_file = folder / f"{design.slug}.v"
        vector_file = folder / "vectors.txt"
        verilog_file.write_text(text, encoding="utf-8")
        vector_file.write_text(vectors, encoding="utf-8")
        report = run_bench(
            verilog=verilog_file,
            top=design.slug,
            bench=BENCH,
            vectors=vector_file,
            build_dir=folder / "build",
            object_cache=native.object_cache(),
        )
    _judge(design, trace, report)
    if level == "exhaustive":
        # The same inputs once more, with other registers at the start and other idle cycles.
        _judge(design, trace, run_trace(trace, text, design.slug, seed=seed))
        sweep = sweep_of(design.unit, design)
        if sweep is not None:
            counts["exhaustive_results"] = run_sweep(sweep, text, seed=seed)
    certificate = Certificate(
        spec=str(design),
        level=level,
        seed=seed,
        vectors=counts,
        outputs=prepared.outputs,
        steps=prepared.steps,
        unreached=prepared.unreached,
        verilog_sha256=sha256(text),
        tools=tool_versions(),
    )
    return Evidence(certificate=certificate, verilog=text, vectors=vectors)


def _judge(design: Design, trace: Trace, report: Report) -> None:
    if trace.outputs == 0 or report.checked == 0:
        raise VerificationError(f"{design}: no vector was checked, which proves nothing")
    if report.mismatches:
        raise VerificationError(describe(str(design), trace, report))
    if not trace.outputs == report.vectors == report.checked:
        raise VerificationError(
            f"{design}: {report.checked} of {trace.outputs} outputs were checked, all are needed"
        )
