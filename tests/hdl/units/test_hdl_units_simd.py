"""The packed unit as gates: terms against exact fractions, decoders that rest, what there is."""

import numpy as np
import pytest
from amaranth.sim import Simulator
from gate_level import GateLevel, decoded
from netlist_counts import built, declared, without_adders
from reference import packed_words
from sampled import some

from hwdse import Design
from hwdse.cost.stimuli import operands_of
from hwdse.hdl import emit
from hwdse.hdl.packed import PackedMultiplier
from hwdse.hdl.packed_decode import PackedDecoder, is_quiet

SETS = [
    "posit16_1:e2m1fn|posit4_1|posit8_0|posit16_1",
    "fp16:fp16|bf16|e5m2|e4m3fn",
    "e5m2:int4|int8|e5m2",
    "posit8_0:posit8_0|e2m1fn",
    "int8:int8|int4",
]


def design_of(modes, acc="acc=kulisch,out=fp32"):
    widest, _, names = modes.partition(":")
    return Design.parse(f"a={widest},{acc},unit=simd,modes={names}")


@pytest.mark.parametrize("modes", some(SETS, 2))
def test_terms_are_exact(modes):
    design = design_of(modes)
    names, count = modes.partition(":")[2].split("|"), 500
    multiply = GateLevel(PackedMultiplier(design.mul))
    rng = np.random.default_rng(3)
    numbers = range(1 << design.unit.mode_bits)
    for number in numbers:
        name = names[min(number, len(names) - 1)]
        a, b = rng.integers(0, 1 << design.a.bits, (2, count))
        found = decoded(design.product, multiply(mode=np.full(count, number), a=a, b=b))
        values = found.to_fractions().tolist()
        for k in range(count):
            expected = packed_words.term(name, int(a[k]), int(b[k]), design.a.bits)
            if expected.special == "nan":
                assert found.nan[k]
            elif expected.special:
                assert found.inf[k] and found.sign[k] == expected.negative  # noqa: PT018
            else:
                assert values[k] == expected.number


def test_decoders_of_other_modes_rest():
    mul = design_of(SETS[0]).mul
    decode = PackedDecoder(mul)
    rng = np.random.default_rng(4)
    seen = {}

    async def bench(ctx):
        for mode in range(4):
            ctx.set(decode.active, 1 << mode)
            for _ in range(20):
                ctx.set(decode.i, int(rng.integers(0, 1 << 16)))
                for number, part in enumerate(decode._decoders):
                    seen.setdefault((mode, number), set()).add(ctx.get(part.i))

    simulator = Simulator(decode)
    simulator.add_testbench(bench)
    simulator.run()
    for (mode, number), codes in seen.items():
        assert (len(codes) > 1) if mode == number else (codes == {0})
    assert all(map(is_quiet, mul.modes))


@pytest.mark.parametrize("modes", some(SETS, 2))
def test_the_netlist_has_what_is_declared(modes):
    acc = "acc=int:24" if modes.startswith("int") else "acc=fp:fp32"
    design = design_of(modes, acc)
    said, found = declared(design), built(design)
    assert without_adders(said) == without_adders(found)
    # The rows of partial products and of lanes are full adders there, not adders.
    assert said["adder bits"] > found["adder bits"] > 0


def test_cost_looks_at_whole_words():
    design = design_of("posit8_0:e2m1fn|posit8_0")
    operands = operands_of(design, 5)
    assert operands.codes["mode"].tolist() == [[1]] * 5


def test_equal_decoders_are_one_module():
    text = emit(design_of(SETS[0]))
    assert text.count("\nmodule ") < 20
