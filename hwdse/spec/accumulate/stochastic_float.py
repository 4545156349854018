"""The stochastically rounded floating-point accumulator."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from hwdse.errors import FormatError, SpecError
from hwdse.formats import BinaryFloat, Minifloat
from hwdse.spec.accumulate.float_sum import FloatSum

#: Feedback taps of maximal-length linear feedback shift registers (LFSR), by register width. The
#: XOR of the tapped bits is the new LSB. Bits are numbered from 1 at the LSB. The register shifts
#: left (Fibonacci form).
LFSR_TAPS = {
    8: (8, 6, 5, 4),
    10: (10, 7),
    12: (12, 11, 10, 4),
    13: (13, 12, 11, 8),
    16: (16, 15, 13, 4),
    32: (32, 22, 2, 1),
}
_SEEDS = {16: 0xACE1, 32: 0xDEADBEEF}
_NARROW, _WIDE = 16, 32
_DEFAULT_BITS = 8
_MAX_BITS = 24
_OPTION = re.compile(r"sr([0-9]{0,3})([abc]?)")
_REGISTER = re.compile(r"(lfsr|seed)([0-9]{1,12})")


@dataclass(frozen=True, kw_only=True)
class StochasticFloat(FloatSum):
    """Adds a group's products and the running sum exactly, then rounds stochastically once.

    `bits` random bits decide each rounding, as in StochasticA, B or C of IEEE P3109. Variant A
    truncates the discarded part to `bits` bits. This causes a bias of -2^-(bits + 1) ulp. Variant B
    keeps one more bit and adds half a unit. Variant C first rounds the discarded part to nearest
    even.

    The random bits are the low bits of a linear feedback shift register (LFSR). Each sum starts the
    register from the seed. After each group the register makes `bits` steps, so every group gets
    new bits until the register repeats. A sum therefore depends on its terms only. All sums use the
    same random numbers, so errors of different sums are correlated.

    An exact zero sum of terms with different signs is +0. All other special values, zeros and
    overflow are handled as in `FusedFloat`. The output uses the design's rounding.

    Attributes:
        bits: random bits per rounding, 1..24, and at most the register width.
        variant: `a`, `b` or `c`.
        lfsr: width of the shift register: 8, 10, 12, 13, 16 or 32. Default: 16, or 32 if `bits` is
            above 16.
        seed: initial state of the register, 1..2^lfsr - 1. Default: 0xACE1 for 16 bits, 0xDEADBEEF
            for 32 bits, 1 for other widths.
    """

    form: ClassVar[str] = "fp:{format}:sr[{bits}][a|b|c][:lfsr{width}][:seed{n}]"

    bits: int = _DEFAULT_BITS
    variant: str = "b"
    lfsr: int = None  # type: ignore[assignment]
    seed: int = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.lfsr is None:
            object.__setattr__(self, "lfsr", self._default_lfsr)
        if self.seed is None:
            object.__setattr__(self, "seed", self._default_seed)
        super().__post_init__()
        if self.variant not in ("a", "b", "c"):
            raise SpecError(f"accumulator {self}: variants a, b and c are allowed")
        if self.lfsr not in LFSR_TAPS:
            allowed = ", ".join(map(str, LFSR_TAPS))
            raise SpecError(f"accumulator {self}: a register of {self.lfsr} bits: {allowed}")
        most = min(self.lfsr, _MAX_BITS)
        if not 1 <= self.bits <= most:
            raise SpecError(f"accumulator {self}: {self.bits} random bits, allowed are 1 to {most}")
        if not 1 <= self.seed < 1 << self.lfsr:
            raise SpecError(
                f"accumulator {self}: seed {self.seed}, allowed are 1 to 2^{self.lfsr}-1"
            )
        _ = self.drawn

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Parse `sr{bits}{variant}`, `lfsr{width}` and `seed{n}`."""
        first = _OPTION.fullmatch(options[0]) if options else None
        rest = [_REGISTER.fullmatch(option) for option in options[1:]]
        values = {match[1]: int(match[2]) for match in rest if match}
        if not first or len(values) != len(rest):
            return None
        return cls(
            format=number_format,
            bits=int(first[1] or _DEFAULT_BITS),
            variant=first[2] or "b",
            lfsr=values.get("lfsr"),  # type: ignore[arg-type]
            seed=values.get("seed"),  # type: ignore[arg-type]
        )

    @property
    def _default_lfsr(self) -> int:
        return _NARROW if self.bits <= _NARROW else _WIDE

    @property
    def _default_seed(self) -> int:
        return _SEEDS.get(self.lfsr, 1)

    @property
    def options(self) -> tuple[str, ...]:
        """Random bits and variant; also the register's width and seed if they are not defaults."""
        options = [f"sr{self.bits}{self.variant if self.variant != 'b' else ''}"]
        if self.lfsr != self._default_lfsr:
            options.append(f"lfsr{self.lfsr}")
        if self.seed != self._default_seed:
            options.append(f"seed{self.seed}")
        return tuple(options)

    @property
    def taps(self) -> tuple[int, ...]:
        """Positions of the feedback taps; the LSB has position 0."""
        return tuple(bit - 1 for bit in LFSR_TAPS[self.lfsr])

    @property
    def drawn_bits(self) -> int:
        """Number of bits below the format's LSB to which the random bits are added."""
        return self.bits + (self.variant == "b")

    @cached_property
    def drawn(self) -> Minifloat:
        """The format before rounding: `drawn_bits` more fraction bits, and one more binade on top.

        Raises:
            SpecError: no supported floating-point format has this many bits.
        """
        f = self.format
        full = f.max_exponent + f.bias == (1 << f.exponent_bits) - 1
        try:
            return Minifloat(
                exponent_bits=f.exponent_bits + full,
                fraction_bits=f.fraction_bits + self.drawn_bits,
                bias=f.bias,
                variant="finite",
            )
        except FormatError as error:
            raise SpecError(f"accumulator {self}: before it is rounded, {error}") from error
