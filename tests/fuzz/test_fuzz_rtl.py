"""Hardware against golden on random designs, in simulation.

HWDSE_FUZZ_SEED and HWDSE_FUZZ_FIRST name the first case that is tried, HWDSE_FUZZ_CASES how many
designs are verified; a failure says which one it was.
"""

import os
import re
from pathlib import Path

import pytest
from fuzz_designs import PACKED, UNITS, Designs

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl import emit
from hwdse.verify import verify

SEED = int(os.environ.get("HWDSE_FUZZ_SEED", "20270"))
FIRST = int(os.environ.get("HWDSE_FUZZ_FIRST", "0"))
CASES = os.environ.get("HWDSE_FUZZ_CASES")

#: Designs verified in each part, and parts.
PART, PARTS = 5, 5
#: Bits of a running sum, and lanes, of what is simulated in reasonable time.
MOST_BITS, MOST_LANES = 160, 5


def small(design: Design) -> bool:
    return design.state.fixed_point_bits <= MOST_BITS and design.unit.group <= MOST_LANES


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")  # what is refused half-made
@pytest.mark.parametrize("part", range(PARTS))
def test_hardware_equals_golden(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    designs, units = Designs(Path()), UNITS + PACKED
    wanted = int(CASES or PART)
    number, verified, refused = FIRST + 1000 * part, 0, []
    while verified < wanted:
        unit = units[number % len(units)]
        design = designs.case(SEED, number, unit).design
        repeat = f"HWDSE_FUZZ_SEED={SEED} HWDSE_FUZZ_FIRST={number} HWDSE_FUZZ_CASES=1"
        number += 1
        if not small(design):
            continue
        try:
            text = emit(design)
        except SpecError as error:
            refused.append(str(error))
            continue
        # Verilator checks lists of cases, which synthesis takes as they are.
        assert not re.search(r"\bcase[xz]?\b", text), f"{design}; repeat: {repeat}"
        try:
            certificate = verify(design, "quick", seed=SEED)
        except Exception as error:
            raise AssertionError(f"{design}: {error}; repeat: {repeat} -k test_fuzz_rtl") from error
        # All codes of one narrow operand may be fewer.
        assert certificate.total >= min(20, 1 << design.a.bits), design
        verified += 1
        print(f"verified {design}, {certificate.total} vectors")  # noqa: T201
    told = f"seed {SEED}, {verified} verified, without a generator: {refused}"
    print(told)  # noqa: T201
    assert CASES or len(refused) <= 4 * verified, told
