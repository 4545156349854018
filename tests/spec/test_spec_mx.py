"""Block formats as operands of a design, and the unit that takes them."""

from dataclasses import replace

import pytest

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.spec import BlockProduct, Dot, Exact, Kulisch, Workload
from hwdse.spec.engines.mx import Mx

MX = "acc=fp:fp32,unit=mx"


@pytest.mark.parametrize(
    "name", [*(n for n in formats.block_names() if not n.startswith("dfp")), "bfp12_b16"]
)
def test_every_block_format_is_an_operand(name: str) -> None:
    design = Design.parse(f"a={name},{MX}")
    assert Design.parse(str(design)) == design
    assert design.keys()["a"] == design.keys()["b"] == str(formats.get(name))
    assert design.operands == (formats.get(name),) * 2
    assert design.a == design.b == formats.get(name).element
    assert isinstance(design.mul, BlockProduct)


def test_text_slug_and_fingerprint_tell_formats_of_equal_elements_apart() -> None:
    first, second = (Design.parse(f"a={name},{MX}") for name in ("nvfp4", "fp4_ue5m3"))
    mixed = Design.parse(f"a=nvfp4,b=fp4_ue5m3,{MX}")
    assert first.a == second.a == mixed.b
    assert len({first, second, mixed}) == 3
    assert len({d.fingerprint for d in (first, second, mixed)}) == 3
    assert first.slug == "nvfp4_exact_fp_fp32_fp32_mx_stages0_blocks1"
    assert mixed.slug == "nvfp4_fp4_ue5m3_exact_fp_fp32_fp32_mx_stages0_blocks1"


def test_a_design_is_made_of_records_and_can_be_changed() -> None:
    block = formats.get("mxfp8_e4m3")
    design = Design(a=block, acc=Kulisch(terms=4), unit=Mx(blocks=2))
    assert design == Design.parse("a=mxfp8_e4m3,acc=kulisch:4,unit=mx,blocks=2")
    assert replace(design, rounding="rtz").operands == (block, block)
    changed = replace(design, b=formats.get("nvfp4"))
    assert str(changed.operands[1]) == "nvfp4"
    assert changed.unit.size == 16
    with pytest.raises(SpecError, match="unit dot takes elements without scales, not mxfp8_e4m3"):
        replace(design, unit=Dot())
    with pytest.raises(SpecError, match="takes block formats such as"):
        replace(design, mul=Exact())


@pytest.mark.parametrize(
    ("spec", "bits", "least", "most"),
    [
        # 32 products of at most 36, in units of 1/4: 12 bits and a sign.
        (f"a=mxfp4,{MX}", 14, -256, 252),
        # -2 times -2, 32 times, in units of 2^-12.
        (f"a=mxint8,{MX}", 21, -266, 242),
        # The magnitude of 16 products, times two significands of 4 bits.
        (f"a=nvfp4,{MX}", 20, -20, 8),
        (f"a=nvfp4,b=mxfp4,{MX}", 16, -138, 130),
    ],
)
def test_bounds_of_products(spec: str, bits: int, least: int, most: int) -> None:
    product = Design.parse(spec).product
    found = (product.significand_bits, product.exponent_min, product.exponent_max)
    assert found == (bits, least, most)


@pytest.mark.parametrize(
    ("spec", "size", "ports"),
    [
        (f"a=mxfp6_e2m3,{MX}", 32, {"i_a": 192, "i_a_scale": 8, "i_b": 192, "i_b_scale": 8}),
        (f"a=nvfp4,{MX},blocks=4", 16, {"i_a": 256, "i_a_scale": 28, "i_b": 256, "i_b_scale": 28}),
        (f"a=mxint8,b=nvint4,{MX}", 16, {"i_a": 128, "i_a_scale": 8, "i_b": 64, "i_b_scale": 7}),
        (f"a=int8,b=affine:uint4:64:bf16,{MX}", 64, {"i_a": 512, "i_b": 256, "i_b_scale": 20}),
    ],
)
def test_ports(spec: str, size: int, ports: dict[str, int]) -> None:
    design = Design.parse(spec)
    assert design.unit.size == size
    found = {port.name: port.width for port in design.interface.ports()}
    control = {"clk": 1, "rst": 1, "i_valid": 1, "i_first": 1, "o_valid": 1, "o": 32}
    assert found == control | ports


def test_a_cycle_takes_whole_blocks() -> None:
    unit = Design.parse(f"a=nvfp4,{MX},blocks=2").unit
    assert (unit.group, unit.macs_per_cycle) == (2, 32)
    schedule = unit.schedule(Workload(site="x", m=3, k=40, n=5))
    assert schedule.cycles == 15 * 2 + unit.latency
    assert (schedule.slots, schedule.macs) == (schedule.cycles * 32, 600)
    assert (schedule.reads_a, schedule.writes) == (15 * 64, 15)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("a=mxfp4,acc=fp:fp32", ("unit mac", "not mxfp4", "unit=mx")),
        ("a=int8,b=mxfp4,acc=fp:fp32,unit=dot", ("unit dot", "not mxfp4", "unit=mx")),
        ("a=nvfp4,unit=mul", ("unit mul", "not nvfp4", "unit=mx")),
        (f"a=e4m3fn,{MX}", ("unit mx", "block formats", "not e4m3fn")),
        (f"a=bf16,b=mxfp4,{MX}", ("exact sums", "bf16", "at most 128")),
        (f"a=int8,b=afpq:e2m1fn:32,{MX}", ("b=afpq:e2m1fn:32", "one scale for each block")),
        (f"a=realbias:e2m1:32,{MX}", ("a=realbias:e2m1:32", "one scale for each block")),
        ("a=int8,b=affine:uint4:32,acc=int:32", ("unit mac", "not affine:uint4:32", "unit=mx")),
        (f"a=int8,b=affine:uint4:tensor,{MX}", ("one scale for tensor", "1 to 1024")),
        (f"a=dfp8,{MX}", ("dfp8", "one scale for tensor", "1 to 1024")),
        (f"a=block:int8:2048:e8m0,{MX}", ("one scale for 2048", "1 to 1024")),
        (f"a=mxfp4,b=block:int8:24:e8m0,{MX}", ("32 and of 24", "divide")),
        (f"a=block:bf16:32:e8m0,{MX}", ("528 bits", "at most 128")),
        (f"a=block:int4:32:int8,{MX}", ("two's complement", "unsigned")),
        (f"a=mxfp4,mul=lmul,{MX}", ("mul=lmul", "exact")),
        ("a=mxfp4,acc=int:32,unit=mx", ("int:32", "one exponent")),
        ("a=mxfp4,acc=fp:e2m1fn,unit=mx", ("no NaN",)),
        (f"a=mxfp4,{MX},blocks=0", ("blocks=0", "1 to 64")),
        (f"a=mxfp4,{MX},size=16", ("does not use size", "blocks")),
        (f"a=mxfp5,{MX}", ("unknown format", "mxfp4")),
        ("a=mxfp4,unit=mx", ("needs acc=",)),
        (f"a=mxfp4,out=nvfp4,{MX}", ("nvfp4 is a block format",)),
    ],
)
def test_one_line_says_what_is_wrong(spec: str, words: tuple[str, ...]) -> None:
    with pytest.raises(SpecError) as caught:
        Design.parse(spec)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_affine_integers_are_told_by_their_name() -> None:
    design = Design.parse("a=mxint8,b=affine:uint4:128:fp16,acc=fp:fp32,unit=mx")
    assert Design.parse(str(design)) == design
    assert str(design.operands[1]) == "affine:uint4:128:fp16"
    # Codes less zero points have 5 bits: 32 products of 8 and 5 bits, times a significand of 11.
    assert design.mul.sum_bits == 8 + 5 + 5
    assert design.operands[1].bits_per_element == 4 + (16 + 4) / 128


def test_an_element_format_beside_blocks_has_no_scales() -> None:
    design = Design.parse("a=int8,b=block:int4_sym:128:fp16,acc=fp:fp32,unit=mx")
    assert str(design).startswith("a=int8,b=block:int4_sym:128:fp16,mul=exact")
    assert Design.parse(str(design)) == design
    assert design.unit.size == 128
    (source, _) = design.interface.streams
    assert [each.name for each in source.fields] == ["first", "a", "b", "b_scale"]
    # All scales of the first operand are 1: the product has the range of the other's scales.
    assert design.mul.scale_product.exponent_max == formats.get("fp16").unpacked.exponent_max
    turned = replace(design, a=design.operands[1], b=formats.get("e4m3fn"))
    assert str(turned).startswith("a=block:int4_sym:128:fp16,b=e4m3fn")
