"""Gates of one fused step, with any addend, equal what an H100 computed."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out
from gate_level import GateLevel
from reference import h100
from sampled import some

from hwdse import Design
from hwdse.hdl.accumulate.aligned_sum import AlignedSum, goes_to_infinity
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode.binary_float import BinaryFloatEncoder
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.unpacked import connect

SAMPLES = 4096


class FusedStep(Component):
    """Operands and a running value in, the next running value out; no register."""

    def __init__(self, design: Design) -> None:
        self._design, self._lanes = design, design.unit.group
        ports = {"c": In(32), "o": Out(32)}
        for lane in range(self._lanes):
            ports |= {f"a{lane}": In(design.a.bits), f"b{lane}": In(design.b.bits)}
        super().__init__(ports)

    def elaborate(self, platform) -> Module:
        m, design = Module(), self._design
        acc = design.accumulator
        m.submodules.add = add = AlignedSum(acc, design, self._lanes)
        m.submodules.addend = addend = decoder(acc.format)
        m.submodules.convert = convert = BinaryFloatEncoder(
            acc.format,
            add.shape,
            acc.rounding,
            to_infinity=goes_to_infinity(acc, design),
            signed_zero=acc.signed_zero,
        )
        padding = 32 - acc.format.bits
        m.d.comb += [addend.i.eq(self.c >> padding), self.o.eq(convert.o << padding)]
        connect(m, add.c, addend.o)
        connect(m, convert.i, add.o)
        for lane in range(self._lanes):
            multiply = multiplier(design.mul, design.a, design.b)
            m.submodules[f"multiply{lane}"] = multiply
            for name, number_format in (("a", design.a), ("b", design.b)):
                decode = operand_decoder(design.mul, number_format)
                m.submodules[f"decode_{name}{lane}"] = decode
                m.d.comb += decode.i.eq(getattr(self, f"{name}{lane}"))
                connect(m, getattr(multiply, name), decode.o)
            connect(m, getattr(add, f"p{lane}"), multiply.o)
        return m


def stepped(gates: GateLevel, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    lanes = range(a.shape[1])
    codes = {f"a{k}": a[:, k] for k in lanes} | {f"b{k}": b[:, k] for k in lanes}
    return gates(c=c, **codes)["o"].astype(np.uint32)


ADDENDS = [
    *((file, key) for key in ("fp16", "bf16", "tf32") for file in ("sample", "special")),
    *(("chains", key) for key in ("bf16tiny_x1", "tf32tiny_x1")),
]


@pytest.mark.parametrize(("file", "key"), some(ADDENDS, 3, map("-".join, ADDENDS)))
def test_instructions_with_addend(file: str, key: str) -> None:
    recording = h100.tiles(file, key)
    step = -(-len(recording.d) // SAMPLES)
    recording = recording.part(slice(None, None, step))
    gates = GateLevel(FusedStep(recording.design))
    found = recording.c
    lanes = recording.design.unit.group
    for k in range(0, recording.a.shape[1], lanes):
        part = slice(k, k + lanes)
        found = stepped(gates, recording.a[:, part], recording.b[:, part], found)
    assert len(found) >= 2000
    assert np.count_nonzero(~h100.same(found, recording.d)) == 0


@pytest.mark.long
@pytest.mark.parametrize("key", some(["e4m3", "e5m2"], 2))
def test_fp8_products(key: str) -> None:
    compared = 0
    for file, k, result in (("special", 32, "d"), ("special", 512, "d"), ("sample", 128, "d")):
        design, a, b, d = h100.product(file, f"{key}_k{k}", result)
        a, d = a[:16], d[:16]
        gates = GateLevel(FusedStep(design))
        shape = (len(a), len(b), k)
        a = np.broadcast_to(a[:, None], shape).reshape(-1, k)
        b = np.broadcast_to(b[None], shape).reshape(-1, k)
        found = np.zeros(len(a), np.uint32)
        for first in range(0, k, 32):
            part = slice(first, first + 32)
            found = stepped(gates, a[:, part], b[:, part], found)
        assert np.count_nonzero(~h100.same(found, d.reshape(-1))) == 0
        compared += len(found)
    assert compared >= 2500
