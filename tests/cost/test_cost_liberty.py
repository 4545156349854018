"""Liberty files and the Boolean functions in them."""

import gzip
from itertools import product
from pathlib import Path

import pytest

from hwdse.cost import liberty
from hwdse.cost.boolean import compile_function
from hwdse.errors import TechnologyError

TOY = Path(__file__).with_name("toy.lib")


def test_toy_library():
    library = liberty.load(TOY)
    assert (library.name, library.voltage, library.temperature) == ("toy", 2.0, 25.0)
    assert set(library.cells) == {"INV", "BUF", "NAND2", "DFF"}
    inverter = library.cells["INV"]
    assert inverter.area_um2 == 1.0
    assert inverter.pins["A"].capacitance_ff == 1.0
    assert inverter.pins["Y"].function == "!A"
    # The middle of both tables, mean of rise and fall, in fF * V**2 = fJ.
    assert inverter.pins["Y"].internal_pj == pytest.approx(0.002)


def test_flip_flop():
    flop = liberty.load(TOY).cells["DFF"]
    assert flop.next_state == "D"
    assert flop.state == ("IQ", "IQN")
    assert flop.pins["CK"].clock
    assert not flop.pins["D"].clock
    assert flop.pins["CK"].internal_pj == pytest.approx(0.005)


def test_compressed_file_reads_the_same(tmp_path):
    packed = tmp_path / "toy.lib.gz"
    packed.write_bytes(gzip.compress(TOY.read_bytes()))
    assert liberty.load(packed) == liberty.load(TOY)


def test_brace_on_its_own_line_and_missing_semicolons(tmp_path):
    text = TOY.read_text().replace("cell (NAND2) {", "cell (NAND2)\n  {")
    path = tmp_path / "loose.lib"
    path.write_text(text.replace("area : 2.0;", "area : 2.0").replace('"!(A & B)";', '"!(A & B)"'))
    assert liberty.load(path) == liberty.load(TOY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no Liberty file"),
        ("module top(); endmodule", "no Liberty file"),
        ("library (x) { cell (A) { area : 1;", "no Liberty file"),
        ("library (x) { nom_voltage : 1.0; }", "capacitive_load_unit"),
        ("library (x) { capacitive_load_unit (1, inches); nom_voltage : 1.0; }", "inches"),
    ],
)
def test_damaged_library(tmp_path, content, message):
    path = tmp_path / "bad.lib"
    path.write_text(content)
    with pytest.raises(TechnologyError, match=message) as caught:
        liberty.load(path)
    assert "\n" not in str(caught.value)


def test_missing_and_truncated_file(tmp_path):
    with pytest.raises(TechnologyError, match=r"absent\.lib: No such file"):
        liberty.load(tmp_path / "absent.lib")
    half = tmp_path / "half.lib.gz"
    half.write_bytes(gzip.compress(TOY.read_bytes())[:200])
    with pytest.raises(TechnologyError, match=r"half\.lib\.gz, unpacked: .*end-of-stream"):
        liberty.load(half)


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
def test_boolean_functions(text, reference):
    names, function = compile_function(text)
    rows = list(product((0, 1), repeat=len(names)))
    ones = (1 << len(rows)) - 1
    words = [sum(row[k] << lane for lane, row in enumerate(rows)) for k in range(len(names))]
    expected = sum(bool(reference(*row)) << lane for lane, row in enumerate(rows))
    assert function(ones, *words) == expected


@pytest.mark.parametrize("text", ["", "A &", "(A", "A)", "A ? B", "__import__('os')", "& A"])
def test_damaged_boolean_function(text):
    with pytest.raises(TechnologyError, match="cannot read the cell function"):
        compile_function(text)
