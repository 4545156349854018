"""Inserted pipeline registers and interleaved sums: same function, exact latency, best placement.

Each pipelined netlist runs beside the unpipelined one (one copy for each sum that takes turns) on
random inputs, cycle by cycle, from random register contents on.
"""

import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from cycle_level import CycleLevel, netlist
from delayed_units import LANES, assert_delayed, design_of
from sampled import some
from verilog_lint import lint, written

from hwdse import Design
from hwdse.errors import ToolError
from hwdse.hdl import CELLS, emit, placement
from hwdse.hdl.netlist import read_nodes
from hwdse.hdl.rtlil_text import rtlil_text
from hwdse.verify import verify

#: The module; the package has the function of this name.
EMIT = import_module("hwdse.hdl.emit")

UNITS = [
    "a=int8,acc=int:32",
    "a=e4m3fn,acc=fp:bf16",
    "a=e5m2,acc=kulisch,out=bf16",
    "a=int4,acc=int:9:sat,unit=dot,lanes=3",
    "a=e2m1fn,acc=fp:e5m2,unit=dot,lanes=2",
    "a=e4m3fn,out=e4m3fn,unit=mul",
    "a=e3m2fn,c=e4m3,out=e4m3,unit=fma",
]
PIPELINES = [
    *((spec, stages, 1) for spec in UNITS for stages in (1, 2, 3, 5)),
    *(
        (spec, stages, interleave)
        for spec in UNITS[:5]
        for stages, interleave in ((0, 2), (1, 3), (2, 4))
    ),
]


def circuit_of(design: Design, seed: int) -> CycleLevel:
    if EMIT.is_pipelined(design):
        text = rtlil_text("unit", EMIT._pipelined(design)[0])
        return CycleLevel(netlist(text), LANES, seed)
    return CycleLevel(EMIT.flat_netlist(design), LANES, seed)


@pytest.mark.parametrize(
    ("spec", "stages", "interleave"),
    [
        pytest.param(*case, marks=pytest.mark.long if number % 6 else ())
        for number, case in enumerate(PIPELINES)
    ],
)
def test_pipelined_is_unpipelined_delayed_by_the_latency(spec, stages, interleave):
    design = design_of(spec, stages, interleave)
    assert design.unit.latency == stages + interleave * (design.unit.family == "mac")
    assert_delayed(design, circuit_of(design, seed=1))


@pytest.mark.parametrize(
    "stages", [2, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 3, 4, 5))]
)
def test_verification_passes_at_every_number_of_stages(stages):
    certificate = verify(design_of("a=bf16,acc=fp:fp32", stages), "quick")
    assert certificate.total > 1000


@pytest.mark.parametrize(
    ("spec", "interleaves"),
    [
        *((spec, (1,)) for spec in UNITS[1::2]),
        *((spec, (2, 4)) for spec in UNITS[1:2]),
    ],
)
def test_more_stages_never_make_a_stage_slower(spec, interleaves):
    for interleave in interleaves:
        placed = [placement(design_of(spec, stages, interleave)) for stages in range(6)]
        slowest = [max(p.stage_ps) for p in placed]
        assert slowest == sorted(slowest, reverse=True)
        assert placed[0].unpipelined_ps >= slowest[0]
        for stages, p in enumerate(placed):
            clocked = "unit" not in spec or "dot" in spec
            assert len(p.stage_ps) == stages + 1 + interleave * clocked
            bits = p.data_bits + p.valid_bits
            assert (bits > 0) == (stages > 0 or interleave > 1)


def test_stages_and_interleaving_pay_where_the_delay_is():
    product = [max(placement(design_of(UNITS[6], stages)).stage_ps) for stages in (0, 1, 3)]
    assert product[1] < 0.6 * product[0]
    assert product[2] < 0.36 * product[0]
    looped = "a=bf16,acc=fp:fp32"
    # Stages alone do not help an accumulator whose loop is the slowest path.
    alone = placement(design_of(looped, 2))
    assert max(alone.stage_ps) == alone.unpipelined_ps == alone.loop.loop_ps
    turns = alone.loop.interleave
    assert turns > 1
    closed = placement(design_of(looped, 2, turns))
    assert closed.loop is None, "another sum in turn would not help"
    assert max(closed.stage_ps) <= alone.loop.others_ps
    assert max(placement(design_of(looped, 2, turns - 1)).stage_ps) > alone.loop.others_ps


def test_only_valid_bits_are_reset():
    text = emit(design_of("a=e4m3fn,acc=fp:bf16", 3, 2))
    resets = re.findall(r"if \(rst\) (.+?) <= (\S+);", text)
    assert resets
    assert all("valid" in name or "summed" in name for name, _ in resets)
    assert placement(design_of("a=e4m3fn,acc=fp:bf16", 3, 2)).valid_bits == len(resets)
    assert "initial" not in text


@pytest.mark.parametrize(
    ("spec", "stages", "interleave"),
    some([(spec, 3, 1) for spec in UNITS] + [(spec, 1, 3) for spec in UNITS[:3]], 3),
)
def test_linters_have_no_warning(spec, stages, interleave, tmp_path):
    design = design_of(spec, stages, interleave)
    lint(written(emit(design), tmp_path))


@pytest.mark.long
def test_same_bytes_in_every_process():
    spec = "a=e2m1fn,acc=fp:e5m2,unit=dot,lanes=2,stages=3,interleave=2"
    script = (
        f"from hwdse import Design; from hwdse.hdl import emit; print(emit(Design.parse({spec!r})))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }
    assert len(texts) == 1
    assert emit(Design.parse(spec)) in texts.pop()


def test_a_bare_unit_has_a_clock_only_with_stages():
    port = re.compile(r"^  (?:input|output)(?: reg)?(?: \[\d+:0\])? (\w+),? ", re.M)
    ports = {n: set(port.findall(emit(design_of(UNITS[6], n)))) for n in (0, 2)}
    assert ports[0] == {"i_a", "i_b", "i_c", "o"}
    assert ports[2] == {"clk", *ports[0]}


def test_cells_without_a_delay_law_are_named():
    """A memory that is written has several outputs and no place for registers."""
    memory = {"type": "$mem_v2", "parameters": {}, "connections": {"RD_DATA": [3], "WR_DATA": [2]}}
    ports = {
        "a": {"direction": "input", "bits": [2]},
        "o": {"direction": "output", "bits": [3]},
    }
    module = {"ports": ports, "cells": {"ram": memory}, "netnames": {}}
    with pytest.raises(ToolError, match=r"no delay law for cells \$mem_v2"):
        read_nodes(module, CELLS)
    adder = {"type": "$divfloor", "connections": {"A": [2], "Y": [3]}, "parameters": {}}
    with pytest.raises(ToolError, match=r"no delay law for cells \$divfloor"):
        read_nodes({**module, "cells": {"divide": adder}}, CELLS)
