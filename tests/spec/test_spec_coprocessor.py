"""The co-processor's spec: options, sizes, registers and ports."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Axi, Bus
from hwdse.spec.registers import BitField, ControlRegister, RegisterTable

DESIGN = Design.parse("a=int8,acc=int:32,out=int8,unit=systolic,rows=3,cols=5,dataflow=os")


@pytest.mark.parametrize(
    ("text", "width", "words"), [("axi", 32, 64), ("axi:64", 64, 64), ("axi:64:8", 64, 8)]
)
def test_options(text: str, width: int, words: int) -> None:
    bus = Bus.parse(text)
    assert (bus.width, bus.words) == (width, words)
    assert Bus.parse(str(bus)) == bus


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axi:16", "a bus of 32 or 64 bits is allowed"),
        ("axi:32:3", "2 to 1024 words is allowed, a power of two"),
        ("axi:32:2048", "2 to 1024 words"),
        ("axi:x", r"the form is axi\[:"),
        ("axi:32:8:1", "the form is"),
    ],
)
def test_bad_options(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Bus.parse(text)


@pytest.mark.parametrize(
    ("spec", "bus", "message"),
    [
        ("a=int8,acc=int:32", "axi", "mac is not allowed, unit=systolic,dataflow=os is"),
        ("a=int8,acc=int:32,unit=systolic", "axi", "dataflow=ws is not allowed"),
        (
            "a=e11m52,acc=fp:fp32,unit=systolic,dataflow=os",
            "axi:32",
            "has 64 bits, 32 are allowed",
        ),
        (
            "a=int8,b=int32,acc=kulisch,unit=systolic,dataflow=os",
            "axi:32:2",
            "a buffer of 8 words is needed",
        ),
    ],
)
def test_refused_designs(spec: str, bus: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Bus.parse(bus).interface(Design.parse(spec))


@pytest.mark.parametrize(
    ("spec", "sums"),
    [
        ("a=int8,acc=int:32", "int32"),
        ("a=int8,acc=int:24,out=int8", "int24"),
        ("a=q4_4,acc=int:32,out=q4_4", "q24_8"),
        ("a=int8,acc=int:40,out=int8", None),  # more bits than a bias has
        ("a=int8,acc=int:32,out=q4_4", None),  # results finer than sums
        ("a=int8,acc=int:32,out=fp32", None),
        ("a=e4m3fn,acc=fp:fp32", None),
    ],
)
def test_which_designs_have_an_output_stage(spec: str, sums: str | None) -> None:
    design = Design.parse(f"{spec},unit=systolic,dataflow=os")
    found = Axi().sums(design)
    assert (None if found is None else str(found)) == sums
    assert Axi().has_output_stage(design) == (sums is not None)
    assert ("BIAS_LOW" in Axi().registers(design)) == (sums is not None)
    assert str(Axi().inside(design).out) == (sums or str(design.out))


def test_constants_tell_the_sizes() -> None:
    table = Axi(width=64).registers(DESIGN)
    assert table["ID"].value.to_bytes(4, "little") == b"hwds"
    assert table["DESIGN"].value == int(DESIGN.fingerprint[:8], 16)
    assert table["ARRAY"].value.to_bytes(4, "little") == bytes([3, 5, 8, 0])
    assert table["ELEMENTS"].value.to_bytes(4, "little") == bytes([1, 1, 1, 1])
    wide = Design.parse("a=int4,b=int12,acc=int:24,unit=systolic,dataflow=os")
    assert Axi().registers(wide)["ELEMENTS"].value.to_bytes(4, "little") == bytes([1, 2, 4, 1])


def test_chunks_fill_whole_words_of_both_operands() -> None:
    design = Design.parse("a=int4,b=int12,acc=int:24,unit=systolic,dataflow=os")
    assert Axi(width=32, words=16).chunk(design) == 32


def test_ports_are_those_of_the_standard() -> None:
    ports = {port.name: port for port in Axi(width=64).interface(DESIGN).ports()}
    assert {"aclk", "aresetn", "irq", "s_axi_awaddr", "m_axi_rlast", "m_axi_wstrb"} <= set(ports)
    assert (ports["m_axi_rdata"].width, ports["m_axi_araddr"].width) == (64, 64)
    assert (ports["s_axi_wdata"].width, ports["s_axi_awaddr"].width) == (32, 7)
    outputs = {name for name, port in ports.items() if port.direction == "output"}
    assert outputs >= {"s_axi_awready", "s_axi_bvalid", "m_axi_arvalid", "m_axi_rready", "irq"}
    assert not outputs & {"s_axi_awvalid", "s_axi_bready", "m_axi_arready", "m_axi_bvalid"}


def register(**changes: object) -> ControlRegister:
    return ControlRegister(
        **{"name": "X", "offset": 0, "kind": "setting", "meaning": "", **changes}
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "odd"}, "allowed are constant, status, setting, command"),
        ({"offset": 2}, "offset 2 is no multiple of 4"),
        ({"bits": 4, "value": 16}, "too few or too many"),
        ({"bits": 33}, "too few or too many"),
        ({"bits": 4, "fields": (BitField(name="f", low=3, bits=2, meaning=""),)}, "too few"),
    ],
)
def test_registers_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        register(**changes)


def test_names_and_offsets_differ() -> None:
    with pytest.raises(SpecError, match="the same name"):
        RegisterTable(registers=(register(), register(offset=4)))
    with pytest.raises(SpecError, match="the same offset"):
        RegisterTable(registers=(register(), register(name="Y")))
    with pytest.raises(KeyError):
        RegisterTable(registers=(register(),))["Y"]
