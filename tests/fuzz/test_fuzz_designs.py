"""Golden against kernels on random designs and codes of everything that the registries know.

A failure says how to repeat it: HWDSE_FUZZ_SEED and HWDSE_FUZZ_FIRST name the first case that is
tried, HWDSE_FUZZ_CASES how many, for each unit.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pytest
from fuzz_designs import FAMILIES, UNITS, Case, Designs, codes

from hwdse import Design, golden, kernels
from hwdse.errors import ShapeError, SpecError
from hwdse.kernels.accumulate import plan
from hwdse.kernels.multiply import multiplication
from hwdse.spec import Accumulator, Multiplier, Unit

SEED = int(os.environ.get("HWDSE_FUZZ_SEED", "20270"))
FIRST = int(os.environ.get("HWDSE_FUZZ_FIRST", "0"))
CASES = os.environ.get("HWDSE_FUZZ_CASES")

#: Cases of each unit, and of each part of the long run.
QUICK = {
    **{"convert": 100, "mac": 40, "dot": 50, "mul": 300, "fma": 300},
    **{"systolic": 60, "tensor": 60},
}
PART, PARTS = 1500, 5


@dataclass
class Tally:
    """What a run compared.

    Attributes:
        cases: designs tried.
        results: outputs compared.
        parts: designs compared, by multiplier, by accumulator and by the operands' families.
        refused: designs without a fast kernel, by what the message says of it.
        unfilled: designs whose groups neither can fill.
    """

    cases: int = 0
    results: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unfilled: int = 0

    @property
    def compared(self) -> int:
        """Designs compared."""
        return self.cases - self.unfilled - sum(self.refused.values())


@pytest.fixture(scope="session")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Designs:
    return Designs(tmp_path_factory.mktemp("levels"))


def repeat(unit: str, number: int) -> str:
    return (
        f"repeat: HWDSE_FUZZ_SEED={SEED} HWDSE_FUZZ_FIRST={number} HWDSE_FUZZ_CASES=1 "
        f"python -m pytest tests/fuzz/test_fuzz_designs.py -k 'equal_golden and {unit}'"
    )


def run(unit: str, case: Case) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Golden's and the kernels' codes, and the operands."""
    design, rng = case.design, case.rng
    if design.acc:
        m, k, n = (int(rng.integers(1, most)) for most in (5, 14, 6))
        k += int(rng.choice([0, 0, 0, 0, 40]))
        if rng.random() < 0.9:
            # Formats without zero fill whole groups only.
            k += -k % design.unit.group
        fed = [codes(rng, design.a, (m, k)), codes(rng, design.b, (k, n))]
        by_golden, by_kernel = golden.matmul, kernels.matmul
    else:
        operands = [f for f in (design.a, design.b, design.c) if f is not None]
        fed = [codes(rng, f, (48,)) for f in operands]
        by_golden, by_kernel = getattr(golden, unit), getattr(kernels, unit)
    try:
        found = by_kernel(design, *fed)
    except ShapeError:
        with pytest.raises(ShapeError):
            by_golden(design, *fed)
        raise
    return by_golden(design, *fed), found, fed


def compare(unit: str, number: int, designs: Designs, tally: Tally) -> None:
    """One case, counted."""
    case = designs.case(SEED, number, unit)
    design = case.design
    tally.cases += 1
    assert Design.parse(str(design)) == design, f"{design}; {repeat(unit, number)}"
    try:
        expected, found, fed = run(unit, case)
    except ShapeError as error:
        if "no zero to fill" not in str(error):
            raise AssertionError(f"{design}: {error}; {repeat(unit, number)}") from error
        tally.unfilled += 1
        return
    except SpecError as error:
        if "no fast kernel" not in str(error):
            raise AssertionError(f"{design}: {error}; {repeat(unit, number)}") from error
        tally.refused[str(error).split()[0].partition("=")[0]] += 1
        return
    except Exception as error:
        raise AssertionError(f"{design}: {error!r}; {repeat(unit, number)}") from error
    assert expected.dtype == found.dtype, f"{design}; {repeat(unit, number)}"
    assert expected.shape == found.shape, f"{design}; {repeat(unit, number)}"
    wrong = np.argwhere(expected != found)
    if wrong.size:
        at = tuple(wrong[0])
        pytest.fail(
            f"{design}: {len(wrong)} of {expected.size} differ; at {at} golden gives "
            f"{expected[at]}, the kernel {found[at]}; operands {[x.tolist() for x in fed]}; "
            f"{repeat(unit, number)}"
        )
    tally.results += expected.size
    tally.parts[type(design.mul).__name__] += 1
    tally.parts[type(design.acc).__name__] += 1
    tally.parts.update({type(f).__name__ for f in (design.a, design.b) if f is not None})


def fuzz(unit: str, first: int, count: int, designs: Designs) -> Tally:
    print(f"seed {SEED}, unit {unit}, cases {first} to {first + count - 1}")  # noqa: T201
    tally = Tally()
    for number in range(first, first + count):
        compare(unit, number, designs, tally)
    print(tally)  # noqa: T201
    return tally


def check(unit: str, tally: Tally) -> None:
    """Enough was compared, of every part that has a kernel."""
    told = f"seed {SEED}, unit {unit}: {tally}"
    assert tally.compared >= tally.cases // 2, told
    assert tally.unfilled <= tally.cases * 0.1, told
    assert tally.results >= 4 * tally.compared, told
    parts = list(FAMILIES)
    if "mul" in Unit.choices[unit].uses:
        parts += with_kernel(Multiplier, multiplication)
    if "acc" in Unit.choices[unit].uses:
        parts += with_kernel(Accumulator, plan)
    # Few cases may miss one of the rare parts. The long ones meet each, but products of power
    # exponents, most of which have no kernel, only a few times.
    few = tally.cases < PART
    missing = [part for part in parts if not tally.parts[part.__name__]]
    assert len(missing) <= 6 * few, (missing, told)


@lru_cache(maxsize=2)
def with_kernel(kind: type, rule) -> list[type]:
    """Parts that can be written, of those with a rule of their own."""
    waiting, found = [kind], []
    while waiting:
        part = waiting.pop()
        waiting += part.__subclasses__()
        written = part.keyword and part.__module__.startswith("hwdse.")
        written = written and not getattr(part, "__abstractmethods__", ())
        if written and rule.dispatch(part) is not rule.dispatch(kind):
            found.append(part)
    assert len(found) >= 7
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_kernels_equal_golden(unit: str, designs: Designs) -> None:
    tally = fuzz(unit, FIRST, int(CASES or QUICK[unit]), designs)
    if not CASES:
        check(unit, tally)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("unit", UNITS)
def test_kernels_equal_golden_at_length(unit: str, part: int, designs: Designs) -> None:
    """All parts together: 50,000 designs, none of them among the quick ones."""
    assert PART * PARTS * len(UNITS) >= 50_000
    first = max(QUICK.values()) + part * PART
    check(unit, fuzz(unit, first, PART, designs))
