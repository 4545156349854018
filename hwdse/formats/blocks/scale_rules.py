"""Scale rules: one class per way to choose the scale of a block from its values."""

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
        values: real numbers. The leading axes count blocks; the last axis counts the values of a
            block. Short blocks are filled with zeros; NaN and infinities become zeros.
        lengths: number of values in each block.
        known: largest magnitude of the whole tensor, if `values` are only a part of it.
    """

    values: Array
    lengths: Array
    known: float | None = None

    @property
    def amax(self) -> Array:
        """Largest magnitude of each block."""
        return np.asarray(self.values.max(axis=-1, initial=0))

    @property
    def tensor_amax(self) -> Array:
        """Largest magnitude of the whole tensor, of shape (1,)."""
        if self.known is not None:
            return np.array([self.known])
        return np.asarray(self.values.max(initial=0)).reshape(1)


class ScaleRule(ABC):
    """A rule for exact scales; the block format then rounds them to its scale format.

    Defining a subclass with a keyword registers the rule for the text form of block formats.
    """

    rules: ClassVar[dict[str, "ScaleRule"]] = {}
    keyword: ClassVar[str] = ""
    #: Allowed values of "the block format has a tensor scale".
    tensor_scales: ClassVar[tuple[bool, ...]] = (False,)
    #: If a rule offers several scales, the block takes the least sum of |error|^power.
    error_power: ClassVar[float] = 2.0
    #: Rounding of the exact scales to the scale format.
    scale_rounding: ClassVar[str] = "rne"
    #: Whether the scales depend on no other values of a block than the largest magnitude.
    needs_largest_only: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.keyword:
            ScaleRule.rules[cls.keyword] = cls()

    @abstractmethod
    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterable[Unpacked]:
        """Candidate scales, one or more per block; blocks of zeros may get any value."""

    def check(self, element: Format, scale: Format) -> None:
        """Raise FormatError if the rule does not work with these formats."""
        largest(element)
        largest(scale)

    def code_range(self, scale: Format) -> tuple[int, int]:
        """Least and greatest scale code of a block that is not all zeros."""
        return 0, int(scale.encode(scale.max))

    def prepare(self, values: Array) -> Array:
        """The values that the quantiser uses; by default, `values` themselves."""
        return values

    def tensor_scale(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor: Format
    ) -> float:
        """The tensor scale: the largest magnitude over (largest element * largest block scale).

        A tensor of zeros has the tensor scale 1. Any other tensor scale is greater than zero.
        """
        amax = Unpacked.from_numbers(blocks.tensor_amax)
        exact = divide(amax, times(largest(element), largest(scale)))
        rounded = float(tensor.decode(tensor.pack(exact, "rne"))[0])
        return 1.0 if amax.zero[0] else max(rounded, tensor.min_subnormal)

    def scaled(self, values: Array, scale: Unpacked) -> Unpacked:
        """Values divided by their exact scales (including the tensor scale), before rounding."""
        return divide(Unpacked.from_numbers(values), scale)

    def float32_factors(self, scales: Array) -> Array | None:
        """What float32 values are multiplied by, of each exact scale; None if they are divided."""
        del scales
        return None


class _PowerOfTwo(ScaleRule):
    """Scales 2^n, clamped to the powers of two of the scale format."""

    @abstractmethod
    def exponent(self, amax: Unpacked, element: Format) -> Array:
        """log2 of the scale of blocks with the largest magnitude `amax`."""

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """One candidate scale per block."""
        yield power_of_two(self.exponent(Unpacked.from_numbers(blocks.amax), element))

    def code_range(self, scale: Format) -> tuple[int, int]:
        """Codes of the smallest and the largest power of two."""
        ends = [floor_log2_of(scale.min_subnormal), floor_log2_of(scale.max)]
        least, greatest = scale.pack(power_of_two(np.array(ends)), "rne")
        return int(least), int(greatest)


class Floor(_PowerOfTwo):
    """2^(floor(log2 amax) - emax), with emax of the largest element; elements may saturate.

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
    """Like `Floor`, after amax is rounded to the element's significand, to nearest even.

    If a block's largest value would round up to the next power of two, the block takes the larger
    scale. The significand is the widest of the element format, including the hidden bit. For an
    integer, it is the magnitude bits.
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

    A tensor scale also divides the exact block scale. Block scales and elements are both rounded
    from exact quotients. If a scale rounds to zero, the block becomes zeros.
    """

    keyword = "amax"
    tensor_scales = (False, True)
    #: Candidate shares of amax, in percent; the share becomes the largest element.
    percent: ClassVar[Iterable[int]] = (100,)

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """Shares of amax over (largest element * tensor scale), one candidate per percentage."""
        unit = times(largest(element), Unpacked.from_numbers(np.array([tensor_scale])))
        amax = Unpacked.from_numbers(blocks.amax).exact()
        for percent in self.percent:
            share = replace(amax, significand=amax.significand * percent)
            yield divide(share, replace(unit, significand=unit.exact().significand * 100))


class Search(Amax):
    """Like `Amax`, with the share of amax (100 % to 20 %) that has the least sum of |error|^2.4.

    Scales are rounded up. A coarse scale format (E8M0) therefore offers the scale at which nothing
    saturates, and smaller scales. Errors are compared in float64, and ties keep the larger scale.

    Source: the quantisation grids of GPTQ's code ("mse" option).
    """

    keyword = "search"
    percent = range(100, 19, -1)
    error_power = 2.4
    scale_rounding = "up"


class AbsMean(ScaleRule):
    """The mean magnitude of a block, rounded to the scale format.

    Elements beyond the largest element saturate. With ternary elements, this rule gives the weights
    of BitNet b1.58. With binary elements, it gives the weights of XNOR-Net.
    """

    keyword = "absmean"
    needs_largest_only = False

    def scales(
        self, blocks: Magnitudes, element: Format, scale: Format, tensor_scale: float
    ) -> Iterator[Unpacked]:
        """Exact sum of the magnitudes / number of values."""
        yield divide(
            total(Unpacked.from_numbers(blocks.values)), Unpacked.from_numbers(blocks.lengths)
        )


class TwoLevel(ScaleRule):
    """NVFP4's two levels of scales, with the vendor's order of float32 operations.

    Q is the largest element and S the largest scale (6 and 448 in NVFP4). The tensor scale is
    t = amax_t / (S Q). The block scale is s = amax / Q * (S Q / amax_t), at most S, rounded to
    nearest even. Elements are x * (1 / (s t)), rounded and clamped to +-Q. Values are first rounded
    to float32. Every operation rounds to float32, and overflow gives the largest float32. A
    tensor scale below the smallest float32 becomes the smallest float32.

    Source: NVIDIA, Transformer Engine's NVFP4 reference quantiser.
    """

    keyword = "nv"
    tensor_scales = (True,)
    #: Factors of the block scale, one per candidate.
    factors: ClassVar[tuple[float, ...]] = (1.0,)

    def check(self, element: Format, scale: Format) -> None:
        """Raise FormatError unless (largest element * largest scale) fits float32."""
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
        """Values as float32; values out of range become infinite, as in a conversion."""
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

    def float32_factors(self, scales: Array) -> Array:
        """1 / (s t)."""
        with np.errstate(all="ignore"):
            inverse = np.float32(1) / scales.astype(np.float32)
        return np.asarray(np.minimum(inverse, np.finfo(np.float32).max))

    def scaled(self, values: Array, scale: Unpacked) -> Unpacked:
        """Values times 1 / (s t)."""
        most = np.finfo(np.float32).max
        with np.errstate(all="ignore"):
            scaled = values.astype(np.float32) * self.float32_factors(scale.to_float64())
        scaled = np.where(np.isinf(values), values, np.clip(scaled, -most, most))
        # As in `divide`, a NaN scale gives zeros.
        return Unpacked.from_numbers(np.where(scale.nan, np.copysign(0, values), scaled))


class FourOverSix(TwoLevel):
    """Like `TwoLevel`, but blocks take 1.5 times the scale if that has the smaller squared error.

    With the larger scale, the block's largest value becomes 4 instead of 6. E2M1 values are denser
    there.

    Source: the "4/6" option of NVFP4 training.
    """

    keyword = "four_over_six"
    factors = (1.0, 1.5)
