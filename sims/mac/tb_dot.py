"""Bench of the multiply-accumulate units: every output against the expected code, every cycle.

The vector file holds a JSON header line and then, for each accepted input, `first a b expected` in
hexadecimal. Sums that take turns (`interleave` of the header) are dealt to the turns: each takes
the next sum of the file when its own has ended. Between inputs the bench inserts idle cycles with
random inputs, during which the sum whose turn it is must hold, and it checks `o_valid` in every
cycle: late, early and missing outputs all count as mismatches.
"""

import json
import os
import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

_IDLE_ONE_IN = 16
_KEPT_MISMATCHES = 16


def read_vectors(path):
    """Header, and one tuple (first, a, b, expected) for each input."""
    with open(path) as file:
        header = json.loads(file.readline())
        return header, [tuple(int(word, 16) for word in line.split()) for line in file]


def changed_only(*ports):
    """A function that writes those ports whose value is new: writes cost more than comparisons."""
    last = [None] * len(ports)

    def drive(*values):
        for k, (port, value) in enumerate(zip(ports, values, strict=True)):
            if value != last[k]:
                port.value = last[k] = value

    return drive


def whole_sums(vectors):
    """A function that gives the indices of one more sum, until there is none."""
    starts = [k for k, vector in enumerate(vectors) if vector[0]]
    return map(range, starts, [*starts[1:], len(vectors)])


def conclude(report):
    with open(os.environ["BENCH_REPORT"], "w") as file:
        json.dump(report, file)
    assert report["vectors"], "no vectors: nothing was verified"
    assert report["checked"] == report["vectors"], "an output was missing"
    assert report["mismatches"] == 0, f"{report['mismatches']} mismatches"


async def reset(dut, cycles):
    dut.rst.value = 1
    for port in (dut.i_valid, dut.i_first, dut.i_a, dut.i_b):
        port.value = 0
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def every_output_matches(dut):
    header, vectors = read_vectors(os.environ["BENCH_VECTORS"])
    # A value written after one clock edge is taken at the next: one more than the latency.
    delay, slots = header["latency"] + 1, header["interleave"]
    noise = random.Random(header["seed"])
    width_a, width_b = len(dut.i_a), len(dut.i_b)
    report = {"vectors": len(vectors), "checked": 0, "mismatches": 0, "first_mismatches": []}

    def mismatch(index, got):
        report["mismatches"] += 1
        if len(report["first_mismatches"]) < _KEPT_MISMATCHES:
            report["first_mismatches"].append({"index": index, "got": got})

    Clock(dut.clk, 2, unit="ns").start()
    await reset(dut, delay + 2)
    drive = changed_only(dut.i_valid, dut.i_first, dut.i_a, dut.i_b)
    edge, o_valid, o = RisingEdge(dut.clk), dut.o_valid, dut.o
    # Index of the vector whose output is due, or None: one entry for each cycle in flight.
    in_flight = deque([None] * delay)
    sums, left, draining = whole_sums(vectors), len(vectors), delay
    # What is left of the sum of each turn; the first is the one whose turn it is.
    turns = deque(iter(()) for _ in range(slots))
    while left or draining:
        await edge
        due = in_flight.popleft()
        valid = int(o_valid.value)
        if due is None:
            if valid:
                mismatch(None, "o_valid without an input")
        elif not valid:
            mismatch(due, "o_valid missing")
        else:
            report["checked"] += 1
            got = int(o.value)
            if got != vectors[due][3]:
                mismatch(due, got)
        draining -= left == 0
        index = None
        if noise.randrange(_IDLE_ONE_IN):
            index = next(turns[0], None)
            if index is None:
                turns[0] = iter(next(sums, ()))
                index = next(turns[0], None)
        turns.rotate(-1)
        in_flight.append(index)
        if index is None:
            junk = noise.getrandbits
            drive(0, junk(1), junk(width_a), junk(width_b))
        else:
            first, a, b, _ = vectors[index]
            drive(1, first, a, b)
            left -= 1

    conclude(report)
