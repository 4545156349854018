"""Parts of a design spec that are written `keyword[:option...]` and register themselves."""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from hwdse.errors import SpecError, unknown


@dataclass(frozen=True, kw_only=True)
class Part(ABC):
    """A named choice with options, such as a multiplier or an accumulator.

    A direct child is a kind of part; a child of it with a `keyword` is a choice of that kind, and
    defining it is all that makes `parse` know it.
    """

    kind: ClassVar[str]
    keyword: ClassVar[str] = ""
    choices: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if Part in cls.__bases__:
            cls.choices = {}
        elif cls.keyword:
            if cls.choices.get(cls.keyword, cls).__qualname__ != cls.__qualname__:
                raise SpecError(f"{cls.kind} {cls.keyword!r} is already defined")
            cls.choices[cls.keyword] = cls

    @classmethod
    def parse(cls, text: str) -> Self:
        """The choice that `keyword[:option...]` names.

        Raises:
            SpecError: an unknown keyword or option.
        """
        keyword, *options = text.split(":")
        if keyword not in cls.choices:
            raise SpecError(unknown(cls.kind, text, cls.choices))
        chosen: Self = cls.choices[keyword].from_options(tuple(options))
        return chosen

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """The choice with the given options; by default there are none.

        Raises:
            SpecError: an option that does not exist.
        """
        if options:
            raise cls.bad_options(options)
        return cls()

    @classmethod
    def bad_options(cls, options: tuple[str, ...]) -> SpecError:
        """The error for options that this choice does not have."""
        return SpecError(
            f"{cls.kind} {':'.join((cls.keyword, *options))!r}: the form is {cls.syntax()}"
        )

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return cls.keyword

    def __str__(self) -> str:
        return self.keyword
