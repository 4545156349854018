"""The text form of a design: parse, print, defaults, slug."""

import re
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import hwdse
from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.spec import Dot, Exact, FusedFloat, IntegerSum, Kulisch, LMul, Mac

FORMATS = [
    *formats.names(), "e5m7", "e3m4b-2", "e2m3b1fn", "ue3m3finite", "int11", "e4m2fnuz",
]  # fmt: skip
MULTIPLIERS = [
    "exact", "lmul", "lmul:formula", "lmul:no-offset", "lmul:l2", "lmul:sat",
    "lmul:formula:no-offset:sat",
]  # fmt: skip
ACCUMULATORS = [
    "kulisch", "kulisch:1", "kulisch:1024", "fp:fp32", "fp:bf16", "fp:e5m7", "fp:e4m3fn",
    "int:16", "int:32", "int:48:sat", "int:32:wrap",
]  # fmt: skip
UNITS = ["", "unit=mac", "unit=mac,stages=2", "unit=dot", "unit=dot,lanes=7,stages=3"]
ROUNDINGS = ["", "rne", "rna", "rtz", "up", "down"]


def spec(a, b, mul, acc, out, rounding, unit) -> str:
    keys = {"a": a, "b": b, "mul": mul, "acc": acc, "out": out, "rounding": rounding}
    pairs = [f"{key}={value}" for key, value in keys.items() if value]
    return ",".join([*pairs, unit] if unit else pairs)


@st.composite
def designs(draw) -> Design:
    choose = lambda values: draw(st.sampled_from(values))  # noqa: E731
    a, mul = choose(FORMATS), choose(["", *MULTIPLIERS])
    b = choose(["", a]) if mul.startswith("lmul") else choose(["", *FORMATS])
    text = spec(
        a, b, mul, choose(ACCUMULATORS), choose(["", *FORMATS]), choose(ROUNDINGS), choose(UNITS)
    )
    try:
        return Design.parse(text)
    except SpecError:  # parts without joint meaning: test_spec_errors.py
        assume(False)
        raise


@given(designs())
def test_text_round_trips(design):
    text = str(design)
    assert Design.parse(text) == design
    assert str(Design.parse(text)) == text
    assert hash(Design.parse(text)) == hash(design)


@given(designs(), st.randoms())
def test_the_order_of_keys_does_not_matter(design, random):
    pairs = str(design).split(",")
    random.shuffle(pairs)
    assert Design.parse(" , ".join(pairs)) == design


@given(designs())
def test_slug_is_a_verilog_identifier_and_a_file_name(design):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", design.slug)


def test_slugs_are_one_for_each_design():
    slugs: dict[str, Design] = {}
    seen: set[Design] = set()
    pairs = [("e4m3fn", ""), ("e4m3fn", "e5m2"), ("e5m2", ""), ("e3m4b-2", ""), ("e3m4", ""),
             ("e3m4b2", ""), ("int8", ""), ("int8", "int4")]  # fmt: skip
    outs = ["", "fp16"]
    choices = product(pairs, MULTIPLIERS, ACCUMULATORS, outs, ["", "rna", "up"], UNITS[1:])
    for (a, b), mul, acc, out, rounding, unit in choices:
        try:
            design = Design.parse(spec(a, b, mul, acc, out, rounding, unit))
        except SpecError:
            continue
        assert slugs.setdefault(design.slug, design) == design
        seen.add(design)
    assert len(seen) == len(slugs) > 1000


def test_defaults():
    design = Design.parse("a=e4m3fn,acc=kulisch")
    assert design == Design(a=formats.get("e4m3fn"), acc=Kulisch())
    assert (design.b, design.mul, design.unit) == (design.a, Exact(), Mac())
    assert (design.out.name, design.rounding) == ("fp32", "rne")
    assert str(design) == (
        "a=e4m3fn,b=e4m3fn,mul=exact,acc=kulisch,out=fp32,rounding=rne,unit=mac,stages=0"
    )
    assert hwdse.Design is Design


@pytest.mark.parametrize(
    ("acc", "out"),
    [("kulisch", "fp32"), ("kulisch:9", "fp32"), ("fp:bf16", "bf16"), ("fp:e5m7", "e5m7"),
     ("int:32", "int32"), ("int:20:sat", "int20")],
)  # fmt: skip
def test_default_output_is_the_accumulators_own_format(acc, out):
    assert Design.parse(f"a=int8,acc={acc}").out == formats.get(out)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mul=exact", Exact()),
        ("mul=lmul", LMul()),
        ("mul=lmul:formula", LMul(formula=True)),
        ("mul=lmul:no-offset", LMul(offset=0)),
        ("mul=lmul:l2", LMul(offset=2)),
        ("mul=lmul:sat", LMul(saturate=True)),
        ("mul=lmul:sat:no-offset:formula", LMul(formula=True, offset=0, saturate=True)),
        ("acc=kulisch:1024", Kulisch(terms=1024)),
        ("acc=kulisch:65536", Kulisch()),
        ("acc=fp:bf16", FusedFloat(format=formats.get("bf16"))),
        ("unit=dot", Dot(lanes=4)),
        ("unit=dot,lanes=16,stages=1", Dot(lanes=16, stages=1)),
        ("unit=mac,stages=3", Mac(stages=3)),
    ],
)
def test_parts(text, part):
    acc = "" if text.startswith("acc") else ",acc=kulisch"
    design = Design.parse(f"a=e4m3fn,{text}{acc}")
    assert part in (design.mul, design.acc, design.unit)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("int:32", IntegerSum(width=32)),
        ("int:32:wrap", IntegerSum(width=32)),
        ("int:40:sat", IntegerSum(width=40, saturate=True)),
    ],
)
def test_integer_accumulators(text, part):
    assert Design.parse(f"a=int8,acc={text},out=fp32").acc == part


@pytest.mark.parametrize(("unit", "lanes", "latency"), [("mac", 1, 1), ("dot", 4, 1)])
def test_unit_shape(unit, lanes, latency):
    for stages in range(4):
        made = Design.parse(f"a=int8,acc=int:32,unit={unit},stages={stages}").unit
        assert (made.macs_per_cycle, made.latency, made.initiation_interval) == (
            lanes,
            latency + stages,
            1,
        )
