"""Dot products against the slow Fraction reference: every accumulator, rounding and lane count."""

from importlib import import_module

import numpy as np
import pytest
from reference.dot_products import unit
from reference.number_formats import ALL, Int

from hwdse import Design, golden
from hwdse.spec.design import DESIGN_ROUNDINGS

# a, b, mul, acc, out: between them every rule, with special values where the formats have them
UNITS = [
    ("e4m3fn", "e4m3fn", "exact", "kulisch:16", "bf16"),
    ("e4m3fn", "e4m3fn", "exact", "fp:bf16", "bf16"),
    ("e4m3fn", "e4m3fn", "exact", "fp:fp16", "e4m3fn"),
    ("e4m3fn", "e4m3fn", "exact", "fp:e4m3fn", "e4m3fn"),
    ("e4m3fn", "e4m3fn", "lmul", "kulisch", "fp32"),
    ("e4m3fn", "e4m3fn", "lmul:formula", "kulisch:2", "fp16"),
    ("e4m3fn", "e4m3fn", "lmul:no-offset", "fp:fp16", "fp16"),
    ("e5m2", "e5m2", "exact", "kulisch", "e5m2"),
    ("e5m2", "e5m2", "exact", "fp:fp32", "fp32"),
    ("e5m2", "e5m2", "exact", "fp:fp16", "fp16"),
    ("e5m2", "e5m2", "exact", "fp:e4m3fn", "int11"),
    ("e5m2", "e5m2", "lmul", "fp:bf16", "bf16"),
    ("e5m2", "e5m2", "lmul:sat", "fp:e5m2", "e5m2"),
    ("e5m2", "e4m3fn", "exact", "fp:e5m7", "e5m2"),
    ("e4m3fnuz", "e5m2fnuz", "exact", "fp:e4m3fnuz", "e4m3fnuz"),
    ("e2m1fn", "e2m1fn", "exact", "fp:e3m2fn", "e3m2fn"),
    ("e2m1fn", "e2m1fn", "exact", "kulisch:1", "e2m3fn"),
    ("e3m2fn", "e3m2fn", "lmul", "fp:e3m0fn", "e3m0fn"),
    ("e3m2fn", "ue4m3", "exact", "fp:fp16", "fp16"),
    ("fp16", "e2m1fn", "exact", "fp:fp16", "fp16"),
    ("bf16", "bf16", "exact", "fp:bf16", "bf16"),
    ("int8", "int8", "exact", "int:16", "int16"),
    ("int8", "int8", "exact", "int:17:sat", "int8"),
    ("int8", "int4", "exact", "int:32", "fp32"),
    ("int8", "int8", "exact", "kulisch:4", "bf16"),
    ("int8", "int8", "exact", "fp:e5m2", "e5m2"),
    ("int4", "e4m3fn", "exact", "kulisch:3", "e4m3"),
    ("int4", "e5m2", "exact", "fp:fp16", "fp16"),
]
BATCH, K = 24, 10


def both(a, b, mul, acc, out, rounding, lanes):
    design = Design.parse(
        f"a={a},b={b},mul={mul},acc={acc},out={out},rounding={rounding},unit=dot,lanes={lanes}"
    )
    reference = unit(ALL[a], ALL[b], mul, acc, ALL[out], rounding=rounding, lanes=lanes)
    return design, reference


def operands(name: str, random: np.random.Generator, shape) -> np.ndarray:
    """A third any code, two thirds values of moderate size that cancel and tie often."""
    f = Design.parse(f"a={name},acc=kulisch").a
    codes = random.integers(0, 1 << f.bits, shape)
    small = random.integers(-6, 7, shape) / 4
    small = np.abs(small) if not f.signed else small
    moderate = f.encode(small * (8 if name.startswith("int") else 1)).astype(np.int64)
    return np.where(random.random(shape) < 0.34, codes, moderate)


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("rounding", DESIGN_ROUNDINGS)
@pytest.mark.parametrize("parts", UNITS, ids=",".join)
def test_every_step_equals_the_reference(parts, rounding, lanes):
    design, reference = both(*parts, rounding, lanes)
    random = np.random.default_rng(lanes)
    x, y = (operands(name, random, (BATCH, K)) for name in parts[:2])
    c = operands(parts[4], random, BATCH)
    got = golden.running_dot(design, x, y, c)
    assert got.shape == (BATCH, -(-K // lanes))
    rows = zip(x.tolist(), y.tolist(), c.tolist(), strict=True)
    expected = np.array([reference.running(*row)[1:] for row in rows])
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(golden.dot(design, x, y, c), expected[:, -1])


@pytest.mark.parametrize("at_once", [1, 2 * BATCH * 4])
@pytest.mark.parametrize("parts", UNITS[::3], ids=",".join)
def test_how_many_numbers_are_taken_together_does_not_matter(
    parts, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, _ = both(*parts, "rne", 4)
    x, y = (operands(name, np.random.default_rng(2), (BATCH, K)) for name in parts[:2])
    expected = golden.running_dot(design, x, y)
    assert expected.shape == (BATCH, 3)
    # Of this name the package has the function.
    monkeypatch.setattr(import_module("hwdse.golden.dot"), "_AT_ONCE", at_once)
    np.testing.assert_array_equal(golden.running_dot(design, x, y), expected)


def test_the_units_above_meet_the_hard_cases():
    """Specials, both zeros and overflow do occur in what is compared above."""
    seen = {"nan": 0, "inf": 0, "-0": 0, "+0": 0, "max": 0, "number": 0}
    for parts in UNITS:
        design, _ = both(*parts, "down", 1)
        random = np.random.default_rng(1)
        x, y = (operands(name, random, (BATCH, K)) for name in parts[:2])
        out = design.out.decode(golden.running_dot(design, x, y))
        zero = out == 0
        seen["nan"] += np.isnan(out).sum()
        seen["inf"] += np.isinf(out).sum()
        seen["-0"] += (zero & np.signbit(out)).sum()
        seen["+0"] += (zero & ~np.signbit(out)).sum()
        seen["max"] += (np.abs(out) == design.out.max).sum()
        seen["number"] += (np.isfinite(out) & ~zero).sum()
    assert min(seen.values()) > 30, seen


LONG = [
    ("e4m3fn", "e4m3fn", "exact", "kulisch", "fp32"),
    ("e4m3fn", "e4m3fn", "exact", "fp:bf16", "bf16"),
    ("e5m2", "e5m2", "lmul", "fp:fp16", "fp16"),
    ("int8", "int8", "exact", "int:20", "int20"),
    ("int8", "int8", "exact", "int:18:sat", "int18"),
]


@pytest.mark.parametrize("parts", LONG, ids=",".join)
def test_long_sums(parts):
    a, b, mul, acc, out = parts
    design = Design.parse(f"a={a},b={b},mul={mul},acc={acc},out={out}")
    out_format = ALL.get(out) or Int(int(out[3:]))
    reference = unit(ALL[a], ALL[b], mul, acc, out_format)
    random = np.random.default_rng(9)
    finite = np.flatnonzero(np.isfinite(design.a.decode(np.arange(256))))
    if a == "e5m2":  # leave out what would end every sum in infinity
        finite = finite[np.abs(design.a.decode(finite)) < 16]
    x, y = random.choice(finite, (2, 4, 600))
    got = golden.running_dot(design, x, y)
    rows = zip(x.tolist(), y.tolist(), strict=True)
    expected = np.array([reference.running(*row)[1:] for row in rows])
    assert expected.shape == got.shape == (4, 600)
    np.testing.assert_array_equal(got, expected)
    assert np.unique(got).size > 200


def test_infinite_addend_of_an_integer_sum_loads_as_the_nearest_integer() -> None:
    design = Design.parse("a=int8,acc=int:16,out=fp32")
    inf = design.out.encode([np.inf, -np.inf], overflow="ieee")
    zero = np.zeros((2, 1), np.uint8)
    sums = design.out.decode(golden.dot(design, zero, zero, inf))
    assert sums.tolist() == [32767.0, -32768.0]


@pytest.mark.parametrize("name", ["e8m24", "e11m52"])
def test_wide_codes_fill_the_last_group(name: str) -> None:
    """Codes of more than 32 bits are unsigned words of 64."""
    design = Design.parse(f"a={name},acc=kulisch,out={name},unit=dot,lanes=4")
    x = design.a.encode([1.5, -2.0, 3.0, 1.0, -7.0])
    one = design.b.encode(np.ones(5))
    assert x.dtype == np.uint64
    assert design.out.decode(golden.dot(design, x, one)) == -3.5
