"""Multipliers of exact products give the same sums, whatever they are built of."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from hwdse import Design, golden
from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.spec import ExactValued, Multiplier

MULTIPLIERS = [k for k, choice in Multiplier.choices.items() if issubclass(choice, ExactValued)]
OPERANDS = [
    ("e4m3fn", "pot4_k1"),
    ("e5m2", "pot8_k2"),
    ("posit8_1", "pot4_k1"),
    ("e3m2fn", "pot4_k1"),
    ("e4m3fn", "ternary"),
    ("e5m2", "binary"),
    ("e5m2", "bipolar1"),
    ("hif8", "ternary"),
    ("posit8_0", "ternary"),
    ("e3m2fn", "ternary"),
    ("e5m2", "ternary"),
    ("e5m2", "e2m1fn"),
    ("e5m2", "e3m0fn"),
    ("e4m3", "e2m1fn"),
    ("int8", "pot8_k2"),
    ("int8", "ternary"),
    ("int4", "int4"),
    ("int8", "q2_6"),
    ("uint4", "int4"),
    ("binary", "binary"),
    ("bipolar3", "bipolar2"),
    ("q2_6", "pot4_k1"),
]
ACCUMULATORS = (
    *("aligned:F6", "aligned:F2", "aligned:F10:e8m13", "aligned:L2-F4:rne", "aligned:cdna3"),
    *("aligned:L3-F7:rne:floor9-5:split2", "aligned:hopper", "aligned:F5:fp16"),
    *("fp:fp32", "fp:bf16", "fp:e5m3", "fp:e5m3:tree", "fp:e5m3:kahan", "fp:e5m3:sr4"),
    *("fp:bf16:an1-1", "fp:bf16:an2-3:w9", "fp:e5m3:an1-2", "kulisch", "kulisch:16"),
    *("int:20", "int:32:sat", "int:24:wrap"),
)
TERMS, SUMS = 8, 60


def parsed(text: str) -> Design | None:
    try:
        return Design.parse(text)
    except SpecError:
        return None


def given(rng: np.random.Generator, number_format: Format) -> np.ndarray:
    """Codes that encoding gives, specials among them: for others shift-add says what it takes."""
    f = number_format
    codes = rng.integers(0, 1 << f.bits, (SUMS, TERMS))
    codes = f.encode(f.decode(codes), overflow="ieee")
    finite = np.isfinite(f.decode(codes))
    return np.where(finite | (rng.random(codes.shape) < 0.02), codes, int(f.encode(1.0)))


def test_every_multiplier_of_the_kind_is_here() -> None:
    assert {"exact", "shift-add", "add-skip", "lut", "radix4", "xnor"} <= set(MULTIPLIERS)


@pytest.mark.parametrize("acc", ACCUMULATORS)
def test_the_same_sums(acc: str) -> None:
    rng = np.random.default_rng(ACCUMULATORS.index(acc))
    compared: Counter[tuple[str, str]] = Counter()
    for (a, b), rounding, lanes in [
        (pair, *more) for pair in OPERANDS for more in (("rne", 4), ("down", 1))
    ]:
        shape = f"a={a},b={b},acc={acc},out=fp32,rounding={rounding},unit=dot,lanes={lanes}"
        designs = {mul: parsed(f"{shape},mul={mul}") for mul in MULTIPLIERS}
        taken = {mul: design for mul, design in designs.items() if design is not None}
        if len(taken) < 2:
            continue
        any_of_them = next(iter(taken.values()))
        fed = given(rng, any_of_them.a), given(rng, any_of_them.b)
        sums = {mul: golden.running_dot(design, *fed) for mul, design in taken.items()}
        for first, second in combinations(sums, 2):
            wrong = int(np.sum(sums[first] != sums[second]))
            if taken[first].product.twos_complement != taken[second].product.twos_complement:
                # One record has a sign of zero: the numbers are the same.
                numbers = [any_of_them.out.decode(sums[mul]) for mul in (first, second)]
                wrong = int(np.sum((numbers[0] != numbers[1]) & ~np.isnan(numbers).all(axis=0)))
            assert not wrong, f"{shape}: {first} and {second} differ in {wrong}"
            compared[first, second] += 1
    assert sum(compared.values()) >= 10, compared
    if acc.startswith("aligned"):
        assert {("exact", "shift-add"), ("exact", "add-skip"), ("exact", "lut")} <= set(compared)
