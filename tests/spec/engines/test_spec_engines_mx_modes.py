"""The block-scaled engine with modes: its keys, its ports and the bounds of its products."""

from dataclasses import replace

import pytest

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.spec import BlockProduct, ModalBlockProduct

NAMES = "mxfp8_e4m3|mxfp6_e2m3|mxfp4|mxint8"
MIXED = f"a=mxfp8_e4m3,acc=fp:fp32,unit=mx,modes={NAMES}"


def test_its_modes_and_ports() -> None:
    design = Design.parse(MIXED)
    assert [str(mode) for mode in design.unit.formats] == NAMES.split("|")
    assert str(design.unit.mode_of(9)) == "mxint8"
    assert (design.unit.size, design.unit.macs_per_cycle, design.unit.latency) == (32, 32, 1)
    widths = {port.name: port.width for port in design.interface.ports()}
    control = {"clk": 1, "rst": 1, "i_valid": 1, "i_first": 1, "i_mode": 2, "o_valid": 1, "o": 32}
    assert widths == control | {"i_a": 256, "i_a_scale": 8, "i_b": 256, "i_b_scale": 8}
    assert "Modes are 0: mxfp8_e4m3, 1: mxfp6_e2m3, 2: mxfp4, 3: mxint8" in (
        design.interface.behaviour
    )
    assert "low bits of slots of 8 bits" in design.interface.behaviour


@pytest.mark.parametrize(
    "text",
    [
        MIXED,
        "a=nvfp4,acc=kulisch,out=fp32,unit=mx,blocks=2,modes=nvint4|nvfp4",
        "a=mxint8,acc=aligned:F25,unit=mx,stages=1,interleave=2,modes=mxfp4|mxint8",
        "a=block:int4:8:ue4m3,acc=fp:bf16,unit=mx,modes=block:int4:8:ue4m3|block:e2m1fn:8:ue4m3",
    ],
)
def test_the_text_of_a_design_is_read_back(text: str) -> None:
    design = Design.parse(text)
    assert Design.parse(str(design)) == design
    assert isinstance(design.mul, ModalBlockProduct)
    assert design.operands == (design.mul.a, design.mul.a)
    assert "|" not in design.slug
    # Other registers leave the modes, and a unit without modes has none.
    assert replace(design, unit=replace(design.unit, stages=2)).mul == design.mul
    plain = replace(design, unit=replace(design.unit, modes=""))
    assert type(plain.mul) is BlockProduct
    assert plain == Design.parse(str(plain))
    assert "modes" not in plain.keys()  # noqa: SIM118 - a method


def test_units_without_modes_are_as_before() -> None:
    text = str(Design.parse("a=mxfp4,acc=fp:fp32,unit=mx"))
    assert text.endswith("unit=mx,stages=0,blocks=1")


def test_bounds_hold_the_products_of_all_modes() -> None:
    # E4M3 has the least and the greatest products of these modes.
    whole, alone = (Design.parse(text).product for text in (MIXED, "a=mxfp8_e4m3," + _plain()))
    assert whole.significand_bits == alone.significand_bits == 42
    assert (whole.exponent_min, whole.exponent_max) == (alone.exponent_min, alone.exponent_max)
    both = Design.parse("a=mxint8,acc=fp:fp32,unit=mx,modes=mxint8|mxfp6_e3m2").product
    # From 2^-12 of integers up to 28 x 28 x 32 of floats, and a sign.
    assert (both.significand_bits, both.exponent_min) == (12 + 10 + 5 + 1, -254 - 12)


def _plain() -> str:
    return "acc=fp:fp32,unit=mx"


def test_points_are_those_of_each_mode_alone() -> None:
    """So aligned sums, which compare un-normalised exponents, have the bits of each mode alone."""
    design = Design.parse(MIXED)
    lowest = design.product.exponent_min + design.mul.point(design.a, design.b)
    for name in NAMES.split("|"):
        alone = Design.parse(f"a={name},{_plain()}")
        assert alone.product.exponent_min + alone.mul.point(alone.a, alone.b) == lowest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=mxint8,modes=mxint8", "unit mx, modes=mxint8: 2 to 8 formats joined by '|' are needed"),
        ("a=mxint8,modes=mxint8|", "2 to 8 formats joined by"),
        ("a=mxint8,modes=mxint8|nonsense", "modes=mxint8|nonsense: unknown format 'nonsense'"),
        ("a=mxint8,modes=mxint8|mxfp4|mxint8", "mxint8 comes twice"),
        ("a=mxint8,modes=mxint8|int8", "int8 is no block format such as mxfp4"),
        ("a=mxint8,modes=mxint8|affine:uint4:32", "is no block format such as mxfp4"),
        ("a=mxfp4,modes=mxfp4|mxint8", "a=mxfp4, b=mxfp4: mxint8 is needed for both, the widest"),
        ("a=mxint8,b=mxfp4,modes=mxint8|mxfp4", "a=mxint8, b=mxfp4: mxint8 is needed for both"),
        (
            "a=mxint8,modes=mxint8|nvfp4",
            "modes mxint8 and nvfp4: one scale for 32 and one for 16, blocks of one size",
        ),
        (
            "a=nvfp4,modes=nvfp4|fp4_ue5m3",
            "modes nvfp4 and fp4_ue5m3: scales ue4m3 and ue5m3, one format of scales is needed",
        ),
        ("a=mxint8,mul=radix4,modes=mxint8|mxfp4", "mul=radix4: only exact serves elements of all"),
        (
            "a=block:int32:32:e8m0,modes=block:int32:32:e8m0|block:e5m18:32:e8m0",
            "modes .*: exact sums of 32 products, in units of the least one, take 133 bits: at",
        ),
        ("a=mxfp4,unit=mxmul,modes=mxfp4|mxint4", "unit mxmul does not use modes"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text: str, reason: str) -> None:
    whole = text if "unit=" in text else f"{text},acc=fp:fp32,unit=mx"
    with pytest.raises(SpecError, match=reason.replace("|", r"\|")) as error:
        Design.parse(whole)
    assert "\n" not in str(error.value)


def test_modes_are_block_formats() -> None:
    assert Design.parse(MIXED).unit.formats[2] == formats.get("mxfp4")
