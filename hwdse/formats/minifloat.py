"""Parametric binary floating point: FP(E, M, bias, variant), signed or unsigned.

Sources: IEEE 754-2019 section 3; OCP 8-bit Floating Point Specification 1.0 (E4M3FN, E5M2); OCP
Microscaling Formats 1.0 (E3M2, E2M3, E2M1, E8M0); Noune et al. 2022 (the fnuz variants).
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, Self, cast, get_args

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import RandomBits, round_to_grid
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape, bit_length

Variant = Literal["ieee", "fn", "fnuz", "finite"]

_MAX_EXPONENT_BITS = 11
_MAX_FRACTION_BITS = 52
_FLOAT64_LSB_EXPONENT = -1074
_FLOAT64_TOP_EXPONENT = 1023
_NAME = re.compile(r"(u?)e(\d{1,9})m(\d{1,9})(?:b(-?\d{1,9}))?(ieee|fnuz|fn|finite)?")
#: Up to this many bits, "fn" without a bias is OCP's and ml_dtypes' word for "no specials at all".
_NAN_FREE_FN_BITS = 6


@dataclass(frozen=True, kw_only=True)
class Minifloat(Format):
    """Sign, exponent field e and fraction m: (1 + m/2^M) 2^(e-bias), or m/2^M 2^(1-bias) at e = 0.

    Attributes:
        exponent_bits: E, 1..11.
        fraction_bits: M, stored fraction bits, 0..52.
        bias: exponent bias; 2^(E-1)-1 by default, one more for `fnuz`.
        variant: `ieee` (top exponent holds Inf and NaN), `fn` (no Inf, all ones is NaN), `fnuz` (no
            Inf, no negative zero, whose code is the only NaN), `finite` (no specials).
        signed: False leaves out the sign bit.
        subnormals: False makes exponent field 0 an ordinary binade, so that zero does not exist
            (E8M0 scales).

    Raises:
        FormatError: impossible widths, or a range that float64 cannot hold.
    """

    exponent_bits: int
    fraction_bits: int
    bias: int = None  # type: ignore[assignment]
    variant: Variant = "ieee"
    signed: bool = True
    subnormals: bool = True

    def __post_init__(self) -> None:
        e, m = self.exponent_bits, self.fraction_bits
        what = f"float with {e} exponent and {m} fraction bits"
        if self.variant not in get_args(Variant):
            allowed = ", ".join(get_args(Variant))
            raise FormatError(f"unknown float variant {self.variant!r}: allowed are {allowed}")
        if not (1 <= e <= _MAX_EXPONENT_BITS and 0 <= m <= _MAX_FRACTION_BITS):
            raise FormatError(
                f"{what}: 1 to {_MAX_EXPONENT_BITS} exponent bits and 0 to "
                f"{_MAX_FRACTION_BITS} fraction bits are allowed"
            )
        if self.variant == "ieee" and (e < 2 or m < 1):
            raise FormatError(
                f"{what}: the ieee variant needs at least 2 exponent bits and 1 fraction bit"
            )
        if self.variant == "fnuz" and not self.signed:
            raise FormatError(f"{what}: the fnuz variant is signed, its NaN is the negative zero")
        if self.variant == "fn" and e + m < 2:
            raise FormatError(f"{what}: the fn variant needs at least 2 bits beside the sign")
        if self.bias is None:
            default_bias = (1 << (e - 1)) - 1 + (self.variant == "fnuz")
            object.__setattr__(self, "bias", default_bias)
        if not self.name:
            object.__setattr__(self, "name", self._parametric_name())
        if self.lsb_exponent < _FLOAT64_LSB_EXPONENT or self.max_exponent > _FLOAT64_TOP_EXPONENT:
            raise FormatError(
                f"{self.name} spans 2^{self.lsb_exponent} to 2^{self.max_exponent}: only "
                f"2^{_FLOAT64_LSB_EXPONENT} to 2^{_FLOAT64_TOP_EXPONENT} can be decoded"
            )

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `[u]e{E}m{M}[b{bias}][fn|fnuz|finite]`; without suffix the `ieee` variant."""
        match = _NAME.fullmatch(text)
        if not match:
            return None
        unsigned, e, m, bias, variant = match.groups()
        return cls(
            exponent_bits=int(e),
            fraction_bits=int(m),
            bias=int(bias) if bias else None,  # type: ignore[arg-type]
            variant=cast(Variant, variant or "ieee"),
            signed=not unsigned,
        )

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "[u]e{E}m{M}[b{bias}][fn|fnuz|finite]"

    def _parametric_name(self) -> str:
        e, m = self.exponent_bits, self.fraction_bits
        plain = (1 << (e - 1)) - 1 + (self.variant == "fnuz")
        ambiguous = self.variant == "fn" and self.bits <= _NAN_FREE_FN_BITS
        bias = f"b{self.bias}" if self.bias != plain or ambiguous else ""
        variant = "" if self.variant == "ieee" else self.variant
        return f"{'' if self.signed else 'u'}e{e}m{m}{bias}{variant}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.exponent_bits + self.fraction_bits + self.signed

    @property
    def has_inf(self) -> bool:
        """Whether a code stands for infinity."""
        return self.variant == "ieee"

    @property
    def has_nan(self) -> bool:
        """Whether a code stands for NaN."""
        return self.variant != "finite"

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has two codes."""
        return self.signed and self.variant != "fnuz"

    @property
    def precision(self) -> int:
        """Significand bits, the hidden one included."""
        return self.fraction_bits + 1

    @property
    def lsb_exponent(self) -> int:
        """log2 of the subnormal quantum (of the LSB of the lowest binade)."""
        return int(self.subnormals) - self.bias - self.fraction_bits

    @property
    def max_exponent(self) -> int:
        """floor(log2(max))."""
        return (self.max_code >> self.fraction_bits) - self.bias

    @property
    def sign_code(self) -> int:
        """The sign bit's place value; 0 if there is none."""
        return int(self.signed) << (self.exponent_bits + self.fraction_bits)

    @property
    def max_code(self) -> int:
        """Code of the largest finite value."""
        codes = 1 << (self.exponent_bits + self.fraction_bits)
        reserved = {"ieee": 1 << self.fraction_bits, "fn": 1, "fnuz": 0, "finite": 0}
        return codes - 1 - reserved[self.variant]

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity."""
        return self.max_code + 1 if self.has_inf else None

    @property
    def nan_code(self) -> int | None:
        """Code of the canonical (quiet) NaN."""
        match self.variant:
            case "ieee":
                return self.max_code + 1 + (1 << (self.fraction_bits - 1))
            case "fn":
                return self.max_code + 1
            case "fnuz":
                return self.sign_code
            case _:
                return None

    def _magnitude(self, code: int) -> float:
        return float(self.unpack(np.array([code], np.int64)).to_float64()[0])

    @property
    def max(self) -> float:
        """Largest finite value."""
        return self._magnitude(self.max_code)

    @property
    def min(self) -> float:
        """Most negative finite value; the smallest value of an unsigned format."""
        return -self.max if self.signed else self._magnitude(0)

    @property
    def min_normal(self) -> float:
        """Smallest positive value of full precision."""
        return self._magnitude(int(self.subnormals) << self.fraction_bits)

    @property
    def min_subnormal(self) -> float:
        """Smallest positive value."""
        return self._magnitude(
            1
            if self.subnormals and self.fraction_bits
            else int(self.subnormals) << self.fraction_bits
        )

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` gives."""
        return UnpackedShape(
            significand_bits=self.precision,
            exponent_min=self.lsb_exponent,
            exponent_max=self.max_exponent - self.fraction_bits,
            exponent_origin=-self.bias - self.fraction_bits,
            signed=self.signed,
            has_inf=self.has_inf,
            has_nan=self.has_nan,
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes already known to be in range."""
        # A 64-bit code does not fit a positive int64: mask the fields, never compare whole codes.
        sign = ((codes >> (self.bits - 1)) & 1 == 1) & self.signed
        magnitude = codes & ((1 << (self.exponent_bits + self.fraction_bits)) - 1)
        e = magnitude >> self.fraction_bits
        m = magnitude & ((1 << self.fraction_bits) - 1)
        inf = magnitude == self.inf_code if self.has_inf else np.zeros(codes.shape, bool)
        if self.variant == "fnuz":
            nan = sign & (magnitude == 0)
            sign = sign & ~nan
        else:
            nan = (magnitude > self.max_code) & ~inf
        normal = (e > 0) | (not self.subnormals)
        significand = m + np.where(normal, 1 << self.fraction_bits, 0)
        exponent = np.maximum(e, int(self.subnormals)) - self.bias - self.fraction_bits
        significand = np.where(nan | inf, 0, significand)
        return Unpacked(sign=sign, significand=significand, exponent=exponent, nan=nan, inf=inf)

    def ordinal(self, codes: Array) -> Array:
        """Magnitude codes with their sign: both zeros are 0."""
        magnitude = codes & ((1 << (self.exponent_bits + self.fraction_bits)) - 1)
        negative = ((codes >> (self.bits - 1)) & 1 == 1) & self.signed
        return np.where(negative, -magnitude, magnitude)

    def pack(
        self,
        value: Unpacked,
        rounding: str = "rne",
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of exact values: round to precision, test the rounded value, encode."""
        floor_log2 = value.exponent + bit_length(value.significand) - 1
        # Far beyond the largest binade only "too large" matters; rounding need not see it.
        beyond = (floor_log2 > self.max_exponent + 1) & ~value.zero
        ordinary = ~(value.zero | value.nan | value.inf | beyond)
        quantum = np.maximum(floor_log2 - self.fraction_bits, self.lsb_exponent)
        quantum = np.where(ordinary, quantum, self.lsb_exponent)
        significand = np.where(ordinary, value.significand, 0)
        rounded = round_to_grid(
            replace(value, significand=significand), quantum, rounding, random
        ).astype(np.int64)
        # The hidden bit carries into the exponent field, so that one expression serves normals,
        # subnormals and a rounding carry alike.
        code = ((quantum - self.lsb_exponent) << self.fraction_bits) + rounded
        if not self.subnormals:
            code = np.maximum(code - (1 << self.fraction_bits), 0)
        infinite, nan, out_of_range = self._overflow(
            # Negative: the carry of a 64-bit format's largest binade has left int64.
            value,
            beyond | (code > self.max_code) | (code < 0),
            rounding,
            overflow,
        )
        code = np.where(out_of_range, self.max_code, code)
        if self.inf_code is not None:
            code = np.where(infinite, self.inf_code, code)
        code = code.astype(np.uint64)
        if self.signed:
            negative = value.sign & ((code != 0) | self.has_negative_zero)
            code |= np.where(negative, np.uint64(self.sign_code), np.uint64(0))
        else:
            below = value.sign & (code != 0)
            code = np.where(below, np.uint64(0), code)
            nan = nan | (below & (overflow == "ieee"))
        if not self.subnormals:
            nan = nan | value.zero | (value.sign & ~value.nan)
        code = np.where(nan, np.uint64(self.nan_code or 0), code)
        return code.astype(self.code_dtype)

    def _overflow(
        self, value: Unpacked, too_large: Array, rounding: str, overflow: str
    ) -> tuple[Array, Array, Array]:
        """Masks of results that become infinite, NaN, or leave the finite range (IEEE 754 7.4)."""
        out_of_range = too_large | value.inf
        if overflow == "saturate":
            return np.zeros(value.shape, bool), value.nan, out_of_range
        match rounding:
            case "rtz":
                away = np.zeros(value.shape, bool)
            case "up":
                away = ~value.sign
            case "down":
                away = value.sign
            case _:
                away = np.ones(value.shape, bool)
        special = value.inf | (too_large & away)
        if self.has_inf:
            return special, value.nan, out_of_range
        return np.zeros(value.shape, bool), value.nan | (special & self.has_nan), out_of_range
