"""Bytes, cycles and energy of layers: sums made by hand, and laws that hold for every network."""

import dataclasses
import math
import random

import numpy as np
import pytest

from hwdse import Design, cost
from hwdse.cost import BlockCost, Cost
from hwdse.cost.memory import Contents, load_memory, load_wire
from hwdse.cost.system import (
    Dataflow,
    Machine,
    OffChip,
    OnChip,
    StoredBits,
    Tile,
    estimate_system,
    load_machine,
)
from hwdse.errors import FormatError, MachineError, SpecError
from hwdse.spec import Workload

INT8 = Design.parse("a=int8,acc=int:32,out=int8")
#: A unit of 100 um x 100 um: 0.1 mm from one unit to the next.
UNIT = Cost(
    area_um2=10_000.0,
    energy_pj=1.0,
    delay_ns=2.0,
    stage_delays_ns=(2.0,),
    macs_per_cycle=1,
    breakdown=(BlockCost(name="all", area_um2=10_000.0, energy_pj=1.0, delay_ns=2.0),),
    technology="made up",
    method="analytic",
    clock_ns=2.0,
    register_pj=0.25,
    leakage_pj=0.0,
)


def machine(**changes):
    """2 x 2 units; 8 KiB in one bank at 10 pJ per 64 bits; 20.3125 pJ per off-chip bit."""
    sram = {"memory": load_memory("sram45"), "bytes": 8192, "banks": 1, "width_bits": 64}
    dram = {"memory": load_memory("ddr4"), "gb_per_s": 1.0}
    sram.update(changes.pop("sram", {}))
    dram.update(changes.pop("dram", {}))
    given = {
        "name": "test",
        "rows": 2,
        "columns": 2,
        "dataflow": Dataflow.parse("output-stationary"),
        "sram": OnChip(**sram),
        "dram": OffChip(**dram),
        "wire": load_wire("wire40"),
    }
    return Machine(**(given | changes))


def one_layer(workload, described=None, **changes):
    given = {"cost": UNIT, "registers_pj": 0.25} | changes
    return estimate_system(INT8, [workload], described or machine(), **given).layers[0]


def test_a_layer_by_hand():
    # 4 x 6 times 6 x 4 on 2 x 2 units: four blocks of results, 6 cycles each. Everything fits.
    layer = one_layer(Workload(site="x", m=4, k=6, n=4))
    assert layer.tiling.tile == Tile(m=4, k=6, n=4)
    assert layer.dram_read == {"a": 24, "b": 24, "sum": 0}
    assert layer.dram_write == {"sum": 0, "out": 16}
    # Each row of A enters for both block columns, each column of B for both block rows.
    assert layer.sram_read == {"a": 48, "b": 48, "sum": 0, "out": 16}
    assert layer.sram_write == {"sum": 0, "out": 16, "a": 24, "b": 24}
    # Fill: the last unit starts 2 cycles late, and its output comes 1 cycle after its input.
    assert layer.compute_cycles == 4 * 6 + 2 + 1
    # 176 bytes at 8 bytes per cycle; 64 bytes at 1 byte per ns and 2 ns per cycle.
    assert layer.sram_cycles == 22
    assert layer.dram_cycles == 32
    assert (layer.cycles, layer.bound, layer.time_ns) == (32, "dram", 64)
    assert layer.utilization == 96 / (32 * 4)
    assert layer.energy_pj == pytest.approx(
        {
            "compute": 96 * 0.75,
            "registers": 96 * 0.25,
            # 48 bytes of each operand pass 2 units, 16 bytes of results 1.5 units on average.
            "wires": (48 * 2 + 48 * 2 + 16 * 1.5) * 8 * 0.1 * 310 / 2560,
            "sram": 176 * 8 * 10 / 64,
            "dram": 64 * 8 * 1300 / 64,
        }
    )
    assert layer.total_pj == pytest.approx(sum(layer.energy_pj.values()))


def test_partial_sums_by_hand():
    # Room for 64 bytes: results of 4 x 4 at 4 bytes each would take all of it.
    workload = Workload(site="x", m=4, k=64, n=4)
    layer = one_layer(workload, machine(sram={"bytes": 64, "double_buffered": False}, order="mnk"))
    tile = layer.tiling.tile
    assert 4 * tile.m * tile.n + tile.k * (tile.m + tile.n) <= 64
    assert tile.k < 64
    trips_k = math.ceil(64 / tile.k)
    # k is the innermost loop, so sums never leave the chip, but they leave the array.
    assert layer.dram_read["sum"] == layer.dram_write["sum"] == 0
    assert layer.sram_read["sum"] == layer.sram_write["sum"] == 16 * (trips_k - 1) * 4
    assert layer.sram_write["out"] == layer.dram_write["out"] == 16


def test_weight_stationary_by_hand():
    # Two blocks of 2 terms each give partial sums of 4 bytes; 5 rows follow one another.
    described = machine(dataflow=Dataflow.parse("weight-stationary"))
    layer = one_layer(Workload(site="x", m=5, k=4, n=2), described)
    assert layer.sram_read == {"a": 20, "b": 8, "sum": 40, "out": 10}
    assert layer.sram_write == {"sum": 40, "out": 10, "a": 20, "b": 8}
    # First weights 2 cycles, then 2 blocks of 5 rows; the last sum passes 2 rows and 1 column.
    assert layer.compute_cycles == 2 + 2 * 5 + 2 + 1
    assert layer.energy_pj["wires"] == pytest.approx(
        (20 * 2 + 8 * 1.5 + (40 + 10) * 2) * 8 * 0.1 * 310 / 2560
    )


def test_groups_multiply_everything_but_the_fill():
    one = one_layer(Workload(site="x", m=4, k=6, n=4))
    three = one_layer(Workload(site="x", m=4, k=6, n=4, groups=3))
    assert three.dram_bytes == 3 * one.dram_bytes
    assert three.sram_bytes == 3 * one.sram_bytes
    assert three.compute_cycles == 3 * (one.compute_cycles - 3) + 3
    assert three.energy_pj == pytest.approx({k: 3 * v for k, v in one.energy_pj.items()})


def test_a_tensor_is_read_once_though_its_rows_overlap():
    # A 3 x 3 convolution of a 6 x 6 image with padding: 36 places, 9 values each.
    rows = Workload(site="x", m=36, k=9, n=4)
    image = dataclasses.replace(rows, inputs=36)
    assert one_layer(rows).dram_read["a"] == 324
    layer = one_layer(image)
    assert layer.dram_read["a"] == layer.sram_write["a"] == 36
    assert layer.sram_read["a"] == one_layer(rows).sram_read["a"] == 324 * 2


def test_a_tensor_is_read_again_for_each_pass():
    # One byte for each row of A, 9 for each column of B, 1 for each result: 200 bytes hold 14
    # columns, but not 20. So there are three passes over the rows, which do not all fit.
    workload = Workload(site="x", m=360, k=9, n=40, inputs=360)
    described = machine(sram={"bytes": 200, "double_buffered": False}, order="nmk")
    layer = one_layer(workload, described)
    assert layer.dram_read["a"] == layer.sram_write["a"] == 3 * 360


def test_block_scales_count():
    # MXFP8: 8 bits and an 8-bit scale for 32 elements; NVFP4: 4 bits and 8 for 16.
    bits = StoredBits.of(INT8, {"a": "mxfp8_e4m3", "b": "nvfp4"})
    assert (bits.a, bits.b, bits.sum, bits.out) == (8.25, 4.5, 32, 8)
    layer = one_layer(Workload(site="x", m=4, k=64, n=4), stored={"a": "mxfp8_e4m3", "b": "nvfp4"})
    # Counted one by one: 4 rows of 64 elements with 2 scales, 4 columns of 64 with 4 scales.
    assert layer.dram_read == {"a": 4 * (64 + 2), "b": 4 * (64 * 4 + 4 * 8) / 8, "sum": 0}


@pytest.mark.parametrize(
    ("spec", "bits"),
    [
        ("a=int8,acc=int:24", 24),
        ("a=e4m3fn,acc=fp:fp32,out=bf16", 32),
        ("a=e4m3fn,acc=fp:bf16", 16),
        # 35 magnitude bits of a product, 16 guard bits, sign, and a flag for NaN.
        ("a=e4m3fn,acc=kulisch", 36 + 16 + 1 + 1),
    ],
)
def test_partial_sums_are_stored_without_loss(spec, bits):
    assert StoredBits.of(Design.parse(spec)).sum == bits


def test_memories_that_depend_on_their_contents():
    workload = Workload(site="x", m=4, k=6, n=4)
    described = machine(dram={"memory": load_memory("pcm-mlc")})
    energies = []
    for code in (0b00000000, 0b01010101):
        held = Contents(codes=np.full(16, code, np.uint8), bits=8)
        energies.append(one_layer(workload, described, contents={"out": held}).energy_pj["dram"])
    # 16 results of 4 cells each; what is read costs the same in both.
    assert energies[1] - energies[0] == pytest.approx(64 * 7 * 101.581)


@pytest.mark.parametrize("keyword", ["output-stationary", "weight-stationary"])
def test_no_layer_is_above_the_roofline(keyword):
    rng = random.Random(keyword)
    described = load_machine("edge")
    described = dataclasses.replace(
        described,
        dataflow=Dataflow.parse(keyword),
        dram=dataclasses.replace(described.dram, gb_per_s=2.0),
    )
    workloads = [
        Workload(
            site=f"layer {i}",
            m=rng.randint(1, 300),
            k=rng.randint(1, 300),
            n=rng.randint(1, 300),
            groups=rng.choice((1, 1, 3)),
            constant=rng.random() < 0.5,
        )
        for i in range(40)
    ]
    found = estimate_system(INT8, workloads, described)
    roofline = found.roofline
    assert roofline.peak_gmacs_per_s == pytest.approx(256 / found.unit.delay_ns)
    ridge = roofline.ridge_macs_per_byte
    assert roofline.limit_gmacs_per_s(ridge) == pytest.approx(roofline.peak_gmacs_per_s)
    assert roofline.limit_gmacs_per_s(ridge / 4) == pytest.approx(roofline.peak_gmacs_per_s / 4)
    for point, layer in zip(roofline.points, found.layers, strict=True):
        limit = roofline.limit_gmacs_per_s(point.macs_per_byte)
        assert point.gmacs_per_s <= limit * (1 + 1e-9)
        if layer.bound == "dram":
            assert point.gmacs_per_s == pytest.approx(limit, rel=2 / layer.cycles)
    assert {layer.bound for layer in found.layers} >= {"compute", "dram"}
    # Totals are the sums over layers.
    assert found.macs == sum(w.macs for w in workloads)
    assert found.cycles == sum(layer.cycles for layer in found.layers)
    assert found.total_pj == pytest.approx(sum(layer.total_pj for layer in found.layers))
    parts = found.energy_pj
    assert parts["compute"] + parts["registers"] == pytest.approx(found.unit.energy_pj * found.macs)
    low, high = found.total_range_pj
    assert found.total_pj - low == pytest.approx(parts["dram"] / 2)  # lpddr4: 4 to 14, here 8
    assert high - found.total_pj == pytest.approx(parts["dram"] * 6 / 8)


def test_batches_share_weights():
    weights = Workload(site="x", m=4, k=6, n=4, inputs=20)
    assert weights.batched(3) == Workload(site="x", m=12, k=6, n=4, inputs=60)
    products = Workload(site="x", m=4, k=6, n=4, groups=2, constant=False)
    assert products.batched(3) == dataclasses.replace(products, groups=6)
    layer = one_layer(weights.batched(3))
    assert layer.dram_read["b"] == 24
    with pytest.raises(SpecError, match="workload x: 0 samples"):
        weights.batched(0)


@pytest.mark.parametrize(
    "spec", ["a=int8,acc=int:32", "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4,stages=1"]
)
def test_the_share_of_registers_is_that_of_the_unit(spec):
    design = Design.parse(spec)
    unit = cost.estimate(design)
    workload = Workload(site="x", m=8, k=16, n=8)
    (layer,) = estimate_system(design, [workload], machine()).layers
    assert 0 < unit.register_pj < unit.energy_pj
    share = unit.register_pj / (unit.energy_pj - unit.register_pj)
    parts = layer.energy_pj
    assert parts["registers"] / parts["compute"] == pytest.approx(share)


def test_errors():
    workload = Workload(site="x", m=4, k=6, n=4)
    with pytest.raises(MachineError, match="at least one is needed"):
        estimate_system(INT8, [], machine())
    with pytest.raises(MachineError, match=r"a clock of 1 ns is too fast .* needs 2 ns"):
        one_layer(workload, machine(clock_ns=1.0))
    assert one_layer(workload, machine(clock_ns=4.0)).time_ns == 4 * 27
    with pytest.raises(MachineError, match=r"registers_pj = 1\.5: 0 to 1, the unit's energy"):
        one_layer(workload, registers_pj=1.5)
    with pytest.raises(SpecError, match="unknown operand 'c' in memory: known are a, b, sum, out"):
        one_layer(workload, stored={"c": "int8"})
    with pytest.raises(FormatError, match="operand b in memory: unknown format 'int8x'"):
        one_layer(workload, stored={"b": "int8x"})
    with pytest.raises(SpecError, match="unit mul forms no array"):
        estimate_system(Design.parse("a=int8,unit=mul"), [workload], machine())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": 0}, "rows = 0: 1 to 65536 are allowed"),
        ({"columns": 10**6}, "columns = 1000000"),
        ({"density": 0.0}, "density = 0: more than 0"),
        ({"density": 1.5}, "density = 1.5: more than 0 and at most 1"),
        ({"clock_ns": -1.0}, "clock_ns = -1"),
        ({"sram": {"bytes": 0}}, "sram bytes = 0"),
        ({"sram": {"banks": 0}}, "sram banks = 0"),
        ({"sram": {"width_bits": 0}}, "sram width_bits = 0"),
        ({"dram": {"gb_per_s": math.inf}}, "gb_per_s = inf"),
        ({"order": "abc"}, "loop order 'abc'"),
    ],
)
def test_machines_are_checked(changes, message):
    with pytest.raises(MachineError, match=message):
        machine(**changes)


def test_wires_get_longer_where_cells_fill_less_of_the_area():
    workload = Workload(site="x", m=4, k=6, n=4)
    dense, loose = one_layer(workload), one_layer(workload, machine(density=0.25))
    assert loose.energy_pj["wires"] == pytest.approx(2 * dense.energy_pj["wires"])


def test_accesses_cost_what_one_bank_costs():
    workload = Workload(site="x", m=4, k=6, n=4)
    banked = one_layer(workload, machine(sram={"bytes": 32768, "banks": 4}))
    single = one_layer(workload, machine(sram={"bytes": 32768}))
    assert banked.energy_pj["sram"] == pytest.approx(176 * 8 * 10 / 64)
    assert single.energy_pj["sram"] == pytest.approx(176 * 8 * 20 / 64)
    assert (banked.sram_cycles, single.sram_cycles) == (6, 22)


@pytest.mark.parametrize(
    ("unit", "rows", "columns", "lanes"),
    [
        ("systolic,rows=4,cols=8,dataflow=ws", 4, 8, 1),
        ("systolic,rows=4,cols=8,dataflow=os", 4, 8, 1),
        ("tensor,rows=2,cols=4,lanes=8", 2, 4, 8),
    ],
)
def test_an_engine_is_the_array_of_its_machine(unit, rows, columns, lanes):
    design = Design.parse(f"a=int8,acc=int:32,unit={unit}")
    workload = Workload(site="x", m=64, k=128, n=64)
    # Memories that never limit: what is left are the cycles of the array.
    fast = machine(dram={"gb_per_s": 1e5}, sram={"bytes": 1 << 17, "banks": 4096})
    found = estimate_system(design, [workload], fast)
    assert (found.array.rows, found.array.columns, found.array.lanes) == (rows, columns, lanes)
    assert found.units == 1
    assert found.array_area_um2 == found.unit.area_um2
    assert found.layers[0].bound == "compute"
    # Tiles of the memories and the first filling are all that the engine's own schedule lacks.
    assert found.cycles == pytest.approx(design.unit.schedule(workload).cycles, rel=0.06)
    assert found.energy_pj["compute"] + found.energy_pj["registers"] == pytest.approx(
        found.unit.energy_pj * workload.macs
    )
