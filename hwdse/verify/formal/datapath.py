"""Claims about multipliers, accumulator steps and whole units without a clock."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.hdl import emit
from hwdse.hdl.accumulate import step
from hwdse.hdl.component import Component
from hwdse.hdl.multiply import multiplier, operand_decoder, product_signature
from hwdse.hdl.unpacked import connect, unpacked_signature
from hwdse.spec import Design, IntegerSum, Multiplier
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.spec.interface import Stream
from hwdse.verify.formal.codecs import FloatFields, verilog
from hwdse.verify.formal.equivalence import Claim, rtlil_of
from hwdse.verify.formal.specs import (
    View,
    codes_mean,
    described,
    module,
    record_means,
    record_view,
    table,
    together,
    view_means,
    view_row,
)


class _Product(Component):
    """The decoders of both operands, followed by the multiplier."""

    def __init__(self, mul: Multiplier, a: Format, b: Format) -> None:
        self._parts = operand_decoder(mul, a), operand_decoder(mul, b), multiplier(mul, a, b)
        product = product_signature(mul, a, b)
        super().__init__({"a": In(a.bits), "b": In(b.bits), "o": Out(product)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        decode_a, decode_b, multiply = self._parts
        m.submodules += [decode_a, decode_b, multiply]
        m.d.comb += [decode_a.i.eq(self.a), decode_b.i.eq(self.b)]
        connect(m, multiply.a, decode_a.o)
        connect(m, multiply.b, decode_b.o)
        connect(m, self.o, multiply.o)
        return m


def product_by_values(mul: Multiplier, a: Format, b: Format) -> Claim:
    """Claim that decoders and multiplier give the product of the golden model for all code pairs.

    If a product is NaN or infinite, the other fields of the record may have any value.
    """
    shape, inputs = mul.product(a, b), {"a": a.bits, "b": b.bits}
    signature = product_signature(mul, a, b)
    record = View(shape=shape, prefix="o").ports()
    ports = [f"o__{name}" for name in signature.members]
    wrapper, outputs = record_view(
        shape, inputs, extra=[p for p in ports if p not in record], legal_specials=False
    )
    codes = np.arange(1 << (a.bits + b.bits))
    products = multiply(mul, codes >> b.bits, codes & ((1 << b.bits) - 1), a, b).exact()
    rows = {int(code): view_row(products, shape, int(code)) for code in codes}
    return Claim(
        name=f"multiply {a} by {b}, {mul}",
        gate=rtlil_of(_Product(mul, a, b)),
        gate_top="top",
        wrapper=wrapper,
        spec=table("spec", inputs, outputs, rows),
        meaning=together(codes_mean({"a": a, "b": b}), view_means(shape)),
    )


def carries_records_only(design: Design) -> bool:
    """Return True if products are plain records without further signals, as `exact_step` needs."""
    members = product_signature(design.mul, design.a, design.b).members
    return set(members) == set(unpacked_signature(design.product).members)


def exact_step(design: Design) -> Claim:
    """Claim that a step of a fixed-point accumulator adds the products, if they are finite.

    The unit of the accumulator word is the last bit of the products. The word wraps around, or
    saturates if the accumulator saturates.
    """
    acc, product, width = design.accumulator, design.product, design.state.significand_bits
    hardware = step(acc, design)
    lanes = [View(shape=product, prefix=f"i{k}") for k in range(design.unit.group)]
    records = {name: bits for lane in lanes for name, bits in lane.ports().items()}
    inputs = {"clear": 1, "state": hardware.layout.size, **records}
    wide = max(width, lanes[0].width + len(lanes)) + 2
    terms = [f"({lane.prefix}_negative ? -wide{k} : wide{k})" for k, lane in enumerate(lanes)]
    limit = 1 << (width - 1)
    saturates = isinstance(acc, IntegerSum) and acc.saturate
    body = [
        *(lane.declarations() for lane in lanes),
        *(
            f"  wire signed [{wide - 1}:0] wide{k} = {lane.prefix}_magnitude;"
            for k, lane in enumerate(lanes)
        ),
        f"  wire signed [{width - 1}:0] before = clear ? 0 : state[{width - 1}:0];",
        f"  wire signed [{wide - 1}:0] sum = before + {' + '.join(terms)};",
        f"  wire above = sum >= {wide}'sd{limit}, below = sum < -{wide}'sd{limit};",
        f"  assign total = {int(saturates)} && above ? {width}'d{limit - 1} :"
        f" {int(saturates)} && below ? {width}'d{limit} : sum[{width - 1}:0];",
        *(f"  always @* assume ({lane.prefix}_legal && {lane.prefix}_finite);" for lane in lanes),
    ]
    joined = ", ".join(f".{name}({name})" for name in inputs)
    count = "1 product" if len(lanes) == 1 else f"{len(lanes)} products"
    wrapped = [
        f"  wire [{hardware.layout.size - 1}:0] next;",
        f"  gate gate({joined}, .next(next));",
        f"  assign total = next[{width - 1}:0];",
    ]
    return Claim(
        name=f"accumulate {acc}, {count} of {described(product)}",
        gate=rtlil_of(hardware),
        gate_top="top",
        wrapper=module("top", inputs, {"total": width}, wrapped),
        spec=module("spec", inputs, {"total": width}, body),
        meaning=together(*(record_means(product, lane.prefix) for lane in lanes)),
    )


def unit_by_values(design: Design, golden: Callable[..., Array]) -> Claim:
    """Claim that a unit without a clock gives the code of the golden model for all operands."""
    operands = _operands(design)
    inputs = {name: f.bits for name, f in operands.items()}
    left, codes = np.arange(1 << sum(inputs.values())), []
    for bits in reversed(inputs.values()):
        codes.append(left & ((1 << bits) - 1))
        left = left >> bits
    results = golden(design, *reversed(codes))
    (result,) = _results(design)
    rows = {k: {result: int(code)} for k, code in enumerate(results)}
    return _unit(design, table("spec", inputs, {result: design.out.bits}, rows))


def float_fma(design: Design, fields: Mapping[str, FloatFields]) -> Claim:
    """Claim that a fused multiply-add of binary floats is correct.

    Args:
        design: the design.
        fields: fields of the formats `a`, `b`, `c` and `out`.
    """
    parameters = []
    for letter in "abc":
        f, name = fields[letter], letter.upper()
        parameters += [f".E{name}({f.exponent_bits})", f".M{name}({f.fraction_bits})"]
        parameters += [f".LSB_{name}({f.lsb_exponent})", f".VARIANT_{name}({f.number})"]
    out = fields["out"]
    parameters += [f".EO({out.exponent_bits})", f".MO({out.fraction_bits})"]
    parameters += [f".BIAS_O({out.bias})", f".VARIANT_O({out.number})"]
    parameters += [f".MODE({DESIGN_ROUNDINGS.index(design.rounding)})"]
    inputs = {port: f.bits for port, f in _operands(design).items()}
    wires = ", ".join(f".{c}({port})" for c, port in zip("abc", inputs, strict=True))
    (result,) = _results(design)
    outputs = {result: out.bits}
    body = [f"  float_fma #({', '.join(parameters)}) fma({wires}, .o({result}));"]
    parts = [verilog(name) for name in ("float_decode", "float_encode", "float_fma")]
    return _unit(design, "".join([*parts, module("spec", inputs, outputs, body)]))


def _operands(design: Design) -> dict[str, Format]:
    """Return the formats of the input ports, in order."""
    return _formats(design.interface.inputs)


def _results(design: Design) -> dict[str, Format]:
    """Return the formats of the output ports, in order."""
    return _formats(design.interface.outputs)


def _formats(streams: Sequence[Stream]) -> dict[str, Format]:
    parts = {stream.port_of(part): part.format for stream in streams for part in stream.fields}
    return {port: f for port, f in parts.items() if f is not None}


def _unit(design: Design, spec: str) -> Claim:
    return Claim(
        name=str(design),
        gate=emit(design),
        gate_top=design.slug,
        spec=spec,
        meaning=codes_mean(_operands(design) | _results(design)),
    )
