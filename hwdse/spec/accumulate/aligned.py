"""The accumulator of tensor cores: aligns, truncates and adds a group, then normalises once."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError, unknown
from hwdse.formats import Format, Minifloat, UnpackedShape, clog2
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.multiply import Multiplier

#: Options of known matrix units, by preset name. A key `{preset}:{format}` exists if a running
#: format changes other options of the preset too. The three Hopper presets (fp32 results) were
#: measured on an H100. The other presets are from the literature.
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

    One fused step takes the running value c and up to `group` products:

    1. Find the greatest exponent of all terms. The exponent of a product is the sum of the
       operands' exponents, without normalisation. The significand of an exact product therefore
       lies in [1, 4), for every exact multiplier. If an operand is subnormal, the significand can
       be below 1, because a subnormal keeps the lowest exponent of the format. Products of other
       multipliers have one integer bit instead of two.
    2. Align every term to this exponent. Truncate the magnitude toward zero to `fraction_bits`
       fraction bits.
    3. Add the terms exactly.
    4. Normalise the sum and round it once to `format`. The result is the next c.

    Special cases:

    * A zero has the exponent `zero_exponent` in step 1, for any operands. The greatest exponent is
      at least `zero_exponent`, so the LSB in step 2 is never below
      2^(`zero_exponent` - `fraction_bits`).
    * A sum beyond the largest value becomes infinity, even if the conversion truncates, unless
      `overflow` is `max`. NaN is sticky. Infinities of different signs give NaN.
    * An exact zero sum is +0, as in a two's-complement adder. A negative sum that step 4 rounds to
      zero also becomes +0, unless `signed_zero` is set. c starts from +0.
    * A unit with more lanes than `group` chains ceil(lanes / group) fused steps within one cycle,
      lowest lanes first. A unit with fewer lanes takes all lanes in one fused step.

    The design's `rounding` applies only to the output encoder.

    With `floor` (AMD CDNA3) c is not part of the group. Products are aligned to the greatest
    exponent of the products, and truncated. Then the group's sum and c are aligned to the greater
    of their two exponents. Both are rounded down (toward minus infinity) and added. `floor` gives
    the fraction bits of the sum and of c. MMA-Sim uses 31 bits for the sum and 24 bits for c. With
    31 bits the sum keeps the bits of its truncated terms. `split2` adds the even and the odd
    elements separately, and then adds both sums and c in one step.

    The default options are measured results of tensor-core instructions on an H100. FP16 and BF16
    (groups of 16, F25), TF32 (groups of 8, F25) with fp32 addends, and FP8 (groups of 32, F13,
    e8m13) agreed with `hopper`, `hopper-tf32` and `hopper-fp8` bit for bit in every recorded case
    (docs/hardware.md). Public studies disagree on the group size of FP8 on Hopper. The measurement
    gives 32 products, not 16 (`L16-F13:e8m13`). No instruction with an fp16 result was measured.

    The other presets are from the literature. Groups, F and conversions are from MMA-Sim (Xie et
    al. 2025) and Fasi et al. 2021. Infinity on overflow is from MMA-Sim and from Khattak and
    Mikaitis 2025. Exponents of zeros are from the same two sources. For fp32 results both sources
    give -132 for Ampere and Ada, and -133 for Hopper and Blackwell. For fp16 results the two
    sources differ by one, and the presets follow MMA-Sim. For Hopper the presets follow the
    warp-group instructions of MMA-Sim (`hopper:fp16:zero22` gives MMA-Sim's other value). On the
    sign of a sum that is rounded to zero, the sources say nothing or keep the sign. The H100 gives
    +0 instead. The NVIDIA presets use +0 as measured, and the AMD presets keep the sign.

    Attributes:
        group: largest number of products per fused step, 1..1024. None: all lanes of the unit.
        fraction_bits: fraction bits of the aligned terms, 1..64.
        format: format of the running value: a signed float within fp32's range and precision.
        rounding: rounding of the conversion to `format`: `rtz` or `rne`.
        floor: fraction bits, 1..64 each, to which the group's sum and c are rounded down.
        parts: number of interleaved parts of a group that are aligned and added separately. More
            than one part needs `floor`.
        zero_exponent: exponent of zeros and lower limit of the greatest exponent, -400..-1.
        overflow: result of a sum beyond the largest value: `inf`, or `max` for the largest value.
            `max` needs `rtz`. In a format without infinity, `inf` also gives the largest value.
        signed_zero: whether a nonzero sum that is rounded to zero keeps its sign.
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
        """Parse a preset or `[L{group}-]F{bits}`, then the other options."""
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
        """Syntax of this choice in a design spec, with all options."""
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
        """The lanes of each fused step, in the order of the steps."""
        size = lanes if self.group is None else self.group
        return tuple(range(first, min(first + size, lanes)) for first in range(0, lanes, size))

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the running value, padded to the default output format.

        Raises:
            SpecError: all products have the same exponent, or products can be NaN or infinite but
                the running format has no NaN.
        """
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
        """fp32 if the running format is fp32 with fewer fraction bits; else the running format.

        Zeros fill the missing fraction bits of fp32.
        """
        f = self.format
        padded = f.variant == "ieee" and f.exponent_bits == 8 and f.bias == 127
        return _FP32 if padded else f

    def largest(self, product: UnpackedShape) -> float:
        """The largest value of the running format."""
        return self.format.max

    def overflows(self, product: UnpackedShape, lanes: int) -> bool:
        """Whether a sum that starts from zero can exceed the running format.

        A large sum stops growing when the alignment truncates every product to zero. If this
        happens below the largest value of the format, the sum cannot overflow.
        """
        if self.floor is not None:
            # Rounding down makes a negative sum more negative in every step, without limit.
            return True
        # Every product is below 2^reach. If the sum's exponent exceeds `still`, the alignment
        # truncates every product to zero.
        reach = product.top
        still = reach + self.fraction_bits
        last = max(still + 1, reach + clog2(max(map(len, self.steps(lanes)))))
        return last + 1 > self.format.max_exponent


def product_point(mul: Multiplier, a: Format, b: Format) -> int:
    """Fraction bits of a product's significand.

    The weight of the significand's LSB plus this number is the product's un-normalised exponent.
    """
    return mul.point(a, b)


def _spelled_out(options: tuple[str, ...]) -> tuple[str, ...]:
    """The options, with a preset name at the front replaced by the options of the preset."""
    name, *rest = options or ("",)
    for k, word in enumerate(rest):
        with_format = PRESETS.get(f"{name}:{word}")
        if with_format:
            return (*with_format.split(":"), *rest[:k], *rest[k + 1 :])
    return (*PRESETS[name].split(":"), *rest) if name in PRESETS else options


def _default_rounding(number_format: Minifloat) -> str:
    """`rtz` for running formats with 8 exponent bits, such as fp32; `rne` for others, like fp16."""
    return "rtz" if number_format.exponent_bits == 8 else "rne"


def _running_format(word: str, options: tuple[str, ...]) -> Minifloat:
    try:
        number_format = formats.parse(word)
    except FormatError as error:
        raise SpecError(f"{Aligned.bad_options(options)}; {error}") from error
    if not isinstance(number_format, Minifloat):
        raise SpecError(f"accumulator aligned: {word} is no floating-point format")
    return number_format
