"""Comparisons for proofs of equivalence: netlists cut at their registers, in states that occur.

A fault that has an effect only in unreachable states is not a fault. For a running sum, an
invariant describes the reachable states. The invariant is written independently of the hardware. It
is used only after Yosys has proven that a reset establishes the invariant and every step keeps it.
In a pipeline, cut registers may hold combinations of values that no input sequence produces, and
may differ in bits that no output shows. `pipeline_comparison` handles pipelines.
"""

from dataclasses import dataclass
from functools import singledispatch

from hwdse.formats import BinaryFloat, clog2
from hwdse.spec import Accumulator, Aligned, ApproximateFloat, Design, FusedFloat
from hwdse.tools.tool import ToolTimeoutError
from hwdse.tools.yosys import run_yosys
from hwdse.verify.mutation.cut import CUT, PREPARE, CutNetlist
from hwdse.verify.mutation.miter import FILES, PROVE, miter, proven

#: With these roundings, a rounded sum is at most half a step further from zero than the exact sum.
_SETTLING = ("rne", "rna", "rtz")

_PROOF_S = 240.0


@dataclass(frozen=True, kw_only=True)
class RunningSum:
    """Knowledge about the registers that hold a running sum. n is the number of bits together.

    Attributes:
        registers: for each register, a part of the name and the width. The first register has the
            high bits. If only one register is named, the unit may have several running sums, and
            each matching register holds one of them.
        invariant: Verilog of a module `invariant(input [n-1:0] q, output reg holds)`. `holds` is 1
            for all states q that occur.
        same: Verilog of a module `same(input [n-1:0] p, input [n-1:0] q, output holds)`. `holds` is
            1 if the unit treats p and q as the same value. None means equal contents.
    """

    registers: tuple[tuple[str, int], ...]
    invariant: str
    same: str | None = None


@singledispatch
def running_sum(acc: Accumulator | None, design: Design) -> RunningSum | None:
    """Return the knowledge about the registers of an accumulator, or None."""
    return None


@running_sum.register
def _(acc: FusedFloat, design: Design) -> RunningSum:
    """The register holds a code. All sums are multiples of the smallest product's LSB.

    With some roundings, sums also stop growing: if a product is worth at most half of the sum's
    last place, rounding returns the old sum.
    """
    f, product, top_code = acc.format, design.product, acc.format.max_code
    if design.rounding in _SETTLING:
        # For sums of at least 2^largest, products below 2^group_top are worth at most half of the
        # last place.
        group_top = product.top + clog2(design.unit.group)
        largest = group_top + f.precision
        field = min(max(largest + f.bias, 0), (1 << f.exponent_bits) - 1)
        top_code = min(top_code, field << f.fraction_bits)
    infinite = product.has_inf or top_code == f.max_code
    nan = infinite or product.has_nan
    return _code(f, product.exponent_min, top_code, infinite=infinite, nan=nan)


@running_sum.register
def _(acc: Aligned, design: Design) -> RunningSum | None:
    """The register holds a code, which is infinite only if products or sums can be infinite."""
    if acc.rounding != "rtz":
        return None
    # The invariant does not say that no bit lies below the LSB of the products, because this is
    # hard to prove for many lanes.
    f, product = acc.format, design.product
    beyond = acc.overflow == "inf" and acc.overflows(product, design.unit.group)
    infinite = product.has_inf or beyond
    return _code(f, f.lsb_exponent, f.max_code, infinite=infinite, nan=product.has_nan)


@running_sum.register
def _(acc: ApproximateFloat, design: Design) -> RunningSum | None:
    """The register holds a record.

    A zero has the smallest exponent. No exponent is larger than the exponent of the largest value.
    Each step shifts the significand left by k + lambda places if the first k + lambda bits are
    zero, unless the exponent is too small for this shift. So a nonzero significand has a bit set at
    place k + lambda or above, or the exponent field is at most k + lambda. For NaN, all other
    fields are ignored. For an infinity, all other fields except the sign are ignored.
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
    """Return knowledge about a register that holds a code.

    The value is a multiple of 2^exponent_min with magnitude up to `top_code`, or a special value.
    """
    specials = {f.nan_code} if infinite or nan else set()
    specials |= {f.inf_code, f.negative_inf_code} if infinite else set()
    codes = sorted(code for code in specials if code is not None)
    invariant = _invariant(f, exponent_min, top_code, codes)
    return RunningSum(registers=(("", f.bits),), invariant=invariant, same=_same(f))


def _invariant(f: BinaryFloat, exponent_min: int, top_code: int, specials: list[int]) -> str:
    """Return the invariant: multiples of 2^exponent_min up to `top_code`, and `specials`."""
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
    """Return Verilog of the relation: equal codes, infinities of the same sign, or two NaNs.

    One bit distinguishes infinity from NaN. All other bits of special values are ignored. Return
    None if the format lacks infinity or NaN.
    """
    if f.inf_code is None or f.nan_code is None:
        return None
    sign, told = f.bits - 1, (f.nan_code ^ f.inf_code).bit_length() - 1
    top = f"{f.bits - 2}:{f.fraction_bits}"
    return f"""module same(input [{sign}:0] p, input [{sign}:0] q, output holds);
  wire special = &p[{top}] && &q[{top}] && p[{told}] == q[{told}];
  assign holds = p == q || (special && (p[{told}] || p[{sign}] == q[{sign}]));
endmodule
"""


def comparison(verilog: str, top: str, known: RunningSum | None = None) -> str:
    """Return the miter of one step of `gold` and one step of `gate`.

    Both modules start from the same state, which can be any state that is known to occur. Both must
    reach equal states again. There is one exception: registers of a running sum may have different
    contents that the unit treats as the same value. If no single step leads out of this relation,
    no sequence of steps does.

    Args:
        verilog: Verilog of the flat module that becomes `gold`.
        top: name of the module.
        known: knowledge about the running sums. The invariant is assumed only if there is exactly
            one running sum and the invariant is proven within a minute.
    """
    cut = CutNetlist.of(verilog, top)
    sums = _sums(cut, known)
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
        # Outputs before the first reset have no meaning.
        outputs = [f"(holds && {term})" for term in outputs]
        given.append(f"(holds || {cut.reset('at0')})")
    given += [f"same0_{number}" for number in range(len(related))]
    text += f"  wire given = {' && '.join(given)};\n"
    return modules + miter(ports, text, [f"(given && {term})" for term in outputs + differences])


def pipeline_comparison(verilog: str, top: str, steps: int) -> str:
    """Return the miter of one step between other steps, in a pipeline with latency `steps`.

    Cut registers may hold combinations of values that no input sequence produces, and may differ in
    bits that no output shows. Therefore the miter compares two runs that differ in one step only:

    * `gate` takes `steps` steps from any state.
    * In one run `gate`, in the other run `gold` takes the next step.
    * `gold` takes `steps` more steps in both runs.

    If the outputs and the last states of both runs never differ, a step of `gate` can be replaced
    by a step of `gold` without a visible difference. Repeat this replacement from the last step
    to the first.

    The first `steps` steps are special: they have no `steps` steps before them. A second pair of
    runs covers them, with the reset held for `steps` steps from any state. In one run `gate`, in
    the other run `gold` takes these steps. `gold` takes all steps after the reset in both runs. The
    outputs and the last states must be equal.
    """
    cut = CutNetlist.of(verilog, top)
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


def _sums(cut: CutNetlist, known: RunningSum | None) -> list[tuple[int, ...]]:
    """Return, for each running sum, the indices of its registers in `cut.states`."""
    if known is None:
        return []
    fitting = [
        [k for k, (name, n) in enumerate(cut.states.items()) if part in name and n == bits]
        for part, bits in known.registers
    ]
    if len(fitting) == 1:
        return [(k,) for k in fitting[0]]
    return [tuple(k for (k,) in fitting)] if all(len(some) == 1 for some in fitting) else []


def _inductive(verilog: str, top: str, cut: CutNetlist, known: RunningSum) -> bool:
    """Return True if the invariant is inductive.

    Inductive means: the invariant holds after a reset, and after every step from a state in which
    the invariant holds. A timeout gives False.
    """
    (places,) = _sums(cut, known)
    text = cut.step("gold", "at0", "at0", "at1")
    text += f"""  wire holds, kept;
  invariant before(.q({cut.word("at0", places)}), .holds(holds));
  invariant after(.q({cut.word("at1", places)}), .holds(kept));
"""
    ports = [*cut.free("at0"), *cut.given("at0")]
    lost = f"((holds || {cut.reset('at0')}) && !kept)"
    files = {"unit.v": verilog, "around.v": known.invariant + miter(ports, text, [lost])}
    script = PREPARE.format(top=top) + CUT.format(top=top) + f"rename {top} gold\n" + PROVE
    try:
        log, _ = run_yosys(files | FILES, script, timeout_s=_PROOF_S)
    except ToolTimeoutError:
        return False
    return proven(log)
