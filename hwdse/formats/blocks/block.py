"""Block formats: any element format with any scale format, block size and scale rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.exact import magnitudes, real_numbers
from hwdse.formats.blocks.named import SYNTAX, expanded, short_name
from hwdse.formats.blocks.quantizer import (
    ElementParser,
    Quantized,
    Quantizer,
    least_error,
    poisoned,
    product,
    read_text,
    scale_values,
    special_scales,
    stored_bits,
    take_blocks,
)
from hwdse.formats.blocks.scale_rules import Magnitudes, ScaleRule
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array

_FORM = "block:{element}:{size}:{scale}[:{rule}[:{tensor scale}]]"


@dataclass(frozen=True, kw_only=True)
class BlockFormat(Quantizer):
    """Value = element * block scale (* tensor scale).

    A block format is idempotent if `quantize` does not change the results of `quantize`. The rule
    decides:

    * `floor`, `ceil` and `even` (power-of-two rules): idempotent if the largest element is at least
      as far from zero as the most negative element (all floats; integers of symmetric range).
    * `amax`: idempotent if the rounding of the scale cannot move the largest value to another
      element (for example with E2M1 elements and normal scales of 3 fraction bits).
    * `absmean`, `search` and `nv`: need not be idempotent.

    Attributes:
        element: format of the elements.
        block: which values share a scale.
        scale: format of the block scales; only its positive values are used.
        rule: keyword of `ScaleRule.rules`: how the scales are chosen.
        tensor_scale: format of a second scale for the whole tensor, or None.

    Raises:
        FormatError: the rule is unknown or does not fit the formats, or values of a format do not
            fit float64.
    """

    family: ClassVar[str] = "block"
    source: ClassVar[str] = "OCP Microscaling Formats (MX) v1.0; NVIDIA NVFP4"

    scale: Format
    rule: str
    tensor_scale: Format | None = None

    def __post_init__(self) -> None:
        if self.rule not in ScaleRule.rules:
            raise FormatError(
                f"unknown scale rule {self.rule!r}: allowed are {', '.join(ScaleRule.rules)}"
            )
        text = short_name(self._text(full=True)) or self._text()
        object.__setattr__(self, "name", text if self.scale.bits else self.element.name)
        for number_format in (self.element, self.scale, self.tensor_scale):
            if number_format is not None and not number_format.fits_float64:
                raise FormatError(f"{self.name}: values of {number_format} leave float64")
        if (self.tensor_scale is not None) not in self.scale_rule.tensor_scales:
            which = "has no" if self.tensor_scale is not None else "needs a"
            raise FormatError(f"{self.name}: scale rule {self.rule} {which} tensor scale")
        self.scale_rule.check(self.element, self.scale)

    def _text(self, full: bool = False) -> str:
        parts = ["block", self.element.name, str(self.block), self.scale.name]
        if full or self.tensor_scale is not None or self.rule != _default_rule(self.scale):
            parts.append(self.rule)
        if self.tensor_scale is not None:
            parts.append(self.tensor_scale.name)
        return ":".join(parts)

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> "BlockFormat | None":
        """Read a name such as `mxfp4` or `mxfp4:ceil`, or the text form."""
        fields = read_text(expanded(text) or text, "block", _FORM, range(1, 4))
        if fields is None:
            return None
        element, block, (scale_name, *further) = fields
        scale = parse(scale_name)
        return cls(
            element=parse(element),
            block=block,
            scale=scale,
            rule=further[0] if further else _default_rule(scale),
            tensor_scale=parse(further[1]) if len(further) > 1 else None,
        )

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"{_FORM}, {SYNTAX}"

    @property
    def bits_per_element(self) -> float:
        """Bits of an element, plus its share of the block scale; a tensor scale is not counted."""
        return self.element.bits + self.block.amortised(stored_bits(self.scale))

    @property
    def multiplied(self) -> Format:
        """Format of what a unit multiplies of an element: the element itself."""
        return self.element

    def multiplied_codes(self, codes: Array, scales: Array) -> Array:
        """Codes of `multiplied`.

        Args:
            codes: codes of elements.
            scales: the scale code of each of them.
        """
        del scales
        return codes

    def codes_of_multiplied(self, codes: Array, scales: Array) -> Array:
        """Codes of elements, from codes of `multiplied` and the scale code of each of them."""
        del scales
        return codes

    def zero_codes(self, scales: Array) -> Array:
        """Codes of elements of the value 0 in blocks with these scale codes."""
        return np.full(np.shape(scales), int(self.element.encode(0.0)), np.int64)

    def limits(self, scales: Array) -> tuple[Array, Array]:
        """Least and largest value of `multiplied` in blocks with these scale codes."""
        ends = float(self.element.min), float(self.element.max)
        return np.full(np.shape(scales), ends[0]), np.full(np.shape(scales), ends[1])

    @property
    def scale_rule(self) -> ScaleRule:
        """How the scales are chosen."""
        return ScaleRule.rules[self.rule]

    def tensor_scale_of(self, amax: float) -> float:
        """The tensor scale of a tensor with this largest magnitude; 1 in formats without one."""
        one = Magnitudes(values=magnitudes(np.full((1, 1), amax)), lengths=np.ones(1, np.int64))
        return self.tensor_scale_for(one)

    def encode(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
        *,
        tensor_amax: float | None = None,
    ) -> Quantized:
        """Codes and scales of an array; see `Quantizer.encode`.

        `tensor_amax` is the largest magnitude of the tensor that `x` is a part of, for formats with
        a tensor scale: an inference knows it from calibration. Larger values saturate. Default: the
        largest magnitude of `x`.
        """
        values = real_numbers(x)
        return self._quantized(
            values, self._blocking(values, axis), rounding, random, tensor_amax=tensor_amax
        )

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        return self._quantized(values, blocking, rounding, random)

    def _quantized(
        self,
        values: Array,
        blocking: Blocking,
        rounding: str | None,
        random: RandomBits | None,
        *,
        tensor_amax: float | None = None,
    ) -> Quantized:
        """Codes and scales.

        An exact scale may lie outside the range of the scale format. The power-of-two rules then
        take the nearest power of two that is not zero. The other rules take the nearest scale.

        Some converters make a scale above 2^127 NaN. Float64 values can need such a scale. So can
        the largest float32 values under `ceil` and `even`, if the largest element is below 2
        (MXINT8).
        """
        values = self.scale_rule.prepare(values)
        blocks = Magnitudes(
            values=blocking.split(magnitudes(values)),
            lengths=blocking.lengths(),
            known=tensor_amax,
        )
        candidates = self._candidates(values, blocking, blocks, rounding, random)
        return least_error(self, values, candidates, self.scale_rule.error_power)

    def _candidates(
        self,
        values: Array,
        blocking: Blocking,
        blocks: Magnitudes,
        rounding: str | None,
        random: RandomBits | None,
    ) -> Iterator[Quantized]:
        tensor_scale = self.tensor_scale_for(blocks)
        lost = poisoned(values, self.element, blocking)
        for scales in self.scale_candidates(blocks, lost, tensor_scale):
            scale = take_blocks(scale_values(self.scale, scales, tensor_scale), blocking)
            scaled = self.scale_rule.scaled(values, scale)
            yield Quantized(
                codes=self.element.pack(scaled, rounding, "propagate", random),
                scales=scales,
                blocking=blocking,
                tensor_scale=tensor_scale,
            )

    def tensor_scale_for(self, blocks: Magnitudes) -> float:
        """The tensor scale of a tensor of these blocks; 1 in formats without one."""
        if self.tensor_scale is None:
            return 1.0
        return self.scale_rule.tensor_scale(blocks, self.element, self.scale, self.tensor_scale)

    def scale_candidates(
        self, blocks: Magnitudes, lost: Array, tensor_scale: float
    ) -> Iterator[Array]:
        """Codes of the scales that the rule offers: arrays with one code for each block.

        Each block takes the offer that gives it the least error.

        Args:
            blocks: the values.
            lost: which blocks hold a NaN or infinity that elements have no code for.
            tensor_scale: the tensor scale.
        """
        rule = self.scale_rule
        for exact in rule.scales(blocks, self.element, self.scale, tensor_scale):
            codes = self.scale.pack(exact, rule.scale_rounding)
            codes = np.clip(codes, *rule.code_range(self.scale))
            yield special_scales(self.scale, codes, blocks.amax, lost)

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        scale = scale_values(self.scale, quantized.scales, quantized.tensor_scale)
        elements = self.element.decode(quantized.codes)
        return product(elements, quantized.blocking.spread(scale.to_float64()))


def _default_rule(scale: Format) -> str:
    powers_of_two = scale.unpacked.significand_bits == 1
    return "floor" if powers_of_two else "amax"
