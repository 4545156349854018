"""Primitive blocks of logic and registers: what structures are made of.

A primitive describes itself: `features` names the numbers a cost law may be linear in, such as
`width` or `product` (of the operand widths). A table holds one law for each class name, so a new
primitive is one class here and one entry in the calibration grid.

Nothing here knows of Amaranth: cost can read structures without loading a generator.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from math import ceil, log2
from typing import ClassVar

from hwdse.errors import HwdseError


def _log2(value: float) -> float:
    """Depth in levels of a balanced binary tree with `value` leaves; 0 for one leaf or none."""
    return log2(value) if value > 1 else 0.0


class Timing(Enum):
    """In which order the output bits of a primitive become ready.

    A carry chain that follows another carry chain starts when the lowest bit is there, long before
    the highest is: their delays overlap.
    """

    WORD = "every output bit may wait for every input bit"
    RIPPLE = "from the lowest bit to the highest; each waits for input bits up to its own only"
    BITWISE = "each output bit waits for its own input bit only"


@dataclass(frozen=True, kw_only=True)
class Primitive(ABC):
    """A block of combinational logic or registers with a known cost law.

    All integer fields are counts or widths in bits and must not be negative.

    Attributes:
        timing: order in which the output bits become ready. A RIPPLE primitive has a `width`.

    Raises:
        HwdseError: a width is negative or not an integer.
    """

    timing: ClassVar[Timing] = Timing.WORD

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None and item.default is None:
                continue
            if item.type in (bool, "bool"):
                if not isinstance(value, bool):
                    raise HwdseError(
                        f"{type(self).__name__}.{item.name} is {value!r}: allowed are True, False"
                    )
            elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise HwdseError(
                    f"{type(self).__name__}.{item.name} is {value!r}: "
                    "allowed are integers from 0 upwards"
                )

    @property
    def empty(self) -> bool:
        """Whether nothing is built: an empty primitive has no area, energy or delay."""
        return self._empty()

    def features(self) -> dict[str, float]:
        """Non-negative numbers that a cost law may be linear in, by name.

        `one` is always 1. Laws of a technology table name the features they use.
        """
        return {"one": 1.0, **self._features()}

    def made_of(self) -> Mapping["Primitive", int]:
        """Primitives that stand for it in a technology without a law for it; none by default."""
        return {}

    @abstractmethod
    def _empty(self) -> bool: ...

    @abstractmethod
    def _features(self) -> dict[str, float]: ...


@dataclass(frozen=True, kw_only=True)
class Adder(Primitive):
    """Carry-propagate addition, subtraction or comparison of two `width`-bit operands."""

    timing: ClassVar[Timing] = Timing.RIPPLE

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {
            "width": float(self.width),
            "carries": float(max(self.width - 1, 0)),
            "log": _log2(self.width),
        }


@dataclass(frozen=True, kw_only=True)
class Incrementer(Primitive):
    """Conditional increment of a `width`-bit word; with an inversion, a two's complement negate."""

    timing: ClassVar[Timing] = Timing.RIPPLE

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {
            "width": float(self.width),
            "carries": float(max(self.width - 1, 0)),
            # The lowest bits need no carry chain.
            "chain": float(max(self.width - 2, 0)),
            "log": _log2(self.width),
        }


@dataclass(frozen=True, kw_only=True)
class Multiplier(Primitive):
    """Full product of two integers of `a_bits` and `b_bits`: array, compression, final adder."""

    a_bits: int
    b_bits: int
    signed: bool

    def _empty(self) -> bool:
        return self.a_bits == 0 or self.b_bits == 0

    def _features(self) -> dict[str, float]:
        product = float(self.a_bits * self.b_bits)
        total = float(self.a_bits + self.b_bits)
        return {
            "product": product,
            # Cells of the array that add three bits, after Dadda (1965).
            "full_adders": max(product - total, 0.0),
            "half_adders": float(max(min(self.a_bits, self.b_bits) - 1, 0)),
            "sum": total,
            "log_rows": _log2(min(self.a_bits, self.b_bits)),
            # Bits that the final adder has to carry through.
            "carries": max(total - 4, 0.0) if min(self.a_bits, self.b_bits) > 1 else 0.0,
            "signed_product": product if self.signed else 0.0,
            "signed_sum": total if self.signed else 0.0,
            "signed": 1.0 if self.signed else 0.0,
        }


@dataclass(frozen=True, kw_only=True)
class Shifter(Primitive):
    """Logarithmic barrel shifter: one row of 2:1 multiplexers for each bit of the shift amount.

    Attributes:
        width: of the result.
        max_shift: largest shift amount.
        sticky: keep the OR of all bits shifted out as well.
        input_width: of the word before shifting; None for as wide as the result. A narrow word
            that is put in its place in a wide one needs far fewer multiplexers.
    """

    width: int
    max_shift: int
    sticky: bool = False
    input_width: int | None = None

    @property
    def levels(self) -> int:
        """Rows of multiplexers: the bits of the shift amount."""
        return ceil(log2(self.max_shift + 1)) if self.max_shift else 0

    def _empty(self) -> bool:
        return self.width == 0 or self.max_shift == 0 or self.input_width == 0

    def _features(self) -> dict[str, float]:
        muxes = masks = 0
        live = self.width if self.input_width is None else min(self.input_width, self.width)
        for level in range(self.levels):
            # A bit that either the shifted or the unshifted word has, but not both, is an AND.
            step = 1 << level
            following = min(self.width, live + step)
            row = max(live - step, 0)
            muxes += row
            masks += following - row
            live = following
        return {
            "muxes": float(muxes),
            "masks": float(masks),
            "levels": float(self.levels),
            "log": _log2(self.width),
            "width": float(self.width),
            "sticky_width": float(self.width) if self.sticky else 0.0,
            "sticky_levels": float(self.levels) if self.sticky else 0.0,
        }


@dataclass(frozen=True, kw_only=True)
class LeadingZeroCounter(Primitive):
    """Number of zeros above the highest set bit of a `width`-bit word."""

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {
            # A tree of width - 1 nodes, each of which selects the bits of the count so far.
            "nodes": float(max(self.width - 1, 0)),
            "muxes": max(self.width - 1 - _log2(self.width), 0.0),
            "levels": max(_log2(self.width) - 1, 0.0),
        }


@dataclass(frozen=True, kw_only=True)
class Mux(Primitive):
    """Selection of one of `ways` words of `width` bits by a binary number."""

    timing: ClassVar[Timing] = Timing.BITWISE

    width: int
    ways: int

    def _empty(self) -> bool:
        return self.width == 0 or self.ways < 2

    def _features(self) -> dict[str, float]:
        return {
            "width": float(self.width),
            "muxes": float(self.width * max(self.ways - 1, 0)),
            "levels": _log2(self.ways),
            "log": _log2(self.width),
        }


@dataclass(frozen=True, kw_only=True)
class Reduce(Primitive):
    """AND or OR of all `width` bits of a word: zero detection, sticky bits."""

    width: int

    def _empty(self) -> bool:
        return self.width < 2

    def _features(self) -> dict[str, float]:
        return {"gates": float(max(self.width - 1, 0)), "log": _log2(self.width)}


@dataclass(frozen=True, kw_only=True)
class Gates(Primitive):
    """One two-input gate for each of `width` bits: XOR with a sign, masking with a flag."""

    timing: ClassVar[Timing] = Timing.BITWISE

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {"width": float(self.width), "log": _log2(self.width)}


@dataclass(frozen=True, kw_only=True)
class Register(Primitive):
    """`width` flip-flops, with synchronous reset and clock enable unless `control` is False.

    Its delay is the overhead of a register rank: clock to output plus set-up.
    """

    width: int
    control: bool = True

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {
            "width": float(self.width),
            "control_width": float(self.width) if self.control else 0.0,
            "control": 1.0 if self.control else 0.0,
        }


@dataclass(frozen=True, kw_only=True)
class Table(Primitive):
    """Read-only table of 2**`address_bits` words of `data_bits`, built of logic."""

    address_bits: int
    data_bits: int

    def _empty(self) -> bool:
        return self.address_bits == 0 or self.data_bits == 0

    def _features(self) -> dict[str, float]:
        return {
            "bits": float(self.data_bits * 2**self.address_bits),
            "depth": float(max(self.address_bits - 2, 0)),
            "data": float(self.data_bits),
            "log": _log2(self.data_bits),
        }


@dataclass(frozen=True, kw_only=True)
class Memory(Primitive):
    """A memory that is written and read while the design runs.

    A read-only memory is a `Table`.

    Attributes:
        words: number of words.
        width: bits of a word.
        read_ports: words that can be read in one cycle.
        write_ports: words that can be written in one cycle.
    """

    words: int
    width: int
    read_ports: int = 1
    write_ports: int = 1

    @property
    def bits(self) -> int:
        """Bits that it holds."""
        return self.words * self.width

    def _empty(self) -> bool:
        return self.bits == 0

    def _features(self) -> dict[str, float]:
        return {
            "bits": float(self.bits),
            "words": float(self.words),
            "width": float(self.width),
            "read_width": float(self.read_ports * self.width),
            "write_width": float(self.write_ports * self.width),
            "log": _log2(self.words),
        }

    def made_of(self) -> Mapping[Primitive, int]:
        """Registers with an enable for each word, and a multiplexer for each port."""
        return Counter(
            {
                Register(width=self.width): self.words,
                Mux(width=self.width, ways=self.words): self.read_ports,
                # A word takes one of several words that are written, or keeps its own.
                Mux(width=self.width, ways=self.write_ports): self.words,
                # Each word compares the address of each port with its own.
                Reduce(width=ceil(_log2(self.words))): self.words * self.write_ports,
            }
        )
