"""Claims about decoders and encoders.

The caller states the meaning of a code, in one of two ways: as a list of values, or as the fields
of a binary float or posit. For fields, the Verilog files in the folder `verilog` of this package
state the meaning as in the standard.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib.wiring import Component

from hwdse.formats import Format, Minifloat, UnpackedShape
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.verify.formal.equivalence import Claim, rtlil_of
from hwdse.verify.formal.specs import (
    View,
    codes_mean,
    described,
    encoder_by_thresholds,
    module,
    record_means,
    record_view,
    table,
    together,
    view_means,
)

_VARIANTS = {"ieee": 0, "fn": 1, "finite": 2}
_VERILOG = Path(__file__).parent / "verilog"


@dataclass(frozen=True, kw_only=True)
class FloatFields:
    """Parameters of a signed binary float with subnormals in `float_decode.v`, `float_encode.v`.

    Attributes:
        exponent_bits: width of the exponent field.
        fraction_bits: width of the fraction field, which lies below the exponent field.
        bias: exponent bias.
        variant: `ieee`, `fn` or `finite`; see `hwdse.formats.Minifloat`.
    """

    exponent_bits: int
    fraction_bits: int
    bias: int
    variant: str

    @classmethod
    def of(cls, number_format: Format) -> "FloatFields | None":
        """Return the fields of a format, or None if the Verilog files do not cover the format."""
        f = number_format
        if not isinstance(f, Minifloat) or not f.signed or not f.subnormals:
            return None
        if f.variant not in _VARIANTS or f.fraction_bits == 0:
            return None
        return cls(
            exponent_bits=f.exponent_bits,
            fraction_bits=f.fraction_bits,
            bias=f.bias,
            variant=f.variant,
        )

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def lsb_exponent(self) -> int:
        """log2 of the smallest subnormal."""
        return 1 - self.bias - self.fraction_bits

    @property
    def number(self) -> int:
        """Number of the variant in the Verilog files."""
        return _VARIANTS[self.variant]


def verilog(name: str) -> str:
    """Return the text of a hand-written specification."""
    return (_VERILOG / f"{name}.v").read_text(encoding="utf-8")


def decoder_by_values(number_format: Format, rows: Mapping[int, Mapping[str, int]]) -> Claim:
    """Claim that a decoder gives the listed values. `rows` maps codes to rows of `view_row`."""
    _, outputs = record_view(number_format.unpacked, {"i": number_format.bits})
    return _decoder(number_format, table("spec", {"i": number_format.bits}, outputs, rows))


def float_decoder(number_format: Format, fields: FloatFields) -> Claim:
    """Claim that a decoder gives the values of a binary float."""
    _, outputs = record_view(number_format.unpacked, {"i": number_format.bits})
    up = fields.lsb_exponent - number_format.unpacked.exponent_min
    width = fields.fraction_bits + (1 << fields.exponent_bits)
    body = [
        f"  wire [{width - 1}:0] number;",
        f"  float_decode #(.E({fields.exponent_bits}), .M({fields.fraction_bits}),",
        f"    .VARIANT({fields.number})) decode(",
        "    .code(i), .nan(nan), .inf(inf), .negative(negative), .magnitude(number));",
        f"  assign magnitude = number << {up};",
        "  assign legal = 1;",
    ]
    spec = module("spec", {"i": fields.bits}, outputs, body)
    return _decoder(number_format, verilog("float_decode") + spec)


def posit_decoder(number_format: Format, *, bits: int, es: int) -> Claim:
    """Claim that a decoder gives the values of a posit with `es` exponent bits."""
    _, outputs = record_view(number_format.unpacked, {"i": number_format.bits})
    least = -(bits - 2) << es
    body = [
        f"  wire [{-2 * least}:0] number;",
        f"  posit_decode #(.N({bits}), .ES({es})) posit(",
        "    .code(i), .nan(nan), .negative(negative), .magnitude(number));",
        f"  assign magnitude = number << {least - number_format.unpacked.exponent_min};",
        "  assign inf = 0, legal = 1;",
    ]
    spec = module("spec", {"i": bits}, outputs, body)
    return _decoder(number_format, verilog("posit_decode") + spec)


def _decoder(number_format: Format, spec: str) -> Claim:
    shape = number_format.unpacked
    wrapper, _ = record_view(shape, {"i": number_format.bits})
    return Claim(
        name=f"decode {number_format}",
        gate=rtlil_of(decoder(number_format)),
        gate_top="top",
        wrapper=wrapper,
        spec=spec,
        meaning=together(codes_mean({"i": number_format}), view_means(shape)),
    )


def float_encoder(
    number_format: Format, shape: UnpackedShape, rounding: str, fields: FloatFields
) -> Claim:
    """Claim that an encoder rounds every record of a shape correctly to a binary float."""
    view = View(shape=shape, prefix="i")
    body = [
        view.declarations(),
        float_encode(fields, view.width, shape.exponent_min, rounding, "i"),
        "  always @* assume (i_legal);",
    ]
    spec = module("spec", view.ports(), {"o": fields.bits}, body)
    return encoder_claim(number_format, shape, rounding, verilog("float_encode") + spec)


def float_encode(fields: FloatFields, width: int, lsb: int, rounding: str, prefix: str) -> str:
    """Return an instance of `float_encode` that reads the wires of a view and drives `o`."""
    wires = ", ".join(f".{w}({prefix}_{w})" for w in ("nan", "inf", "negative", "magnitude"))
    return (
        f"  float_encode #(.W({width}), .LSB({lsb}), .E({fields.exponent_bits}),"
        f" .M({fields.fraction_bits}), .BIAS({fields.bias}), .VARIANT({fields.number}),"
        f" .MODE({DESIGN_ROUNDINGS.index(rounding)})) encode({wires}, .code(o));"
    )


def encoder_by_codes(
    number_format: Format,
    shape: UnpackedShape,
    rounding: str,
    code_of: Callable[[bool, int], int],
    *,
    nan: int,
    infinities: tuple[int, int],
) -> Claim:
    """Claim that an encoder gives the codes of a function; see `specs.encoder_by_thresholds`."""
    spec = encoder_by_thresholds(shape, number_format.bits, code_of, nan=nan, infinities=infinities)
    return encoder_claim(number_format, shape, rounding, spec)


def encoder_claim(
    number_format: Format,
    shape: UnpackedShape,
    rounding: str,
    spec: str,
    component: Component | None = None,
) -> Claim:
    """Claim that an encoder equals a specification."""
    component = component or encoder(number_format, shape, rounding)
    return Claim(
        name=f"encode {number_format}, {rounding}, from {described(shape)}",
        gate=rtlil_of(component),
        spec=spec,
        meaning=together(record_means(shape), codes_mean({"o": number_format})),
    )
