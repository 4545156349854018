"""Formal equivalence: two combinational modules proven equal for all inputs by SAT.

A *claim* names a module as it is (the gate) and one that says what it should be (the
specification), with the same ports. Yosys joins both in a miter and its SAT solver looks for inputs
at which an output differs. A claim that the solver does not decide in time is a failure, and so is
one that assumes something impossible.

Specifications are Verilog. `assume(...)` in an `always @*` restricts the inputs to those that
occur; a wire that may have any value under some condition is cut off there in a wrapper around the
gate, so that both sides show the same meaning and not the same representation.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amaranth.back import rtlil
from amaranth.lib.wiring import Component

from hwdse.errors import VerificationError
from hwdse.tools.tool import ToolTimeoutError
from hwdse.tools.yosys import run_yosys

_MARK = "hwdse-claim"

# In `proc`, a table stays logic: the solver knows no memories.
_READ = """design -reset
{read}
hierarchy -top {top}
proc -norom
flatten
opt_clean
select -assert-none t:*ff* t:*latch* t:$mem*
rename {top} {side}
design -stash {side}
"""

_PROVE = """design -reset
design -copy-from gate -as gate gate
design -copy-from spec -as spec spec
miter -equiv -make_outputs -flatten spec gate miter
hierarchy -top miter
chformal -lower
opt_expr
opt_merge
opt_clean -purge
log {mark} {index}
{possible}
sat {assumes} -prove trigger 0 -show-ports miter
"""

_SUCCESS = "no model found: SUCCESS!"
_FAILURE = "model found: FAIL!"
_POSSIBLE = "SAT solving finished - model found"
_ROW = re.compile(r"^\s*\\(\S+)\s+(\S+)\s+\S+\s+([01x]+)\s*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Two modules that should be equal.

    Attributes:
        name: what the claim is called in errors.
        gate: text of the hardware, all modules: RTLIL or Verilog.
        spec: Verilog text of the specification, all modules.
        gate_top: name of the gate's top module.
        spec_top: name of the specification's.
        wrapper: Verilog text read with the gate, such as a top module around it.
        meaning: what values of some ports stand for, in words; empty where that is unknown.
    """

    name: str
    gate: str
    spec: str
    gate_top: str = "gate"
    spec_top: str = "spec"
    wrapper: str = ""
    meaning: Callable[[Mapping[str, int]], str] = lambda _values: ""


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """Inputs at which the outputs differ.

    Attributes:
        inputs: value of every input.
        expected: outputs of the specification.
        got: outputs of the gate.
        meaning: of the claim.
    """

    inputs: Mapping[str, int]
    expected: Mapping[str, int]
    got: Mapping[str, int]
    meaning: Callable[[Mapping[str, int]], str] = field(repr=False)

    def __str__(self) -> str:
        wrong = [name for name in self.expected if self.expected[name] != self.got[name]]
        return (
            f"at {self._words(self.inputs, list(self.inputs))} "
            f"expected {self._words(self.expected, wrong)}, got {self._words(self.got, wrong)}"
        )

    def _words(self, values: Mapping[str, int], names: Sequence[str]) -> str:
        """Some of the values in hexadecimal, and what all of them stand for."""
        words = " ".join(f"{name}={values[name]:#x}" for name in names)
        meaning = self.meaning(values)
        return f"{words} ({meaning})" if meaning else words

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        sides = {"inputs": self.inputs, "expected": self.expected, "got": self.got}
        return {name: {"ports": dict(v), "meaning": self.meaning(v)} for name, v in sides.items()}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim.

    Attributes:
        name: of the claim.
        reason: why it is not proven; empty if it is.
        counterexample: what refutes it; None for a claim that is proven, was not decided in time,
            or assumes something impossible.
        seconds: how long the run took in which it was decided.
    """

    name: str
    reason: str
    counterexample: Counterexample | None
    seconds: float

    @property
    def proven(self) -> bool:
        """Whether the claim holds for all inputs."""
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        refuted = self.counterexample is not None
        return {
            "claim": self.name,
            "verdict": "proven" if self.proven else "refuted" if refuted else "undecided",
            "reason": self.reason,
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
            "seconds": self.seconds,
        }


def rtlil_of(component: Component, name: str = "gate") -> str:
    """RTLIL text of a component; the ports of a record are called `i__significand` and so on."""
    text: str = rtlil.convert(component, name=name, emit_src=False)
    return text


def prove_equal(
    gate: str, spec: str, *, name: str = "gate", timeout_s: float = 600
) -> tuple[Verdict, ...]:
    """Prove a module `gate` equal to a module `spec` for all inputs.

    Args:
        gate: RTLIL or Verilog text with a module `gate`.
        spec: Verilog text with a module `spec` of the same ports.
        name: what the claim is called in errors.
        timeout_s: seconds that the proof may take.

    Raises:
        VerificationError: they differ, with a counterexample; or nothing was proven.
        ToolError: Yosys is missing or failed.
    """
    return prove_all([Claim(name=name, gate=gate, spec=spec)], timeout_s=timeout_s)


def prove_all(claims: Sequence[Claim], *, timeout_s: float = 600) -> tuple[Verdict, ...]:
    """Prove claims in one run of Yosys; `timeout_s` is for all of them.

    Raises:
        VerificationError: a claim is false, with a counterexample for each that is; was not decided
            in time; assumes something impossible; or there is no claim.
        ToolError: Yosys is missing or failed.
    """
    if not claims:
        raise VerificationError("no claim was given, which proves nothing")
    verdicts = decide(claims, timeout_s=timeout_s)
    raise_unproven(verdicts)
    return verdicts


def raise_unproven(verdicts: Sequence[Verdict]) -> None:
    """Complain of all claims that are not proven together.

    Raises:
        VerificationError: there are some.
    """
    wrong = [f"{verdict.name}: {verdict.reason}" for verdict in verdicts if not verdict.proven]
    if wrong:
        what = f"{len(wrong)} of {len(verdicts)} claims do not hold"
        raise VerificationError("\n  ".join([what, *wrong]))


def decide(claims: Sequence[Claim], *, timeout_s: float = 600) -> tuple[Verdict, ...]:
    """What becomes of each claim in one run of Yosys; `timeout_s` is for all of them.

    Raises:
        ToolError: Yosys is missing or failed.
    """
    begin = time.monotonic()
    files, script = _job(claims)
    try:
        log, _ = run_yosys(files, script, timeout_s=timeout_s)
    except ToolTimeoutError as timeout:
        log = timeout.log
    sections = re.split(rf"^{_MARK} \d+\n", log, flags=re.MULTILINE)[1:]
    sections += [""] * (len(claims) - len(sections))
    seconds = round(time.monotonic() - begin, 1)
    return tuple(_judge(claim, said, seconds) for claim, said in zip(claims, sections, strict=True))


def _job(claims: Sequence[Claim]) -> tuple[dict[str, str], str]:
    """Files and script."""
    files: dict[str, str] = {}
    steps = []
    for index, claim in enumerate(claims):
        verilog = "endmodule" in claim.gate
        gate, wrapper, spec = f"gate{index}", f"wrapper{index}.v", f"spec{index}.v"
        gate += ".v" if verilog else ".il"
        files |= {gate: claim.gate, wrapper: claim.wrapper, spec: claim.spec}
        read = f"read_verilog {gate}" if verilog else f"read_rtlil {gate}"
        if claim.wrapper:
            read += f"\nread_verilog {wrapper}"
        read_spec = f"read_verilog -formal {spec}"
        assumes = "assume" in claim.spec
        steps += [
            _READ.format(read=read, top=claim.gate_top, side="gate"),
            _READ.format(read=read_spec, top=claim.spec_top, side="spec"),
            _PROVE.format(
                mark=_MARK,
                index=index,
                assumes="-set-assumes" if assumes else "",
                possible="sat -set-assumes miter" if assumes else "",
            ),
        ]
    return files, "".join(steps)


def _judge(claim: Claim, said: str, seconds: float) -> Verdict:
    counterexample, reason = None, ""
    if _FAILURE in said:
        counterexample = _counterexample(claim, said[said.index(_FAILURE) :])
        reason = str(counterexample)
    elif _SUCCESS not in said:
        reason = "not decided in time"
    elif "assume" in claim.spec and _POSSIBLE not in said:
        reason = "its assumptions cannot be met, which proves nothing"
    return Verdict(name=claim.name, reason=reason, counterexample=counterexample, seconds=seconds)


def _counterexample(claim: Claim, said: str) -> Counterexample:
    sides: dict[str, dict[str, int]] = {"in": {}, "gold": {}, "gate": {}}
    for name, _, bits in _ROW.findall(said):
        side, _, port = name.partition("_")
        if side in sides:
            sides[side].setdefault(port, int(bits.replace("x", "0"), 2))
    inputs, expected, got = sides["in"], sides["gold"], sides["gate"]
    return Counterexample(inputs=inputs, expected=expected, got=got, meaning=claim.meaning)
