"""Units of a design: what is built around multiplier and accumulator, and its shape."""

import re
from abc import abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse.errors import SpecError
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.part import Part
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

MAX_STAGES = 5
_MAX_LANES = 1024
MAX_INTERLEAVE = 8


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """What is built: its streams, its shape and its pipeline.

    A unit's own keys of the design spec are its fields: whole numbers, or words of a list that the
    field's metadata gives as `words`. `family` names the folder of its Verilog;
    `initiation_interval` is in cycles; `uses` names the keys of the spec's common part that not
    every unit has.

    Attributes:
        stages: pipeline registers, 0..5, placed where they divide the delay best.
    """

    kind: ClassVar[str] = "unit"
    family: ClassVar[str]
    initiation_interval: ClassVar[int] = 1
    uses: ClassVar[frozenset[str]]

    stages: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.stages <= MAX_STAGES:
            raise SpecError(f"stages={self.stages}: 0 to {MAX_STAGES} are allowed")
        for own in fields(self):
            words, value = own.metadata.get("words"), getattr(self, own.name)
            if words and value not in words:
                raise SpecError(f"{own.name}={value}: allowed are {', '.join(words)}")

    @classmethod
    def from_keys(cls, keyword: str, values: dict[str, str]) -> Self:
        """The unit called `keyword` with the keys that the common part of the spec did not use.

        Raises:
            SpecError: an unknown unit, a key it does not use, or a value that is none of the key's.
        """
        chosen = cls.parse(keyword)
        own = {field.name: field for field in fields(chosen)}
        given: dict[str, int | str] = {}
        for key, value in values.items():
            if key not in own:
                raise SpecError(f"unit {keyword} does not use {key}: its keys are {', '.join(own)}")
            if "words" in own[key].metadata:
                given[key] = value
                continue
            if not re.fullmatch("[0-9]{1,9}", value):
                raise SpecError(f"{key}={value}: a whole number of up to 9 digits is needed")
            given[key] = int(value)
        return type(chosen)(**given)  # type: ignore[arg-type]

    def keys(self) -> dict[str, int | str]:
        """The unit's own keys and their values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def plain(self) -> Self:
        """The unit without inserted registers, as its generator builds it."""
        return replace(self, stages=0)

    @abstractmethod
    def interface(self, design: "Design") -> Interface:
        """The streams, reset and latency of a design with this unit."""

    def schedule(self, workload: Workload) -> Schedule:
        """Cycles of a workload on this unit, and how often what is read, written and multiplied.

        Raises:
            SpecError: a unit that has none.
        """
        raise SpecError(f"unit {self} has no schedule for matrix products ({workload.site})")

    @property
    @abstractmethod
    def group(self) -> int:
        """Terms that are added exactly before one rounding, where the accumulator rounds."""

    @property
    @abstractmethod
    def macs_per_cycle(self) -> int:
        """Products that the unit takes in each cycle."""

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
    def group(self) -> int:
        """One."""
        return 1

    @property
    def macs_per_cycle(self) -> int:
        """One."""
        return 1

    @property
    def latency(self) -> int:
        """Cycles from inputs to output: the stages."""
        return self.stages

    def schedule(self, workload: Workload) -> Schedule:
        """One product in each cycle; the sums are made elsewhere."""
        cycles = workload.macs + self.latency
        return Schedule(
            cycles=cycles,
            slots=cycles,
            macs=workload.macs,
            reads_a=workload.macs,
            reads_b=workload.macs,
            writes=workload.macs,
        )

    def interface(self, design: "Design") -> Interface:
        """Operands `i_a`, `i_b` (and `i_c`) in every cycle, result `o`; a clock with `stages`."""
        operands = {"a": design.a, "b": design.b, "c": design.c}
        given = {name: number for name, number in operands.items() if number is not None}
        operand_fields = [Field.codes(name, f, f"{f} code") for name, f in given.items()]
        result = Field.codes("", design.out, f"{design.out} code of the result")
        return Interface(
            streams=(
                Stream(name="i", direction="input", handshake="none", fields=tuple(operand_fields)),
                Stream(
                    name="o",
                    direction="output",
                    handshake="none",
                    fields=(result,),
                    follows="i",
                    latency=self.latency,
                ),
            ),
            clocked=self.stages > 0,
            reset_cycles=0,
        )


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
    """A unit that adds one group of products per cycle to a running sum.

    Attributes:
        interleave: running sums that take turns, 1..8: cycle t belongs to sum t mod `interleave`,
            so that the accumulator's loop has that many cycles to close.
    """

    family: ClassVar[str] = "mac"
    uses: ClassVar[frozenset[str]] = frozenset({"acc"})

    interleave: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interleave <= MAX_INTERLEAVE:
            raise SpecError(f"interleave={self.interleave}: 1 to {MAX_INTERLEAVE} are allowed")

    def keys(self) -> dict[str, int | str]:
        """The unit's own keys; `interleave` only if sums take turns at all."""
        keys = super().keys()
        if self.interleave == 1:
            del keys["interleave"]
        return keys

    def plain(self) -> Self:
        """The unit with one sum and without inserted registers."""
        return replace(self, stages=0, interleave=1)

    @property
    def latency(self) -> int:
        """Cycles from an accepted input to the output that includes it."""
        return self.interleave + self.stages

    def schedule(self, workload: Workload) -> Schedule:
        """Sum after sum, each a group of terms in a cycle; sums that take turns fill every turn.

        Operands are read anew for each sum: the unit keeps none.
        """
        groups = -(-workload.k // self.group)
        rounds = -(-workload.sums // self.interleave)
        # A sum's last output comes `latency` cycles after its last input.
        cycles = rounds * groups * self.interleave + self.latency
        reads = workload.sums * groups * self.group
        return Schedule(
            cycles=cycles,
            slots=cycles * self.macs_per_cycle,
            macs=workload.macs,
            reads_a=reads,
            reads_b=reads,
            writes=workload.sums,
        )

    @property
    def macs_per_cycle(self) -> int:
        """Products of one group: each cycle takes one."""
        return self.group

    def interface(self, design: "Design") -> Interface:
        """Groups of operand pairs in, the running sum out after each of them."""
        lane_0 = " codes, lane 0 in the low bits" if self.group > 1 else " code"
        inputs = (
            Field(name="first", meaning="the inputs start a new sum", bits=1),
            Field.codes("a", design.a, f"{design.a}{lane_0}", self.group),
            Field.codes("b", design.b, f"{design.b}{lane_0}", self.group),
        )
        total = Field.codes("", design.out, f"{design.out} code of the running sum")
        turns = f"Cycle t belongs to sum t mod {self.interleave}." if self.interleave > 1 else ""
        return Interface(
            streams=(
                Stream(
                    name="i",
                    direction="input",
                    fields=inputs,
                    meaning="the inputs are accepted in this cycle",
                    starts="first",
                ),
                Stream(
                    name="o",
                    direction="output",
                    fields=(total,),
                    meaning="o is the sum after one more accepted input",
                    follows="i",
                    latency=self.latency,
                ),
            ),
            # Sums that take turns pass the reset one after another.
            reset_cycles=self.latency if self.interleave > 1 else 1,
            turns=self.interleave,
            behaviour=turns,
        )


@dataclass(frozen=True, kw_only=True)
class Mac(Summing):
    """One product a cycle into the accumulator."""

    keyword: ClassVar[str] = "mac"

    @property
    def group(self) -> int:
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

    @property
    def group(self) -> int:
        """The lanes: one group enters in each cycle."""
        return self.lanes
