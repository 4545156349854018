"""The registers of a co-processor: its one description of addresses, bits and meanings."""

from collections.abc import Sequence

from hwdse.spec.registers import REGISTER_BYTES, BitField, ControlRegister, RegisterTable

#: What register ID reads: "hwds", as a little-endian word.
IDENTITY = int.from_bytes(b"hwds", "little")
#: Grows with each change of the registers that software would notice.
VERSION = 1

#: Values of the field `error` of register STATUS, with their meanings.
ERRORS = {
    "none": (0, "no error"),
    "shape": (1, "M, N or K is 0; nothing was read or written"),
    "alignment": (2, "an address or a stride is no multiple of a bus word; nothing was done"),
    "read": (3, "memory answered a read with an error; no result of this tile was written"),
    "write": (4, "memory answered a write with an error"),
}
_MATRICES = {"A": "A, M x K", "W": "W, N x K", "R": "the result, M x N"}


def register_table(
    *,
    fingerprint: str,
    array: Sequence[int],
    elements: Sequence[int],
    output_stage: bool,
) -> RegisterTable:
    """The registers of a co-processor.

    Args:
        fingerprint: hexadecimal digest of the design.
        array: rows and columns of the array, and bytes of a word of the memory's bus.
        elements: bytes of an element of A, of W, and of the result.
        output_stage: whether results take bias and scale on their way out.
    """
    return RegisterTable(
        registers=(
            *_identity(fingerprint, array, elements, output_stage),
            *_control(),
            *_shape(),
            *(_output_stage() if output_stage else ()),
        )
    )


def _identity(
    fingerprint: str, array: Sequence[int], elements: Sequence[int], output_stage: bool
) -> tuple[ControlRegister, ...]:
    sizes = _bytes(("rows", "rows of the array"), ("cols", "columns of the array"))
    sizes += (BitField(name="word", low=16, bits=8, meaning="bytes of a word of the memory bus"),)
    widths = _bytes(("a", "bytes of an element of A"), ("w", "bytes of an element of W"))
    widths += (
        BitField(name="r", low=16, bits=8, meaning="bytes of an element of the result"),
        BitField(name="output_stage", low=24, bits=1, meaning="bias and scale are there"),
    )
    return (
        _constant("ID", 0x00, IDENTITY, 'the text "hwds"'),
        _constant("VERSION", 0x04, VERSION, "version of this register table"),
        _constant("DESIGN", 0x08, int(fingerprint[:8], 16), "digest of the design spec"),
        _constant("ARRAY", 0x0C, _joined(array), "size of array and bus", sizes),
        _constant("ELEMENTS", 0x10, _joined((*elements, output_stage)), "sizes in memory", widths),
    )


def _control() -> tuple[ControlRegister, ...]:
    return (
        ControlRegister(
            name="CONTROL",
            offset=0x14,
            kind="command",
            meaning="what to do",
            bits=2,
            fields=(
                BitField(name="start", low=0, bits=1, meaning="start the job in the registers"),
                BitField(name="clear", low=1, bits=1, meaning="clear done, error and irq"),
            ),
        ),
        ControlRegister(
            name="STATUS",
            offset=0x18,
            kind="status",
            meaning="where the job stands",
            bits=11,
            fields=(
                BitField(name="busy", low=0, bits=1, meaning="a job runs"),
                BitField(name="done", low=1, bits=1, meaning="the job has ended, well or not"),
                BitField(name="error", low=8, bits=3, meaning="why it has ended, 0 if well"),
            ),
        ),
        ControlRegister(
            name="INTERRUPT",
            offset=0x1C,
            kind="setting",
            meaning="whether irq rises",
            bits=1,
            fields=(BitField(name="done", low=0, bits=1, meaning="irq is high while done is"),),
            always=True,
        ),
        ControlRegister(
            name="CYCLES",
            offset=0x20,
            kind="status",
            meaning="clock cycles of the job so far, modulo 2^32",
        ),
    )


def _shape() -> tuple[ControlRegister, ...]:
    return (
        _setting("M", 0x24, "rows of A and of the result"),
        _setting("N", 0x28, "rows of W, columns of the result"),
        _setting("K", 0x2C, "terms of each sum: columns of A and of W"),
        *(
            register
            for place, (name, what) in enumerate(_MATRICES.items())
            for register in (
                *_address(name, 0x30 + 0x10 * place, what),
                _setting(f"{name}_STRIDE", 0x38 + 0x10 * place, f"bytes from row to row of {what}"),
            )
        ),
    )


def _output_stage() -> tuple[ControlRegister, ...]:
    return (
        *_address("BIAS", 0x60, "N biases"),
        *_address("SCALES", 0x68, "N scales"),
        _setting("SCALE", 0x70, "factor of all sums, two's complement", value=1),
        _setting("SHIFT", 0x74, "binary places by which products with scales move right", bits=6),
        ControlRegister(
            name="OPTIONS",
            offset=0x78,
            kind="setting",
            meaning="what is read for each column",
            bits=2,
            fields=(
                BitField(name="bias", low=0, bits=1, meaning="add BIAS[n]; otherwise 0"),
                BitField(name="scales", low=1, bits=1, meaning="take SCALES[n], not SCALE"),
            ),
        ),
    )


def _address(name: str, offset: int, what: str) -> tuple[ControlRegister, ControlRegister]:
    return (
        _setting(f"{name}_LOW", offset, f"address of {what}, low half"),
        _setting(f"{name}_HIGH", offset + REGISTER_BYTES, f"address of {what}, high half"),
    )


def _setting(
    name: str, offset: int, meaning: str, *, bits: int = 32, value: int = 0
) -> ControlRegister:
    return ControlRegister(
        name=name, offset=offset, kind="setting", meaning=meaning, bits=bits, value=value
    )


def _constant(
    name: str, offset: int, value: int, meaning: str, fields: tuple[BitField, ...] = ()
) -> ControlRegister:
    return ControlRegister(
        name=name, offset=offset, kind="constant", meaning=meaning, value=value, fields=fields
    )


def _bytes(*named: tuple[str, str]) -> tuple[BitField, ...]:
    """Fields of one byte each, the first in the lowest."""
    return tuple(
        BitField(name=name, low=8 * place, bits=8, meaning=meaning)
        for place, (name, meaning) in enumerate(named)
    )


def _joined(values: Sequence[int]) -> int:
    """Values of one byte each, the first in the lowest."""
    return int.from_bytes(bytes(map(int, values)), "little")
