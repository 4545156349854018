"""The tensor-core style accumulator: groups aligned, truncated, added and normalised once."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError, unknown
from hwdse.formats import Format, Minifloat, UnpackedShape, clog2
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.multiply import Multiplier

#: Matrix units as options, a preset and the running format where that changes more than itself. The
#: three of Hopper with fp32 results were measured on an H100; the others are from the literature.
PRESETS = {
    "volta": "L4-F23:zero131",
    "volta:fp16": "L4-F23:fp16:zero20",
    "turing": "L8-F24:zero132",
    "turing:fp16": "L8-F24:fp16:zero21",
    "ampere": "L8-F24:zero132",
    "ampere:fp16": "L8-F24:fp16:zero21",
    "ampere-tf32": "L4-F24:zero132",
    "ada": "L8-F24:zero132",
    "ada:fp16": "L8-F24:fp16:zero21",
    "ada-fp8": "L16-F13:e8m13:zero132",
    "ada-fp8:fp16": "L16-F13:fp16:zero21",
    "hopper": "L16-F25",
    "hopper-tf32": "L8-F25",
    "hopper-fp8": "L32-F13:e8m13",
    "blackwell": "F25",
    "cdna3": "L8-F24:rne:floor31-24:zero126:signed0",
    "cdna3-fp8": "L16-F24:rne:floor31-24:split2:zero126:signed0",
}

_FP32 = formats.parse("fp32")
_ROUNDINGS = ("rtz", "rne")
_OVERFLOWS = ("inf", "max")
_ZERO_SIGNS = {"plus0": False, "signed0": True}
_MAX_GROUP = 1024
_MAX_FRACTION_BITS = 64
_ZERO_EXPONENT = -133
_LEAST_ZERO_EXPONENT = -400
_SIZE = re.compile(r"(?:L([0-9]{1,4})-)?F([0-9]{1,3})")
_FLOOR = re.compile(r"floor([0-9]{1,3})-([0-9]{1,3})")
_SPLIT = re.compile(r"split([0-9]{1,4})")
_ZERO = re.compile(r"zero([0-9]{1,3})")


@dataclass(frozen=True, kw_only=True)
class Aligned(Accumulator):
    """Fused groups as in matrix units: align to the greatest exponent, truncate, add, convert once.

    One fused step takes the running value c and up to `group` products. A product's exponent is
    that of its operands added, not normalised: significands of exact products, whatever multiplier
    gives them, lie in [1, 4), and below 1 for subnormal operands, which keep the format's least
    exponent. (Other products have one integer bit, not two.) Every term is aligned to the greatest
    exponent of all terms, truncated toward zero, as sign and magnitude, to `fraction_bits` fraction
    bits, and added exactly; the sum is normalised and rounded once to `format`, the next c.

    * Zeros take part in the search with `zero_exponent`, whatever their operands, and no greatest
      exponent counts as less: a grid is never finer than `fraction_bits` below it.
    * A sum beyond the largest value is an infinity even where the conversion truncates, unless
      `overflow` says otherwise. NaN is sticky, infinities of both signs give NaN.
    * A zero result is +0, also that of a negative sum that the conversion truncated, unless
      `signed_zero`; an exact zero sum always is, as a two's-complement adder has it. c starts from
      +0.
    * A unit with more lanes than `group` chains ceil(lanes / group) fused steps within a cycle,
      first lanes first; with fewer lanes a fused step has as many products as there are lanes.

    The design's `rounding` applies to the output encoder only.

    With `floor` (AMD CDNA3) c stays out of the group: products are aligned and truncated among
    themselves, then the group's sum and c are aligned to the greater of both exponents, rounded
    down (toward minus infinity) to the two numbers of fraction bits of `floor`, and added. 31 for
    the sum, whose truncated bits it keeps, and 24 for c are MMA-Sim's; `split2` adds the even and
    the odd elements up apart, before one combination of both sums and c.

    What the options default to is what tensor-core instructions of an H100 did: FP16 and BF16
    (groups of 16, F25), TF32 (8, F25) with fp32 addends, and FP8 (32, F13, e8m13) gave the bits of
    `hopper`, `hopper-tf32` and `hopper-fp8` in every recorded case (docs/hardware.md). That also
    settles on what public studies disagreed, Hopper's FP8 group: 32 products, not 16
    (`L16-F13:e8m13`). No instruction with an fp16 result was measured.

    Other presets are from the literature: groups, F and conversions from MMA-Sim (Xie et al. 2025)
    and Fasi et al. 2021; an infinity on overflow from MMA-Sim and from Khattak and Mikaitis 2025;
    zeros' exponents from the same two, which agree on -132 for Ampere and Ada and -133 for Hopper
    and Blackwell with fp32 results. With fp16 results they differ by one; the presets have
    MMA-Sim's, and for Hopper that of warp-group instructions (`hopper:fp16:zero22` is its other
    one). On the sign of a truncated sum they are silent or keep it, which the H100 does not: the
    presets of NVIDIA take +0 as measured, those of AMD keep the sign.

    Attributes:
        group: most products of a fused step, 1..1024; None for all lanes of the unit.
        fraction_bits: fraction bits of the aligned terms, 1..64.
        format: format of the running value, a signed float within fp32's range and precision.
        rounding: of the conversion to it, `rtz` or `rne`.
        floor: fraction bits, 1..64 each, to which the group's sum and c are rounded down.
        parts: interleaved parts of a group that are aligned apart; only with `floor`.
        zero_exponent: the exponent of zeros, and the least in the search, -400..-1.
        overflow: what a sum beyond the largest value becomes, `inf` or, where it is rounded `rtz`,
            `max`, the largest value; without infinity in the format both are that.
        signed_zero: whether a sum that is rounded to zero keeps its sign.
    """

    keyword: ClassVar[str] = "aligned"

    group: int | None = None
    fraction_bits: int
    format: Minifloat = _FP32  # type: ignore[assignment]
    rounding: str = "rtz"
    floor: tuple[int, int] | None = None
    parts: int = 1
    zero_exponent: int = _ZERO_EXPONENT
    overflow: str = "inf"
    signed_zero: bool = False

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
        if not _LEAST_ZERO_EXPONENT <= self.zero_exponent < 0:
            raise SpecError(
                f"accumulator {self}: zeros have exponents from -1 to {_LEAST_ZERO_EXPONENT}, "
                f"zero1 to zero{-_LEAST_ZERO_EXPONENT}"
            )
        if self.overflow not in _OVERFLOWS:
            raise SpecError(
                f"accumulator {self}: overflow {self.overflow!r}, allowed are "
                f"{', '.join(_OVERFLOWS)}"
            )
        if self.overflow == "max" and self.rounding != "rtz":
            raise SpecError(f"accumulator {self}: max is for sums rounded rtz")

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse a preset or the sizes, then what differs from them."""
        words = _spelled_out(options)
        if not words:
            raise cls.bad_options(options)
        sizes = _SIZE.fullmatch(words[0])
        if sizes is None:
            more = "anything else must be [L{group}-]F{bits}"
            presets = [name for name in PRESETS if ":" not in name]
            raise SpecError(unknown(f"preset of {cls.keyword}", words[0], presets, more))
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
            elif zero := _ZERO.fullmatch(word):
                values["zero_exponent"] = -int(zero[1])
            elif word in _OVERFLOWS:
                values["overflow"] = word
            elif word in _ZERO_SIGNS:
                values["signed_zero"] = _ZERO_SIGNS[word]
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
            f"[:split{{parts}}][:zero{{n}}][:inf|:max][:plus0|:signed0] with preset one of "
            f"{' '.join(name for name in PRESETS if ':' not in name)}"
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
        if self.zero_exponent != _ZERO_EXPONENT:
            words.append(f"zero{-self.zero_exponent}")
        if self.overflow != "inf":
            words.append(self.overflow)
        if self.signed_zero:
            words.append("signed0")
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

    def overflows(self, product: UnpackedShape, lanes: int) -> bool:
        """Whether sums that start from zero may leave the running format.

        They cannot where products are cut to nothing while the sum is still well within: it only
        grows up to there.
        """
        if self.floor is not None:
            # Rounding down moves a sum away from zero for ever.
            return True
        # Products reach at most this; beside a sum of a greater exponent than `still` none is left.
        reach = product.top
        still = reach + self.fraction_bits
        last = max(still + 1, reach + clog2(max(map(len, self.steps(lanes)))))
        return last + 1 > self.format.max_exponent


def product_point(mul: Multiplier, a: Format, b: Format) -> int:
    """Fraction bits of a product's significand: with its exponent they give the product's."""
    return mul.top_bit(a, b) + 1 - mul.integer_bits


def _spelled_out(options: tuple[str, ...]) -> tuple[str, ...]:
    """The options with a preset in front replaced by its own."""
    name, *rest = options or ("",)
    for k, word in enumerate(rest):
        with_format = PRESETS.get(f"{name}:{word}")
        if with_format:
            return (*with_format.split(":"), *rest[:k], *rest[k + 1 :])
    return (*PRESETS[name].split(":"), *rest) if name in PRESETS else options


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
