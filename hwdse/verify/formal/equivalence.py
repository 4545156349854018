"""Formal equivalence: proves by SAT that two combinational modules are equal for all inputs.

A *claim* names two modules with the same ports: the hardware (the gate) and the specification.
Yosys joins both modules in a miter. The SAT solver of Yosys searches for inputs for which an output
differs. A claim fails if the solver does not decide in time, or if the assumptions of the claim
cannot be met.

Specifications are Verilog. `assume(...)` in an `always @*` block restricts the inputs to values
that occur. Under some conditions a wire may have any value. Then a wrapper around the gate replaces
this wire by a fixed value, so that the proof compares meanings and not representations.
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

# `proc -norom` keeps tables as logic, because the solver does not support memories.
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
        name: name of the claim in error messages.
        gate: RTLIL or Verilog text of all modules of the hardware.
        spec: Verilog text of all modules of the specification.
        gate_top: name of the top module of the hardware.
        spec_top: name of the top module of the specification.
        wrapper: Verilog text that is read with the gate, such as a top module around the gate.
        meaning: function that explains port values in words. It returns an empty text for unknown
            ports.
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
    """Inputs for which the outputs of gate and specification differ.

    Attributes:
        inputs: value of every input.
        expected: outputs of the specification.
        got: outputs of the gate.
        meaning: function that explains port values in words, from the claim.
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
        """Return the named values in hexadecimal, and the meaning of all values in words."""
        words = " ".join(f"{name}={values[name]:#x}" for name in names)
        meaning = self.meaning(values)
        return f"{words} ({meaning})" if meaning else words

    def to_json(self) -> dict[str, Any]:
        """Return the counterexample as plain data."""
        sides = {"inputs": self.inputs, "expected": self.expected, "got": self.got}
        return {name: {"ports": dict(v), "meaning": self.meaning(v)} for name, v in sides.items()}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The result for one claim.

    Attributes:
        name: name of the claim.
        reason: why the claim is not proven. Empty if the claim is proven.
        counterexample: inputs that refute the claim. None if the claim is proven, was not decided
            in time, or has assumptions that cannot be met.
        seconds: duration of the whole Yosys run that decided the claim.
    """

    name: str
    reason: str
    counterexample: Counterexample | None
    seconds: float

    @property
    def proven(self) -> bool:
        """True if the claim is proven for all inputs."""
        return not self.reason

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        refuted = self.counterexample is not None
        return {
            "claim": self.name,
            "verdict": "proven" if self.proven else "refuted" if refuted else "undecided",
            "reason": self.reason,
            "counterexample": self.counterexample.to_json() if self.counterexample else None,
            "seconds": self.seconds,
        }


def rtlil_of(component: Component, name: str = "gate") -> str:
    """Return the RTLIL text of a component. Ports of a record have names like `i__significand`."""
    text: str = rtlil.convert(component, name=name, emit_src=False)
    return text


def prove_equal(
    gate: str, spec: str, *, name: str = "gate", timeout_s: float = 600
) -> tuple[Verdict, ...]:
    """Prove a module `gate` equal to a module `spec` for all inputs.

    Args:
        gate: RTLIL or Verilog text with a module `gate`.
        spec: Verilog text with a module `spec` of the same ports.
        name: name of the claim in error messages.
        timeout_s: time limit of the proof in seconds.

    Raises:
        VerificationError: the modules differ (the message has a counterexample), or nothing was
            proven.
        ToolError: Yosys is missing or failed.
    """
    return prove_all([Claim(name=name, gate=gate, spec=spec)], timeout_s=timeout_s)


def prove_all(claims: Sequence[Claim], *, timeout_s: float = 600) -> tuple[Verdict, ...]:
    """Prove claims in one run of Yosys. `timeout_s` limits the whole run.

    Raises:
        VerificationError: a claim is false, a claim was not decided in time, the assumptions of a
            claim cannot be met, or there is no claim. The message has a counterexample for each
            false claim.
        ToolError: Yosys is missing or failed.
    """
    if not claims:
        raise VerificationError("no claim was given, which proves nothing")
    verdicts = decide(claims, timeout_s=timeout_s)
    raise_unproven(verdicts)
    return verdicts


def raise_unproven(verdicts: Sequence[Verdict]) -> None:
    """Raise one error that lists all claims that are not proven.

    Raises:
        VerificationError: at least one claim is not proven.
    """
    wrong = [f"{verdict.name}: {verdict.reason}" for verdict in verdicts if not verdict.proven]
    if wrong:
        what = f"{len(wrong)} of {len(verdicts)} claims do not hold"
        raise VerificationError("\n  ".join([what, *wrong]))


def decide(claims: Sequence[Claim], *, timeout_s: float = 600) -> tuple[Verdict, ...]:
    """Decide each claim in one run of Yosys. `timeout_s` limits the whole run.

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
    """Return the input files and the Yosys script for some claims."""
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
