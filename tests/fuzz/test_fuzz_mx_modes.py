"""Random block-scaled engines with modes: golden against each format alone, and structure."""

import numpy as np
import pytest
from fuzz_designs import Case, Designs, codes
from netlist_counts import built, declared, without_adders

from hwdse import Design
from hwdse.golden.engines.mx import block_products, running_sums
from hwdse.golden.engines.mx_modes import elements, modal_products
from hwdse.spec import Aligned, FusedFloat, KahanFloat, Kulisch

SEED, CASES, BUILT, SHAPE = 20280, 12, 1, (3, 4)
#: Accumulators whose sums do not depend on the bounds of their terms.
ALIKE = (FusedFloat, KahanFloat, Kulisch, Aligned)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    designs = Designs(tmp_path_factory.mktemp("levels"))
    return [designs.modal_blocks(SEED, number) for number in range(CASES)]


def operands(case: Case, shape: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Slots and scales of both operands, for one block of each entry."""
    mul = case.design.mul
    return [
        (
            codes(case.rng, case.design.a, (*shape, mul.size)).astype(np.int64),
            codes(case.rng, mul.a.scale, shape).astype(np.int64),
        )
        for _ in range(2)
    ]


def test_a_mode_is_its_format_alone(cases: list[Case]) -> None:
    compared = 0
    for case in cases:
        design = case.design
        assert Design.parse(str(design)) == design
        for number, mode in enumerate(design.unit.formats):
            shape = (SHAPE[0], SHAPE[1] * design.unit.blocks)
            (x, x_scales), (y, y_scales) = operands(case, shape)
            alone = Design.parse(
                f"a={mode},acc={design.acc},out=fp32,unit=mx,blocks={design.unit.blocks}"
            )
            given = [elements(mode, slots) for slots in (x, y)]
            expected = block_products(alone, given[0], x_scales, given[1], y_scales)
            numbers = np.full(shape, number)
            found = modal_products(design, numbers, (x, x_scales), (y, y_scales))
            for one, other in zip(
                expected.to_fractions().ravel(), found.to_fractions().ravel(), strict=True
            ):
                assert one == other or (one != one and other != other), (str(design), number)
            if isinstance(design.acc, ALIKE):
                sums = [running_sums(d, t) for d, t in ((alone, expected), (design, found))]
                assert np.array_equal(*sums), (str(design), number)
                compared += 1
    assert compared > CASES // 3


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")  # what is refused half-made
def test_they_are_built_of_what_they_declare(cases: list[Case]) -> None:
    compared = 0
    for case in cases:
        design = case.design
        if compared == BUILT or design.state.fixed_point_bits > 80:
            continue
        if isinstance(design.acc, Aligned) or design.product.significand_bits > 60:
            continue
        said, found = declared(design), built(design)
        assert said["register bits"] == found["register bits"], design
        assert without_adders(found).items() <= without_adders(said).items(), design
        compared += 1
    assert compared == BUILT
