"""Machine files: the shipped ones, and what is wrong with others."""

import pytest

from hwdse.cost.system import load_machine, machines
from hwdse.errors import MachineError, TechnologyError

GOOD = """
dataflow = "weight-stationary"
clock_ns = 3
order = "nkm"
[array]
rows = 4
columns = 8
[sram]
memory = "sram45"
bytes = 65536
[dram]
memory = "hbm2"
gb_per_s = 256
[wires]
wire = "wire40"
"""


def load(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return load_machine(str(path))


@pytest.mark.parametrize("name", machines())
def test_shipped_machines_load(name):
    machine = load_machine(name)
    assert machine.name == name
    document = machine.to_json()
    assert document["rows"] == machine.rows
    assert "ISSCC 2014" in document["sram"]["memory"]["source"] or name == "server"


def test_a_machine_of_ones_own(tmp_path):
    machine = load(tmp_path, GOOD)
    assert (machine.name, machine.rows, machine.columns) == ("own", 4, 8)
    assert (machine.sram.banks, machine.sram.width_bits, machine.sram.bank_bytes) == (1, 64, 65536)
    assert machine.sram.double_buffered
    assert (machine.clock_ns, machine.order, machine.density) == (3.0, "nkm", 1.0)
    assert str(machine.dataflow) == "weight-stationary"
    assert machine.dram.memory.read_pj_per_bit(1) == 3.97


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("weight-", "wait-", r"own\.toml: unknown dataflow 'wait-stationary': near weight"),
        ("rows = 4", "rows = 0", r"\[array\]: rows = '0': a whole number from 1 to 65536"),
        ("rows = 4", "rows = 4.5", "rows = '4.5': a whole number"),
        ("rows = 4", "row = 4", "key rows is missing"),
        ("rows = 4", "rows = 4\nrank = 2", r"\[array\]: unknown key 'rank'"),
        ("[wires]", "[wire]", "key wires is missing"),
        ("bytes = 65536", "bytes = '64K'", "bytes = '64K': a whole number"),
        ("gb_per_s = 256", "gb_per_s = 0", "gb_per_s = '0': a number from 1e-06"),
        ("clock_ns = 3", "clock_ns = true", "clock_ns = 'True': a number"),
        ('"nkm"', '"nnm"', r"own\.toml: loop order 'nnm': allowed are"),
        ("[array]", "array = 3\n[other]", r"array = '3': a table \[array\]"),
        ("[sram]", "[sram]\ndouble_buffered = 1", "double_buffered = '1': true or false"),
        ("[array]", "[array", "is no valid TOML"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(MachineError, match=message):
        load(tmp_path, GOOD.replace(old, new, 1))


def test_unknown_parts_are_refused(tmp_path):
    with pytest.raises(TechnologyError, match="unknown memory 'sram46': near sram45"):
        load(tmp_path, GOOD.replace("sram45", "sram46"))
    with pytest.raises(TechnologyError, match="unknown wire 'wire4'"):
        load(tmp_path, GOOD.replace("wire40", "wire4"))
    with pytest.raises(MachineError, match="unknown machine 'edgy': near edge"):
        load_machine("edgy")
