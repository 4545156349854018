"""Bench by cocotbext-axi, which knows AXI4-Stream and nothing of hwdse.

Packets go in and come out with pauses at random on both sides, or without a pause, as the file
BENCH_VECTORS says. Without one, a transfer passes in each cycle.
"""

import json
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

PERIOD_NS = 2


def pauses(seed, share):
    noise = random.Random(seed)
    while True:
        yield noise.random() < share


@cocotb.test()
async def every_packet_has_its_result(dut):
    with open(os.environ["BENCH_VECTORS"]) as file:
        pauses_wanted = json.loads(next(file))["pauses"]
        packets = [json.loads(line) for line in file]
    source, sink = (
        kind(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)
        for kind, prefix in ((AxiStreamSource, "s_axis"), (AxiStreamSink, "m_axis"))
    )
    source.log.setLevel("WARNING")
    sink.log.setLevel("WARNING")
    dut.aresetn.value = 0
    Clock(dut.aclk, PERIOD_NS, unit="ns").start()
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    if pauses_wanted:
        source.set_pause_generator(pauses(1, 0.3))
        sink.set_pause_generator(pauses(2, 0.4))
    begin = get_sim_time("ns")
    for packet in packets:
        given = {"tid": packet["id"]} if "id" in packet else {}
        await source.send(AxiStreamFrame(bytes.fromhex(packet["given"]), **given))
    wrong = 0
    for packet in packets:
        frame = await sink.recv()
        wrong += bytes(frame.tdata).hex() != packet["expected"]
    cycles = (get_sim_time("ns") - begin) / PERIOD_NS
    transfers = sum(len(packet["given"]) for packet in packets) // (len(dut.s_axis_tdata) // 4)
    if not pauses_wanted:
        wrong += cycles > transfers + 50
    await ClockCycles(dut.aclk, 100)
    wrong += not sink.empty()
    report = {"vectors": len(packets), "checked": len(packets), "mismatches": int(wrong)}
    with open(os.environ["BENCH_REPORT"], "w") as file:
        json.dump({**report, "first_mismatches": []}, file)
    assert not wrong
