"""Text and errors of the tensor-core style accumulator."""

import pytest

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.spec import Accumulator, Aligned
from hwdse.spec.accumulate.aligned import PRESETS

FP16, FP32, BF16 = (formats.get(name) for name in ("fp16", "fp32", "bf16"))
E8M13 = formats.parse("e8m13")


@pytest.mark.parametrize(
    ("text", "part", "canonical"),
    [
        ("L16-F25", Aligned(group=16, fraction_bits=25), "L16-F25"),
        ("F25", Aligned(fraction_bits=25), "F25"),
        ("blackwell", Aligned(fraction_bits=25), "F25"),
        ("F25:rtz", Aligned(fraction_bits=25), "F25"),
        ("F25:rne", Aligned(fraction_bits=25, rounding="rne"), "F25:rne"),
        ("F25:fp32", Aligned(fraction_bits=25), "F25"),
        ("hopper", Aligned(group=16, fraction_bits=25), "L16-F25"),
        ("volta", Aligned(group=4, fraction_bits=23, zero_exponent=-131), "L4-F23:zero131"),
        (
            "volta:fp16",
            Aligned(group=4, fraction_bits=23, format=FP16, rounding="rne", zero_exponent=-20),
            "L4-F23:fp16:zero20",
        ),
        (
            "volta:rtz:fp16",
            Aligned(group=4, fraction_bits=23, format=FP16, zero_exponent=-20),
            "L4-F23:fp16:rtz:zero20",
        ),
        ("hopper:zero133:inf:plus0", Aligned(group=16, fraction_bits=25), "L16-F25"),
        (
            "hopper:zero126:max:signed0",
            Aligned(
                group=16, fraction_bits=25, zero_exponent=-126, overflow="max", signed_zero=True
            ),
            "L16-F25:zero126:max:signed0",
        ),
        ("L4-F9:fp16:rtz", Aligned(group=4, fraction_bits=9, format=FP16), "L4-F9:fp16:rtz"),
        ("F9:bf16", Aligned(fraction_bits=9, format=BF16), "F9:bf16"),
        (
            "hopper-fp8",
            Aligned(group=32, fraction_bits=13, format=E8M13),
            "L32-F13:e8m13",
        ),
        (
            "cdna3-fp8",
            Aligned(
                group=16,
                fraction_bits=24,
                rounding="rne",
                floor=(31, 24),
                parts=2,
                zero_exponent=-126,
                signed_zero=True,
            ),
            "L16-F24:rne:floor31-24:split2:zero126:signed0",
        ),
    ],
)
def test_text(text, part, canonical):
    parsed = Accumulator.parse(f"aligned:{text}")
    assert parsed == part
    assert str(parsed) == f"aligned:{canonical}"
    assert Accumulator.parse(str(parsed)) == parsed


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_round_trip_in_designs(preset):
    design = Design.parse(f"a=e4m3fn,acc=aligned:{preset},unit=dot,lanes=4")
    assert Design.parse(str(design)) == design
    out = FP16 if preset.endswith(":fp16") else FP32
    assert design.out == out
    assert design.state == out.unpacked


@pytest.mark.parametrize(
    ("acc", "out"), [("volta:fp16", "fp16"), ("F9:bf16", "fp32"), ("F9:e5m2", "e5m2")]
)
def test_output_of_a_running_format(acc, out):
    design = Design.parse(f"a=e4m3fn,acc=aligned:{acc}")
    assert design.out == formats.get(out)
    assert design.state == formats.get(out).unpacked


def test_largest_is_the_running_formats():
    design = Design.parse("a=fp16,acc=aligned:volta:fp16,out=fp32")
    assert design.largest_sum == 65504


@pytest.mark.parametrize(
    ("group", "lanes", "steps"),
    [
        (None, 5, [range(5)]),
        (8, 5, [range(5)]),
        (4, 8, [range(4), range(4, 8)]),
        (4, 6, [range(4), range(4, 6)]),
    ],
)
def test_steps_of_a_cycle(group, lanes, steps):
    assert list(Aligned(group=group, fraction_bits=9).steps(lanes)) == steps


BAD = {
    "aligned": ("'aligned'", "L{group}", "hopper-fp8"),
    "aligned:maxwell": ("preset of aligned 'maxwell'", "near blackwell", "[L{group}-]F{bits}"),
    "aligned:hoper": ("preset of aligned 'hoper'", "near hopper", "known are volta, "),
    "aligned:L4": ("preset of aligned 'L4'", "[L{group}-]F{bits}"),
    "aligned:L0-F9": ("L0-F9", "1 to 1024"),
    "aligned:L1025-F9": ("L1025-F9", "1 to 1024"),
    "aligned:F0": ("F0", "1 to 64"),
    "aligned:F65": ("F65", "1 to 64"),
    "aligned:F9:floor0-9": ("floor0-9", "1 to 64"),
    "aligned:F9:split2": ("split2", "with floor"),
    "aligned:F9:floor9-9:split0": ("split0", "1 to 1024 parts"),
    "aligned:F9:zero0": ("zero0", "zero1 to zero400"),
    "aligned:F9:zero401": ("zero401", "zero1 to zero400"),
    "aligned:F9:rne:max": ("rne:max", "rounded rtz"),
    "aligned:F9:nope": ("nope", "unknown format"),
    "aligned:F9:int8": ("int8", "no floating-point format"),
    "aligned:F9:ue4m3": ("ue4m3", "signed"),
    "aligned:F9:e11m52": ("e11m52", "fp32"),
    "aligned:F9:e5m2:up": ("up", "F{bits}"),
    "aligned:F9:e3m2fn": ("e3m2fn", "NaN"),
}


@pytest.mark.parametrize("text", BAD)
def test_errors_say_what_is_allowed(text):
    with pytest.raises(SpecError) as caught:
        Design.parse(f"a=e4m3fn,acc={text}")
    message = str(caught.value)
    assert "\n" not in message
    for words in BAD[text]:
        assert words in message


@pytest.mark.parametrize("pair", ["a=int8", "a=int8,b=int4", "a=uint4"])
def test_products_of_one_exponent_have_nothing_to_align(pair):
    with pytest.raises(SpecError, match=r"different exponents.*use kulisch or int:"):
        Design.parse(f"{pair},acc=aligned:hopper")


def test_an_unknown_rounding_in_python():
    with pytest.raises(SpecError, match="allowed are rtz, rne"):
        Aligned(fraction_bits=9, rounding="up")


def test_an_unknown_overflow_in_python():
    with pytest.raises(SpecError, match="allowed are inf, max"):
        Aligned(fraction_bits=9, overflow="wrap")


@pytest.mark.parametrize(
    ("design", "overflows"),
    [
        ("a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32", False),
        ("a=fp16,acc=aligned:hopper,unit=dot,lanes=16", False),
        ("a=bf16,acc=aligned:hopper,unit=dot,lanes=16", True),
        ("a=fp16,acc=aligned:volta:fp16,unit=dot,lanes=4", True),
        # 448 * 448 below 2^18, F4 and two lanes: 2^24 is out of reach, e7m2 ends beyond it.
        ("a=e4m3fn,acc=aligned:F4:e7m2,unit=dot,lanes=2", False),
        ("a=e4m3fn,acc=aligned:F4:e5m2,unit=dot,lanes=2", True),
        ("a=e4m3fn,acc=aligned:cdna3,unit=dot,lanes=2", True),
    ],
)
def test_sums_overflow_where_products_reach(design, overflows):
    parsed = Design.parse(design)
    assert parsed.acc.overflows(parsed.product, parsed.unit.group) == overflows
