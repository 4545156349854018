"""AFPQ: asymmetric floating point, one scale for each sign."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import BlockSize
from hwdse.formats.blocks.exact import divide, largest, magnitudes, real_numbers
from hwdse.formats.blocks.quantizer import (
    ElementParser,
    Quantized,
    Quantizer,
    element_codes,
    poisoned,
    product,
    read_text,
    scale_codes,
    scale_values,
    stored_bits,
    take_blocks,
)
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array, Unpacked

_FORM = "afpq:{element}:{size}[:{scale}]"
_DEFAULT_SCALE = "fp16"


@dataclass(frozen=True, kw_only=True)
class AsymmetricFloat(Quantizer):
    """Value = element * s+ where it is positive, element * s- where it is negative.

    s+ = max(x) / (largest element) and s- = |min(x)| / (largest element) of a block, each rounded
    to its format; 0 where a block has no value of that sign. Elements round by the rounded scale.

    `Quantized.scales` has a leading axis of 2: s+ and s-.

    Attributes:
        element: a signed element format whose least value is minus its largest one.
        block: which values share the two scales.
        scale: format of the scales.

    Raises:
        FormatError: an element format that is not symmetric.
    """

    family: ClassVar[str] = "AFPQ"
    source: ClassVar[str] = "Y. Zhang et al., AFPQ (arXiv:2311.01792)"

    block: BlockSize
    scale: Format

    def __post_init__(self) -> None:
        text = f"afpq:{self.element}:{self.block}"
        if self.scale.name != _DEFAULT_SCALE:
            text += f":{self.scale}"
        object.__setattr__(self, "name", text)
        if self.element.min != -self.element.max:
            raise FormatError(
                f"{self.name}: values from {self.element.min:g} to {self.element.max:g} are not "
                "symmetric, as is needed"
            )

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> "AsymmetricFloat | None":
        """Read `afpq:{element}:{size}[:{scale}]`."""
        fields = read_text(text, "afpq", _FORM, range(2))
        if fields is None:
            return None
        scale = parse(fields[2][0] if fields[2] else _DEFAULT_SCALE)
        return cls(element=parse(fields[0]), block=fields[1], scale=scale)

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return _FORM

    @property
    def bits_per_element(self) -> float:
        """Element and its share of the two scales."""
        return self.element.bits + self.block.amortised(2 * stored_bits(self.scale))

    def encode(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        rounding: str | None = None,
        random: RandomBits | None = None,
    ) -> Quantized:
        """Codes and scales of an array; see `Quantizer.encode`."""
        values = real_numbers(x)
        blocking = self.block.over(values.shape, axis)
        size = magnitudes(values)
        lost = poisoned(values, self.element, blocking)
        sides = []
        for side in (values > 0, values < 0):
            amax = blocking.split(np.where(side, size, 0).astype(size.dtype)).max(-1, initial=0)
            exact = divide(Unpacked.from_numbers(amax), largest(self.element))
            sides.append(scale_codes(self.scale, exact, amax, lost))
        scales = np.stack(sides)
        positive, negative = (take_blocks(scale_values(self.scale, s), blocking) for s in scales)
        below = values < 0
        scale = Unpacked(
            **{
                name: np.where(below, array, vars(positive)[name])
                for name, array in vars(negative).items()
            }
        )
        return Quantized(
            codes=element_codes(self.element, values, scale, rounding, random),
            scales=scales,
            blocking=blocking,
        )

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        elements = self.element.decode(quantized.codes)
        positive, negative = (self._spread(quantized, side) for side in (0, 1))
        return product(elements, np.where(elements < 0, negative, positive))

    def _spread(self, quantized: Quantized, side: int) -> Array:
        scale = scale_values(self.scale, quantized.scales[side]).to_float64()
        return quantized.blocking.spread(scale)
