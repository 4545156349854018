"""Primitive blocks of logic and registers, the building blocks of a `Structure`.

A primitive describes itself. `features` returns named numbers, such as `width` or `product` (of the
operand widths). A cost law is a linear function of these features. A technology table holds the
cost laws of each class, under the class name. A new primitive therefore needs one class here and
one entry in the calibration grid.

This module does not import Amaranth, so the cost model can read structures without loading a
generator.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from math import ceil, log2
from typing import ClassVar

from hwdse.errors import HwdseError

HARD_BITS = 18
"""Operand width of a hard multiplier of an FPGA."""


def _log2(value: float) -> float:
    """Depth of a balanced binary tree with `value` leaves; 0 for one leaf or none."""
    return log2(value) if value > 1 else 0.0


class Timing(Enum):
    """Order in which the output bits of a primitive become ready.

    The order matters for two carry chains in series. The second chain starts when the lowest bit of
    the first is ready, long before the highest bit is ready. The two delays overlap.
    """

    WORD = "every output bit may wait for every input bit"
    RIPPLE = "from the lowest bit to the highest; each waits for input bits up to its own only"
    BITWISE = "each output bit waits for its own input bit only"


@dataclass(frozen=True, kw_only=True)
class Primitive(ABC):
    """A block of combinational logic or registers with a cost law.

    Every integer field is a count or a width in bits, and must not be negative.

    Attributes:
        timing: order in which the output bits become ready. A RIPPLE primitive must have a field
            `width`.

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
        """True if the primitive needs no hardware: no area, no energy, no delay."""
        return self._empty()

    def features(self) -> dict[str, float]:
        """Non-negative inputs of a linear cost law, by feature name.

        The feature `one` is always 1. Each law of a technology table names the features that the
        law uses.
        """
        return {"one": 1.0, **self._features()}

    def made_of(self) -> Mapping["Primitive", int]:
        """Primitives that replace this one in a technology without a law for it; default: none."""
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
    """Conditional increment of a `width`-bit word; an inversion before it makes it a negation."""

    timing: ClassVar[Timing] = Timing.RIPPLE

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {
            "width": float(self.width),
            "carries": float(max(self.width - 1, 0)),
            # The lowest two bits need no carry chain.
            "chain": float(max(self.width - 2, 0)),
            "log": _log2(self.width),
        }


@dataclass(frozen=True, kw_only=True)
class Multiplier(Primitive):
    """Full product of an `a_bits` and a `b_bits` integer: array, compression and final adder."""

    a_bits: int
    b_bits: int
    signed: bool

    def _empty(self) -> bool:
        return self.a_bits == 0 or self.b_bits == 0

    def _features(self) -> dict[str, float]:
        product = float(self.a_bits * self.b_bits)
        total = float(self.a_bits + self.b_bits)
        hard_blocks = float(ceil(self.a_bits / HARD_BITS) * ceil(self.b_bits / HARD_BITS))
        return {
            "product": product,
            # Array cells that add three bits, counted as in Dadda (1965).
            "full_adders": max(product - total, 0.0),
            "half_adders": float(max(min(self.a_bits, self.b_bits) - 1, 0)),
            "sum": total,
            "log_rows": _log2(min(self.a_bits, self.b_bits)),
            # Bits of the carry chain in the final adder.
            "carries": max(total - 4, 0.0) if min(self.a_bits, self.b_bits) > 1 else 0.0,
            "signed_product": product if self.signed else 0.0,
            "signed_sum": total if self.signed else 0.0,
            "signed": 1.0 if self.signed else 0.0,
            "hard_blocks": hard_blocks,
            # Bits of the sums that join the results of several hard multipliers.
            "hard_sums": max(hard_blocks - 1, 0.0) * total,
        }


@dataclass(frozen=True, kw_only=True)
class Shifter(Primitive):
    """Logarithmic barrel shifter: one row of 2:1 multiplexers per bit of the shift amount.

    Attributes:
        width: width of the result in bits.
        max_shift: largest shift amount.
        sticky: if True, also compute the sticky bit: the OR of all bits shifted out.
        input_width: width of the input word in bits. None: the input is as wide as the result. A
            narrow word that is shifted into a wide word needs far fewer multiplexers.
    """

    width: int
    max_shift: int
    sticky: bool = False
    input_width: int | None = None

    @property
    def levels(self) -> int:
        """Number of multiplexer rows: the width of the shift amount in bits."""
        return ceil(log2(self.max_shift + 1)) if self.max_shift else 0

    def _empty(self) -> bool:
        return self.width == 0 or self.max_shift == 0 or self.input_width == 0

    def _features(self) -> dict[str, float]:
        muxes = masks = 0
        live = self.width if self.input_width is None else min(self.input_width, self.width)
        for level in range(self.levels):
            # An output bit with only one source, the shifted or the unshifted word, needs an AND
            # gate instead of a multiplexer.
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
            # A tree of width - 1 nodes. Each node selects bits of the partial count.
            "nodes": float(max(self.width - 1, 0)),
            "muxes": max(self.width - 1 - _log2(self.width), 0.0),
            "levels": max(_log2(self.width) - 1, 0.0),
        }


@dataclass(frozen=True, kw_only=True)
class Mux(Primitive):
    """Multiplexer: a binary number selects one of `ways` words of `width` bits."""

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
    """AND or OR of all `width` bits of a word, for zero detection and sticky bits."""

    width: int

    def _empty(self) -> bool:
        return self.width < 2

    def _features(self) -> dict[str, float]:
        return {"gates": float(max(self.width - 1, 0)), "log": _log2(self.width)}


@dataclass(frozen=True, kw_only=True)
class Gates(Primitive):
    """One two-input gate per bit of a word, for an XOR with the sign or an AND with a flag."""

    timing: ClassVar[Timing] = Timing.BITWISE

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {"width": float(self.width), "log": _log2(self.width)}


@dataclass(frozen=True, kw_only=True)
class Register(Primitive):
    """`width` flip-flops, with synchronous reset and clock enable unless `control` is False.

    The delay is the overhead of one register rank: clock-to-output time plus set-up time.
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
class Threshold(Primitive):
    """Comparison of a `width`-bit word with a constant."""

    width: int

    def _empty(self) -> bool:
        return self.width == 0

    def _features(self) -> dict[str, float]:
        return {"width": float(self.width), "log": _log2(self.width)}


@dataclass(frozen=True, kw_only=True)
class Table(Primitive):
    """Read-only table of 2**`address_bits` words of `data_bits` each, built from logic gates.

    Attributes:
        address_bits: bits of the address.
        data_bits: bits of a word.
        nodes: nodes of the shared decision diagram of the contents. The diagram is what is built,
            with a multiplexer per node. None: as many as random contents have on average.
    """

    address_bits: int
    data_bits: int
    nodes: int | None = None

    def _empty(self) -> bool:
        return self.address_bits == 0 or self.data_bits == 0 or self.nodes == 0

    def _features(self) -> dict[str, float]:
        nodes = float(self.nodes) if self.nodes is not None else self._random_nodes()
        return {
            "nodes": nodes,
            "depth": float(max(self.address_bits - 2, 0)),
            "data": float(self.data_bits),
            "log": _log2(self.data_bits),
            "log_nodes": _log2(nodes),
        }

    def _random_nodes(self) -> float:
        """Nodes per level: one per path from the outputs, or one per function of the bits left."""
        total = 0.0
        for level in range(self.address_bits):
            left = self.address_bits - level
            # Complements share a node, and constants need none.
            functions = 2.0 ** (2**left - 1) - 1 if left < 7 else float("inf")
            total += min(self.data_bits * 2.0**level, functions)
        return total


@dataclass(frozen=True, kw_only=True)
class Memory(Primitive):
    """A memory that the design reads and writes while it runs; a read-only memory is a `Table`.

    Attributes:
        words: number of words.
        width: bits per word.
        read_ports: words that can be read per cycle.
        write_ports: words that can be written per cycle.
    """

    words: int
    width: int
    read_ports: int = 1
    write_ports: int = 1

    @property
    def bits(self) -> int:
        """Capacity in bits."""
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
        """Registers, write multiplexers and address comparators per word; a mux per read port."""
        return Counter(
            {
                Register(width=self.width): self.words,
                Mux(width=self.width, ways=self.words): self.read_ports,
                # With several write ports, a multiplexer per word selects the port to store from.
                Mux(width=self.width, ways=self.write_ports): self.words,
                # Each word compares its address with the address at each write port.
                Reduce(width=ceil(_log2(self.words))): self.words * self.write_ports,
            }
        )
