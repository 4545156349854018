"""Python driver of a co-processor of `hwdse generate --interface axi`.

It needs Python's standard library, an object that reaches the registers, and the file
NAME_registers.json that lies beside it. `NAME.h` has the same calls for C.

    bus = ...  # has read32(offset) and write32(offset, value): /dev/mem, PYNQ, a simulation
    engine = Coprocessor(bus, "NAME_registers.json")
    engine.start(m=4, n=3, k=100, a=0x1000, a_stride=100, w=0x2000, w_stride=100, r=0x3000,
                 r_stride=4)
    engine.wait()

Matrices lie in memory row by row: A (M x K), W (N x K), the result R = A W^T (M x N). All
addresses and strides are multiples of a word of the memory's bus (`engine.word` bytes).
"""

import json
from pathlib import Path


class CoprocessorError(Exception):
    """The co-processor is another, a job cannot run, or a job failed; the message says which."""


class Coprocessor:
    """A co-processor behind its registers.

    Args:
        bus: an object with `read32(offset)` and `write32(offset, value)`.
        table: the contents of NAME_registers.json, or the path of that file.

    Raises:
        CoprocessorError: the registers are those of something else.
    """

    def __init__(self, bus, table):
        self._bus = bus
        self._table = table if isinstance(table, dict) else json.loads(Path(table).read_text())
        self.registers = self._table["registers"]
        for name in ("ID", "VERSION", "DESIGN", "ARRAY", "ELEMENTS"):
            wanted, found = self.registers[name]["value"], self.read(name)
            if found != wanted:
                raise CoprocessorError(f"register {name} reads {found:#010x}, not {wanted:#010x}")
        #: Rows and columns of the array, and bytes of a word of the memory's bus.
        self.rows, self.cols, self.word = map(self._constant("ARRAY"), ("rows", "cols", "word"))
        #: Bytes of an element of each matrix.
        self.element_bytes = {n: self._constant("ELEMENTS")(n) for n in ("a", "w", "r")}
        #: True if there are bias and scale.
        self.has_output_stage = bool(self._constant("ELEMENTS")("output_stage"))

    def _constant(self, register):
        return lambda name: self.field(register, name, self.registers[register]["value"])

    def field(self, register, name, value):
        """The bits of a field in the value of a register."""
        place = self.registers[register]["fields"][name]
        return value >> place["low"] & ((1 << place["bits"]) - 1)

    def read(self, register):
        """The value of a register."""
        return self._bus.read32(self.registers[register]["offset"])

    def write(self, register, value):
        """Write a register, all of its bits."""
        self._bus.write32(self.registers[register]["offset"], value & 0xFFFFFFFF)

    def start(
        self,
        *,
        m,
        n,
        k,
        a,
        a_stride,
        w,
        w_stride,
        r,
        r_stride,
        bias=None,
        scales=None,
        scale=1,
        shift=0,
    ):
        """Start a job, and do not wait for its end.

        Args:
            m, n, k: sizes of the matrices.
            a, w, r: addresses of A, W and the result.
            a_stride, w_stride, r_stride: bytes from row to row.
            bias: address of N biases, 32 bits each; None: no bias.
            scales: address of N factors, 32 bits each; None: `scale` for all columns.
            scale: factor for all columns.
            shift: binary places by which products with the factors move right, 0 to 63.

        Raises:
            CoprocessorError: the last job still runs, or bias and scale are not there.
        """
        if self.busy():
            raise CoprocessorError("a job runs")
        for name, value in {"M": m, "N": n, "K": k}.items():
            self.write(name, value)
        for name, address, stride in (("A", a, a_stride), ("W", w, w_stride), ("R", r, r_stride)):
            self._write_address(name, address)
            self.write(f"{name}_STRIDE", stride)
        if self.has_output_stage:
            if not 0 <= shift < 64:
                raise CoprocessorError(f"shift {shift}: 0 to 63 are allowed")
            self.write("OPTIONS", (bias is not None) | (scales is not None) << 1)
            self._write_address("BIAS", bias or 0)
            self._write_address("SCALES", scales or 0)
            self.write("SCALE", scale)
            self.write("SHIFT", shift)
        elif bias is not None or scales is not None or scale != 1 or shift:
            raise CoprocessorError("this co-processor has neither bias nor scale")
        self.write("CONTROL", 1 << self.registers["CONTROL"]["fields"]["start"]["low"])

    def _write_address(self, name, address):
        self.write(f"{name}_LOW", address)
        self.write(f"{name}_HIGH", address >> 32)

    def busy(self):
        """True while a job runs."""
        return bool(self.field("STATUS", "busy", self.read("STATUS")))

    def error(self):
        """Why the last job has ended: `none` if it ended well, otherwise a word of `errors`."""
        code = self.field("STATUS", "error", self.read("STATUS"))
        return next(name for name, error in self.errors.items() if error["code"] == code)

    @property
    def errors(self):
        """The codes and meanings of errors, by name."""
        return self._table["errors"]

    def wait(self, polls=1_000_000):
        """Wait for the end of the job.

        Args:
            polls: how often the status is read.

        Raises:
            CoprocessorError: the job failed, or has not ended.
        """
        for _ in range(polls):
            status = self.read("STATUS")
            if self.field("STATUS", "done", status):
                break
        else:
            raise CoprocessorError(f"the job has not ended: STATUS is {status:#x}")
        error = self.error()
        if error != "none":
            raise CoprocessorError(f"{error}: {self.errors[error]['meaning']}")

    def clear(self):
        """Forget how the last job has ended; the interrupt falls."""
        self.write("CONTROL", 1 << self.registers["CONTROL"]["fields"]["clear"]["low"])

    def enable_interrupt(self, on=True):
        """Choose whether the interrupt is high from a job's end to `clear` or the next start."""
        self.write("INTERRUPT", int(on))

    def cycles(self):
        """Clock cycles that the last job has taken so far."""
        return self.read("CYCLES")

    def stride(self, elements, which):
        """The least bytes from row to row of a matrix (`a`, `w` or `r`) with rows of `elements`."""
        return -(-elements * self.element_bytes[which] // self.word) * self.word

    def matmul(self, memory, a, w, *, base=0, bias=None, scales=None, scale=1, shift=0):
        """The result of a job, with all matrices put into memory one after another.

        Args:
            memory: an object with `write(address, data)` and `read(address, count)`.
            a: rows of A: lists of codes, or of integers in two's complement.
            w: rows of W.
            base: address from which memory may be used, a multiple of a word.
            bias: a number for each column.
            scales: a factor for each column.
            scale: a factor for all columns.
            shift: as for `start`.

        Returns:
            Rows of the result, lists of codes.

        Raises:
            CoprocessorError: as for `start` and `wait`.
        """
        m, n, k = len(a), len(w), len(a[0])
        places = {}
        for name, rows in {"a": a, "w": w}.items():
            stride = self.stride(k, name)
            places |= {name: base, f"{name}_stride": stride}
            memory.write(base, packed(rows, self.element_bytes[name], stride))
            base += len(rows) * stride
        for name, numbers in {"bias": bias, "scales": scales}.items():
            if numbers is not None:
                places[name] = base
                size = -(-4 * n // self.word) * self.word
                memory.write(base, packed([numbers], 4, size))
                base += size
        stride = self.stride(n, "r")
        places |= {"r": base, "r_stride": stride}
        self.start(m=m, n=n, k=k, scale=scale, shift=shift, **places)
        self.wait()
        return unpacked(bytes(memory.read(base, m * stride)), self.element_bytes["r"], stride, n)


def packed(rows, element, stride):
    """Rows of numbers as bytes: `element` bytes each, and `stride` bytes from row to row."""
    mask = (1 << 8 * element) - 1
    lines = (b"".join((c & mask).to_bytes(element, "little") for c in row) for row in rows)
    return b"".join(line.ljust(stride, b"\0") for line in lines)


def unpacked(data, element, stride, count):
    """Rows of `count` numbers without sign, from bytes."""
    return [
        [
            int.from_bytes(data[at : at + element], "little")
            for at in range(row, row + count * element, element)
        ]
        for row in range(0, len(data), stride)
    ]
