"""Operands for gate-level simulation: what the input ports of a unit see cycle by cycle."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import Format
from hwdse.spec import BlockProduct, Design, Interface

Bits = npt.NDArray[np.uint8]
Trace = Mapping[str, npt.NDArray[np.int64]]
"""Codes by name of a field, such as `a`: one-dimensional, in the order in which they enter."""

SEED = 20140209
TERMS = 32
"""Cycles per sum."""


def normal_codes(fmt: Format, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Codes of normally distributed values.

    The standard deviation is 1 for most formats. For formats with a small dynamic range (integers
    and floats of a few bits), it is a quarter of the largest value, so that the data use the whole
    range.
    """
    narrow = fmt.max <= fmt.min_subnormal * 2.0**fmt.bits
    deviation = fmt.max / 4 if narrow else 1.0
    codes: npt.NDArray[np.int64] = np.asarray(fmt.encode(rng.normal(0.0, deviation, count)))
    return codes.astype(object) if fmt.bits > 62 else codes.astype(np.int64)


def block_trace(mul: BlockProduct, count: int, rng: np.random.Generator) -> Trace:
    """Codes of `count` block pairs of normally distributed values, quantised as by the formats."""
    trace: dict[str, npt.NDArray[np.int64]] = {}
    for name, block in (("a", mul.a), ("b", mul.b)):
        # One row for each product: of a larger block, its first elements.
        quantized = block.encode(rng.normal(size=(count, block.block.columns or mul.size)))
        trace[name] = quantized.codes[:, : mul.size].ravel().astype(np.int64)
        trace[f"{name}_scale"] = quantized.scales[:count, 0].astype(np.int64)
    return trace


def trace_of(design: Design, cycles: int) -> Trace | None:
    """Operands of a design whose fields depend on each other; None for independent operands."""
    if not isinstance(design.mul, BlockProduct):
        return None
    return block_trace(design.mul, cycles * design.unit.group, np.random.default_rng(SEED))


def stimulus(
    interface: Interface,
    bits: Sequence[tuple[str, int]],
    cycles: int,
    *,
    trace: Trace | None = None,
    seed: int = SEED,
) -> Bits:
    """Values of input bits in each cycle.

    The unit gets operands in every cycle and starts a new sum every `TERMS` cycles. The reader of
    each output is always ready. Reset is inactive. Fields without a number format get random bits.

    Args:
        interface: the interface of the unit.
        bits: port and place of each bit.
        cycles: number of cycles.
        trace: codes by name of a field; they repeat where they are too few. Fields that it does not
            name get codes of normally distributed values.
        seed: seed of the random operands.

    Returns:
        Shape (cycles, bits).

    Raises:
        HwdseError: the trace has no code for a field that it names.
    """
    rng = np.random.default_rng(seed)
    words: dict[str, list[int]] = {}
    if interface.reset_cycles:
        words[interface.reset] = [int(interface.reset_low)] * cycles
    for stream in interface.streams:
        if stream.direction == "output":
            words |= {stream.ready: [1] * cycles} if stream.ready else {}
            continue
        words |= {stream.valid: [1] * cycles} if stream.valid else {}
        for field in stream.fields:
            if field.name == stream.starts and field.name:
                words[stream.port_of(field)] = [int(c % TERMS == 0) for c in range(cycles)]
                continue
            if field.format is None:
                continue
            count = cycles * field.elements
            given = None if trace is None else trace.get(field.name)
            if given is None:
                codes = normal_codes(field.format, count, rng)
            elif len(given):
                codes = np.resize(given, count)
            else:
                raise HwdseError(f"the trace has no codes for field {field.name}")
            rows = codes.reshape(cycles, field.elements).tolist()
            words[stream.port_of(field)] = [
                sum(int(code) << (place * field.bits) for place, code in enumerate(row))
                for row in rows
            ]
    return filled(words, bits, cycles, rng)


def filled(
    words: Mapping[str, Sequence[int]],
    bits: Sequence[tuple[str, int]],
    cycles: int,
    rng: np.random.Generator,
) -> Bits:
    """Values of input bits from words per port; other ports get random bits.

    Args:
        words: for a port, the word of each cycle.
        bits: port and place of each bit.
        cycles: number of cycles.
        rng: source of the random bits.

    Returns:
        Shape (cycles, bits).
    """
    found = rng.integers(0, 2, (cycles, len(bits)), dtype=np.uint8)
    for name in {port for port, _ in bits} & words.keys():
        places = [(place, number) for number, (port, place) in enumerate(bits) if port == name]
        size = max(place for place, _ in places) // 8 + 1
        mask = (1 << 8 * size) - 1
        raw = b"".join((int(word) & mask).to_bytes(size, "little") for word in words[name])
        table = np.frombuffer(raw, np.uint8).reshape(cycles, size)
        unpacked = np.unpackbits(table, axis=1, bitorder="little")
        for place, number in places:
            found[:, number] = unpacked[:, place]
    return found
