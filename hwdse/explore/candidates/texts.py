"""Texts that name candidates: in stores, in space files and on the command line."""

from collections.abc import Callable, Iterable
from pathlib import Path

from hwdse.explore.candidates.candidate import Compared
from hwdse.explore.record import Row
from hwdse.networks.assignment import SUFFIX, Assignment
from hwdse.spec import Design


def parse_candidate(text: str) -> Compared:
    """The candidate of a canonical text, as stores keep it, or of a design spec.

    Raises:
        SpecError: the text is neither.
    """
    return Assignment.parse_line(text) if Assignment.is_line(text) else Design.parse(text)


def row_test(text: str) -> tuple[str, Callable[[Row], bool]]:
    """What a text stands for, and whether a row of a store is of it.

    Args:
        text: a design spec, the name of an assignment's file, which need not exist any more, or a
            canonical text.

    Raises:
        SpecError: the text is none of these.
    """
    if text.endswith(SUFFIX) and "=" not in Path(text).name:
        name = Path(text).name
        return name, lambda row: bool(row.facts["design"] == name)
    spec = str(parse_candidate(text))
    return spec, lambda row: row.spec == spec


def apart(candidates: Iterable[Compared]) -> tuple[tuple[Design, ...], tuple[Assignment, ...]]:
    """Designs and assignments of a list."""
    given = tuple(candidates)
    return (
        tuple(one for one in given if isinstance(one, Design)),
        tuple(one for one in given if isinstance(one, Assignment)),
    )
