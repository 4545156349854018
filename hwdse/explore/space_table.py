"""A [[space]] table of a space file: all combinations of the values of the keys of a spec."""

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from hwdse import formats
from hwdse.errors import HwdseError, SpaceError, SpecError
from hwdse.explore.space_text import SpaceText
from hwdse.spec import Accumulator, Design, Multiplier, Unit

_Combination = Mapping[str, str | int]

# Parsers for values of a spec. An error message needs them to find the wrong value.
_PARSERS: tuple[Callable[[str], object], ...] = (
    formats.parse,
    Multiplier.parse,
    Accumulator.parse,
    Unit.parse,
)


@dataclass(frozen=True, kw_only=True)
class SpaceTable:
    """One [[space]] table, which describes all combinations of the values of its keys.

    Attributes:
        source: the text of the space file.
        index: number of the table in the file, counted from 0.
        content: its keys and values.
    """

    source: SpaceText
    index: int
    content: Mapping[str, Any]

    @cached_property
    def axes(self) -> dict[str, list[str | int]]:
        """The list of values for each key.

        Raises:
            SpaceError: the table has no design keys, or a value has a wrong type.
        """
        axes = {k: self._values(k, v) for k, v in self.content.items() if k != "skip_invalid"}
        if not axes:
            raise self.error(f"[[space]] number {self.index + 1} has no design keys")
        return axes

    @property
    def combinations(self) -> int:
        """Number of combinations."""
        return math.prod(map(len, self.axes.values()))

    def designs(self, skip_by_default: bool) -> tuple[list[Design], int]:
        """Designs of the table, and the number of combinations left out.

        Raises:
            SpaceError: a combination is invalid and must not be skipped, or all combinations with
                a value are invalid.
        """
        skip = self.source.typed(self.content, "skip_invalid", bool, skip_by_default)
        axes = self.axes
        designs: list[Design] = []
        useful: set[tuple[str, str | int]] = set()
        refused: list[_Refusal] = []
        for combination in itertools.product(*axes.values()):
            chosen = dict(zip(axes, combination, strict=True))
            try:
                designs.append(Design.parse(_spec(chosen)))
            except SpecError as error:
                refusal = _Refusal.of(chosen, error)
                if not skip:
                    raise self._refused(refusal) from error
                refused.append(refusal)
            else:
                useful.update(chosen.items())
        # If a value is invalid in every combination, it is probably a mistake in the file. Report
        # it instead of skipping it.
        for refusal in refused:
            if not designs or refusal.blamed() not in useful | {None}:
                raise self._refused(refusal)
        return designs, len(refused)

    def _values(self, key: str, given: Any) -> list[str | int]:
        values = given if isinstance(given, list) else [given]
        if not values:
            raise self.error(f"{key} = []: needs at least one value", key)
        for value in values:
            if type(value) not in (str, int):
                raise self.error(f"{key} holds {value!r}: must be text or a whole number", key)
            if isinstance(value, str) and "," in value:
                raise self.error(f"{key} holds {value!r}: one value of one key of a spec", key)
        return list(values)

    def error(
        self, message: str, key: str | None = None, value: str | int | None = None
    ) -> SpaceError:
        """An error with the line of a key or value of this table, if the line can be found."""
        lines = self.source.table_lines(self.index)
        if lines is None:
            return self.source.error(message, self.source.key("space"))
        line = None
        if key is not None:
            line = self.source.key(key, *lines)
        if value is not None and line is not None:
            line = self.source.value(value, line, lines[1]) or line
        return self.source.error(message, line or lines[0])

    def _refused(self, refusal: "_Refusal") -> SpaceError:
        """The error for an invalid combination, with the line of the value that causes it."""
        key, value = refusal.blamed() or (None, None)
        return self.error(refusal.message, key, value)


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """A combination that is not a valid design, and the reason.

    Attributes:
        combination: the keys and their values.
        message: the error message, which names the whole design.
        reason: the part of the message that says what is wrong.
    """

    combination: _Combination
    message: str
    reason: str

    @classmethod
    def of(cls, combination: _Combination, error: HwdseError) -> Self:
        """Build a refusal from an error.

        The refusal keeps only the text. The error object would keep its traceback in memory.
        """
        reason = str(error.__cause__ or error)
        return cls(combination=combination, message=str(error), reason=reason)

    def blamed(self) -> tuple[str, str | int] | None:
        """The key and value that cause the error; None if unknown.

        The method first looks for a value that raises the same error alone, then for a value in the
        text of the reason, then for a key in the text of the reason.
        """
        items = self.combination.items()
        for item in items:
            if any(_refuses(parse, str(item[1]), self.reason) for parse in _PARSERS):
                return item
        for key, value in items:
            if re.search(rf"(?<![\w.]){re.escape(str(value))}(?![\w.])", self.reason):
                return key, value
        for key, value in items:
            if re.search(rf"\b{re.escape(key)}\b", self.reason):
                return key, value
        return None


def _spec(combination: _Combination) -> str:
    return ",".join(f"{key}={value}" for key, value in combination.items())


def _refuses(parse: Callable[[str], object], text: str, reason: str) -> bool:
    try:
        parse(text)
    except HwdseError as error:
        return str(error) == reason
    return False
