"""Control registers: one table from which hardware, C header, Python driver and docs derive."""

from collections.abc import Iterator
from dataclasses import dataclass

from hwdse.errors import SpecError

REGISTER_BYTES = 4
_REGISTER_BITS = 32

#: What a register does. `constant`: it reads a fixed value. `status`: the hardware writes it.
#: `setting`: software writes it, and reads it back. `command`: a bit that is written as 1 does
#: something once; it reads 0.
KINDS = ("constant", "status", "setting", "command")
_WRITABLE = ("setting", "command")


@dataclass(frozen=True, kw_only=True)
class BitField:
    """Some bits of a register.

    Attributes:
        name: name of the field.
        low: number of its lowest bit.
        bits: number of bits.
        meaning: what the field says, as a phrase.
    """

    name: str
    low: int
    bits: int
    meaning: str

    @property
    def mask(self) -> int:
        """The bits of the field, in place."""
        return ((1 << self.bits) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class ControlRegister:
    """A register of 32 bits.

    Attributes:
        name: name of the register, in capitals.
        offset: address in bytes, a multiple of 4.
        kind: `constant`, `status`, `setting` or `command`.
        meaning: what the register holds, as a phrase.
        bits: bits that exist; those above read 0.
        value: value of a constant; value of a setting after reset.
        fields: names for some of the bits.
        always: the register takes writes while a job runs.

    Raises:
        SpecError: the kind is unknown, the offset is no multiple of 4, or the value or a field has
            bits that do not exist.
    """

    name: str
    offset: int
    kind: str
    meaning: str
    bits: int = _REGISTER_BITS
    value: int = 0
    fields: tuple[BitField, ...] = ()
    always: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SpecError(f"register {self.name}: {self.kind!r}, allowed are {', '.join(KINDS)}")
        if self.offset % REGISTER_BYTES:
            raise SpecError(f"register {self.name}: offset {self.offset} is no multiple of 4")
        used = max((part.low + part.bits for part in self.fields), default=0)
        if not max(used, self.value.bit_length()) <= self.bits <= _REGISTER_BITS:
            raise SpecError(f"register {self.name} has {self.bits} bits: too few or too many")

    @property
    def writable(self) -> bool:
        """True if software may write the register."""
        return self.kind in _WRITABLE

    @property
    def port(self) -> str:
        """Name of the register's signal in the hardware."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class RegisterTable:
    """The registers of a component, by offset.

    Raises:
        SpecError: two registers have the same name or offset.
    """

    registers: tuple[ControlRegister, ...]

    def __post_init__(self) -> None:
        for what in ("name", "offset"):
            values = [getattr(register, what) for register in self.registers]
            if len(set(values)) < len(values):
                raise SpecError(f"two registers have the same {what}")

    def __iter__(self) -> Iterator[ControlRegister]:
        return iter(self.registers)

    def __getitem__(self, name: str) -> ControlRegister:
        """The register with a name.

        Raises:
            KeyError: there is none.
        """
        for register in self.registers:
            if register.name == name:
                return register
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(register.name == name for register in self.registers)

    @property
    def address_bits(self) -> int:
        """Bits of a byte address that reaches every register."""
        return max(register.offset + REGISTER_BYTES - 1 for register in self.registers).bit_length()
