"""The tensor core against matrix products of NumPy, and what it declares against its netlist."""

import numpy as np
import pytest
from amaranth.sim import Simulator
from netlist_counts import built, declared, without_adders

from hwdse import Design, golden
from hwdse.hdl import emit
from hwdse.hdl.units import unit
from hwdse.spec.engines.tensor import TILES
from hwdse.verify.trace import joined


def simulated(design, a, b):
    """Codes of all sums after each step, shape (steps, rows, cols), from the RTL.

    Args:
        design: a design with a tensor core.
        a: codes, shape (rows, steps, lanes).
        b: codes, shape (cols, steps, lanes).
    """
    top = unit(design.unit, design)
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    _, a_field, b_field = source.fields
    steps = a.shape[1]
    words = {
        name: joined(codes.swapaxes(0, 1).reshape(steps, -1), part).tolist()
        for name, codes, part in (("i_a", a, a_field), ("i_b", b, b_field))
    }
    seen = []

    async def drive(ctx):
        for step in range(steps):
            ctx.set(top.i_valid, 1)
            ctx.set(top.i_first, step == 0)
            for name, column in words.items():
                ctx.set(getattr(top, name), column[step])
            await ctx.tick()
            assert ctx.get(top.o_valid) == 1
            seen.append(ctx.get(top.o))
            # A cycle without valid inputs changes nothing.
            ctx.set(top.i_valid, 0)
            await ctx.tick()
            assert (ctx.get(top.o_valid), ctx.get(top.o)) == (0, seen[-1])

    sim = Simulator(top)
    sim.add_clock(1e-6)
    sim.add_testbench(drive)
    sim.run()
    (part,) = sink.fields
    mask = (1 << part.bits) - 1
    codes = [[word >> part.bits * k & mask for k in range(part.elements)] for word in seen]
    return np.array(codes).reshape(steps, len(a), len(b))


@pytest.mark.parametrize("sizes", [(2, 3, 2), (1, 4, 3), (3, 1, 1)])
def test_integers_give_the_matrix_product(sizes):
    rows, cols, lanes = sizes
    text = f"a=int8,b=int5,acc=int:32,unit=tensor,rows={rows},cols={cols},lanes={lanes}"
    rng = np.random.default_rng(rows)
    a = rng.integers(-128, 128, (rows, 6, lanes))
    b = rng.integers(-16, 16, (cols, 6, lanes))
    found = simulated(Design.parse(text), a & 255, b & 31).astype(np.uint32).view(np.int32)
    for step in range(6):
        left, right = (x[:, : step + 1].reshape(len(x), -1) for x in (a, b))
        assert np.array_equal(found[step], left @ right.T)


@pytest.mark.parametrize(
    ("preset", "term", "total"),
    [
        # Published models: eight products of 2^-24 beside 1 are lost on Volta, and kept later.
        ("volta", 2.0**-24, 1.0),
        ("ampere", 2.0**-24, 1 + 2.0**-21),
        ("ampere", 2.0**-25, 1.0),
        ("hopper", 2.0**-25, 1 + 2.0**-22),
    ],
)
def test_known_answers_of_tensor_cores(preset, term, total):
    """1 first, then eight small products in one step, or in two on a core of four lanes."""
    lanes = TILES[preset][2]
    keys = f"rows=2,cols=1,lanes={lanes}"
    design = Design.parse(f"a=fp16,acc=aligned:{preset},out=fp32,unit=tensor,{keys}")
    steps = 1 + -(-8 // lanes)
    values = np.zeros((2, steps, lanes))
    values[:, 0, 0] = 1.0
    for side, factor in zip(values, (2.0**-12, term * 2.0**12), strict=True):
        side[1:].reshape(-1)[:8] = factor
    a, b = (design.a.encode(side).astype(np.int64) for side in values)
    rtl = simulated(design, np.stack([a] * 2), b[None])
    assert np.all(design.out.decode(rtl[-1]) == total)
    codes = golden.running_dot(design, a.reshape(-1), b.reshape(-1))
    assert np.all(rtl[-1] == codes[-1])


@pytest.mark.parametrize("keys", ["rows=2,cols=3,lanes=2", "rows=1,cols=2,lanes=1"])
@pytest.mark.parametrize("parts", ["a=e4m3fn,b=int4,acc=fp:bf16", "a=int4,acc=int:16"])
def test_the_netlist_has_what_is_declared(parts, keys):
    design = Design.parse(f"{parts},unit=tensor,{keys}")
    assert without_adders(declared(design)) == without_adders(built(design))


def test_equal_parts_are_one_module():
    text = emit(Design.parse("a=int8,acc=int:32,unit=tensor,rows=4,cols=4,lanes=4"))
    small = emit(Design.parse("a=int8,acc=int:32,unit=tensor,rows=2,cols=2,lanes=4"))
    assert text.count("\nmodule ") == small.count("\nmodule ")
