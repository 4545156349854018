"""Bench of any unit whose interface is a set of streams: compares every output transfer.

The vector file begins with a JSON line that describes the streams. The transfers of all streams
follow, one per line, in hexadecimal. The bench drives the input streams, with random idle cycles.
It holds back outputs with a `ready` signal at random. It compares the words of every output
transfer, and checks that the transfer comes at the time that its stream specifies. It also checks
that no transfer is lost, doubled, or changed while it waits.

Some streams have sequences of transfers (sums). The transfers of a sequence stay in order. If
sequences take turns, cycle t belongs to turn t mod `turns`. When the sequence of a turn ends, the
turn takes the next sequence of the file.
"""

import json
import math
import os
import random
from collections import deque
from itertools import islice

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer

IDLE_ONE_IN = 16
WAIT_ONE_IN = 4
KEPT_MISMATCHES = 16
#: Cycles without any transfer after which a unit counts as stuck.
PATIENCE = 10000


def read_vectors(path):
    """The header, and the transfers of each stream (by name) as tuples of words."""
    with open(path) as file:
        header = json.loads(file.readline())
        transfers = {}
        for stream in header["streams"]:
            lines = islice(file, stream["transfers"])
            transfers[stream["name"]] = [
                tuple(int(word, 16) for word in line.split()) for line in lines
            ]
    return header, transfers


class Report:
    """The counts and the first mismatches."""

    def __init__(self, header, transfers):
        self._header, self._transfers = header, transfers
        outputs = [s["transfers"] for s in header["streams"] if s["direction"] == "output"]
        self.counts = {"vectors": sum(outputs), "checked": 0, "mismatches": 0}
        self.first = []

    def mismatch(self, stream, index, got, field=0):
        self.counts["mismatches"] += 1
        if len(self.first) < KEPT_MISMATCHES:
            self.first.append({"stream": stream, "index": index, "field": field, "got": got})

    def conclude(self):
        shown = [self._line(**found) for found in self.first]
        report = {**self.counts, "first_mismatches": self.first, "shown": shown}
        with open(os.environ["BENCH_REPORT"], "w") as file:
            json.dump(report, file)
        for line in shown:
            cocotb.log.error(line)
        assert report["vectors"], "no vectors: nothing was verified"
        assert report["checked"] == report["vectors"], "an output was missing"
        assert report["mismatches"] == 0, f"{report['mismatches']} mismatches"

    def _line(self, stream, index, field, got):
        """A mismatch as text for a person."""
        if index is None:
            return f"stream {stream}: {got}"
        streams = {s["name"]: s for s in self._header["streams"]}
        output = streams[stream]
        first = int(output["answers"])
        transfer = self._transfers[stream][index]
        asked = transfer[0] if first else index
        source = streams[output["follows"]]
        words = self._transfers[source["name"]][asked]
        inputs = ", ".join(
            f"{part['port']}={shown(part, word)}"
            for part, word in zip(source["fields"], words, strict=True)
        )
        part = output["fields"][field]
        want = transfer[first + field]
        line = f"stream {stream}, transfer {index}: {inputs}: expected {shown(part, want)}, "
        if isinstance(got, str):
            return line + got
        return line + f"got {shown(part, got)}{apart(part, want, got)}"


def shown(field, word):
    """A word in hexadecimal, with the values of its elements if the header describes them."""
    bits, count = field["bits"], field["elements"]
    codes = [word >> (k * bits) & ((1 << bits) - 1) for k in range(min(count, 8))]
    values = [value(field, code) for code in codes]
    if field["values"]["kind"] in ("number", "code"):
        return f"0x{word:x}"
    text = " ".join(f"{v:.9g}" for v in values) + (" ..." if count > len(codes) else "")
    return f"0x{word:x} ({text})"


def value(field, code):
    """The value of a code as a float; None if the header does not describe it."""
    told, bits = field["values"], field["bits"]
    kind, sign = told["kind"], code >> (bits - 1) & 1
    if kind == "list":
        return float(told["values"][code])
    if kind == "fixed":
        number = code - (1 << bits) if told["signed"] and sign else code
        return math.ldexp(number, told["lsb_exponent"])
    if kind == "float":
        return float_value(code & ((1 << (bits - 1)) - 1), bits, told) * (-1.0) ** sign
    if kind == "posit":
        return posit_value(code, bits, told["es"])
    return None


def float_value(magnitude, bits, told):
    """The magnitude of an IEEE 754 code without its sign."""
    width = told["fraction_bits"]
    exponent, fraction = magnitude >> width, magnitude & ((1 << width) - 1)
    if exponent == (1 << (bits - 1 - width)) - 1:
        return math.nan if fraction else math.inf
    whole = fraction if exponent == 0 else fraction + (1 << width)
    try:
        return math.ldexp(whole, max(exponent, 1) - told["bias"] - width)
    except OverflowError:
        return math.inf


def posit_value(code, bits, es):
    """The value of a posit (2022 standard, any number of exponent bits)."""
    if code in (0, 1 << (bits - 1)):
        return math.nan if code else 0.0
    negative = code >> (bits - 1)
    code = (1 << bits) - code if negative else code
    digits = f"{code:0{bits}b}"[1:]
    run = len(digits) - len(digits.lstrip(digits[0]))
    regime = run - 1 if digits[0] == "1" else -run
    rest = digits[run + 1 :].ljust(es, "0")
    fraction = int(rest[es:] or "0", 2)
    scale = regime * 2**es + int(rest[:es] or "0", 2)
    magnitude = math.ldexp(1 + fraction / 2.0 ** len(rest[es:]), scale)
    return -magnitude if negative else magnitude


def apart(field, want, got):
    """The distance of two codes in units in the last place, as the end of a sentence."""
    if field["values"]["kind"] not in ("float", "fixed") or field["elements"] > 1:
        return ""
    bits = field["bits"]
    half = 1 << (bits - 1)
    if field["values"]["kind"] == "fixed":
        signed = field["values"]["signed"]
        places = [code - 2 * half if signed and code >= half else code for code in (want, got)]
    else:
        if not all(math.isfinite(value(field, code)) for code in (want, got)):
            return ""
        places = [half - code if code >= half else code for code in (want, got)]
    return f", {abs(places[0] - places[1])} ulp apart"


class Ports:
    """Writes only ports whose value changes: a write costs more than a comparison."""

    def __init__(self, dut, names):
        self._ports = [getattr(dut, name) for name in names]
        self._last = [None] * len(names)
        self.widths = [len(port) for port in self._ports]

    def drive(self, values):
        for k, value in enumerate(values):
            if value != self._last[k]:
                self._ports[k].value = self._last[k] = value


class Source:
    """Drives an input stream; `accepted` is the index of the transfer taken at the last edge."""

    def __init__(self, dut, stream, transfers, turns, noise):
        self._stream, self._transfers, self._noise = stream, transfers, noise
        fields = stream["fields"]
        self._valid = Ports(dut, [stream["valid"]]) if stream["valid"] else None
        self._ready = getattr(dut, stream["ready"]) if stream["ready"] else None
        self._data = Ports(dut, [field["port"] for field in fields])
        named = stream["starts"]
        starts = [k for k, field in enumerate(fields) if named and field["name"] == named]
        self._sequences = iter(sequences(transfers, starts[0] if starts else None))
        # The rest of the current sequence of each turn. The first entry is the turn of this cycle.
        self._turns = deque(iter(()) for _ in range(turns))
        self._offered = None
        self.left = len(transfers)
        self.accepted = None

    def sample(self):
        """Find out whether the unit takes the offered transfer at this edge."""
        self.accepted = None
        if self._offered is not None and (self._ready is None or int(self._ready.value)):
            self.accepted, self._offered = self._offered, None
            self.left -= 1

    def offer(self):
        """Offer a transfer for the next edge, or idle."""
        if self._offered is not None:
            return  # a transfer that waits for `ready` must not change
        index = None
        if self._valid is None or self._noise.randrange(IDLE_ONE_IN):
            index = next(self._turns[0], None)
            if index is None:
                self._turns[0] = iter(next(self._sequences, ()))
                index = next(self._turns[0], None)
        self._turns.rotate(-1)
        self._offered = index
        if index is None and self._valid is None:
            return
        if self._valid is not None:
            self._valid.drive((int(index is not None),))
        if index is None:
            self._data.drive([self._noise.getrandbits(width) for width in self._data.widths])
        else:
            self._data.drive(self._transfers[index])

    def rest(self):
        """Drive idle values, before any transfer is offered."""
        if self._valid is not None:
            self._valid.drive((0,))
        self._data.drive([0] * len(self._data.widths))


class Sink:
    """Takes an output stream and compares its transfers."""

    def __init__(self, dut, stream, transfers, noise, report):
        self._name, self._latency, self._noise = stream["name"], stream["latency"], noise
        self._report = report
        first = int(stream["answers"])
        self._expected = [transfer[first:] for transfer in transfers]
        # For each input transfer, the indices of the output transfers that answer it.
        self._answers = {}
        for k, transfer in enumerate(transfers):
            self._answers.setdefault(transfer[0] if first else k, []).append(k)
        self._valid = getattr(dut, stream["valid"]) if stream["valid"] else None
        self._ready = Ports(dut, [stream["ready"]]) if stream["ready"] else None
        self._data = [getattr(dut, field["port"]) for field in stream["fields"]]
        self._due = deque()
        # With a fixed latency: the output transfers that are due in each of the next cycles.
        self._coming = deque([()] * self._latency) if self._latency is not None else None
        self._waiting, self._willing, self._patient = None, True, False
        self.left = len(transfers)

    def expect(self, accepted):
        """Record the output transfers that answer the input transfer `accepted` (or None)."""
        brought = () if accepted is None else self._answers.get(accepted, ())
        if self._coming is None:
            self._due.extend(brought)
            return
        self._coming.append(brought)
        self._due.extend(self._coming.popleft())

    def sample(self):
        """Compare the outputs at this edge; returns whether a transfer took place."""
        if self._valid is None:
            if self._due:
                self._compare(self._due.popleft(), tuple(int(port.value) for port in self._data))
                return True
            return False
        if not int(self._valid.value):
            if self._waiting is not None:
                self._report.mismatch(self._name, None, f"{self._name}_valid dropped while waiting")
                self._waiting = None
            if self._coming is not None and self._due:
                self.left -= 1
                self._report.mismatch(
                    self._name, self._due.popleft(), f"{self._name}_valid missing"
                )
            return False
        got = tuple(int(port.value) for port in self._data)
        if self._waiting is not None and got != self._waiting:
            self._report.mismatch(self._name, None, f"{self._name} changed while waiting")
        self._waiting = None if self._willing else got
        if not self._willing:
            return False
        if self._due:
            self._compare(self._due.popleft(), got)
        else:
            self._report.mismatch(self._name, None, f"{self._name}_valid without an input")
        return True

    def _compare(self, index, got):
        self.left -= 1
        self._report.counts["checked"] += 1
        wanted = self._expected[index]
        if got != wanted:
            field = [x == y for x, y in zip(got, wanted, strict=True)].index(False)
            self._report.mismatch(self._name, index, got[field], field)

    def choose(self):
        """Decide whether to take a transfer at the next edge.

        Sometimes `ready` comes only after `valid`, because no unit may wait for it.
        """
        if self._ready is None:
            return
        if self._willing:
            self._patient = self._noise.randrange(WAIT_ONE_IN) == 0
        if self._patient:
            self._willing = self._waiting is not None
        else:
            self._willing = self._noise.randrange(WAIT_ONE_IN) > 0
        self._ready.drive((int(self._willing),))

    def missing(self):
        for index in self._due:
            self._report.mismatch(self._name, index, f"{self._name}: a transfer is missing")


def sequences(transfers, starts):
    """The ranges of transfers that keep their order. Each begins at a start of a sequence."""
    if starts is None:
        return [range(len(transfers))]
    at = [k for k, transfer in enumerate(transfers) if transfer[starts]]
    return map(range, at, [*at[1:], len(transfers)])


async def reset(port, low, wait, cycles):
    port.value = int(not low)
    for _ in range(cycles):
        await wait
    port.value = int(low)


@cocotb.test()
async def every_output_matches(dut):
    header, transfers = read_vectors(os.environ["BENCH_VECTORS"])
    noise = random.Random(header["seed"])
    streams = {stream["name"]: stream for stream in header["streams"]}
    outputs = [stream for stream in streams.values() if stream["direction"] == "output"]
    report = Report(header, transfers)
    sources = {
        name: Source(dut, stream, transfers[name], header["turns"], noise)
        for name, stream in streams.items()
        if stream["direction"] == "input"
    }
    sinks = [
        (sources[stream["follows"]], Sink(dut, stream, transfers[stream["name"]], noise, report))
        for stream in outputs
    ]
    for source in sources.values():
        source.rest()
    for _, sink in sinks:
        sink.choose()
    longest = max((stream["latency"] or 0 for stream in outputs), default=0)
    if header["clock"]:
        clock = getattr(dut, header["clock"])
        Clock(clock, 2, unit="ns").start()
        wait = RisingEdge(clock)
        if header["reset"]:
            port = getattr(dut, header["reset"])
            await reset(port, header["reset_low"], wait, header["reset_cycles"])
        else:
            await wait
    else:
        wait = Timer(1, "ns")
    # The number of cycles to look for outputs that no input asked for.
    extra = 1 + (longest if all(stream["latency"] is not None for stream in outputs) else 64)
    quiet, draining = 0, extra
    while draining and quiet < PATIENCE:
        for source in sources.values():
            source.offer()
        await wait
        moved = False
        for source in sources.values():
            source.sample()
            moved |= source.accepted is not None
        for source, sink in sinks:
            sink.expect(source.accepted)
            moved |= sink.sample()
            sink.choose()
        quiet = 0 if moved else quiet + 1
        ended = not any(source.left for source in sources.values())
        ended = ended and not any(sink.left for _, sink in sinks)
        draining = draining - 1 if ended else extra
    for _, sink in sinks:
        sink.missing()
    report.conclude()
