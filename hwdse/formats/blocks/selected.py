"""Blocks that choose their format."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.block import BlockFormat
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.quantizer import ElementParser, Quantized, Quantizer, block_errors
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array

_KEYWORD, _BETWEEN = "select", "|"
_FORM = "select:{block format}|{block format}..."


@dataclass(frozen=True, kw_only=True, eq=False)
class SelectedBlocks(Quantized):
    """Codes and scales of blocks in several formats.

    Attributes:
        choices: for each block, the place of its format in the list.
        tensor_scales: the tensor scale of each format.
    """

    choices: Array
    tensor_scales: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class SelfSelected(Quantizer):
    """Each block has that one of several formats which gives it the least squared error.

    Of formats with the same error, the first one counts. The number of the format is stored with
    each block: one bit for two formats.

    Attributes:
        options: block formats, with blocks of the same size.

    Raises:
        FormatError: there are fewer than two formats, one twice, or their blocks differ.
    """

    family: ClassVar[str] = "self-selected"
    source: ClassVar[str] = "W. Jang and T. Tambe, BlockDialect, ICML 2025 (arXiv:2501.01144)"

    element: Format = field(init=False)
    options: tuple[BlockFormat, ...]

    def __post_init__(self) -> None:
        names = [each.name for each in self.options]
        object.__setattr__(self, "name", f"{_KEYWORD}:{_BETWEEN.join(names)}")
        if len(set(names)) < max(2, len(names)):
            raise FormatError(f"{self.name}: two different formats or more are needed")
        sizes = dict.fromkeys(str(each.block) for each in self.options)
        if len(sizes) > 1 or self.options[0].block != self.block:
            raise FormatError(f"{self.name}: blocks of {' and '.join(sizes)} values: one size")
        object.__setattr__(self, "element", self.options[0].element)

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> Self | None:
        """Read `select:` and the names of the formats."""
        keyword, colon, rest = text.partition(":")
        if keyword != _KEYWORD or not colon:
            return None
        options = []
        for name in rest.split(_BETWEEN):
            found = BlockFormat.from_name(name, parse)
            if found is None:
                raise FormatError(f"malformed quantizer {text!r}: {_FORM} is allowed")
            options.append(found)
        return cls(options=tuple(options), block=options[0].block)

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return _FORM

    @property
    def bits_per_element(self) -> float:
        """Bits of the widest format, plus the share of the choice."""
        choice = (len(self.options) - 1).bit_length()
        return max(each.bits_per_element for each in self.options) + self.block.amortised(choice)

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> SelectedBlocks:
        """Codes of all formats, of which each block takes the best."""
        parts = tuple(each._encode(values, blocking, rounding, random) for each in self.options)
        errors = [
            block_errors(values, each.decode(part), blocking, 2.0)
            for each, part in zip(self.options, parts, strict=True)
        ]
        choices = np.argmin(errors, axis=0)
        return SelectedBlocks(
            codes=np.choose(blocking.spread(choices), [each.codes for each in parts]),
            scales=np.choose(choices, [each.scales for each in parts]),
            blocking=blocking,
            choices=choices,
            tensor_scales=tuple(each.tensor_scale for each in parts),
        )

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        assert isinstance(quantized, SelectedBlocks)
        found = np.zeros(quantized.codes.shape)
        for place, (each, factor) in enumerate(
            zip(self.options, quantized.tensor_scales, strict=True)
        ):
            here = quantized.choices == place
            inside = quantized.blocking.spread(here)
            part = Quantized(
                codes=np.where(inside, quantized.codes, 0).astype(each.element.code_dtype),
                scales=np.where(here, quantized.scales, 0).astype(each.scale.code_dtype),
                blocking=quantized.blocking,
                tensor_scale=factor,
            )
            found = np.where(inside, each.decode(part), found)
        return found
