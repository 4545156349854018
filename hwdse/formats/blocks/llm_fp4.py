"""LLM-FP4: floating point with a real-valued exponent bias."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.exact import divide, largest, magnitudes, real_numbers
from hwdse.formats.blocks.quantizer import (
    ElementParser,
    Quantized,
    Quantizer,
    element_codes,
    least_error,
    poisoned,
    product,
    read_text,
    scale_codes,
    scale_values,
    stored_bits,
    take_blocks,
)
from hwdse.formats.minifloat import Minifloat
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array, Unpacked

_FORM = "realbias:e{E}m{M}:{size}[:search]"
_ELEMENT = re.compile(r"e[0-9]{1,9}m[0-9]{1,9}")
#: Clips that `search` tries, in percent of the block's largest magnitude.
_PERCENT = range(120, 19, -1)


@dataclass(frozen=True, kw_only=True)
class RealBiasFloat(Quantizer):
    """A signed float with E exponent and M fraction bits, no specials, and a real-valued bias b.

    The largest value is c = (2 - 2^-M) 2^(2^E - 1 - b), the clip. Each x is rounded to a multiple
    of 2^(p - M - b) with p = max(1, floor(log2|x| + b)), and clipped to +-c. This equals the float
    of integer bias B, times a scale of 2^(B - b). The scale is stored as an fp32 number,
    c / (largest value with bias B). Values are divided by the stored scale exactly, then rounded.

    The clip c is the block's largest magnitude, or the `clip` argument of `encode`. With `search`,
    c is 1.20, 1.19, ... or 0.20 times the largest magnitude, whichever gives the least squared
    error. Errors are compared in float64, and ties keep the larger clip.

    Attributes:
        element: the float with integer bias.
        block: which values share a bias.
        scale: fp32.
        search: whether `encode` searches for the clip.

    Raises:
        FormatError: the element format is not a signed float without special values.
    """

    family: ClassVar[str] = "LLM-FP4"
    source: ClassVar[str] = "S. Liu et al., LLM-FP4, EMNLP 2023 (arXiv:2310.16836)"

    scale: Format
    search: bool = False

    def __post_init__(self) -> None:
        element = self.element
        if not isinstance(element, Minifloat) or element.variant != "finite" or not element.signed:
            raise FormatError(
                f"real-valued bias of {element}: a signed float without special values is needed"
            )
        name = f"realbias:e{element.exponent_bits}m{element.fraction_bits}:{self.block}"
        object.__setattr__(self, "name", name + ":search" * self.search)

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> "RealBiasFloat | None":
        """Read `realbias:e{E}m{M}:{size}[:search]`."""
        fields = read_text(text, "realbias", _FORM, range(2))
        if fields is None:
            return None
        element, block, further = fields
        if not _ELEMENT.fullmatch(element) or further not in ([], ["search"]):
            raise FormatError(f"malformed text {text!r}: {_FORM} is allowed")
        return cls(
            element=parse(f"{element}finite"),
            block=block,
            scale=parse("fp32"),
            search=bool(further),
        )

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return _FORM

    @property
    def bits_per_element(self) -> float:
        """Bits of an element, plus its share of the bias."""
        return self.element.bits + self.block.amortised(stored_bits(self.scale))

    def clip_of(self, bias: float) -> float:
        """The clip c for a bias b, in float64."""
        e, m = self._widths
        return float((2 - 2.0**-m) * 2.0 ** (2**e - 1 - bias))

    def biases(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Biases of the blocks, in float64; infinite for blocks of zeros."""
        assert isinstance(self.element, Minifloat)
        scale = scale_values(self.scale, quantized.scales).to_float64()
        with np.errstate(divide="ignore"):
            return np.asarray(self.element.bias - np.log2(scale))

    @property
    def _widths(self) -> tuple[int, int]:
        assert isinstance(self.element, Minifloat)
        return self.element.exponent_bits, self.element.fraction_bits

    def encode(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
        clip: float | None = None,
    ) -> Quantized:
        """Codes and scales of an array; see `Quantizer.encode`.

        Args:
            x: floats up to 64 bits, or integers; at least one axis.
            axis: the axis along which values share a bias.
            rounding: rounding of the elements.
            random: random bits; only stochastic rounding needs them.
            clip: the largest value c of every block, instead of the block's largest magnitude.

        Raises:
            FormatError: see `Quantizer.encode`; also if the clip is not positive and finite.
        """
        if clip is not None and not (math.isfinite(clip) and clip > 0):
            raise FormatError(f"clip {clip}: a positive finite number is needed")
        values = real_numbers(x)
        return self._clipped(values, self._blocking(values, axis), clip, rounding, random)

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        return self._clipped(values, blocking, None, rounding, random)

    def _clipped(
        self,
        values: Array,
        blocking: Blocking,
        clip: float | None,
        rounding: str | None,
        random: RandomBits | None,
    ) -> Quantized:
        candidates = self._candidates(values, blocking, clip, rounding, random)
        return least_error(self, values, candidates)

    def _candidates(
        self,
        values: Array,
        blocking: Blocking,
        clip: float | None,
        rounding: str | None,
        random: RandomBits | None,
    ) -> Iterator[Quantized]:
        amax = blocking.split(magnitudes(values)).max(axis=-1, initial=0)
        lost = poisoned(values, self.element, blocking)
        if clip is not None:
            amax = np.full(amax.shape, float(clip))
        top, unit = Unpacked.from_numbers(amax).exact(), largest(self.element).exact()
        for percent in _PERCENT if self.search and clip is None else (100,):
            exact = divide(
                replace(top, significand=top.significand * percent),
                replace(unit, significand=unit.significand * 100),
            )
            scales = scale_codes(self.scale, exact, amax, lost)
            scale = take_blocks(scale_values(self.scale, scales), blocking)
            codes = element_codes(self.element, values, scale, rounding, random)
            yield Quantized(codes=codes, scales=scales, blocking=blocking)

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
        clip: float | None = None,
    ) -> npt.NDArray[np.float64]:
        """decode(encode(x)); arguments and errors as for `encode`."""
        return self.decode(self.encode(x, axis, rounding, random, clip))

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        scale = scale_values(self.scale, quantized.scales).to_float64()
        return product(self.element.decode(quantized.codes), quantized.blocking.spread(scale))
