"""Base class of quantisers whose scales depend on both ends of a block's range."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats.base import Format
from hwdse.formats.blocks.quantizer import ElementParser, Quantizer, read_text


@dataclass(frozen=True, kw_only=True)
class RangeQuantizer(Quantizer):
    """A quantiser with the text form `{keyword}:{element}:{size}[:{scale}]`.

    Attributes:
        element: format of the elements.
        block: which values share scales.
        scale: format of the scales.
    """

    keyword: ClassVar[str]
    elements: ClassVar[str] = "{element}"
    default_scale: ClassVar[str]

    scale: Format

    def __post_init__(self) -> None:
        text = f"{self.keyword}:{self.element}:{self.block}"
        if self.scale.name != self.default_scale:
            text += f":{self.scale}"
        object.__setattr__(self, "name", text)

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> Self | None:
        """Read the text form."""
        fields = read_text(text, cls.keyword, cls.syntax(), range(2))
        if fields is None:
            return None
        scale = parse(fields[2][0] if fields[2] else cls.default_scale)
        return cls(element=parse(fields[0]), block=fields[1], scale=scale)

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"{cls.keyword}:{cls.elements}:{{size}}[:{{scale}}]"
