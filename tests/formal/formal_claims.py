"""Claims about components: the hardware on one side, a specification on the other."""

from pathlib import Path

from amaranth.lib.wiring import Component
from formal_references import decoder_rows, encoder_spec, reference

from hwdse import Design, formats
from hwdse.formats import UnpackedShape
from hwdse.hdl import emit
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.verify.formal import Claim, rtlil_of
from hwdse.verify.formal_specs import View, decoder_view, module, table

_HERE = Path(__file__).parent
_VARIANTS = {"ieee": 0, "fn": 1, "finite": 2}

#: Records that exercise every kind of shape, small enough to read a counterexample.
SMALL = {
    "float": UnpackedShape(
        significand_bits=6, exponent_min=-9, exponent_max=9, has_inf=True, has_nan=True
    ),
    "unsigned": UnpackedShape(significand_bits=5, exponent_min=-14, exponent_max=3, signed=False),
    "low": UnpackedShape(
        significand_bits=3, exponent_min=-20, exponent_max=-2, exponent_origin=-23
    ),
    "word": UnpackedShape(
        significand_bits=12, exponent_min=-4, exponent_max=-4, twos_complement=True
    ),
    "special word": UnpackedShape(
        significand_bits=9,
        exponent_min=-9,
        exponent_max=-9,
        twos_complement=True,
        has_inf=True,
        has_nan=True,
    ),
    "floating word": UnpackedShape(
        significand_bits=6,
        exponent_min=-8,
        exponent_max=8,
        exponent_origin=-11,
        twos_complement=True,
    ),
}


def verilog(name: str) -> str:
    """Text of a specification written by hand."""
    return (_HERE / f"{name}.v").read_text()


def decoder_by_table(name: str) -> Claim:
    number_format = formats.parse(name)
    shape, bits = number_format.unpacked, number_format.bits
    wrapper, outputs = decoder_view(shape, bits)
    spec = table("spec", {"i": bits}, outputs, decoder_rows(name, shape))
    return _decoder_claim(name, wrapper, spec)


def float_decoder(name: str) -> Claim:
    number_format, f = formats.parse(name), reference(name)
    wrapper, outputs = decoder_view(number_format.unpacked, number_format.bits)
    assert number_format.unpacked.exponent_min == 1 - f.bias - f.M
    body = [
        f"  float_decode #(.E({f.E}), .M({f.M}), .W({outputs['magnitude']})) number(",
        "    .code(i), .nan(nan), .inf(inf), .negative(negative), .magnitude(magnitude));",
        "  assign legal = 1;",
    ]
    spec = verilog("float_decode") + module("spec", {"i": f.bits}, outputs, body)
    return _decoder_claim(name, wrapper, spec)


def posit_decoder(name: str) -> Claim:
    number_format, p = formats.parse(name), reference(name)
    wrapper, outputs = decoder_view(number_format.unpacked, number_format.bits)
    least = -(p.n - 2) << p.es
    body = [
        f"  wire [{-2 * least}:0] number;",
        f"  posit_decode #(.N({p.n}), .ES({p.es})) posit(",
        "    .code(i), .nan(nan), .negative(negative), .magnitude(number));",
        f"  assign magnitude = number << {least - number_format.unpacked.exponent_min};",
        "  assign inf = 0, legal = 1;",
    ]
    spec = verilog("posit_decode") + module("spec", {"i": p.n}, outputs, body)
    return _decoder_claim(name, wrapper, spec)


def _decoder_claim(name: str, wrapper: str, spec: str) -> Claim:
    return Claim(
        name=f"decode {name}",
        gate=rtlil_of(decoder(formats.parse(name))),
        gate_top="top",
        wrapper=wrapper,
        spec=spec,
    )


def encoder_by_threshold(
    name: str, shape: UnpackedShape, rounding: str, component: Component | None = None
) -> Claim:
    component = component or encoder(formats.parse(name), shape, rounding)
    return Claim(
        name=f"encode {name} {rounding} {shape}",
        gate=rtlil_of(component),
        spec=encoder_spec(name, shape, rounding),
    )


def float_encoder(name: str, shape: UnpackedShape, rounding: str) -> Claim:
    view = View(shape=shape, prefix="i")
    body = [
        view.declarations(),
        float_encode(name, view.width, shape.exponent_min, rounding, "i"),
        "  always @* assume (i_legal);",
    ]
    spec = module("spec", view.ports(), {"o": reference(name).bits}, body)
    return Claim(
        name=f"encode {name} {rounding} {shape}",
        gate=rtlil_of(encoder(formats.parse(name), shape, rounding)),
        spec=verilog("float_encode") + spec,
    )


def float_encode(name: str, width: int, lsb: int, rounding: str, prefix: str) -> str:
    """An instance of float_encode.v that reads the wires of a view and drives `o`."""
    f = reference(name)
    wires = ", ".join(f".{w}({prefix}_{w})" for w in ("nan", "inf", "negative", "magnitude"))
    return (
        f"  float_encode #(.W({width}), .LSB({lsb}), .E({f.E}), .M({f.M}), .BIAS({f.bias}),"
        f" .VARIANT({_VARIANTS[f.variant]}), .MODE({DESIGN_ROUNDINGS.index(rounding)}))"
        f" encode({wires}, .code(o));"
    )


def float_fma(a: str, b: str, c: str, out: str, rounding: str) -> Claim:
    """The bare unit of binary floats, which is decoders, multiplier, adder and encoder in one."""
    parameters, inputs = [], {}
    for letter, name in zip("ABC", (a, b, c), strict=True):
        f = reference(name)
        parameters += [f".E{letter}({f.E})", f".M{letter}({f.M})"]
        parameters += [f".LSB_{letter}({1 - f.bias - f.M})"]
        parameters += [f".VARIANT_{letter}({_VARIANTS[f.variant]})"]
        inputs[f"i_{letter.lower()}"] = f.bits
    f = reference(out)
    parameters += [f".EO({f.E})", f".MO({f.M})", f".BIAS_O({f.bias})"]
    parameters += [f".VARIANT_O({_VARIANTS[f.variant]})"]
    parameters += [f".MODE({DESIGN_ROUNDINGS.index(rounding)})"]
    body = [f"  float_fma #({', '.join(parameters)}) fma(.a(i_a), .b(i_b), .c(i_c), .o(o));"]
    design = Design.parse(f"a={a},b={b},c={c},out={out},rounding={rounding},unit=fma")
    parts = [verilog(name) for name in ("float_decode", "float_encode", "float_fma")]
    return Claim(
        name=str(design),
        gate=emit(design),
        gate_top=design.slug,
        spec="".join([*parts, module("spec", inputs, {"o": f.bits}, body)]),
    )
