"""Units of a design: what is built around multiplier and accumulator, and its shape."""

import re
from abc import abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.spec.part import Part

_MAX_STAGES = 5
_MAX_LANES = 1024
_MAX_INTERLEAVE = 8


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """What is built: its ports, its shape and its pipeline.

    A unit's own keys of the design spec are its fields; all are integers. `family` names the
    folder of its generator, bench and Verilog; `initiation_interval` is in cycles; `uses` names
    the keys of the spec's common part that not every unit has.

    Attributes:
        stages: pipeline registers, 0..5, placed where they divide the delay best.
    """

    kind: ClassVar[str] = "unit"
    family: ClassVar[str]
    initiation_interval: ClassVar[int] = 1
    uses: ClassVar[frozenset[str]]

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
            if not re.fullmatch("[0-9]{1,9}", value):
                raise SpecError(f"{key}={value}: a whole number of up to 9 digits is needed")
        return type(chosen)(**{key: int(value) for key, value in values.items()})

    def keys(self) -> dict[str, int]:
        """The unit's own keys and their values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    @abstractmethod
    def lanes(self) -> int:
        """Products a cycle."""

    @property
    @abstractmethod
    def latency(self) -> int:
        """Cycles from an accepted input to the output that includes it."""


@dataclass(frozen=True, kw_only=True)
class Bare(Unit):
    """A unit without running sum, to be dropped into a datapath: combinational at `stages=0`.

    Inputs are taken in every cycle; there is neither reset nor valid bit.
    """

    family: ClassVar[str] = "bare"

    @property
    def lanes(self) -> int:
        """One."""
        return 1

    @property
    def latency(self) -> int:
        """Cycles from inputs to output: the stages."""
        return self.stages


@dataclass(frozen=True, kw_only=True)
class Mul(Bare):
    """a * b, rounded once to the output format."""

    keyword: ClassVar[str] = "mul"
    uses: ClassVar[frozenset[str]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Fma(Bare):
    """a * b + c, rounded once to the output format (IEEE 754-2019 fusedMultiplyAdd)."""

    keyword: ClassVar[str] = "fma"
    uses: ClassVar[frozenset[str]] = frozenset({"c"})


@dataclass(frozen=True, kw_only=True)
class Summing(Unit):
    """A unit that adds `lanes` products a cycle to a running sum.

    Attributes:
        interleave: running sums that take turns, 1..8: cycle t belongs to sum t mod `interleave`,
            so that the accumulator's loop has that many cycles to close.
    """

    family: ClassVar[str] = "mac"
    uses: ClassVar[frozenset[str]] = frozenset({"acc"})

    interleave: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interleave <= _MAX_INTERLEAVE:
            raise SpecError(f"interleave={self.interleave}: 1 to {_MAX_INTERLEAVE} are allowed")

    def keys(self) -> dict[str, int]:
        """The unit's own keys; `interleave` only if sums take turns at all."""
        keys = super().keys()
        if self.interleave == 1:
            del keys["interleave"]
        return keys

    @property
    def latency(self) -> int:
        """Cycles from an accepted input to the output that includes it."""
        return self.interleave + self.stages


@dataclass(frozen=True, kw_only=True)
class Mac(Summing):
    """One product a cycle into the accumulator."""

    keyword: ClassVar[str] = "mac"

    @property
    def lanes(self) -> int:
        """One."""
        return 1


@dataclass(frozen=True, kw_only=True)
class Dot(Summing):
    """A dot product of `lanes` terms a cycle into the accumulator.

    Attributes:
        lanes: terms a cycle, 1..1024.
    """

    keyword: ClassVar[str] = "dot"

    lanes: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.lanes <= _MAX_LANES:
            raise SpecError(f"lanes={self.lanes}: 1 to {_MAX_LANES} are allowed")
