"""The Unpacked record as hardware: one signature that connects all components.

A record has only the ports that its shape needs. A two's-complement record has no sign port, a
record of one exponent has no exponent port, and a record without NaN has no NaN port. `Record`
gives a value for every missing port, so that generators need no case distinction.
"""

from typing import Any

from amaranth.hdl import Const, Shape, Value, signed
from amaranth.lib.wiring import Out, Signature

from hwdse.formats import UnpackedShape
from hwdse.spec.multiply.log_tables import LogShape


def unpacked_signature(shape: UnpackedShape) -> Signature:
    """Ports of a record with the given bounds.

    `exponent` is unsigned and counts from `shape.exponent_origin`. Only magnitudes have `zero`: it
    is set for exact zeros, never for NaN and infinity. If `nan` or `inf` is set, the other fields
    mean nothing, except the sign of an infinity. If both are set, the value is NaN. A `LogShape`
    adds the logarithm of the number, `log`: unsigned and counted from `shape.log_origin`.
    """
    members = {}
    if shape.twos_complement:
        members["significand"] = Out(signed(shape.significand_bits))
    else:
        members["significand"] = Out(shape.significand_bits)
        members["zero"] = Out(1)
        if shape.signed:
            members["sign"] = Out(1)
    if shape.exponent_bits:
        members["exponent"] = Out(shape.exponent_bits)
    if shape.has_nan:
        members["nan"] = Out(1)
    if shape.has_inf:
        members["inf"] = Out(1)
        if shape.twos_complement:
            members["inf_sign"] = Out(1)
    if isinstance(shape, LogShape):
        members["log"] = Out(shape.log_bits)
    return Signature(members)


def field_widths(shape: UnpackedShape) -> dict[str, int]:
    """Width of each port of a record."""
    members = unpacked_signature(shape).members
    return {name: Shape.cast(member.shape).width for name, member in members.items()}


class Record:
    """Uniform read access to an interface of `unpacked_signature(shape)`."""

    def __init__(self, shape: UnpackedShape, interface: Any) -> None:
        self.shape = shape
        self._interface = interface

    def _member(self, name: str) -> Value:
        return getattr(self._interface, name, Const(0, 1))

    @property
    def significand(self) -> Value:
        """The magnitude, or a signed number if the shape is two's complement."""
        return self._interface.significand

    @property
    def sign(self) -> Value:
        """Set for negative finite values."""
        if self.shape.twos_complement:
            return self._interface.significand[-1]
        return self._member("sign")

    @property
    def inf_sign(self) -> Value:
        """Sign of an infinity."""
        return self._member("inf_sign") if self.shape.twos_complement else self._member("sign")

    @property
    def zero(self) -> Value:
        """Set for exact zeros."""
        if self.shape.twos_complement:
            return self._interface.significand == 0
        return self._interface.zero

    @property
    def exponent(self) -> Value:
        """Exponent of the weight of the LSB, minus `shape.exponent_origin`."""
        if self.shape.exponent_bits:
            return self._interface.exponent
        return Const(0, 1)

    @property
    def log(self) -> Value:
        """The logarithm minus `shape.log_origin`. Only a `LogShape` has one."""
        return self._interface.log

    @property
    def nan(self) -> Value:
        """Set for NaN."""
        return self._member("nan")

    @property
    def inf(self) -> Value:
        """Set for infinity; `inf_sign` is the sign."""
        return self._member("inf")


def fields(interface) -> dict[str, Value]:
    """The signals of a record, by name."""
    return {name: getattr(interface, name) for name in interface.signature.members}


def connect(m, sink, source) -> None:
    """Connect two records of the same bounds. The source may have more fields than the sink."""
    for name, value in fields(sink).items():
        m.d.comb += value.eq(getattr(source, name))


def drive(m, interface, **values) -> None:
    """Assign the given fields of a record. Fields that the interface lacks are ignored."""
    for name, value in values.items():
        if name in interface.signature.members:
            m.d.comb += getattr(interface, name).eq(value)
