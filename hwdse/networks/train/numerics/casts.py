"""Roundings of float32 tensors to formats, on any device, equal to those of `hwdse.formats`.

The first axis of a tensor counts trainings that run side by side: nothing is shared along it.
Blocks lie along the last axis.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import BlockFormat, Format, Quantizer
from hwdse.formats.binary_float import BinaryFloat
from hwdse.formats.fixed_point import FixedPoint
from hwdse.networks.train.quantized import Levels

RANDOM_BITS = 16
"""Random bits of a stochastic rounding, which is the formats' `stochastic_a`."""
_LEAST_EXPONENT, _EXPONENT_BIAS, _FRACTION_BITS = -126, 127, 23
_MOST = float(np.finfo(np.float32).max)


class Cast(ABC):
    """A rounding of tensors."""

    @abstractmethod
    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The rounded values, of the same shape, in float32."""


class NoCast(Cast):
    """Float32 stays float32."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """See `Cast`."""
        return x


class GridCast(Cast):
    """Rounds to a float or fixed-point format on the grid of each value's binade."""

    def __init__(
        self,
        number_format: BinaryFloat | FixedPoint,
        overflow: str,
        random: torch.Generator | None,
    ) -> None:
        """A rounding.

        Args:
            number_format: the format.
            overflow: `saturate`, or `ieee` for infinities.
            random: source of the bits of stochastic rounding; None: to nearest, ties to even.
        """
        if isinstance(number_format, FixedPoint):
            self._fraction_bits: int | None = None
            self._least = -number_format.fraction_bits
        else:
            self._fraction_bits = number_format.fraction_bits
            self._least = number_format.lsb_exponent
        self._low, self._high = float(number_format.min), float(number_format.max)
        self._infinite = overflow == "ieee" and number_format.has_inf
        self._random = random

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """See `Cast`."""
        if self._fraction_bits is None:
            lsb = torch.full_like(x, self._least, dtype=torch.int32)
        else:
            _, exponent = torch.frexp(x)
            lsb = (exponent - 1 - self._fraction_bits).clamp_min(self._least).to(torch.int32)
        steps = times_power_of_two(x, -lsb)
        found = times_power_of_two(self._whole(steps), lsb)
        if not self._infinite:
            return found.clamp(self._low, self._high)
        limited = torch.where(found.abs() > self._high, torch.inf, found.abs())
        return torch.copysign(limited, x)

    def _whole(self, steps: torch.Tensor) -> torch.Tensor:
        if self._random is None:
            return steps.round()
        magnitude = steps.abs()
        below = magnitude.floor()
        drawn = torch.randint(
            1 << RANDOM_BITS,
            steps.shape,
            generator=self._random,
            device=steps.device,
            dtype=torch.int32,
        )
        fraction = ((magnitude - below) * (1 << RANDOM_BITS)).floor()
        away = fraction + drawn >= 1 << RANDOM_BITS
        return torch.copysign(below + away, steps)


def times_power_of_two(x: torch.Tensor, exponent: torch.Tensor) -> torch.Tensor:
    """Multiply by 2**exponent, exact where float32 holds the result; exponents from -250 to 250."""
    half = exponent // 2
    return x * _power_of_two(half) * _power_of_two(exponent - half)


def _power_of_two(exponent: torch.Tensor) -> torch.Tensor:
    """2**exponent of int32 exponents from -126 to 127, by the bits: no library may round it."""
    return ((exponent + _EXPONENT_BIAS) << _FRACTION_BITS).view(torch.float32)


def scale_exponent(amax: torch.Tensor, largest: float, *, ceil: bool, most: int) -> torch.Tensor:
    """Binary logarithms of scales that are powers of two, as int32; 0 for values of 0.

    Args:
        amax: largest magnitude of the values of each scale.
        largest: the largest value of the format.
        ceil: the least scale at which nothing saturates; otherwise the binades of both meet.
        most: the greatest logarithm.
    """
    top, log2 = np.frexp(largest)
    significand, exponent = torch.frexp(amax)
    exponent = exponent - int(log2)
    if ceil:
        exponent = exponent + (significand > float(top))
    exponent = torch.where(amax > 0, exponent, 0).clamp(_LEAST_EXPONENT, most)
    return exponent.to(torch.int32)


class ListCast(Cast):
    """Rounds to nearest in any format of at most 16 bits, by its list of values."""

    def __init__(self, number_format: Format) -> None:
        """A rounding."""
        self._levels = Levels(number_format)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """See `Cast`."""
        values: Any = self._levels.to(x.device)
        inside = x.clamp(values.low, values.high).contiguous()
        return torch.as_tensor(values.values[torch.bucketize(inside, values.bounds)])


class ScaledCast(Cast):
    """One scale for a tensor, a power of two that lets its largest value just fit the format."""

    def __init__(self, element: Cast, largest: float) -> None:
        """A rounding of scaled values.

        Args:
            element: rounding of the scaled values.
            largest: the largest value of the format.
        """
        self._element, self._largest = element, largest

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """See `Cast`."""
        largest = x.abs().amax(dim=tuple(range(1, x.dim())), keepdim=True)
        exponent = scale_exponent(largest, self._largest, ceil=True, most=_EXPONENT_BIAS)
        scaled = self._element(times_power_of_two(x, -exponent))
        return times_power_of_two(scaled, exponent)


class BlockCast(Cast, ABC):
    """A block format: part of the last axis, a tile of the last two, or a tensor shares a scale."""

    def __init__(self, block: BlockFormat, element: Cast) -> None:
        """A rounding.

        Args:
            block: the format.
            element: rounding of the scaled values.
        """
        self._element = element
        self._size = block.block
        self._largest = float(block.element.max)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """See `Cast`."""
        side, rows, columns = x.shape
        height = rows if self._size.columns is None else self._size.rows
        width = columns if self._size.columns is None else self._size.columns
        more = torch.nn.functional.pad(x, (0, -columns % width, 0, -rows % height))
        tiles = more.view(side, more.shape[1] // height, height, more.shape[2] // width, width)
        amax = tiles.abs().amax(dim=(2, 4), keepdim=True)
        largest = x.abs().amax(dim=(1, 2)).view(-1, 1, 1, 1, 1)
        found = self._rounded(tiles, amax, largest).reshape(more.shape)
        return found[:, :rows, :columns]

    @abstractmethod
    def _rounded(
        self, tiles: torch.Tensor, amax: torch.Tensor, largest: torch.Tensor
    ) -> torch.Tensor:
        """The rounded values.

        Args:
            tiles: the values, shape (side, rows, height, columns, width).
            amax: largest magnitude of each tile.
            largest: largest magnitude of each tensor.
        """


class PowerOfTwoCast(BlockCast):
    """Scales 2^n: MX formats and dynamic fixed point, rules `floor` and `ceil`."""

    def __init__(self, block: BlockFormat, element: Cast) -> None:
        """A rounding."""
        super().__init__(block, element)
        self._ceil = block.rule == "ceil"
        self._most = int(np.log2(block.scale.max))

    def _rounded(
        self, tiles: torch.Tensor, amax: torch.Tensor, largest: torch.Tensor
    ) -> torch.Tensor:
        exponent = scale_exponent(amax, self._largest, ceil=self._ceil, most=self._most)
        return times_power_of_two(self._element(times_power_of_two(tiles, -exponent)), exponent)


class TwoLevelCast(BlockCast):
    """NVFP4's two levels of scales, in its order of float32 operations (`formats` rule `nv`)."""

    def __init__(self, block: BlockFormat, element: Cast) -> None:
        """A rounding."""
        super().__init__(block, element)
        self._scale = cast(block.scale.name)
        self._scale_max = float(block.scale.max)
        self._top = self._scale_max * self._largest

    def _rounded(
        self, tiles: torch.Tensor, amax: torch.Tensor, largest: torch.Tensor
    ) -> torch.Tensor:
        # A quotient with a Python number would be a product with its rounded reciprocal on a GPU.
        top = torch.full_like(largest, self._top)
        tensor_scale = torch.where(largest > 0, largest / top, 1.0)
        encode = (top / largest).clamp_max(_MOST)
        share = amax / torch.full_like(amax, self._largest)
        scale = self._scale((share * encode).clamp_max(self._scale_max))
        scale = torch.where(amax > 0, scale, 0.0)
        factor = (torch.ones_like(scale) / (scale * tensor_scale)).clamp_max(_MOST)
        codes = self._element((tiles * factor).clamp(-_MOST, _MOST))
        return codes * scale * tensor_scale


@dataclass(frozen=True, kw_only=True)
class CastText:
    """What the text of a cast says: `{format}[+amax][+stochastic][+ieee]`.

    Attributes:
        number_format: element or block format; `fp32` leaves values as they are.
        scaled: one scale for a tensor, a power of two by its largest value.
        stochastic: whether values round at random, in proportion to their distances.
        overflow: `saturate` or `ieee`.
    """

    number_format: Format | Quantizer
    scaled: bool = False
    stochastic: bool = False
    overflow: str = "saturate"

    @classmethod
    def parse(cls, text: str) -> "CastText":
        """Read a text such as `e4m3fn+amax` or `mxfp4:ceil+stochastic`.

        Raises:
            FormatError: the format or an option is unknown.
        """
        name, *options = (each.strip() for each in text.split("+"))
        unknown = [each for each in options if each not in _OPTIONS]
        if unknown:
            raise FormatError(
                f"unknown option {unknown[0]!r} in {text!r}: allowed are {', '.join(_OPTIONS)}"
            )
        return cls(
            number_format=formats.get(name),
            scaled="amax" in options,
            stochastic="stochastic" in options,
            overflow="ieee" if "ieee" in options else "saturate",
        )


_OPTIONS = ("amax", "stochastic", "ieee")


def cast(text: str, random: torch.Generator | None = None) -> Cast:
    """The cast of a text; see `CastText`.

    Args:
        text: the text.
        random: source of the bits of stochastic rounding.

    Raises:
        FormatError: the text is wrong, or there is no such cast for this format.
    """
    read = CastText.parse(text)
    number_format = read.number_format
    if number_format.name == "fp32":
        return NoCast()
    if read.stochastic and random is None:
        raise FormatError(f"cast {text!r}: stochastic rounding is not possible here")
    source = random if read.stochastic else None
    if isinstance(number_format, BlockFormat):
        if read.scaled or read.overflow != "saturate":
            raise FormatError(f"cast {text!r}: a block format takes the option stochastic only")
        return _of_blocks(number_format, source)
    if not isinstance(number_format, Format):
        raise FormatError(f"cast {text!r}: element and block formats are allowed")
    element = _of_elements(number_format, read.overflow, source)
    return ScaledCast(element, float(number_format.max)) if read.scaled else element


def _of_elements(number_format: Format, overflow: str, random: torch.Generator | None) -> Cast:
    if isinstance(number_format, FixedPoint):
        return GridCast(number_format, overflow, random)
    if isinstance(number_format, BinaryFloat) and number_format.fraction_bits:
        return GridCast(number_format, overflow, random)
    if random is not None:
        raise FormatError(
            f"stochastic rounding to {number_format}: floats with fraction bits, integers and "
            "fixed point are allowed"
        )
    return ListCast(number_format)


def _of_blocks(block: BlockFormat, random: torch.Generator | None) -> Cast:
    element = _of_elements(block.element, "saturate", random)
    for rules, kind in _KINDS.items():
        if block.rule in rules:
            return kind(block, element)
    allowed = ", ".join(rule for rules in _KINDS for rule in rules)
    raise FormatError(f"cast to {block}: scale rule {block.rule}; allowed are {allowed}")


_KINDS: dict[tuple[str, ...], type[BlockCast]] = {
    ("floor", "ceil"): PowerOfTwoCast,
    ("nv",): TwoLevelCast,
}
