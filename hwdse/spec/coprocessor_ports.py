"""Ports of AXI4 and AXI4-Lite (AMBA 4, ARM IHI 0022), as streams: one for each channel."""

from hwdse.spec.interface import Field, Stream

ADDRESS_BITS = 64
_REGISTER_BITS = 32
_BYTE = 8
_RESPONSE = Field(name="resp", meaning="0: done; 2 or 3: an error", bits=2)


def register_streams(prefix: str, address_bits: int) -> tuple[Stream, ...]:
    """The channels of an AXI4-Lite slave of 32 bits.

    Args:
        prefix: name of the bus.
        address_bits: bits of an address.
    """
    address = Field(name="addr", meaning="address in bytes", bits=address_bits)
    protection = Field(name="prot", meaning="not used", bits=3)
    data = Field(name="data", meaning="value of a register", bits=_REGISTER_BITS)
    strobes = Field(name="strb", meaning="which bytes are written", bits=_REGISTER_BITS // _BYTE)
    return (
        _input(f"{prefix}_aw", "a write's address", address, protection),
        _input(f"{prefix}_w", "a write's data", data, strobes),
        _output(f"{prefix}_b", "a write's answer", _RESPONSE, follows=f"{prefix}_w"),
        _input(f"{prefix}_ar", "a read's address", address, protection),
        _output(f"{prefix}_r", "a read's answer", data, _RESPONSE, follows=f"{prefix}_ar"),
    )


def memory_streams(prefix: str, width: int) -> tuple[Stream, ...]:
    """The channels of an AXI4 master.

    Args:
        prefix: name of the bus.
        width: bits of the data.
    """
    identity = Field(name="id", meaning="always 0", bits=1)
    own_id = Field(name="id", meaning="not used", bits=1)
    data = Field(name="data", meaning="a word", bits=width)
    strobes = Field(name="strb", meaning="which bytes are written", bits=width // _BYTE)
    last = Field(name="last", meaning="the last word of a burst", bits=1)
    ignored_last = Field(name="last", meaning="not used: words are counted", bits=1)
    burst = (
        identity,
        Field(name="addr", meaning="address of a burst in bytes", bits=ADDRESS_BITS),
        Field(name="len", meaning="words of the burst - 1", bits=8),
        Field(name="size", meaning="log2 of the bytes of a word", bits=3),
        Field(name="burst", meaning="1: addresses increase", bits=2),
        Field(name="cache", meaning="3: may be buffered", bits=4),
        Field(name="prot", meaning="0: data, secure, unprivileged", bits=3),
    )
    answers = f"{prefix}_b"
    return (
        _input(answers, "an answer to a write", own_id, _RESPONSE),
        _input(f"{prefix}_r", "a word that was read", own_id, data, _RESPONSE, ignored_last),
        _output(f"{prefix}_ar", "a burst to read", *burst, follows="s_axi_w"),
        _output(f"{prefix}_aw", "a burst to write", *burst, follows="s_axi_w"),
        _output(f"{prefix}_w", "a word to write", data, strobes, last, follows="s_axi_w"),
    )


def wire(name: str, meaning: str, *, follows: str) -> Stream:
    """One output bit without handshake."""
    return Stream(
        name=name,
        direction="output",
        fields=(Field(name="", meaning=meaning, bits=1),),
        handshake="none",
        follows=follows,
    )


def _input(name: str, meaning: str, *fields: Field) -> Stream:
    return Stream(
        name=name,
        direction="input",
        fields=fields,
        handshake="ready",
        meaning=meaning,
        separator="",
    )


def _output(name: str, meaning: str, *fields: Field, follows: str) -> Stream:
    return Stream(
        name=name,
        direction="output",
        fields=fields,
        handshake="ready",
        meaning=meaning,
        follows=follows,
        separator="",
    )
