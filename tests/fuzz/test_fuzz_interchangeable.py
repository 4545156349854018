"""Multipliers of exact products can take each other's place, in any design that takes one of them.

Designs are drawn with one of them. Every other that takes the operands must go with the same
accumulator, unless the accumulator says of the record in which the products come why not, and give
the same sums in golden, in the kernels and in hardware. HWDSE_FUZZ_SEED and
HWDSE_FUZZ_FIRST name the first case that is tried, HWDSE_FUZZ_CASES how many.
"""

import os
from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
import pytest
from fuzz_designs import MULTIPLIERS, Designs, codes
from sampled import some

from hwdse import Design, golden, kernels
from hwdse.errors import ShapeError, SpecError
from hwdse.formats import Format
from hwdse.hdl import emit
from hwdse.spec import ExactValued, Multiplier
from hwdse.verify.prepare import prepare
from hwdse.verify.stream_driver import run_trace

SEED = int(os.environ.get("HWDSE_FUZZ_SEED", "20270"))
FIRST = int(os.environ.get("HWDSE_FUZZ_FIRST", "0"))
CASES = os.environ.get("HWDSE_FUZZ_CASES")
QUICK = 110

EXACT = sorted(k for k, choice in MULTIPLIERS.items() if issubclass(choice, ExactValued))
_TRIES = 40
#: Why an accumulator may take the products of one multiplier and not of another: `lut` writes
#: narrow products as words of one exponent, of just the bits that they need, where others write
#: significand and exponent.
_OF_THE_RECORD = (
    "aligns products of different exponents and these have one only",
    "these all have one exponent and are not normalised",
    "takes integer products only, or others of one exponent",
    "cannot hold one product of",
)
#: What golden or the kernels leave out.
_LEFT_OUT = ("no fast kernel", "no zero to fill")


def drawn(designs: Designs, number: int) -> tuple[Design, Random]:
    """Case `number`: a dot product with an exact multiplier that few operands fit."""
    rng = Random(f"{SEED} {number} interchangeable")
    while True:
        accumulator = rng.randrange(len(designs._accumulators))
        multiplier = rng.choice([keyword for keyword in EXACT if keyword != "exact"])
        for _ in range(_TRIES):
            found = designs._attempt(rng, "dot", multiplier, accumulator)
            if found is not None:
                return found, rng


def takes(mul: Multiplier, design: Design) -> bool:
    """Whether a multiplier takes a design's operands."""
    try:
        mul.product(design.a, design.b)
    except SpecError:
        return False
    return True


def held(rng: np.random.Generator, f: Format, shape: tuple[int, ...]) -> np.ndarray:
    """Codes that encoding gives: for others shift-add says what it takes."""
    found = codes(rng, f, shape)
    return f.encode(f.decode(found), overflow="ieee") if f.fits_float64 else found


def same_numbers(f: Format, first: np.ndarray, second: np.ndarray) -> bool:
    x, y = f.decode(first), f.decode(second)
    return bool(np.all((x == y) | ((x != x) & (y != y))))


def compare(designs: Designs, number: int, tally: Counter[str]) -> None:
    design, rng = drawn(designs, number)
    repeat = f"repeat: HWDSE_FUZZ_SEED={SEED} HWDSE_FUZZ_FIRST={number} HWDSE_FUZZ_CASES=1"
    others = [MULTIPLIERS[keyword].from_options(()) for keyword in EXACT]
    tally["cases"] += 1
    taken = {}
    for mul in others:
        if not takes(mul, design):
            continue
        try:
            taken[str(mul)] = replace(design, mul=mul)
        except SpecError as error:
            if not any(reason in str(error) for reason in _OF_THE_RECORD):
                raise AssertionError(f"{design} refuses {mul}: {error}; {repeat}") from error
            tally["refused"] += 1
    if len(taken) < 2:
        return
    random = np.random.default_rng(rng.getrandbits(64))
    k = 2 * design.unit.group
    fed = held(random, design.a, (4, k)), held(random, design.b, (k, 3))
    for name, matmul in (("golden", golden.matmul), ("kernels", kernels.matmul)):
        sums = {}
        for mul, other in taken.items():
            try:
                sums[mul] = matmul(other, *fed)
            except (SpecError, ShapeError) as error:
                if not any(reason in str(error) for reason in _LEFT_OUT):
                    raise AssertionError(f"{other}: {error}; {repeat}") from error
        for first, second in combinations(sums, 2):
            shapes = [taken[mul].product.twos_complement for mul in (first, second)]
            x, y = sums[first], sums[second]
            # A two's-complement product has no sign of zero: the numbers are the same.
            same = np.array_equal(x, y) or (
                shapes[0] != shapes[1] and same_numbers(design.out, x, y)
            )
            assert same, f"{design}: {first} gives {x}, {second} {y} in {name}; {fed}; {repeat}"
            tally[name] += 1
            tally[f"{name} {' '.join(sorted((first, second)))}"] += 1
        tally[f"{name} {type(design.acc).__name__}"] += len(sums) > 1


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Designs:
    return Designs(tmp_path_factory.mktemp("levels"))


def test_exact_multipliers_are_interchangeable(designs: Designs) -> None:
    tally: Counter[str] = Counter()
    count = int(CASES or QUICK)
    for number in range(FIRST, FIRST + count):
        compare(designs, number, tally)
    print(tally)  # noqa: T201
    if CASES:
        return
    assert tally["golden"] > 1.2 * count
    assert tally["kernels"] > count
    assert tally["refused"] < 0.1 * count
    for keyword in EXACT:
        of_it = [n for key, n in tally.items() if f" {keyword} " in f"{key} "]
        assert sum(of_it) >= 5, (keyword, tally)
    for accumulator in ("Aligned", "ApproximateFloat", "FusedFloat", "IntegerSum", "Kulisch"):
        assert tally[f"golden {accumulator}"] >= 4, (accumulator, tally)


#: Designs whose sums have no sign of zero, and multipliers that take their operands.
HARDWARE = [
    ("a=ternary,acc=int:16,unit=dot,lanes=4", "add-skip lut"),
    ("a=int4,b=ternary,acc=int:16", "exact add-skip lut"),
    ("a=int5,acc=kulisch,out=bf16", "exact radix4 lut"),
    ("a=binary,acc=int:12,unit=dot,lanes=8", "exact xnor"),
    ("a=int6,b=pot3_k2,acc=kulisch,out=int16", "exact shift-add lut"),
]


@pytest.mark.parametrize(("spec", "multipliers"), some(HARDWARE, len(HARDWARE)))
def test_hardware_is_interchangeable(spec: str, multipliers: str) -> None:
    """What golden says of one multiplier comes out of the hardware of the others."""
    first, *others = (Design.parse(f"{spec},mul={mul}") for mul in multipliers.split())
    trace = prepare(first.unit, first, "quick", SEED).trace
    for other in others:
        report = run_trace(trace, emit(other), other.slug, seed=SEED)
        assert report.mismatches == 0, (str(other), report.first)
        assert report.checked == report.vectors > 200
