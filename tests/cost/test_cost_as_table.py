"""Units of few input bits: the table of their results, and when it takes the place of the logic."""

import pytest

from hwdse import Design, hdl
from hwdse.cost import Technology, estimate, load_technology
from hwdse.cost.as_table import as_built, table_of_results
from hwdse.primitives.primitive import Gates, Multiplier, Register
from hwdse.primitives.structure import Structure, UnitStructure

PLAIN = Technology(**{**vars(load_technology("nangate45")), "adjustments": {}})
TERNARY = Design.parse("a=ternary,out=int2,unit=mul")


def unit(part, registers=0):
    blocks = {"multiply": Structure(parts=(part,), path=(part,))}
    if registers:
        blocks["registers"] = Structure(parts=(Register(width=registers),))
    return UnitStructure(blocks=blocks, stages=(("multiply",),), shares=(0.5,))


def test_the_table_holds_the_results():
    table = table_of_results(TERNARY)
    assert (table.address_bits, table.data_bits) == (4, 2)
    # The codes of 0, 1 and -1 are 00, 01 and 11. The low bit of a product is the AND of the low
    # bits of the operands: two nodes. The sign is this AND where the signs differ: three more.
    assert table.nodes == 5


@pytest.mark.parametrize(
    ("spec", "bits"),
    [("a=int3,unit=mul", 6), ("a=int3,unit=fma", 9), ("a=int3,out=e4m3fn,unit=convert", 3)],
)
def test_all_units_without_a_state_have_one(spec, bits):
    assert table_of_results(Design.parse(spec)).address_bits == bits


def test_wide_units_and_units_with_a_state_have_none():
    for spec in ("a=int8,unit=mul", "a=int2,acc=int:8", "a=int2,acc=int:8,unit=dot"):
        assert table_of_results(Design.parse(spec)) is None
    # More results than are computed for a cost: as of random contents.
    assert table_of_results(Design.parse("a=int6,unit=mul")).nodes is None


def test_the_smaller_of_logic_and_table_counts():
    large = unit(Multiplier(a_bits=24, b_bits=24, signed=False), registers=7)
    built = as_built(TERNARY, large, PLAIN)
    assert list(built.blocks["table"].counts) == [table_of_results(TERNARY)]
    assert built.blocks["registers"] == large.blocks["registers"]
    assert (built.stages, built.shares) == ((("table",),), (0.5,))
    small = unit(Gates(width=1))
    assert as_built(TERNARY, small, PLAIN) is small


def test_factors_of_whole_designs_decide():
    logic = unit(Gates(width=4))
    assert as_built(TERNARY, logic, PLAIN) is logic
    entry = vars(load_technology("nangate45").adjustment("area_um2"))
    factors = {"multiply": {"Gates": 100.0}}
    adjusted = type(load_technology("nangate45").adjustment("area_um2"))(
        **{**entry, "factors": factors}
    )
    dear = Technology(**{**vars(PLAIN), "adjustments": {"area_um2": adjusted}})
    assert "table" in as_built(TERNARY, logic, dear).blocks


def test_every_lane_has_its_table():
    one, four = (
        as_built(design, hdl.structure_of(design), PLAIN)
        for design in map(
            Design.parse, ("a=nf4,out=int8,unit=convert", "a=nf4,out=int8,unit=convert,lanes=4")
        )
    )
    (table,) = one.blocks["table"].counts
    assert four.blocks["table"].counts == {table: 4}


def test_registers_do_not_change_the_table():
    plain, staged = (
        estimate(Design.parse(f"a=nupes4,out=bf16,unit=mul{more}")) for more in ("", ",stages=2")
    )
    assert [block.name for block in plain.breakdown] == ["table", "registers"]
    assert all(block.area_um2 > 0 for block in staged.breakdown)
