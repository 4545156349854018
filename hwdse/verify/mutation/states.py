"""What a proof of equivalence compares: netlists cut at their registers, in states that occur.

A fault that shows only in states that are never reached is none. Of a running sum, what is reached
is stated apart from the hardware; the statement is a candidate until Yosys has proven that a reset
establishes it and every step keeps it. Of a pipeline, registers cut apart may hold what no input
puts there together, and may differ in what nobody sees.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from hwdse.formats import BinaryFloat, clog2
from hwdse.spec import Accumulator, Aligned, ApproximateFloat, Design, FusedFloat
from hwdse.tools.tool import ToolTimeoutError
from hwdse.tools.yosys import run_yosys
from hwdse.verify.mutation.miter import FILES, PROVE, miter, proven

PREPARE = """read_verilog unit.v
hierarchy -top {top}
proc -norom
opt_expr
opt_merge
opt_clean
"""
_CUT = """expose -evert-dff -dff {top}
rename {top} gold
"""
_PORT = re.compile(r"^\s*(input|output)\s+(?:\[(\d+):0\]\s+)?(\\\S+|\w+)\s*;", re.MULTILINE)

#: Roundings that never move a sum away from zero by more than half a step.
_SETTLING = ("rne", "rna", "rtz")

_PROOF_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RunningSum:
    """What is known of the registers that hold a running sum; n is the number of their bits.

    Attributes:
        registers: a part of the name, and the width, of each; the first has the high bits. A single
            one may be there several times.
        invariant: module `invariant(input [n-1:0] q, output reg holds)`, of what occurs.
        same: module `same(input [n-1:0] p, input [n-1:0] q, output holds)`, of what is one value to
            the unit; equal contents by default.
    """

    registers: tuple[tuple[str, int], ...]
    invariant: str
    same: str | None = None


@singledispatch
def running_sum(acc: Accumulator | None, design: Design) -> RunningSum | None:
    """What is known of an accumulator's registers; None is nothing."""
    return None


@running_sum.register
def _(acc: FusedFloat, design: Design) -> RunningSum:
    """A code. All sums are multiples of the least product's LSB, rounded or not.

    And they stop growing: once a product is worth at most half of the sum's last place, rounding to
    nearest returns the sum. One bit tells infinity and NaN apart.
    """
    f, product, top_code = acc.format, design.product, acc.format.max_code
    if design.rounding in _SETTLING:
        # At 2^largest, products below 2^group_top are worth at most half of the last place.
        group_top = product.top + clog2(design.unit.group)
        largest = group_top + f.precision
        field = min(max(largest + f.bias, 0), (1 << f.exponent_bits) - 1)
        top_code = min(top_code, field << f.fraction_bits)
    infinite = product.has_inf or top_code == f.max_code
    nan = infinite or product.has_nan
    return _code(f, product.exponent_min, top_code, infinite=infinite, nan=nan)


@running_sum.register
def _(acc: Aligned, design: Design) -> RunningSum | None:
    """A code, infinite only where products or the sums may become so."""
    if acc.rounding != "rtz":
        return None
    # No more is said: that no bit lies below the products' LSB is hard to prove of many lanes.
    f, product = acc.format, design.product
    beyond = acc.overflow == "inf" and acc.overflows(product, design.unit.group)
    infinite = product.has_inf or beyond
    return _code(f, f.lsb_exponent, f.max_code, infinite=infinite, nan=product.has_nan)


@running_sum.register
def _(acc: ApproximateFloat, design: Design) -> RunningSum | None:
    """A record. Zeros have the least exponent, and no exponent is beyond the largest value's.

    Each step shifts by k + lambda places if that many bits are zero, unless the exponent is too
    small for it. Of NaN nothing else counts, of an infinity its sign.
    """
    state = design.state
    if not state.has_nan or not state.has_inf:
        return None
    digits, bits, shifted = state.significand_bits, state.exponent_bits, acc.k + acc.lam
    n = 3 + bits + digits
    fields = f"[{n - 1}:0]"
    highest = state.exponent_max - state.exponent_origin
    invariant = f"""module invariant(input {fields} q, output reg holds);
  wire [{bits - 1}:0] exponent = q[{bits + digits - 1}:{digits}];
  wire [{digits - 1}:0] significand = q[{digits - 1}:0];
  wire normalised = exponent <= {shifted} || |significand[{digits - 1}:{shifted}];
  always @* holds = |q[{n - 1}:{n - 2}] || (exponent <= {highest}
    && (significand == 0 ? exponent == 0 : normalised));
endmodule
"""
    same = f"""module same(input {fields} p, input {fields} q, output holds);
  assign holds = p == q || (p[{n - 1}] && q[{n - 1}]) || (p[{n - 1}:{n - 3}] == q[{n - 1}:{n - 3}]
    && q[{n - 2}]);
endmodule
"""
    return RunningSum(registers=(("", n),), invariant=invariant, same=same)


def _code(
    f: BinaryFloat, exponent_min: int, top_code: int, *, infinite: bool, nan: bool
) -> RunningSum:
    """A multiple of 2^exponent_min up to `top_code` in magnitude, or a special value."""
    specials = {f.nan_code} if infinite or nan else set()
    specials |= {f.inf_code, f.negative_inf_code} if infinite else set()
    codes = sorted(code for code in specials if code is not None)
    invariant = _invariant(f, exponent_min, top_code, codes)
    return RunningSum(registers=(("", f.bits),), invariant=invariant, same=_same(f))


def _invariant(f: BinaryFloat, exponent_min: int, top_code: int, specials: list[int]) -> str:
    """Codes of multiples of 2^exponent_min up to `top_code`, and some more."""
    special = " || ".join(f"q == {f.bits}'d{code}" for code in specials) or "1'b0"
    return f"""module invariant(input [{f.bits - 1}:0] q, output reg holds);
  wire [{f.exponent_bits - 1}:0] field = q[{f.bits - 2}:{f.fraction_bits}];
  wire [{f.fraction_bits}:0] digits = {{field != 0, q[{f.fraction_bits - 1}:0]}};
  integer weight, k;
  always @* begin
    weight = (field == 0 ? 1 : field) - ({f.bias + f.fraction_bits});
    holds = q[{f.bits - 2}:0] <= {f.bits - 1}'d{top_code};
    for (k = 0; k <= {f.fraction_bits}; k = k + 1)
      if (digits[k] && weight + k < {exponent_min}) holds = 0;
    if ({special}) holds = 1;
  end
endmodule
"""


def _same(f: BinaryFloat) -> str | None:
    """Equal, or both infinities of one sign, or both NaN, whatever else they are."""
    if f.inf_code is None or f.nan_code is None:
        return None
    sign, told = f.bits - 1, (f.nan_code ^ f.inf_code).bit_length() - 1
    top = f"{f.bits - 2}:{f.fraction_bits}"
    return f"""module same(input [{sign}:0] p, input [{sign}:0] q, output holds);
  wire special = &p[{top}] && &q[{top}] && p[{told}] == q[{told}];
  assign holds = p == q || (special && (p[{told}] || p[{sign}] == q[{sign}]));
endmodule
"""


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """A module whose registers are ports: `X.q` is what one holds, `X.d` what comes next.

    Attributes:
        inputs: width of every input but the states, by name.
        outputs: width of every output but the next states.
        states: width of every register.
    """

    inputs: dict[str, int]
    outputs: dict[str, int]
    states: dict[str, int]

    @classmethod
    def of(cls, verilog: str, top: str) -> "_Cut":
        """The cut of a flat module."""
        script = PREPARE.format(top=top) + _CUT.format(top=top) + "write_verilog -noattr cut.v\n"
        _, texts = run_yosys({"unit.v": verilog}, script, kept=["cut.v"])
        ports: dict[str, dict[str, int]] = {"input": {}, "output": {}}
        for direction, msb, name in _PORT.findall(texts["cut.v"]):
            ports[direction][name.removeprefix("\\")] = int(msb or 0) + 1
        states = {name[:-2]: n for name, n in ports["input"].items() if name.endswith(".q")}
        ends = tuple(f"{name}.{end}" for name in states for end in "qdc")
        inputs, outputs = (
            {name: n for name, n in ports[direction].items() if name not in ends}
            for direction in ("input", "output")
        )
        return cls(inputs=inputs, outputs=outputs, states=states)

    def sums(self, known: RunningSum | None) -> list[tuple[int, ...]]:
        """Places of the registers of each running sum."""
        if known is None:
            return []
        fitting = [
            [k for k, (name, n) in enumerate(self.states.items()) if part in name and n == bits]
            for part, bits in known.registers
        ]
        if len(fitting) == 1:
            return [(k,) for k in fitting[0]]
        return [tuple(k for (k,) in fitting)] if all(len(some) == 1 for some in fitting) else []

    @staticmethod
    def word(at: str, places: tuple[int, ...]) -> str:
        """The contents of some registers in the state `at`."""
        return f"{{{', '.join(f'{at}_s{k}' for k in places)}}}"

    def reset(self, at: str) -> str:
        """The reset among the inputs `at`; before it, a state may be any."""
        return f"{at}_i{list(self.inputs).index('rst')}" if "rst" in self.inputs else "1'b0"

    def free(self, at: str) -> list[str]:
        """Ports of a state `at` that may be any."""
        return [f"input [{n - 1}:0] {at}_s{k}" for k, n in enumerate(self.states.values())]

    def given(self, at: str) -> list[str]:
        """Ports of the inputs `at`."""
        return [f"input [{n - 1}:0] {at}_i{k}" for k, n in enumerate(self.inputs.values())]

    def step(self, module: str, inputs: str, before: str, after: str) -> str:
        """A step of a module from the state `before` to `after`; outputs are called `after` too."""
        joined = [f".\\{name} ({inputs}_i{k})" for k, name in enumerate(self.inputs)]
        joined += [f".\\{name} ({after}_o{k})" for k, name in enumerate(self.outputs)]
        for k, name in enumerate(self.states):
            joined += [f".\\{name}.q ({before}_s{k})", f".\\{name}.d ({after}_s{k})"]
        wires = [f"  wire [{n - 1}:0] {after}_o{k};\n" for k, n in enumerate(self.outputs.values())]
        wires += [f"  wire [{n - 1}:0] {after}_s{k};\n" for k, n in enumerate(self.states.values())]
        return "".join(wires) + f"  {module} to_{after}({', '.join(joined)});\n"

    def run(
        self, modules: Sequence[str], inputs: Sequence[str], before: str, name: str
    ) -> tuple[str, list[str]]:
        """Steps of some modules, one after another; the states and outputs after each, by name."""
        text, after = "", [f"{name}{t}" for t in range(len(modules))]
        for module, at, start, end in zip(
            modules, inputs, [before, *after[:-1]], after, strict=True
        ):
            text += self.step(module, at, start, end)
        return text, after

    def in_reset(self, at: str) -> str:
        """The inputs `at` with the reset held, called `<at>_reset`."""
        return "".join(
            f"  wire [{n - 1}:0] {at}_reset_i{k} = {'1' if name == 'rst' else f'{at}_i{k}'};\n"
            for k, (name, n) in enumerate(self.inputs.items())
        )

    def differ(self, left: str, right: str) -> list[str]:
        """Terms that say that the outputs of two steps differ."""
        return [f"({left}_o{k} != {right}_o{k})" for k in range(len(self.outputs))]


def comparison(verilog: str, top: str, known: RunningSum | None = None) -> str:
    """The miter of a step of `gold` and one of `gate`.

    Both start from the same state, which may be any that is known to occur, and have to reach the
    same again. Registers of a running sum may differ in what is one value to the unit: if no step
    leads out of this relation, no sequence of them does.

    Args:
        verilog: the flat module that becomes `gold`.
        top: its name.
        known: of running sums; what is said to occur is assumed if there is one running sum and it
            is proven within a minute.
    """
    cut = _Cut.of(verilog, top)
    sums = cut.sums(known)
    same = known.same if known is not None else None
    related = sums if same is not None else []
    free = {k for places in related for k in places}
    ports, modules, text = [*cut.free("gold0"), *cut.given("at0")], same or "", ""
    for k, bits in enumerate(cut.states.values()):
        if k in free:
            ports.append(f"input [{bits - 1}:0] gate0_s{k}")
        else:
            text += f"  wire [{bits - 1}:0] gate0_s{k} = gold0_s{k};\n"
    for side in ("gold", "gate"):
        text += cut.step(side, "at0", f"{side}0", f"{side}1")
    for t in (0, 1):
        for number, places in enumerate(related):
            words = f".p({cut.word(f'gold{t}', places)}), .q({cut.word(f'gate{t}', places)})"
            text += f"  wire same{t}_{number};\n"
            text += f"  same related{t}_{number}({words}, .holds(same{t}_{number}));\n"
    differences = [f"!same1_{number}" for number in range(len(related))]
    kept = [k for k in range(len(cut.states)) if k not in free]
    differences += [f"(gold1_s{k} != gate1_s{k})" for k in kept]
    outputs, given = cut.differ("gold1", "gate1"), ["1'b1"]
    if known is not None and len(sums) == 1 and _inductive(verilog, top, cut, known):
        modules += known.invariant
        text += f"""  wire holds;
  invariant before(.q({cut.word("gold0", sums[0])}), .holds(holds));
"""
        # Outputs before the first reset mean nothing.
        outputs = [f"(holds && {term})" for term in outputs]
        given.append(f"(holds || {cut.reset('at0')})")
    given += [f"same0_{number}" for number in range(len(related))]
    text += f"  wire given = {' && '.join(given)};\n"
    return modules + miter(ports, text, [f"(given && {term})" for term in outputs + differences])


def pipeline_comparison(verilog: str, top: str, steps: int) -> str:
    """The miter of a step among others, in a pipeline in which an input spends `steps` steps.

    Registers cut apart may hold what no input puts there together, and differ in what nobody sees.
    So `gate` takes `steps` steps from any state; then either takes one, and `gold` as many again
    from where each has come. If outputs and last states never differ, every step of `gate` can be
    replaced by one of `gold` without a difference outside, one after another, the last one first.
    The first `steps` steps are those of the reset, which is held that long: whichever of the two
    takes them, they show the same, and `gold` shows the same after them.
    """
    cut = _Cut.of(verilog, top)
    inputs = [f"in{t}" for t in range(2 * steps + 1)]
    before, later = inputs[:steps], inputs[steps:]
    ports = [*cut.free("start"), *(port for at in inputs for port in cut.given(at))]
    text, reached = cut.run(["gate"] * steps, before, "start", "at")
    sides = ("gate", "gold")
    after = ["gold"] * steps
    pairs = [[cut.run([side, *after], later, reached[-1], side) for side in sides]]
    if "rst" in cut.inputs:
        text += "".join(cut.in_reset(at) for at in before)
        resets = [f"{at}_reset" for at in before] + later[1:]
        pairs.append(
            [cut.run([side] * steps + after, resets, "start", f"{side}_reset") for side in sides]
        )
    violations = []
    for (one_text, one), (other_text, other) in pairs:
        text += one_text + other_text
        seen = zip(one, other, strict=True)
        violations += [term for ways in seen for term in cut.differ(*ways)]
        violations += [f"({one[-1]}_s{k} != {other[-1]}_s{k})" for k in range(len(cut.states))]
    return miter(ports, text, violations)


def _inductive(verilog: str, top: str, cut: _Cut, known: RunningSum) -> bool:
    """Whether a reset, and a step from a state in which the invariant holds, lead to such a one."""
    (places,) = cut.sums(known)
    text = cut.step("gold", "at0", "at0", "at1")
    text += f"""  wire holds, kept;
  invariant before(.q({cut.word("at0", places)}), .holds(holds));
  invariant after(.q({cut.word("at1", places)}), .holds(kept));
"""
    ports = [*cut.free("at0"), *cut.given("at0")]
    lost = f"((holds || {cut.reset('at0')}) && !kept)"
    files = {"unit.v": verilog, "around.v": known.invariant + miter(ports, text, [lost])}
    script = PREPARE.format(top=top) + _CUT.format(top=top) + PROVE
    try:
        log, _ = run_yosys(files | FILES, script, timeout_s=_PROOF_S)
    except ToolTimeoutError:
        return False
    return proven(log)
