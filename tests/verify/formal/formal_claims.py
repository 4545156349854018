"""Claims about components: the hardware on one side, a specification on the other."""

from pathlib import Path

from amaranth.lib.wiring import Component
from formal_references import decoder_rows, encoder_spec, reference

from hwdse import Design, formats
from hwdse.formats import UnpackedShape
from hwdse.verify.formal import Claim, codecs, datapath
from hwdse.verify.formal.codecs import FloatFields

_HERE = Path(__file__).parent

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
    """Text of a specification written by hand for these tests."""
    return (_HERE / f"{name}.v").read_text()


def fields(name: str) -> FloatFields:
    """The fields of a binary float as the reference knows them."""
    f = reference(name)
    return FloatFields(exponent_bits=f.E, fraction_bits=f.M, bias=f.bias, variant=f.variant)


def decoder_by_table(name: str) -> Claim:
    number_format = formats.parse(name)
    return codecs.decoder_by_values(number_format, decoder_rows(name, number_format.unpacked))


def float_decoder(name: str) -> Claim:
    return codecs.float_decoder(formats.parse(name), fields(name))


def posit_decoder(name: str) -> Claim:
    p = reference(name)
    return codecs.posit_decoder(formats.parse(name), bits=p.n, es=p.es)


def encoder_by_threshold(
    name: str, shape: UnpackedShape, rounding: str, component: Component | None = None
) -> Claim:
    spec = encoder_spec(name, shape, rounding)
    return codecs.encoder_claim(formats.parse(name), shape, rounding, spec, component)


def float_encoder(name: str, shape: UnpackedShape, rounding: str) -> Claim:
    return codecs.float_encoder(formats.parse(name), shape, rounding, fields(name))


def float_fma(a: str, b: str, c: str, out: str, rounding: str) -> Claim:
    """The bare unit of binary floats, which is decoders, multiplier, adder and encoder in one."""
    design = Design.parse(f"a={a},b={b},c={c},out={out},rounding={rounding},unit=fma")
    named = {"a": a, "b": b, "c": c, "out": out}
    return datapath.float_fma(design, {port: fields(name) for port, name in named.items()})
