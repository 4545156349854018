"""What the references under tests/reference/ say, in one form for all of them."""

from collections.abc import Mapping
from fractions import Fraction
from math import inf, nan

from reference import levels, number_formats, posit
from reference.number_formats import NAN, Value, infinity

from hwdse import formats
from hwdse.formats import UnpackedShape
from hwdse.verify.formal.specs import encoder_by_thresholds

CODECS = number_formats.ALL | number_formats.p3109_family(3, 8)
POSITS = posit.NAMED | {f"posit{n}_{es}": posit.Posit(n, es) for n in range(3, 9) for es in (0, 2)}


class _Levels:
    """Lists of values, with the interface of the other references."""

    def __init__(self, made: levels.List) -> None:
        self._list, self.bits = made, made.bits

    def decode(self, code: int) -> Value:
        value = self._list.values[code]
        if isinstance(value, Fraction):
            return Value(value < 0 or code == self._list.minus_zero, abs(value))
        return NAN if value != value else infinity(value < 0)

    def encode(self, value: Value, rounding: str, overflow: str) -> int:
        x: float | Fraction
        if value.special:
            x = nan if value.special == "nan" else (-inf if value.negative else inf)
        elif value.magnitude == 0:
            x = -0.0 if value.negative else 0.0
        else:
            x = value.number
        return self._list.encode(x, rounding, overflow)


def reference(name: str):
    """`bits`, `decode(code)` and `encode(value, rounding, overflow)` of a format."""
    if name in CODECS:
        return CODECS[name]
    return POSITS[name] if name in POSITS else _Levels(levels.ALL[name]())


def decoder_rows(name: str, shape: UnpackedShape) -> dict[int, Mapping[str, int]]:
    """What every code means, the magnitude in units of 2^exponent_min."""
    found: dict[int, Mapping[str, int]] = {}
    codec = reference(name)
    for code in range(1 << codec.bits):
        value = codec.decode(code)
        magnitude = Fraction(0) if value.special else value.magnitude
        scaled = magnitude / Fraction(2) ** shape.exponent_min
        assert scaled.denominator == 1
        found[code] = {
            "nan": value.special == "nan",
            "inf": value.special == "inf",
            "negative": value.negative and value.special != "nan",
            "legal": 1,
            "magnitude": int(scaled),
        }
    return found


def encoder_spec(name: str, shape: UnpackedShape, rounding: str) -> str:
    """Thresholds of a format's codes among the numbers of a record."""
    codec, overflow = reference(name), formats.parse(name).overflow

    def code_of(negative: bool, magnitude: int) -> int:
        number = magnitude * Fraction(2) ** shape.exponent_min
        # A two's-complement zero has no sign.
        sign = negative and not (shape.twos_complement and magnitude == 0)
        return codec.encode(Value(sign, number), rounding, overflow)

    def of_special(value: Value) -> int:
        return codec.encode(value, rounding, overflow)

    return encoder_by_thresholds(
        shape,
        codec.bits,
        code_of,
        nan=of_special(NAN),
        infinities=(of_special(infinity()), of_special(infinity(negative=True))),
    )
