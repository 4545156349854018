"""Units of a design: what is built around multiplier and accumulator, and its shape."""

from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.spec.part import Part

_MAX_STAGES = 3
_MAX_LANES = 1024


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """A unit that adds `lanes` products a cycle to a running sum.

    A unit's own keys of the design spec are its fields; all are integers. `family` names the
    folder of its generator, bench and Verilog; `initiation_interval` is in cycles.

    Attributes:
        stages: pipeline registers beside the accumulator's, 0..3, filled in this order: after the
            multiplier, after the encoder, after the decoder.
    """

    kind: ClassVar[str] = "unit"
    family: ClassVar[str]
    initiation_interval: ClassVar[int] = 1

    stages: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.stages <= _MAX_STAGES:
            raise SpecError(f"stages={self.stages}: 0 to {_MAX_STAGES} are allowed")

    @classmethod
    def from_keys(cls, keyword: str, values: dict[str, str]) -> Self:
        """The unit called `keyword` with the keys that the common part of the spec did not use.

        Raises:
            SpecError: an unknown unit, a key it does not use, or a value that is no integer.
        """
        chosen = cls.parse(keyword)
        allowed = [field.name for field in fields(chosen)]
        for key, value in values.items():
            if key not in allowed:
                raise SpecError(
                    f"unit {keyword} does not use {key}: its keys are {', '.join(allowed)}"
                )
            if not value.isdecimal() or len(value) > 9:
                raise SpecError(f"{key}={value}: a whole number is needed")
        return type(chosen)(**{key: int(value) for key, value in values.items()})

    def keys(self) -> dict[str, int]:
        """The unit's own keys and their values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    @abstractmethod
    def lanes(self) -> int:
        """Products a cycle."""

    @property
    def latency(self) -> int:
        """Cycles from an accepted input to the output that includes it."""
        return 1 + self.stages


@dataclass(frozen=True, kw_only=True)
class Mac(Unit):
    """One product a cycle into the accumulator."""

    keyword: ClassVar[str] = "mac"
    family: ClassVar[str] = "mac"

    @property
    def lanes(self) -> int:
        """One."""
        return 1


@dataclass(frozen=True, kw_only=True)
class Dot(Unit):
    """A dot product of `lanes` terms a cycle into the accumulator.

    Attributes:
        lanes: terms a cycle, 1..1024.
    """

    keyword: ClassVar[str] = "dot"
    family: ClassVar[str] = "mac"

    lanes: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.lanes <= _MAX_LANES:
            raise SpecError(f"lanes={self.lanes}: 1 to {_MAX_LANES} are allowed")
