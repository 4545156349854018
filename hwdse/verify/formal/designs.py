"""Chooses the claims of a design: the parts that have a specification apart from the hardware."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic, Posit, Unpacked, UnpackedShape
from hwdse.golden.stateless import STATELESS
from hwdse.hdl.decode import decoder
from hwdse.hdl.multiply import operand_decoder
from hwdse.spec import Design, Fma, IntegerSum, Kulisch
from hwdse.verify.formal.codecs import (
    FloatFields,
    decoder_by_values,
    encoder_by_codes,
    float_decoder,
    float_encoder,
    posit_decoder,
)
from hwdse.verify.formal.datapath import (
    carries_records_only,
    exact_step,
    float_fma,
    product_by_values,
    unit_by_values,
)
from hwdse.verify.formal.equivalence import Claim
from hwdse.verify.formal.specs import view_row

#: Codes of up to `_CODE_BITS` bits are listed one by one. Products and whole units are listed if
#: all operands together have up to `_OPERAND_BITS` bits.
_CODE_BITS, _OPERAND_BITS = 8, 12
#: Widest operands, in bits, for which a SAT solver decides a float fused multiply-add in minutes.
_FMA_BITS = 8


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The claims of a design.

    Attributes:
        claims: the claims.
        unclaimed: one text for each part without a claim, with the reason.
    """

    claims: tuple[Claim, ...]
    unclaimed: tuple[str, ...]


def claims_of(design: Design) -> Claims:
    """Return claims about the parts of a design, or about a whole unit without a running sum.

    Claims are about combinational logic, so inserted registers are left out.

    Raises:
        SpecError: no part of the design has a claim, or a part has no generator.
    """
    plain = replace(design, unit=design.unit.plain())
    found = list(_bare(plain) if type(plain.unit) in STATELESS else _of_parts(plain))
    claims = {claim.name: claim for claim in found if isinstance(claim, Claim)}
    unclaimed = tuple(dict.fromkeys(reason for reason in found if isinstance(reason, str)))
    if not claims:
        raise SpecError(
            f"design {design}: no part of it has a formal claim: {'; '.join(unclaimed)}"
        )
    return Claims(claims=tuple(claims.values()), unclaimed=unclaimed)


def _bare(design: Design) -> Iterator[Claim | str]:
    """Yield a claim about the whole unit. If the unit is too large, about the operand decoders."""
    operands = [f for f in (design.a, design.b, design.c) if f is not None]
    fused = isinstance(design.unit, Fma)
    if sum(f.bits for f in operands) <= _OPERAND_BITS:
        yield unit_by_values(design, STATELESS[type(design.unit)])
        return
    named = {"a": design.a, "b": design.b, "c": design.c, "out": design.out}
    fields = {name: FloatFields.of(f) for name, f in named.items() if f is not None}
    known = {name: f for name, f in fields.items() if f is not None}
    if fused and len(known) == len(named) and max(f.bits for f in operands) <= _FMA_BITS:
        yield float_fma(design, known)
        return
    yield (
        f"the unit has operands of {sum(f.bits for f in operands)} bits: up to {_OPERAND_BITS} are "
        f"listed, and an fma of binary floats is stated for up to {_FMA_BITS} bits each"
    )
    for operand in operands:
        yield from _decoder(design, operand)
    if design.mul is None and not isinstance(design.a, Logarithmic):
        # Nothing lies between decoder and encoder.
        yield from _encoder(design.out, design.state, design.rounding)


def _of_parts(design: Design) -> Iterator[Claim | str]:
    for operand in (design.a, design.b):
        yield from _decoder(design, operand)
    yield from _multiplier(design)
    yield from _accumulator(design)
    yield from _encoder(design.out, design.state, design.rounding)


def _decoder(design: Design, f: Format) -> Iterator[Claim | str]:
    if isinstance(f, Logarithmic) or operand_decoder(design.mul, f).identity != decoder(f).identity:
        yield f"the decoder of {f} gives something else than the numbers that codes stand for"
    elif (fields := FloatFields.of(f)) is not None:
        yield float_decoder(f, fields)
    elif isinstance(f, Posit) and f.width > 2:
        yield posit_decoder(f, bits=f.width, es=f.es)
    elif f.bits <= _CODE_BITS:
        values = f.unpack(np.arange(1 << f.bits)).exact()
        rows = {code: view_row(values, f.unpacked, code) for code in range(1 << f.bits)}
        yield decoder_by_values(f, rows)
    else:
        yield (
            f"the decoder of {f}: stated are binary floats with subnormals, posits, and formats of "
            f"up to {_CODE_BITS} bits"
        )


def _multiplier(design: Design) -> Iterator[Claim | str]:
    a, b = design.a, design.b
    if any(isinstance(f, Logarithmic) for f in (a, b)):
        yield f"multiplier {design.mul} of {a} and {b}: products of logarithms are no numbers"
    elif a.bits + b.bits > _OPERAND_BITS:
        yield (
            f"multiplier {design.mul} of {a} and {b}: products are listed for operands of up to "
            f"{_OPERAND_BITS} bits together, not {a.bits + b.bits}"
        )
    else:
        yield product_by_values(design.mul, a, b)


def _accumulator(design: Design) -> Iterator[Claim | str]:
    if isinstance(design.acc, Kulisch | IntegerSum) and carries_records_only(design):
        yield exact_step(design)
    else:
        yield (
            f"accumulator {design.acc} of {design.mul} products: stated are the exact sums kulisch "
            "and int of products that are plain records"
        )


def _encoder(f: Format, shape: UnpackedShape, rounding: str) -> Iterator[Claim | str]:
    if isinstance(f, Logarithmic):
        yield f"the encoder of {f}: logarithms are not stated"
    elif shape == f.unpacked:
        # Records that hold codes of `f` are normalised, but their shape does not state this.
        yield f"the encoder of {f}: the sum is a code of it already"
    elif (fields := FloatFields.of(f)) is not None:
        yield float_encoder(f, shape, rounding, fields)
    elif f.bits <= _CODE_BITS:
        yield _encoder_by_golden(f, shape, rounding)
    else:
        yield (
            f"the encoder of {f}: stated are binary floats with subnormals and formats of up to "
            f"{_CODE_BITS} bits"
        )


def _encoder_by_golden(f: Format, shape: UnpackedShape, rounding: str) -> Claim:
    """Claim that an encoder gives the code of the golden model for every record."""

    def code_of(negative: bool, magnitude: int) -> int:
        # A two's-complement zero has no sign.
        sign = negative and not (shape.twos_complement and magnitude == 0)
        return packed(sign, magnitude)

    def packed(negative: bool, magnitude: int, *, nan: bool = False, inf: bool = False) -> int:
        value = Unpacked(
            sign=np.array([negative]),
            significand=np.array([magnitude], object),
            exponent=np.array([shape.exponent_min]),
            nan=np.array([nan]),
            inf=np.array([inf]),
        )
        return int(f.pack(value, rounding, f.overflow)[0])

    infinities = (packed(False, 0, inf=True), packed(True, 0, inf=True))
    nan = packed(False, 0, nan=True)
    return encoder_by_codes(f, shape, rounding, code_of, nan=nan, infinities=infinities)
