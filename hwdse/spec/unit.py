"""Units of a design: the hardware around the multiplier and the accumulator, and its shape."""

import re
from abc import abstractmethod
from dataclasses import Field as DataclassField
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.modes import is_text
from hwdse.spec.multiply import Multiplier
from hwdse.spec.part import Part
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

MAX_STAGES = 5
MAX_LANES = 1024
MAX_INTERLEAVE = 8


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """The unit of a design: streams, shape and pipeline.

    Each dataclass field of a unit is a key of the design spec, for this unit only. The value of a
    field is a whole number, a word from the list `words` in the field's metadata, or with `text` in
    it any text. A field with `derived` in its metadata is no key: the design fills it in.

    The class attribute `family` names the folder for the unit's Verilog. `initiation_interval` is
    in cycles. `takes_stages` is False for a unit whose registers all lie where its schedule says.
    `takes_blocks` says whether `a` and `b` are block formats. `uses` lists the common keys of the
    design spec that this unit uses, but not every unit (`b`, `c`, `mul` and `acc`).

    Attributes:
        stages: number of pipeline register ranks, 0..5. The ranks are placed where they divide the
            delay most evenly.
    """

    kind: ClassVar[str] = "unit"
    family: ClassVar[str]
    initiation_interval: ClassVar[int] = 1
    takes_stages: ClassVar[bool] = True
    uses: ClassVar[frozenset[str]]
    takes_blocks: ClassVar[bool] = False

    stages: int = 0

    def __post_init__(self) -> None:
        if self.stages and not self.takes_stages:
            raise SpecError(
                f"stages={self.stages}: unit {self.keyword} allows 0, its registers lie where its "
                "schedule says"
            )
        if not 0 <= self.stages <= MAX_STAGES:
            raise SpecError(f"stages={self.stages}: 0 to {MAX_STAGES} are allowed")
        for own in fields(self):
            words, value = own.metadata.get("words"), getattr(self, own.name)
            if words and value not in words:
                raise SpecError(f"{own.name}={value}: allowed are {', '.join(words)}")

    @classmethod
    def from_keys(cls, keyword: str, values: dict[str, str]) -> Self:
        """Build the unit called `keyword` from all keys of the spec that are not common keys.

        Raises:
            SpecError: the unit is unknown, the unit does not use a key, or a value is not allowed.
        """
        chosen = cls.parse(keyword)
        own = {field.name: field for field in chosen._own()}
        given: dict[str, int | str] = {}
        for key, value in values.items():
            if key not in own:
                raise SpecError(f"unit {keyword} does not use {key}: its keys are {', '.join(own)}")
            if "words" in own[key].metadata or is_text(own[key]):
                given[key] = value
                continue
            if not re.fullmatch("[0-9]{1,9}", value):
                raise SpecError(f"{key}={value}: a whole number of up to 9 digits is needed")
            given[key] = int(value)
        return type(chosen)(**given)  # type: ignore[arg-type]

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit, and their values; `stages` only if it takes some."""
        found = {field.name: getattr(self, field.name) for field in self._own()}
        if not self.takes_stages:
            del found["stages"]
        return found

    def _own(self) -> "list[DataclassField[Any]]":
        return [field for field in fields(self) if not field.metadata.get("derived")]

    def fitted(self, design: "Design") -> Self:
        """The same unit with the sizes that follow from the operands of the design.

        The design has its operands, multiplier and accumulator, but not yet its output format.

        Raises:
            SpecError: the unit cannot compute with these parts.
        """
        del design
        return self

    def multiplier_from(self, mul: Multiplier) -> Multiplier:
        """The multiplier of a design with this unit, from the one that the spec names.

        The unit is `fitted`. Most units multiply with what the spec names.

        Raises:
            SpecError: the unit cannot compute with this multiplier.
        """
        return mul

    def plain(self) -> Self:
        """The same unit without inserted pipeline registers, as the generator builds it."""
        return replace(self, stages=0)

    @property
    def takes_turns(self) -> bool:
        """True if the sums of this unit can be interleaved."""
        return any(field.name == "interleave" for field in fields(self))

    def registered(self, stages: int, interleave: int = 1) -> Self:
        """The same unit with other pipeline registers.

        Args:
            stages: number of pipeline register ranks.
            interleave: number of interleaved sums; ignored by a unit that cannot interleave sums.

        Raises:
            SpecError: a number is not allowed.
        """
        turns = {"interleave": interleave} if self.takes_turns else {}
        return replace(self, stages=stages, **turns)

    def default_out(self, design: "Design") -> Format:
        """The output format of a design without `out=` and without accumulator: `c`, else `a`.

        Raises:
            SpecError: the unit neither multiplies nor accumulates, so it has no such default.
        """
        if not self.uses & {"mul", "acc"}:
            raise SpecError(f"unit {self} needs out=: the format of the results")
        return design.c or design.a

    @abstractmethod
    def interface(self, design: "Design") -> Interface:
        """The interface of a design with this unit: streams, reset and latency."""

    def schedule(self, workload: Workload) -> Schedule:
        """Number of cycles, operand reads, products and writes for a workload on this unit.

        Raises:
            SpecError: this unit cannot compute matrix products.
        """
        raise SpecError(f"unit {self} has no schedule for matrix products ({workload.site})")

    @property
    @abstractmethod
    def group(self) -> int:
        """Number of products per group: the products that the accumulator takes in one cycle."""

    @property
    def products_per_sum(self) -> int:
        """Products that one sum takes per cycle. By default, each term of a group is a product."""
        return self.group

    @property
    @abstractmethod
    def macs_per_cycle(self) -> float:
        """Products that the unit computes per cycle, on average."""

    @property
    @abstractmethod
    def latency(self) -> int:
        """Cycles from an accepted input to the first output that depends on this input."""


@dataclass(frozen=True, kw_only=True)
class Bare(Unit):
    """A unit without running sum, for use inside a datapath. With `stages=0` it is combinational.

    The unit takes inputs in every cycle. It has no reset and no valid bit.
    """

    family: ClassVar[str] = "bare"

    @property
    def group(self) -> int:
        """Always 1."""
        return 1

    @property
    def macs_per_cycle(self) -> int:
        """Always 1."""
        return 1

    @property
    def latency(self) -> int:
        """Cycles from inputs to output: equal to `stages`."""
        return self.stages

    def schedule(self, workload: Workload) -> Schedule:
        """One product per cycle. Logic outside the unit adds the products."""
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
        """Those of `i_a`, `i_b`, `i_c` that are used, in every cycle; `o`; a clock for `stages`."""
        operands = {"a": design.a, "b": design.b, "c": design.c}
        given = {name: number for name, number in operands.items() if number is not None}
        many = self.group > 1
        codes = "codes, lane 0 in the low bits" if many else "code"
        inputs = [Field.codes(name, f, f"{f} {codes}", self.group) for name, f in given.items()]
        meaning = (
            f"{design.out} codes of the results" if many else f"{design.out} code of the result"
        )
        result = Field.codes("", design.out, meaning, self.group)
        return Interface(
            streams=(
                Stream(name="i", direction="input", handshake="none", fields=tuple(inputs)),
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
    """Multiplier: a * b, rounded once to the output format."""

    keyword: ClassVar[str] = "mul"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul"})


@dataclass(frozen=True, kw_only=True)
class Fma(Bare):
    """Fused multiply-add: a * b + c, rounded once (IEEE 754-2019 fusedMultiplyAdd)."""

    keyword: ClassVar[str] = "fma"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul", "c"})


@dataclass(frozen=True, kw_only=True)
class Summing(Unit):
    """A unit that adds one group of products per cycle to a running sum.

    Attributes:
        interleave: number of running sums that take turns, 1..8. Cycle t belongs to sum
            t mod `interleave`. The accumulator's feedback loop therefore has `interleave` cycles
            for each addition.
    """

    family: ClassVar[str] = "mac"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul", "acc"})

    interleave: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.interleave <= MAX_INTERLEAVE:
            raise SpecError(f"interleave={self.interleave}: 1 to {MAX_INTERLEAVE} are allowed")

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit. `interleave` is left out if it is 1."""
        keys = super().keys()
        if self.interleave == 1:
            del keys["interleave"]
        return keys

    def plain(self) -> Self:
        """The same unit with a single running sum and without inserted pipeline registers."""
        return replace(self, stages=0, interleave=1)

    @property
    def latency(self) -> int:
        """Cycles from an accepted input to the first output that includes this input."""
        return self.interleave + self.stages

    def schedule(self, workload: Workload) -> Schedule:
        """One sum after another, with one group of products per cycle.

        With interleaving, the unit works on `interleave` sums at once, in turns. The unit stores no
        operands: it reads all operands again for each sum.
        """
        groups = -(-workload.k // self.macs_per_cycle)
        rounds = -(-workload.sums // self.interleave)
        # The final value of a sum appears `latency` cycles after the last input of the sum.
        cycles = rounds * groups * self.interleave + self.latency
        reads = workload.sums * groups * self.macs_per_cycle
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
        """Products per group, because the unit takes one group per cycle."""
        return self.group

    def interface(self, design: "Design") -> Interface:
        """Input: groups of operand pairs. Output: the running sum after each group."""
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
            # Interleaved sums share the registers, so the reset must last until each sum has
            # passed through it.
            reset_cycles=self.latency if self.interleave > 1 else 1,
            turns=self.interleave,
            behaviour=turns,
        )


@dataclass(frozen=True, kw_only=True)
class Mac(Summing):
    """Multiply-accumulate: one product per cycle is added to the running sum."""

    keyword: ClassVar[str] = "mac"

    @property
    def group(self) -> int:
        """Always 1."""
        return 1


@dataclass(frozen=True, kw_only=True)
class Dot(Summing):
    """Dot product: `lanes` products per cycle are added to the running sum.

    Attributes:
        lanes: products per cycle, 1..1024.
    """

    keyword: ClassVar[str] = "dot"

    lanes: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.lanes <= MAX_LANES:
            raise SpecError(f"lanes={self.lanes}: 1 to {MAX_LANES} are allowed")

    @property
    def group(self) -> int:
        """Equal to `lanes`, because all lanes form one group."""
        return self.lanes
