"""Converters as netlists: every code of formats of every family, against Fractions."""

import numpy as np
import pytest
from amaranth.hdl import Elaboratable, Module
from amaranth.lib.wiring import Component, In, Out
from bare_vectors import hard_codes, simulated
from gate_level import GateLevel
from reference import conversions

from hwdse import Design, formats, golden
from hwdse.errors import SpecError
from hwdse.hdl import emit, structure_of
from hwdse.hdl.units.convert import ConvertLane
from hwdse.primitives.primitive import Table
from hwdse.spec.design import DESIGN_ROUNDINGS

SOURCES = [
    *("e4m3fn", "posit8_1", "lns8_g8", "int8", "nf4"),
    *("e5m2", "e4m3fnuz", "e2m1fn", "e8m0", "ue4m3", "e4m3fn_ftz", "binary8p4se", "posit8_0"),
    *("posit8_2", "posit5_1", "int4", "uint8", "q2_6", "lns8_g8z", "lns4_3", "lns8_g4", "hif8"),
    *("ternary", "binary", "bipolar4", "pot8_k2", "dint4", "nupes4"),
]
TARGETS = [
    *("fp32", "e4m3fn", "posit8_1", "int8", "lns8_g8", "bf16", "hif8", "nf4"),
    *("e5m2", "e2m1fn", "e8m0", "ue4m3", "e4m3fn_ftz", "binary8p4se", "posit16_1", "int4_sym"),
    *("uint8", "q2_6", "lns8_g8z", "lns4_3", "ternary", "binary", "bipolar4", "pot4_k1", "dint4"),
]
#: Sources and targets of all runs; the others are long.
QUICK_SOURCES, QUICK_TARGETS = 5, 8


class SideBySide(Component):
    """Many converters of one input."""

    def __init__(self, lanes: list[ConvertLane]) -> None:
        self._lanes = lanes
        outputs = {f"o{k}": Out(lane.encode.o.shape()) for k, lane in enumerate(lanes)}
        super().__init__({"i": In(lanes[0].decode.i.shape()), **outputs})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        for k, lane in enumerate(self._lanes):
            m.submodules[f"lane{k}"] = lane
            m.d.comb += [lane.i.eq(self.i), getattr(self, f"o{k}").eq(lane.o)]
        return m


def check(a: str, targets: list[str], roundings: list[str]) -> int:
    """The number of results that were compared, of every code."""
    source = formats.get(a)
    lanes = [
        ConvertLane(source, formats.get(out), rounding)
        for out, rounding in zip(targets, roundings, strict=True)
    ]
    codes = np.arange(1 << source.bits)
    found = GateLevel(SideBySide(lanes))(i=codes)
    for k, (out, rounding) in enumerate(zip(targets, roundings, strict=True)):
        wanted = [conversions.convert(a, out, code, rounding) for code in codes.tolist()]
        np.testing.assert_array_equal(found[f"o{k}"], wanted, err_msg=f"{a} {out} {rounding}")
    return len(codes) * len(lanes)


@pytest.mark.parametrize("a", SOURCES[:QUICK_SOURCES])
def test_every_code(a: str) -> None:
    """Roundings take turns, so that all occur with some target of each source."""
    first = SOURCES.index(a)
    targets = TARGETS[:QUICK_TARGETS]
    roundings = [DESIGN_ROUNDINGS[(first + k) % 5] for k in range(len(targets))]
    assert check(a, targets, roundings) == QUICK_TARGETS << formats.get(a).bits


@pytest.mark.long
@pytest.mark.parametrize("rounding", DESIGN_ROUNDINGS)
@pytest.mark.parametrize("a", SOURCES)
def test_every_code_of_every_family(a: str, rounding: str) -> None:
    assert check(a, TARGETS, [rounding] * len(TARGETS)) == len(TARGETS) << formats.get(a).bits


@pytest.mark.parametrize(
    "spec",
    [
        "a=fp32,out=e4m3fn,rounding=rne",
        "a=fp32,out=int8,rounding=rna",
        pytest.param("a=fp32,out=int8,rounding=down", marks=pytest.mark.long),
        pytest.param("a=fp32,out=posit16_1,rounding=rne", marks=pytest.mark.long),
        pytest.param("a=int32,out=bf16,rounding=up", marks=pytest.mark.long),
        pytest.param("a=posit32_2,out=fp32,rounding=rtz", marks=pytest.mark.long),
    ],
)
def test_wide_codes_in_three_lanes(spec: str) -> None:
    design = Design.parse(f"{spec},unit=convert,lanes=3")
    codes = hard_codes(design.a, np.random.default_rng(3), 6000).reshape(3, -1)
    words = sum(row.astype(object) << (k * design.a.bits) for k, row in enumerate(codes))
    found = simulated(design, a=words)
    mask = (1 << design.out.bits) - 1
    for k, row in enumerate(codes):
        lane = [int(word) >> (k * design.out.bits) & mask for word in found]
        np.testing.assert_array_equal(lane, golden.convert(design, row))


def test_logarithms_need_a_short_table_for_floats_and_a_whole_one_for_levels() -> None:
    short, whole = (
        structure_of(Design.parse(f"a=lns8_g8,out={out},unit=convert")).blocks["decode"].counts
        for out in ("bf16", "nf4")
    )
    widths = [
        max(part.data_bits for part in counts if isinstance(part, Table))
        for counts in (short, whole)
    ]
    assert widths == [10, 53]


def test_lanes_are_instances_of_one_module() -> None:
    text = emit(Design.parse("a=posit8_0,out=fp32,unit=convert,lanes=4"))
    assert text.count("_convert_lane lane") == 4
    assert text.count("\nmodule ") == 4


def test_what_has_no_encoder_is_said_in_one_line() -> None:
    with pytest.raises(SpecError, match="out=nupes4 has no hardware encoder"):
        emit(Design.parse("a=fp16,out=nupes4,unit=convert"))
