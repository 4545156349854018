"""The co-processor around a matrix engine: matrices in memory, shapes in registers."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import FixedPoint, Format
from hwdse.spec.accumulate.integer_sum import IntegerSum
from hwdse.spec.bus import Bus
from hwdse.spec.coprocessor_ports import memory_streams, register_streams, wire
from hwdse.spec.coprocessor_registers import register_table
from hwdse.spec.engines.systolic import Systolic
from hwdse.spec.interface import Interface
from hwdse.spec.registers import RegisterTable

if TYPE_CHECKING:
    from hwdse.spec.design import Design

_BYTE = 8
_WIDTHS = (32, 64)
_MIN_WORDS, _MAX_WORDS = 2, 1024
#: Bytes of a bias and of a scale.
PARAMETER_BYTES = 4
SHIFT_BITS = 6


@dataclass(frozen=True, kw_only=True)
class Axi(Bus):
    """A co-processor: AXI4-Lite registers, and AXI4 to the memory that holds the matrices.

    A job multiplies an M x K matrix A by the transpose of an N x K matrix W, for any M, N and K
    from 1 to 2^32 - 1. The result is M x N. All three lie in rows in memory, row after row at any
    stride. Each element takes one, two, four or eight bytes: the fewest that hold its code.

    The job is cut into tiles of the array's size. `words` words of each row of A and W are loaded,
    multiplied, and the next follow: the sums stay in the array. Nothing is read or written beyond
    the words that the matrices lie in.

    If sums are integers (`acc=int:{width}`, up to 32 bits) and `out` is an integer or fixed-point
    format, whose unit is not finer than that of the sums, results leave through an output stage.
    It adds a bias to the exact sum, multiplies by a scale, divides by a power of two, and rounds
    once to `out`.

    Attributes:
        width: bits of the memory's data bus, 32 or 64.
        words: words of the data bus that a buffer holds of each row of A and W, a power of two
            from 2 to 1024.
    """

    keyword: ClassVar[str] = "axi"

    width: int = 32
    words: int = 64

    def __post_init__(self) -> None:
        if self.width not in _WIDTHS:
            raise SpecError(f"interface {self}: a bus of 32 or 64 bits is allowed")
        if not _MIN_WORDS <= self.words <= _MAX_WORDS or self.words & (self.words - 1):
            raise SpecError(
                f"interface {self}: a buffer of {_MIN_WORDS} to {_MAX_WORDS} words is allowed, a "
                "power of two"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the width of the bus, and the words of a buffer."""
        if len(options) > 2 or not all(re.fullmatch("[0-9]{1,4}", text) for text in options):
            raise cls.bad_options(options)
        names = ("width", "words")
        return cls(**dict(zip(names, map(int, options), strict=False)))

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice, with all options."""
        return "axi[:{bus bits}[:{buffer words}]]"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.width}:{self.words}"

    @property
    def word_bytes(self) -> int:
        """Bytes of a word of the data bus."""
        return self.width // _BYTE

    def inside(self, design: "Design") -> "Design":
        """The design of the array: with an output stage, its results are the sums themselves."""
        sums = self.sums(design)
        return design if sums is None else replace(design, out=sums)

    def has_output_stage(self, design: "Design") -> bool:
        """True if results take bias and scale on their way out."""
        return self.sums(design) is not None

    @staticmethod
    def sums(design: "Design") -> FixedPoint | None:
        """The format of the sums that an output stage takes; None if there is no output stage."""
        if not (isinstance(design.acc, IntegerSum) and isinstance(design.out, FixedPoint)):
            return None
        try:
            sums = design.acc.out_of(design.product)
        except SpecError:
            return None  # more than 32 bits
        fits = isinstance(sums, FixedPoint) and design.out.fraction_bits <= sums.fraction_bits
        return sums if fits else None  # type: ignore[return-value]

    def chunk(self, design: "Design") -> int:
        """Terms of each sum that the buffers hold."""
        return self.words * self.word_bytes // max(_operand_bytes(design))

    def array(self, design: "Design") -> Systolic:
        """The array.

        Raises:
            SpecError: the unit is no array with stationary sums, or an element is wider than the
                bus.
        """
        array = design.unit
        if not isinstance(array, Systolic) or array.is_ws:
            given = "dataflow=ws" if isinstance(array, Systolic) else array.keyword
            raise SpecError(
                f"interface {self.keyword}: {given} is not allowed, unit=systolic,dataflow=os is"
            )
        for name in ("a", "b", "out"):
            number_format: Format = getattr(design, name)
            if element_bytes(number_format) > self.word_bytes:
                raise SpecError(
                    f"interface {self}: {name}={number_format} has {number_format.bits} bits, "
                    f"{self.width} are allowed"
                )
        least = _MIN_WORDS * max(_operand_bytes(design)) // min(_operand_bytes(design))
        if self.words < least:
            raise SpecError(
                f"interface {self}: elements of {design.a} and {design.b} differ in size, a buffer "
                f"of {least} words is needed"
            )
        return array

    def registers(self, design: "Design") -> RegisterTable:
        """The registers of the co-processor.

        Raises:
            SpecError: as for `array`.
        """
        array = self.array(design)
        return register_table(
            fingerprint=design.fingerprint,
            array=(array.rows, array.cols, self.word_bytes),
            elements=tuple(map(element_bytes, (design.a, design.b, design.out))),
            output_stage=self.has_output_stage(design),
        )

    def interface(self, design: "Design") -> Interface:
        """Registers `s_axi`, memory `m_axi`, an interrupt, clock `aclk` and reset `aresetn`.

        Raises:
            SpecError: as for `array`.
        """
        table = self.registers(design)
        return Interface(
            streams=(
                *register_streams("s_axi", table.address_bits),
                *memory_streams("m_axi", self.width),
                wire("irq", "a job has ended, and INTERRUPT is set", follows="s_axi_w"),
            ),
            clock="aclk",
            reset="aresetn",
            reset_low=True,
            behaviour=(
                "A co-processor: AXI4-Lite registers, AXI4 to memory. Matrices are multiplied tile "
                "by tile."
            ),
        )


def _operand_bytes(design: "Design") -> tuple[int, int]:
    return element_bytes(design.a), element_bytes(design.b)


def element_bytes(number_format: Format) -> int:
    """Bytes of an element in memory: the fewest that hold a code, a power of two."""
    return 1 << (-(-number_format.bits // _BYTE) - 1).bit_length()
