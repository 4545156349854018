"""Targets: delay laws, the Verilog for them, and hard multipliers with their registers."""

import re
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from random import Random
from typing import ClassVar

import pytest
from cycle_level import CycleLevel
from delayed_units import LANES, assert_delayed, design_of
from mult18x18d import MODEL, flat_netlists
from verilog_lint import lint, written

from hwdse import Design
from hwdse.errors import SpecError, ToolError
from hwdse.hdl import CELLS, Target, emit, multipliers, placement, split_modules
from hwdse.hdl.own_registers import module_of
from hwdse.hdl.rtlil_text import rtlil_text
from hwdse.hdl.targets import RegisteredMultiplier, names, target_of
from hwdse.spec import Axis

EMIT = import_module("hwdse.hdl.emit")
ECP5 = Target.parse("ecp5")


def test_targets_are_known_by_name():
    assert names() == ("cells", "ecp5", "ice40")
    assert Target.parse("cells") == CELLS == target_of(None)
    with pytest.raises(SpecError, match="virtex") as caught:
        Target.parse("virtex")
    assert "cells" in str(caught.value)
    assert "ecp5" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_target_plugs_in_by_being_defined():
    @dataclass(frozen=True, kw_only=True)
    class Slow(type(ECP5)):
        keyword: ClassVar[str] = "slow"

        def gate_ps(self) -> int:
            return 10 * super().gate_ps()

    try:
        slow = Target.parse("slow")
        spec = "a=int4,acc=int:9:sat,unit=dot,lanes=3,stages=2"
        assert max(placement(Design.parse(spec), slow).stage_ps) >= max(
            placement(Design.parse(spec), ECP5).stage_ps
        )
    finally:
        Target.choices.pop("slow")


def test_delays_of_an_fpga_are_in_the_order_of_its_parts():
    first, step = ECP5.chain_ps(32, two=True)
    level = ECP5.mux_ps(1, 2)
    # Two bits of a carry chain are far faster than a look-up table.
    assert 10 * step < level
    assert ECP5.gate_ps() < level < first
    assert level == ECP5.reduction_ps(4) < ECP5.reduction_ps(5) == ECP5.reduction_ps(16)
    assert ECP5.mux_ps(1, 2) < ECP5.mux_ps(1, 4)
    assert ECP5.equality_ps(4, two=False) < ECP5.equality_ps(4, two=True)
    assert ECP5.table_ps(4, 8) < ECP5.table_ps(8, 8)
    assert ECP5.shift_ps(32, 2, 32) < ECP5.shift_ps(32, 5, 32)
    # A hard multiplier is as fast for any width; wider ones are several.
    assert ECP5.product_ps(8, 8, signed=True) == ECP5.product_ps(18, 18, signed=True)
    assert ECP5.product_ps(18, 18, signed=True) < ECP5.product_ps(24, 24, signed=True)
    hard = ECP5.multiplier
    assert hard is not None
    parts = hard.operands_ps() + hard.array_ps() + hard.finish_ps()
    assert parts == ECP5.product_ps(8, 8, signed=True)
    # In standard cells an adder of 32 bits is slower than eight gates.
    first, step = CELLS.chain_ps(32, two=True)
    assert first + 31 * step > 8 * CELLS.gate_ps()
    assert CELLS.multiplier is None
    assert CELLS.mapped({}) == ECP5.mapped({}) == ""


def test_standard_cells_are_the_default():
    """The Verilog that is checked in under rtl/ shows that theirs stays what it was."""
    design = Design.parse("a=int8,acc=int:32,stages=2")
    assert emit(design) == emit(design, target=CELLS) != emit(design, target=ECP5)
    assert multipliers(design) == {}


def test_sums_are_written_as_sums():
    """A carry chain instead of a tree of carries, `+` instead of rows of full adders."""
    for spec in ("a=e3m2fn,c=e4m3,out=e4m3,unit=fma", "a=int4,mul=radix4,acc=int:12"):
        plain, chains = (emit(Design.parse(spec), target=t, flat=True) for t in (CELLS, ECP5))
        assert chains.count(" + ") > plain.count(" + ")
        assert len(chains.splitlines()) < len(plain.splitlines())


def folded(design: Design, seed: int) -> CycleLevel:
    """A design for the ECP5, modules of its multipliers included."""
    if not EMIT.is_pipelined(design):
        return CycleLevel(EMIT.flat_netlist(design, ECP5), LANES, seed)
    module, kinds = EMIT._unit_modules(design, ECP5, "unit", flat=False)
    texts = {"unit.il": rtlil_text("unit", module)}
    texts |= {f"{name}.il": rtlil_text(name, module_of(kind)) for name, kind in kinds.items()}
    (netlist,) = flat_netlists(texts, ["unit"])
    return CycleLevel(netlist, LANES, seed)


UNITS = [
    ("a=int8,acc=int:32", 0, 1, 0),
    ("a=int8,acc=int:32", 1, 1, 1),
    ("a=int8,acc=int:32", 2, 1, 1),
    ("a=int8,acc=int:32", 3, 2, 1),
    ("a=e4m3fn,acc=fp:bf16", 0, 1, 0),
    ("a=e4m3fn,acc=fp:bf16", 2, 8, 1),
    ("a=posit8_0,acc=kulisch,out=posit8_0", 4, 3, 1),
    ("a=e2m1fn,acc=fp:e5m2,unit=dot,lanes=2", 3, 2, 1),
    ("a=int4,acc=int:9:sat,unit=dot,lanes=3", 2, 1, 1),
    ("a=int4,mul=radix4,acc=int:12", 2, 1, 1),
    ("a=binary,mul=xnor,acc=int:9,unit=dot,lanes=5", 1, 2, 0),
    ("a=e4m3fn,out=e4m3fn,unit=mul", 3, 1, 0),
    ("a=posit8_0,out=posit8_0,unit=mul", 2, 1, 0),
    ("a=e3m2fn,c=e4m3,out=e4m3,unit=fma", 3, 1, 1),
]


@pytest.mark.parametrize(
    ("spec", "stages", "interleave", "kinds"),
    [
        pytest.param(*case, marks=pytest.mark.long if number % 3 else ())
        for number, case in enumerate(UNITS)
    ],
)
def test_units_for_the_ecp5_are_those_for_cells_delayed(spec, stages, interleave, kinds):
    """Arithmetic of another target, its registers and its multipliers: the same bits."""
    design = design_of(spec, stages, interleave)
    assert len(multipliers(design, target=ECP5)) == kinds
    assert_delayed(design, folded(design, seed=1))


def test_a_multiplier_takes_the_registers_beside_it():
    ranks = {}
    for stages in range(5):
        design = design_of("a=int8,acc=int:32", stages)
        ranks[stages] = [
            (kind.operands, kind.middle, kind.product)
            for kind in multipliers(design, target=ECP5).values()
        ]
    assert ranks[0] == []
    assert ranks[3] == ranks[4] == [(True, True, True)]
    taken = [sum(*ranks[stages]) for stages in (1, 2, 3)]
    assert taken == [1, 2, 3]
    # What lies in the multiplier lies nowhere else.
    text = split_modules(emit(design_of("a=int8,acc=int:32", 3), target=ECP5))
    top = text["int8_exact_int_32_int32_mac_stages3"]
    assert not re.search(r"reg \[15:0\]|reg \[7:0\]", top)


def test_names_follow_the_top_the_bus_and_flat():
    design = design_of("a=int8,acc=int:32", 3)
    suffix = "multiplier_8x8_16_signed_operands_middle_product"
    assert list(multipliers(design, top="mine", target=ECP5)) == [f"mine_{suffix}"]
    assert f"mine_{suffix}" in split_modules(emit(design, top="mine", target=ECP5))
    bus = Axis()
    (name,) = multipliers(design, top="mine", bus=bus, target=ECP5)
    assert name in split_modules(emit(design, top="mine", bus=bus, target=ECP5))
    assert multipliers(design, flat=True, target=ECP5) == {}
    assert len(split_modules(emit(design, flat=True, target=ECP5))) == 1


def test_operands_that_are_read_elsewhere_are_registered_there_too():
    """Squares: one word is both operands."""
    for stages in (1, 3):
        design = design_of("a=uint6,b=uint6,acc=int:20", stages)
        (kind,) = multipliers(design, target=ECP5).values()
        assert not kind.signed
        assert kind.a_bits == kind.b_bits == 6


#: Registers at operands, in the middle and at the product. Those in the middle need a last one.
RANKS = [r for r in product((False, True), repeat=3) if any(r) and not (r[1] and not r[2])]


@pytest.mark.parametrize(
    ("a_bits", "b_bits", "signed"), [(8, 8, True), (18, 18, False), (5, 12, True)]
)
def test_the_cell_does_what_the_module_does(a_bits, b_bits, signed):
    kinds = {
        f"cell{number}": RegisteredMultiplier(
            a_bits=a_bits,
            b_bits=b_bits,
            product_bits=a_bits + b_bits,
            signed=signed,
            operands=operands,
            middle=middle,
            product=last,
        )
        for number, (operands, middle, last) in enumerate(RANKS)
    }
    assert differing(kinds, ECP5.mapped(kinds)) == [0] * len(RANKS)


def test_a_register_too_few_in_the_cell_is_found():
    kind = RegisteredMultiplier(
        a_bits=18,
        b_bits=18,
        product_bits=36,
        signed=True,
        operands=True,
        middle=True,
        product=True,
    )
    wrong = {
        "no_middle": ('.REG_PIPELINE_CLK("CLK0")', '.REG_PIPELINE_CLK("NONE")'),
        "no_operand": ('.REG_INPUTB_CLK("CLK0")', '.REG_INPUTB_CLK("NONE")'),
        "unsigned": (".SIGNEDA(1'b1)", ".SIGNEDA(1'b0)"),
    }
    texts = [ECP5.mapped({name: kind}).replace(*change) for name, change in wrong.items()]
    assert all(found > 0 for found in differing(dict.fromkeys(wrong, kind), "".join(texts)))


def differing(kinds: dict[str, RegisteredMultiplier], mapped: str) -> list[int]:
    """For each multiplier, cycles of random operands in which cell and module differ."""
    ours = {
        f"module_{name}": rtlil_text(f"module_{name}", module_of(k)) for name, k in kinds.items()
    }
    files = {f"{name}.il": text for name, text in ours.items()}
    netlists = flat_netlists({"cells.v": mapped + MODEL, **files}, [*ours, *kinds])
    modules, cells = netlists[: len(kinds)], netlists[len(kinds) :]
    return [
        _differing(kind, CycleLevel(one, LANES, seed=1), CycleLevel(other, LANES, seed=2))
        for kind, one, other in zip(kinds.values(), modules, cells, strict=True)
    ]


def _differing(kind: RegisteredMultiplier, one: CycleLevel, other: CycleLevel) -> int:
    random, found = Random(kind.a_bits), 0
    for cycle in range(12):
        inputs = {
            "a": [random.getrandbits(LANES) for _ in range(kind.a_bits)],
            "b": [random.getrandbits(LANES) for _ in range(kind.b_bits)],
        }
        # The first cycles show what the registers held.
        found += one.cycle(inputs) != other.cycle(inputs) and cycle >= 3
    return found


@pytest.mark.parametrize(
    ("spec", "stages", "interleave"),
    [
        ("a=int8,acc=int:32", 3, 1),
        ("a=e4m3fn,acc=fp:bf16", 2, 3),
        ("a=e5m2,acc=kulisch,out=bf16", 0, 1),
        ("a=e2m1fn,acc=fp:e5m2,unit=dot,lanes=2", 3, 2),
        ("a=int4,mul=radix4,acc=int:12", 0, 1),
        ("a=posit8_0,out=posit8_0,unit=mul", 2, 1),
    ],
)
def test_verilator_lints_without_a_warning(spec, stages, interleave, tmp_path):
    design = design_of(spec, stages, interleave)
    lint(written(emit(design, target=ECP5), tmp_path))


def test_wide_multiplications_are_left_to_synthesis():
    design = Design.parse("a=fp32,out=fp32,unit=mul,stages=2")
    assert multipliers(design, target=ECP5) == {}
    with pytest.raises(ToolError, match="no delay law"):
        ECP5.timing({"type": "$divfloor", "connections": {}}, {}, "Y")
