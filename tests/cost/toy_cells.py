# ruff: noqa: E501 (Liberty texts are easier to read with long lines)
"""Made-up Liberty texts, small enough to check by hand, with any units and supplies."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from hwdse.cost.liberty import Library, load, read

TOY = Path(__file__).with_name("toy.lib")


def toy() -> Library:
    """The library of toy.lib: 2 V, ns, fF."""
    return load(TOY)


HEADER = """library (hand) {{
  time_unit : "{time}";
  voltage_unit : "1V";
  leakage_power_unit : "{leakage}";
  capacitive_load_unit ({capacitance});
  nom_voltage : 2.0;
  lu_table_template (t) {{ variable_1 : input_net_transition; variable_2 : total_output_net_capacitance; }}
  power_lut_template (p) {{ variable_1 : input_transition_time; variable_2 : total_output_net_capacitance; }}
  lu_table_template (c) {{ variable_1 : related_pin_transition; variable_2 : constrained_pin_transition; }}
  power_lut_template (one) {{ variable_1 : input_transition_time; }}
"""

FLIP_FLOP = """
  cell (DFF) {
    area : 8;
    ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
    pin (D) { direction : input; capacitance : 1; }
    pin (CK) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ"; }
  }
"""


def library_text(
    body: str, *, time: str = "1ns", capacitance: str = "1, ff", leakage: str = "1nW"
) -> str:
    """A Liberty text with the units asked for around some cells and wire loads."""
    header = HEADER.format(time=time, capacitance=capacitance, leakage=leakage)
    return f"{header}{FLIP_FLOP}{body}\n}}\n"


def hand_made(body: str, **units: str) -> Library:
    """A library of hand-made cells and one flip-flop."""
    return read(library_text(body, **units), "hand.lib")


Cells = Sequence[tuple[str, Mapping[str, int | str]]]


def netlist(
    inputs: Mapping[str, Sequence[int]], cells: Cells, outputs: Mapping[str, Sequence[int]] = {}
) -> dict[str, object]:
    """A netlist in Yosys's JSON schema: ports, and cells with a net per pin."""
    ports = {name: {"direction": "input", "bits": list(bits)} for name, bits in inputs.items()}
    ports |= {name: {"direction": "output", "bits": list(bits)} for name, bits in outputs.items()}
    return {
        "ports": ports,
        "cells": {
            f"u{number}": {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}
            for number, (kind, pins) in enumerate(cells)
        },
    }
