"""Estimates from structures: sums, paths, lanes, and comparison with published figures."""

import json
from math import expm1, log

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hwdse import Design
from hwdse.cost import Technology, estimate, estimate_structure, load_technology, loop_limit
from hwdse.cost.analytic import depths_ns
from hwdse.errors import TechnologyError
from hwdse.primitives import Adjustment, path_delay
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Multiplier,
    Mux,
    Reduce,
    Register,
    Shifter,
    Table,
)
from hwdse.primitives.structure import Structure, UnitStructure

TECHNOLOGY = load_technology("nangate45")
PLAIN = Technology(**{**vars(TECHNOLOGY), "adjustments": {}, "leakage_uw_per_um2": 0.0})
QUANTITIES = ("area_um2", "energy_pj", "delay_ns")

WIDTH = some.integers(0, 96)
PRIMITIVES = some.one_of(
    some.builds(Adder, width=WIDTH),
    some.builds(Incrementer, width=WIDTH),
    some.builds(Multiplier, a_bits=WIDTH, b_bits=WIDTH, signed=some.booleans()),
    some.builds(Shifter, width=WIDTH, max_shift=WIDTH, sticky=some.booleans()),
    some.builds(LeadingZeroCounter, width=WIDTH),
    some.builds(Mux, width=WIDTH, ways=some.integers(0, 9)),
    some.builds(Reduce, width=WIDTH),
    some.builds(Gates, width=WIDTH),
    some.builds(Register, width=WIDTH),
    some.builds(Table, address_bits=some.integers(0, 10), data_bits=some.integers(0, 16)),
)


def unit(blocks, stages=None, lanes=1):
    described = {
        name: Structure(parts=tuple(parts), path=tuple(parts)) for name, parts in blocks.items()
    }
    return UnitStructure(
        blocks=described, stages=stages or (tuple(described),), macs_per_cycle=lanes
    )


def costs(primitive, technology=TECHNOLOGY):
    return [technology.cost(primitive, quantity) for quantity in QUANTITIES]


@given(PRIMITIVES)
def test_empty_costs_nothing_and_anything_else_has_area(primitive):
    if primitive.empty:
        assert costs(primitive) == [0.0, 0.0, 0.0]
    else:
        assert all(cost >= 0 for cost in costs(primitive))
    if not primitive.empty and not (isinstance(primitive, Incrementer) and primitive.width == 1):
        assert TECHNOLOGY.cost(primitive, "area_um2") > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda w: Adder(width=w),
        lambda w: Incrementer(width=w),
        lambda w: Multiplier(a_bits=w, b_bits=5, signed=False),
        lambda w: Multiplier(a_bits=7, b_bits=w, signed=True),
        lambda w: Multiplier(a_bits=w, b_bits=w, signed=True),
        lambda w: Shifter(width=w, max_shift=20),
        lambda w: Shifter(width=32, max_shift=w),
        lambda w: Shifter(width=70, max_shift=31, input_width=w),
        lambda w: LeadingZeroCounter(width=w),
        lambda w: Mux(width=w, ways=3),
        lambda w: Mux(width=6, ways=w),
        lambda w: Reduce(width=w),
        lambda w: Gates(width=w),
        lambda w: Register(width=w),
        lambda w: Table(address_bits=w % 12, data_bits=3),
        lambda w: Table(address_bits=4, data_bits=w),
    ],
)
@given(width=some.integers(0, 64))
def test_no_primitive_gets_cheaper_by_growing(make, width):
    small, large = make(width), make(width + 1)
    if isinstance(small, Table) and large.address_bits < small.address_bits:
        return
    for before, after in zip(costs(small), costs(large), strict=True):
        assert after >= before - 1e-12


@given(some.lists(some.lists(PRIMITIVES, max_size=6), min_size=1, max_size=5), some.integers(1, 64))
def test_breakdown_sums_to_the_totals(blocks, lanes):
    described = unit({f"block{k}": parts for k, parts in enumerate(blocks)}, lanes=lanes)
    cost = estimate_structure(described)
    assert cost.area_um2 == pytest.approx(sum(block.area_um2 for block in cost.breakdown))
    assert cost.energy_pj == pytest.approx(sum(block.energy_pj for block in cost.breakdown))
    assert [block.name for block in cost.breakdown] == list(described.blocks)


def test_energy_is_per_mac_and_area_is_not():
    blocks = {"multiply": [Multiplier(a_bits=8, b_bits=8, signed=True)] * 4}
    one, four = estimate_structure(unit(blocks)), estimate_structure(unit(blocks, lanes=4))
    assert four.energy_pj == pytest.approx(one.energy_pj / 4)
    assert four.area_um2 == one.area_um2
    assert (one.macs_per_cycle, four.macs_per_cycle) == (1, 4)


def test_slowest_stage_sets_the_clock():
    blocks = {"a": [Adder(width=8)], "b": [Adder(width=16)], "c": [Gates(width=1)]}
    cost = estimate_structure(unit(blocks, stages=(("a", "c"), ("b",))), PLAIN)
    delay = {block.name: block.delay_ns for block in cost.breakdown}
    overhead = PLAIN.register_overhead_ns
    assert overhead > 0.05
    assert cost.stage_delays_ns == pytest.approx(
        (delay["a"] + delay["c"] + overhead, delay["b"] + overhead)
    )
    assert cost.delay_ns == max(cost.stage_delays_ns)


def test_parts_beside_the_path_do_not_delay():
    adder, beside = Adder(width=8), Multiplier(a_bits=24, b_bits=24, signed=False)
    block = Structure(parts=(adder, beside), path=(adder,))
    cost = estimate_structure(UnitStructure(blocks={"sum": block}, stages=(("sum",),)), PLAIN)
    assert cost.breakdown[0].delay_ns == pytest.approx(PLAIN.cost(adder, "delay_ns"))
    assert cost.area_um2 > PLAIN.cost(beside, "area_um2")


def adjusted(**adjustments):
    return Technology(**{**vars(TECHNOLOGY), "adjustments": adjustments})


def test_factors_of_blocks_and_corrections_of_designs():
    block = [Multiplier(a_bits=8, b_bits=8, signed=True), Adder(width=24)]
    multiplier, adder = (PLAIN.cost(part, "area_um2") for part in block)
    adjustment = Adjustment(
        factors={"sum": {"Adder": 0.5}},
        other=2.0,
        effects={"acc=int": log(3.0), "a=Posit": log(7.0), "lanes": log(1.1)},
    )
    table = adjusted(area_um2=adjustment)
    described = unit({"sum": block, "rest": [Adder(width=24)]})
    traits = {"acc=int": 1.0, "mul=exact": 1.0, "lanes": 2.0}
    cost = estimate_structure(described, table, traits=traits)
    assert cost.area_um2 == pytest.approx(3.63 * (2 * multiplier + 0.5 * adder + 2 * adder))
    assert cost.breakdown[1].area_um2 == pytest.approx(3.63 * 2 * adder)
    assert estimate_structure(described, table).area_um2 == pytest.approx(cost.area_um2 / 3.63)
    # The other quantities have no adjustment.
    assert cost.delay_ns == estimate_structure(described, PLAIN).delay_ns


def test_delays_are_adjusted_by_class():
    table = adjusted(delay_ns=Adjustment(factors={"path": {"Adder": 3.0, "Register": 0.5}}))
    cost = estimate_structure(unit({"sum": [Adder(width=8), Gates(width=8)]}), table)
    adder, gates = (PLAIN.cost(part, "delay_ns") for part in (Adder(width=8), Gates(width=8)))
    assert cost.delay_ns == pytest.approx(3 * adder + gates + PLAIN.register_overhead_ns / 2)


def test_intervals_of_families():
    adjustment = Adjustment(reach=2.0, spread=0.1, spreads={"acc=int": 0.05, "acc=lns": 0.3})
    table = adjusted(area_um2=adjustment)
    described = unit({"sum": [Adder(width=8)]})

    def bar(*terms):
        traits = {**dict.fromkeys(terms, 1.0), "lanes": 3.0}
        return estimate_structure(described, table, traits=traits).area_error

    assert bar("acc=int") == pytest.approx(expm1(2 * 0.05))
    assert bar("acc=lns") == pytest.approx(expm1(2 * 0.3))
    assert bar("acc=new") == bar() == pytest.approx(expm1(2 * 0.1))
    assert bar("acc=int", "acc=lns") == pytest.approx(expm1(2 * ((0.05**2 + 0.3**2) / 2) ** 0.5))
    assert estimate_structure(described, table).energy_error is None


def test_glitches_grow_with_the_depth():
    first, second = Adder(width=16), Multiplier(a_bits=8, b_bits=8, signed=False)
    described = unit({"a": [first], "b": [second]}, stages=(("a", "b"),))
    depths = depths_ns(described, PLAIN)
    before, own = (PLAIN.cost(part, "delay_ns") for part in (first, second))
    assert depths == pytest.approx({"a": before / 2, "b": before + own / 2})
    table = adjusted(energy_pj=Adjustment(glitches={"b": {"Multiplier": 3.0}}))
    table = Technology(**{**vars(table), "leakage_uw_per_um2": 0.0})
    cost, plain = (estimate_structure(described, t) for t in (table, PLAIN))
    assert cost.breakdown[0].energy_pj == plain.breakdown[0].energy_pj
    assert cost.breakdown[1].energy_pj == pytest.approx(
        plain.breakdown[1].energy_pj * (1 + 3 * depths["b"])
    )
    # Inserted registers end the depth: half of the slowest stage is the most.
    cut = UnitStructure(blocks=described.blocks, stages=described.stages, shares=(0.4, 0.2))
    assert depths_ns(cut, PLAIN)["b"] == pytest.approx(0.4 * (before + own) / 2)


def test_leakage_counts_at_the_clock_period():
    table = Technology(**{**vars(PLAIN), "leakage_uw_per_um2": 0.5})
    described = unit({"sum": [Adder(width=8), Register(width=8)]}, lanes=2)
    none = estimate_structure(described, PLAIN)
    shortest = estimate_structure(described, table)
    assert shortest.clock_ns == shortest.delay_ns == none.delay_ns
    # uW * ns = fJ.
    leaked = none.area_um2 * 0.5 * none.delay_ns / 1000 / 2
    assert shortest.leakage_pj == pytest.approx(leaked)
    assert shortest.energy_pj == pytest.approx(none.energy_pj + leaked)
    slow = estimate_structure(described, table, clock_ns=20.0)
    assert slow.leakage_pj == pytest.approx(leaked * 20 / none.delay_ns)
    register = PLAIN.cost(Register(width=8), "energy_pj")
    assert slow.register_pj == none.register_pj == pytest.approx(register / 2)
    with pytest.raises(TechnologyError, match="clock_ns is 0"):
        estimate_structure(described, table, clock_ns=0)


def delay(*path):
    return path_delay(path, TECHNOLOGY)


def test_consecutive_carry_chains_overlap():
    long, short = Adder(width=32), Incrementer(width=16)
    together = delay(long, short)
    assert max(delay(long), delay(short)) < together < delay(long) + delay(short)
    # A gate for each bit lets the carries through one by one, a shifter waits for all of them.
    assert delay(long, Gates(width=32), short) == pytest.approx(together + delay(Gates(width=32)))
    shifter = Shifter(width=32, max_shift=31)
    assert delay(long, shifter, short) == pytest.approx(sum(map(delay, (long, shifter, short))))


@given(some.lists(PRIMITIVES, max_size=8))
def test_path_delay_lies_between_the_longest_step_and_the_sum(path):
    each = [delay(step) for step in path]
    assert max(each, default=0.0) <= delay(*path) + 1e-9
    assert delay(*path) <= sum(each) + 1e-9


@given(some.lists(PRIMITIVES, max_size=6), PRIMITIVES, some.integers(0, 6))
def test_longer_paths_are_slower(path, extra, place):
    assert delay(*path[:place], extra, *path[place:]) >= delay(*path) - 1e-9


def test_stage_overlaps_across_blocks():
    blocks = {"a": [Adder(width=32)], "b": [Adder(width=32)]}
    cost = estimate_structure(unit(blocks), PLAIN)
    overhead = PLAIN.register_overhead_ns
    assert cost.delay_ns < sum(block.delay_ns for block in cost.breakdown) + overhead


def test_cost_says_where_it_comes_from():
    plain = estimate_structure(unit({"sum": [Adder(width=8)]})).to_json()
    assert plain["technology"] == "nangate45"
    assert plain["method"] == "analytic"
    assert {"area_error", "energy_error", "delay_error"} <= set(plain)
    assert json.loads(json.dumps(plain)) == plain


def test_primitive_without_a_law():
    class Antenna(Adder):
        pass

    with pytest.raises(TechnologyError, match="no delay_ns law for primitive Antenna"):
        estimate_structure(unit({"sum": [Antenna(width=8)]}))


def test_law_of_unknown_feature():
    laws = dict(TECHNOLOGY.laws)
    laws["Gates"] = laws["Shifter"]
    wrong = Technology(**{**vars(TECHNOLOGY), "laws": laws})
    with pytest.raises(TechnologyError, match="uses feature 'muxes'"):
        wrong.cost(Gates(width=2), "area_um2")


def test_int8_multiplier_against_horowitz():
    # Horowitz (ISSCC 2014), 45 nm: 282 um2; and 67 um2 for a 16-bit adder.
    signed = TECHNOLOGY.cost(Multiplier(a_bits=8, b_bits=8, signed=True), "area_um2")
    assert 282 / 2 < signed < 282 * 2
    assert 67 / 2 < TECHNOLOGY.cost(Adder(width=16), "area_um2") < 67 * 2


def test_int32_multiplier_costs_about_what_horowitz_says():
    # 3495 um2 and 3.1 pJ at 0.9 V; the table holds at 1.1 V. The table counts the glitches of an
    # array without registers, whose carries ripple: that is more than half of its energy.
    wide = Multiplier(a_bits=32, b_bits=32, signed=False)
    assert 3495 / 2.5 < TECHNOLOGY.cost(wide, "area_um2") < 3495 * 2.5
    at_same_voltage = TECHNOLOGY.cost(wide, "energy_pj") * (0.9 / TECHNOLOGY.voltage) ** 2
    assert 3.1 / 3 < at_same_voltage < 3.1 * 5


@pytest.mark.parametrize("quantity", ["area_um2", "energy_pj"])
def test_fp32_significand_multiplier_dwarfs_int8(quantity):
    large = TECHNOLOGY.cost(Multiplier(a_bits=24, b_bits=24, signed=False), quantity)
    small = TECHNOLOGY.cost(Multiplier(a_bits=8, b_bits=8, signed=False), quantity)
    assert large > 6 * small


@pytest.mark.parametrize(
    "spec", ["a=e4m3fn,c=e4m3fn,out=e4m3fn,unit=fma", "a=e4m3fn,out=e4m3fn,unit=mul"]
)
def test_stages_make_a_bare_unit_faster_and_larger(spec):
    costs = [estimate(Design.parse(f"{spec},stages={n}")) for n in range(4)]
    delays, areas = [cost.delay_ns for cost in costs], [cost.area_um2 for cost in costs]
    assert delays == sorted(delays, reverse=True)
    assert delays[3] < 0.7 * delays[0]
    assert areas == sorted(areas)
    assert [len(cost.stage_delays_ns) for cost in costs] == [1, 2, 3, 4]
    assert all(cost.delay_ns == max(cost.stage_delays_ns) for cost in costs)


def test_interleaved_sums_make_a_looped_accumulator_faster():
    looped, turns = (
        Design.parse(f"a=e4m3fn,acc=fp:bf16,stages=2{more}") for more in ("", ",interleave=4")
    )
    slow, fast = loop_limit(looped), estimate(turns)
    assert slow.loop_ns == pytest.approx(estimate(looped).delay_ns)
    assert slow.loop_ns > slow.others_ns
    assert slow.interleave <= 4
    assert loop_limit(turns) is None
    assert fast.delay_ns <= slow.others_ns
    assert fast.area_um2 > estimate(looped).area_um2
    assert loop_limit(Design.parse("a=e4m3fn,acc=fp:bf16")) is None
