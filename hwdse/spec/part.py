"""Parts of a design spec, written as `keyword[:option...]`. Each part registers itself."""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from hwdse.errors import SpecError, unknown


@dataclass(frozen=True, kw_only=True)
class Part(ABC):
    """A named choice with options, such as the multiplier `lmul` or the accumulator `kulisch`.

    A direct subclass of `Part` is a kind of part, such as `Multiplier`. A subclass of a kind with a
    `keyword` is one choice of this kind. Defining the subclass registers the choice, and `parse`
    then accepts the keyword.
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
        """Parse `keyword[:option...]`.

        Raises:
            SpecError: the keyword or an option is unknown.
        """
        keyword, *options = text.split(":")
        if keyword not in cls.choices:
            raise SpecError(unknown(cls.kind, text, cls.choices))
        chosen: Self = cls.choices[keyword].from_options(tuple(options))
        return chosen

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Build the choice from its options. This default accepts no options.

        Raises:
            SpecError: an option is unknown.
        """
        if options:
            raise cls.bad_options(options)
        return cls()

    @classmethod
    def bad_options(cls, options: tuple[str, ...]) -> SpecError:
        """The error for options that this choice does not accept."""
        return SpecError(
            f"{cls.kind} {':'.join((cls.keyword, *options))!r}: the form is {cls.syntax()}"
        )

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice in a design spec, with all options."""
        return cls.keyword

    def __str__(self) -> str:
        return self.keyword
