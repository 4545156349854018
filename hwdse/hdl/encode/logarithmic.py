"""Encoders of logarithmic numbers.

One encoder takes an existing logarithm, the other finds the logarithm of any number by comparisons.
"""

from dataclasses import dataclass
from math import isqrt

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import Logarithmic, UnpackedShape, clog2
from hwdse.hdl.blocks import leading_zero_count, normalised
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.primitives.primitive import (
    Adder,
    Incrementer,
    LeadingZeroCounter,
    Reduce,
    Shifter,
    Threshold,
)
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec.multiply.log_tables import LogShape

_MAX_GAMMA = 32


@dataclass(frozen=True, kw_only=True)
class _Rounded:
    """A number rounded to the grid of logarithms.

    Attributes:
        log: the signed logarithm, rounded to the format's fraction bits.
        exact: rounding did not change the number.
        away: rounding went away from zero.
    """

    log: Value
    exact: Value
    away: Value


def _away(rounding: str, sign: Value) -> Value:
    """Whether a directed rounding leads away from zero."""
    return {"up": ~sign, "down": sign}.get(rounding, Const(0, 1))


def _code(m: Module, f: Logarithmic, record: Record, rounded: _Rounded) -> Value:
    """The code of a rounded logarithm.

    Large magnitudes saturate. Below the format's least magnitude, the code is zero.
    """
    has_inf = record.shape.has_inf
    sign = Mux(record.inf, record.inf_sign, record.sign) if has_inf else record.sign
    nothing = (record.zero & ~record.inf) | record.nan
    log = rounded.log
    high = (log > f.highest) & ~nothing | record.inf
    low = (log < f.lowest) & ~record.inf
    field = Signal(f.exponent_bits, name="field")
    code = Signal(f.bits, name="code")
    m.d.comb += [
        field.eq(Mux(high, f.highest, Mux(low | nothing, f.lowest, log))),
        # In a format without zero, a zero becomes the least magnitude with its sign.
        code.eq(Cat(field, Const(0, f.bits - f.exponent_bits - 1), sign & ~record.nan)),
    ]
    if not f.has_zero:
        return code
    # Away from zero, no number becomes zero, except the number equal to the level that zero
    # replaces.
    lost = low & ~(rounded.away & ~(rounded.exact & (log == f.lowest - 1)))
    zero = int(f.code_of(np.array([0]), np.array([False]))[0])
    return Mux(nothing | lost, zero, code)


class SettledEncoder(Component):
    """Takes the logarithm that comes with a record, and limits it to the range of the format.

    Combinational: latency 0, one code per cycle.
    """

    def __init__(self, number_format: Logarithmic, shape: LogShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._step = number_format.fraction_bits - shape.antilog.fraction_bits
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """An adder for the new origin, and the clamp."""
        width = self._format.exponent_bits
        origin, clamp = Adder(width=width), MuxBlock(width=width, ways=3)
        return Structure(parts=(origin, clamp), path=(origin, clamp))

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        log = (record.log + self._shape.log_origin) << self._step
        rounded = _Rounded(log=log, exact=Const(1, 1), away=_away(self._rounding, record.sign))
        m.d.comb += self.o.eq(_code(m, self._format, record, rounded))
        return m


class LogarithmicEncoder(Component):
    """Normalises, and compares the significand with the gamma points between levels of an octave.

    Combinational: latency 0, one code per cycle. For rounding to nearest, the points are the
    geometric means of neighbouring levels. These means are irrational: no tie is possible, and a
    comparison with the next larger integer decides. The directed roundings compare with the levels
    of the format (nearest float64).
    """

    def __init__(self, number_format: Logarithmic, shape: UnpackedShape, rounding: str) -> None:
        f = number_format
        self._format, self._shape, self._rounding = f, shape, rounding
        self._width = shape.significand_bits
        self._nearest = rounding in ("rne", "rna")
        self._points = _middles(f, self._width) if self._nearest else _levels(f, self._width)
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(f.bits)})

    @property
    def structure(self) -> Structure:
        """Negation, normalisation, comparisons, the count of comparisons, and the clamp."""
        width, f = self._width, self._format
        negate = Incrementer(width=width if self._shape.twos_complement else 0)
        count = LeadingZeroCounter(width=width)
        shift = Shifter(width=width, max_shift=width - 1)
        compare, equal = Threshold(width=width), Reduce(width=width)
        directed = self._rounding in ("up", "down")
        total, scale = Incrementer(width=f.gamma), Adder(width=f.exponent_bits + 1)
        clamp = MuxBlock(width=f.exponent_bits, ways=3)
        return Structure(
            parts=(
                *(negate, count, shift, total, scale, clamp),
                *[compare] * len(self._points),
                *[equal] * (len(self._points) * directed),
            ),
            path=(negate, count, shift, compare, total, scale, clamp),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        shape, width, f = self._shape, self._width, self._format
        record = Record(shape, self.i)
        magnitude = Signal(width)
        m.d.comb += magnitude.eq(
            Mux(record.sign, -record.significand, record.significand)
            if shape.twos_complement
            else record.significand
        )
        zeros, _ = leading_zero_count(m, magnitude, "zeros")
        significand, _ = normalised(m, magnitude, zeros, width)
        least = shape.exponent_origin + width - 1
        scale = Signal(signed(_bits(least - width, least + (1 << shape.exponent_bits))))
        m.d.comb += scale.eq(record.exponent - zeros + least)
        reached = Signal(len(self._points))
        m.d.comb += [bit.eq(significand >= p) for bit, p in zip(reached, self._points, strict=True)]
        count = sum(reached[1:], start=reached[0] + Const(0, 1))
        log = Signal(signed(len(scale) + f.fraction_bits + 1))
        exact, away = Const(0, 1), _away(self._rounding, record.sign)
        if not self._nearest:
            # An octave begins with the first level, which every significand reaches.
            exact = Signal()
            equals = [
                significand == point
                for point, level in zip(self._points, _level_words(f), strict=True)
                if level << (width - 1) == point << (f.significand_bits - 1)
            ]
            m.d.comb += exact.eq(Cat(equals).any())
            count = count - 1 + (away & ~exact)
        m.d.comb += log.eq((scale << f.fraction_bits) + count)
        rounded = _Rounded(log=log, exact=exact, away=away)
        m.d.comb += self.o.eq(_code(m, f, record, rounded))
        return m


@encoder.register(Logarithmic)
def _(number_format: Logarithmic, shape: UnpackedShape, rounding: str) -> Component:
    f = number_format
    if isinstance(shape, LogShape) and shape.settled:
        if f.fraction_bits < shape.antilog.fraction_bits:
            raise SpecError(
                f"out={f} has no hardware encoder for logarithms of "
                f"{shape.antilog.fraction_bits} fraction bits: it needs as many"
            )
        return SettledEncoder(number_format, shape, rounding)
    if f.gamma > _MAX_GAMMA:
        raise SpecError(
            f"out={f} has no hardware encoder for sums that are no logarithms: it would need "
            f"{f.gamma} comparisons, formats of up to {_MAX_GAMMA} levels an octave have one"
        )
    return LogarithmicEncoder(f, shape, rounding)


def _bits(low: int, high: int) -> int:
    """Width of a two's-complement word that holds `low` to `high`."""
    return clog2(max(high + 1, -low, 1)) + 1


def _level_words(f: Logarithmic) -> list[int]:
    """The levels of one octave, as significands in the format's precision."""
    words, _ = f.magnitude(np.arange(f.gamma))
    return [int(word) for word in words]


def _levels(f: Logarithmic, width: int) -> list[int]:
    """The least word that reaches each level, for an octave that begins at 2^(width - 1)."""
    drop = f.significand_bits - 1
    return [-(-(word << (width - 1)) >> drop) for word in _level_words(f)]


def _middles(f: Logarithmic, width: int) -> list[int]:
    """The least words above the geometric means of each level and the next.

    The means are 2^((2 j + 1)/(2 gamma)).
    """
    points = []
    for j in range(f.gamma):
        # floor(n^(1 / (2 gamma))), with square roots only.
        root = 1 << ((width - 1) * 2 * f.gamma + 2 * j + 1)
        for _ in range(f.fraction_bits + 1):
            root = isqrt(root)
        points.append(root + 1)
    return points
