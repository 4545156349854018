"""The multiplier of tiles: every product, and tiles that rest."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator
from gate_level import GateLevel

from hwdse.hdl import tiles
from hwdse.hdl.tiles import Tiles, parts


def test_parts_of_a_word():
    assert parts(13, 0) == [range(13)]
    assert parts(13, 1) == [range(6), range(6, 13)]
    assert parts(13, 2) == [range(3), range(3, 6), range(6, 9), range(9, 13)]


@pytest.mark.parametrize(("width", "depth"), [(1, 0), (4, 0), (4, 2), (5, 1), (7, 2)])
def test_every_product_of_words_and_of_parts(width, depth):
    multiply = GateLevel(Tiles(width, depth))
    a, b = (x.ravel() for x in np.meshgrid(*[np.arange(1 << width)] * 2))
    for halvings in range(depth + 1):
        # Parts of fewer halvings are not whole.
        whole = (1 << depth) - (1 << halvings)
        given = {"a": a, "b": b, **({"whole": np.full(len(a), whole)} if depth else {})}
        found = multiply(**given)["o"]
        expected = np.zeros_like(a)
        for part in parts(width, halvings):
            x, y = (word >> part.start & (1 << len(part)) - 1 for word in (a, b))
            expected += x * y << 2 * part.start
        assert np.array_equal(found, expected)


def test_operands_of_tiles_that_no_number_needs_rest(monkeypatch):
    made = []
    plain = tiles.Signal

    def recorded(*arguments, **named):
        made.append(plain(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(tiles, "Signal", recorded)
    multiply = Tiles(12, 2)
    m = Module()
    m.submodules.multiply = multiply.elaborate(None)
    rng = np.random.default_rng(1)
    seen = {}

    async def bench(ctx):
        for whole in (0b00, 0b10, 0b11):
            ctx.set(multiply.whole, whole)
            for _ in range(40):
                ctx.set(multiply.a, int(rng.integers(0, 1 << 12)))
                ctx.set(multiply.b, int(rng.integers(0, 1 << 12)))
                for number, signal in enumerate(made):
                    seen.setdefault((whole, number), set()).add(ctx.get(signal))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    resting = [
        sum(seen[whole, number] == {0} for number in range(len(made)))
        for whole in (0b00, 0b10, 0b11)
    ]
    # Six tiles beside the diagonal, each with two operands; two of them join the halves.
    assert (len(made), resting) == (12, [12, 4, 0])
