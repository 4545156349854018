"""What a network needs: by hand, against the estimate of a machine, and bounds."""

import pytest

from hwdse import Design, networks
from hwdse.cost.system import StoredBits, estimate_system, load_machine, require
from hwdse.errors import MachineError
from hwdse.spec import Workload

SQUARE = Workload(site="square", m=4, k=5, n=6)
ATTENTION = Workload(site="attention", m=3, k=4, n=2, groups=2, constant=False)
FASHION = networks.profile(networks.load("fashion-cnn")).workloads


def test_by_hand():
    found = require([SQUARE, ATTENTION], 0.5, StoredBits(a=8, b=4, sum=32, out=16))
    assert found.macs == 4 * 5 * 6 + 2 * 3 * 4 * 2
    assert found.gmacs_per_s == pytest.approx(168 / 0.5e6)
    assert found.products_per_cycle(2.0) == pytest.approx(2 * 168 / 0.5e6)
    square, attention = found.layers
    assert (square.a_bytes, square.b_bytes, square.out_bytes) == (20, 15, 48)
    assert (attention.a_bytes, attention.b_bytes, attention.out_bytes) == (24, 8, 24)
    assert square.macs_per_byte == 120 / 83
    assert found.weight_bytes == 15  # the second matrices of an attention are no weights
    assert found.activation_bytes == 68
    (all_at_once,) = found.traffic
    assert (all_at_once.sram_bytes, all_at_once.dram_bytes) == (1024, 83 + 56)
    assert all_at_once.gb_per_s == pytest.approx(139 / 0.5e6)


def test_more_memory_never_moves_more_and_the_last_moves_the_least():
    found = require(FASHION, 1.0)
    moved = [traffic.dram_bytes for traffic in found.traffic]
    assert len(moved) > 3
    assert moved == sorted(moved, reverse=True)
    least = sum(need.a_bytes + need.b_bytes + need.out_bytes for need in found.layers)
    assert moved[-1] == pytest.approx(least)
    assert moved[-2] > least


def test_traffic_equals_that_of_a_machine_of_single_units():
    """The machine chooses its tiles alike if its array adds no rule of its own."""
    single = load_machine("single")
    design = Design.parse("a=int8,acc=int:32,out=int8")
    cost = estimate_system(design, FASHION, single)
    found = require(FASHION, 1.0)
    assert single.sram.double_buffered
    same = [t for t in found.traffic if t.sram_bytes == single.sram.bytes]
    expected = same[0] if same else found.traffic[-1]
    assert cost.dram_bytes == pytest.approx(expected.dram_bytes)


def test_half_the_time_needs_twice_the_speed():
    slow, fast = (require(FASHION, latency_ms) for latency_ms in (2.0, 1.0))
    assert fast.gmacs_per_s == pytest.approx(2 * slow.gmacs_per_s)
    assert fast.traffic[0].gb_per_s == pytest.approx(2 * slow.traffic[0].gb_per_s)
    assert fast.weight_bytes == slow.weight_bytes


def test_memories_too_small_for_a_tile_are_left_out():
    long = Workload(site="long", m=1, k=1, n=1)
    wide = StoredBits(a=8_000, b=8_000, sum=8_000, out=8_000)
    assert [t.sram_bytes for t in require([long], 1.0, wide).traffic] == [8192]


def test_refused():
    with pytest.raises(MachineError, match="a network without matrix products"):
        require([], 1.0)
    with pytest.raises(MachineError, match="a latency of 0 ms: more than 0 is needed"):
        require([SQUARE], 0.0)
    with pytest.raises(MachineError, match="a latency of nan ms"):
        require([SQUARE], float("nan"))
