"""Bare multipliers: every operand pair, against the independent reference and the golden model."""

from collections.abc import Sequence

import numpy as np
import pytest
from bare_vectors import every_pair, hard_codes, simulated
from reference import number_formats, posit, vectors
from sampled import some

from hwdse import Design, formats, golden
from hwdse.spec.design import DESIGN_ROUNDINGS

FLOATS = ["e4m3fn", "e5m2", "e4m3fnuz", "e3m4", "e2m3fn", "binary8p4se", "e4m3fn_ftz", "e5m2finite"]
POSITS = {f"posit{n}_{es}": posit.Posit(n, es) for n, es in [(8, 0), (8, 1), (8, 2), (5, 1)]}
WIDE = ["posit16_1", "fp16", "bf16", "posit10_3", "fp32"]
MIXED = [
    "a=e4m3fn,b=e5m2,out=bf16",
    "a=posit8_0,b=e4m3fn,out=fp16",
    "a=int8,b=e4m3fn,out=e5m2",
    "a=posit8_2,b=int8,out=posit8_2",
    "a=e5m2,out=posit8_1",
    "a=int8,b=uint8,out=int8",
    "a=e4m3fn,mul=lmul,out=e5m2",
    "a=e2m1fn,b=int8,out=e8m7",
    "a=hif8,b=posit6_1,out=int8",
    "a=e8m0,b=e4m3fn,out=bf16",
]


def products(design: Design, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exact products of 8-bit operands, with the signs of zeros."""
    with np.errstate(invalid="ignore"):
        return design.a.decode(a) * design.b.decode(b)


def each(names: Sequence[str], quick: Sequence[str]) -> list[object]:
    """Nearest even of all names, the other roundings of some; the rest are long tests."""
    return [
        pytest.param(
            name,
            rounding,
            marks=[] if rounding == "rne" or name in quick else [pytest.mark.long],
        )
        for name in names
        for rounding in DESIGN_ROUNDINGS
    ]


@pytest.mark.parametrize(("name", "rounding"), each(FLOATS, ["e5m2", "e4m3fn_ftz"]))
def test_every_pair_of_floats(name: str, rounding: str) -> None:
    design = Design.parse(f"a={name},unit=mul,rounding={rounding}")
    reference = number_formats.ALL[name]
    a, b = every_pair(design.a, design.b)
    got = simulated(design, a=a, b=b)
    want = vectors.encode(reference, products(design, a, b), rounding, reference.default_overflow)
    np.testing.assert_array_equal(got, want)
    assert got.size == 1 << 2 * design.a.bits


@pytest.mark.parametrize(("name", "rounding"), each(list(POSITS), ["posit8_2"]))
def test_every_pair_of_posits(name: str, rounding: str) -> None:
    design = Design.parse(f"a={name},unit=mul,rounding={rounding}")
    a, b = every_pair(design.a, design.b)
    got = simulated(design, a=a, b=b)
    np.testing.assert_array_equal(got, POSITS[name].encode_many(products(design, a, b), rounding))
    assert got.size == 1 << 2 * design.a.bits


@pytest.mark.parametrize(
    "spec", some([*MIXED, "a=e4m3fn", "a=e5m2", "a=posit8_0", "a=posit8_2"], 4)
)
def test_every_pair_against_the_golden_model(spec: str) -> None:
    design = Design.parse(f"{spec},unit=mul")
    a, b = every_pair(design.a, design.b)
    np.testing.assert_array_equal(simulated(design, a=a, b=b), golden.mul(design, a, b))
    assert a.size == 1 << (design.a.bits + design.b.bits)


@pytest.mark.parametrize(("name", "rounding"), each(WIDE, ["posit16_1"]))
def test_wide_formats(name: str, rounding: str) -> None:
    design = Design.parse(f"a={name},unit=mul,rounding={rounding}")
    rng = np.random.default_rng(1)
    a, b = (hard_codes(formats.get(name), rng, 5_000) for _ in range(2))
    np.testing.assert_array_equal(simulated(design, a=a, b=b), golden.mul(design, a, b))
    assert a.size == 5_000
