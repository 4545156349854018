"""Bench by cocotbext-axi, which knows AXI4-Stream and nothing of hwdse.

Packets go in and come out with pauses at random on both sides; the file BENCH_VECTORS says which.
"""

import json
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource


def pauses(seed, share):
    noise = random.Random(seed)
    while True:
        yield noise.random() < share


@cocotb.test()
async def every_packet_has_its_result(dut):
    with open(os.environ["BENCH_VECTORS"]) as file:
        next(file)
        packets = [json.loads(line) for line in file]
    source, sink = (
        kind(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)
        for kind, prefix in ((AxiStreamSource, "s_axis"), (AxiStreamSink, "m_axis"))
    )
    source.log.setLevel("WARNING")
    sink.log.setLevel("WARNING")
    dut.aresetn.value = 0
    Clock(dut.aclk, 2, unit="ns").start()
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    source.set_pause_generator(pauses(1, 0.3))
    sink.set_pause_generator(pauses(2, 0.4))
    for packet in packets:
        given = {"tid": packet["id"]} if "id" in packet else {}
        await source.send(AxiStreamFrame(bytes.fromhex(packet["given"]), **given))
    wrong = 0
    for packet in packets:
        frame = await sink.recv()
        wrong += bytes(frame.tdata).hex() != packet["expected"]
    await ClockCycles(dut.aclk, 100)
    wrong += not sink.empty()
    report = {"vectors": len(packets), "checked": len(packets), "mismatches": int(wrong)}
    with open(os.environ["BENCH_REPORT"], "w") as file:
        json.dump({**report, "first_mismatches": []}, file)
    assert not wrong
