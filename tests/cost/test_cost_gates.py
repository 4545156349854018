# ruff: noqa: E501 (Liberty texts are easier to read with long lines)
"""Static timing, event simulation and energy of mapped netlists, against figures worked out by hand."""

import numpy as np
import pytest
from toy_cells import hand_made, netlist, toy

from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.energy import Energy, energy_of
from hwdse.cost.gates.events import Simulator
from hwdse.cost.gates.timing import StaticTiming
from hwdse.cost.liberty import FALL, NO_WIRES, RISE
from hwdse.errors import ToolError


def simulated(description, library, rows, *, delays=None, warm_up=1):
    """MappedNetlist, timing and activity for rows of input bits; `delays` replaces those of the gates."""
    circuit = MappedNetlist(description, library)
    timing = StaticTiming(circuit)
    simulator = Simulator(circuit, timing)
    if delays is not None:
        simulator.delay[:] = np.array(delays)[:, None, None]
        simulator.source_delay[:] = 1
    return circuit, timing, simulator.run(np.array(rows, np.uint8), warm_up=warm_up)


def spent(description, library, rows):
    """Energy per counted cycle of rows of input bits."""
    return energy_of(*simulated(description, library, rows))


BLINK = [[cycle % 2] for cycle in range(9)]
INVERTER = netlist({"a": [2]}, [("INV", {"A": 2, "Y": 3})])


def test_toggling_inverter():
    # The input net: 1/2 * 1 fF * (2 V)**2 = 2 fJ per edge. The input's slew is that of BUF into
    # 1 fF, 10 ps; there the table has 9 fJ for an unloaded output at its lower corner and beyond.
    energy = spent(INVERTER, toy(), BLINK)
    assert energy.input_pj == pytest.approx(0.002)
    low = toy().cells["INV"].pins["Y"].powers[0].energy
    expected = (low[RISE].at(10.0, 0.0) + low[FALL].at(10.0, 0.0)) / 2
    assert energy.logic_pj == pytest.approx(expected / 1000)
    assert energy.glitch_pj == energy.register_pj == energy.clock_pj == 0.0


def test_quiet_inverter_costs_nothing():
    assert spent(INVERTER, toy(), [[1]] * 9).dynamic_pj == 0.0


def test_load_is_charged_to_the_gate_that_drives_it():
    # BUF has no internal energy. Net 3 drives pin B of the NAND, 2 fF: 1/2 * 2 fF * 4 V**2 = 4 fJ.
    chain = [("BUF", {"A": 2, "Y": 3}), ("NAND2", {"A": "0", "B": 3, "Y": 4})]
    for cells in (chain, chain[::-1]):
        energy = spent(netlist({"a": [2]}, cells), toy(), BLINK)
        assert energy.logic_pj == pytest.approx(0.004)
        assert energy.input_pj == pytest.approx(0.002)


WIRES = """wire_load (w) { capacitance : 0.5; resistance : 0.1; slope : 4; fanout_length (1, 4); }
  default_wire_load : w;
"""
BUFFER = """
  cell (BUF) { area : 1; pin (A) { direction : input; capacitance : 3; }
    pin (Y) { direction : output; function : "A"; timing () { related_pin : "A"; timing_sense : positive_unate;
      cell_rise (t) { index_1 ("0.01, 0.1"); index_2 ("0, 10"); values ("0.1, 0.2", "0.2, 0.3"); }
      cell_fall (t) { index_1 ("0.01, 0.1"); index_2 ("0, 10"); values ("0.1, 0.2", "0.2, 0.3"); }
      rise_transition (t) { index_1 ("0.01, 0.1"); index_2 ("0, 10"); values ("0.01, 0.01", "0.01, 0.01"); }
      fall_transition (t) { index_1 ("0.01, 0.1"); index_2 ("0, 10"); values ("0.01, 0.01", "0.01, 0.01"); } } } }
"""


def test_wires_have_capacitance_and_delay():
    chain = netlist({"a": [2]}, [("BUF", {"A": 2, "Y": 3}), ("BUF", {"A": 3, "Y": 4})])
    library = hand_made(BUFFER + WIRES)
    circuit, timing, activity = simulated(chain, library, BLINK)
    # Length 4, so 2 fF of wire and 3 fF of pin.
    assert [circuit.load_ff[circuit.net(bit)] for bit in (2, 3, 4)] == pytest.approx(
        [5.0, 5.0, 0.0]
    )
    # 0.4 kohm * (2 + 3 fF) = 2 ps from the buffer's output to the next pin.
    assert circuit.wire_delay_ps(circuit.net(3), 3.0) == pytest.approx(2.0)
    energy = energy_of(circuit, timing, activity)
    assert energy.logic_pj == pytest.approx(0.5 * 5 * 4 / 1000)
    # 100 ps and 10 ps per fF for each buffer, 2 ps per wire. The flip-flop outside has no delay and
    # no slew, so its buffer is 10 / 90 * 100 ps faster than at the first slew of the table.
    assert timing.period_ps == 0.0  # no output and no flip-flop: no path ends
    outputs = {"y": [4]}
    ended = netlist({"a": [2]}, [("BUF", {"A": 2, "Y": 3}), ("BUF", {"A": 3, "Y": 4})], outputs)
    assert StaticTiming(MappedNetlist(ended, library)).period_ps == pytest.approx(
        # Net 4 has a wire to the port: 2 fF, and Elmore 0.4 * (2 + 1 fF of the flip-flop).
        (100 + 50 - 100 / 9) + 2 + (100 + 50) + 2 + (100 + 20) + 1.2
    )
    without = MappedNetlist(ended, library, NO_WIRES)
    assert StaticTiming(without).period_ps == pytest.approx(130 - 100 / 9 + 130 + 100)


def test_clock_registers_and_leakage_are_apart():
    # A divider: Q drives an inverter back to D.
    cells = [("DFF", {"D": 4, "CK": 2, "Q": 3}), ("INV", {"A": 3, "Y": 4})]
    library = toy()
    description = netlist({"clk": [2]}, cells)
    circuit, timing, activity = simulated(description, library, np.zeros((17, 0), np.uint8))
    assert circuit.clock == "clk"
    energy = energy_of(circuit, timing, activity)
    # Clock net: 2 edges * 2 fJ. Clock pin inside: at slew 0 the table is extrapolated from 7 and 5.
    inside = library.cells["DFF"].pins["CK"].powers[0].energy[RISE].at(0.0, 0.0)
    assert energy.clock_pj == pytest.approx((2 * 2 + 2 * inside) / 1000)
    # Q charges the inverter's pin, 1 fF: 2 fJ per edge, one edge per cycle.
    assert energy.register_pj == pytest.approx(0.002)
    # The inverter charges D, 1 fF, and has its own internal energy at its load.
    power = library.cells["INV"].pins["Y"].powers[0].energy
    slew = float(timing.slew_ps[circuit.net(3)].mean())
    own = (power[RISE].at(slew, 1.0) + power[FALL].at(slew, 1.0)) / 2
    assert energy.logic_pj == pytest.approx((2 + own) / 1000)
    assert energy.glitch_pj == 0.0
    assert activity.stored.tolist() == [[0, 8, 8, 0]]


def test_leakage_at_the_clock_period():
    energy = Energy(
        logic_pj=1.0, glitch_pj=2.0, register_pj=3.0, clock_pj=4.0, input_pj=5.0, leakage_uw=6.0
    )
    assert energy.dynamic_pj == 15.0
    # 6 uW * 2 ns = 12 fJ.
    assert energy.total_pj(2.0) == pytest.approx(15.012)


#: y = not (a and not a): a pulse after each rising edge of a, as long as the inverter's delay.
HAZARD = netlist({"a": [2]}, [("INV", {"A": 2, "Y": 3}), ("NAND2", {"A": 2, "B": 3, "Y": 4})])


@pytest.mark.parametrize(
    ("inverter", "nand", "pulses"), [(5, 3, 1), (3, 5, 0), (4, 5, 0), (4, 4, 1)]
)
def test_a_pulse_shorter_than_the_delay_does_not_pass(inverter, nand, pulses):
    circuit, _, activity = simulated(HAZARD, toy(), BLINK, delays=[inverter, nand])
    inverted, output = circuit.net(3), circuit.net(4)
    # The input rises in 4 of the 8 counted cycles.
    assert activity.edges[output].tolist() == [4 * pulses, 4 * pulses]
    assert activity.settled[output] == 0
    assert activity.edges[inverted].tolist() == [4, 4]


def test_glitches_are_counted_apart():
    circuit, timing, activity = simulated(HAZARD, toy(), BLINK, delays=[5, 3])
    energy = energy_of(circuit, timing, activity)
    assert energy.glitch_pj == pytest.approx(activity.gate_fj[1] / activity.cycles / 1000)
    assert energy.glitch_pj >= 0 < energy.logic_pj


def test_a_value_that_waits_is_replaced():
    """Three edges 4 apart reach a gate of delay 5: only the last value comes out, once."""
    chain = netlist(
        {"a": [2]},
        [("INV", {"A": 2, "Y": 3}), ("INV", {"A": 3, "Y": 4}), ("NAND2", {"A": 3, "B": 4, "Y": 5})],
    )
    # With these delays both inputs of the NAND are 1 for 4 ticks after a falls.
    for delay, pulses in ((5, 0), (3, 4)):
        circuit, _, activity = simulated(chain, toy(), BLINK, delays=[2, 4, delay])
        assert activity.edges[circuit.net(5)].tolist() == [pulses, pulses]


STATES = """
  cell (AND2) { area : 1;
    pin (A) { direction : input; capacitance : 0;
      internal_power () { when : "!B"; related_pg_pin : VDD; rise_power (one) { index_1 ("0.1"); values ("7"); } }
      internal_power () { when : "!B"; related_pg_pin : VPB; rise_power (one) { index_1 ("0.1"); values ("0.5"); } } }
    pin (B) { direction : input; capacitance : 0; }
    pin (Y) { direction : output; function : "A & B";
      timing () { related_pin : "A"; timing_sense : positive_unate;
        cell_rise (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        cell_fall (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        rise_transition (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        fall_transition (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); } }
      timing () { related_pin : "B"; timing_sense : positive_unate;
        cell_rise (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        cell_fall (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        rise_transition (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); }
        fall_transition (t) { index_1 ("0.1"); index_2 ("1"); values ("0.1"); } }
      internal_power () { related_pin : "A"; related_pg_pin : VDD; rise_power (one) { index_1 ("0.1"); values ("10"); }
        fall_power (one) { index_1 ("0.1"); values ("20"); } }
      internal_power () { related_pin : "A"; related_pg_pin : VSS; rise_power (one) { index_1 ("0.1"); values ("1"); } }
      internal_power () { related_pin : "B"; when : "A"; related_pg_pin : VDD;
        rise_power (one) { index_1 ("0.1"); values ("30"); } fall_power (one) { index_1 ("0.1"); values ("40"); } }
      internal_power () { related_pin : "B"; related_pg_pin : VDD;
        rise_power (one) { index_1 ("0.1"); values ("1000"); } } } }
"""
AND = netlist({"a": [2], "b": [3]}, [("AND2", {"A": 2, "B": 3, "Y": 4})])


@pytest.mark.parametrize(
    ("rows", "energy_fj"),
    [
        # A rises and falls while B is 1: 10 + 1 of two supplies, then 20.
        ([[0, 1], [1, 1], [0, 1]], 31.0),
        # B rises and falls while A is 1: the entries whose condition holds.
        ([[1, 0], [1, 1], [1, 0]], 70.0),
        # A rises while B is 0: the energy of the input pin, 7 + 0.5 of two supplies. Falling: none.
        ([[0, 0], [1, 0], [0, 0]], 7.5),
        # B alone changes nothing and no entry holds.
        ([[0, 0], [0, 1], [0, 0]], 0.0),
    ],
)
def test_internal_energy_of_states_and_supplies(rows, energy_fj):
    library = hand_made(BUFFER + STATES)
    _, _, activity = simulated(AND, library, rows)
    assert activity.gate_fj.sum() == pytest.approx(energy_fj)


def test_delay_of_a_pin_is_the_mean_over_its_states():
    """An XOR has one arc per edge of the input and value of the other; events take their mean."""
    arcs = "".join(
        f"""timing () {{ related_pin : "A"; timing_sense : {sense}; when : "{when}";
        cell_rise (t) {{ index_1 ("0.1"); index_2 ("1"); values ("{delay}"); }}
        rise_transition (t) {{ index_1 ("0.1"); index_2 ("1"); values ("0.1"); }} }}"""
        for sense, when, delay in (("positive_unate", "!B", 0.1), ("negative_unate", "B", 0.3))
    )
    text = f"""cell (XOR2) {{ area : 1; pin (A) {{ direction : input; }} pin (B) {{ direction : input; }}
      pin (Y) {{ direction : output; function : "A ^ B"; {arcs} }} }}"""
    circuit = MappedNetlist(
        netlist({"a": [2], "b": [3]}, [("XOR2", {"A": 2, "B": 3, "Y": 4})], {"y": [4]}),
        hand_made(BUFFER + text),
    )
    timing = StaticTiming(circuit)
    assert timing.delay_ps[0, 0, RISE] == pytest.approx(200.0)
    # Static timing takes the slowest: 300 ps after the buffer outside.
    assert timing.arrival_ps[circuit.net(4), RISE] - timing.arrival_ps[
        circuit.net(2)
    ].max() == pytest.approx(300.0)
    assert timing.arrival_ps[circuit.net(4), FALL] < 0


def test_critical_path_is_listed():
    cells = [
        ("INV", {"A": 2, "Y": 3}),
        ("INV", {"A": 3, "Y": 4}),
        ("NAND2", {"A": 2, "B": 4, "Y": 5}),
    ]
    circuit = MappedNetlist(netlist({"a": [2]}, cells, {"y": [5]}), toy())
    timing = StaticTiming(circuit)
    assert [step.net for step in timing.path] == [circuit.net(bit) for bit in (2, 3, 4, 5)]
    assert [circuit.cell_at(step.net) for step in timing.path] == ["a", "INV/Y", "INV/Y", "NAND2/Y"]
    arrivals = [step.arrival_ps for step in timing.path]
    assert arrivals == sorted(arrivals)
    # The path ends with the setup time of a flip-flop outside, 50 ps.
    assert timing.period_ps == pytest.approx(arrivals[-1] + 50.0)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (netlist({}, [("INV", {"A": 2, "Y": 3}), ("INV", {"A": 3, "Y": 2})]), "combinational loop"),
        (netlist({}, [("XOR9", {"A": 2})]), "XOR9 is not in library toy"),
    ],
)
def test_bad_netlists(description, message):
    with pytest.raises(ToolError, match=message):
        MappedNetlist(description, toy())


def test_gated_clock_is_refused():
    cells = [("INV", {"A": 2, "Y": 5}), ("DFF", {"D": 3, "CK": 5, "Q": 4})]
    circuit = MappedNetlist(netlist({"clk": [2], "d": [3]}, cells), toy())
    with pytest.raises(ToolError, match="is not an input port"):
        assert circuit.clock


def test_stimulus_of_the_wrong_shape():
    circuit = MappedNetlist(INVERTER, toy())
    simulator = Simulator(circuit, StaticTiming(circuit))
    with pytest.raises(ToolError, match=r"shape \(9, 2\): needed are more than 1 cycles of 1 bits"):
        simulator.run(np.zeros((9, 2), np.uint8))
