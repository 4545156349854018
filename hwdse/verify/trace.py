"""Traces: the inputs and expected outputs of a unit, stream by stream."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np

from hwdse.errors import VerificationError
from hwdse.formats import FixedPoint, Format, Minifloat, Posit
from hwdse.formats.unpacked import Array
from hwdse.spec import Interface
from hwdse.spec.interface import Field, Stream

#: Widest format whose values the vector file lists one by one.
_LISTED_BITS = 10
_WORD_BITS = 63


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Transfers of every stream of an interface.

    Attributes:
        interface: the interface with the streams.
        transfers: for each stream name, the words of each field, by field name. All arrays of a
            stream have the same length, the number of transfers.
        after: only for output streams that do not give one transfer per input transfer: by stream
            name, the number of the answered input transfer for each output transfer, in order.

    Raises:
        VerificationError: streams or fields do not match the interface, columns of a stream have
            different lengths, or `after` has a wrong length, order or transfer number.
    """

    interface: Interface
    transfers: Mapping[str, Mapping[str, Array]]
    after: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {stream.name for stream in self.interface.streams}
        if set(self.transfers) != names:
            raise VerificationError(
                f"a trace of streams {sorted(self.transfers)}: the unit has {sorted(names)}"
            )
        for stream in self.interface.streams:
            columns = self.transfers[stream.name]
            wanted = [part.name for part in stream.fields]
            if sorted(columns) != sorted(wanted):
                raise VerificationError(
                    f"a trace of stream {stream.name} with fields {sorted(columns)}: "
                    f"it has {sorted(wanted)}"
                )
            lengths = {len(column) for column in columns.values()}
            if len(lengths) > 1:
                raise VerificationError(f"stream {stream.name}: columns of lengths {lengths}")
        for stream in self.interface.outputs:
            answered = self.answered(stream)
            inputs = self.count(stream.follows)
            if len(answered) != self.count(stream.name) or np.any(answered >= inputs):
                raise VerificationError(
                    f"stream {stream.name}: {self.count(stream.name)} transfers answer "
                    f"{len(answered)} of the {inputs} of {stream.follows}"
                )
            if np.any(np.diff(answered) < 0):
                raise VerificationError(f"stream {stream.name} answers transfers out of order")

    def count(self, stream: str) -> int:
        """Return the number of transfers of a stream."""
        return len(next(iter(self.transfers[stream].values())))

    def answered(self, stream: Stream) -> Array:
        """Return, for each transfer of an output stream, the number of the answered input."""
        if stream.name in self.after:
            return self.after[stream.name]
        return np.arange(self.count(stream.name))

    @property
    def outputs(self) -> int:
        """Total number of output transfers."""
        return sum(self.count(stream.name) for stream in self.interface.outputs)

    def text(self, spec: str, seed: int) -> str:
        """Return the vector file: a JSON header line, then one line per transfer.

        The transfers come stream by stream, in the order of the header. Each line has one
        hexadecimal word per field of the stream. If `answers` is set in the header of an output
        stream, the first word is the number of the input transfer that the transfer answers.
        """
        interface = self.interface
        header = {
            "spec": spec,
            "ports": [port.name for port in interface.ports()],
            "clock": interface.clock if interface.clocked else "",
            "reset": interface.reset if interface.reset_cycles else "",
            "reset_low": interface.reset_low,
            "reset_cycles": interface.reset_cycles,
            "turns": interface.turns,
            "seed": seed,
            "streams": [self._described(stream) for stream in interface.streams],
        }
        lines = [json.dumps(header)]
        for stream in interface.streams:
            lines += self._lines(stream)
        return "\n".join(lines) + "\n"

    def _described(self, stream: Stream) -> dict[str, Any]:
        return {
            "name": stream.name,
            "direction": stream.direction,
            "valid": stream.valid,
            "ready": stream.ready,
            "starts": stream.starts,
            "follows": stream.follows,
            "latency": stream.latency,
            "transfers": self.count(stream.name),
            "answers": stream.name in self.after,
            "fields": [
                {
                    "name": part.name,
                    "port": stream.port_of(part),
                    "bits": part.bits,
                    "elements": part.elements,
                    "values": _values(part),
                }
                for part in stream.fields
            ],
        }

    def _lines(self, stream: Stream) -> Iterator[str]:
        columns = [self.transfers[stream.name][part.name].tolist() for part in stream.fields]
        if stream.name in self.after:
            columns.insert(0, self.after[stream.name].tolist())
        row = " ".join(["%x"] * len(columns)).__mod__
        return map(row, zip(*columns, strict=True))


def joined(codes: Array, part: Field) -> Array:
    """Join codes of shape (transfers, elements) to words of a field, element 0 in the low bits."""
    if codes.shape[-1] == 1:
        return codes[:, 0]
    # Codes may come in their narrowest type, which has no room for a word.
    wide = codes.astype(np.int64 if part.width < _WORD_BITS else object)
    words = wide[:, -1]
    for element in range(codes.shape[-1] - 2, -1, -1):
        words = (words << part.bits) | wide[:, element]
    return words


def _values(part: Field) -> dict[str, Any] | None:
    """Describe the values of a field's elements, for readers of the vector file without hwdse.

    Narrow formats list the values of all codes.
    """
    f = part.format
    if f is None:
        return {"kind": "number"}
    if f.bits > _LISTED_BITS:
        return {"format": str(f), **_described_values(f)}
    values = np.asarray(f.decode(np.arange(1 << f.bits)), np.float64)
    return {"format": str(f), "kind": "list", "values": [repr(float(value)) for value in values]}


@singledispatch
def _described_values(number_format: Format) -> dict[str, Any]:
    """Return the parameters that convert codes of a wide format to values.

    Most formats have no such description: their kind is `code`.
    """
    del number_format
    return {"kind": "code"}


@_described_values.register
def _(number_format: FixedPoint) -> dict[str, Any]:
    lsb = number_format.unpacked.exponent_min
    return {"kind": "fixed", "signed": number_format.signed, "lsb_exponent": lsb}


@_described_values.register
def _(number_format: Minifloat) -> dict[str, Any]:
    if number_format.overflow != "ieee" or not number_format.signed:
        return {"kind": "code"}
    bits, bias = number_format.fraction_bits, number_format.bias
    return {"kind": "float", "fraction_bits": bits, "bias": bias}


@_described_values.register
def _(number_format: Posit) -> dict[str, Any]:
    return {"kind": "posit", "es": number_format.es}
