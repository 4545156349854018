"""Parametric binary floating point: FP(E, M, bias, variant), signed or unsigned.

Sources: IEEE 754-2019 section 3; OCP 8-bit Floating Point Specification 1.0 (E4M3FN, E5M2); OCP
Microscaling Formats 1.0 (E3M2, E2M3, E2M1, E8M0); Noune et al. 2022 (the fnuz variants).
"""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, cast, get_args

from hwdse.errors import FormatError
from hwdse.formats.binary_float import BinaryFloat, FlushedFloat
from hwdse.formats.unpacked import Array

Variant = Literal["ieee", "fn", "fnuz", "finite"]

_MAX_EXPONENT_BITS = 11
_MAX_FRACTION_BITS = 52
_FLOAT64_LSB_EXPONENT = -1074
_FLOAT64_TOP_EXPONENT = 1023
_NAME = re.compile(r"(u?)e([0-9]{1,9})m([0-9]{1,9})(?:b(-?[0-9]{1,9}))?(ieee|fnuz|fn|finite)?")
#: Up to this many bits, OCP and ml_dtypes use "fn" without a bias for "no special values at all".
_NAN_FREE_FN_BITS = 6


@dataclass(frozen=True, kw_only=True)
class Minifloat(BinaryFloat):
    """Sign, exponent field e and fraction m: (1 + m/2^M) 2^(e-bias), or m/2^M 2^(1-bias) at e = 0.

    Attributes:
        exponent_bits: E, 1..11.
        fraction_bits: M, stored fraction bits, 0..52.
        bias: exponent bias; by default 2^(E-1)-1, and one more for `fnuz`.
        variant: `ieee` (the top exponent holds infinity and NaN), `fn` (no infinity; all ones is
            NaN), `fnuz` (no infinity; the code of the negative zero is the only NaN), `finite` (no
            special values).
        signed: False if the format has no sign bit.
        subnormals: False if exponent field 0 is an ordinary binade. Such a format has no zero
            (E8M0 scales).

    Raises:
        FormatError: the widths are impossible, or float64 cannot hold the range.
    """

    family: ClassVar[str] = "minifloat"
    source: ClassVar[str] = "IEEE 754-2019 section 3; OCP OFP8 1.0; OCP MX 1.0; Noune et al. 2022"

    variant: Variant = "ieee"

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
        """Parse `[u]e{E}m{M}[b{bias}][fn|fnuz|finite]`; no suffix means the `ieee` variant."""
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

    def modified(self, modifier: str) -> BinaryFloat | None:
        """`fn` and `finite` remove special values; `ftz` flushes subnormals to zero."""
        if modifier == "ftz":
            return FlushedFloat.of(self)
        if modifier in ("fn", "finite") and self.variant in ("ieee", "fn"):
            return replace(self, variant=cast(Variant, modifier), name="")
        return None

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has two codes."""
        return self.signed and self.variant != "fnuz"

    @property
    def max_code(self) -> int:
        """Code of the largest finite value."""
        codes = 1 << (self.exponent_bits + self.fraction_bits)
        reserved = {"ieee": 1 << self.fraction_bits, "fn": 1, "fnuz": 0, "finite": 0}
        return codes - 1 - reserved[self.variant]

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity."""
        return self.max_code + 1 if self.variant == "ieee" else None

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

    def special_codes(self, magnitude: Array, negative: Array) -> tuple[Array, Array]:
        """Masks of the NaN codes and of the infinity codes."""
        if self.variant == "fnuz":
            nan = negative & (magnitude == 0)
            return nan, nan & False
        beyond = magnitude > self.max_code
        inf = beyond & (magnitude == self.inf_code)
        return beyond & ~inf, inf
