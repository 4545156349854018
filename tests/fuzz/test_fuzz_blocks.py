"""Golden against kernels on random designs of block formats, with codes and scales of every kind.

Data that are quantised for it are quantised by both, too.

A failure says how to repeat it: HWDSE_FUZZ_SEED and HWDSE_FUZZ_FIRST name the first case that is
tried, HWDSE_FUZZ_CASES how many.
"""

import os
from collections import Counter

import numpy as np
import pytest
from fuzz_designs import Case, Designs, codes

from hwdse.errors import ShapeError, SpecError
from hwdse.golden.engines.mx import running_blocks
from hwdse.kernels import block_matmul, encode_blocks
from hwdse.spec import FusedFloat, Kulisch
from hwdse.spec.accumulate.kahan_float import KahanFloat
from hwdse.spec.accumulate.stochastic_float import StochasticFloat
from hwdse.spec.accumulate.tree_float import TreeFloat

SEED = int(os.environ.get("HWDSE_FUZZ_SEED", "20281"))
FIRST = int(os.environ.get("HWDSE_FUZZ_FIRST", "0"))
CASES = os.environ.get("HWDSE_FUZZ_CASES")
QUICK, LONG = 100, 6000
WITH_KERNEL = (FusedFloat, Kulisch, KahanFloat, StochasticFloat, TreeFloat)


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> Designs:
    return Designs(tmp_path_factory.mktemp("levels"))


def operands(case: Case, k: int, rows: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Codes and scales of both operands, (rows, k) and (rows, blocks): quantised data, or any."""
    found, rng = [], case.rng
    for block, count in zip(case.design.operands, rows, strict=True):
        columns = block.block.columns or case.design.mul.size
        if rng.random() < 0.4:
            x = (rng.normal(size=(count, k)) * 2.0 ** rng.integers(-3, 4)).astype(np.float32)
            quantized = block.encode(x)
            given, scales = quantized.codes, quantized.scales
            fast = encode_blocks(block, x)
            assert all(map(np.array_equal, fast, (given, scales))), f"codes of {block}"
        else:
            given = codes(rng, block.element, (count, k))
            scales = codes(rng, block.scale, (count, -(-k // columns)))
        found.append((given, scales))
    return found


def fuzz(first: int, count: int, designs: Designs) -> Counter:
    tally: Counter = Counter()
    for number in range(first, first + count):
        case = designs.blocks(SEED, number)
        design = case.design
        told = (
            f"{design}; repeat: HWDSE_FUZZ_SEED={SEED} HWDSE_FUZZ_FIRST={number} "
            "HWDSE_FUZZ_CASES=1 python -m pytest tests/fuzz/test_fuzz_blocks.py"
        )
        m, n = (int(case.rng.integers(1, 4)) for _ in range(2))
        # Formats without zero fill whole groups only.
        size = design.mul.size * (design.unit.blocks if case.rng.random() < 0.5 else 1)
        k = int(case.rng.integers(1, 25))
        k += -k % size if case.rng.random() < 0.7 else 0
        try:
            (a, a_scales), (b, b_scales) = operands(case, k, (m, n))
        except Exception as error:
            raise AssertionError(f"{error!r}; {told}") from error
        x, y = np.repeat(np.arange(m), n), np.tile(np.arange(n), m)
        try:
            expected = running_blocks(design, a[x], a_scales[x], b[y], b_scales[y])[:, -1]
        except ShapeError as error:
            if "no zero to fill" not in str(error):
                raise AssertionError(f"{error}; {told}") from error
            with pytest.raises(ShapeError, match="no zero to fill"):
                block_matmul(design, a, a_scales, b.T, b_scales.T)
            tally["unfilled"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"{error!r}; {told}") from error
        try:
            found = block_matmul(design, a, a_scales, b.T, b_scales.T)
        except SpecError as error:
            if "no fast kernel" not in str(error):
                raise AssertionError(f"{error}; {told}") from error
            tally["refused"] += 1
            tally[f"refused {type(design.acc).__name__}"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"{error!r}; {told}") from error
        assert found.dtype == expected.dtype, told
        wrong = np.argwhere(found.ravel() != expected)
        if wrong.size:
            at = int(wrong[0, 0])
            pytest.fail(
                f"{len(wrong)} of {expected.size} differ; golden gives {expected[at]}, the kernel "
                f"{found.ravel()[at]}; {told}"
            )
        tally.update(("compared", type(design.acc).__name__))
        tally["results"] += expected.size
    print(tally)  # noqa: T201
    return tally


def check(tally: Counter, count: int) -> None:
    assert tally["compared"] >= count // 2, tally
    assert tally["results"] >= 2 * tally["compared"], tally
    missing = [kind.__name__ for kind in WITH_KERNEL if not tally[kind.__name__]]
    assert not missing, (missing, tally)


def test_kernels_equal_golden(designs: Designs) -> None:
    tally = fuzz(FIRST, int(CASES or QUICK), designs)
    if not CASES:
        check(tally, QUICK)


@pytest.mark.long
def test_kernels_equal_golden_at_length(designs: Designs) -> None:
    check(fuzz(QUICK, LONG, designs), LONG)
