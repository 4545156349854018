"""Bench of the multiply-accumulate units: every output against the expected code, every cycle.

The vector file holds a JSON header line and then, for each accepted input, `first a b expected` in
hexadecimal. Between inputs the bench inserts idle cycles with random inputs, during which nothing
may change, and it checks `o_valid` in every cycle: late, early and missing outputs all count as
mismatches.
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


@cocotb.test()
async def every_output_matches(dut):
    header, vectors = read_vectors(os.environ["BENCH_VECTORS"])
    # A value written after one clock edge is taken at the next: one more than the latency.
    delay = header["latency"] + 1
    noise = random.Random(header["seed"])
    width_a, width_b = len(dut.i_a), len(dut.i_b)
    report = {"vectors": len(vectors), "checked": 0, "mismatches": 0, "first_mismatches": []}

    def mismatch(index, got):
        report["mismatches"] += 1
        if len(report["first_mismatches"]) < _KEPT_MISMATCHES:
            report["first_mismatches"].append({"index": index, "got": got})

    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value = 1
    dut.i_valid.value = 0
    dut.i_first.value = 0
    dut.i_a.value = 0
    dut.i_b.value = 0
    for _ in range(delay + 2):
        await RisingEdge(dut.clk)
    dut.rst.value = 0

    drive = changed_only(dut.i_valid, dut.i_first, dut.i_a, dut.i_b)
    edge, o_valid, o = RisingEdge(dut.clk), dut.o_valid, dut.o
    # Index of the vector whose output is due, or None: one entry for each cycle in flight.
    in_flight = deque([None] * delay)
    following, draining = 0, delay
    while following < len(vectors) or draining:
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
        draining -= following == len(vectors)
        if following == len(vectors) or noise.randrange(_IDLE_ONE_IN) == 0:
            junk = noise.getrandbits
            drive(0, junk(1), junk(width_a), junk(width_b))
            in_flight.append(None)
        else:
            first, a, b, _ = vectors[following]
            drive(1, first, a, b)
            in_flight.append(following)
            following += 1

    with open(os.environ["BENCH_REPORT"], "w") as file:
        json.dump(report, file)
    assert vectors, "no vectors: nothing was verified"
    assert report["checked"] == len(vectors), "an output was missing"
    assert report["mismatches"] == 0, f"{report['mismatches']} mismatches"
