"""The interface of a unit: streams, clock, reset and latency.

A unit declares its interface once. Ports, vector files, benches, drivers, wrappers and certificates
all derive from the declaration.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from hwdse.errors import SpecError
from hwdse.formats import Format

#: When a transfer happens. `none`: in every cycle. `valid`: in a cycle with `valid` set. `ready`:
#: in a cycle with both `valid` and `ready` set.
HANDSHAKES = ("none", "valid", "ready")
_DIRECTIONS = ("input", "output")


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of the emitted module.

    Attributes:
        name: name of the port.
        direction: `input` or `output`.
        width: width of the port in bits.
        meaning: short description of the port.
    """

    name: str
    direction: str
    width: int
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a stream's transfers. Each field has a port.

    Attributes:
        name: name of the field. The port name is the stream's prefix followed by this name. The
            only field of a stream can have an empty name: its port is named like the stream.
        meaning: short description of the field.
        bits: bits per element.
        elements: elements per transfer. The first element is in the low bits.
        format: number format of the elements; None for a flag or a plain number.
    """

    name: str
    meaning: str
    bits: int
    elements: int = 1
    format: Format | None = None

    @property
    def width(self) -> int:
        """Width of the port in bits."""
        return self.bits * self.elements

    @classmethod
    def codes(cls, name: str, number_format: Format, meaning: str, elements: int = 1) -> "Field":
        """A field whose elements are codes of a number format."""
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
        name: prefix of the stream's ports. For example, field `a` of stream `i` is port `i_a`.
        direction: `input` or `output`.
        fields: fields of a transfer, in the order of the ports.
        handshake: `none` (a transfer in every cycle), `valid`, or `ready` (valid and ready).
        meaning: short description of the valid port.
        starts: only for an input stream: the name of the one-bit field that starts a new sequence.
            The transfers of a sequence keep their order and their turn. Empty: all transfers form
            one sequence.
        follows: only for an output stream: the name of the input stream. Each output transfer
            answers a transfer of this input stream.
        latency: only for an output stream: cycles from an input transfer to the output transfer
            that answers it. None: the number depends on the receiver's `ready` or on the data.
        separator: text between the stream's name and the rest of a port's name.

    Raises:
        SpecError: the direction or handshake is unknown, there is no field, `starts` names no
            field, an output stream follows no stream, or an input stream follows one.
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
        """Name of the port of a field."""
        return f"{self.name}{self.separator}{field.name}" if field.name else self.name

    @property
    def valid(self) -> str:
        """Name of the valid port; empty for a stream without valid port."""
        return "" if self.handshake == "none" else f"{self.name}{self.separator}valid"

    @property
    def ready(self) -> str:
        """Name of the ready port; empty for a stream without ready port."""
        return f"{self.name}{self.separator}ready" if self.handshake == "ready" else ""

    def ports(self) -> Iterator[Port]:
        """Ports of the stream: first valid and ready, then the fields."""
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
    """The complete interface of a unit.

    Attributes:
        streams: input and output streams, in the order of the ports.
        clocked: whether the unit has a clock.
        reset_cycles: minimum length of the synchronous reset in cycles; 0 for a unit without reset.
        clock: name of the clock port.
        reset: name of the reset port.
        reset_low: whether the reset is active low.
        turns: number of independent sequences that take turns. Cycle t belongs to sequence
            t mod `turns`.
        behaviour: description of the unit's timing for readers, in full sentences.

    Raises:
        SpecError: two ports have the same name, an output stream does not follow an input stream,
            or `turns` is above 1 and a stream has a ready port.
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
        """The input streams of the unit."""
        return tuple(stream for stream in self.streams if stream.direction == "input")

    @property
    def outputs(self) -> tuple[Stream, ...]:
        """The output streams of the unit."""
        return tuple(stream for stream in self.streams if stream.direction == "output")

    def stream(self, name: str) -> Stream:
        """The stream called `name`.

        Raises:
            SpecError: no stream has this name.
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
        """All ports: clock and reset if the unit has them, then the ports of each stream."""
        clock = [Port(name=self.clock, direction="input", width=1, meaning="clock, rising edge")]
        reset = [Port(name=self.reset, direction="input", width=1, meaning=self.reset_meaning)]
        return [
            *(clock if self.clocked else []),
            *(reset if self.reset_cycles else []),
            *chain.from_iterable(stream.ports() for stream in self.streams),
        ]
