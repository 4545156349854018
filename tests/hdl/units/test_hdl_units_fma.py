"""Bare fused multiply-adds, against Fractions and the golden model."""

import numpy as np
import pytest
from bare_vectors import cases, every_triple, hard_triples, simulated
from reference import number_formats, posit
from reference.dot_products import exact_product, exact_sum
from sampled import some

from hwdse import Design, golden
from hwdse.spec.design import DESIGN_ROUNDINGS

POSITS = {f"posit{n}_{es}": posit.Posit(n, es) for n, es in [(8, 0), (8, 2), (16, 1)]}
REFERENCES = number_formats.ALL | POSITS
#: Cases that only some formats have; every other one must be met.
ONLY_FLOATS = {"inf minus inf", "inf", "overflow", "subnormal", "negative zero"}
ALIKE = ["e5m2", "e4m3fn", "bf16", "fp16", "fp32", "posit8_0", "posit8_2", "posit16_1"]
MIXED = [
    "a=e4m3fn,out=bf16",
    "a=e4m3fn,c=e4m3fn,out=fp32",
    "a=e5m2,c=fp32,out=e5m2",
    "a=bf16,c=e5m2,out=fp32",
    "a=e4m3fn,c=fp32,out=fp16",
    "a=fp16,b=e4m3fn,c=bf16,out=bf16",
    "a=posit16_1,c=posit8_0,out=posit16_1",
    "a=posit16_1,c=e4m3fn,out=bf16",
    "a=posit8_2,c=fp32,out=posit16_1",
    "a=e4m3fn,out=posit8_1",
    "a=e4m3fn,c=posit16_2,out=e4m3fn",
    "a=int8,c=int32,out=int32",
    "a=int8,b=e4m3fn,c=bf16,out=bf16",
    "a=bf16,b=int8,c=int16,out=fp16",
    "a=fp32,c=int8,out=fp32",
    "a=binary8p4se,out=binary8p3se",
    "a=e4m3fn_ftz,out=e5m2_ftz",
    "a=e5m2_ftz",
    "a=bf16_ftz",
    "a=e4m3fn_ftz,c=bf16,out=fp32",
    "a=e4m3fn,mul=lmul,out=fp16",
    "a=hif8,out=hif8",
]


@pytest.mark.parametrize("rounding", some(DESIGN_ROUNDINGS, 3))
@pytest.mark.parametrize("name", ["e2m1fn", "posit4_1", "binary4p2sf"])
def test_every_triple_of_small_formats(name: str, rounding: str) -> None:
    design = Design.parse(f"a={name},unit=fma,rounding={rounding}")
    a, b, c = every_triple(design)
    np.testing.assert_array_equal(simulated(design, a=a, b=b, c=c), golden.fma(design, a, b, c))
    assert a.size == 1 << 3 * design.a.bits


@pytest.mark.parametrize("name", some(["e2m1fn", "e3m2fn", *ALIKE], 4))
def test_against_fractions(name: str) -> None:
    reference, count = REFERENCES[name], 1500
    for rounding in ("rne", "down"):
        design = Design.parse(f"a={name},unit=fma,rounding={rounding}")
        a, b, c = hard_triples(design, count, 1)
        overflow = getattr(reference, "default_overflow", "saturate")
        want = [
            reference.encode(
                exact_sum(
                    [
                        exact_product(reference.decode(x), reference.decode(y)),
                        reference.decode(z),
                    ],
                    rounding,
                ),
                rounding,
                overflow,
            )
            for x, y, z in zip(a.tolist(), b.tolist(), c.tolist(), strict=True)
        ]
        np.testing.assert_array_equal(simulated(design, a=a, b=b, c=c), want)
        np.testing.assert_array_equal(golden.fma(design, a, b, c), want)
        assert len(want) == count


@pytest.mark.parametrize(
    ("name", "rounding"),
    [
        pytest.param(
            name,
            rounding,
            marks=[] if rounding == "rne" or name == "e5m2" else [pytest.mark.long],
        )
        for name in ALIKE
        for rounding in DESIGN_ROUNDINGS
    ],
)
def test_hard_cases(name: str, rounding: str) -> None:
    design = Design.parse(f"a={name},unit=fma,rounding={rounding}")
    a, b, c = hard_triples(design, 6_000, 2)
    np.testing.assert_array_equal(simulated(design, a=a, b=b, c=c), golden.fma(design, a, b, c))
    met = cases(design, a, b, c)
    needed = set(met) - (ONLY_FLOATS if "posit" in name else set())
    if not design.out.has_inf:
        needed -= {"inf", "inf minus inf"}
    assert not {case for case in needed if met[case] < 4}, met
    assert a.size == 6_000


@pytest.mark.parametrize("spec", some(MIXED, 8))
def test_mixed_formats(spec: str) -> None:
    for rounding in ("rne", "up", "down"):
        design = Design.parse(f"{spec},unit=fma,rounding={rounding}")
        a, b, c = hard_triples(design, 1500, 3)
        np.testing.assert_array_equal(simulated(design, a=a, b=b, c=c), golden.fma(design, a, b, c))
        assert a.size == 1500


@pytest.mark.long
@pytest.mark.parametrize("name", ["e3m2fn", "e2m3fn", "posit6_1", "e3m0fn", "posit5_0"])
def test_every_triple_of_more_formats(name: str) -> None:
    test_every_triple_of_small_formats(name, "rne")
