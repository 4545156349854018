"""What a command line names to compute with: designs, and files that give each layer a design."""

from pathlib import Path

from hwdse.explore.candidates import Compared, candidate_of
from hwdse.networks.assignment import FLOAT, SUFFIX, Assignment
from hwdse.spec import Design


def chosen(text: str) -> Compared:
    """A design, or the assignment in a file `*.toml`.

    Raises:
        SpecError: the text is no design, or the file no assignment.
    """
    if text.endswith(SUFFIX) and "=" not in Path(text).name:
        return Assignment.read(Path(text))
    return Design.parse(text)


def short(one: Compared | None) -> str:
    """A short name for tables; None is float32."""
    return FLOAT if one is None else candidate_of(one).short
