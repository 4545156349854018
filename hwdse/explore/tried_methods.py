"""Which quantisation methods a sweep tried for a design, and which it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

NEAREST = "nearest"
"""What stands for rounding to nearest, which is no method."""

HEAD = ("methods", "dB on calibration samples", "")
TAKEN = "taken"


def method_name(methods: str) -> str:
    """Methods for readers."""
    return methods or NEAREST


@dataclass(frozen=True, kw_only=True)
class TriedMethods:
    """Methods that were measured on calibration samples.

    Attributes:
        decibels: signal-to-noise ratio of the outputs by methods, in dB; None: they cannot serve
            the design.
        taken: the methods with the least error.
    """

    decibels: Mapping[str, float | None]
    taken: str

    @classmethod
    def of(cls, accuracy: Mapping[str, Any]) -> Self | None:
        """What a document of `Accuracy.to_json` says; None: nothing was tried."""
        tried = accuracy.get("methods_tried")
        return cls(decibels=tried, taken=accuracy.get("methods", "")) if tried else None

    @classmethod
    def read(cls, text: Any, taken: Any) -> Self | None:
        """What the columns `methods_tried` and `methods` say; None: nothing was tried."""
        if not isinstance(text, str):
            return None
        found: dict[str, float | None] = {}
        for each in text.split("; "):
            name, _, number = each.rpartition(" ")
            found["" if name == NEAREST else name] = None if number == "-" else float(number)
        return cls(decibels=found, taken=taken if isinstance(taken, str) else "")

    @property
    def text(self) -> str:
        """All of it but what was taken, in one line: `nearest 31.20; gptq 33.05`."""
        return "; ".join(f"{method_name(each)} {_shown(db)}" for each, db in self.decibels.items())

    @property
    def cells(self) -> Sequence[tuple[str, str, str]]:
        """The lines of a table under `HEAD`."""
        return [
            (method_name(each), _shown(db), TAKEN if each == self.taken else "")
            for each, db in self.decibels.items()
        ]


def _shown(decibels: float | None) -> str:
    return "-" if decibels is None else f"{decibels:.2f}"
