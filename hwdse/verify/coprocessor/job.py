"""A job of a co-processor as the bench runs it: registers, memory before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hwdse.formats.unpacked import Array
from hwdse.golden.coprocessor import product, words
from hwdse.spec import Axi, Design
from hwdse.spec.coprocessor import PARAMETER_BYTES, element_bytes

#: What memory holds before where nothing was put.
_FILLING = 0xA5


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a matrix lies in memory.

    Attributes:
        address: address of its first row.
        stride: bytes from row to row, at least those of a row's words.
    """

    address: int
    stride: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """A job and what it needs.

    Attributes:
        purpose: what the job is for.
        a: codes of A, shape (M, K).
        w: codes of W, shape (N, K).
        places: where `a`, `w`, the result `r`, and if they are read `bias` and `scales` lie.
        bias: a number for each column; None: not read.
        scales: a number for each column; None: not read.
        scale: the factor of all columns.
        shift: binary places to the right.
        faults: accesses that memory refuses: `read` or `write`, and an address.
        error: how the job ends.
        call: values that differ in the driver's call, such as a wrong size.
    """

    purpose: str
    a: Array
    w: Array
    places: Mapping[str, Place]
    bias: Array | None = None
    scales: Array | None = None
    scale: int = 1
    shift: int = 0
    faults: tuple[tuple[str, int], ...] = ()
    error: str = "none"
    call: Mapping[str, int] = field(default_factory=dict)

    def results(self, bus: Axi, design: Design) -> Array:
        """The result, shape (M, N)."""
        if not bus.has_output_stage(design):
            return product(bus, design, self.a, self.w)
        bias = 0 if self.bias is None else self.bias
        scales = self.scale if self.scales is None else self.scales
        return product(bus, design, self.a, self.w, bias, scales, self.shift)

    def accesses(self, bus: Axi, design: Design) -> int:
        """How many words the job reads and writes, if it does not fail."""
        tables = sum(numbers is not None for numbers in (self.bias, self.scales))
        m, n, k = len(self.a), len(self.w), self.a.shape[1]
        return sum(words(bus, design, m, n, k, tables))

    def line(self, bus: Axi, design: Design, results: Array) -> dict[str, Any]:
        """The job as plain data, for the bench.

        Of a job that fails, how it ends is one result, and what it has written is not compared.
        """
        sizes = [element_bytes(f) for f in (design.a, design.b, design.out)]
        before = {
            "a": (self.a, sizes[0]),
            "w": (self.w, sizes[1]),
            "r": (None, sizes[2]),
            "bias": (self.bias, PARAMETER_BYTES),
            "scales": (self.scales, PARAMETER_BYTES),
        }
        windows: list[tuple[int, str]] = []
        after: list[tuple[int, str]] = []
        for name, place in self.places.items():
            codes, size = before[name]
            matrix = results if codes is None else codes.reshape(-1, codes.shape[-1])
            for number, row in enumerate(matrix):
                address = place.address + number * place.stride
                words = -(-len(row) * size // bus.word_bytes) * bus.word_bytes
                full = _bytes(row, size).ljust(words, bytes([_FILLING]))
                empty = bytes([_FILLING]) * words
                windows.append((address, (empty if codes is None else full).hex()))
                if self.error == "none":
                    after.append((address, full.hex()))
        call = {"m": len(self.a), "n": len(self.w), "k": self.a.shape[1]}
        for name, place in self.places.items():
            call[name] = place.address
            if name in ("a", "w", "r"):
                call[f"{name}_stride"] = place.stride
        if self.scale != 1 or self.shift:
            call |= {"scale": self.scale, "shift": self.shift}
        return {
            "purpose": self.purpose,
            "call": {**call, **self.call},
            "before": windows,
            "after": after,
            "faults": [list(fault) for fault in self.faults],
            "error": self.error,
            "accesses": self.accesses(bus, design),
            "results": results.size if self.error == "none" else 1,
        }


def _bytes(row: Array, size: int) -> bytes:
    """Numbers in two's complement, `size` bytes each."""
    mask = (1 << 8 * size) - 1
    return b"".join((int(code) & mask).to_bytes(size, "little") for code in row)
