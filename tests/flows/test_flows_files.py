"""Flows find themselves, and every one of them has files for every kind of unit."""

from dataclasses import replace

import pytest
from flows_folder import BARE, CLOCKED, coprocessor, package, streaming

from hwdse import flows
from hwdse.cli import main
from hwdse.errors import SpecError

NAMES = ("ecp5", "fusesoc", "ice40", "librelane", "litex", "orfs", "vivado")


def test_all_flows_are_known():
    assert flows.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "make", [lambda: package(CLOCKED), lambda: package(BARE), streaming, coprocessor]
)
def test_every_flow_has_files_for_every_unit(name, make):
    given = make()
    texts = flows.files([name], given)
    assert texts
    for path, text in texts.items():
        assert text.isascii()
        assert text.endswith("\n")
        assert all(line == line.rstrip() for line in text.splitlines()), path
        assert "None" not in text
    assert not set(texts) & {*given.verilog, given.sdc, "Makefile", "manifest.json"}
    assert flows.files([name, name], given) == texts


def test_flows_together_have_the_files_of_each():
    given = package(BARE)
    together = flows.files(NAMES, given)
    for name in NAMES:
        assert flows.files([name], given).items() <= together.items()


def test_a_new_flow_registers_by_being_defined(monkeypatch):
    monkeypatch.setattr(flows, "_FLOWS", dict(flows._FLOWS))
    flows.flow("mine")(lambda given: {"mine.txt": given.top})
    assert flows.files(["mine"], package(BARE)) == {"mine.txt": "e2m1fn_exact_e4m3fn_mul_stages0"}


def test_unknown_flow(tmp_path, capsys):
    with pytest.raises(SpecError, match="unknown flow 'quartus': known are ecp5, fusesoc, ice40, "):
        flows.files(["fusesoc", "quartus"], package(BARE))
    assert main(["generate", BARE, "-o", str(tmp_path / "unit"), "--flow", "quartus\n"]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert "known are ecp5, fusesoc, ice40, librelane, litex, orfs, vivado" in error
    assert list(tmp_path.iterdir()) == []


def test_packages_name_what_they_have():
    given = package(CLOCKED)
    with pytest.raises(SpecError, match="has no Verilog"):
        replace(given, verilog={})
    assert given.buses == {}
    assert list(streaming().buses) == ["s_axis", "m_axis"]
    assert given.interrupts == streaming().interrupts == ()
    assert list(coprocessor().buses) == ["s_axi", "m_axi"]
    assert coprocessor().interrupts == ("irq",)
