"""The verification's stimulus as a list of clock cycles, for a driver that knows no protocol.

The same as the benches do: idle cycles with random inputs between the inputs, sums that take turns
dealt to the turns, and `o_valid` checked in every cycle.
"""

import json
import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from hwdse.spec import Design
from hwdse.verify.bench import vector_lines
from hwdse.verify.expected import expected_outputs
from hwdse.verify.ports import has_clock, interleaved, ports, reset_cycles
from hwdse.verify.stimulus import stimulus

_IDLE_ONE_IN = 16
_WORD_BITS = 32

#: Inputs of a cycle by port, and the row of vectors that they are, if they are one.
_Cycle = tuple[dict[str, int], int | None]


@dataclass(frozen=True, kw_only=True)
class Bus:
    """Ports joined to one word, the first in the low bits.

    Attributes:
        widths: of the ports, by name.
    """

    widths: dict[str, int]

    @property
    def width(self) -> int:
        """Bits of the word."""
        return sum(self.widths.values())

    @property
    def words(self) -> int:
        """32-bit words of it; like Verilator, one or two up to 64 bits."""
        return -(-self.width // _WORD_BITS)

    def join(self, values: dict[str, int]) -> int:
        """The word; ports not named are 0."""
        word, at = 0, 0
        for name, width in self.widths.items():
            word |= values.get(name, 0) << at
            at += width
        return word

    def slices(self, bus: str) -> dict[str, str]:
        """Verilog of the slice of each port."""
        found, at = {}, 0
        for name, width in self.widths.items():
            found[name] = f"{bus}[{at + width - 1}:{at}]"
            at += width
        return found


def buses(design: Design) -> tuple[Bus, Bus]:
    """All inputs but the clock, and all outputs."""
    return tuple(  # type: ignore[return-value]
        Bus(
            widths={
                port.name: port.width
                for port in ports(design)
                if port.direction == direction and port.name != "clk"
            }
        )
        for direction in ("input", "output")
    )


def cycles(design: Design, level: str, seed: int) -> npt.NDArray[np.uint32]:
    """Rows of 32-bit words: inputs, outputs after the clock edge, a mask of those that count."""
    fed = stimulus(design.unit, design, level, seed)
    header, *lines = vector_lines(design, fed, expected_outputs(design, fed), seed).splitlines()
    columns = json.loads(header)["columns"]
    vectors = [tuple(int(word, 16) for word in line.split()) for line in lines]
    into, out = buses(design)
    summing = "i_valid" in into.widths
    flow = _summing(design, columns, vectors, seed) if summing else _bare(columns, vectors)
    # An output comes `latency` edges after its input's; a register's own edge is the first of them.
    delay = max(design.unit.latency - 1, 0) if has_clock(design) else 0
    due: deque[int | None] = deque([None] * delay)
    checked = (1 << out.width) - 1
    valid = out.join({"o_valid": 1})
    rows, quiet = [], 0
    for inputs, index in chain(flow, [({}, None)] * delay):
        due.append(index)
        ready = due.popleft()
        quiet = quiet + 1 if inputs.get("rst") else design.unit.latency
        # In the first cycles of a reset, outputs of before it may still come.
        expected, mask = 0, valid if quiet >= design.unit.latency else 0
        if ready is not None:
            expected, mask = out.join({"o_valid": 1, "o": vectors[ready][-1]}), checked
            if not summing:
                expected = out.join({"o": vectors[ready][-1]})
        rows.append(
            _words((into.join(inputs), into.words), (expected, out.words), (mask, out.words))
        )
    return np.frombuffer(b"".join(rows), np.uint32)


def _words(*numbers: tuple[int, int]) -> bytes:
    return b"".join(number.to_bytes(words * 4, "little") for number, words in numbers)


def _bare(columns: Sequence[str], vectors: Sequence[tuple[int, ...]]) -> Iterator[_Cycle]:
    for index, vector in enumerate(vectors):
        yield dict(zip(columns[:-1], vector, strict=False)), index


def _summing(
    design: Design, columns: Sequence[str], vectors: Sequence[tuple[int, ...]], seed: int
) -> Iterator[_Cycle]:
    into, _ = buses(design)
    noise = random.Random(seed)
    unit = design.unit

    def idle() -> dict[str, int]:
        junk = {name: noise.getrandbits(width) for name, width in into.widths.items()}
        return junk | {"rst": 0, "i_valid": 0}

    def reset() -> Iterator[_Cycle]:
        # Whatever comes in during a reset must not matter.
        for _ in range(reset_cycles(unit) + unit.latency):  # type: ignore[arg-type]
            yield idle() | {"rst": 1, "i_valid": noise.getrandbits(1)}, None

    yield from reset()
    # A reset has cleared all sums: the first ones need no `i_first`.
    cleared = interleaved(design)
    starts = [k for k, vector in enumerate(vectors) if vector[0]]
    sums = map(range, starts, [*starts[1:], len(vectors)])
    turns: deque[Iterable[int]] = deque(iter(()) for _ in range(interleaved(design)))
    left = len(vectors)
    while left:
        index = None
        if noise.randrange(_IDLE_ONE_IN):
            index = next(turns[0], None)  # type: ignore[call-overload]
            if index is None:
                turns[0] = iter(next(sums, ()))
                index = next(turns[0], None)  # type: ignore[call-overload]
        turns.rotate(-1)
        if index is None:
            yield idle(), None
            continue
        inputs = dict(zip(columns[:-1], vectors[index], strict=False)) | {"i_valid": 1}
        if cleared and inputs["i_first"]:
            inputs["i_first"] = 0
            cleared -= 1
        yield inputs, index
        left -= 1
    for _ in range(unit.latency):
        yield idle(), None
    # Inputs during a reset give nothing, then or later.
    yield from reset()
    for _ in range(unit.latency):
        yield idle(), None
