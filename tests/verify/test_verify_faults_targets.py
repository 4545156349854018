"""Faults planted in what is special to a target: verification must notice them."""

from importlib import import_module

import pytest
from amaranth.hdl import Const
from sampled import some

from hwdse import Design
from hwdse.errors import VerificationError
from hwdse.hdl import Target, blocks, emit
from hwdse.verify import verify

EMIT = import_module("hwdse.hdl.emit")
ECP5 = Target.parse("ecp5")


def forget() -> None:
    for cached in (emit, EMIT._pipelined, EMIT.flat_netlist):
        cached.cache_clear()


def without_operand_registers(original):
    """A multiplier module that lacks the registers at its operands."""

    def module_of(kind):
        module = original(kind)
        held = {name: cell for name, cell in module["cells"].items() if "held" in name}
        same = {
            late: early
            for cell in held.values()
            for early, late in zip(cell["connections"]["D"], cell["connections"]["Q"], strict=True)
        }
        for name in held:
            del module["cells"][name]
            del module["netnames"][name.removeprefix("$")]
        for cell in module["cells"].values():
            for pin, bits in cell["connections"].items():
                cell["connections"][pin] = [same.get(bit, bit) for bit in bits]
        return module

    return module_of


def one_too_little(original):
    """A sum by carry chains that always takes one off a positive difference."""

    def broken(m, x, y, *, subtract, inexact, name):
        return original(m, x, y, subtract=subtract, inexact=Const(1, 1), name=name)

    return broken


@pytest.mark.parametrize(
    ("spec", "module", "name", "broken"),
    some(
        [
            ("a=int4,acc=int:12,stages=3", EMIT, "module_of", without_operand_registers),
            ("a=e4m3fn,acc=fp:bf16", blocks, "_absolute_by_chains", one_too_little),
        ],
        2,
        ["multiplier", "chains"],
    ),
)
def test_a_planted_fault_is_found(spec, module, name, broken, monkeypatch):
    monkeypatch.setattr(module, name, broken(getattr(module, name)))
    forget()
    try:
        with pytest.raises(VerificationError, match=r"mismatches in \d+ outputs"):
            verify(Design.parse(spec), "quick", target=ECP5)
    finally:
        forget()
