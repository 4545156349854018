"""What a unit shows to the outside: its streams, its reset and its latency.

A unit declares this once. Ports, vector files, benches, drivers, wrappers and certificates all
follow from the declaration.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from hwdse.errors import SpecError
from hwdse.formats import Format

#: How a transfer comes about: in every cycle; where `valid` is set; where `valid` and `ready` are.
HANDSHAKES = ("none", "valid", "ready")
_DIRECTIONS = ("input", "output")


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of the emitted module.

    Attributes:
        name: its name.
        direction: `input` or `output`.
        width: its width in bits.
        meaning: what it carries, in a phrase.
    """

    name: str
    direction: str
    width: int
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One part of a stream's transfers.

    Attributes:
        name: the stream's port prefix and this name make the port; empty for the only field of a
            stream, whose port is called like the stream.
        meaning: what it carries, in a phrase.
        bits: bits of one element.
        elements: elements in one transfer, the first in the low bits.
        format: number format of the elements; None for a flag or a plain number.
    """

    name: str
    meaning: str
    bits: int
    elements: int = 1
    format: Format | None = None

    @property
    def width(self) -> int:
        """Bits of the port."""
        return self.bits * self.elements

    @classmethod
    def codes(cls, name: str, number_format: Format, meaning: str, elements: int = 1) -> "Field":
        """A field of codes of a format."""
        return cls(
            name=name,
            meaning=meaning,
            bits=number_format.bits,
            elements=elements,
            format=number_format,
        )


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A sequence of transfers through one group of ports.

    Attributes:
        name: prefix of its ports: field `a` of stream `i` is port `i_a`.
        direction: `input` or `output`.
        fields: parts of a transfer, in the order of the ports.
        handshake: `none` (a transfer in every cycle), `valid`, or `ready` (valid and ready).
        meaning: what `valid` says, in a phrase.
        starts: of an input, the one-bit field that starts a new sequence; transfers of a sequence
            keep their order and their turn. Empty: all transfers are one sequence.
        follows: of an output, the input stream whose transfers it answers.
        latency: of an output, cycles from the transfer it answers to its own; None if it depends on
            the other side's `ready` or on the data.
        separator: between the stream's name and the rest of a port's name.

    Raises:
        SpecError: an unknown direction or handshake, or an output that follows nothing.
    """

    name: str
    direction: str
    fields: tuple[Field, ...]
    handshake: str = "valid"
    meaning: str = ""
    starts: str = ""
    follows: str = ""
    latency: int | None = None
    separator: str = "_"

    def __post_init__(self) -> None:
        if self.direction not in _DIRECTIONS:
            raise SpecError(
                f"stream {self.name}: direction {self.direction!r}, allowed are "
                + ", ".join(_DIRECTIONS)
            )
        if self.handshake not in HANDSHAKES:
            raise SpecError(
                f"stream {self.name}: handshake {self.handshake!r}, allowed are "
                + ", ".join(HANDSHAKES)
            )
        if not self.fields:
            raise SpecError(f"stream {self.name} has no fields: a transfer carries at least one")
        if self.starts and self.starts not in [field.name for field in self.fields]:
            raise SpecError(f"stream {self.name} starts with {self.starts!r}, which is no field")
        if (self.direction == "output") != bool(self.follows):
            raise SpecError(f"stream {self.name}: an output follows an input stream, an input none")

    def port_of(self, field: Field) -> str:
        """Name of a field's port."""
        return f"{self.name}{self.separator}{field.name}" if field.name else self.name

    @property
    def valid(self) -> str:
        """Name of the valid port; empty if there is none."""
        return "" if self.handshake == "none" else f"{self.name}{self.separator}valid"

    @property
    def ready(self) -> str:
        """Name of the ready port; empty if there is none."""
        return f"{self.name}{self.separator}ready" if self.handshake == "ready" else ""

    def ports(self) -> Iterator[Port]:
        """Its ports: handshake first, then the fields."""
        against = "output" if self.direction == "input" else "input"
        if self.valid:
            meaning = self.meaning or f"{self.name} carries a transfer"
            yield Port(name=self.valid, direction=self.direction, width=1, meaning=meaning)
        if self.ready:
            taker = "the unit" if self.direction == "input" else "the receiver"
            meaning = f"{taker} takes the transfer"
            yield Port(name=self.ready, direction=against, width=1, meaning=meaning)
        for field in self.fields:
            yield Port(
                name=self.port_of(field),
                direction=self.direction,
                width=field.width,
                meaning=field.meaning,
            )


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Everything that a unit shows to the outside.

    Attributes:
        streams: inputs and outputs, in the order of the ports.
        clocked: whether the unit has a clock.
        reset_cycles: cycles that the synchronous reset has to last; 0 if the unit has none.
        clock: name of the clock port.
        reset: name of the reset port.
        reset_low: whether a low reset resets.
        turns: independent sequences that take turns: cycle t belongs to turn t mod `turns`.
        behaviour: what a reader has to know of the unit's timing, in sentences.

    Raises:
        SpecError: streams or ports of one name, an output that follows no input, or turns and
            `ready` together.
    """

    streams: tuple[Stream, ...]
    clocked: bool = True
    reset_cycles: int = 1
    clock: str = "clk"
    reset: str = "rst"
    reset_low: bool = False
    turns: int = 1
    behaviour: str = ""

    def __post_init__(self) -> None:
        names = [port.name for port in self.ports()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SpecError(f"two ports are called {twice[0]}: names must differ")
        if self.turns > 1 and any(stream.ready for stream in self.streams):
            raise SpecError(f"{self.turns} sequences take turns: no stream can wait for ready")
        inputs = [stream.name for stream in self.inputs]
        for stream in self.outputs:
            if stream.follows not in inputs:
                raise SpecError(
                    f"stream {stream.name} follows {stream.follows!r}: inputs are "
                    + ", ".join(inputs)
                )

    @property
    def inputs(self) -> tuple[Stream, ...]:
        """The streams into the unit."""
        return tuple(stream for stream in self.streams if stream.direction == "input")

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The streams out of the unit."""
        return tuple(stream for stream in self.streams if stream.direction == "output")

    def stream(self, name: str) -> Stream:
        """The stream of a name.

        Raises:
            SpecError: there is none.
        """
        for stream in self.streams:
            if stream.name == name:
                return stream
        names = ", ".join(stream.name for stream in self.streams)
        raise SpecError(f"no stream is called {name!r}: there are {names}")

    @property
    def reset_meaning(self) -> str:
        """Kind, level and length of the reset, in words."""
        if not self.reset_cycles:
            return "no reset"
        level = "low" if self.reset_low else "high"
        plural = "s" if self.reset_cycles > 1 else ""
        return f"synchronous reset, active {level}, held for {self.reset_cycles} cycle{plural}"

    def ports(self) -> list[Port]:
        """All ports: clock and reset where there are any, then stream by stream."""
        clock = [Port(name=self.clock, direction="input", width=1, meaning="clock, rising edge")]
        reset = [Port(name=self.reset, direction="input", width=1, meaning=self.reset_meaning)]
        return [
            *(clock if self.clocked else []),
            *(reset if self.reset_cycles else []),
            *chain.from_iterable(stream.ports() for stream in self.streams),
        ]
