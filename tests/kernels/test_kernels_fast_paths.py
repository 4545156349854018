"""The kernels' short cuts give the golden model's bits: each is taken, and special codes are in it.

What a kernel may leave out depends on the actual operands: whether sums can overflow, whether all
are finite, whether float32 holds them. So every design gets operands of several kinds.
"""

import numpy as np
import pytest
from sampled import some

from hwdse import Design, golden, kernels
from hwdse.formats import Format
from hwdse.kernels import accumulate

SPECS = [
    # One adder after another: the carrier's own, bounded, inside, in a direction, odd, limited.
    "a=e4m3fn,acc=fp:fp32",
    "a=e4m3fn,acc=fp:fp32,rounding=down",
    "a=e4m3fn,acc=fp:e11m52,rounding=up",
    "a=bf16,acc=fp:bf16",
    "a=bf16,acc=fp:bf16,rounding=rtz",
    "a=e5m2,acc=fp:e5m2,rounding=up",
    "a=e4m3fn,acc=fp:bf16,rounding=down",
    "a=int8,acc=fp:fp16,rounding=down",
    "a=e4m3fn,mul=lmul,acc=fp:bf16,rounding=down",
    "a=e4m3fn,acc=fp:bf16,rounding=rna",
    "a=e5m2,acc=fp:e5m2,rounding=rna",
    "a=int8,acc=int:16:sat",
    "a=int8,acc=int:18:sat,unit=dot,lanes=3",
    "a=int16,acc=int:40:sat,out=int32",
    # float32 rounds first: sums that end half-way between values.
    "a=fp16,acc=fp:fp16",
    "a=e5m2,acc=fp:e6m3",
    "a=e5m2,acc=fp:e5m2",
    # Code for the operands at hand.
    "a=bf16,mul=lmul,acc=fp:fp32",
    "a=e4m3fn,mul=lmul,acc=fp:fp16",
    # Groups, compensated sums and trees in float32 and in float64.
    "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4",
    "a=e2m1fn,acc=fp:bf16,unit=dot,lanes=4,rounding=down",
    "a=bf16,acc=fp:fp32:kahan",
    "a=bf16,acc=fp:fp32:kahan,rounding=down",
    "a=fp16,acc=fp:e6m9:kahan",
    "a=bf16,acc=fp:fp32:tree,unit=dot,lanes=4",
    "a=fp16,acc=fp:e6m12:tree,unit=dot,lanes=3",
    # Cuts.
    "a=e4m3fn,acc=fp:bf16:sr8a",
    "a=bf16,acc=fp:fp32:an2-2",
    "a=e4m3fn,acc=fp:bf16:an1-1,rounding=down",
    "a=e4m3fn,acc=aligned:hopper-fp8,out=fp32,unit=dot,lanes=32",
    "a=fp16,acc=aligned:volta,out=fp32,unit=dot,lanes=4",
    "a=e5m2,acc=aligned:cdna3-fp8,out=fp32,unit=dot,lanes=16",
    "a=e4m3fn,acc=aligned:L4-F54,out=fp32,unit=dot,lanes=4",
    # Exact sums.
    "a=e5m2,acc=kulisch",
    "a=posit8_2,acc=kulisch",
    "a=lns8_g8,mul=log,acc=bins,out=bf16",
]
KINDS = ("ordinary", "every", "steep", "large", "few bits")


def codes(f: Format, rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Codes of one kind."""
    if kind == "every":
        found = rng.integers(0, (1 << f.bits) - 1, shape, np.uint64, endpoint=True)
        return np.where(rng.random(shape) < 0.1, found.astype(f.code_dtype), f.encode(1.0))
    if kind == "few bits":
        return f.encode(rng.integers(-6, 7, shape) / 4)
    values = rng.normal(size=shape)
    if kind == "large":
        values *= min(float(f.max), 1e30) / 3
    if kind == "steep":
        lowest = max(f.unpacked.exponent_min, -70)
        exponents = rng.integers(lowest, max(min(f.unpacked.top, 70), lowest + 1), shape)
        values = np.exp2(exponents) * rng.choice([-1.75, -1.0, 1.0, 1.5], shape)
    return f.encode(values)


@pytest.mark.parametrize("spec", some(SPECS, 8))
def test_short_cuts_equal_golden(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the short cuts that pay for large matrices only."""
    design = Design.parse(spec)
    rng = np.random.default_rng(SPECS.index(spec))
    compared = 0
    for large in (1, 1 << 60):
        monkeypatch.setattr(accumulate, "_LARGE", large)
        for kind in KINDS:
            terms = -(-24 // design.unit.group) * design.unit.group
            A = codes(design.a, rng, (9, terms), kind)
            B = codes(design.b, rng, (terms, 11), kind)
            expected = golden.matmul(design, A, B)
            np.testing.assert_array_equal(kernels.matmul(design, A, B), expected, err_msg=kind)
            compared += expected.size
    assert compared == 2 * len(KINDS) * 99


@pytest.mark.parametrize(
    "spec",
    [
        "a=e8m40,acc=kulisch",
        "a=e8m40,acc=fp:fp32,unit=dot,lanes=3",
        "a=e11m52,acc=fp:bf16,rounding=down",
        "a=binary14p2se,acc=fp:fp32",
        "a=binary15p1se,acc=kulisch,out=bf16",
        "a=binary11p1ue,acc=fp:bf16,rounding=up",
    ],
)
def test_products_beyond_float64_equal_golden(spec: str) -> None:
    """Formats with very many bits, or exponents, have kernels like all others."""
    design = Design.parse(spec)
    rng = np.random.default_rng(3)
    for kind in ("ordinary", "every", "few bits"):
        A = codes(design.a, rng, (3, 7), kind)
        B = codes(design.b, rng, (7, 2), kind)
        np.testing.assert_array_equal(kernels.matmul(design, A, B), golden.matmul(design, A, B))


def test_infinities_saturate_where_sums_cannot_overflow() -> None:
    """A bound on finite sums says nothing of infinite operands."""
    design = Design.parse("a=e5m2,acc=fp:e8m7fn,out=fp32")
    A = design.a.encode(np.array([[np.inf, 1.0], [1.0, 1.0]]))
    B = design.a.encode(np.array([[1.0, -1.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(kernels.matmul(design, A, B), golden.matmul(design, A, B))


@pytest.mark.parametrize("threads", [None, 2])
def test_directions_stay_in_their_threads(threads: int | None) -> None:
    """After a kernel that rounds up, this thread and the pool's threads round to nearest again."""
    up, nearest = (Design.parse(f"a=fp16,acc=fp:fp32{r}") for r in (",rounding=up", ""))
    rng = np.random.default_rng(5)
    A, B = (nearest.a.encode(rng.normal(size=(160, 160))) for _ in range(2))
    before = kernels.matmul(nearest, A, B, threads=threads)
    above = kernels.matmul(up, A, B, threads=threads)
    assert (nearest.out.decode(above) >= nearest.out.decode(before)).all()
    assert (above != before).mean() > 0.5
    np.testing.assert_array_equal(kernels.matmul(nearest, A, B, threads=threads), before)
    assert 1.0 + 2.0**-60 == 1.0
