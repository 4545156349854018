"""Bench of the units without running sum: every output against the expected code.

The vector file holds a JSON header line and then, for each input, the codes of the columns that the
header names, in hexadecimal; the last is the expected output. A unit with stages takes inputs in
every cycle; one without has no clock, and its output follows its inputs.
"""

import json
import os
from itertools import chain, repeat

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

_KEPT_MISMATCHES = 16


def read_vectors(path):
    """Header, and one tuple (inputs..., expected) for each input."""
    with open(path) as file:
        header = json.loads(file.readline())
        return header, [tuple(int(word, 16) for word in line.split()) for line in file]


@cocotb.test()
async def every_output_matches(dut):
    header, vectors = read_vectors(os.environ["BENCH_VECTORS"])
    inputs = [getattr(dut, name) for name in header["columns"][:-1]]
    o = getattr(dut, header["columns"][-1])
    report = {"vectors": len(vectors), "checked": 0, "mismatches": 0, "first_mismatches": []}

    if header["latency"]:
        Clock(dut.clk, 2, unit="ns").start()
        wait = RisingEdge(dut.clk)
        # A value written after one clock edge is taken at the next: one more than the latency.
        delay = header["latency"] + 1
        await wait
    else:
        wait, delay = Timer(1, "ns"), 1

    last = [None] * len(inputs)
    for index, vector in enumerate(chain(vectors, repeat(None, delay)), start=-delay):
        if index >= 0:
            report["checked"] += 1
            got = int(o.value)
            if got != vectors[index][-1]:
                report["mismatches"] += 1
                if len(report["first_mismatches"]) < _KEPT_MISMATCHES:
                    report["first_mismatches"].append({"index": index, "got": got})
        if vector is not None:
            for k, port in enumerate(inputs):
                if vector[k] != last[k]:
                    port.value = last[k] = vector[k]
        await wait

    with open(os.environ["BENCH_REPORT"], "w") as file:
        json.dump(report, file)
    assert vectors, "no vectors: nothing was verified"
    assert report["checked"] == len(vectors), "an output was missing"
    assert report["mismatches"] == 0, f"{report['mismatches']} mismatches"
