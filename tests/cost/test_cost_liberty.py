# ruff: noqa: E501 (Liberty texts are easier to read with long lines)
"""Liberty files: syntax, units, supplies, conditions, wires and the Boolean functions in them."""

import gzip
from itertools import product

import numpy as np
import pytest
from toy_cells import TOY, hand_made, library_text, toy

from hwdse.cost.liberty import FALL, NO_WIRES, RISE, load, mapping_text, read
from hwdse.cost.liberty.boolean import names_in, truth_table, variable
from hwdse.errors import TechnologyError


def same(one, other):
    """Whether two libraries hold the same figures."""
    return mapping_text(one) == mapping_text(other) and [
        [(p.when, {e: t.values.tolist() for e, t in p.energy.items()}) for p in pin.powers]
        for cell in one.cells.values()
        for pin in cell.pins.values()
    ] == [
        [(p.when, {e: t.values.tolist() for e, t in p.energy.items()}) for p in pin.powers]
        for cell in other.cells.values()
        for pin in cell.pins.values()
    ]


def test_toy_library():
    library = toy()
    assert (library.name, library.voltage, library.temperature) == ("toy", 2.0, 25.0)
    assert set(library.cells) == {"INV", "BUF", "NAND2", "DFF"}
    inverter = library.cells["INV"]
    assert inverter.area_um2 == 1.0
    assert inverter.pins["A"].capacitance_ff == 1.0
    assert inverter.pins["Y"].function == "!A"
    (power,) = inverter.pins["Y"].powers
    # Slew 50 ps and load 5 fF are the middle of the table. fF * V**2 = fJ.
    assert power.energy[RISE].at(50.0, 5.0) == pytest.approx(3.0)
    assert power.energy[FALL].at(50.0, 5.0) == pytest.approx(1.0)
    (arc,) = inverter.pins["Y"].arcs
    assert (arc.related, arc.sense) == ("A", "negative")
    # Halfway between 10 and 50 ps of slew, and a quarter from 1 to 5 fF: 0.015 + 0.0025 ns.
    assert arc.delay[RISE].at(30.0, 2.0) == pytest.approx(17.5)
    # Outside the table the last two points go on.
    assert arc.delay[RISE].at(10.0, 15.0) == pytest.approx(40.0)
    assert arc.slew[FALL].at(50.0, 10.0) == pytest.approx(30.0)


def test_flip_flop():
    flop = toy().cells["DFF"]
    assert flop.flip_flop is not None
    assert (flop.flip_flop.next_state, flop.flip_flop.state) == ("D", ("IQ", "IQN"))
    assert (flop.flip_flop.clock, flop.flip_flop.rising) == ("CK", True)
    assert flop.variables == ("D", "CK", "IQ")
    (setup,) = flop.pins["D"].setups
    assert setup.delay[RISE].at(50.0, 0.0) == pytest.approx(50.0)
    assert flop.pins["CK"].powers[0].energy[FALL].at(50.0, 3.0) == pytest.approx(5.0)


INVERTER = """
  cell (INV) {{
    area : 1;
    pin (A) {{ direction : input; capacitance : {cap}; }}
    pin (Y) {{
      direction : output; function : "!A";
      timing () {{
        related_pin : "A"; timing_sense : negative_unate;
        cell_rise (t) {{ index_1 ("{slews}"); index_2 ("{loads}"); values ("{d}, {d}", "{d}, {d}"); }}
        rise_transition (t) {{ index_1 ("{slews}"); index_2 ("{loads}"); values ("{d}, {d}", "{d}, {d}"); }}
      }}
      internal_power () {{
        related_pin : "A";
        rise_power (p) {{ index_1 ("{slews}"); index_2 ("{loads}"); values ("{e}, {e}", "{e}, {e}"); }}
      }}
    }}
    cell_leakage_power : {leak};
  }}
"""


def test_units_of_the_file_do_not_matter():
    """The same inverter in ns and fF, in ps and pF, and in 100 ps: 20 ps, 3 fF, 4 fJ, 5 nW."""
    figures = [
        (
            {"time": "1ns", "capacitance": "1, ff", "leakage": "1nW"},
            {"cap": 3, "slews": "0.01, 0.1", "loads": "1, 10", "d": 0.02, "e": 4, "leak": 5},
        ),
        (
            {"time": "1ps", "capacitance": "1, pf", "leakage": "1pW"},
            {
                "cap": 0.003,
                "slews": "10, 100",
                "loads": "0.001, 0.01",
                "d": 20,
                "e": 0.004,
                "leak": 5000,
            },
        ),
        (
            {"time": "100ps", "capacitance": "10, ff", "leakage": "1uW"},
            {"cap": 0.3, "slews": "0.1, 1", "loads": "0.1, 1", "d": 0.2, "e": 0.4, "leak": 0.005},
        ),
    ]
    for units, numbers in figures:
        cell = hand_made(INVERTER.format(**numbers), **units).cells["INV"]
        assert cell.pins["A"].capacitance_ff == pytest.approx(3.0)
        assert cell.leakage_nw == pytest.approx(5.0)
        (arc,) = cell.pins["Y"].arcs
        assert arc.delay[RISE].at(30.0, 5.0) == pytest.approx(20.0)
        assert arc.slew[RISE].at(30.0, 5.0) == pytest.approx(20.0)
        assert arc.delay[RISE].slews_ps == pytest.approx([10.0, 100.0])
        assert arc.delay[RISE].loads_ff == pytest.approx([1.0, 10.0])
        assert cell.pins["Y"].powers[0].energy[RISE].at(30.0, 5.0) == pytest.approx(4.0)


def test_axes_may_come_in_any_order():
    turned = """
      lu_table_template (u) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition; }
      cell (BUF) { area : 1; pin (A) { direction : input; capacitance : 1; }
        pin (Y) { direction : output; function : "A"; timing () { related_pin : "A";
          cell_rise (u) { index_1 ("1, 2, 3"); index_2 ("0.1, 0.2"); values ("1, 2", "3, 4", "5, 6"); } } } }
    """
    table = hand_made(turned).cells["BUF"].pins["Y"].arcs[0].delay[RISE]
    assert table.values.shape == (2, 3)
    assert table.at(200.0, 1.0) == pytest.approx(2000.0)
    assert table.at(100.0, 3.0) == pytest.approx(5000.0)


def test_setup_is_that_of_a_steep_clock():
    text = """
      cell (D2) { area : 1; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
        pin (CK) { direction : input; capacitance : 1; }
        pin (Q) { direction : output; function : "IQ"; }
        pin (D) { direction : input; capacitance : 1; timing () { related_pin : "CK"; timing_type : setup_rising;
          rise_constraint (c) { index_1 ("0.1, 0.2"); index_2 ("0.3, 0.4"); values ("1, 2", "3, 4"); } } } }
    """
    (setup,) = hand_made(text).cells["D2"].pins["D"].setups
    # The first row is the smallest slew of the clock; its columns are the slew of the data.
    assert setup.delay[RISE].at(300.0, 0.0) == pytest.approx(1000.0)
    assert setup.delay[RISE].at(400.0, 0.0) == pytest.approx(2000.0)


def test_leakage_of_several_supplies_and_states():
    text = """
      cell (G) { area : 1; pin (A) { direction : input; capacitance : 1; }
        leakage_power () { value : 10; when : "A"; related_pg_pin : VDD; }
        leakage_power () { value : 20; when : "!A"; related_pg_pin : VDD; }
        leakage_power () { value : 99; related_pg_pin : VDD; }
        leakage_power () { value : 2; when : "A"; related_pg_pin : VPB; }
        leakage_power () { value : 4; when : "!A"; related_pg_pin : VPB; }
        pin (Y) { direction : output; function : "A"; } }
    """
    # Mean over the states, sum over the supplies: 15 + 3.
    assert hand_made(text).cells["G"].leakage_nw == pytest.approx(18.0)


def test_several_files_are_one_library(tmp_path):
    whole = TOY.read_text()
    start, end = whole.index("  cell (NAND2)"), whole.index("  cell (DFF)")
    (tmp_path / "toy_gates.lib").write_text(whole[:start] + whole[end:])
    (tmp_path / "toy_nand.lib").write_text(
        whole[: whole.index("  cell (INV)")] + whole[start:end] + "}"
    )
    paths = [tmp_path / "toy_gates.lib", tmp_path / "toy_nand.lib"]
    joined = load(paths)
    assert set(joined.cells) == set(toy().cells)
    assert joined.cells["NAND2"].area_um2 == 2.0
    with pytest.raises(TechnologyError, match=r"toy_nand\.lib defines cell NAND2 again"):
        load([*paths, paths[1]])
    with pytest.raises(TechnologyError, match=r"no flip-flop in .*toy_nand\.lib: give all files"):
        load(paths[1])
    other = tmp_path / "fast.lib"
    other.write_text(paths[1].read_text().replace("nom_voltage : 2.0", "nom_voltage : 2.2"))
    with pytest.raises(
        TechnologyError, match=r"fast\.lib holds for 2\.2 V, .*toy_gates\.lib for 2 V"
    ):
        load([paths[0], other])
    with pytest.raises(TechnologyError, match="no cell library is given"):
        load([])


WIRES = """
  wire_load (small) { capacitance : 0.5; resistance : 0.1; slope : 10;
    fanout_length (1, 4); fanout_length (3, 20); }
  wire_load (large) { capacitance : 1; resistance : 0.1; slope : 20; fanout_length (1, 8); }
"""


def test_wire_loads():
    library = hand_made(WIRES + "  default_wire_load : small;")
    wires = library.wires(1000.0)
    assert (wires.name, wires.capacitance_ff, wires.resistance_kohm) == ("small", 0.5, 0.1)
    # One sink 4; two halfway to 20; five 20 and two slopes more.
    assert [wires.length(n) for n in (0, 1, 2, 3, 5)] == [0.0, 4.0, 12.0, 20.0, 40.0]
    assert hand_made(WIRES).wires(1000.0) is NO_WIRES
    chosen = """  wire_load_selection (by_area) {
      wire_load_from_area (0, 100, small); wire_load_from_area (100, 5000, large); }
    """
    library = hand_made(WIRES + chosen + "  default_wire_load : small;")
    assert [library.wires(area).name for area in (99.0, 100.0, 9000.0)] == [
        "small",
        "large",
        "small",
    ]


def test_latches_and_clock_gates_are_left_out():
    latch = """
      cell (LAT) { area : 1; latch (IQ, IQN) { data_in : "D"; enable : "G"; }
        pin (D) { direction : input; } pin (G) { direction : input; }
        pin (Q) { direction : output; function : "IQ"; } }
    """
    assert set(hand_made(latch).cells) == {"DFF"}


def test_compressed_file_reads_the_same(tmp_path):
    packed = tmp_path / "toy.lib.gz"
    packed.write_bytes(gzip.compress(TOY.read_bytes()))
    assert same(load(packed), toy())


def test_brace_on_its_own_line_and_missing_semicolons(tmp_path):
    text = TOY.read_text().replace("cell (NAND2) {", "cell (NAND2)\n  {")
    path = tmp_path / "loose.lib"
    path.write_text(text.replace("area : 2.0;", "area : 2.0").replace('"!(A & B)";', '"!(A & B)"'))
    assert same(load(path), toy())


def test_text_for_synthesis_reads_the_same():
    """What Yosys gets has the areas, functions, capacitances and delays of the library."""
    library = toy()
    again = read(mapping_text(library), "cells.lib")
    assert set(again.cells) == set(library.cells)
    for name, cell in library.cells.items():
        other = again.cells[name]
        assert (other.area_um2, other.inputs, other.words) == (
            cell.area_um2,
            cell.inputs,
            cell.words,
        )
        for pin in cell.pins.values():
            assert other.pins[pin.name].capacitance_ff == pin.capacitance_ff
            assert other.pins[pin.name].limit_ff == pin.limit_ff
            for arc, copy in zip(pin.arcs, other.pins[pin.name].arcs, strict=True):
                assert (copy.related, copy.sense) == (arc.related, arc.sense)
                for edge, table in arc.delay.items():
                    assert np.allclose(copy.delay[edge].values, table.values)
                    assert np.allclose(copy.delay[edge].loads_ff, table.loads_ff)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("/* nothing */", "is empty"),
        ("module top(); endmodule", "is not a Liberty file"),
        ("library (x) { cell (A) { area : 1;", "ends early: group `cell` is not closed"),
        ("library (x) { nom_voltage : 1.0; }", "capacitive_load_unit|damaged"),
        ("library (x) { capacitive_load_unit (1, inches); nom_voltage : 1.0; }", "inches"),
        (library_text("").replace("1ns", "1 parsec"), "time_unit is '1 parsec'"),
        (library_text("cell (A) { area : big; }"), "cell A: .*big"),
        (
            library_text(INVERTER.format(cap=1, slews="1, 2", loads="1, 2, 3", d=1, e=1, leak=1)),
            "cell INV: .*reshape",
        ),
    ],
)
def test_damaged_library(tmp_path, content, message):
    path = tmp_path / "bad.lib"
    path.write_text(content)
    with pytest.raises(TechnologyError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert "bad.lib" in str(caught.value)


def test_every_truncation_is_an_error(tmp_path):
    text = TOY.read_text().rstrip()
    path = tmp_path / "half.lib"
    for end in range(1, len(text), 97):
        path.write_text(text[:end])
        with pytest.raises(TechnologyError):
            load(path)


def test_missing_and_truncated_file(tmp_path):
    with pytest.raises(TechnologyError, match=r"absent\.lib: No such file"):
        load(tmp_path / "absent.lib")
    half = tmp_path / "half.lib.gz"
    half.write_bytes(gzip.compress(TOY.read_bytes())[:200])
    with pytest.raises(TechnologyError, match=r"half\.lib\.gz, unpacked: .*end-of-stream"):
        load(half)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("!A", lambda a: not a),
        ("A'", lambda a: not a),
        ("!(A & B)", lambda a, b: not (a and b)),
        ("(!A) | (!B)", lambda a, b: not (a and b)),
        ("!(A*B)", lambda a, b: not (a and b)),
        ("A B", lambda a, b: a and b),
        ("(A+B)'", lambda a, b: not (a or b)),
        ("A B' + C", lambda a, b, c: (a and not b) or c),
        # XOR binds tighter than AND here, unlike in Python.
        ("A & B ^ C", lambda a, b, c: a and (b != c)),
        ("A ^ B & C", lambda a, b, c: (a != b) and c),
        ("A | B & C", lambda a, b, c: a or (b and c)),
        ("((S & B) | (A & !S))", lambda s, b, a: b if s else a),
    ],
)
def test_truth_tables(text, reference):
    names = names_in(text)
    words = {name: variable(place, len(names)) for place, name in enumerate(names)}
    truth = truth_table(text, words, len(names))
    for values in product((0, 1), repeat=len(names)):
        state = sum(value << place for place, value in enumerate(values))
        assert truth >> state & 1 == bool(reference(*values))


def test_variables_of_truth_tables():
    for count in range(1, 8):
        for place in range(count):
            expected = sum((state >> place & 1) << state for state in range(1 << count))
            assert variable(place, count) == expected


@pytest.mark.parametrize("text", ["", "A &", "(A", "A)", "A ? B", "__import__('os')", "& A"])
def test_damaged_boolean_function(text):
    with pytest.raises(TechnologyError, match="cannot read the cell function"):
        names_in(text)


def test_function_of_an_unknown_pin():
    with pytest.raises(TechnologyError, match="uses Z, which is no pin"):
        toy().cells["INV"].truth("A & Z")
