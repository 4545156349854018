"""Random designs are built of the registers and multipliers that they declare."""

from dataclasses import replace
from pathlib import Path

import pytest
from fuzz_designs import UNITS, Designs
from netlist_counts import built, declared, without_adders

from hwdse.errors import SpecError
from hwdse.formats import LevelFormat
from hwdse.spec import Radix4

SEED = 20270


@pytest.mark.parametrize("drawn", [4, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")  # what is refused half-made
def test_drawn_designs_are_built_of_what_they_declare(
    drawn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    designs, units = Designs(Path()), UNITS
    number = compared = pruned = 0
    while compared < drawn:
        design = designs.case(SEED, number, units[number % len(units)]).design
        number += 1
        if design.state.fixed_point_bits > 160 or design.unit.group > 5:
            continue
        design = replace(design, unit=design.unit.plain())
        try:
            said, found = declared(design), built(design)
        except SpecError:
            continue
        compared += 1
        assert said["register bits"] == found["register bits"], design
        # Constant columns of a table of values fold into what reads it; so does the upper bit of
        # the last radix-4 digit of an odd width.
        listed = isinstance(design.a, LevelFormat) or isinstance(design.b, LevelFormat)
        if listed or isinstance(design.mul, Radix4):
            continue
        if without_adders(said) != without_adders(found):
            # An output that the products cannot reach, such as int4 of tiny floats, has no logic.
            assert without_adders(found).items() <= without_adders(said).items(), design
            pruned += 1
    assert pruned <= drawn // 4
