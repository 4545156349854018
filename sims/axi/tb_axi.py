"""Bench of co-processors: jobs through the Python driver, against AXI models of cocotbext-axi.

Needs cocotb and cocotbext-axi. The vector file has a header in JSON, then a job in each line: its
registers, what memory holds before, and what it holds after. The models pause at random on all
channels. Memory is there only where the job's matrices are: any other access is answered by an
error, as are those that the job names as faulty. Protocol rules are checked at every edge.
"""

import json
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiResp, AxiSlave
from cocotbext.axi.address_space import Region
from coprocessor import Coprocessor, CoprocessorError

PERIOD_NS = 2
KEPT_MISMATCHES = 20
#: How often the driver reads the status of a job before it gives up.
POLLS = 100_000
WORD = 0xFFFFFFFF


class RefusedError(Exception):
    """An access that is answered by an error."""


class Memory(Region):
    """Memory in windows, anywhere in 64 bits of address; elsewhere every access is refused."""

    def __init__(self):
        super().__init__(1 << 64)
        self.fill([], [])

    def fill(self, windows, faults):
        """New contents: pairs of address and bytes. Faults are pairs of a kind and an address."""
        self.windows = [(address, bytearray(data)) for address, data in windows]
        self.faults = {(kind, address) for kind, address in faults}
        self.accesses = 0

    def _at(self, address, count, kind):
        self.accesses += 1
        if any((kind, byte) in self.faults for byte in range(address, address + count)):
            raise RefusedError(f"{kind} of {address:#x}")
        for base, data in self.windows:
            if base <= address and address + count <= base + len(data):
                return data, address - base
        raise RefusedError(f"{kind} of {address:#x}: nothing is there")

    async def _read(self, address, length, **_):
        data, at = self._at(address, length, "read")
        return bytes(data[at : at + length])

    async def _write(self, address, data, **_):
        window, at = self._at(address, len(data), "write")
        window[at : at + len(data)] = data


class Registers:
    """The registers, for the driver; it runs in a thread of its own."""

    def __init__(self, dut, pauses):
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
        quiet(self.master.write_if, self.master.read_if)
        channels = [self.master.write_if.aw_channel, self.master.write_if.w_channel]
        channels += [self.master.write_if.b_channel]
        channels += [self.master.read_if.ar_channel, self.master.read_if.r_channel]
        pauses(channels)
        self.read32 = resume(self.read)
        self.write32 = resume(self.write)

    async def read(self, offset):
        found = await self.master.read(offset, 4)
        if found.resp != AxiResp.OKAY:
            raise RefusedError(f"read of register {offset:#x}")
        return int.from_bytes(found.data, "little")

    async def write(self, offset, value):
        await self.write_bytes(offset, value.to_bytes(4, "little"))

    async def write_bytes(self, offset, data):
        done = await self.master.write(offset, data)
        if done.resp != AxiResp.OKAY:
            raise RefusedError(f"write of register {offset:#x}")


class Report:
    def __init__(self, vectors):
        self.counts = {"vectors": vectors, "checked": 0, "mismatches": 0}
        self.first = []

    def mismatch(self, text):
        self.counts["mismatches"] += 1
        if len(self.first) < KEPT_MISMATCHES:
            self.first.append({"stream": "", "index": None, "field": 0, "got": text})

    def check(self, right, text):
        if not right:
            self.mismatch(text)

    def write(self):
        shown = [found["got"] for found in self.first]
        report = {**self.counts, "first_mismatches": self.first, "shown": shown}
        with open(os.environ["BENCH_REPORT"], "w") as file:
            json.dump(report, file)
        for line in shown:
            cocotb.log.error(line)

    def conclude(self):
        report = self.counts
        assert report["vectors"], "no vectors: nothing was verified"
        assert report["checked"] == report["vectors"], "a result was not checked"
        assert report["mismatches"] == 0, f"{report['mismatches']} mismatches"


def quiet(*parts):
    for part in parts:
        part.log.setLevel("ERROR")


def pausing(noise, most):
    """A function that lets channels pause, each at its own rate, up to `most` of all cycles."""

    def generator(share, seed):
        own = random.Random(seed)
        while True:
            yield own.random() < share

    def start(channels):
        for channel in channels:
            share = noise.choice([0, most * noise.random()])
            channel.set_pause_generator(generator(share, noise.random()))

    return start


async def rules(dut, report):
    """An offered transfer stays as it is until it is taken."""
    channels = {
        name: [getattr(dut, f"{name}{field}") for field in fields]
        for name, fields in {
            "m_axi_ar": ("addr", "len"),
            "m_axi_aw": ("addr", "len"),
            "m_axi_w": ("data", "strb", "last"),
            "s_axi_b": ("resp",),
            "s_axi_r": ("data", "resp"),
        }.items()
    }
    handshakes = {
        name: (getattr(dut, f"{name}valid"), getattr(dut, f"{name}ready")) for name in channels
    }
    waiting = {}
    while True:
        await RisingEdge(dut.aclk)
        await ReadOnly()
        for name, fields in channels.items():
            valid, ready = handshakes[name]
            before = waiting.pop(name, None)
            if not int(valid.value):
                report.check(before is None, f"{name}valid fell before the transfer was taken")
                continue
            now = [int(field.value) for field in fields]
            report.check(before in (None, now), f"{name} changed before it was taken")
            if not int(ready.value):
                waiting[name] = now


async def check_registers(registers, table, noise, report):
    """Every register, and every address where none is."""
    found = {register["offset"]: (name, register) for name, register in table.items()}
    for offset in range(0, (1 << max(found).bit_length()), 4):
        if offset not in found:
            await refused(report, registers.read(offset), f"read of {offset:#x}, no register")
            await refused(report, registers.write(offset, 1), f"write of {offset:#x}, no register")
            continue
        name, register = found[offset]
        value = await registers.read(offset)
        report.check(value == register["value"], f"{name} reads {value:#x} after reset")
        if register["kind"] in ("constant", "status"):
            await refused(report, registers.write(offset, WORD), f"write of {name}")
        if register["kind"] != "setting":
            continue
        mask = (1 << register["bits"]) - 1
        wanted = value
        for _ in range(4):
            first = noise.randrange(4)
            data = noise.randbytes(noise.randrange(1, 5 - first))
            await registers.write_bytes(offset + first, data)
            bits = ((1 << 8 * len(data)) - 1) << 8 * first
            wanted = (wanted & ~bits | int.from_bytes(data, "little") << 8 * first) & mask
            value = await registers.read(offset)
            report.check(value == wanted, f"{name} reads {value:#x}, {wanted:#x} was written")
        await registers.write(offset, register["value"])


async def refused(report, access, text):
    """Check that an access is answered by an error."""
    try:
        await access
    except RefusedError:
        return
    report.mismatch(f"{text}: no error")


async def check_busy(registers, table, noise, report):
    """While a job runs, registers refuse writes, but the interrupt's."""
    status = table["STATUS"]["offset"]
    name, register = noise.choice([item for item in table.items() if item[1]["kind"] == "setting"])
    before = await registers.read(register["offset"])
    try:
        await registers.write(register["offset"], before)
        took = True
    except RefusedError:
        took = False
    # The job may have ended by now; then nothing can be said.
    if await registers.read(status) & 1:
        report.check(took == register["always"], f"{name} during a job: write taken: {took}")


class Runner:
    """Runs jobs, one after another."""

    def __init__(self, dut, header, report, noise):
        self.dut, self.header, self.report, self.noise = dut, header, report, noise
        pauses = pausing(noise, header["pauses"])
        self.memory = Memory()
        bus = AxiBus.from_prefix(dut, "m_axi")
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.slave = AxiSlave(bus, dut.aclk, target=self.memory, **reset)
        quiet(self.slave.write_if, self.slave.read_if)
        self.registers = Registers(dut, pauses)
        write, read = self.slave.write_if, self.slave.read_if
        self.channels = [write.aw_channel, write.w_channel, write.b_channel]
        self.channels += [read.ar_channel, read.r_channel]
        self.pauses = pauses
        self.transfers = 0
        self.engine = None
        self.cycles = []

    async def run(self, number, job):
        """Run a job and compare how it ends, and all of memory."""
        self.pauses(self.channels)
        windows = [(address, bytes.fromhex(data)) for address, data in job["before"]]
        self.memory.fill(windows, [tuple(fault) for fault in job["faults"]])
        enabled = self.noise.random() < 0.5
        error = await bridge(self._drive)(job["call"], enabled)
        self.transfers += self.memory.accesses
        report, place = self.report, f"job {number}, {job['purpose']}, {job['call']}"
        report.check(error == job["error"], f"{place}: error {error}, expected {job['error']}")
        irq = int(self.dut.irq.value)
        report.check(irq == enabled, f"{place}: irq is {irq}, enabled {enabled}")
        if not self.header["pauses"]:
            self.cycles.append(await bridge(self.engine.cycles)())
        if self.noise.random() < 0.5:
            await bridge(self.engine.clear)()
            report.check(not int(self.dut.irq.value), f"{place}: irq is high after clear")
        report.counts["checked"] += job["results"]
        if error == "none":
            done = self.memory.accesses
            report.check(
                done == job["accesses"], f"{place}: {done} words, {job['accesses']} needed"
            )
        wanted = dict(job["after"])
        for base, data in self.memory.windows:
            if base in wanted:
                self._compare(place, base, bytes.fromhex(wanted[base]), bytes(data))

    def _compare(self, place, base, wanted, found):
        """Compare a window of memory, byte by byte."""
        for at, (want, got) in enumerate(zip(wanted, found, strict=True)):
            if want != got:
                where = f"{place}: byte {at} of the window at {base:#x}"
                self.report.mismatch(f"{where}: expected {want:#04x}, got {got:#04x}")

    def _drive(self, call, enabled):
        if self.engine is None:
            self.engine = Coprocessor(self.registers, self.header)
        self.engine.enable_interrupt(enabled)
        self.engine.start(**call)
        if self.noise.random() < 0.5:
            table = self.engine.registers
            resume(check_busy)(self.registers, table, self.noise, self.report)
        try:
            self.engine.wait(POLLS)
        except CoprocessorError as error:
            return str(error).partition(":")[0]
        return "none"


@cocotb.test()
async def every_job_ends_as_it_should(dut):
    with open(os.environ["BENCH_VECTORS"]) as file:
        header, *jobs = map(json.loads, file)
    report = Report(sum(job["results"] for job in jobs))
    ended = False
    try:
        await run(dut, header, jobs, report)
        ended = True
    finally:
        # A bus model that finds a rule broken ends the bench.
        report.check(ended, "a model of the bus ended the simulation: see test.log")
        report.write()
    report.conclude()


async def run(dut, header, jobs, report):
    """Reset, then every register, then every job."""
    noise = random.Random(header["seed"])
    runner = Runner(dut, header, report, noise)
    dut.aresetn.value = 0
    Clock(dut.aclk, PERIOD_NS, unit="ns").start()
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    cocotb.start_soon(rules(dut, report))
    await check_registers(runner.registers, header["registers"], noise, report)
    for number, job in enumerate(jobs):
        await runner.run(number, job)
    accesses = runner.memory.accesses
    await ClockCycles(dut.aclk, 100)
    report.check(runner.memory.accesses == accesses, "an access to memory after the last job")
    report.counts |= {"transfers": runner.transfers, "cycles": runner.cycles}
