"""Random packed units: golden against a dot product unit of each mode, and their structure."""

from pathlib import Path

import numpy as np
import pytest
from fuzz_designs import Case, Designs
from netlist_counts import built, declared, without_adders

from hwdse import Design, golden
from hwdse.errors import SpecError
from hwdse.golden.engines.simd import elements, running
from hwdse.spec import Aligned, Dot, FusedFloat, IntegerSum, KahanFloat, Kulisch

SEED, CASES, BUILT = 20270, 24, 1
#: Accumulators for which a term is the same as its products one by one.
ALIKE = (FusedFloat, KahanFloat, Kulisch, IntegerSum)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    designs = Designs(tmp_path_factory.mktemp("levels"))
    return [designs.case(SEED, number, "simd") for number in range(CASES)]


def test_a_mode_is_a_dot_of_its_format(cases: list[Case]) -> None:
    compared = 0
    for case in cases:
        design, rng = case.design, case.rng
        assert Design.parse(str(design)) == design
        # A term of zero has no sign, which only a rounding down and a sum of nothing else shows.
        if not isinstance(design.acc, ALIKE) or design.rounding == "down":
            continue
        for number, mode in enumerate(design.mul.modes):
            dot = Dot(lanes=design.mul.lanes(mode))
            try:
                alone = Design(
                    a=mode, acc=design.acc, out=design.out, rounding=design.rounding, unit=dot
                )
            except SpecError:
                continue  # such as int:{width} of narrower products
            shape = (4, 5)
            a, b = rng.integers(0, 1 << design.a.bits, (2, *shape))
            x, y = (elements(design.mul, mode, words).reshape(4, -1) for words in (a, b))
            found = running(design, np.full(shape, number), a, b)
            expected = golden.running_dot(alone, x, y)
            same = (found == expected) | (design.out.decode(found) == 0) & (
                design.out.decode(expected) == 0
            )
            assert np.all(same), (str(design), str(mode))
            compared += 1
    assert compared > CASES // 3


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")  # what is refused half-made
def test_they_are_built_of_what_they_declare(cases: list[Case]) -> None:
    compared = 0
    for case in cases:
        design = case.design
        if compared == BUILT or design.state.fixed_point_bits > 80 or design.unit.stages:
            continue
        try:
            said, found = declared(design), built(design)
        except SpecError:
            continue
        if isinstance(design.acc, Aligned):
            continue
        assert said["register bits"] == found["register bits"], design
        assert without_adders(found).items() <= without_adders(said).items(), design
        compared += 1
    assert compared == BUILT


def test_draws_do_not_depend_on_the_folder(tmp_path: Path, cases: list[Case]) -> None:
    again = Designs(tmp_path).case(SEED, 3, "simd").design
    assert [mode.bits for mode in again.mul.modes] == [
        mode.bits for mode in cases[3].design.mul.modes
    ]
