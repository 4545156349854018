"""What a command line names to compute with: designs, and files that give each layer a design."""

from pathlib import Path

from hwdse.explore.record import short_spec
from hwdse.networks.assignment import FLOAT, SUFFIX, Assignment
from hwdse.spec import Design

Chosen = Design | Assignment


def chosen(text: str) -> Chosen:
    """A design, or the assignment in a file `*.toml`.

    Raises:
        SpecError: the text is no design, or the file no assignment.
    """
    if text.endswith(SUFFIX) and "=" not in Path(text).name:
        return Assignment.read(Path(text))
    return Design.parse(text)


def short(one: Chosen | None) -> str:
    """A short name for tables; None is float32."""
    if one is None:
        return FLOAT
    return one.name if isinstance(one, Assignment) else short_spec(one)
