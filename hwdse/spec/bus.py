"""Buses: what a generated module shows instead of the unit's own streams."""

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
    """A way to connect units; `keyword` names it on the command line."""

    kind: ClassVar[str] = "interface"

    @abstractmethod
    def interface(self, design: "Design") -> Interface:
        """The streams of a module that wraps the design's unit.

        Raises:
            SpecError: a unit that the bus cannot wrap.
        """


@dataclass(frozen=True, kw_only=True)
class Plain(Bus):
    """The unit's own streams."""

    keyword: ClassVar[str] = "plain"

    def interface(self, design: "Design") -> Interface:
        """The unit's own."""
        return design.interface


@dataclass(frozen=True, kw_only=True)
class Axis(Bus):
    """AXI4-Stream (AMBA 4, ARM IHI 0051A): operands in, results out, back-pressure without loss.

    TDATA holds the operands one behind the other, each in whole bytes, the first in the low ones.
    Of a unit with sums, TLAST ends a sum and only its end is put out; of any other unit every
    transfer has its result, and TLAST goes along. Where sums take turns, TID says which one a
    transfer belongs to, and TREADY is high for the one whose turn it is.
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
        """The unit's one input stream and its one output stream.

        Raises:
            SpecError: it has others.
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
        """The fields that TDATA holds."""
        return [part for part in source.fields if part.name != source.starts]

    @staticmethod
    def id_bits(interface: Interface) -> int:
        """Bits of TID."""
        return (interface.turns - 1).bit_length()


def whole_bytes(bits: int) -> int:
    """Bits of a word in whole bytes."""
    return -(-bits // _BYTE) * _BYTE
