"""The keys, the interface and the schedule of the tensor core."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Workload
from hwdse.spec.engines.tensor import TILES


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("rows=3,cols=5,lanes=2", (3, 5, 2)),
        ("rows=1", (1, 4, 4)),
        ("interleave=3", (4, 4, 4)),
        *((f"tile={name}", sizes) for name, sizes in TILES.items()),
        ("tile=ampere,cols=4,stages=2", (8, 4, 8)),
    ],
)
def test_it_parses_and_names_itself(text, sizes):
    design = Design.parse(f"a=int8,acc=int:32,unit=tensor,{text}")
    unit = design.unit
    assert (unit.rows, unit.cols, unit.lanes) == sizes
    assert (unit.group, unit.takes_turns) == (unit.lanes, True)
    assert unit.macs_per_cycle == unit.rows * unit.cols * unit.lanes
    assert Design.parse(str(design)) == design
    # A tile is only a name for three sizes.
    assert "tile" not in str(design)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rows=0", "rows=0: 1 to 64 are allowed"),
        ("lanes=65", "lanes=65: 1 to 64 are allowed"),
        ("tile=voltage", "tile=voltage: allowed are none, volta, turing, ampere"),
        ("tile=volta,rows=3", "rows=3: tile=volta has rows=4"),
        ("rows=64,cols=64,lanes=5", "20480 products per cycle, at most 16384 are allowed"),
        ("dataflow=os", "unit tensor does not use dataflow"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text, reason):
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"a=int8,acc=int:32,unit=tensor,{text}")
    assert "\n" not in str(error.value)


def test_ports_have_room_for_the_tile():
    design = Design.parse("a=e4m3fn,b=int4,acc=fp:bf16,unit=tensor,rows=2,cols=3,lanes=5")
    widths = {port.name: port.width for port in design.interface.ports()}
    assert widths == {
        **{"clk": 1, "rst": 1, "i_valid": 1, "i_first": 1, "i_a": 2 * 5 * 8, "i_b": 3 * 5 * 4},
        **{"o_valid": 1, "o": 2 * 3 * 16},
    }


@pytest.mark.parametrize("interleave", [1, 3])
def test_the_schedule_counts_what_a_loop_over_tiles_counts(interleave):
    text = f"a=int8,acc=int:32,unit=tensor,rows=3,cols=4,lanes=5,interleave={interleave}"
    unit = Design.parse(text).unit
    m, n, k, groups = 7, 9, 12, 2
    cycles = reads_a = reads_b = tiles = 0
    for _ in range(groups):
        for _ in range(0, m, 3):
            for _ in range(0, n, 4):
                tiles += 1
                for _ in range(0, k, 5):
                    cycles += 1
                    reads_a += 3 * 5
                    reads_b += 4 * 5
    # Turns that the last round leaves empty.
    cycles += -tiles % interleave * -(-k // 5)
    found = unit.schedule(Workload(site="x", m=m, k=k, n=n, groups=groups))
    assert found.cycles == cycles + unit.latency
    assert (found.reads_a, found.reads_b) == (reads_a, reads_b)
    assert (found.macs, found.writes) == (m * n * k * groups, m * n * groups)
    assert found.slots == found.cycles * 60
