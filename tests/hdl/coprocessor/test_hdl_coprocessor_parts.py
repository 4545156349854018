"""Parts of the co-processor alone: the addresses of bursts, and the arithmetic of results."""

import random
from fractions import Fraction
from math import ceil, floor

import pytest
from amaranth.sim import Simulator

from hwdse import formats
from hwdse.hdl.coprocessor.bursts import Bursts
from hwdse.hdl.coprocessor.output_stage import OutputStage
from hwdse.hdl.coprocessor.row_reader import RowReader


def simulated(part, bench) -> None:
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def expected_bursts(address: int, stride: int, lines: int, words: int, word: int):
    """Address and words of each burst: words in order, cut at multiples of 16 words."""
    for line in range(lines):
        first = (address + line * stride) // word
        begins = [w for w in range(first, first + words) if w == first or w % 16 == 0]
        for begin, end in zip(begins, [*begins[1:], first + words], strict=True):
            yield begin * word % (1 << 64), end - begin


@pytest.mark.parametrize("word", [4, 8])
def test_bursts_cover_all_words_and_cross_no_boundary(word: int) -> None:
    part, noise = Bursts(word, lines=5, words=50), random.Random(word)

    async def bench(ctx) -> None:
        for _ in range(60):
            command = {
                "address": noise.getrandbits(64) & -word,
                "stride": noise.getrandbits(noise.choice([8, 32])) & -word,
                "lines": noise.randint(1, 5),
                "words": noise.randint(1, noise.choice([2, 17, 50])),
            }
            for name, value in command.items():
                ctx.set(getattr(part, name), value)
            ctx.set(part.start, 1)
            await ctx.tick()
            ctx.set(part.start, 0)
            found = []
            while ctx.get(part.busy):
                ready = noise.random() < 0.6
                ctx.set(part.ready, ready)
                if ready and ctx.get(part.valid):
                    found.append((ctx.get(part.addr), ctx.get(part.len) + 1))
                await ctx.tick()
            assert found == list(expected_bursts(**command, word=word))
            for address, words in found:
                assert address // 4096 == (address + words * word - 1) // 4096

    simulated(part, bench)


@pytest.mark.parametrize(
    ("rounding", "rounded"), [("rne", round), ("up", ceil), ("down", floor), ("rtz", int)]
)
def test_results_are_rounded_once_from_the_exact_number(rounding: str, rounded) -> None:
    """Sums in units of 1/4, results in units of 1/2, at any pace of the receiver."""
    sums, out = formats.parse("q4_2"), formats.parse("q3_1")
    part, noise = OutputStage(sums, out, rounding), random.Random(0)
    inputs = [
        (total, bias, scale, noise.randrange(2))
        for total in range(-32, 32)
        for bias in (0, 1, -37, (1 << 31) - 1, -(1 << 31))
        for scale in (1, -3, noise.randrange(-(1 << 31), 1 << 31))
    ]
    noise.shuffle(inputs)
    # The shift is the same for all results that are on their way.
    jobs = [
        (shift, inputs[k::12]) for k, shift in enumerate([0, 1, 2, 3, 7, 8, 9, 31, 33, 40, 62, 63])
    ]

    async def bench(ctx) -> None:
        for shift, given in jobs:
            ctx.set(part.shift, shift)
            waiting, found = list(given), []
            while len(found) < len(given):
                valid, ready = bool(waiting) and noise.random() < 0.8, noise.random() < 0.8
                ctx.set(part.in_valid, valid)
                ctx.set(part.ready, ready)
                if valid:
                    total, bias, scale, last = waiting[0]
                    for port, value in ((part.in_data, total), (part.bias, bias)):
                        ctx.set(port, value & ((1 << len(port)) - 1))
                    ctx.set(part.scale, scale & 0xFFFFFFFF)
                    ctx.set(part.in_last, last)
                if ready and ctx.get(part.valid):
                    found.append((ctx.get(part.o), ctx.get(part.last)))
                if valid and ctx.get(part.in_ready):
                    waiting.pop(0)
                await ctx.tick()
            for (total, bias, scale, last), (code, marked) in zip(given, found, strict=True):
                exact = Fraction((total + bias) * scale, 4 << shift)
                number = min(max(rounded(exact * 2), -8), 7)
                assert (code, marked) == (number & 15, last), (total, bias, scale, shift)

    simulated(part, bench)


def test_rows_and_columns_beyond_the_tile_are_dropped() -> None:
    part, noise = RowReader(4, 3, 8), random.Random(1)

    async def bench(ctx) -> None:
        for lines, count in [(4, 3), (1, 1), (2, 3), (4, 2), (3, 1)]:
            rows = [[noise.randrange(256) for _ in range(3)] for _ in range(4)]
            ctx.set(part.lines, lines)
            ctx.set(part.count, count)
            ctx.set(part.start, 1)
            await ctx.tick()
            ctx.set(part.start, 0)
            waiting, found = list(rows), []
            while ctx.get(part.busy):
                valid, ready = bool(waiting) and noise.random() < 0.7, noise.random() < 0.7
                ctx.set(part.row_valid, valid)
                ctx.set(part.ready, ready)
                if valid:
                    ctx.set(part.row, sum(code << 8 * k for k, code in enumerate(waiting[0])))
                if ready and ctx.get(part.valid):
                    found.append((ctx.get(part.column), ctx.get(part.o), ctx.get(part.last)))
                if valid and ctx.get(part.row_ready):
                    waiting.pop(0)
                await ctx.tick()
            assert waiting == []
            assert found == [
                (k, row[k], k == count - 1) for row in rows[:lines] for k in range(count)
            ]

    simulated(part, bench)
