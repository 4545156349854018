"""Codebooks: formats whose levels are data, such as NF4 and learned tables."""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat
from hwdse.formats.unpacked import clog2
from hwdse.reading import read_json

_MIN_LEVELS, _MAX_LEVELS = 2, 256
_PREFIX = "codebook:"

#: The sixteen float32 numbers of the NF4 table.
NF4_LEVELS = (
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
)


@dataclass(frozen=True, kw_only=True)
class Codebook(LevelFormat):
    """A code is an index into a sorted list of numbers; a value goes to the nearest number.

    If the length of the list is not a power of two, the codes past its end decode to the last
    level. Encoding never produces these codes.

    Attributes:
        levels: 2 to 256 finite float64 numbers, strictly increasing, taken exactly.

    Raises:
        FormatError: the name is missing, or the levels are not such numbers.
    """

    family: ClassVar[str] = "codebook"
    source: ClassVar[str] = "NF4: Dettmers et al., QLoRA, NeurIPS 2023, appendix E"

    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise FormatError(f"codebook named {self.name!r}: a text of one character or more")
        if not isinstance(self.levels, list | tuple | np.ndarray):
            raise FormatError(f"{self.name}: levels must be a list of numbers")
        if not _MIN_LEVELS <= len(self.levels) <= _MAX_LEVELS:
            raise FormatError(
                f"{self.name}: {len(self.levels)} levels, but {_MIN_LEVELS} to {_MAX_LEVELS} are "
                "allowed"
            )
        levels = tuple(self._checked(level) for level in self.levels)
        for low, high in pairwise(levels):
            if low >= high:
                raise FormatError(
                    f"{self.name}: level {high} after {low}, only increasing ones are allowed"
                )
        object.__setattr__(self, "levels", levels)

    def _checked(self, level: Any) -> float:
        if isinstance(level, bool) or not isinstance(level, Real):
            raise FormatError(f"{self.name}: level {level!r}, only numbers are allowed")
        try:
            number = float(level)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number != level:
            raise FormatError(f"{self.name}: level {level}, only finite float64 ones are allowed")
        return number + 0.0  # -0.0 becomes 0.0: a codebook has one zero

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a JSON object with the members "name" and "levels".

        Raises:
            FormatError: the file is missing or holds something else.
        """
        data = read_json(path, "codebook", FormatError)
        if not isinstance(data, dict) or set(data) != {"name", "levels"}:
            raise FormatError(
                f'codebook {path}: an object with members "name" and "levels" is needed'
            )
        try:
            return cls(name=data["name"], levels=data["levels"])
        except FormatError as error:
            raise FormatError(f"codebook {path}: {error}") from error

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `codebook:{path}`; this text becomes the format's name."""
        path = cls.file_of(text)
        return None if path is None else cls(name=text, levels=cls.from_file(path).levels)

    @classmethod
    def file_of(cls, text: str) -> Path | None:
        """The file that `codebook:{path}` names."""
        return Path(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return _PREFIX + "{path}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return clog2(len(self.levels))

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        return Fraction(self.levels[min(code, len(self.levels) - 1)])

    def is_produced(self, code: int) -> bool:
        """Whether the code is an index into the list."""
        return code < len(self.levels)
