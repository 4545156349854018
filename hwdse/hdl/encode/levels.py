"""Encoder of any short list of values."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import LevelFormat, PowerExponent, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.hdl.window import Window
from hwdse.primitives.primitive import Gates, Threshold
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure

_MAX_LEVELS, _MAX_WINDOW_BITS = 16, 64


class LevelEncoder(Component):
    """Compares with the point between each two neighbours; NaN encodes as zero does.

    Combinational: latency 0, one code per cycle. The comparisons give a thermometer code. A tree of
    multiplexers finds the last level reached. The decision points define the rounding. A point is
    the middle of two neighbours, with ties to one side, or one of the neighbours.
    """

    def __init__(self, number_format: LevelFormat, shape: UnpackedShape, rounding: str) -> None:
        levels = _levels(number_format)
        self._shape, self._bits = shape, number_format.bits
        self._codes = [code for _, code in levels]
        lsb, self._points = _points_in_lsb(number_format, levels, rounding)
        width = _width(self._points)
        self._width = width
        self._window = Window(shape, lsb, lsb + width)
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """The window, one comparison per pair of neighbours, and the search."""
        compare, bits = Threshold(width=self._width + 1), self._bits
        search, nan = (
            MuxBlock(width=bits, ways=len(self._codes)),
            Gates(width=bits * self._shape.has_nan),
        )
        window = self._window.parts(magnitude=not self._window.signed_word)
        return Structure(
            parts=(*window, *[compare] * len(self._points), search, nan),
            path=(*window, compare, search, nan),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        ordered = Const(0, 1)
        if any(point for point, _ in self._points):
            ordered = Signal.like(value := self._window.ordered(m, record), name="ordered")
            m.d.comb += ordered.eq(value)
        reached = Signal(len(self._points))
        for k, (point, strictly) in enumerate(self._points):
            test = (
                self._window.reaches(ordered, point, strictly=strictly)
                if point
                else _reaches_zero(record, strictly=strictly)
            )
            m.d.comb += reached[k].eq(test)
        zero = self._codes[sum(p < 0 or (p == 0 and not strictly) for p, strictly in self._points)]
        m.d.comb += self.o.eq(Mux(record.nan, zero, self._search(reached, 0, len(self._points))))
        return m

    def _search(self, reached: Value, first: int, last: int) -> Value:
        """The code of the last level reached, among the levels from `first` to `last`."""
        if first == last:
            return Const(self._codes[first], len(self.o))
        middle = (first + last) // 2
        return Mux(
            reached[middle],
            self._search(reached, middle + 1, last),
            self._search(reached, first, middle),
        )


def _reaches_zero(record: Record, *, strictly: bool) -> Value:
    """Whether a record is at least, or `strictly` above, zero. The sign is enough to decide."""
    zero = record.zero & ~record.inf
    negative = (
        Mux(record.inf, record.inf_sign, record.sign) if record.shape.has_inf else record.sign
    )
    return ~negative & ~zero if strictly else ~negative | zero


@encoder.register(LevelFormat)
def _(number_format: LevelFormat, shape: UnpackedShape, rounding: str) -> Component:
    f = number_format
    if f.has_nan or f.negative_zero_code is not None or f.beyond is not None:
        raise SpecError(
            f"out={f} has no hardware encoder: lists of values have one if they have neither NaN "
            "nor two zeros"
        )
    levels = _levels(f)
    if len(levels) > _MAX_LEVELS:
        raise SpecError(
            f"out={f} has no hardware encoder: it has {len(levels)} values, lists of up to "
            f"{_MAX_LEVELS} have one; it is an operand format, use another out="
        )
    width = _width(_points_in_lsb(f, levels, rounding)[1])
    if width > _MAX_WINDOW_BITS:
        raise SpecError(
            f"out={f} has no hardware encoder: its values span {width} bits, lists of up to "
            f"{_MAX_WINDOW_BITS} have one; it is an operand format, use another out="
        )
    return LevelEncoder(f, shape, rounding)


@encoder.register(PowerExponent)
def _(number_format: PowerExponent, shape: UnpackedShape, rounding: str) -> Component:
    del shape, rounding
    raise SpecError(
        f"out={number_format} has no hardware encoder: it rounds a power of the sum; it is an "
        "operand format, use another out="
    )


def _levels(number_format: LevelFormat) -> list[tuple[Fraction, int]]:
    """All values that the encoder produces, with their codes, in order of the values."""
    codes = np.arange(1 << number_format.bits)
    values = number_format.unpack(codes).to_fractions()
    return sorted(
        (value, code)
        for value, code in zip(values.tolist(), codes.tolist(), strict=True)
        if number_format.is_produced(code)
    )


def _decision_points(
    number_format: LevelFormat, levels: list[tuple[Fraction, int]], rounding: str
) -> Iterator[tuple[Fraction, bool]]:
    """The decision point of each pair of neighbours, in order.

    A number above the point rounds to the upper neighbour. The second value tells whether a number
    equal to the point rounds to the lower neighbour.
    """
    for (low, low_code), (high, high_code) in pairwise(levels):
        middle = (low + high) / 2
        # Zero counts as positive.
        near, far = (low_code, high_code) if middle >= 0 else (high_code, low_code)
        match rounding:
            case "rne" | "rna":
                goes_far = rounding == "rna" or bool(
                    number_format.ties_away(np.array([near]), np.array([far]))[0]
                )
                yield middle, goes_far != (middle >= 0)
            case "up":
                yield low, True
            case "down":
                yield high, False
            case _ if low < 0 < high:
                # Toward zero, no level lies between them: the sign decides.
                yield Fraction(0), False
            case _:
                yield (high, False) if high > 0 else (low, True)


def _points_in_lsb(
    number_format: LevelFormat, levels: list[tuple[Fraction, int]], rounding: str
) -> tuple[int, list[tuple[int, bool]]]:
    """An exponent, and all decision points as integers in units of 2^exponent.

    The boolean of each point stays as it is.
    """
    points = list(_decision_points(number_format, levels, rounding))
    lsb = min((_lsb(point) for point, _ in points if point), default=0)
    return lsb, [(int(point / Fraction(2) ** lsb), strictly) for point, strictly in points]


def _width(points: list[tuple[int, bool]]) -> int:
    """Bits of the greatest magnitude; at least 1."""
    return max(1, *(abs(point).bit_length() for point, _ in points))


def _lsb(number: Fraction) -> int:
    """Exponent of the lowest set bit of a dyadic number that is not zero."""
    numerator, denominator = number.as_integer_ratio()
    return (numerator & -numerator).bit_length() - denominator.bit_length()
