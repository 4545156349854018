"""Operands for gate-level simulation: what the input ports of a unit see cycle by cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import Format
from hwdse.spec import BlockProduct, Design, Interface, ModalBlockProduct, Unit
from hwdse.spec.engines.bitserial import BitSerial
from hwdse.spec.engines.mx import Mx, MxMul
from hwdse.spec.engines.scalable import Scalable
from hwdse.spec.engines.simd import Simd

Bits = npt.NDArray[np.uint8]

SEED = 20140209
TERMS = 32
"""Cycles per sum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Operands:
    """What the fields of the input streams see, cycle by cycle.

    Attributes:
        source: where the operands come from, in a few words.
        codes: by name of a field, such as `a`: shape (cycles, elements). All fields have as many
            cycles.
    """

    source: str
    codes: Mapping[str, npt.NDArray[Any]]

    def part(self, cycle: int) -> "Operands":
        """The same operands from a cycle on; after the last one follows the first."""
        rolled = {name: np.roll(codes, -cycle, axis=0) for name, codes in self.codes.items()}
        return replace(self, codes=rolled)


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


def block_codes(
    mul: BlockProduct, count: int, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.int64]]:
    """Codes of `count` block pairs of normally distributed values, quantised as by the formats.

    Returns:
        By field of the unit's input stream: elements `a` and `b` of shape (count, size), scales
        `a_scale` and `b_scale` of shape (count, 1).
    """
    codes: dict[str, npt.NDArray[np.int64]] = {}
    for name, block in (("a", mul.a), ("b", mul.b)):
        # One row for each product: of a larger block, its first elements.
        quantized = block.encode(rng.normal(size=(count, block.block.columns or mul.size)))
        codes[name] = quantized.codes[:, : mul.size].astype(np.int64)
        codes[f"{name}_scale"] = quantized.scales[:count, :1].astype(np.int64)
    return codes


def operands_of(design: Design, cycles: int) -> Operands | None:
    """Operands of a design whose fields depend on each other; None for independent operands."""
    return _operands(design.unit, design, cycles)


@singledispatch
def _operands(unit: Unit, design: Design, cycles: int) -> Operands | None:
    del unit, design, cycles
    return None


@_operands.register
def _(unit: Mx | MxMul, design: Design, cycles: int) -> Operands:
    """Blocks as the formats quantise them: elements depend on their scale."""
    assert isinstance(design.mul, BlockProduct)  # the design has checked it
    blocks = block_codes(design.mul, cycles * unit.group, np.random.default_rng(SEED))
    codes = {name: part.reshape(cycles, -1) for name, part in blocks.items()}
    if isinstance(design.mul, ModalBlockProduct):
        codes["mode"] = np.full((cycles, 1), design.mul.modes.index(design.mul.a))
    return Operands(source="normal", codes=codes)


@_operands.register
def _(unit: Scalable, design: Design, cycles: int) -> Operands:
    """One product per cycle: nothing lies beside its elements."""
    rng = np.random.default_rng(SEED)
    codes: dict[str, npt.NDArray[np.int64]] = {"mode": np.zeros((cycles, 1), np.int64)}
    for name in ("a", "b"):
        codes[name] = np.zeros((cycles, unit.word_bits // design.a.bits), np.int64)
        codes[name][:, 0] = normal_codes(design.a, cycles, rng)
    return Operands(source="normal", codes=codes)


@_operands.register
def _(unit: Simd, design: Design, cycles: int) -> Operands:
    """One product per cycle: the mode of whole words."""
    mode = np.full((cycles, 1), unit.formats.index(design.a))
    return Operands(source="normal", codes={"mode": mode})


@_operands.register
def _(unit: BitSerial, design: Design, cycles: int) -> Operands:
    """All bits of the second operands. Operands stay until the unit takes them."""
    rng = np.random.default_rng(SEED)
    taken = -(-cycles // unit.planes)
    codes: dict[str, npt.NDArray[np.int64]] = {
        "last": (np.arange(taken) % TERMS == TERMS - 1).astype(np.int64)[:, None],
        "bits": np.full((taken, 1), unit.planes),
    }
    for name, number_format in (("a", design.a), ("b", design.b)):
        drawn = normal_codes(number_format, taken * unit.lanes, rng)
        codes[name] = drawn.reshape(taken, unit.lanes)
    held = {name: np.repeat(code, unit.planes, axis=0)[:cycles] for name, code in codes.items()}
    return Operands(source="normal", codes=held)


def stimulus(
    interface: Interface,
    bits: Sequence[tuple[str, int]],
    cycles: int,
    *,
    operands: Operands | None = None,
    seed: int = SEED,
) -> Bits:
    """Values of input bits in each cycle.

    The unit gets operands in every cycle and, where they do not say otherwise, starts a new sum
    every `TERMS` cycles. The reader of each output is always ready. Reset is inactive. Fields
    without a number format get random bits.

    Args:
        interface: the interface of the unit.
        bits: port and place of each bit.
        cycles: number of cycles.
        operands: the operands; they repeat where they are too few. Fields that they do not name
            get codes of normally distributed values.
        seed: seed of the random operands.

    Returns:
        Shape (cycles, bits).

    Raises:
        HwdseError: the operands have no cycle, or not as many elements as a field.
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
            given = None if operands is None else operands.codes.get(field.name)
            if given is not None:
                if len(given) == 0 or given.shape[1:] != (field.elements,):
                    raise HwdseError(
                        f"operands of shape {given.shape} for field {field.name}: it takes "
                        f"(cycles, {field.elements})"
                    )
                codes = np.resize(given, (cycles, field.elements))
            elif field.name == stream.starts and field.name:
                codes = (np.arange(cycles) % TERMS == 0).astype(np.int64)
            elif field.format is None:
                continue
            else:
                codes = normal_codes(field.format, cycles * field.elements, rng)
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
