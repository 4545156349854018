"""The tensor-core style accumulator: groups aligned, truncated, added and normalised once."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, Minifloat, UnpackedShape
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.multiply import Multiplier

#: The exponent that zeros have in the search for the greatest: that of fp32's subnormals.
ZERO_EXPONENT = -126

#: Public bit-accurate models of matrix units (MMA-Sim 2025; Fasi et al. 2021), as options.
PRESETS = {
    "volta": "L4-F23",
    "turing": "L8-F24",
    "ampere": "L8-F24",
    "ampere-tf32": "L4-F24",
    "ada": "L8-F24",
    "ada-fp8": "L16-F13:e8m13",
    "hopper": "L16-F25",
    "hopper-tf32": "L8-F25",
    "hopper-fp8": "L32-F13:e8m13",
    "blackwell": "F25",
    "cdna3": "L8-F24:rne:floor31-24",
    "cdna3-fp8": "L16-F24:rne:floor31-24:split2",
}

_FP32 = formats.parse("fp32")
_ROUNDINGS = ("rtz", "rne")
_MAX_GROUP = 1024
_MAX_FRACTION_BITS = 64
_SIZE = re.compile(r"(?:L(\d{1,4})-)?F(\d{1,3})")
_FLOOR = re.compile(r"floor(\d{1,3})-(\d{1,3})")
_SPLIT = re.compile(r"split(\d{1,4})")


@dataclass(frozen=True, kw_only=True)
class Aligned(Accumulator):
    """Fused groups as in matrix units: align to the greatest exponent, truncate, add, convert once.

    One fused step takes the running value c and up to `group` products. A product's exponent is
    that of its operands added, not normalised: significands of exact products, whatever multiplier
    gives them, lie in [1, 4), and below 1 for subnormal operands, which keep the format's least
    exponent. (Other products have one integer bit, not two.) Every term is aligned to the greatest
    exponent of all terms, truncated toward zero, as sign and magnitude, to `fraction_bits` fraction
    bits, and added exactly; the sum is normalised and rounded once to `format`, the next c.

    * Zeros count with exponent -126, whatever their operands: they never win against a product of
      fp16 or narrower operands, and alone decide only between terms that are smaller still.
    * NaN is sticky, infinities of both signs give NaN; overflow is IEEE 754's: the largest value
      for rtz, infinity for rne.
    * An exact zero sum is +0, as a two's-complement adder has it; c starts from +0.
    * A unit with more lanes than `group` chains ceil(lanes / group) fused steps within a cycle,
      first lanes first; with fewer lanes a fused step has as many products as there are lanes.

    The design's `rounding` applies to the output encoder only.

    With `floor` (AMD CDNA3) c stays out of the group: products are aligned and truncated among
    themselves, then the group's sum and c are aligned to the greater of both exponents, rounded
    down (toward minus infinity) to the two numbers of fraction bits of `floor`, and added. The
    published summary, "2^-31 / 2^-24 relative grids", leaves open which is whose: the presets
    take 31 for the sum, whose truncated bits it keeps, and 24 for c, and `split2` adds the even
    and the odd elements up apart, before one combination of both sums and c.

    Public studies disagree on Hopper's FP8 group, 32 or 16 products: the preset has 32;
    `L16-F13:e8m13`, the preset ada-fp8, is the other.

    Attributes:
        group: most products of a fused step, 1..1024; None for all lanes of the unit.
        fraction_bits: fraction bits of the aligned terms, 1..64.
        format: format of the running value, a signed float within fp32's range and precision.
        rounding: of the conversion to it, `rtz` or `rne`.
        floor: fraction bits, 1..64 each, to which the group's sum and c are rounded down.
        parts: interleaved parts of a group that are aligned apart; only with `floor`.
    """

    keyword: ClassVar[str] = "aligned"

    group: int | None = None
    fraction_bits: int
    format: Minifloat = _FP32  # type: ignore[assignment]
    rounding: str = "rtz"
    floor: tuple[int, int] | None = None
    parts: int = 1

    def __post_init__(self) -> None:
        if self.group is not None and not 1 <= self.group <= _MAX_GROUP:
            raise SpecError(f"accumulator {self}: groups of 1 to {_MAX_GROUP} products are allowed")
        for bits in (self.fraction_bits, *(self.floor or ())):
            if not 1 <= bits <= _MAX_FRACTION_BITS:
                raise SpecError(
                    f"accumulator {self}: 1 to {_MAX_FRACTION_BITS} fraction bits are allowed"
                )
        f = self.format
        if not f.signed or not f.subnormals:
            raise SpecError(f"accumulator {self}: a signed format with a zero is needed")
        inside = f.lsb_exponent >= _FP32.unpacked.exponent_min and f.max_exponent <= 127
        if not inside or f.precision > _FP32.unpacked.significand_bits:
            raise SpecError(f"accumulator {self}: a format whose values fp32 holds is needed")
        if self.rounding not in _ROUNDINGS:
            raise SpecError(
                f"accumulator {self}: rounding {self.rounding!r}, allowed are "
                f"{', '.join(_ROUNDINGS)}"
            )
        if self.parts != 1 and (self.floor is None or not 1 <= self.parts <= _MAX_GROUP):
            raise SpecError(
                f"accumulator {self}: 1 to {_MAX_GROUP} parts are allowed, more than one with "
                "floor, which combines them"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse a preset or the sizes, then what differs from them."""
        preset = PRESETS.get(options[0] if options else "")
        words = (*preset.split(":"), *options[1:]) if preset else options
        sizes = _SIZE.fullmatch(words[0]) if words else None
        if sizes is None:
            raise cls.bad_options(options)
        group, fraction_bits = sizes.groups()
        values: dict[str, object] = {
            "group": int(group) if group else None,
            "fraction_bits": int(fraction_bits),
        }
        for word in words[1:]:
            if word in _ROUNDINGS:
                values["rounding"] = word
            elif floor := _FLOOR.fullmatch(word):
                values["floor"] = (int(floor[1]), int(floor[2]))
            elif split := _SPLIT.fullmatch(word):
                values["parts"] = int(split[1])
            else:
                number_format = _running_format(word, options)
                values["format"] = number_format
                values["rounding"] = _default_rounding(number_format)
        return cls(**values)  # type: ignore[arg-type]

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return (
            "aligned:({preset}|[L{group}-]F{bits})[:{format}][:rtz|:rne][:floor{bits}-{bits}]"
            f"[:split{{parts}}] with preset one of {' '.join(PRESETS)}"
        )

    def __str__(self) -> str:
        size = f"F{self.fraction_bits}"
        words = [self.keyword, size if self.group is None else f"L{self.group}-{size}"]
        if self.format != _FP32:
            words.append(str(self.format))
        if self.rounding != _default_rounding(self.format):
            words.append(self.rounding)
        if self.floor is not None:
            words.append(f"floor{self.floor[0]}-{self.floor[1]}")
        if self.parts != 1:
            words.append(f"split{self.parts}")
        return ":".join(words)

    def steps(self, lanes: int) -> tuple[range, ...]:
        """The lanes of each fused step, in order."""
        size = lanes if self.group is None else self.group
        return tuple(range(first, min(first + size, lanes)) for first in range(0, lanes, size))

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the running value, padded to the default output format."""
        if product.exponent_min == product.exponent_max:
            raise SpecError(
                f"accumulator {self} aligns products of different exponents and these have one "
                "only: use kulisch or int:{width}"
            )
        if (product.has_nan or product.has_inf) and not self.format.has_nan:
            raise SpecError(
                f"accumulator {self} has no NaN, which the products can be: use a format with NaN"
            )
        return self.default_out().unpacked

    def default_out(self) -> Format:
        """fp32 for a running value that lacks but fraction bits of it, which are zeros; its own."""
        f = self.format
        padded = f.variant == "ieee" and f.exponent_bits == 8 and f.bias == 127
        return _FP32 if padded else f

    def largest(self, product: UnpackedShape) -> float:
        """The running format's largest value."""
        return self.format.max


def product_point(mul: Multiplier, a: Format, b: Format) -> int:
    """Fraction bits of a product's significand: with its exponent they give the product's."""
    return mul.top_bit(a, b) + 1 - mul.integer_bits


def _default_rounding(number_format: Minifloat) -> str:
    """FP32 results are truncated, FP16 ones rounded to nearest even."""
    return "rtz" if number_format.exponent_bits == 8 else "rne"


def _running_format(word: str, options: tuple[str, ...]) -> Minifloat:
    try:
        number_format = formats.parse(word)
    except FormatError as error:
        raise SpecError(f"{Aligned.bad_options(options)}; {error}") from error
    if not isinstance(number_format, Minifloat):
        raise SpecError(f"accumulator aligned: {word} is no floating-point format")
    return number_format
