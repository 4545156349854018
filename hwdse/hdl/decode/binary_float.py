"""Decoder of binary floats."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, FlushedFloat
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import Gates, Primitive, Reduce
from hwdse.primitives.structure import Structure


@decoder.register
def binary_float_decoder(number_format: BinaryFloat) -> Component:
    """The decoder of a binary float.

    Raises:
        SpecError: float64 cannot hold the format's values, so their sums are out of reach.
    """
    if not number_format.fits_float64:
        raise SpecError(
            f"format {number_format} has no hardware decoder: its values span "
            f"2^{number_format.lsb_exponent} to 2^{number_format.max_exponent}, allowed is what "
            "float64 can hold"
        )
    return BinaryFloatDecoder(number_format)


class BinaryFloatDecoder(Component):
    """Splits sign, exponent field and fraction, and restores the hidden bit.

    Combinational: latency 0, one code per cycle. The exponent field of a subnormal becomes 1, the
    field of the lowest binade. The exponent is therefore max(field, 1), counted from -bias - M. A
    format that flushes subnormals to zero needs no such correction, and no test for a zero
    fraction: the fraction is masked instead. Its zeros have exponent field 0.

    Args:
        number_format: format of the codes.
        rounded: all codes come from an encoder: there is one NaN code, and no second code for any
            value.
        tiny: subnormals occur; without subnormals, zeros have exponent field 0.
    """

    def __init__(
        self, number_format: BinaryFloat, *, rounded: bool = False, tiny: bool = True
    ) -> None:
        self._format = number_format
        self._flush = isinstance(number_format, FlushedFloat)
        self._rounded = rounded
        self._no_subnormals = self._flush or (number_format.subnormals and not tiny)
        self._mask = self._flush and not rounded
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Reductions over exponent and fraction, for the hidden bit and the special values."""
        f = self._format
        hidden = Reduce(width=f.exponent_bits)
        specials = Reduce(width=f.exponent_bits + f.fraction_bits) if f.has_nan else None
        parts: tuple[Primitive, ...] = (hidden,)
        if self._mask:
            parts = (*parts, Gates(width=f.fraction_bits))
        if not self._no_subnormals:
            parts = (*parts, Reduce(width=f.fraction_bits), Gates(width=2))
        return Structure(parts=(*parts, specials) if specials else parts, path=(hidden,))

    def elaborate(self, platform) -> Module:
        f = self._format
        m = Module()
        fraction = self.i[: f.fraction_bits]
        field = self.i[f.fraction_bits : f.fraction_bits + f.exponent_bits]
        magnitude = self.i[: f.fraction_bits + f.exponent_bits]
        sign = self.i[-1] if f.signed else Const(0)
        normal = Signal()
        m.d.comb += normal.eq(field.any() if f.subnormals else 1)
        nan, inf = self._specials(sign, field, fraction, magnitude)
        if self._no_subnormals:
            zero, exponent = ~normal, field
            if self._mask:
                fraction = fraction & normal.replicate(f.fraction_bits)
        else:
            zero = ~magnitude.any() if f.subnormals else Const(0)
            exponent = field | (~normal if f.subnormals else Const(0))
        if not f.has_negative_zero:
            # In a format without negative zero, a zero with a sign is NaN or a flushed subnormal.
            sign = sign & (normal if self._flush else ~nan)
        if self._nan_is_negative_zero:
            zero = zero & ~nan
        drive(
            m,
            self.o,
            sign=sign,
            significand=Cat(fraction, normal),
            exponent=exponent,
            zero=zero,
            nan=nan,
            inf=inf,
        )
        return m

    @property
    def _nan_is_negative_zero(self) -> bool:
        return self._format.signed and self._format.nan_code == self._format.sign_code

    def _specials(
        self, sign: Value, field: Value, fraction: Value, magnitude: Value
    ) -> tuple[Value, Value]:
        """Flags for NaN and infinity, from the format's largest code and its special codes."""
        f = self._format
        reserved = (1 << len(magnitude)) - 1 - f.max_code
        if self._nan_is_negative_zero:
            nan = sign & ~magnitude.any()
            return nan, magnitude.all() if f.has_inf else Const(0)
        if f.has_inf and reserved == 1 << f.fraction_bits:
            top = field.all()
            payload = fraction.any()
            if self._rounded and f.nan_code is not None:
                # A bit that is set in the only NaN code distinguishes NaN from infinity.
                payload = fraction[(f.nan_code % (1 << f.fraction_bits)).bit_length() - 1]
            return top & payload, top & ~payload
        nan = magnitude.all() if f.has_nan else Const(0)
        return nan, magnitude == f.inf_code if f.has_inf else Const(0)
