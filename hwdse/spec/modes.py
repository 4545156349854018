"""Formats that a unit switches between at run time: the key `modes` of a design spec."""

from collections.abc import Callable
from dataclasses import Field, field
from typing import Any, TypeVar

from hwdse.errors import FormatError, SpecError

SEPARATOR = "|"
MIN_MODES, MAX_MODES = 2, 8

_Chosen = TypeVar("_Chosen")


def modes_field() -> Any:
    """The dataclass field of a unit for the key `modes`: formats joined by `|`."""
    return field(default="", metadata={"text": True})


def is_text(own: "Field[Any]") -> bool:
    """Whether the value of a unit's field is free text, neither a number nor a word of a list."""
    return bool(own.metadata.get("text"))


def parse_modes(unit: str, text: str, parse: Callable[[str], _Chosen]) -> tuple[_Chosen, ...]:
    """The formats that `modes=` names, in order: mode k is the k-th.

    Args:
        unit: keyword of the unit, for messages.
        text: formats joined by `|`.
        parse: makes a format of a name.

    Raises:
        SpecError: there are too few or too many formats, one is unknown, or one comes twice.
    """
    names = [name.strip() for name in text.split(SEPARATOR)]
    if not MIN_MODES <= len(names) <= MAX_MODES or not all(names):
        given = f"modes={text}" if text else "no modes="
        raise SpecError(
            f"unit {unit}, {given}: {MIN_MODES} to {MAX_MODES} formats joined by "
            f"{SEPARATOR!r} are needed"
        )
    try:
        chosen = tuple(map(parse, names))
    except FormatError as error:
        raise SpecError(f"modes={text}: {error}") from error
    for number, one in enumerate(chosen):
        if one in chosen[:number]:
            raise SpecError(f"modes={text}: {one} comes twice")
    return chosen


def joined_modes(chosen: tuple[object, ...]) -> str:
    """The value of the key `modes` for formats."""
    return SEPARATOR.join(map(str, chosen))
