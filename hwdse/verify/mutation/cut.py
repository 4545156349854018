"""Cuts a flat module at its registers and memories, so that a step becomes combinational logic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hwdse.tools.yosys import run_yosys

#: Yosys commands that read the flat module in `unit.v`.
PREPARE = """read_verilog unit.v
hierarchy -top {top}
proc -norom
opt_expr
opt_merge
opt_clean
"""
#: Yosys commands that turn memories into registers, and registers into ports.
CUT = """memory_collect
memory_map
expose -evert-dff -dff {top}
"""
_PORT = re.compile(r"^\s*(input|output)\s+(?:\[(\d+):0\]\s+)?(\\\S+|\w+)\s*;", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class CutNetlist:
    """A module with its registers as ports. `X.q` is the state of register X, `X.d` the next state.

    Attributes:
        inputs: widths of the inputs by name, without states.
        outputs: widths of the outputs by name, without next states.
        states: widths of the registers by name.
    """

    inputs: dict[str, int]
    outputs: dict[str, int]
    states: dict[str, int]

    @classmethod
    def of(cls, verilog: str, top: str) -> "CutNetlist":
        """Cut a flat module at its registers."""
        script = PREPARE.format(top=top) + CUT.format(top=top) + "write_verilog -noattr cut.v\n"
        _, texts = run_yosys({"unit.v": verilog}, script, kept=["cut.v"])
        ports: dict[str, dict[str, int]] = {"input": {}, "output": {}}
        for direction, msb, name in _PORT.findall(texts["cut.v"]):
            ports[direction][name.removeprefix("\\")] = int(msb or 0) + 1
        states = {name[:-2]: n for name, n in ports["input"].items() if name.endswith(".q")}
        ends = tuple(f"{name}.{end}" for name in states for end in "qdc")
        inputs, outputs = (
            {name: n for name, n in ports[direction].items() if name not in ends}
            for direction in ("input", "output")
        )
        return cls(inputs=inputs, outputs=outputs, states=states)

    @staticmethod
    def word(at: str, places: tuple[int, ...]) -> str:
        """Return a Verilog term that joins the contents of some registers in the state `at`."""
        return f"{{{', '.join(f'{at}_s{k}' for k in places)}}}"

    def reset(self, at: str) -> str:
        """Return the Verilog name of the reset input in the inputs `at`, or constant 0."""
        return f"{at}_i{list(self.inputs).index('rst')}" if "rst" in self.inputs else "1'b0"

    def free(self, at: str) -> list[str]:
        """Return port declarations for an arbitrary state `at`."""
        return [f"input [{n - 1}:0] {at}_s{k}" for k, n in enumerate(self.states.values())]

    def given(self, at: str) -> list[str]:
        """Return port declarations for the inputs `at`."""
        return [f"input [{n - 1}:0] {at}_i{k}" for k, n in enumerate(self.inputs.values())]

    def step(self, module: str, inputs: str, before: str, after: str) -> str:
        """Return Verilog of a step from state `before` to state `after`.

        The outputs of the step are named after `after`, too.
        """
        joined = [f".\\{name} ({inputs}_i{k})" for k, name in enumerate(self.inputs)]
        joined += [f".\\{name} ({after}_o{k})" for k, name in enumerate(self.outputs)]
        for k, name in enumerate(self.states):
            joined += [f".\\{name}.q ({before}_s{k})", f".\\{name}.d ({after}_s{k})"]
        wires = [f"  wire [{n - 1}:0] {after}_o{k};\n" for k, n in enumerate(self.outputs.values())]
        wires += [f"  wire [{n - 1}:0] {after}_s{k};\n" for k, n in enumerate(self.states.values())]
        return "".join(wires) + f"  {module} to_{after}({', '.join(joined)});\n"

    def run(
        self, modules: Sequence[str], inputs: Sequence[str], before: str, name: str
    ) -> tuple[str, list[str]]:
        """Return Verilog of consecutive steps, one per module, and the names of the states after.

        Outputs have the same names as the states after the step.
        """
        text, after = "", [f"{name}{t}" for t in range(len(modules))]
        for module, at, start, end in zip(
            modules, inputs, [before, *after[:-1]], after, strict=True
        ):
            text += self.step(module, at, start, end)
        return text, after

    def in_reset(self, at: str) -> str:
        """Return wires `<at>_reset`, which equal the inputs `at` except that the reset is 1."""
        return "".join(
            f"  wire [{n - 1}:0] {at}_reset_i{k} = {'1' if name == 'rst' else f'{at}_i{k}'};\n"
            for k, (name, n) in enumerate(self.inputs.items())
        )

    def differ(self, left: str, right: str) -> list[str]:
        """Return Verilog terms that are 1 if an output of two steps differs."""
        return [f"({left}_o{k} != {right}_o{k})" for k in range(len(self.outputs))]
