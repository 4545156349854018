"""Verification: the emitted Verilog simulated against the golden model."""

from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import SpecError, VerificationError
from hwdse.formats.unpacked import Array
from hwdse.hdl import emit
from hwdse.resources import resource
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.verify import native
from hwdse.verify.bench import Report, run_bench, vector_lines
from hwdse.verify.certificate import Certificate, sha256, tool_versions
from hwdse.verify.coverage import coverage
from hwdse.verify.exhaustive import run_sweep, sweep_of
from hwdse.verify.expected import expected_outputs
from hwdse.verify.mismatch import describe
from hwdse.verify.stimulus import LEVELS, Stimulus, stimulus


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A certificate with what it rests on.

    Attributes:
        certificate: the certificate.
        verilog: the verified Verilog, without header.
        vectors: text of the vector file.
        bench: path of the bench that was run.
    """

    certificate: Certificate
    verilog: str
    vectors: str
    bench: Path


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
    fed = stimulus(design.unit, design, level, seed)
    expected = expected_outputs(design, fed)
    vectors = vector_lines(design, fed, expected, seed)
    bench = resource("sims", *fed.bench.parts)
    with temporary_folder("verify") as folder:
        verilog_file = folder / f"{design.slug}.v"
        vector_file = folder / "vectors.txt"
        verilog_file.write_text(text, encoding="utf-8")
        vector_file.write_text(vectors, encoding="utf-8")
        report = run_bench(
            verilog=verilog_file,
            top=design.slug,
            bench=bench,
            vectors=vector_file,
            build_dir=folder / "build",
            object_cache=native.object_cache(),
        )
    _judge(design, fed, expected, report)
    covered = coverage(design, fed, expected)
    counts = fed.counts()
    if level == "exhaustive" and design.unit.lanes == 1:
        # The same inputs once more, dealt to several copies with other registers at the start.
        again = native.run_vectors(design, text, fed, expected, seed=seed)
        _judge(design, fed, expected, again)
        sweep = sweep_of(design.unit, design)
        if sweep is not None:
            counts["exhaustive_results"] = run_sweep(sweep, text, seed=seed)
    certificate = Certificate(
        spec=str(design),
        level=level,
        seed=seed,
        vectors=counts,
        outputs=covered.outputs,
        steps=covered.steps,
        unreached=covered.unreached,
        verilog_sha256=sha256(text),
        tools=tool_versions(),
    )
    return Evidence(certificate=certificate, verilog=text, vectors=vectors, bench=bench)


def _judge(design: Design, fed: Stimulus, expected: list[Array], report: Report) -> None:
    vectors = sum(fed.counts().values())
    if vectors == 0 or report.checked == 0:
        raise VerificationError(f"{design}: no vector was checked, which proves nothing")
    if report.mismatches:
        raise VerificationError(describe(design, fed, expected, report))
    if not vectors == report.vectors == report.checked:
        raise VerificationError(
            f"{design}: {report.checked} of {vectors} outputs were checked, all are needed"
        )
