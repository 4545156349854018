"""Buses: bus interfaces that a generated module can have instead of the plain ports of the unit."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hwdse.errors import SpecError
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.part import Part

if TYPE_CHECKING:
    from hwdse.spec.design import Design

_BYTE = 8


@dataclass(frozen=True, kw_only=True)
class Bus(Part):
    """A bus interface around a unit. The option `--interface` takes the `keyword` of the bus."""

    kind: ClassVar[str] = "interface"

    @abstractmethod
    def interface(self, design: "Design") -> Interface:
        """The interface of the module that wraps the design's unit.

        Raises:
            SpecError: the bus cannot wrap this unit.
        """

    def inside(self, design: "Design") -> "Design":
        """The design of the unit that the bus wraps, if it is not `design` itself."""
        return design


@dataclass(frozen=True, kw_only=True)
class Plain(Bus):
    """No bus: the ports of the unit, without a wrapper."""

    keyword: ClassVar[str] = "plain"

    def interface(self, design: "Design") -> Interface:
        """The interface of the unit."""
        return design.interface


@dataclass(frozen=True, kw_only=True)
class Axis(Bus):
    """AXI4-Stream (AMBA 4, ARM IHI 0051A): operands in, results out, back-pressure without loss.

    TDATA holds the operands one after another. Each operand takes whole bytes, and the first
    operand is in the lowest bytes.

    For a unit with a running sum, TLAST marks the last transfer of a sum, and the output stream has
    one transfer per finished sum. For any other unit, the output stream has one result per input
    transfer, and TLAST of the input is passed on with the result.

    For interleaved sums, TID is the number of the sum to which a transfer belongs. TREADY can be
    high only in a cycle that belongs to the sum in TID.
    """

    keyword: ClassVar[str] = "axis"

    def interface(self, design: "Design") -> Interface:
        """Streams `s_axis` and `m_axis`, clock `aclk`, reset `aresetn`."""
        plain = design.interface
        source, sink = self.streams(design)
        places, low = [], 0
        for part in self.operands(source):
            width = whole_bytes(part.width)
            places.append(f"{part.name} in bits {low + part.width - 1}..{low}")
            low += width
        last = "the sum's last transfer" if source.starts else "passed on with the result"
        (result,) = sink.fields
        turn = [Field(name="id", meaning="which sum", bits=self.id_bits(plain))]
        turns = turn if plain.turns > 1 else []
        inputs = (
            Field(name="data", meaning=", ".join(places), bits=low),
            Field(name="last", meaning=last, bits=1),
            *turns,
        )
        outputs = (
            Field(
                name="data",
                meaning=result.meaning,
                bits=whole_bytes(result.width),
            ),
            Field(name="last", meaning="end of a packet", bits=1),
            *turns,
        )
        return Interface(
            streams=(
                Stream(
                    name="s_axis_t",
                    separator="",
                    direction="input",
                    handshake="ready",
                    fields=inputs,
                    meaning="the sender offers operands",
                ),
                Stream(
                    name="m_axis_t",
                    separator="",
                    direction="output",
                    handshake="ready",
                    fields=outputs,
                    meaning="the unit offers a result",
                    follows="s_axis_t",
                ),
            ),
            clock="aclk",
            reset="aresetn",
            reset_low=True,
            behaviour="AXI4-Stream in and out.",
        )

    @staticmethod
    def streams(design: "Design") -> tuple[Stream, Stream]:
        """The single input stream and the single output stream of the unit.

        Raises:
            SpecError: the unit does not have exactly one input stream and one output stream with
                one field and fixed latency.
        """
        inputs, outputs = design.interface.inputs, design.interface.outputs
        single = len(inputs) == len(outputs) == 1 and len(outputs[0].fields) == 1
        if not single or outputs[0].latency is None:
            raise SpecError(
                f"interface axis: unit {design.unit} has other streams than one in and one out of "
                "fixed latency"
            )
        return inputs[0], outputs[0]

    @staticmethod
    def operands(source: Stream) -> list[Field]:
        """The fields that TDATA carries: all except the flag that starts a new sum."""
        return [part for part in source.fields if part.name != source.starts]

    @staticmethod
    def id_bits(interface: Interface) -> int:
        """Width of TID in bits."""
        return (interface.turns - 1).bit_length()


def whole_bytes(bits: int) -> int:
    """The number of bits, rounded up to whole bytes."""
    return -(-bits // _BYTE) * _BYTE
