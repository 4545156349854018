"""How the scale of a block is chosen from its values, one class a rule."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.exact import (
    divide,
    floor_log2,
    floor_log2_of,
    largest,
    power_of_two,
    times,
    total,
)
from hwdse.formats.rounding import round_to_grid
from hwdse.formats.unpacked import Array, Unpacked


@dataclass(frozen=True, kw_only=True)
class Magnitudes:
    """Absolute values of an array, block by block.

    Attributes:
        values: real numbers; blocks on the leading axes, the values of a block on the last one.
            Zeros where a block is short and in place of NaN and infinities.
        lengths: values in each block.
    """

    values: Array
    lengths: Array

    @property
    def amax(self) -> Array:
        """Largest magnitude of each block."""
        return np.asarray(self.values.max(axis=-1, initial=0))

    @property
    def tensor_amax(self) -> Array:
        """Largest magnitude of all, of shape (1,)."""
        return np.asarray(self.values.max(initial=0)).reshape(1)


class ScaleRule(ABC):
    """How exact scales are chosen; the block format then rounds them to its scale format.

    Defining a subclass with a keyword makes it known to the text form of block formats.
    """

    rules: ClassVar[dict[str, "ScaleRule"]] = {}
    keyword: ClassVar[str] = ""
    #: Whether a block format of this rule may be without and with a tensor scale.
    tensor_scales: ClassVar[tuple[bool, ...]] = (False,)
    #: Of several scales, the one with the least sum of |error|^power is taken.
    error_power: ClassVar[float] = 2.0
    #: How the exact scales are rounded to the scale format.
    scale_rounding: ClassVar[str] = "rne"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.keyword:
            ScaleRule.rules[cls.keyword] = cls()

    @abstractmethod
    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterable[Unpacked]:
        """Scales to choose from, one or more for each block; any value for blocks of zeros."""

    def check(self, element: Format, scale: Format) -> None:
        """Raise FormatError where the rule has no meaning for these formats."""
        largest(element)
        largest(scale)

    def code_range(self, scale: Format) -> tuple[int, int]:
        """Least and greatest scale code of a block that is not all zeros."""
        return 0, int(scale.encode(scale.max))

    def prepare(self, values: Array) -> Array:
        """The values that are quantised: `real_numbers`."""
        return values

    def tensor_scale(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor: Format
    ) -> float:
        """The tensor's scale: its largest magnitude on the largest element and block scale.

        A tensor of zeros has 1, and no other scale is zero.
        """
        amax = Unpacked.from_numbers(blocks.tensor_amax)
        exact = divide(amax, times(largest(element), largest(scale)))
        rounded = float(tensor.decode(tensor.pack(exact, "rne"))[0])
        return 1.0 if amax.zero[0] else max(rounded, tensor.min_subnormal)

    def scaled(self, values: Array, scale: Unpacked) -> Unpacked:
        """Values on their scales (exact, tensor scale included), ready for rounding."""
        return divide(Unpacked.from_numbers(values), scale)


class _PowerOfTwo(ScaleRule):
    """Scales 2^n, clamped to the powers of two that the scale format has."""

    @abstractmethod
    def exponent(self, amax: Unpacked, element: Format) -> Array:
        """log2 of the scale of blocks with this largest magnitude."""

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """One scale a block."""
        yield power_of_two(self.exponent(Unpacked.from_numbers(blocks.amax), element))

    def code_range(self, scale: Format) -> tuple[int, int]:
        """Codes of the smallest and the largest power of two."""
        ends = [floor_log2_of(scale.min_subnormal), floor_log2_of(scale.max)]
        least, greatest = scale.pack(power_of_two(np.array(ends)), "rne")
        return int(least), int(greatest)


class Floor(_PowerOfTwo):
    """2^(floor(log2 amax) - emax), emax that of the largest element; elements may saturate.

    Source: OCP Microscaling Formats (MX) v1.0, section 6.3.
    """

    keyword = "floor"

    def exponent(self, amax: Unpacked, element: Format) -> Array:
        """floor(log2 amax) - emax."""
        return np.asarray(floor_log2(amax) - floor_log2(largest(element)))


class Ceil(_PowerOfTwo):
    """The smallest 2^n >= amax / (largest element): no element saturates."""

    keyword = "ceil"

    def exponent(self, amax: Unpacked, element: Format) -> Array:
        """ceil(log2(amax / largest element))."""
        ratio = divide(amax, largest(element))
        between = ratio.significand & (ratio.significand - 1) != 0
        return np.asarray(floor_log2(ratio) + np.asarray(between, bool))


class Even(_PowerOfTwo):
    """As `Floor` after rounding amax to the element's significand, nearest even.

    Blocks whose largest value would round up to the next power of two take the larger scale.
    The significand is the element format's widest one (a hidden bit included; the magnitude bits of
    an integer).
    """

    keyword = "even"

    def exponent(self, amax: Unpacked, element: Format) -> Array:
        """floor(log2(rounded amax)) - emax."""
        precision = element.unpacked.magnitude_bits
        log2 = floor_log2(amax)
        rounded = round_to_grid(amax, log2 - precision + 1, "rne")
        carry = np.asarray(rounded == 1 << precision, bool)
        return np.asarray(log2 + carry - floor_log2(largest(element)))


class Amax(ScaleRule):
    """amax / (largest element), rounded to the scale format; elements divide by the rounded scale.

    With a tensor scale, blocks divide by that first (both roundings are of exact quotients). A
    scale that rounds to zero makes a block of zeros.
    """

    keyword = "amax"
    tensor_scales = (False, True)
    #: Fractions of amax that become the largest element, in percent.
    percent: ClassVar[Iterable[int]] = (100,)

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """The quotient by the largest element and the tensor scale, for each percentage."""
        unit = times(largest(element), Unpacked.from_numbers(np.array([tensor_scale])))
        amax = Unpacked.from_numbers(blocks.amax).exact()
        for percent in self.percent:
            share = replace(amax, significand=amax.significand * percent)
            yield divide(share, replace(unit, significand=unit.exact().significand * 100))


class Search(Amax):
    """As `Amax` for the share of amax, 100 % down to 20 %, with the least sum of |error|^2.4.

    Scales are rounded up, so that a coarse scale format (E8M0) offers the scale with which nothing
    saturates as well as smaller ones. Errors are compared in float64 and ties keep the larger
    scale.
    Source: the quantisation grids of GPTQ's code ("mse" option).
    """

    keyword = "search"
    percent = range(100, 19, -1)
    error_power = 2.4
    scale_rounding = "up"


class AbsMean(ScaleRule):
    """The mean magnitude of a block, rounded to the scale format.

    Elements beyond the largest one saturate. With ternary elements, the weights of BitNet b1.58;
    with binary ones, those of XNOR-Net.
    """

    keyword = "absmean"

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """Exact sum / number of values."""
        yield divide(
            total(Unpacked.from_numbers(blocks.values)), Unpacked.from_numbers(blocks.lengths)
        )


class TwoLevel(ScaleRule):
    """NVFP4's two levels of scales, in the vendor's order of float32 operations.

    With Q the largest element and S the largest scale (6 and 448): tensor scale t = amax_t / (S Q);
    block scale s = amax / Q * (S Q / amax_t), at most S, to nearest even; elements round
    x * (1 / (s t)), clamped to +-Q. Every operation rounds to float32, overflow gives the largest
    float32, and values are rounded to float32 beforehand. A tensor scale below the smallest float32
    becomes that one.

    Source: NVIDIA, Transformer Engine's NVFP4 reference quantiser.
    """

    keyword = "nv"
    tensor_scales = (True,)
    #: What the block scale is multiplied by, for each choice.
    factors: ClassVar[tuple[float, ...]] = (1.0,)

    def check(self, element: Format, scale: Format) -> None:
        """Raise FormatError unless the product of both largest values is a float32."""
        super().check(element, scale)
        with np.errstate(over="ignore"):
            if not np.isfinite(self._top(element, scale)):
                raise FormatError(
                    f"rule {self.keyword} with scales up to {scale.max:.4g}: a format is needed "
                    "whose largest value fits float32 times the largest element"
                )

    def _top(self, element: Format, scale: Format) -> np.float32:
        return np.float32(scale.max) * np.float32(element.max)

    def prepare(self, values: Array) -> Array:
        """Values as float32; those beyond become infinite, as in a conversion."""
        with np.errstate(over="ignore", invalid="ignore"):
            return values.astype(np.float32)

    def tensor_scale(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor: Format
    ) -> float:
        """amax_t / (S Q)."""
        amax = np.float32(blocks.tensor_amax[0])
        if amax == 0:
            return 1.0
        with np.errstate(under="ignore"):
            rounded = amax / self._top(element, scale)
        return float(np.maximum(rounded, np.finfo(np.float32).smallest_subnormal))

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """Block scales before rounding: amax / Q * (S Q / amax_t)."""
        most = np.finfo(np.float32).max
        amax = blocks.amax.astype(np.float32)
        with np.errstate(all="ignore"):
            encode = np.minimum(self._top(element, scale) / np.float32(blocks.tensor_amax), most)
            unclamped = amax / np.float32(element.max) * np.where(encode > 0, encode, most)
            for factor in self.factors:
                exact = np.minimum(unclamped * np.float32(factor), np.float32(scale.max))
                yield Unpacked.from_numbers(exact)

    def scaled(self, values: Array, scale: Unpacked) -> Unpacked:
        """Values times 1 / (s t)."""
        most = np.finfo(np.float32).max
        with np.errstate(all="ignore"):
            encode = np.minimum(np.float32(1) / scale.to_float64().astype(np.float32), most)
            scaled = values.astype(np.float32) * encode
        scaled = np.where(np.isinf(values), values, np.clip(scaled, -most, most))
        # Zeros stand where the scale is NaN, as in `divide`.
        return Unpacked.from_numbers(np.where(scale.nan, np.copysign(0, values), scaled))


class FourOverSix(TwoLevel):
    """As `TwoLevel`, or with 1.5 times the scale where that has the smaller squared error.

    The block's largest value then becomes 4 instead of 6, a denser part of E2M1's range.
    Source: the "4/6" option of NVFP4 training.
    """

    keyword = "four_over_six"
    factors = (1.0, 1.5)
