"""Gate-level energy against figures worked out by hand from toy.lib (2 V, fF)."""

from pathlib import Path

import pytest

from hwdse.cost import liberty
from hwdse.cost.activity import Simulator
from hwdse.errors import ToolError

LIBRARY = liberty.load(Path(__file__).with_name("toy.lib"))


def netlist(inputs, cells):
    return {
        "ports": {name: {"direction": "input", "bits": bits} for name, bits in inputs.items()},
        "cells": {
            f"u{k}": {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}
            for k, (kind, pins) in enumerate(cells)
        },
    }


def energy(description, **stimuli):
    return Simulator(description, LIBRARY).energy_per_cycle(
        cycles=10, lanes=8, seed=1, stimuli=stimuli
    )


def blink(_random, cycle):
    return cycle % 2


def test_toggling_inverter():
    # Input net: 1/2 * 1 fF * (2 V)**2 = 2 fJ; output: 2 fJ inside the cell.
    assert energy(netlist({"a": [2]}, [("INV", {"A": 2, "Y": 3})]), a=blink) == pytest.approx(0.004)


def test_quiet_inverter_costs_nothing():
    assert energy(netlist({"a": [2]}, [("INV", {"A": 2, "Y": 3})]), a=lambda _r, _c: 1) == 0.0


def test_load_is_charged_to_the_net_that_drives_it():
    # Net 3 drives pin B of the gate: 1/2 * 2 fF * 4 V**2 = 4 fJ more; its other input is held low.
    chain = [("INV", {"A": 2, "Y": 3}), ("NAND2", {"A": "0", "B": 3, "Y": 4})]
    assert energy(netlist({"a": [2]}, chain), a=blink) == pytest.approx(0.008)


def test_order_of_cells_does_not_matter():
    chain = [("INV", {"A": 3, "Y": 4}), ("INV", {"A": 2, "Y": 3})]
    forth = energy(netlist({"a": [2]}, chain), a=blink)
    assert forth == energy(netlist({"a": [2]}, chain[::-1]), a=blink) == pytest.approx(0.008)


def test_random_operands_toggle_half_the_time_and_repeat_with_the_seed():
    simulator = Simulator(netlist({"a": [2]}, [("INV", {"A": 2, "Y": 3})]), LIBRARY)
    once = simulator.energy_per_cycle(cycles=50, lanes=64, seed=3)
    assert once == simulator.energy_per_cycle(cycles=50, lanes=64, seed=3)
    assert once == pytest.approx(0.002, rel=0.1)


def test_idle_flip_flop_pays_for_its_clock():
    # Twice (5 fJ inside + 1/2 * 1 fF * 4 V**2) a cycle.
    cells = [("DFF", {"D": 2, "CK": 3, "Q": 4})]
    quiet = netlist({"d": [2], "clk": [3]}, cells)
    assert energy(quiet, d=lambda _r, _c: 0) == pytest.approx(0.014)


def test_divider_toggles_once_a_cycle():
    # Q drives an inverter back to D: both nets toggle every cycle.
    cells = [("DFF", {"D": 4, "CK": 2, "Q": 3}), ("INV", {"A": 3, "Y": 4})]
    clocked = 0.014
    inverter_input, inverter_output, data_pin = 0.002, 0.002, 0.002
    expected = clocked + inverter_input + inverter_output + data_pin
    assert energy(netlist({"clk": [2]}, cells)) == pytest.approx(expected)


def test_combinational_loop():
    cells = [("INV", {"A": 2, "Y": 3}), ("INV", {"A": 3, "Y": 2})]
    with pytest.raises(ToolError, match="combinational loop"):
        Simulator(netlist({}, cells), LIBRARY)


def test_unknown_cell():
    with pytest.raises(ToolError, match="XOR9"):
        Simulator(netlist({}, [("XOR9", {"A": 2})]), LIBRARY)
