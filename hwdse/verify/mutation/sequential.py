"""Compares two modules over all sequences of inputs that begin with a reset.

A comparison of single steps fails if a fault changes a register that is written again before
anything reads it, because the registers then differ. Here, only what a receiver sees has to be
equal: handshakes, and data while they are valid. Property-directed reachability (PDR; Bradley,
"SAT-based model checking without unrolling", VMCAI 2011) finds the invariant that proves it.
"""

from hwdse.spec.interface import Interface
from hwdse.verify.mutation.cut import CutNetlist
from hwdse.verify.mutation.miter import miter


def sequential_comparison(verilog: str, top: str, interface: Interface) -> str:
    """Return the miter of `gold` and `gate`, which run side by side from the same arbitrary state.

    A reset comes first. Cycles with a reset are not compared.

    Args:
        verilog: Verilog of the flat module that becomes `gold`.
        top: name of the module.
        interface: interface of the unit. It has a clock.
    """
    cut = CutNetlist.of(verilog, top)
    cycles = max(interface.reset_cycles, 1)
    text = f"""  reg [{cycles}:0] passed = 1;
  always @(posedge clk) passed <= passed << 1 | 1;
  wire running = passed[{cycles}];
"""
    for k, (name, bits) in enumerate(cut.inputs.items()):
        value = f"(given_i{k} || !running)" if name == interface.reset else f"given_i{k}"
        text += f"  wire [{bits - 1}:0] at_i{k} = {value};\n"
    for side in ("gold", "gate"):
        for k, bits in enumerate(cut.states.values()):
            text += f"""  reg [{bits - 1}:0] {side}_r{k} = 0;
  wire [{bits - 1}:0] {side}0_s{k} = passed[1] ? {side}_r{k} : first_s{k};
"""
        text += cut.step(side, "at", f"{side}0", f"{side}1")
        for k in range(len(cut.states)):
            text += f"  always @(posedge clk) {side}_r{k} <= {side}1_s{k};\n"
    compared = f"running && !{cut.reset('at')}"
    seen = [f"({compared} && {term})" for term in _differences(cut, interface)]
    return miter(["input clk", *cut.free("first"), *cut.given("given")], text, seen)


def _differences(cut: CutNetlist, interface: Interface) -> list[str]:
    """Return Verilog terms that are 1 if a receiver or a sender sees a difference."""
    place = {name: k for k, name in enumerate(cut.outputs)}
    differ = dict(zip(cut.outputs, cut.differ("gold1", "gate1"), strict=True))
    for stream in interface.outputs:
        if not stream.valid:
            continue
        for port in map(stream.port_of, stream.fields):
            differ[port] = f"(gold1_o{place[stream.valid]} && {differ[port]})"
    return list(differ.values())
